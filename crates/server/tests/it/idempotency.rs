//! A request that is sent again gets the first answer.

use std::time::Duration;

use contactiq_domain::Role;
use contactiq_server::wiring;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::{
    house::{Key, REPLACEMENT, Running, holds, soon, start},
    reply::{Reply, text},
};

async fn ask(running: &Running, key: &Key, name: &str, question: &str) -> Reply {
    let body = json!({ "mode": "customer", "question": question });
    Reply::of(running.posting(key, "/v1/interactions", &body).header("idempotency-key", name)).await
}

async fn conversations(running: &Running, key: &Key) -> usize {
    running.read(key, "/v1/conversations").await.json().as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer_and_another_body_is_refused() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let first = ask(&running, &key, "k-1", REPLACEMENT).await.record();
    let again = ask(&running, &key, "k-1", REPLACEMENT).await.record();
    assert_eq!(again, first);
    ask(&running, &key, "k-1", "hello").await.problem(422, "idempotency_mismatch");
    assert_eq!(
        ask(&running, &key, "k-1", REPLACEMENT).await.record(),
        first,
        "the refused one changed nothing"
    );
    assert_ne!(ask(&running, &key, "k-2", REPLACEMENT).await.record()["id"], first["id"]);
    assert_eq!(conversations(&running, &key).await, 2);
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_its_route() {
    let running = start(&[]).await;
    let (one, two) = (running.key(Role::Customer).await, running.key(Role::Customer).await);
    let first = ask(&running, &one, "shared", "hello").await.record();
    let other = ask(&running, &two, "shared", "hello").await.record();
    assert_ne!(first["id"], other["id"], "nobody reads another's answer by guessing the key");
    let body = json!({ "mode": "customer" });
    let reply =
        Reply::of(running.posting(&one, "/v1/conversations", &body).header("idempotency-key", "shared"))
            .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[tokio::test]
async fn twenty_equal_requests_at_once_make_one_row() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let mut all = JoinSet::new();
    for _ in 0..20 {
        all.spawn(Reply::of(
            running.posting(&key, "/v1/interactions", &body).header("idempotency-key", "twenty"),
        ));
    }
    let mut answered: Vec<Value> = Vec::new();
    while let Some(reply) = all.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 409 {
            reply.problem(409, "idempotency_in_flight");
            assert_eq!(reply.header("retry-after"), "1");
        } else {
            answered.push(reply.record());
        }
    }
    assert!(!answered.is_empty());
    assert!(answered.iter().all(|r| r == &answered[0]), "every answer is the first one");
    assert_eq!(conversations(&running, &key).await, 1);
    let whole =
        running.read(&key, &format!("/v1/conversations/{}", text(&answered[0], "conversation"))).await.json();
    assert_eq!(whole.as_array().unwrap().len(), 1);
    assert_eq!(ask(&running, &key, "twenty", REPLACEMENT).await.record(), answered[0], "and later too");
}

#[tokio::test]
async fn a_request_holds_its_key_for_as_long_as_it_works() {
    // A model that never answers.
    let model = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", model.local_addr().unwrap());
    let minute = ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "60");
    let running =
        start(&[("CONTACTIQ_LLM_BASE_URL", &base), ("CONTACTIQ_LLM_MODEL", "silent"), minute]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let mut first = JoinSet::new();
    first.spawn(running.posting(&key, "/v1/interactions", &body).header("idempotency-key", "k").send());
    tokio::time::sleep(Duration::from_secs(7)).await;
    let reply = ask(&running, &key, "k", REPLACEMENT).await;
    reply.problem(409, "idempotency_in_flight");
    // It says every second that it still works, for longer than one lease.
    assert_eq!(reply.header("retry-after"), "1");
}

/// Another program may hold the file of SQLite for long: a backup, an import.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_delays_no_request_with_a_key_and_the_key_counts_all_the_same() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let before = ask(&running, &key, "before", REPLACEMENT).await.record();
    let path = running.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut raw).await.unwrap();
    let first = ask(&running, &key, "while", "hello").await.record();
    for (name, question, expected) in [("while", "hello", &first), ("before", REPLACEMENT, &before)] {
        assert_eq!(ask(&running, &key, name, question).await.record(), *expected, "{name}");
        ask(&running, &key, name, "other").await.problem(422, "idempotency_mismatch");
    }
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    let drained = async || {
        let mut found = sqlx::query("SELECT resource FROM idempotency WHERE resource = $1");
        found = found.bind(text(&first, "id").to_owned());
        found.fetch_optional(&mut raw).await.unwrap().map(drop)
    };
    soon(drained).await;
    assert_eq!(ask(&running, &key, "while", "hello").await.record(), first, "and once the table has it");
}

#[tokio::test]
async fn a_request_that_was_refused_gives_its_key_back() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    ask(&running, &key, "k", "   ").await.problem(422, "question_empty");
    assert_eq!(ask(&running, &key, "k", "hello").await.record()["outcome"], "guided");
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for bad in ["", "   ", "\"\"", &"k".repeat(256)] {
        ask(&running, &key, bad, "hello").await.problem(422, "idempotency_key_invalid");
    }
    let whole = "k".repeat(255);
    assert_eq!(ask(&running, &key, &whole, "hello").await.status, 200);
}

