//! What was accepted is finished and recorded, whoever goes away first.
//!
//! These tests hold the ledger's one write lock and have no spool, so that an answer is certainly under way when
//! the client or the server is told to leave.

use std::time::Duration;

use contactiq_domain::{Mode, Role, ids::ConversationId};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::{
    house::{Key, REPLACEMENT, Running, soon, start, start_in},
    reply::{Reply, text},
};

/// Waits until one more task is at work than before.
async fn under_way(running: &Running, before: usize) {
    soon(async || (running.tasks.len() > before).then_some(())).await;
}

async fn conversation(running: &Running, key: &Key) -> Option<Vec<Value>> {
    let listed = running.read(key, "/v1/conversations").await.json();
    let id: ConversationId = text(listed.get(0)?, "id").parse().unwrap();
    let turns = running.read(key, &format!("/v1/conversations/{id}")).await.json();
    turns.as_array().cloned().filter(|t| !t.is_empty())
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_completed_record() {
    let running = start(&[("CONTACTIQ__LEDGER__SPOOL", "off")]).await;
    let key = running.key(Role::Customer).await;
    let lock = running.store.write().await.unwrap();
    let before = running.tasks.len();

    let body = json!({ "mode": "customer", "question": REPLACEMENT }).to_string();
    let address = running.url.trim_start_matches("http://");
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/interactions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        key.text,
        body.len()
    );
    client.write_all(head.as_bytes()).await.unwrap();
    under_way(&running, before).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(lock);

    let turns = soon(async || conversation(&running, &key).await).await;
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0]["outcome"], "resolved", "{}", turns[0]);
    assert_eq!(text(&turns[0]["steps"][7], "step"), "record", "{}", turns[0]);

    // It is on record that somebody asked and was gone before the answer.
    let gone = soon(async || {
        let mut reader = running.store.read().await.unwrap();
        let events = contactiq_store::access::recent(&mut reader, 100).await.unwrap();
        events.into_iter().find(|e| e.route == "/v1/interactions")
    })
    .await;
    assert_eq!((gone.status, gone.method.as_str()), (499, "POST"), "{gone:?}");
    assert_ne!(gone.actor, "anonymous");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_when_the_server_stops_and_new_ones_are_not_taken() {
    let mut running = start(&[("CONTACTIQ__LEDGER__SPOOL", "off")]).await;
    let key = running.key(Role::Customer).await;
    let lock = running.store.write().await.unwrap();
    let before = running.tasks.len();
    let mut asking = JoinSet::new();
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    asking.spawn(Reply::of(running.posting(&key, "/v1/interactions", &body)));
    under_way(&running, before).await;

    running.begin_to_stop();
    let health = running.request(Method::GET, "/health");
    soon(async || health.try_clone().unwrap().send().await.err()).await;
    drop(lock);
    let record = asking.join_next().await.unwrap().unwrap().record();
    assert_eq!(record["outcome"], "resolved");
    running.stop().await;

    let again = start_in(running.dir.clone(), &[]).await;
    let kept = again.read(&key, &format!("/v1/interactions/{}", text(&record, "id"))).await;
    assert_eq!(kept.record(), record);
}

#[tokio::test]
async fn the_access_log_is_written_to_its_end_before_the_server_has_stopped() {
    let mut running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for _ in 0..20 {
        assert_eq!(running.read(&key, "/v1/conversations").await.status, 200);
    }
    running.stop().await;
    let again = start_in(running.dir.clone(), &[]).await;
    let mut reader = again.store.read().await.unwrap();
    let events = contactiq_store::access::recent(&mut reader, 100).await.unwrap();
    assert_eq!(events.iter().filter(|e| e.route == "/v1/conversations").count(), 20);
}

#[tokio::test]
async fn a_database_that_another_holds_keeps_nobody_waiting_and_gets_its_records_later() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let other = running.key(Role::Customer).await;
    running.read(&key, "/v1/conversations").await;
    let lock = running.store.write().await.unwrap();
    let first = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(first["outcome"], "resolved");
    // What no table has yet is read by its owner and by nobody else, and the conversation goes on.
    let path = format!("/v1/interactions/{}", text(&first, "id"));
    assert_eq!(running.read(&key, &path).await.record(), first);
    running.read(&other, &path).await.problem(404, "not_found");
    let body = json!({
        "mode": "customer", "question": "and how long does it take?", "conversation": first["conversation"],
    });
    let second = running.post(&key, "/v1/interactions", &body).await.record();
    assert_eq!(second["conversation"], first["conversation"]);
    let ready = running.request(Method::GET, "/ready").send().await.unwrap().text().await.unwrap();
    assert!(ready.contains("the spool holds "), "{ready}");
    drop(lock);

    let turns = soon(async || conversation(&running, &key).await.filter(|t| t.len() == 2)).await;
    assert_eq!(turns, [first, second]);
    let ok = async || {
        let ready = running.request(Method::GET, "/ready").send().await.unwrap().text().await.unwrap();
        ready.contains("\"ledger\":\"ok\"").then_some(())
    };
    soon(ok).await;
}

#[tokio::test]
async fn without_a_spool_a_database_that_is_away_means_no_answer_and_later_answers_come_again() {
    let running = start(&[("CONTACTIQ__LEDGER__SPOOL", "off")]).await;
    let key = running.key(Role::Customer).await;
    running.read(&key, "/v1/conversations").await;
    let lock = running.store.write().await.unwrap();
    let body = json!({ "mode": "customer", "question": "hello" });
    let reply = running.post(&key, "/v1/interactions", &body).await;
    reply.problem(503, "unavailable");
    drop(lock);
    assert_eq!(running.ask(&key, Mode::Customer, "hello").await["outcome"], "guided");
    assert_eq!(conversation(&running, &key).await.unwrap().len(), 1, "without a record there was no answer");
}

#[tokio::test]
async fn fifty_people_at_once_get_fifty_records_with_fifty_request_ids() {
    let running = start(&[]).await;
    let key = running.key(Role::Service).await;
    let mut asking = JoinSet::new();
    for number in 0..50 {
        let subject = format!("person-{number}");
        let body =
            json!({ "mode": "customer", "question": REPLACEMENT, "subject": subject, "session": subject });
        asking.spawn(Reply::of(running.posting(&key, "/v1/interactions", &body)));
    }
    let records: Vec<Value> = asking.join_all().await.iter().map(Reply::record).collect();
    for name in ["id", "request_id", "conversation", "subject"] {
        let all: std::collections::BTreeSet<&str> = records.iter().map(|r| text(r, name)).collect();
        assert_eq!(all.len(), 50, "{name}");
    }
    assert!(
        records.iter().all(|r| r["answer"] == records[0]["answer"]),
        "the same question, the same answer"
    );
}
