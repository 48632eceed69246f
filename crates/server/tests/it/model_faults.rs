//! A provider of language models that fails in every way: llmock (PyPI), which fails over HTTP as the large providers
//! do and judges its client, and for what it can't do a server of these tests. A person gets an answer of the bank's
//! documents, or is handed over, and never an error.

use std::{
    net::TcpListener as Listener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use axum::{Router, http::header, response::IntoResponse, routing::post};
use contactiq_domain::Role;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    chat_clients::python_packages,
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, Running, client, soon, start_in},
    listener::{Client, respond},
    process::Terminal,
    reply::text,
};

/// What a model says that read the passage; the words come one by one.
const GOOD: &str = "A replacement kite card is $9. [1] You get it in 6 working days. [1]";
/// Words of it behind which the first sentence is out.
const FIRST_SENTENCE: u64 = 12;

/// llmock, ended with the test.
struct Faults {
    url: String,
    process: Child,
}

impl Drop for Faults {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Faults {
    async fn start() -> Faults {
        let packages = tokio::task::block_in_place(|| python_packages("faults.txt"));
        let port = Listener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut python = Command::new("python3");
        python.args(["-c", "from llmock.cli import app; app()", "serve", "--port", &port.to_string()]);
        python.env("PYTHONPATH", packages).stdout(Stdio::null()).stderr(Stdio::null());
        let faults = Faults { url: format!("http://127.0.0.1:{port}"), process: python.spawn().unwrap() };
        soon(async || client().get(format!("{}/v1/models", faults.url)).send().await.ok()).await;
        faults
    }

    /// What it does next, and that it answers well from then on.
    async fn will(&self, behaviours: Value) {
        let told = |path: &str| client().post(format!("{}/_llmock/{path}", self.url));
        assert!(told("reset").send().await.unwrap().status().is_success());
        let mut all = behaviours.as_array().unwrap().clone();
        if all.iter().all(|one| one["type"] != "reply") {
            all.push(json!({ "type": "reply", "text": GOOD, "times": null }));
        }
        let told = told("scenario").json(&json!({ "behaviors": all })).send().await.unwrap();
        assert!(told.status().is_success(), "{}", told.text().await.unwrap());
    }

