//! The model behind OpenAI's chat API, on loopback.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Json, Router, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::obey::obey;

/// The running model. It ends when this is dropped.
pub struct Obedient {
    /// What `llm.base_url` is to be.
    pub url: String,
    heard: Arc<Mutex<Vec<Answered>>>,
    /// Ends what it holds when it is dropped.
    _serving: JoinSet<()>,
}

/// One request and its answer.
#[derive(Clone)]
struct Answered {
    system: String,
    said: String,
}

#[derive(Deserialize)]
struct Asked {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

impl Obedient {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When no port of loopback can be opened.
    pub async fn start() -> io::Result<Obedient> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let heard = Arc::default();
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&heard));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Obedient { url, heard, _serving: serving })
    }

    /// What it said since it was last asked for this, and the marks that stood in its instructions.
    #[must_use]
    pub fn take(&self) -> (Vec<String>, Vec<String>) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *heard);
        let mark = |system: &str| {
            let (_, rest) = system.split_once("the mark ")?;
            rest.split_once(':').map(|(mark, _)| mark.to_owned())
        };
        let marks = all.iter().filter_map(|a| mark(&a.system)).collect();
        (all.into_iter().map(|a| a.said).collect(), marks)
    }
}

async fn answer(State(heard): State<Arc<Mutex<Vec<Answered>>>>, Json(asked): Json<Asked>) -> Json<Value> {
    let of = |role: &str| -> String {
        asked.messages.iter().filter(|m| m.role == role).map(|m| m.content.as_str()).collect()
    };
    let system = of("system");
    let said = obey(&system, &of("user"));
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(Answered { system, said: said.clone() });
    Json(json!({
        "id": "obedient", "object": "chat.completion", "created": 1, "model": "obedient",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": said } }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    }))
}
