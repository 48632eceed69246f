//! A server with OpenAI's embeddings API, for the tests of the remote encoder.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use contactiq_nlu::encoder::{Encoder, KernelChoice, MiniLm};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The key that it wants.
pub(crate) const KEY: &str = "sk-canary-embeddings";

/// What makes its vectors.
enum Maker {
    Real(Box<MiniLm>),
    /// Counts words by a hash: no meaning, but the same vector for the same words, in no time.
    Words,
}

struct Inner {
    maker: Maker,
    down: AtomicBool,
    /// How many requests it still serves.
    patience: AtomicUsize,
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Every text that arrived.
    heard: Mutex<Vec<String>>,
}

/// A running server; it ends with this.
pub(crate) struct Embeddings {
    pub(crate) base_url: String,
    inner: Arc<Inner>,
    _serving: JoinSet<()>,
}

/// The folder of the real encoder, which CONTACTIQ_ENCODER names; none where it is `off`.
///
/// # Panics
/// Where it is not set, or names no folder: what nobody measured must not pass.
#[expect(clippy::disallowed_methods, reason = "a test asks whether the real encoder is at hand")]
pub(crate) fn real_folder() -> Option<PathBuf> {
    let named = std::env::var("CONTACTIQ_ENCODER").unwrap_or_default();
    let folder = (named != "off").then(|| PathBuf::from(named))?;
    assert!(
        folder.is_dir(),
        "CONTACTIQ_ENCODER names no folder of an encoder: `make encoder` fetches it and `make test` names its folder; \
         `off` leaves this test out"
    );
    Some(folder)
}

/// Where runs keep what the real encoder made of the demo bank, for those that come after: it takes minutes.
/// `scripts/browser-test.sh` takes it from there too. Of another encoder it is left aside.
fn kept_vectors() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("encoded/vectors.bin")
}

/// Gives a data folder what an earlier run encoded.
pub(crate) fn with_kept_vectors(data: &Path) {
    std::fs::create_dir_all(data.join("cache")).unwrap();
    drop(std::fs::copy(kept_vectors(), data.join("cache/vectors.bin")));
}

/// Keeps what this run encoded; whole or not at all.
pub(crate) fn keep_vectors(data: &Path) {
    let (kept, made) = (kept_vectors(), data.join("cache/vectors.bin"));
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    let part = kept.with_extension(std::process::id().to_string());
    if std::fs::copy(made, &part).is_ok() {
        std::fs::rename(part, kept).unwrap();
    }
}

impl Embeddings {
    /// Serves the vectors of the encoder in this folder.
    pub(crate) async fn real(folder: &Path) -> Embeddings {
        Self::start(Maker::Real(Box::new(MiniLm::load_adapted(folder, KernelChoice::Auto).unwrap()))).await
    }

    /// Serves vectors of 64 numbers that count words.
    pub(crate) async fn of_words() -> Embeddings {
        Self::start(Maker::Words).await
    }

    async fn start(maker: Maker) -> Embeddings {
        let inner = Arc::new(Inner {
            maker,
            down: AtomicBool::new(false),
            patience: AtomicUsize::new(usize::MAX),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            heard: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/embeddings", post(serve)).with_state(Arc::clone(&inner));
        let mut serving = JoinSet::new();
        let counted = Arc::clone(&inner);
        let listener = listener.tap_io(move |_| _ = counted.connections.fetch_add(1, Ordering::SeqCst));
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Embeddings { base_url, inner, _serving: serving }
    }

    /// The settings of a server of ours that uses this one.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CONTACTIQ_ENCODER", String::new()),
            ("CONTACTIQ_EMBEDDINGS_BASE_URL", self.base_url.clone()),
            ("CONTACTIQ_EMBEDDINGS_MODEL", "little-encoder".to_owned()),
            ("CONTACTIQ_EMBEDDINGS_API_KEY", KEY.to_owned()),
        ]
    }

    /// From now on it answers with 500, or no longer.
    pub(crate) fn is_down(&self, down: bool) {
        self.inner.down.store(down, Ordering::SeqCst);
    }

    /// After so many more requests it answers with 500.
    pub(crate) fn serves_only(&self, requests: usize) {
        self.inner.patience.store(requests, Ordering::SeqCst);
    }

    /// Connections that were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// Requests that came so far.
    pub(crate) fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::SeqCst)
    }

    /// The texts that arrived since this was called last.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.inner.heard.lock().unwrap())
    }
}

async fn serve(State(inner): State<Arc<Inner>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    inner.requests.fetch_add(1, Ordering::SeqCst);
    if headers.get(header::AUTHORIZATION).is_none_or(|key| *key != format!("Bearer {KEY}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let texts: Vec<String> = serde_json::from_value(body["input"].clone()).unwrap();
    assert!(texts.len() <= 64 && body["model"].is_string());
    inner.heard.lock().unwrap().extend(texts.iter().cloned());
    let patience = inner.patience.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if inner.down.load(Ordering::SeqCst) || patience.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let made = Arc::clone(&inner);
    let vectors = tokio::task::spawn_blocking(move || made.maker.vectors(&texts)).await.unwrap();
    // The order is told by `index` alone.
    let data: Vec<Value> =
        vectors.iter().enumerate().rev().map(|(at, v)| json!({ "index": at, "embedding": v })).collect();
    Json(json!({ "object": "list", "data": data, "model": "m", "usage": { "prompt_tokens": 1 } }))
        .into_response()
}

impl Maker {
    fn vectors(&self, texts: &[String]) -> Vec<Vec<f32>> {
        match self {
            Maker::Real(model) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                model.encode(&texts).unwrap()
            }
            Maker::Words => texts.iter().map(|text| counted(text)).collect(),
        }
    }
}

fn counted(text: &str) -> Vec<f32> {
    let mut vector = vec![0.01_f32; 64];
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        let at = word.bytes().fold(7_usize, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into())) % 64;
        vector[at] += 1.0;
    }
    vector
}