    async fn asked(&self, path: &str) -> Value {
        client().get(format!("{}/_llmock/{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn tries(&self) -> u64 {
        self.asked("requests").await["count"].as_u64().unwrap()
    }

    /// What it found wrong with how it was called.
    async fn blames(&self) -> Vec<String> {
        let verdict = self.asked("verdict").await;
        let findings = verdict["findings"].as_array().unwrap();
        findings.iter().map(|finding| text(finding, "code").to_owned()).collect()
    }
}

struct Bank {
    running: Running,
    key: Key,
}

impl Bank {
    async fn with(model: &str) -> Bank {
        Bank::set(model, &[]).await
    }

    /// With other settings beside.
    async fn set(model: &str, others: &[(&str, &str)]) -> Bank {
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        let file = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
        let settings = [
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", model),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "6"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
            ("CONTACTIQ__CUSTOMER__DISCLAIMER", ""),
        ];
        let settings = [&settings[..], others].concat();
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Bank { running, key }
    }

    /// The records of both ways to ask, each of them sound.
    async fn asked(&self) -> [Value; 2] {
        [self.streamed().await.0, self.whole().await]
    }

    async fn whole(&self) -> Value {
        let body = json!({ "mode": "customer", "question": QUESTION });
        let record = self.running.post(&self.key, "/v1/interactions", &body).await.record();
        is_sound(&record);
        record
    }

    /// The record, and whether something was withdrawn on the way.
    async fn streamed(&self) -> (Value, bool) {
        let body = json!({ "mode": "customer", "question": QUESTION });
        let request = self.running.posting(&self.key, "/v1/interactions", &body);
        let mut client = Client::of(request.header("accept", "text/event-stream")).await;
        let record = client.done().await;
        is_sound(&record);
        (record, client.heard.iter().any(|event| event.name == "restart"))
    }
}

/// The documents answer this question, so whatever the model does a person is told what they say, with where it stands.
fn is_sound(record: &Value) {
    assert_eq!(text(record, "outcome"), "resolved", "{record}");
    let answer = text(record, "answer");
    assert!(answer.contains("$9") && answer.contains("[1]"), "{answer}");
    assert_eq!(text(&record["citations"][0], "document"), "customer/kite");
}

fn by_model(record: &Value) -> bool {
    let by_model = text(record, "model") == "m";
    assert_eq!(text(respond(record), "outcome") == "generated", by_model, "{record}");
    by_model
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_when_the_provider_says_so() {
    let faults = Faults::start().await;
    let bank = Bank::with(&format!("{}/v1", faults.url)).await;
    for (fault, tries) in [
        (json!({ "type": "fail", "status": 429, "retry_after": 1 }), 2),
        (json!({ "type": "fail", "status": 500, "times": 3 }), 4),
        (json!({ "type": "slow_first_token", "seconds": 1 }), 1),
        // Nobody was shown anything yet.
        (json!({ "type": "stream_fault", "kind": "disconnect", "after_chunks": 3 }), 2),
        (json!({ "type": "stream_fault", "kind": "truncate", "after_chunks": 3 }), 2),
    ] {
        faults.will(json!([fault])).await;
        let (record, withdrawn) = bank.streamed().await;
        assert!(by_model(&record) && !withdrawn, "{fault}: {record}");
        assert_eq!(faults.tries().await, tries, "{fault}");
        assert_eq!(faults.blames().await, Vec::<String>::new(), "{fault}");
        assert!(record["tokens"]["output"].as_u64().unwrap() > 0, "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_not_tried_again_and_cited_sentences_answer() {
    let faults = Faults::start().await;
    for status in [400, 401, 403, 404, 422] {
        let bank = Bank::with(&format!("{}/v1", faults.url)).await;
        faults.will(json!([{ "type": "fail", "status": status, "times": null }])).await;
        let (record, withdrawn) = bank.streamed().await;
        assert!(!by_model(&record) && !withdrawn, "{status}: {record}");
        assert_eq!((faults.tries().await, faults.blames().await), (1, vec![]), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_hangs_or_limits_for_long_costs_its_time_and_no_more() {
    let faults = Faults::start().await;
    for (fault, least) in [
        (json!({ "type": "fail", "status": 503, "times": null }), 0),
        (json!({ "type": "fail", "status": 429, "retry_after": 600, "times": null }), 0),
        (json!({ "type": "delay", "seconds": 60, "times": null }), 5),
        (
            json!({ "type": "stream_fault", "kind": "stall", "stall_seconds": 60, "after_chunks": 3, "times": null }),
            2,
        ),
    ] {
        let bank = Bank::with(&format!("{}/v1", faults.url)).await;
        faults.will(json!([fault])).await;
        let began = Instant::now();
        let (record, withdrawn) = bank.streamed().await;
        assert!(!by_model(&record) && !withdrawn, "{fault}: {record}");
        let took = began.elapsed();
        assert!((least..12).contains(&took.as_secs()), "{fault}: {took:?}");
        assert!(faults.tries().await <= 4, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_is_left_in_time_for_cited_sentences() {
    let faults = Faults::start().await;
    let short =
        [("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "5"), ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "30")];
    let bank = Bank::set(&format!("{}/v1", faults.url), &short).await;
    faults.will(json!([{ "type": "delay", "seconds": 60, "times": null }])).await;
    let began = Instant::now();
    for record in bank.asked().await {
        assert!(!by_model(&record), "{record}");
    }
    assert!(began.elapsed().as_secs() < 10, "both were answered in their time: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_goes_wrong_after_a_sentence_is_withdrawn_in_favour_of_cited_sentences() {
    let faults = Faults::start().await;
    let bank = Bank::with(&format!("{}/v1", faults.url)).await;
    for kind in ["disconnect", "truncate", "malformed"] {
        let fault = json!({ "type": "stream_fault", "kind": kind, "after_chunks": FIRST_SENTENCE });
        let mut was_shown = false;
        // On a busy machine the fault may be heard before the sentence was read: then nothing was shown.
        for _ in 0..10 {
            faults.will(json!([fault])).await;
            let (record, withdrawn) = bank.streamed().await;
            if withdrawn {
                assert!(!by_model(&record), "{kind}: {record}");
                assert_eq!(faults.tries().await, 1, "{kind}: what was shown is not said again");
                was_shown = true;
                break;
            }
        }
        assert!(was_shown, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_makes_up_or_gives_away_is_not_shown() {
    let faults = Faults::start().await;
    let bank = Bank::with(&format!("{}/v1", faults.url)).await;
    let instructions = include_str!("../../../pipeline/prompts/answer-2.txt");
    for (says, must_not) in [
        ("A replacement kite card costs $9. [7] It is free on Sundays. [customer/secret]", "Sundays"),
        ("A replacement kite card costs $77. [1]", "77"),
        ("", "\u{0}"),
        (instructions, "source of facts"),
        (&format!("{GOOD} {instructions}"), "source of facts"),
    ] {
        faults.will(json!([{ "type": "reply", "text": says, "times": null }])).await;
        for record in bank.asked().await {
            assert!(!text(&record, "answer").contains(must_not), "{says}: {record}");
            assert!(record["citations"].as_array().unwrap().iter().all(|c| c["number"] == 1), "{record}");
        }
    }
}

/// A model server that always answers with this.
async fn saying(media: &'static str, body: String) -> (String, JoinSet<()>) {
    let body = Arc::new(body);
    let answer = post(move || {
        let body = body.as_str().to_owned();
        async move { ([(header::CONTENT_TYPE, media)], body).into_response() }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    let routes = Router::new().route("/v1/chat/completions", answer);
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    (url, serving)
}

fn completion(usage: &Value) -> String {
    let choice =
        json!({ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": GOOD } });
    json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage })
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_not_shown_and_a_bill_that_cannot_be_true_is_not_believed() {
    for (media, garbage) in [
        ("application/json", "}{"),
        ("application/json", "[]"),
        ("application/json", "{\"choices\":[{\"message\":{\"content\":7}}]}"),
        ("text/html", "<!doctype html><title>502</title>"),
        ("text/event-stream", "data: {\"choices\":\n\ndata: [DONE]\n\n"),
        ("text/event-stream", "data: [DONE]\n\n"),
        ("application/octet-stream", "\u{1}\u{2}"),
    ] {
        let (url, _serving) = saying(media, garbage.to_owned()).await;
        let bank = Bank::with(&url).await;
        let (record, withdrawn) = bank.streamed().await;
        assert!(!by_model(&record) && !withdrawn, "{garbage}: {record}");
    }
    for usage in [
        json!(null),
        json!("lots"),
        json!({ "prompt_tokens": -5, "completion_tokens": 2 }),
        json!({ "prompt_tokens": 9, "completion_tokens": 1e18 }),
    ] {
        let (url, _serving) = saying("application/json", completion(&usage)).await;
        let bank = Bank::with(&url).await;
        let record = bank.whole().await;
        assert!(by_model(&record), "{usage}: {record}");
        let tokens = |which: &str| record["tokens"][which].as_u64().unwrap();
        assert!((100..10_000).contains(&tokens("input")) && (5..100).contains(&tokens("output")), "{record}");
    }
}