#[tokio::test]
async fn the_table_of_keys_says_nothing_of_the_question() {
    let mut running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    ask(&running, &key, "4111111111111111-zebra", "hello wombatbotherer").await.record();
    running.stop().await;
    let bytes = running.database_bytes();
    assert!(holds(&bytes, "POST /v1/interactions") && !holds(&bytes, "wombatbotherer"));
    assert!(!holds(&bytes, "4111111111111111") && !holds(&bytes, "-zebra"), "nor is the key kept");
    let body = json!({ "mode": "customer", "question": "hello wombatbotherer" }).to_string();
    let unkeyed = wiring::sha256_hex(body.as_bytes());
    assert!(!holds(&bytes, &unkeyed), "a guessed question can't be found by its hash");
}

async fn made(running: &Running, key: &Key, path: &str, name: &str, body: &Value) -> Reply {
    Reply::of(running.posting(key, path, body).header("idempotency-key", name)).await
}

#[tokio::test]
async fn a_key_is_made_once_and_shown_again_and_its_secret_is_kept_nowhere() {
    let mut running = start(&[]).await;
    let (admin, other) = (running.key(Role::Admin).await, running.key(Role::Admin).await);
    let body = json!({ "name": "shop", "role": "service" });
    let first = made(&running, &admin, "/v1/keys", "once", &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = made(&running, &admin, "/v1/keys", "once", &body).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    made(&running, &admin, "/v1/keys", "once", &json!({ "name": "shop-2", "role": "service" }))
        .await
        .problem(422, "idempotency_mismatch");
    // Another administrator with the same words makes a key of their own, or hears that the name is taken.
    made(&running, &other, "/v1/keys", "once", &body).await.problem(422, "name_taken");
    let secret = text(&first.json(), "key").to_owned();
    let shop = Key { id: text(&first.json(), "id").parse().unwrap(), text: secret.clone() };
    assert_eq!(running.read(&shop, "/v1/models").await.status, 200);
    // Rotated twice with one Idempotency-Key: one new secret.
    let path = format!("/v1/keys/{}/rotate", shop.id);
    let rotated = made(&running, &admin, &path, "turn", &json!({})).await;
    let once_more = made(&running, &admin, &path, "turn", &json!({})).await;
    assert_eq!((rotated.status, rotated.json()["key"].clone()), (200, once_more.json()["key"].clone()));
    let second = text(&rotated.json(), "key").to_owned();
    assert_ne!(second, secret);
    // What is meant counts, however it is written.
    for same in ["?grace=0", "?grace=0h"] {
        let again = made(&running, &admin, &format!("{path}{same}"), "turn", &json!({})).await;
        assert_eq!((again.status, text(&again.json(), "key")), (200, second.as_str()), "{same}");
    }
    made(&running, &admin, &format!("{path}?grace=24h"), "turn", &json!({}))
        .await
        .problem(422, "idempotency_mismatch");
    let shop = Key { id: shop.id, text: second.clone() };
    assert_eq!(running.read(&shop, "/v1/models").await.status, 200);
    // What the first request made is another by now.
    made(&running, &admin, "/v1/keys", "once", &body).await.problem(409, "idempotency_gone");
    running
        .request(reqwest::Method::DELETE, &format!("/v1/keys/{}", shop.id))
        .bearer_auth(&admin.text)
        .send()
        .await
        .unwrap();
    made(&running, &admin, &path, "turn", &json!({})).await.problem(409, "idempotency_gone");
    running.stop().await;
    let bytes = running.database_bytes();
    for secret in [&secret, &second] {
        assert!(!holds(&bytes, secret) && !holds(&bytes, &secret[12..]), "no secret is kept");
    }
}

#[tokio::test]
async fn a_session_is_signed_once_and_its_token_is_kept_nowhere() {
    let mut running = start(&[]).await;
    let shop = running.key(Role::Service).await;
    let mut headers = String::new();
    for body in [json!({ "subject": "4711" }), json!({ "subject": "4711", "session": "visit-1" })] {
        let name = body.to_string().len().to_string();
        let first = made(&running, &shop, "/v1/sessions", &name, &body).await;
        assert_eq!(first.status, 201, "{}", first.text);
        // Also a second later.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let again = made(&running, &shop, "/v1/sessions", &name, &body).await;
        assert_eq!(again.json(), first.json());
        let new = made(&running, &shop, "/v1/sessions", &format!("{name}-new"), &body).await;
        assert_ne!(new.json()["token"], first.json()["token"]);
        made(&running, &shop, "/v1/sessions", &name, &json!({ "subject": "4712" }))
            .await
            .problem(422, "idempotency_mismatch");
        let token = text(&first.json(), "token").to_owned();
        // What all of them begin with. A few letters of it would also be in sealed bytes, by chance.
        headers = token.split('.').next().unwrap().to_owned();
        let asked = running.request(reqwest::Method::GET, "/v1/conversations").bearer_auth(&token);
        assert_eq!(Reply::of(asked).await.status, 200);
    }
    running.stop().await;
    assert!(!holds(&running.database_bytes(), &headers), "no token is kept");
}
