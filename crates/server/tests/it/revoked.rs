//! What is revoked at one replica is refused by the other within five seconds (A1, A8).

use std::time::{Duration, Instant};

use contactiq_domain::{Mode, Role};
use reqwest::Method;
use serde_json::json;

use crate::{
    cluster::Database,
    house::{Key, Running},
    reply::{Reply, text},
    without_tables::two_servers,
};

const WITHIN: Duration = Duration::from_secs(5);

async fn status(running: &Running, secret: &str, path: &str) -> u16 {
    Reply::of(running.request(Method::GET, path).bearer_auth(secret)).await.status
}

/// How long a server still lets somebody in.
async fn refused_after(running: &Running, secret: &str, path: &str) -> Duration {
    let since = Instant::now();
    while status(running, secret, path).await != 401 {
        assert!(since.elapsed() < WITHIN, "{path} is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_or_rotated_at_one_replica_is_refused_by_the_other_within_five_seconds() {
    let database = Database::new().await;
    let [one, other] = &two_servers(&database).await;
    let (admin, bank, shop) =
        (one.key(Role::Admin).await, one.key(Role::Service).await, one.key(Role::Service).await);
    let list = "/v1/conversations";
    // A session of a customer that the key made, and an answer that is told as events.
    let session = one.post(&bank, "/v1/sessions", &json!({ "subject": "4711" })).await.json();
    let session = Key { id: bank.id, text: text(&session, "token").to_owned() };
    let record = one.ask(&bank, Mode::Customer, "hello").await;
    let events = format!("/v1/interactions/{}/events", text(&record, "id"));
    crate::house::soon(async || (status(other, &bank.text, list).await == 200).then_some(())).await;
    crate::house::soon(async || (status(other, &bank.text, &events).await == 200).then_some(())).await;
    for secret in [&shop.text, &session.text] {
        assert_eq!(status(other, secret, list).await, 200);
    }

    let ended =
        Reply::of(one.request(Method::DELETE, &format!("/v1/keys/{}", bank.id)).bearer_auth(&admin.text))
            .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    // Here at once, there within a look.
    assert_eq!(status(one, &bank.text, list).await, 401);
    let key = refused_after(other, &bank.text, list).await;
    let told = refused_after(other, &bank.text, &events).await;
    let customer = refused_after(other, &session.text, list).await;
    println!(
        "refused by the other replica after {key:?}; events after {told:?} more, its session after {customer:?} more"
    );
    let again = json!({ "mode": "customer", "question": "hello" });
    for server in [one, other] {
        server.post(&bank, "/v1/interactions", &again).await.problem(401, "unauthorised");
        server.post(&session, "/v1/interactions", &again).await.problem(401, "unauthorised");
    }

    // Rotated, the old secret ends as soon; with a grace it goes on at both, and so does the new one.
    let rotate = format!("/v1/keys/{}/rotate", shop.id);
    let second = text(&one.post(&admin, &rotate, &json!({})).await.json(), "key").to_owned();
    refused_after(other, &shop.text, list).await;
    let third = one.post(&admin, &format!("{rotate}?grace=1h"), &json!({})).await.json();
    let third = text(&third, "key").to_owned();
    crate::house::soon(async || (status(other, &third, list).await == 200).then_some(())).await;
    for server in [one, other] {
        assert_eq!(status(server, &second, list).await, 200);
    }
    let ended =
        Reply::of(other.request(Method::DELETE, &format!("/v1/keys/{}", shop.id)).bearer_auth(&admin.text))
            .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    for secret in [&second, &third] {
        refused_after(one, secret, list).await;
    }
}
