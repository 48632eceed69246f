//! Servers that are told to end while questions are under way, and a whole server behind a pooler (C2, C4).

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, routing::post};
use contactiq_domain::{Mode, Role};
use contactiq_store::interactions;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    cluster::Database,
    crash::is_kept,
    cut_streams::{knows_kites, with_model},
    grounding_gate::QUESTION,
    house::{REPLACEMENT, client, folder, soon, start_in},
    process::Terminal,
    reply::{Reply, text},
    serving::{Served, serve},
    without_tables::redis,
    workers::process,
};

/// How long the model thinks: a server that is told to end meanwhile has to wait.
const THINKS: Duration = Duration::from_millis(2500);

/// A model that takes its time, and how often it was asked.
async fn model() -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let route = post(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(THINKS).await;
            Ok::<_, Infallible>(Json(json!({
                "id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{ "index": 0, "finish_reason": "stop",
                    "message": { "role": "assistant", "content": "A replacement kite card costs $9. [1]" } }],
                "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
            })))
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/chat/completions", route);
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    (url, asked, serving)
}

fn started(terminal: &Terminal) -> Served {
    tokio::task::block_in_place(|| serve(terminal))
}

async fn ends(served: Served) {
    let (status, said) = tokio::task::spawn_blocking(move || served.end()).await.unwrap();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("everything accepted was written"), "{said}");
}

/// So many questions at once, each of a person of its own; what each was answered.
fn asked(url: &str, key: &str, round: usize) -> JoinSet<Value> {
    let mut asking = JoinSet::new();
    for number in 0..6 {
        let person = format!("s{round}-{number}");
        let body = json!({ "mode": "customer", "question": QUESTION, "subject": person });
        let sent = client().post(format!("{url}/v1/interactions")).bearer_auth(key).json(&body);
        let sent = sent.header("idempotency-key", person);
        asking.spawn(async move {
            let reply = Reply::of(sent).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            reply.json()
        });
    }
    asking
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_under_way_are_answered_by_servers_that_are_told_to_end() {
    let (model, count, _serving) = model().await;
    let tables = Database::new().await;
    let quiet =
        |role| with_model(process(&tables, &redis(), role), &model).with("CONTACTIQ__LOG__LEVEL", "error");
    let terminals = [quiet("gateway"), quiet("worker"), quiet("worker")];
    knows_kites(&terminals[0]);
    let key = terminals[0].run(&["keys", "create", "--name", "asks", "--role", "service"]).well();
    let (gateway, one, other) = (started(&terminals[0]), started(&terminals[1]), started(&terminals[2]));
    let url = gateway.url.clone();
    let answers = async |say: &'static str| {
        soon(async || {
            let ready: Value = reqwest::get(format!("{url}/ready")).await.ok()?.json().await.ok()?;
            (text(&ready, "answers") == say).then_some(())
        })
        .await;
    };
    let under_way = async |many: usize| {
        soon(async || (count.load(Ordering::SeqCst) >= many).then_some(())).await;
    };
    answers("2 workers").await;

    // A worker is told to end with questions of its own, then the gateway that waits for the other one.
    let asking = asked(&url, key.trim(), 1);
    under_way(6).await;
    let (mut seen, ()) = tokio::join!(asking.join_all(), ends(one));
    answers("1 worker").await;
    let asking = asked(&url, key.trim(), 2);
    under_way(12).await;
    let (more, ()) = tokio::join!(asking.join_all(), ends(gateway));
    seen.extend(more);
    ends(other).await;

    assert_eq!(count.load(Ordering::SeqCst), 12, "each question was asked once");
    let store = crate::outages::store(&terminals[0], &tables).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(interactions::count_finished(&mut reader).await.unwrap(), 12);
    for answer in &seen {
        assert_eq!(text(answer, "model"), "m", "{answer}");
        assert_eq!(is_kept(&mut reader, answer).await, None, "{answer}");
    }
    drop(reader);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_server_works_behind_a_pooler_that_gives_each_transaction_another_connection() {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let named =
        |variable: &str| std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: run `make test`"));
    let database = Database::on(&named("CONTACTIQ_TEST_POSTGRES_URL")).await;
    let pooler = named("CONTACTIQ_TEST_PGBOUNCER_URL");
    let (address, _) = pooler.rsplit_once('/').unwrap();
    let (_, name) = database.url.rsplit_once('/').unwrap();
    let url = format!("{address}/{name}?statement-cache-capacity=0");
    let redis = redis();
    let settings = [
        ("CONTACTIQ_DATABASE_URL", url.as_str()),
        ("CONTACTIQ_REDIS_URL", &redis),
        ("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "100000"),
    ];
    let dir = folder();
    database.admit(&dir);
    let mut running = start_in(Arc::clone(&dir), &settings).await;
    let key = running.key(Role::Customer).await;
    let admin = running.key(Role::Admin).await;
    let first = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let conversation = text(&first, "conversation").to_owned();
    running.ask_in(&key, Mode::Customer, "let me talk to a human", &conversation).await;
    // More at once than the pooler has connections.
    let mut asking = JoinSet::new();
    for number in 0..12 {
        let body = json!({ "mode": "customer", "question": "my card 4111 1111 1111 1111 was stolen" });
        let sent = running.posting(&key, "/v1/interactions", &body);
        let sent = sent.header("idempotency-key", format!("k{number}"));
        asking.spawn(async move { sent.send().await.unwrap().status().as_u16() });
    }
    assert_eq!(asking.join_all().await, [200; 12]);
    running.stop().await;

    let again = start_in(dir, &settings).await;
    let read = again.read(&key, &format!("/v1/interactions/{}", text(&first, "id"))).await;
    assert_eq!(read.record(), first);
    let said = again.read(&key, &format!("/v1/conversations/{conversation}")).await.json();
    assert_eq!(said.as_array().map(Vec::len), Some(2), "{said}");
    assert!(
        again.ask_in(&key, Mode::Customer, "and how long does it take?", &conversation).await["answer"]
            .is_string()
    );
    let ledger = again.read(&admin, "/v1/ledger").await.json();
    let none = [&ledger["dead_letters"], &ledger["miscounted"], &ledger["spool_entries"]];
    assert_eq!(none, [&json!(0), &json!(0), &json!(0)], "{ledger}");
    soon(async || {
        let mut reader = again.store.read().await.unwrap();
        let finished = interactions::count_finished(&mut reader).await.unwrap();
        (finished == 15).then_some(())
    })
    .await;
    // The audit log is in a schema of its own, which each transaction has to find again.
    let verified = soon(async || {
        let page = again.read(&admin, "/v1/audit/checkpoint").await;
        (page.status == 200).then_some(page.text)
    })
    .await;
    assert!(!verified.is_empty());
}
