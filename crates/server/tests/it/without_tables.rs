//! A cluster whose PostgreSQL is paused or away: answers go on from what each replica and the queue know (R3).

use std::time::Duration;

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    cluster::Database,
    house::{Key, REPLACEMENT, Running, folder, soon, start_in},
    reply::{Reply, text},
};

/// What is tested is not how fast this machine is.
pub(crate) const PATIENT: (&str, &str) = ("CONTACTIQ__REDIS__PATIENCE_MILLISECONDS", "150");

pub(crate) fn redis() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let url = std::env::var("CONTACTIQ_TEST_REDIS_URL");
    url.expect("run `make test`, which starts a private Redis")
}

/// Two servers on one PostgreSQL and one Redis.
pub(crate) async fn two_servers(database: &Database) -> [Running; 2] {
    let redis = redis();
    let settings =
        [("CONTACTIQ_DATABASE_URL", database.url.as_str()), ("CONTACTIQ_REDIS_URL", &redis), PATIENT];
    let server = async || {
        let dir = folder();
        database.admit(&dir);
        start_in(dir, &settings).await
    };
    [server().await, server().await]
}

async fn with_key(running: &Running, key: &Key, name: &str, question: &str) -> Reply {
    let body = json!({ "mode": "customer", "question": question });
    Reply::of(running.posting(key, "/v1/interactions", &body).header("idempotency-key", name)).await
}

async fn go_on(running: &Running, key: &Key, before: &Value, question: &str) -> Value {
    let body = json!({ "mode": "customer", "question": question, "conversation": before["conversation"] });
    running.post(key, "/v1/interactions", &body).await.record()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_on_while_postgresql_is_paused_and_all_of_them_are_in_its_tables_afterwards() {
    let database = Database::new().await;
    let [one, other] = &two_servers(&database).await;
    let (key, admin) = (one.key(Role::Customer).await, one.key(Role::Admin).await);
    // Every replica knows a key a second after it was made.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = one.ask(&key, Mode::Customer, REPLACEMENT).await;
    let is_empty = |ledger: &Value| ledger["queue_entries"] == 0 && ledger["spool_entries"] == 0;
    let empty = async || {
        let ledgers =
            [one.read(&admin, "/v1/ledger").await.json(), other.read(&admin, "/v1/ledger").await.json()];
        ledgers.iter().all(is_empty).then_some(())
    };
    soon(empty).await;

    database.is_silent();
    let mut said = vec![begun.clone()];
    said.push(go_on(other, &key, &begun, "and how long does it take?").await);
    assert!(
        text(&said[1], "answer").contains("business days"),
        "what was drained is still known: {}",
        said[1]
    );
    said.push(go_on(one, &key, &begun, "my name is Olga Petrova, thanks").await);
    for n in 0..12 {
        let server = if n % 2 == 0 { one } else { other };
        said.push(server.ask(&key, Mode::Customer, &format!("what does card number {n} cost?")).await);
    }
    // A key is claimed once, whoever is asked, and a repetition gets the first answer.
    let first = with_key(one, &key, "k-1", "how do I close my account?").await.record();
    assert_eq!(with_key(other, &key, "k-1", "how do I close my account?").await.record(), first);
    with_key(other, &key, "k-1", "hello").await.problem(422, "idempotency_mismatch");
    said.push(first);
    tokio::time::sleep(Duration::from_secs(4)).await;
    said.push(one.ask(&key, Mode::Customer, "which cards do you have?").await);
    Reply::of(one.posting(
        &Key::unknown(),
        "/v1/interactions",
        &json!({ "mode": "customer", "question": "hi" }),
    ))
    .await
    .problem(503, "unavailable");
    let ready = Reply::of(other.request(reqwest::Method::GET, "/ready")).await;
    assert!(ready.status == 200 && ready.text.contains("answers go on"), "{}", ready.text);

    database.is_away(false);
    let of = |id: &str| format!("/v1/interactions/{id}");
    soon(empty).await;
    for record in &said {
        assert_eq!(other.read(&admin, &of(text(record, "id"))).await.record(), *record);
    }
    let written = count(&database).await;
    let ledger = one.read(&admin, "/v1/ledger").await.text;
    let letters = one.read(&admin, "/v1/ledger/dead-letters").await.text;
    assert_eq!(written, said.len() as i64, "each once: {ledger} {letters}");
    // The repetition of a claim that was made meanwhile is known to the table too.
    assert_eq!(with_key(one, &key, "k-1", "how do I close my account?").await.record()["id"], said[15]["id"]);
}

/// A stage has the key of another one: what one's servers queue is written into no other database.
#[tokio::test(flavor = "multi_thread")]
async fn servers_of_two_databases_with_one_key_share_no_queue() {
    let (paused, other) = (Database::new().await, Database::new().await);
    let [one, _] = &two_servers(&paused).await;
    let [_, _] = &two_servers(&other).await;
    let key = one.key(Role::Customer).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    paused.is_silent();
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(one.ask(&key, Mode::Customer, REPLACEMENT).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    paused.is_away(false);
    soon(async || (count(&paused).await == said.len() as i64).then_some(())).await;
    assert_eq!(count(&other).await, 0);
}

async fn count(database: &Database) -> i64 {
    use sqlx::Connection;
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    let sql = "SELECT COUNT(*) FROM interactions WHERE completed_at IS NOT NULL AND outcome <> 'interrupted'";
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}
