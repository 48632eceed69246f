//! A question whose worker dies between two steps: whoever takes it over goes on with what was made, and no model is paid
//! twice (C2).

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    cluster::Database,
    crash::serve,
    cut_streams::{knows_kites, with_model},
    grounding_gate::QUESTION,
    house::{client, soon},
    reply::text,
    without_tables::redis,
    workers::process,
};

/// No passage says so: the gate removes both, and the model is asked once more.
const WRONG: &str = "A replacement kite card costs $77. [1] It arrives in 40 business days. [1]";
const RIGHT: &str = "A replacement kite card costs $9. [1]";
/// What only the second question has in its instructions.
const AGAIN: &str = "A first answer to this question was not used";

/// A model whose first answer does not stand, and which falls silent the first time that it is asked again.
struct Model {
    url: String,
    asked: Arc<AtomicUsize>,
    asked_again: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

fn says(words: &str, streams: bool) -> Response {
    let usage = json!({ "prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99 });
    if !streams {
        let message = json!({ "role": "assistant", "content": words });
        let choice = json!({ "index": 0, "finish_reason": "stop", "message": message });
        let body = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage });
        return Json(body).into_response();
    }
    let chunk = |choice: Value| {
        let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], "usage": usage });
        Ok::<_, Infallible>(format!("data: {chunk}\n\n"))
    };
    let pieces = [
        chunk(json!({ "index": 0, "delta": { "content": words } })),
        chunk(json!({ "index": 0, "delta": {}, "finish_reason": "stop" })),
        Ok("data: [DONE]\n\n".to_owned()),
    ];
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream::iter(pieces))).into_response()
}

async fn model() -> Model {
    let (asked, asked_again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (first, second) = (Arc::clone(&asked), Arc::clone(&asked_again));
    let route = post(move |Json(body): Json<Value>| {
        let (first, second) = (Arc::clone(&first), Arc::clone(&second));
        async move {
            let streams = body["stream"] == true;
            if !body.to_string().contains(AGAIN) {
                first.fetch_add(1, Ordering::SeqCst);
                return says(WRONG, streams);
            }
            if second.fetch_add(1, Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
            says(RIGHT, streams)
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/chat/completions", route);
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    Model { url, asked, asked_again, _serving: serving }
}

/// The record of a question whose worker died while it asked the model again.
async fn taken_over(model: &Model, accept: &'static str, has_heir: bool) -> Value {
    let tables = Database::new().await;
    let made = |role| with_model(process(&tables, &redis(), role), &model.url);
    let (gateway, worker, heir) = (made("gateway"), made("worker"), made("worker"));
    knows_kites(&gateway);
    let key = gateway.run(&["keys", "create", "--name", "asks", "--role", "service"]).well();
    let started = |terminal| tokio::task::block_in_place(|| serve(terminal));
    let (_gateway, url) = started(&gateway);
    let dies = started(&worker).0;
    soon(async || {
        let ready: Value = reqwest::get(format!("{url}/ready")).await.ok()?.json().await.ok()?;
        (text(&ready, "answers") == "1 worker").then_some(())
    })
    .await;
    let body = json!({ "mode": "customer", "question": QUESTION, "subject": "s1" });
    let sent = client().post(format!("{url}/v1/interactions")).bearer_auth(key.trim()).json(&body);
    let asking = sent.header("accept", accept).send();
    let asking = async { asking.await.unwrap().text().await.unwrap() };
    let kill = async {
        soon(async || (model.asked_again.load(Ordering::SeqCst) == 1).then_some(())).await;
        let heir = has_heir.then(|| started(&heir).0);
        drop(dies);
        heir
    };
    let (said, _heir) = tokio::join!(asking, kill);
    let done = said.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap_or(&said);
    serde_json::from_str(done.trim()).unwrap_or_else(|_| panic!("{said}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_dead_worker_was_given_is_not_paid_again() {
    // Where no worker is left the gateway takes it over.
    for (accept, has_heir) in
        [("application/json", true), ("text/event-stream", true), ("application/json", false)]
    {
        let model = model().await;
        let record = taken_over(&model, accept, has_heir).await;
        assert!(text(&record, "answer").starts_with(RIGHT) && text(&record, "model") == "m", "{record}");
        let asked = (model.asked.load(Ordering::SeqCst), model.asked_again.load(Ordering::SeqCst));
        assert_eq!(
            asked,
            (1, 2),
            "the answer that never came was asked for again, the other was not: {accept}"
        );
        // It is in the record all the same: the bank paid it.
        assert_eq!(record["tokens"], json!({ "input": 180, "output": 18 }), "{record}");
    }
}
