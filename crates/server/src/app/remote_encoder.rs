//! The sentence encoder on another server. The house calls an encoder from threads that may wait, and
//! the wire is async: between the two stands a small runtime of its own.
//!
//! What leaves here is [`Masked`] by type. Text that the bank published goes as it is; all other text
//! goes through the guard once more, so that no caller can forget it.

use std::{
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

use contactiq_domain::{BreakerState, Clock};
use contactiq_guard::{Masked, Published, Raw};
use contactiq_llm::{Embeddings, EmbeddingsSettings, Http, Jitter, ModelError, SetupError, TokensRead};
use contactiq_nlu::encoder::{Encoder, EncoderError, Payer};
use contactiq_pipeline::Door;
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};

use crate::wiring::hex;

/// Part of the fingerprint: raise it with every change that makes the same server give other vectors.
const METHOD: &str = "contactiq remote encoder 1";
/// Nobody waits for text of the bank, and a request has more of it.
const PATIENCE: u32 = 10;
/// What the first request asks for: it tells the length of a vector, and that the server is there.
const FIRST: &str = "Where is the nearest cash machine?";

/// Why there is no remote encoder.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// A setting is wrong.
    Setup(SetupError),
    /// This machine has no thread left.
    Thread,
    /// The server failed on the first text.
    Failed(ModelError),
}

/// The encoder of a server with OpenAI's embeddings API.
pub(super) struct RemoteEncoder {
    embeddings: Arc<Embeddings>,
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
    guard: Door,
    model: String,
    dimensions: usize,
    fingerprint: String,
    timeout: Duration,
    /// Who pays for what nobody else does.
    payer: OnceLock<Arc<dyn Payer>>,
}

impl RemoteEncoder {
    /// Asks the server for a first vector. `timeout` is for a question.
    pub(super) fn open(
        settings: EmbeddingsSettings,
        timeout: Duration,
        guard: Door,
        clock: Arc<dyn Clock>,
        jitter: Jitter,
    ) -> Result<Self, NotOpened> {
        let model = settings.model.trim().to_owned();
        let http = Http::new().map_err(NotOpened::Setup)?;
        let embeddings = Embeddings::new(settings, http, clock, jitter).map_err(NotOpened::Setup)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("encoder")
            .enable_all()
            .build()
            .map_err(|_| NotOpened::Thread)?;
        let mut this = Self {
            embeddings: Arc::new(embeddings),
            runtime: Some(runtime),
            guard,
            model,
            dimensions: 0,
            fingerprint: String::new(),
            timeout,
            payer: OnceLock::new(),
        };
        let first = this.ask(vec![published(FIRST)], timeout * PATIENCE).0.map_err(NotOpened::Failed)?;
        this.dimensions = first.first().map_or(0, Vec::len);
        this.fingerprint = fingerprint(this.embeddings.address(), &this.model, this.dimensions);
        Ok(this)
    }

    /// Waits for the vectors, on whatever thread it is called, and says what the server read for them.
    fn ask(&self, texts: Vec<Masked>, budget: Duration) -> (Result<Vec<Vec<f32>>, ModelError>, u64) {
        let Some(runtime) = &self.runtime else { return (Err(ModelError::Cancelled), 0) };
        let (tell, hear) = mpsc::sync_channel(1);
        let (embeddings, read) = (Arc::clone(&self.embeddings), Arc::new(TokensRead::default()));
        let counted = Arc::clone(&read);
        runtime.spawn(async move {
            let vectors = embeddings.embed_counted(&texts, budget, &counted).await;
            // Nobody hears it when the caller is gone.
            tell.send(vectors).ok();
        });
        let vectors = hear.recv().unwrap_or(Err(ModelError::Cancelled));
        if vectors.is_err() {
            metrics::counter!("contactiq_encoder_failures_total").increment(1);
        }
        (vectors, read.all())
    }

    /// The vectors of these texts, paid by this payer.
    fn paid(
        &self,
        texts: Vec<Masked>,
        budget: Duration,
        payer: Option<&dyn Payer>,
    ) -> Result<Vec<Vec<f32>>, EncoderError> {
        let most = self.embeddings.most_tokens(&texts);
        let (mut texts, mut vectors) = (Some(texts), Err(ModelError::Cancelled));
        let mut call = || {
            let (made, read) = self.ask(texts.take().unwrap_or_default(), budget);
            vectors = made;
            read
        };
        match payer {
            Some(payer) => payer.pay(&self.model, most, &mut call).map_err(EncoderError::Unpaid)?,
            None => _ = call(),
        }
        vectors.map_err(|error| EncoderError::Remote(error.to_string()))
    }

