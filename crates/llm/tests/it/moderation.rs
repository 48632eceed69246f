//! What the moderation client does with the answers, and the silences, of a server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{BreakerState, Timestamp, clock::FixedClock};
use contactiq_guard::{Masked, ModerationCategory as C, Published};
use contactiq_llm::{
    Http, Keyring, ModelError, ModerationSettings, RemoteModeration, SetupError, TokensRead,
};
use serde_json::json;

use crate::server::{Reply, Server};

const BUDGET: Duration = Duration::from_millis(1_500);

fn text() -> Masked {
    Masked::from_published(&Published::by_bank("what about <PERSON_1>"))
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)))
}

fn client(server: &Server, clock: Arc<FixedClock>) -> RemoteModeration {
    let settings = ModerationSettings {
        api_key: Keyring::of("sk-canary-7"),
        ..ModerationSettings::new(server.base_url(), "little-judge")
    };
    RemoteModeration::new(settings, Http::new().unwrap(), clock).unwrap()
}

fn judged(categories: serde_json::Value) -> Reply {
    let body = json!({
        "id": "modr-1", "model": "little-judge",
        "results": [{ "flagged": true, "categories": categories, "category_scores": { "hate": 0.5 } }],
    });
    Reply::json(200, &body.to_string())
}

async fn found(reply: Reply) -> Result<Vec<C>, ModelError> {
    let server = Server::start(vec![reply]);
    client(&server, clock()).judge(&text(), BUDGET).await
}

#[tokio::test]
async fn a_masked_text_goes_once_with_key_and_model_and_their_categories_become_ours() {
    let server = Server::start(vec![judged(json!({ "hate": false, "harassment/threatening": true }))]);
    let client = client(&server, clock());
    assert_eq!(client.judge(&text(), BUDGET).await.unwrap(), [C::Hate, C::Threat]);
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].head.starts_with("post /v1/moderations http/1.1"));
    assert!(seen[0].head.contains("authorization: bearer sk-canary-7"));
    assert_eq!(seen[0].json(), json!({ "model": "little-judge", "input": "what about <PERSON_1>" }));
    assert!(!format!("{client:?}").contains("canary"));
    for (theirs, ours) in [
        ("hate", &[C::Hate][..]),
        ("harassment", &[C::Hate]),
        ("sexual", &[C::Sexual]),
        ("sexual/minors", &[C::Sexual]),
        ("violence/graphic", &[C::Violence]),
        ("illicit/violent", &[C::Violence]),
        ("illicit", &[]),
        ("self-harm/intent", &[C::SelfHarm]),
    ] {
        assert_eq!(found(judged(json!({ theirs: true }))).await.unwrap(), ours, "{theirs}");
    }
    let quiet = json!({ "hate": false, "violence": null, "something-new": true });
    assert_eq!(found(judged(quiet)).await.unwrap(), []);
}

#[tokio::test]
async fn tokens_are_the_servers_or_counted_and_of_a_judgement_that_is_lost_the_most() {
    for (reply, tokens) in [
        (r#"{"results":[{"categories":{"hate":false}}],"usage":{"prompt_tokens":7}}"#, 7),
        (r#"{"results":[{"categories":{"hate":false}}],"usage":{"total_tokens":8}}"#, 8),
        (r#"{"results":[{"categories":{"hate":false}}],"usage":{"prompt_tokens":-1}}"#, 7),
        (r#"{"results":[{"categories":{"hate":false}}]}"#, 7),
        ("{}", 21 + 16),
    ] {
        let server = Server::start(vec![Reply::json(200, reply)]);
        let (client, read) = (client(&server, clock()), TokensRead::default());
        drop(client.judge_counted(&text(), BUDGET, &read).await);
        assert_eq!(read.all(), tokens, "{reply}");
        assert_eq!(client.most_tokens(&text()), 21 + 16);
    }
    let server = Server::start(vec![Reply::json(500, "{}")]);
    let read = TokensRead::default();
    drop(client(&server, clock()).judge_counted(&text(), BUDGET, &read).await);
    assert_eq!(read.all(), 0, "it was refused");
}

#[tokio::test]
async fn what_is_no_judgement_is_garbage() {
    for body in [
        "not json",
        "<html>a proxy</html>",
        "{}",
        r#"{"results":[]}"#,
        r#"{"results":[{"flagged":true}]}"#,
        r#"{"results":[{"categories":{}}]}"#,
        r#"{"results":[{"categories":{"mood":true}}]}"#,
        r#"{"results":[{"categories":{"hate":"yes"}}]}"#,
        r#"{"results":[{"categories":{"hate":true}},{"categories":{"hate":true}}]}"#,
    ] {
        let error = found(Reply::json(200, body)).await.unwrap_err();
        assert_eq!(error.code(), "model_garbage", "{body}");
        assert!(!error.to_string().contains("yes") && !error.to_string().contains("mood"), "{error}");
    }
    assert_eq!(found(Reply::json(401, "{}")).await.unwrap_err(), ModelError::Unauthorised);
    assert_eq!(found(Reply::json(500, "{}")).await.unwrap_err(), ModelError::Refused(500));
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_budget_and_soon_nothing() {
    let server = Server::start(vec![Reply::hang()]);
    let clock = clock();
    let client = client(&server, Arc::clone(&clock));
    let short = Duration::from_millis(80);
    for _ in 0..5 {
        let since = Instant::now();
        assert_eq!(client.judge(&text(), short).await.unwrap_err(), ModelError::Timeout);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
    assert_eq!(client.breaker(), BreakerState::Open);
    assert_eq!(client.judge(&text(), BUDGET).await.unwrap_err(), ModelError::BreakerOpen);
    assert_eq!(server.seen().len(), 5, "it is left alone");
    clock.advance_seconds(61);
    assert_eq!(client.judge(&text(), short).await.unwrap_err(), ModelError::Timeout, "one probe");
    assert_eq!(client.judge(&text(), BUDGET).await.unwrap_err(), ModelError::BreakerOpen);
}

#[test]
fn settings_that_can_not_be_used_are_named() {
    let of = |url: &str, model: &str| ModerationSettings::new(url, model).check();
    assert_eq!(of("https://moderation.example/v1", "m"), Ok(()));
    assert!(matches!(of("moderation.example", "m"), Err(SetupError::BaseUrl(_))));
    assert_eq!(of("https://moderation.example/v1", " "), Err(SetupError::Model));
}
