//! Bad input: each gets a clear problem, nothing of what was sent comes back, nothing is lost.

use contactiq_domain::{Mode, Role};
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::{
    house::{Key, Running, holds, start},
    reply::{Reply, text},
};

/// Stands in everything that is sent here; no answer may hold it.
const CANARY: &str = "CANARY";

fn raw(running: &Running, key: &Key, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = running.request(Method::POST, "/v1/interactions").bearer_auth(&key.text);
    request.header(header::CONTENT_TYPE, "application/json").body(body)
}

async fn refused(request: RequestBuilder, status: u16, code: &str) -> Value {
    let reply = Reply::of(request).await;
    let problem = reply.problem(status, code);
    assert!(!holds(format!("{:?} {}", reply.headers, reply.text).as_bytes(), CANARY), "{reply:?}");
    problem
}

fn question(text: &str) -> String {
    json!({ "mode": "customer", "question": text }).to_string()
}

#[tokio::test]
async fn a_question_must_have_one_to_two_thousand_characters_that_can_be_read() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for (asked, code) in [
        (String::new(), "question_empty"),
        (" \n\t\r\u{a0}\u{3000}".to_owned(), "question_empty"),
        ("\u{0}\u{7}\u{1b}".to_owned(), "question_unreadable"),
        ("\u{200b}\u{2060}\u{feff}".to_owned(), "question_unreadable"),
        (format!("{CANARY}{}", "x".repeat(1995)), "question_too_long"),
        ("🦘".repeat(2001), "question_too_long"),
    ] {
        refused(raw(&running, &key, question(&asked)), 422, code).await;
    }
    let problem = refused(raw(&running, &key, question(&"x".repeat(2001))), 422, "question_too_long").await;
    assert!(
        text(&problem, "detail").contains("2001") && text(&problem, "detail").contains("2000"),
        "{problem}"
    );
    assert_eq!(
        running.read(&key, "/v1/conversations").await.json(),
        json!([]),
        "none of them was a question"
    );

    for longest in ["🦘".repeat(2000), "x ".repeat(1000), format!("{}hello", "\u{301}".repeat(1995))] {
        let record = running.ask(&key, Mode::Customer, &longest).await;
        assert_ne!(record["outcome"], "failed");
    }
}

#[tokio::test]
async fn characters_that_nobody_sees_are_stripped_and_the_question_is_answered() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked = "What does\u{7} a replace\u{200b}ment\u{0} card\u{1b} cost?\u{202e}";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(record["outcome"], "resolved", "{record}");
    let kept = text(&record, "question");
    assert!(!kept.contains(['\u{7}', '\u{0}', '\u{1b}', '\u{202e}']), "{kept:?}");
}

#[tokio::test]
async fn a_body_that_is_not_what_it_must_be_is_named_by_place_and_kind() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies: Vec<(Vec<u8>, &str)> = vec![
        (b"{\"mode\":\"customer\",\"question\":\"CANARY \xff\xfe\"}".to_vec(), "body_not_utf8"),
        (b"".to_vec(), "json_malformed"),
        (b"CANARY".to_vec(), "json_malformed"),
        (b"{\"mode\":\"customer\",\"question\":\"CANARY\"".to_vec(), "json_malformed"),
        (b"{\"mode\":\"customer\",\"question\":\"x\"} CANARY".to_vec(), "json_malformed"),
        (b"{\"mode\":\"customer\",\"question\":\"\\ud800 CANARY\"}".to_vec(), "json_malformed"),
        (deep.into_bytes(), "json_malformed"),
        (b"null".to_vec(), "body_invalid"),
        (b"\"CANARY\"".to_vec(), "body_invalid"),
        (b"[\"CANARY\"]".to_vec(), "body_invalid"),
        (b"{}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\"}".to_vec(), "body_invalid"),
        (b"{\"question\":\"CANARY\"}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"CANARY\",\"question\":\"x\"}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"Customer\",\"question\":\"CANARY\"}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":42}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":null}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":[\"CANARY\"]}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":\"x\",\"CANARY\":1}".to_vec(), "body_invalid"),
        (
            b"{\"mode\":\"customer\",\"question\":\"x\",\"expected CANARY at line\":1}".to_vec(),
            "body_invalid",
        ),
        (b"{\"mode\":\"expected CANARY\",\"question\":\"x\"}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":\"x\",\"question\":\"CANARY\"}".to_vec(), "body_invalid"),
        (b"{\"mode\":\"customer\",\"question\":\"x\",\"conversation\":7}".to_vec(), "body_invalid"),
    ];
    for (body, code) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let reply = Reply::of(raw(&running, &key, body)).await;
        let problem = reply.problem(422, code);
        assert!(!holds(reply.text.as_bytes(), CANARY), "{shown}: {problem}");
    }
    let problem = refused(raw(&running, &key, "{\"mode\":\"customer\"}"), 422, "body_invalid").await;
    assert!(text(&problem, "detail").contains("missing field `question`"), "{problem}");
    let problem =
        refused(raw(&running, &key, question("x").replace("customer", CANARY)), 422, "body_invalid").await;
    assert!(text(&problem, "detail").contains("`customer`"), "it says what is allowed: {problem}");
}

