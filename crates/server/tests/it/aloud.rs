//! A model's answer as it is written: what a client is shown and when, what is durable by then, and what happens when
//! the client leaves or comes back, or the model goes wrong on the way.

use std::{sync::atomic::Ordering, time::Duration};

use contactiq_domain::Role;
use contactiq_store::access;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Row, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::{
    cluster::Database,
    crash::serve,
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, Running, folder, soon, start_in},
    listener::{Client, respond},
    operations::counted,
    process::Terminal,
    reply::text,
    without_tables::{PATIENT, redis},
    writing_model::{Model, Next},
};

const FIRST: &str = "A replacement kite card is $9. [1] ";
const SECOND: &str = "You get it in 6 working days. [1] ";

/// A bank of one document with a model.
struct Bank {
    model: Model,
    running: Running,
    key: Key,
    terminal: Terminal,
}

impl Bank {
    async fn open() -> Bank {
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        let file = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
        let model = Model::start().await;
        let settings = [
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", &model.url),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
        ];
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Bank { model, running, key, terminal }
    }

    async fn ask(&self) -> Client {
        let body = json!({ "mode": "customer", "question": QUESTION });
        let request = self.running.posting(&self.key, "/v1/interactions", &body);
        Client::of(request.header("accept", "text/event-stream")).await
    }

