//! What faults of language models cost: budgets hold while models cut, hang, err and lie, many at once, and each record
//! says what its question was charged, also where its answer was cut, stopped or lost against a quicker model.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use contactiq_domain::Role;
use contactiq_store::budgets::outstanding;
use futures_util::stream;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Row, sqlite::SqliteConnectOptions};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    dear::{AROUND, PRICES, TOKEN, WRITTEN},
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, Running, soon, start_in},
    listener::{Client, respond},
    operations::counted,
    process::Terminal,
    reply::{Reply, text},
    writing_model::{Model, Next},
};

const FIRST: &str = "A replacement kite card is $9. [1] ";

/// A model that answers well once in two times and fails in every way in between. It asks money for each request that
/// it did not refuse, as much as the request allows.
struct Faulty {
    url: String,
    /// In billionths of a dollar.
    bill: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Told {
    bill: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
}

impl Faulty {
    async fn start() -> Faulty {
        let told = Told { bill: Arc::default(), asked: Arc::default() };
        let (bill, asked) = (Arc::clone(&told.bill), Arc::clone(&told.asked));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(told);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Faulty { url, bill, asked, _serving: serving }
    }

    fn bill(&self) -> i64 {
        i64::try_from(self.bill.load(Ordering::SeqCst)).unwrap()
    }
}

fn events(pieces: Vec<Result<String, std::io::Error>>) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream::iter(pieces))).into_response()
}

async fn answer(State(told): State<Told>, Json(request): Json<Value>) -> Response {
    let turn = told.asked.fetch_add(1, Ordering::SeqCst);
    let fault = if turn.is_multiple_of(2) { 0 } else { 1 + (turn / 2) % 7 };
    if fault == 1 {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if fault == 2 {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let bytes: usize = request["messages"].as_array().unwrap().iter().map(|m| text(m, "content").len()).sum();
    let read = bytes as u64 + AROUND;
    told.bill.fetch_add((read + WRITTEN) * TOKEN, Ordering::SeqCst);
    let piece = json!({ "choices": [{ "index": 0, "delta": { "content": FIRST } }] });
    let begun = || Ok(format!("data: {piece}\n\n"));
    match fault {
        0 => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let usage = json!({ "prompt_tokens": read, "completion_tokens": WRITTEN, "total_tokens": read + WRITTEN });
            let message = json!({ "role": "assistant", "content": "NO ANSWER" });
            let choice = json!({ "index": 0, "finish_reason": "stop", "message": message });
            Json(json!({ "id": "c", "model": "dear", "choices": [choice], "usage": usage })).into_response()
        }
        3 => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        // Cut, and an error: behind a sentence and before one.
        4 => events(vec![begun(), Err(std::io::ErrorKind::ConnectionReset.into())]),
        5 => events(vec![
            begun(),
            begun(),
            Ok("data: {\"error\":{\"message\":\"x\",\"code\":\"rate_limit_exceeded\"}}\n\n".to_owned()),
        ]),
        6 => {
            events(vec![Ok("data: {\"error\":{\"message\":\"x\",\"code\":\"server_error\"}}\n\n".to_owned())])
        }
        _ => "}{".into_response(),
    }
}

struct Bank {
    running: Running,
    key: Key,
    terminal: Terminal,
}

impl Bank {
    /// A bank of one document with this model, these prices, and what stands in its file of the configuration.
    async fn with(model: &str, prices: &str, file: &str, more: &[(&str, &str)]) -> Bank {
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        let document = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &document]).well();
        let file = terminal.file("bank.toml", file).display().to_string();
        let prices = terminal.file("prices.toml", prices).display().to_string();
        let mut settings = vec![
            ("CONTACTIQ_CONFIG", file.as_str()),
            ("CONTACTIQ__FILES__PRICES", prices.as_str()),
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", model),
            ("CONTACTIQ_LLM_MODEL", "dear"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
            ("CONTACTIQ__CUSTOMER__DISCLAIMER", ""),
        ];
        settings.extend(more);
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Admin).await;
        Bank { running, key, terminal }
    }

    fn asking(&self, accept: &str) -> reqwest::RequestBuilder {
        let body = json!({ "mode": "customer", "question": QUESTION });
        self.running.posting(&self.key, "/v1/interactions", &body).header("accept", accept)
    }

    /// What `/v1/costs` says once nothing is held and all is counted: what its records cost together, and what budgets
    /// were charged today, which is the same in the end.
    async fn costs(&self) -> (f64, f64) {
        soon(async || {
            let left = outstanding(&mut self.running.store.read().await.unwrap()).await.unwrap();
            (left.reservations == 0).then_some(())
        })
        .await;
        let mut told = (0.0, 0.0);
        for _ in 0..50 {
            let costs = self.running.read(&self.key, "/v1/costs").await.json();
            let today = costs["budgets"].as_array().unwrap().iter().find(|b| b["scope"] == "all").unwrap();
            told = (costs["total"]["cost_usd"].as_f64().unwrap(), today["spent_usd"].as_f64().unwrap());
            if (told.0 - told.1).abs() < 1e-12 {
                break;
            }
            // A charge that nothing was reserved for is counted behind the answer.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        told
    }

    /// The record of the question that was begun last, once it is finished.
    async fn newest(&self) -> Value {
        let file = SqliteConnectOptions::new().filename(self.terminal.data().join("contactiq.db"));
        let mut raw = file.connect().await.unwrap();
        let newest = sqlx::query("SELECT id FROM interactions ORDER BY created_at DESC LIMIT 1");
        let id: String = newest.fetch_one(&mut raw).await.unwrap().get("id");
        soon(async || {
            let reply = self.running.read(&self.key, &format!("/v1/interactions/{id}")).await;
            (reply.status == 200).then(|| reply.record())
        })
        .await
    }
}

