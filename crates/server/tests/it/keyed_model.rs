//! A model behind OpenAI's API that lets in who has one of its keys, and remembers with which it was asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::house::REPLACEMENT;

/// A model with a door.
pub(crate) struct KeyedModel {
    pub(crate) url: String,
    door: Door,
    _serving: JoinSet<()>,
}

#[derive(Clone, Default)]
struct Door {
    opens: Arc<Mutex<BTreeSet<String>>>,
    came: Arc<Mutex<BTreeMap<String, (usize, usize)>>>,
    takes: Duration,
}

impl KeyedModel {
    /// Opens to these keys, and takes so long for an answer.
    pub(crate) async fn start(keys: &[&str], takes: Duration) -> KeyedModel {
        let door = Door { takes, ..Door::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(door.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        let model = KeyedModel { url, door, _serving: serving };
        model.opens_to(keys);
        model
    }

    /// From now on it opens to these keys alone.
    pub(crate) fn opens_to(&self, keys: &[&str]) {
        *self.door.opens.lock().unwrap() = keys.iter().map(|key| (*key).to_owned()).collect();
    }

    /// How often somebody came with this key and was let in, and was refused.
    pub(crate) fn came(&self, key: &str) -> (usize, usize) {
        self.door.came.lock().unwrap().get(key).copied().unwrap_or_default()
    }
}

async fn answer(State(door): State<Door>, headers: HeaderMap) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let key = value.strip_prefix("Bearer ").unwrap_or_default().to_owned();
    let opens = door.opens.lock().unwrap().contains(&key);
    {
        let mut came = door.came.lock().unwrap();
        let (let_in, refused) = came.entry(key).or_default();
        *(if opens { let_in } else { refused }) += 1;
    }
    if !opens {
        return (StatusCode::UNAUTHORIZED, "{}").into_response();
    }
    tokio::time::sleep(door.takes).await;
    let message = json!({ "role": "assistant", "content": format!("{REPLACEMENT} See the document. [1]") });
    Json(json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99 } }))
    .into_response()
}