    /// What the table holds of answers that are not finished.
    async fn unfinished(&self) -> Vec<(i64, Option<String>)> {
        let file = SqliteConnectOptions::new().filename(self.terminal.data().join("contactiq.db"));
        let mut raw = file.connect().await.unwrap();
        let sql = "SELECT length(answer) AS bytes, citations FROM interactions
                   WHERE completed_at IS NULL AND answer IS NOT NULL";
        let rows = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
        rows.iter().map(|row| (row.get("bytes"), row.get("citations"))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_is_shown_as_soon_as_it_is_written_and_it_is_durable_by_then() {
    let bank = Bank::open().await;
    bank.model.will(Next::Says(FIRST));
    // What follows makes sure that the sentence is over.
    bank.model.will(Next::Says("You"));
    let mut client = bank.ask().await;
    assert_eq!(client.next().await.unwrap().name, "disclosure");
    let token = client.until("token").await;
    assert!(token.id.ends_with(&format!("-{}", client.heard.len())), "{token:?}");
    client.until("citation").await;
    assert_eq!(client.words(), "A replacement kite card is $9. [1]");
    let steps: Vec<&str> =
        client.heard.iter().filter(|e| e.name == "step").map(|e| text(&e.data, "step")).collect();
    assert_eq!(steps, ["guard", "understand", "route", "retrieve"]);
    let unfinished = bank.unfinished().await;
    assert_eq!(unfinished.len(), 1, "the model still writes: {unfinished:?}");
    assert!(unfinished[0].1.as_ref().unwrap().contains("customer/kite"));

    bank.model.will(Next::Says(&SECOND[3..]));
    bank.model.will(Next::Says("It costs $77 in Paris. [1] "));
    bank.model.will(Next::Ends);
    let record = client.done().await;
    assert!(
        text(&record, "answer")
            .starts_with("A replacement kite card is $9. [1] You get it in 6 working days. [1]")
    );
    assert!(!text(&record, "answer").contains("77"));
    assert_eq!((text(&record, "model"), text(&record, "outcome")), ("m", "resolved"));
    assert_eq!(text(respond(&record), "outcome"), "generated");
    assert_eq!(record["tokens"], json!({ "input": 90, "output": 9 }));
    assert!(client.heard.iter().all(|e| e.name != "restart"));
    assert_eq!(bank.unfinished().await, []);
    let kept = bank.running.read(&bank.key, &format!("/v1/interactions/{}", text(&record, "id"))).await;
    assert_eq!(kept.record(), record);
    assert_eq!(bank.model.asked.load(Ordering::SeqCst), 1);

    // What can be heard again keeps no server from its end.
    let Bank { mut running, .. } = bank;
    let began = tokio::time::Instant::now();
    running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_of_an_answer_that_breaks_off_is_withdrawn_and_the_banks_own_sentences_stand() {
    let bank = Bank::open().await;
    bank.model.will(Next::Says(FIRST));
    bank.model.will(Next::Says("You"));
    let mut client = bank.ask().await;
    client.until("citation").await;
    bank.model.will(Next::Breaks);
    client.until("restart").await;
    let record = client.done().await;
    assert_eq!((text(&record, "model"), text(respond(&record), "outcome")), ("extractive", "extractive"));
    assert!(text(&record, "answer").contains("$9"), "{record}");
    let admin = bank.running.key(Role::Admin).await;
    let reviews = bank.running.read(&admin, "/v1/guard/review").await.json().to_string();
    assert!(reviews.contains("stream/withdrawn"), "a reviewer finds what was shown: {reviews}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_repeats_its_instructions_is_stopped_and_nothing_of_it_is_shown() {
    let bank = Bank::open().await;
    bank.model.will(Next::Says("You write the answer of a bank's assistant. "));
    bank.model.will(Next::Says("The numbered passages are the only source of facts. "));
    bank.model.will(Next::Says(FIRST));
    bank.model.will(Next::Ends);
    let mut client = bank.ask().await;
    let record = client.done().await;
    let shown = client.heard.iter().filter(|e| e.name == "token").map(|e| text(&e.data, "text"));
    let shown: String = shown.collect();
    assert!(!shown.to_lowercase().contains("source of facts") && !shown.contains("You write"), "{shown}");
    assert!(!text(&record, "answer").to_lowercase().contains("numbered passages"), "{record}");
    assert!(text(&record, "answer").contains("$9"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_connection_broke_hears_the_rest() {
    let bank = Bank::open().await;
    bank.model.will(Next::Says(FIRST));
    bank.model.will(Next::Says("You"));
    let mut client = bank.ask().await;
    client.until("citation").await;
    let (heard, last) = (client.heard.clone(), client.heard.last().unwrap().id.clone());
    let (id, _) = last.split_once(':').unwrap();
    drop(client);
    let request = |last: &str| {
        let request = bank.running.request(reqwest::Method::GET, &format!("/v1/interactions/{id}/events"));
        request.bearer_auth(&bank.key.text).header("last-event-id", last)
    };
    let mut again = Client::of(request(&last)).await;
    again.heard = heard;
    bank.model.will(Next::Says(&SECOND[3..]));
    bank.model.will(Next::Ends);
    let record = again.done().await;
    assert_eq!(text(&record, "id"), id);
    assert_eq!(text(respond(&record), "outcome"), "generated");

    // Whoever comes later hears it from the beginning; nobody else hears it at all.
    // An id of another telling is none of this one's: what was heard is withdrawn.
    for last in ["0", "9", &format!("{id}:zzzz-3"), &format!("{id}:x-18446744073709551615")] {
        let mut later = Client::of(request(last)).await;
        assert_eq!(later.next().await.unwrap().name, "restart", "{last}");
        assert_eq!(later.done().await, record);
    }
    let mut later = Client::of(request("")).await;
    assert_eq!(later.next().await.unwrap().name, "disclosure");
    assert_eq!(later.done().await, record);
    let other = bank.running.key(Role::Customer).await;
    let stranger = bank.running.read(&other, &format!("/v1/interactions/{id}/events")).await;
    stranger.problem(404, "not_found");
    // Each who heard it is on record with what it was, also of an answer that was on its way.
    let events = access::recent(&mut bank.running.store.read().await.unwrap(), 100).await.unwrap();
    let heard =
        events.iter().filter(|event| event.route == "/v1/interactions/{id}/events" && event.status == 200);
    let heard: Vec<_> = heard.map(|event| event.target.as_deref()).collect();
    assert_eq!(heard, [Some(id); 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_listens_any_more_the_model_is_stopped_and_the_record_says_what_was_shown() {
    let bank = Bank::open().await;
    bank.model.will(Next::Says(FIRST));
    bank.model.will(Next::Says("You"));
    let mut client = bank.ask().await;
    let (id, _) =
        client.until("citation").await.id.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    drop(client);
    let next = bank.model.next.clone();
    let mut writes = JoinSet::new();
    writes.spawn(async move {
        while next.send(Next::Says(SECOND)).is_ok() {
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    });
    soon(async || bank.model.stopped.load(Ordering::SeqCst).then_some(())).await;
    let read = async || {
        let reply = bank.running.read(&bank.key, &format!("/v1/interactions/{id}")).await;
        (reply.status == 200).then(|| reply.record())
    };
    let record = soon(read).await;
    drop(writes);
    assert_eq!(text(&record, "outcome"), "interrupted", "{record}");
    assert!(text(&record, "answer").contains("$9. [1]"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_of_a_slow_model_that_it_is_at_work() {
    let bank = Bank::open().await;
    let began = tokio::time::Instant::now();
    let mut client = bank.ask().await;
    assert_eq!(client.next().await.unwrap().name, "disclosure");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    bank.model.will(Next::Says(FIRST));
    bank.model.will(Next::Ends);
    let record = client.done().await;
    assert_eq!(text(&record, "model"), "m");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_of_a_slow_model_shows_a_sign_of_life() {
    let bank = Bank::open().await;
    let body = json!({ "mode": "customer", "question": QUESTION });
    let request = bank.running.posting(&bank.key, "/v1/interactions", &body);
    let mut response = request.header("accept", "text/event-stream").send().await.unwrap();
    let mut heard = String::new();
    let beat = async {
        while !heard.contains(": still here") {
            heard.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(14), beat).await.unwrap();
    assert!(heard.contains("event: disclosure") && !heard.contains("event: token"), "{heard}");
}

/// A gateway and the processes of its workers, on one database and one model.
struct Cluster {
    model: Model,
    gateway: Running,
    key: Key,
    workers: Vec<Terminal>,
    database: Database,
}

impl Cluster {
    /// Another gateway of it.
    async fn beside(&self) -> Running {
        let (redis, dir) = (redis(), folder());
        self.database.admit(&dir);
        let settings = [
            ("CONTACTIQ_DATABASE_URL", self.database.url.as_str()),
            ("CONTACTIQ_REDIS_URL", &redis),
            PATIENT,
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ_LLM_BASE_URL", &self.model.url),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__SERVER__ROLE", "gateway"),
        ];
        start_in(dir, &settings).await
    }

    async fn open(workers: usize) -> Cluster {
        let database = Database::new().await;
        let model = Model::start().await;
        let redis = redis();
        let settings = [
            ("CONTACTIQ_DATABASE_URL", database.url.as_str()),
            ("CONTACTIQ_REDIS_URL", &redis),
            PATIENT,
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ_LLM_BASE_URL", &model.url),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
        ];
        let with_all = |terminal: Terminal| {
            settings.iter().fold(terminal, |terminal, (name, value)| terminal.with(name, *value))
        };
        let dir = folder();
        database.admit(&dir);
        let terminal = with_all(Terminal::of(dir.clone()));
        let file = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
        let of_gateway: Vec<_> =
            settings.into_iter().chain([("CONTACTIQ__SERVER__ROLE", "gateway")]).collect();
        let gateway = start_in(dir, &of_gateway).await;
        let key = gateway.key(Role::Customer).await;
        let workers = (0..workers).map(|_| {
            let dir = folder();
            database.admit(&dir);
            with_all(Terminal::of(dir))
                .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
                .with("CONTACTIQ_METRICS_LISTEN", "")
                .with("CONTACTIQ__SERVER__ROLE", "worker")
        });
        let workers = workers.collect();
        Cluster { model, gateway, key, workers, database }
    }

    async fn has(&self, answers: &str) {
        let ready = async || {
            let ready = reqwest::Response::json::<Value>;
            let ready =
                ready(self.gateway.request(reqwest::Method::GET, "/ready").send().await.ok()?).await.ok()?;
            (text(&ready, "answers") == answers).then_some(())
        };
        soon(ready).await;
    }

    async fn ask(&self) -> Client {
        let body = json!({ "mode": "customer", "question": QUESTION });
        let request = self.gateway.posting(&self.key, "/v1/interactions", &body);
        Client::of(request.header("accept", "text/event-stream")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_tells_what_its_worker_says_and_begins_again_where_another_takes_over() {
    let cluster = Cluster::open(2).await;
    let serving = |at: usize| tokio::task::block_in_place(|| serve(&cluster.workers[at]).0);
    let first = serving(0);
    cluster.has("1 worker").await;
    cluster.model.will(Next::Says(FIRST));
    cluster.model.will(Next::Says("You"));
    let mut client = cluster.ask().await;
    client.until("citation").await;
    assert_eq!(client.words(), "A replacement kite card is $9. [1]");
    let second = serving(1);
    cluster.has("2 workers").await;
    drop(first);
    // What the dead one was told on its connection is lost with it; the other asks anew.
    soon(async || (cluster.model.asked.load(Ordering::SeqCst) == 2).then_some(())).await;
    cluster.model.will(Next::Says(SECOND));
    cluster.model.will(Next::Says(FIRST));
    cluster.model.will(Next::Ends);
    client.until("restart").await;
    let record = client.done().await;
    assert_eq!(text(respond(&record), "outcome"), "generated", "{record}");
    assert!(text(&record, "answer").starts_with("You get it in 6 working days. [1]"), "{record}");
    let admin = cluster.gateway.key(Role::Admin).await;
    let withdrawn = async || {
        let reviews = cluster.gateway.read(&admin, "/v1/guard/review").await.json().to_string();
        reviews.contains("stream/withdrawn").then_some(())
    };
    soon(withdrawn).await;
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_to_another_replica_hears_the_whole_and_the_model_goes_on() {
    let cluster = Cluster::open(0).await;
    let other = cluster.beside().await;
    // Every replica knows a key a second after it was made.
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.model.will(Next::Says(FIRST));
    cluster.model.will(Next::Says("You"));
    let mut client = cluster.ask().await;
    let last = client.until("citation").await.id;
    let id = last.split(':').next().unwrap().to_owned();
    drop(client);
    let path = format!("/v1/interactions/{id}/events");
    let again = |key: &Key| {
        let request = other.request(reqwest::Method::GET, &path).bearer_auth(&key.text);
        Client::of(request.header("last-event-id", &last))
    };
    let stranger = other.key(Role::Customer).await;
    other.read(&stranger, &path).await.problem(404, "not_found");
    let writes = async {
        // Longer than a listener may stay away.
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            cluster.model.will(Next::Says(" "));
        }
        cluster.model.will(Next::Says(&SECOND[3..]));
        cluster.model.will(Next::Ends);
    };
    let (mut back, ()) = tokio::join!(again(&cluster.key), writes);
    assert_eq!(back.next().await.unwrap().name, "restart");
    let record = back.done().await;
    assert_eq!((text(&record, "outcome"), text(&record, "model")), ("resolved", "m"), "{record}");
    assert!(text(&record, "answer").contains("6 working days. [1]"), "{record}");
    assert_eq!(text(&record, "id"), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stops_its_model_when_nobody_listens_at_the_gateway() {
    let cluster = Cluster::open(1).await;
    let worker = tokio::task::block_in_place(|| serve(&cluster.workers[0]).0);
    cluster.has("1 worker").await;
    cluster.model.will(Next::Says(FIRST));
    cluster.model.will(Next::Says("You"));
    let mut client = cluster.ask().await;
    let id = client.until("citation").await.id;
    drop(client);
    let next = cluster.model.next.clone();
    let mut writes = JoinSet::new();
    writes.spawn(async move {
        while next.send(Next::Says(SECOND)).is_ok() {
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    });
    soon(async || cluster.model.stopped.load(Ordering::SeqCst).then_some(())).await;
    drop(writes);
    let id = id.split_once(':').unwrap().0.to_owned();
    let read = async || {
        let reply = cluster.gateway.read(&cluster.key, &format!("/v1/interactions/{id}")).await;
        (reply.status == 200).then(|| reply.record())
    };
    assert_eq!(text(&soon(read).await, "outcome"), "interrupted");
    let unknown =
        async || counted(&cluster.gateway, "contactiq_model_left_alone", &[]).await.is_nan().then_some(());
    // A gateway asks no model while workers answer, and says of none that it is well.
    soon(unknown).await;
    drop(worker);
}