/// Lets the model write on until somebody notices that nobody reads it.
async fn is_stopped(model: &Model) {
    soon(async || {
        model.will(Next::Says("on and on "));
        model.stopped.swap(false, Ordering::SeqCst).then_some(())
    })
    .await;
}

/// Billionths of a dollar.
fn nano(dollars: &Value) -> i64 {
    (dollars.as_f64().unwrap() * 1e9).round() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_while_two_models_fail_in_every_way_and_the_records_say_what_was_charged() {
    const BUDGET: i64 = 80_000_000;
    let (one, other) = (Faulty::start().await, Faulty::start().await);
    let file = format!(
        "[budgets]\nday_usd = 0.08\n[llm]\nhedge_after_milliseconds = 150\n[[llm.providers]]\nname = \"other\"\n\
         kind = \"openai\"\nbase_url = \"{}\"\nmodel = \"dear\"\n",
        other.url
    );
    let settings = [
        ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "1"),
        ("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "120"),
        ("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "100000"),
    ];
    let bank = Bank::with(&one.url, PRICES, &file, &settings).await;
    let (mut records, mut all): (Vec<Value>, bool) = (Vec::new(), true);
    // Many at once, again and again, until what is left of the budget has room for no call.
    for _ in 0..20 {
        let mut asked = JoinSet::new();
        for n in 0..60 {
            let accept = if n % 2 == 0 { "application/json" } else { "text/event-stream" };
            let request = bank.asking(accept).timeout(Duration::from_secs(150));
            asked.spawn(async move {
                let reply = Reply::of(request).await;
                // A busy machine may not take a record in time.
                if reply.status == 503 {
                    return None;
                }
                Some(match reply.text.split("event: done\ndata: ").nth(1) {
                    Some(done) => serde_json::from_str(done.lines().next().unwrap()).unwrap(),
                    None => reply.record(),
                })
            });
        }
        let told = asked.join_all().await;
        all &= told.iter().all(Option::is_some);
        records.extend(told.into_iter().flatten());
        if records.iter().any(|record| text(respond(record), "detail").contains("is used up")) {
            break;
        }
    }
    let (logged, spent) = bank.costs().await;
    let (logged, spent) = ((logged * 1e9).round() as i64, (spent * 1e9).round() as i64);
    let bills = one.bill() + other.bill();
    let tries = one.asked.load(Ordering::SeqCst) + other.asked.load(Ordering::SeqCst);
    println!("{tries} tries, billed {bills}, spent {spent} of {BUDGET}, in records {logged}");
    assert!(tries > 30 && spent > BUDGET / 4 * 3, "{tries} tries for {spent} of {BUDGET} prove nothing");
    assert!(bills <= spent, "the providers ask for {bills}, and {spent} is counted");
    assert!(spent <= BUDGET, "{spent} of {BUDGET}");
    let told: i64 = records.iter().map(|record| nano(&record["cost_usd"])).sum();
    assert!(if all { logged == spent && told == spent } else { told <= logged && logged <= spent }, "{told}");
    let guessed = records.iter().filter(|r| !respond(r)["values"]["tries_without_figures"].is_null());
    assert!(guessed.clone().count() > 5, "{}", guessed.count());
    for record in &records {
        let answer = text(record, "answer");
        assert_eq!(text(record, "outcome"), "resolved", "{record}");
        assert!(answer.contains("$9") && answer.contains("[1]"), "{record}");
        let was_asked = respond(record)["version"].is_string();
        assert!(was_asked || record["cost_usd"] == 0.0, "{record}");
        assert!(!was_asked || text(respond(record), "version").starts_with("answer-2"), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_after_a_sentence_costs_what_was_charged_for_it() {
    let model = Model::start().await;
    let bank = Bank::with(&model.url, PRICES, "", &[]).await;
    model.will(Next::Says(FIRST));
    model.will(Next::Says("You"));
    let mut client = Client::of(bank.asking("text/event-stream")).await;
    client.until("citation").await;
    model.will(Next::Breaks);
    let record = client.done().await;
    assert_eq!(text(&record, "model"), "extractive", "{record}");
    let step = respond(&record);
    assert_eq!(
        (&step["version"], &step["values"]["tries_without_figures"]),
        (&json!("answer-2"), &json!(1.0))
    );
    // As the model said with its words; what it may ask for is more.
    assert_eq!(record["tokens"]["input"], 90, "{record}");
    assert!(record["tokens"]["output"].as_u64().unwrap() >= 9, "{record}");
    assert!(nano(&record["cost_usd"]) > (90 + i64::try_from(WRITTEN).unwrap()) * 1_000, "{record}");
    let (logged, spent) = bank.costs().await;
    assert!(
        (logged - spent).abs() < 1e-12 && nano(&record["cost_usd"]) == nano(&json!(spent)),
        "{logged} {spent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_stream_or_the_whole_stops_the_model_and_the_record_says_what_it_cost() {
    let model = Model::start().await;
    let bank = Bank::with(&model.url, PRICES, "", &[]).await;
    model.will(Next::Says(FIRST));
    model.will(Next::Says("You"));
    let mut client = Client::of(bank.asking("text/event-stream")).await;
    client.until("citation").await;
    drop(client);
    is_stopped(&model).await;
    let streamed = bank.newest().await;
    assert_eq!(text(&streamed, "outcome"), "interrupted", "{streamed}");
    assert!(text(&streamed, "answer").starts_with("A replacement kite card is $9."), "{streamed}");

    // Nobody waits for the whole any more, and nobody will ask again for it.
    let waits = bank.asking("application/json");
    let waiting = tokio::time::timeout(Duration::from_millis(1_500), waits.send()).await;
    assert!(waiting.is_err(), "the model says nothing");
    is_stopped(&model).await;
    let whole = bank.newest().await;
    assert_eq!(text(&whole, "outcome"), "interrupted", "{whole}");
    assert_eq!((text(&whole, "answer"), text(respond(&whole), "outcome")), ("", "stopped"), "{whole}");
    for record in [&streamed, &whole] {
        assert!(nano(&record["cost_usd"]) > 0 && record["tokens"]["input"].as_u64().unwrap() > 0, "{record}");
        assert_eq!(respond(record)["values"]["tries_without_figures"], 1.0, "{record}");
    }
    let (logged, spent) = bank.costs().await;
    assert!((logged - spent).abs() < 1e-12, "{logged} {spent}");
    assert_eq!(nano(&streamed["cost_usd"]) + nano(&whole["cost_usd"]), nano(&json!(spent)));
    assert!(counted(&bank.running, "contactiq_answers_left_total", &[]).await >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_idempotency_key_a_question_goes_on_for_who_asks_again() {
    let model = Model::start().await;
    let bank = Bank::with(&model.url, PRICES, "", &[]).await;
    let asking = || bank.asking("application/json").header("idempotency-key", "a-question-of-its-own");
    let waiting = tokio::time::timeout(Duration::from_millis(1_500), asking().send()).await;
    assert!(waiting.is_err(), "the model says nothing");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!model.stopped.load(Ordering::SeqCst), "it goes on");
    // What it says is no JSON, so that the bank's own sentences answer.
    model.will(Next::Says("}{"));
    model.will(Next::Ends);
    let again = soon(async || {
        let reply = Reply::of(asking()).await;
        (reply.status == 200).then(|| reply.record())
    })
    .await;
    assert_eq!((text(&again, "outcome"), text(&again, "model")), ("resolved", "extractive"), "{again}");
    assert_eq!(model.asked.load(Ordering::SeqCst), 1, "and is asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_price_does_not_look_like_a_free_one() {
    for (prices, costs, unpriced) in [
        (PRICES, true, Value::Null),
        ("[dear]\ninput_per_million = 0\noutput_per_million = 0\n", false, Value::Null),
        // Last: all servers of a process count together.
        ("[other]\ninput_per_million = 1\noutput_per_million = 1\n", false, json!(1.0)),
    ] {
        let model = Faulty::start().await;
        let bank = Bank::with(&model.url, prices, "", &[]).await;
        let record = Reply::of(bank.asking("application/json")).await.record();
        assert!(record["tokens"]["input"].as_u64().unwrap() > 100, "{record}");
        assert_eq!(respond(&record)["values"]["without_price"], unpriced, "{prices} {record}");
        assert_eq!(record["cost_usd"] != 0.0, costs, "{prices} {record}");
        let counted = counted(&bank.running, "contactiq_model_calls_without_price_total", &[]).await;
        assert_eq!(counted > 0.0, !unpriced.is_null(), "{prices}");
    }
}