    /// What a person wrote, through the guard.
    fn masked(&self, texts: &[&str]) -> Result<Vec<Masked>, EncoderError> {
        let raw: Vec<Raw> = texts.iter().map(|text| Raw::new(*text)).collect();
        let chars = raw.iter().map(Raw::chars).sum();
        let masked =
            self.guard.read_here(chars, move |guard| raw.iter().map(|raw| guard.mask(raw)).collect());
        masked.map_err(|fault| EncoderError::Remote(fault.to_string()))
    }

    fn own_payer(&self) -> Option<&dyn Payer> {
        self.payer.get().map(|payer| &**payer)
    }
}

/// A runtime must not be dropped where async code runs, and nothing it still does matters.
impl Drop for RemoteEncoder {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Encoder for RemoteEncoder {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn kernel(&self) -> &'static str {
        "remote"
    }

    fn breaker(&self) -> BreakerState {
        self.embeddings.breaker()
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.paid(self.masked(texts)?, self.timeout, self.own_payer())
    }

    fn encode_for(&self, texts: &[&str], payer: &dyn Payer) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.paid(self.masked(texts)?, self.timeout, Some(payer))
    }

    fn is_paid_by(&self, payer: Arc<dyn Payer>) {
        // What was read until now, as the text with which the server was tried, is paid too.
        let read = self.embeddings.tokens_read();
        drop(payer.pay(&self.model, read, &mut || read));
        drop(self.payer.set(payer));
    }

    fn encode_published(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let texts = texts.iter().map(|text| published(text)).collect();
        self.paid(texts, self.timeout * PATIENCE, self.own_payer())
    }
}

fn published(text: &str) -> Masked {
    Masked::from_published(&Published::by_bank(text))
}

/// Another address, model or length is another encoder: models are trained and passages encoded anew.
fn fingerprint(address: &str, model: &str, dimensions: usize) -> String {
    let mut sum = Sha256::new();
    for part in [METHOD, address, model, &dimensions.to_string()] {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    hex(&sum.finalize())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{Json, Router, routing::post};
    use contactiq_guard::{Guard, GuardSettings};
    use serde_json::{Value, json};
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;
    use crate::wiring::SystemClock;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_text_that_the_guard_can_not_read_does_not_leave() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let embed = move |Json(asked): Json<Value>| {
            let texts = asked["input"].as_array().cloned().unwrap_or_default();
            let data: Vec<Value> =
                (0..texts.len()).map(|at| json!({ "index": at, "embedding": [0.6, 0.8] })).collect();
            kept.lock().unwrap().extend(texts);
            async move { Json(json!({ "object": "list", "data": data, "model": "m" })) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        let routes = Router::new().route("/v1/embeddings", post(embed));
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });

        let door = Door::new(Guard::new(GuardSettings::default()), Duration::from_secs(30));
        let failing = door.failing_with(Arc::new(|| panic!("as the test wants it")));
        let settings = EmbeddingsSettings::new(&base_url, "m");
        let (asked, published) = tokio::task::spawn_blocking(move || {
            let jitter = super::super::models::jitter();
            let limit = Duration::from_secs(5);
            let opened = RemoteEncoder::open(settings, limit, failing, Arc::new(SystemClock), jitter);
            let encoder = opened.ok().unwrap();
            (encoder.encode(&["my pin is 4821"]), encoder.encode_published(&["A card costs $9."]))
        })
        .await
        .unwrap();
        assert!(matches!(asked, Err(EncoderError::Remote(_))), "{asked:?}");
        assert!(published.is_ok(), "a control: what the bank published needs no guard: {published:?}");
        assert_eq!(*heard.lock().unwrap(), [FIRST, "A card costs $9."]);
    }

    #[test]
    fn address_model_and_length_are_in_the_fingerprint() {
        let one = fingerprint("https://a.example/v1/embeddings", "m", 384);
        assert_eq!(one, fingerprint("https://a.example/v1/embeddings", "m", 384));
        for other in [
            fingerprint("https://b.example/v1/embeddings", "m", 384),
            fingerprint("https://a.example/v1/embeddings", "n", 384),
            fingerprint("https://a.example/v1/embeddings", "m", 385),
        ] {
            assert_ne!(one, other);
        }
    }
}
