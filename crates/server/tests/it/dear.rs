//! A language model over TCP that is as dear as it can be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::reply::text;

/// A dollar for a million tokens, read or written: 1000 billionths a token.
pub(crate) const PRICES: &str = "[dear]\ninput_per_million = 1\noutput_per_million = 1\n";
pub(crate) const TOKEN: u64 = 1_000;
/// What the house asks for at most, and what a server may wrap a message in.
pub(crate) const WRITTEN: u64 = 400;
pub(crate) const AROUND: u64 = 2 * 64;

/// A model that reads every byte as a token and writes as much as it may.
pub(crate) struct Dear {
    pub(crate) url: String,
    asked: Arc<AtomicU64>,
    /// In billionths of a dollar.
    bill: Arc<AtomicU64>,
    lets: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Told {
    asked: Arc<AtomicU64>,
    bill: Arc<AtomicU64>,
    lets: watch::Receiver<bool>,
}

impl Dear {
    pub(crate) async fn start() -> Dear {
        let (lets, seen) = watch::channel(true);
        let told = Told { asked: Arc::default(), bill: Arc::default(), lets: seen };
        let (asked, bill) = (Arc::clone(&told.asked), Arc::clone(&told.bill));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(told);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Dear { url, asked, bill, lets, _serving: serving }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// What it asks for, in billionths of a dollar.
    pub(crate) fn bill(&self) -> i64 {
        self.bill.load(Ordering::SeqCst) as i64
    }

    /// From now on it reads and answers nothing, or it answers again.
    pub(crate) fn hangs(&self, hangs: bool) {
        self.lets.send(!hangs).unwrap();
    }
}

async fn answer(State(mut told): State<Told>, Json(request): Json<Value>) -> Json<Value> {
    let bytes: usize = request["messages"].as_array().unwrap().iter().map(|m| text(m, "content").len()).sum();
    let read = bytes as u64 + AROUND;
    told.asked.fetch_add(1, Ordering::SeqCst);
    told.bill.fetch_add((read + WRITTEN) * TOKEN, Ordering::SeqCst);
    told.lets.wait_for(|lets| *lets).await.unwrap();
    // As long as others come meanwhile.
    tokio::time::sleep(Duration::from_millis(30)).await;
    Json(json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "dear",
        "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "NO ANSWER" } }],
        "usage": { "prompt_tokens": read, "completion_tokens": WRITTEN, "total_tokens": read + WRITTEN },
    }))
}