#[tokio::test]
async fn only_json_is_read() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let body = question(CANARY);
    let plain =
        || running.request(Method::POST, "/v1/interactions").bearer_auth(&key.text).body(body.clone());
    refused(plain(), 415, "content_type").await;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data", ""]
    {
        refused(plain().header(header::CONTENT_TYPE, kind), 415, "content_type").await;
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let asked = running.request(Method::POST, "/v1/interactions").bearer_auth(&key.text);
        let reply = Reply::of(asked.header(header::CONTENT_TYPE, kind).body(question("hello"))).await;
        assert_eq!(reply.record()["outcome"], "guided", "{kind}");
    }
}

#[tokio::test]
async fn a_huge_body_is_not_read() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for size in [70_000, 400_000] {
        let body = question(&format!("{CANARY}{}", "x".repeat(size)));
        refused(raw(&running, &key, body), 413, "body_too_large").await;
    }
    let small = start(&[("CONTACTIQ__LIMITS__BODY_BYTES", "4096")]).await;
    let key = small.key(Role::Customer).await;
    refused(raw(&small, &key, question(&"x".repeat(4096))), 413, "body_too_large").await;
    assert_eq!(small.ask(&key, Mode::Customer, "hello").await["outcome"], "guided");
}

#[tokio::test]
async fn an_address_that_is_nothing_is_a_problem_for_programs_and_a_page_for_people() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for path in [
        "/CANARY",
        "/v1/CANARY",
        "/v1/interactions/",
        "/v2/interactions",
        "/assets/CANARY.js",
        "/.git/config",
    ] {
        refused(running.request(Method::GET, path).bearer_auth(&key.text), 404, "no_route").await;
    }
    let page = Reply::of(running.request(Method::GET, "/CANARY").header("accept", "text/html")).await;
    assert!(page.page(404).contains("Page not found"));
    assert!(!page.text.contains(CANARY));
    assert!(page.text.contains("Larkfield Bank"), "it stands in the frame of the bank");
    assert!(page.text.contains(page.header("contactiq-request-id")), "it names the request");
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_named() {
    let running = start(&[]).await;
    let key = running.key(Role::Admin).await;
    for (method, path) in [
        (Method::PUT, "/v1/interactions"),
        (Method::GET, "/v1/interactions"),
        (Method::DELETE, "/v1/interactions/CANARY"),
        (Method::PATCH, "/v1/conversations"),
        (Method::POST, "/health"),
        (Method::POST, "/dashboard"),
    ] {
        let request = running.request(method.clone(), path).bearer_auth(&key.text);
        let reply = Reply::of(request).await;
        reply.problem(405, "method_not_allowed");
        assert!(!reply.header("allow").is_empty(), "{method} {path} says what is allowed");
        assert!(!reply.text.contains(CANARY));
    }
}

#[tokio::test]
async fn a_path_or_a_query_that_can_not_be_read_is_a_problem_too() {
    let running = start(&[]).await;
    let key = running.key(Role::Admin).await;
    for path in [
        "/v1/interactions/%FFCANARY",
        "/v1/conversations/%FFCANARY",
        "/v1/knowledge/%FFCANARY/x/passages/0",
        "/v1/conversations?subject=%FFCANARY&subject=CANARY",
        "/chat/%FFCANARY",
        "/dashboard?mode=x&mode=CANARY",
        "/signin?code=a&code=CANARY",
    ] {
        let reply = Reply::of(running.request(Method::GET, path).bearer_auth(&key.text)).await;
        assert!(matches!(reply.status, 400 | 404 | 422), "{path}: {} {}", reply.status, reply.text);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}: {}", reply.text);
        assert!(!holds(reply.text.as_bytes(), CANARY), "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn nothing_is_at_an_address_with_a_zero_byte() {
    let running = start(&[]).await;
    let key = running.key(Role::Admin).await;
    for path in [
        "/v1/knowledge/customer/CANARY%00/passages/0",
        "/v1/interactions/%00CANARY",
        "/documents/customer/%00CANARY",
        "/tickets/CANARY%00",
    ] {
        refused(running.request(Method::GET, path).bearer_auth(&key.text), 404, "no_route").await;
    }
}

#[tokio::test]
async fn a_form_that_can_not_be_read_is_a_problem_too() {
    let running = start(&[]).await;
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "CANARY=1"),
        ("application/x-www-form-urlencoded", "code=%FF&code=CANARY"),
        ("text/plain", "code=CANARY"),
    ] {
        let request = running.request(Method::POST, "/signin").header(header::CONTENT_TYPE, kind).body(body);
        let reply = Reply::of(request).await;
        assert!((400..500).contains(&reply.status), "{reply:?}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{body}: {}", reply.text);
        assert!(!holds(reply.text.as_bytes(), CANARY), "{reply:?}");
    }
}

#[tokio::test]
async fn nothing_that_was_refused_is_on_the_disk() {
    let mut running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for body in [question(&CANARY.repeat(400)), question("x").replace("customer", CANARY), CANARY.to_owned()]
    {
        let reply = Reply::of(raw(&running, &key, body)).await;
        assert_eq!(reply.status, 422);
    }
    running.stop().await;
    assert!(!holds(&running.database_bytes(), CANARY));
}
