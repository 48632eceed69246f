//! A model that keeps what it was sent, repeats it to everybody, and fails in every way that a provider does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

#[derive(Default)]
struct Heard {
    bodies: Mutex<Vec<String>>,
    turn: AtomicU64,
}

pub(super) struct Model {
    pub(super) url: String,
    heard: Arc<Heard>,
    _serving: JoinSet<()>,
}

impl Model {
    pub(super) async fn start() -> Model {
        let heard = Arc::new(Heard::default());
        let keeps = Arc::clone(&heard);
        let route = post(move |body: Bytes| {
            let heard = Arc::clone(&keeps);
            async move { heard.answer(&String::from_utf8_lossy(&body)) }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/chat/completions", route);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Model { url, heard, _serving: serving }
    }

    /// All that it was sent.
    pub(super) fn bodies(&self) -> String {
        self.heard.bodies.lock().unwrap().join("\n")
    }
}

impl Heard {
    fn answer(&self, body: &str) -> Response {
        self.bodies.lock().unwrap().push(body.to_owned());
        let asked: Value = serde_json::from_str(body).unwrap();
        let last = asked["messages"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        let said = format!("You said: {}. A replacement card costs $10 [1].", last["content"]);
        match self.turn.fetch_add(1, Ordering::SeqCst) % 6 {
            0 => (StatusCode::INTERNAL_SERVER_ERROR, said).into_response(),
            1 => (StatusCode::OK, format!("<html>{said}")).into_response(),
            2 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], said).into_response(),
            _ if asked["stream"] == true => {
                let chunk = |choice: Value| {
                    json!({ "id": "c", "object": "chat.completion.chunk", "created": 1,
                    "model": "m", "choices": [choice],
                    "usage": { "prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18 } })
                };
                let words = chunk(json!({ "index": 0, "delta": { "content": said } }));
                let end = chunk(json!({ "index": 0, "delta": {}, "finish_reason": "stop" }));
                let text = format!("data: {words}\n\ndata: {end}\n\ndata: [DONE]\n\n");
                ([("content-type", "text/event-stream")], text).into_response()
            }
            _ => axum::Json(json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": said },
                    "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18 } }))
            .into_response(),
        }
    }
}
