//! A server with OpenAI's chat API that answers what a test wants.

use axum::{Json, Router, routing::MethodRouter};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The base URL of a server that answers chats so; it ends with the set.
pub(crate) async fn answering(chats: MethodRouter) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/chat/completions", chats);
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    (url, serving)
}

/// An answer of the model `m` that took so many tokens in and out.
pub(crate) fn completion(content: &str, (read, wrote): (u32, u32)) -> Json<Value> {
    Json(json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote },
    }))
}
