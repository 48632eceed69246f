//! Gateways and workers (C2): who answers, and what is left of a question whose worker is killed (R2).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role};
use contactiq_store::{interactions, requests::SILENT};
use serde_json::{Value, json};

use crate::{
    cluster::Database,
    crash::{Dice, QUESTIONS, Server, is_kept, kills, serve},
    house::{Key, REPLACEMENT, Running, client, folder, soon, start_in},
    process::Terminal,
    reply::{Reply, text},
    without_tables::{PATIENT, redis},
};

async fn server(database: &Database, role: &str) -> Running {
    server_with(database, role, &[]).await
}

async fn server_with(database: &Database, role: &str, others: &[(&str, &str)]) -> Running {
    let dir = folder();
    database.admit(&dir);
    let redis = redis();
    let settings = [
        ("CONTACTIQ_DATABASE_URL", database.url.as_str()),
        ("CONTACTIQ_REDIS_URL", &redis),
        PATIENT,
        ("CONTACTIQ__SERVER__ROLE", role),
    ];
    start_in(dir, &[&settings[..], others].concat()).await
}

async fn answers(running: &Running) -> String {
    let ready = Reply::of(running.request(reqwest::Method::GET, "/ready")).await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    text(&ready.json(), "answers").to_owned()
}

/// How many questions a process answered for gateways.
async fn figure(running: &Running, name: &str) -> f64 {
    let figures = reqwest::get(&running.metrics).await.unwrap().text().await.unwrap();
    let lines = figures.lines().filter(|line| line.starts_with(name));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

async fn ask(running: &Running, key: &Key, name: &str, body: &Value) -> Reply {
    Reply::of(running.posting(key, "/v1/interactions", body).header("idempotency-key", name)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_hands_questions_to_a_worker_and_answers_itself_where_there_is_none() {
    let database = Database::new().await;
    let gateway = server(&database, "gateway").await;
    let key = gateway.key(Role::Customer).await;
    assert!(answers(&gateway).await.contains("does it itself"));
    let alone = gateway.ask(&key, Mode::Customer, REPLACEMENT).await;

    let mut worker = server(&database, "worker").await;
    let seen = async || (answers(&gateway).await == "1 worker").then_some(());
    soon(seen).await;
    let before = figure(&worker, "contactiq_requests_worked_total").await;
    let by_worker = gateway.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(by_worker["answer"], alone["answer"]);
    assert_eq!(by_worker["citations"], alone["citations"]);
    // The worker knows what was said before, whoever answered it.
    let follow = json!({ "mode": "customer", "question": "and how long does it take?", "conversation": alone["conversation"] });
    let first = ask(&gateway, &key, "k-1", &follow).await.record();
    assert!(text(&first, "answer").contains("business days"), "{first}");
    assert_eq!(ask(&gateway, &key, "k-1", &follow).await.record(), first);
    let other = json!({ "mode": "customer", "question": "hello" });
    ask(&gateway, &key, "k-1", &other).await.problem(422, "idempotency_mismatch");
    let masked = json!({ "mode": "customer", "question": "I am Olga Petrova and my card 4111 1111 1111 1111 was stolen" });
    let masked = gateway.post(&key, "/v1/interactions", &masked).await.record();
    assert_eq!(masked["routing"], "escalate", "{masked}");
    assert!(!text(&masked, "question").contains("4111") && masked["pii_masked"] == true, "{masked}");
    assert_eq!(figure(&worker, "contactiq_requests_worked_total").await - before, 3.0);
    let read = gateway.read(&key, &format!("/v1/interactions/{}", text(&masked, "id"))).await;
    assert_eq!(read.record(), masked);

    // A worker answers nobody else.
    assert_eq!(worker.post(&key, "/v1/interactions", &other).await.status, 404);
    assert!(answers(&worker).await.contains("works for gateways"));

    worker.stop().await;
    let gone = async || answers(&gateway).await.contains("does it itself").then_some(());
    soon(gone).await;
    assert_eq!(gateway.ask(&key, Mode::Customer, REPLACEMENT).await["answer"], alone["answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_no_more_time_than_its_gateway_had_left() {
    // A model that takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let model = format!("http://{}/v1", silent.local_addr().unwrap());
    let database = Database::new().await;
    let short = [("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "5")];
    let slow = [
        ("CONTACTIQ_LLM_BASE_URL", model.as_str()),
        ("CONTACTIQ_LLM_MODEL", "m"),
        ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "30"),
        ("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "60"),
    ];
    let gateway = server_with(&database, "gateway", &short).await;
    let worker = server_with(&database, "worker", &slow).await;
    soon(async || (answers(&gateway).await == "1 worker").then_some(())).await;
    let key = gateway.key(Role::Customer).await;
    let record = gateway.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((text(&record, "outcome"), text(&record, "model")), ("resolved", "extractive"), "{record}");
    assert_eq!(figure(&worker, "contactiq_requests_worked_total").await, 1.0);
}

#[test]
fn a_gateway_without_redis_is_refused_with_what_it_needs() {
    let terminal = Terminal::new();
    for role in ["gateway", "worker"] {
        let refused = terminal.run(&["serve", "--role", role]);
        let said = refused.refused();
        assert!(said.contains("server.role") && said.contains("redis.url") && said.contains(role), "{said}");
    }
}

/// A process of a cluster that is not started yet.
pub(crate) fn process(database: &Database, redis: &str, role: &'static str) -> Terminal {
    let dir = folder();
    database.admit(&dir);
    Terminal::of(dir)
        .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ_METRICS_LISTEN", "")
        .with("CONTACTIQ_DATABASE_URL", database.url.clone())
        .with("CONTACTIQ_REDIS_URL", redis)
        .with(PATIENT.0, PATIENT.1)
        .with("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "100000")
        .with("CONTACTIQ__SERVER__ROLE", role)
}

const CLIENTS: u64 = 6;

/// Answers that clients saw, and how it went.
#[derive(Default)]
struct Seen {
    answers: std::sync::Mutex<Vec<Value>>,
    failed: std::sync::Mutex<Vec<String>>,
    slowest_ms: AtomicU64,
}

async fn ask_until(stop: Instant, number: u64, url: String, key: String, seen: Arc<Seen>) {
    let (http, mut turn) = (client(), 0);
    while Instant::now() < stop {
        turn += 1;
        let question = QUESTIONS[(number + turn) as usize % QUESTIONS.len()];
        // A subject of its own is a limit of its own.
        let body =
            json!({ "mode": "customer", "question": question, "subject": format!("s{number}-{turn}") });
        let since = Instant::now();
        let sent = http.post(format!("{url}/v1/interactions")).bearer_auth(&key);
        let reply = sent.header("idempotency-key", format!("{number}-{turn}")).json(&body).send().await;
        seen.slowest_ms.fetch_max(since.elapsed().as_millis() as u64, Ordering::SeqCst);
        match reply {
            Ok(reply) if reply.status() == 200 => {
                let answer = reply.json().await.unwrap();
                seen.answers.lock().unwrap().push(answer);
            }
            Ok(reply) => {
                let failed = format!("{}: {:?}", reply.status(), reply.text().await);
                seen.failed.lock().unwrap().push(failed);
            }
            Err(error) => seen.failed.lock().unwrap().push(error.to_string()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_fails_no_question() {
    let database = Database::new().await;
    let process = |role| process(&database, &redis(), role);
    let (gateway, one, other) = (process("gateway"), process("worker"), process("worker"));
    let key =
        gateway.run(&["keys", "create", "--name", "load", "--role", "service"]).well().trim().to_owned();
    let (_gateway, url) = serve(&gateway);
    let mut workers: [Option<Server>; 2] = [Some(serve(&one).0), Some(serve(&other).0)];
    let ready = async || {
        let ready: Value = reqwest::get(format!("{url}/ready")).await.unwrap().json().await.unwrap();
        (text(&ready, "answers") == "2 workers").then_some(())
    };
    soon(ready).await;

    let seen = Arc::new(Seen::default());
    let began = Instant::now();
    let kills = kills();
    // Each kill waits for chance and for the worker's next start.
    let stop = began + Duration::from_secs(3 * kills);
    let mut clients = tokio::task::JoinSet::new();
    for number in 1..=CLIENTS {
        clients.spawn(ask_until(stop, number, url.clone(), key.clone(), Arc::clone(&seen)));
    }
    let (mut dice, mut killed) = (Dice::new(u64::from(std::process::id())), 0);
    while Instant::now() < stop {
        tokio::time::sleep(Duration::from_millis(100 + dice.roll(900))).await;
        let which = killed % 2;
        drop(workers[which].take());
        killed += 1;
        let terminal = if which == 0 { &one } else { &other };
        workers[which] = Some(tokio::task::block_in_place(|| serve(terminal)).0);
    }
    clients.join_all().await;

    let failed = seen.failed.lock().unwrap().clone();
    let answers = seen.answers.lock().unwrap().clone();
    let summary = format!(
        "{killed} workers killed, {} answers seen, {} requests failed, the slowest took {} ms",
        answers.len(),
        failed.len(),
        seen.slowest_ms.load(Ordering::SeqCst)
    );
    assert!(failed.is_empty(), "{summary}: {failed:?}");
    assert!(answers.len() as u64 > 10 * CLIENTS && killed > 1, "{summary}");
    // Nobody takes over before the silence is long enough: a run in which nothing was taken over proves nothing.
    let slowest = Duration::from_millis(seen.slowest_ms.load(Ordering::SeqCst));
    assert!(slowest > SILENT, "{summary}");
    // What is in the record is what was shown, once.
    let config = contactiq_server::config::load_from(
        None,
        &[
            ("CONTACTIQ_DATA_DIR".to_owned(), gateway.data().display().to_string()),
            ("CONTACTIQ_DATABASE_URL".to_owned(), database.url.clone()),
        ]
        .into(),
    );
    let store = contactiq_server::app::open_store(&config.unwrap()).await.unwrap();
    let written = async || {
        let finished = interactions::count_finished(&mut store.read().await.unwrap()).await.unwrap();
        (finished == answers.len() as u64).then_some(())
    };
    soon(written).await;
    let mut reader = store.read().await.unwrap();
    for answer in &answers {
        assert_eq!(is_kept(&mut reader, answer).await, None, "{summary}");
    }
    println!("{summary}");
    drop(reader);
    store.close().await;
}
