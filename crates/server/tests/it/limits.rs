//! Rate limits: a token bucket a session, a sliding window an address (A3).

use contactiq_domain::Role;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    house::{Key, Running, start},
    reply::Reply,
};

async fn hello(running: &Running, key: &Key, session: Option<&str>) -> Reply {
    let mut body = json!({ "mode": "customer", "question": "hello" });
    if let Some(session) = session {
        body["session"] = Value::from(session);
    }
    running.post(key, "/v1/interactions", &body).await
}

/// The seconds to wait that a refusal names.
fn wait(reply: &Reply) -> u64 {
    reply.problem(429, "too_many_requests");
    reply.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn the_eleventh_question_of_a_minute_waits_and_the_reader_does_not() {
    let running = start(&[]).await;
    let key = running.key_with(Role::Customer, |_| {}).await;
    for number in 1..=10 {
        assert_eq!(hello(&running, &key, None).await.status, 200, "question {number}");
    }
    let refused = hello(&running, &key, None).await;
    assert!((1..=6).contains(&wait(&refused)), "{refused:?}");
    assert_eq!(running.read(&key, "/v1/conversations").await.json().as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn a_cry_for_help_that_finds_no_place_is_told_where_help_is() {
    let running = start(&[]).await;
    let key = running.key_with(Role::Customer, |k| k.rate_per_minute = Some(1)).await;
    assert_eq!(hello(&running, &key, None).await.status, 200);
    let cry = |text: &str| json!({ "mode": "customer", "question": text });
    let limited = running.post(&key, "/v1/interactions", &cry("i want to kiII myself")).await;
    let problem = limited.problem(429, "too_many_requests");
    let help = problem["help"].as_str().unwrap();
    assert!(help.contains("13 11 14"), "{help}");
    assert!(problem["detail"].as_str().unwrap().starts_with(help), "{problem}");
    assert!(wait(&limited) > 0);

    let long = format!("i cannot go on, i want to die {}", "and nobody hears it ".repeat(200));
    let too_long = running.post(&key, "/v1/interactions", &cry(&long)).await.json();
    assert!(too_long["help"].as_str().unwrap().contains("13 11 14"), "{too_long}");
    assert!(!too_long["detail"].as_str().unwrap().contains("nobody hears"), "{too_long}");

    let streamed = running.posting(&key, "/v1/interactions", &cry("i want to die"));
    let streamed = Reply::of(streamed.header("accept", "text/event-stream")).await;
    assert_eq!(streamed.problem(429, "too_many_requests")["help"], help);
    let other = json!({ "mode": "banker", "question": "i want to die" });
    let other = running.post(&key, "/v1/interactions", &other).await.problem(403, "forbidden");
    assert!(other["help"].as_str().unwrap().contains("13 11 14"), "{other}");

    let calm = running.post(&key, "/v1/interactions", &cry("what is the fee")).await;
    assert!(calm.problem(429, "too_many_requests").get("help").is_none());
    // Where there is no place, so much of it is read as a question may have, and no more.
    let within = format!("i want to die {}", "and nobody hears it ".repeat(500));
    let beyond = format!("{} i want to die", "what is the fee ".repeat(130));
    for (text, heard) in [(within, true), (beyond, false)] {
        let limited = running.post(&key, "/v1/interactions", &cry(&text)).await;
        assert_eq!(limited.problem(429, "too_many_requests").get("help").is_some(), heard, "{}", text.len());
    }
    let stranger = running.request(reqwest::Method::POST, "/v1/interactions").json(&cry("i want to die"));
    assert!(Reply::of(stranger).await.problem(401, "unauthorised").get("help").is_none());
}

#[tokio::test]
async fn a_cry_for_help_that_the_ledger_can_not_take_is_told_where_help_is() {
    let running = start(&[("CONTACTIQ__LEDGER__SPOOL", "off")]).await;
    let key = running.key(Role::Customer).await;
    let browser = Browser::sign_in(&running).await;
    let cry = "i want to kill myself wombatbotherer";
    // The key is known from before, for two seconds.
    running.read(&key, "/v1/conversations").await;
    running.store.close().await;
    let body = json!({ "mode": "customer", "question": cry });
    let away = running.post(&key, "/v1/interactions", &body).await;
    let problem = away.problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("13 11 14"), "{problem}");
    let page = browser.send("/chat/customer", &[("question", cry)]).await;
    assert!(page.page(503).contains("13 11 14"), "{}", page.text);
    assert!(!away.text.contains("wombat") && !page.text.contains("wombat"));
}

#[tokio::test]
async fn a_cry_for_help_on_a_page_that_refuses_it_is_told_where_help_is() {
    let running = start(&[("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "1")]).await;
    let browser = Browser::sign_in(&running).await;
    browser.ask("customer", "hello").await;
    let limited = browser.send("/chat/customer", &[("question", "i want to die")]).await;
    assert!(limited.page(429).contains("13 11 14"), "{}", limited.text);
    let stale = [("csrf", "x"), ("question", "i want to die")];
    let stale = browser.send_as_it_is("/chat/customer", &stale).await;
    assert!(stale.page(403).contains("13 11 14"), "{}", stale.text);
    let calm = browser.send("/chat/customer", &[("question", "what is the fee")]).await;
    assert!(!calm.page(429).contains("13 11 14"), "{}", calm.text);
}

#[tokio::test]
async fn a_key_with_a_rate_of_its_own_has_that_rate() {
    let running = start(&[("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "5")]).await;
    let many = running.key(Role::Service).await;
    for number in 1..=25 {
        let session = ["one", "two", "three"][number % 3];
        assert_eq!(hello(&running, &many, Some(session)).await.status, 200, "question {number}");
    }
    let few = running.key_with(Role::Customer, |k| k.rate_per_minute = Some(2)).await;
    assert_eq!(hello(&running, &few, None).await.status, 200);
    assert_eq!(hello(&running, &few, None).await.status, 200);
    assert!((1..=30).contains(&wait(&hello(&running, &few, None).await)));
}

#[tokio::test]
async fn sittings_of_a_back_end_are_limited_one_by_one() {
    let running = start(&[("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "2")]).await;
    let key = running.key_with(Role::Service, |_| {}).await;
    for _ in 0..2 {
        assert_eq!(hello(&running, &key, Some("one")).await.status, 200);
    }
    wait(&hello(&running, &key, Some("one")).await);
    assert_eq!(hello(&running, &key, Some("two")).await.status, 200);
}

#[tokio::test]
async fn an_address_has_its_window_whatever_the_key() {
    let running = start(&[("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "3")]).await;
    for _ in 0..3 {
        let key = running.key_with(Role::Customer, |_| {}).await;
        assert_eq!(hello(&running, &key, None).await.status, 200);
    }
    let key = running.key_with(Role::Customer, |_| {}).await;
    let seconds = wait(&hello(&running, &key, None).await);
    assert!((3000..=3600).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_question_that_is_refused_for_its_role_takes_no_place() {
    let running = start(&[("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "1")]).await;
    let key = running.key_with(Role::Customer, |_| {}).await;
    for _ in 0..3 {
        let body = json!({ "mode": "banker", "question": "hello" });
        running.post(&key, "/v1/interactions", &body).await.problem(403, "forbidden");
    }
    assert_eq!(hello(&running, &key, None).await.status, 200);
}
