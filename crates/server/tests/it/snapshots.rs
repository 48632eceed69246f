//! What programs and people see, whole. Ids, times and probabilities are left out: they differ
//! from run to run or with every training.

use contactiq_domain::{Mode, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, between},
    house::{REPLACEMENT, start},
    reply::Reply,
};

/// The record with everything replaced that no two runs share.
fn settled(mut record: Value) -> Value {
    for name in
        ["id", "request_id", "correlation_id", "conversation", "subject", "session", "knowledge_version"]
    {
        record[name] = json!(format!("[{name}]"));
    }
    for name in ["created_at", "completed_at"] {
        record[name] = json!("[time]");
    }
    for name in ["intent_probability", "confidence"] {
        let value = record[name].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{name} {value}");
        record[name] = json!(if value > 0.0 { "[probability]" } else { "0" });
    }
    record["processing_time_ms"] = json!("[ms]");
    for step in record["steps"].as_array_mut().unwrap() {
        step["ms"] = json!("[ms]");
        step["detail"] = json!("[detail]");
        if step.get("version").is_some() {
            step["version"] = json!("[version]");
        }
        for value in
            step.get_mut("values").and_then(Value::as_object_mut).into_iter().flat_map(|v| v.values_mut())
        {
            *value = json!("[value]");
        }
    }
    for hit in record["triggers"].as_array_mut().unwrap() {
        hit["score"] = json!("[score]");
    }
    record["classification_reason"] = json!("[reason]");
    if let Some(ticket) = record["ticket"].as_str().map(str::to_owned) {
        let number = format!("T-{}", ticket.replace('-', "")[24..].to_uppercase());
        for name in ["answer", "reason"] {
            let text = record[name].as_str().unwrap().replace(&number, "[number]");
            record[name] = json!(text);
        }
        record["ticket"] = json!("[ticket]");
    }
    record
}

#[tokio::test]
async fn an_answered_record() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    insta::assert_json_snapshot!(settled(running.ask(&key, Mode::Customer, REPLACEMENT).await));
}

#[tokio::test]
async fn an_escalated_record() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    insta::assert_json_snapshot!(settled(
        running.ask(&key, Mode::Customer, "someone stole my card and is using it").await
    ));
}

#[tokio::test]
async fn a_problem() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let reply = running.post(&key, "/v1/interactions", &json!({ "mode": "customer" })).await;
    let mut problem = reply.problem(422, "body_invalid");
    problem["request_id"] = json!("[request_id]");
    insta::assert_json_snapshot!(problem);
}

#[tokio::test]
async fn the_sign_in_page() {
    let running = start(&[]).await;
    let reply = Reply::of(running.request(Method::GET, "/signin?next=/dashboard")).await;
    let page = reply.page(200).replace(env!("CARGO_PKG_VERSION"), "[version]");
    insta::assert_snapshot!(page);
}

/// What no two runs share, and what every training changes.
const MOVING: [(&str, &str); 11] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
    (r"T-[0-9A-F]{8}", "[ticket]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "[time]"),
    (r"\d{1,2} [A-Z][a-z]+ \d{4}(?:, | at )\d\d?:\d\d(?: UTC)?", "[moment]"),
    (r#"name="csrf" (value|content)="[^"]+""#, r#"name="csrf" $1="[token]""#),
    (r#"name="once" value="[^"]+""#, r#"name="once" value="[once]""#),
    (r#"(csrf[a-z-]*" content=")[^"]+"#, "$1[token]"),
    (r"<dd>[^<]*</dd>", "<dd>[fact]</dd>"),
    (r"\d+(?:\.\d+)? (?:ms|s|%|per cent)\b", "[figure]"),
    (r"\b[01]\.\d{2,3}\b", "[number]"),
    (r"<svg[\s\S]*?</svg>", "[chart]"),
];

#[tokio::test]
async fn the_pages_that_people_work_with() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    let shot = async |name: &str, path: &str| {
        let reply = browser.get(path).await;
        let page = reply.page(200).replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::with_settings!({ filters => MOVING }, { insta::assert_snapshot!(name, page) });
        reply
    };
    shot("page_dashboard_empty", "/dashboard").await;
    shot("page_chat_empty", "/chat/customer").await;
    let answered = browser.ask("customer", REPLACEMENT).await;
    shot("page_chat_answered", &answered).await;
    let escalated = browser.ask("customer", "someone stole my card and is using it").await;
    shot("page_chat_escalated", &escalated).await;
    let tickets = shot("page_tickets", "/tickets").await;
    let ticket = format!("/tickets/{}", between(tickets.page(200), "href=\"/tickets/", "\""));
    shot("page_ticket", &ticket).await;
    shot("page_document", "/documents/customer/replacement-card?version=1").await;
}
