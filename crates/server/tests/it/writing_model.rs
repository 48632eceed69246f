//! A model behind OpenAI's API whose words a test sends one by one, and which knows whether it was stopped.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinSet,
};

/// What a model does next.
pub(crate) enum Next {
    Says(&'static str),
    /// It ends its answer.
    Ends,
    /// Its connection breaks.
    Breaks,
}

/// A model whose words a test sends one by one.
pub(crate) struct Model {
    pub(crate) url: String,
    pub(crate) next: mpsc::UnboundedSender<Next>,
    pub(crate) asked: Arc<AtomicUsize>,
    /// Whether somebody stopped listening to it before its end.
    pub(crate) stopped: Arc<AtomicBool>,
    _serving: JoinSet<()>,
}

/// Notices that nobody reads any more.
struct Reading {
    stopped: Arc<AtomicBool>,
    ended: bool,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.ended {
            self.stopped.store(true, Ordering::SeqCst);
        }
    }
}

type Heard = Arc<Mutex<mpsc::UnboundedReceiver<Next>>>;

fn chunk(choice: Value) -> String {
    let usage = json!({ "prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99 });
    let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [choice], "usage": usage });
    format!("data: {chunk}\n\n")
}

fn answer(heard: Heard, stopped: Arc<AtomicBool>) -> Response {
    let reading = Reading { stopped, ended: false };
    let pieces = stream::unfold(Some((heard, reading)), |state| async move {
        let (heard, mut reading) = state?;
        let next = heard.lock().await.recv().await;
        match next {
            Some(Next::Says(words)) => {
                let piece = chunk(json!({ "index": 0, "delta": { "content": words } }));
                Some((Ok::<_, std::io::Error>(piece), Some((heard, reading))))
            }
            Some(Next::Ends) => {
                reading.ended = true;
                let piece = chunk(json!({ "index": 0, "delta": {}, "finish_reason": "stop" }));
                Some((Ok(piece + "data: [DONE]\n\n"), None))
            }
            Some(Next::Breaks) | None => {
                reading.ended = true;
                Some((Err(std::io::ErrorKind::ConnectionReset.into()), None))
            }
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(pieces)).into_response()
}

impl Model {
    pub(crate) async fn start() -> Model {
        let (next, heard) = mpsc::unbounded_channel();
        let heard: Heard = Arc::new(Mutex::new(heard));
        let (asked, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, cut) = (Arc::clone(&asked), Arc::clone(&stopped));
        let route = post(move || {
            count.fetch_add(1, Ordering::SeqCst);
            let response = answer(Arc::clone(&heard), Arc::clone(&cut));
            async move { Ok::<_, Infallible>(response) }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/chat/completions", route);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Model { url, next, asked, stopped, _serving: serving }
    }

    pub(crate) fn will(&self, next: Next) {
        assert!(self.next.send(next).is_ok(), "the model is there");
    }
}
