//! Vectors of texts from any server with OpenAI's embeddings API: OpenAI, vLLM, llama.cpp, Ollama,
//! LiteLLM, text-embeddings-inference and others.

mod wire;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{BreakerState, Clock, Key, Keyring, breaker::Breaker};
use contactiq_guard::Masked;
use reqwest::{Url, header};
use tokio::time::{Instant, sleep, timeout};

use super::left_alone::{Words, settle};
use crate::{
    Http, Jitter, ModelError, SetupError, backoff,
    counting::{TokensRead, estimate, most_of},
    keyed::{Asker, Opened, send_with},
    reach, response,
};

/// What the log says of it.
const WORDS: Words = Words {
    call: "embeddings call",
    left_alone: "the remote encoder failed too often and is left alone for a while: the lexical model answers alone until it is back",
    back: "the remote encoder answers again",
};

/// Texts of one request.
const BATCH: usize = 64;
/// A vector of more is a mistake.
pub const MOST_DIMENSIONS: usize = 8_192;
/// The first try and one more.
const TRIES: u32 = 2;
/// The wait between them, unless the server names a longer one.
const BACKOFF: Duration = Duration::from_millis(100);

/// Where vectors come from.
#[derive(Debug)]
pub struct EmbeddingsSettings {
    /// Everything before `/embeddings`, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// The key, where the server wants one.
    pub api_key: Keyring,
    /// Length of a vector, asked for in every request; `None` takes the model's own.
    pub dimensions: Option<usize>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long it stays open before one probe.
    pub breaker_open: Duration,
}

impl EmbeddingsSettings {
    /// The usual settings: no key, the model's own dimensions, 5 failures, 60 seconds.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            api_key: Keyring::default(),
            dimensions: None,
            breaker_failures: 5,
            breaker_open: Duration::from_secs(60),
        }
    }

    /// Whether these settings can be used; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn check(self) -> Result<(), SetupError> {
        reach::base(&self.base_url)?;
        reach::model(&self.model)?;
        reach::keys(self.api_key)?;
        Ok(())
    }
}

/// A server that turns texts into vectors. What it is sent is [`Masked`] by type: what a person wrote,
/// after the guard, or what the bank published.
pub struct Embeddings {
    url: Url,
    model: String,
    api_key: Keyring,
    /// Sent with every request, when it was set.
    asked_dimensions: Option<usize>,
    /// Of the first answer; all others must agree.
    dimensions: OnceLock<usize>,
    http: Http,
    breaker: Breaker,
    jitter: Jitter,
    /// Whether the log has been told that the server is left alone.
    told: AtomicBool,
    /// Tokens that the server has read.
    tokens: AtomicU64,
}

impl Embeddings {
    /// Checks the settings; nothing is sent yet. The clock is for the breaker, the jitter for the wait.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn new(
        settings: EmbeddingsSettings,
        http: Http,
        clock: Arc<dyn Clock>,
        jitter: Jitter,
    ) -> Result<Self, SetupError> {
        let base = reach::base(&settings.base_url)?;
        let model = reach::model(&settings.model)?;
        let api_key = reach::keys(settings.api_key)?;
        reach::warn_of_plain_http("encoder", &base, &api_key);
        Ok(Self {
            url: reach::below(&base, "embeddings")?,
            model,
            api_key,
            asked_dimensions: settings.dimensions,
            dimensions: settings.dimensions.map(OnceLock::from).unwrap_or_default(),
            http,
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_open, clock),
            jitter,
            told: AtomicBool::new(false),
            tokens: AtomicU64::new(0),
        })
    }

    /// How the server stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// Tokens that the server has read since this was made: as it says, or counted from the texts where it says nothing.
    #[must_use]
    pub fn tokens_read(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// The address that is called; it carries no secret.
    #[must_use]
    pub fn address(&self) -> &str {
        self.url.as_str()
    }

    /// One unit vector a text, in the same order; at most 64 texts a request, and `budget` for each
    /// request with its retry. Of a text the first 1,200 characters are sent.
    ///
    /// # Errors
    /// [`ModelError`]; `BreakerOpen` when the server is left alone. No error carries a text.
    pub async fn embed(&self, texts: &[Masked], budget: Duration) -> Result<Vec<Vec<f32>>, ModelError> {
        self.embed_counted(texts, budget, &TokensRead::default()).await
    }

    /// The most tokens that vectors of these texts may take, with the retry.
    #[must_use]
    pub fn most_tokens(&self, texts: &[Masked]) -> u64 {
        texts.iter().map(|text| most_of(wire::input(text))).sum::<u64>().saturating_mul(TRIES.into())
    }

    /// As [`Embeddings::embed`]; `read` counts what the server may ask money for, also when this is dropped half way.
    ///
    /// # Errors
    /// As [`Embeddings::embed`].
    pub async fn embed_counted(
        &self,
        texts: &[Masked],
        budget: Duration,
        read: &TokensRead,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut all = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let vectors = self.patiently(batch, budget, read).await?;
            if let Some(first) = vectors.first()
                && *self.dimensions.get_or_init(|| first.len()) != first.len()
            {
                // Two first requests at once, and a server that gives them different lengths.
                return Err(ModelError::Garbage { what: "a vector of another length than was agreed" });
            }
            all.extend(vectors);
        }
        Ok(all)
    }

    /// At most one retry, within the budget.
    async fn patiently(
        &self,
        batch: &[Masked],
        budget: Duration,
        read: &TokensRead,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let deadline = Instant::now() + budget;
        let mut last = ModelError::Timeout;
        for tries in 1..=TRIES {
            let Some(permit) = self.breaker.admit() else {
                return Err(if tries == 1 { ModelError::BreakerOpen } else { last });
            };
            let since = Instant::now();
            let left = deadline.saturating_duration_since(since);
            read.begin(batch.iter().map(|text| most_of(wire::input(text))).sum());
            let answer = timeout(left, self.once(batch, read)).await.unwrap_or(Err(ModelError::Timeout));
            if let Err(error) = &answer {
                read.fail(error);
            }
            settle((&self.breaker, &self.told), permit, since, answer.as_ref().err(), &WORDS);
            last = match answer {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let wait = backoff::wait(BACKOFF, tries, &last, (self.jitter)());
            let left = deadline.saturating_duration_since(Instant::now());
            if tries == TRIES || !last.is_transient() || wait >= left {
                break;
            }
            sleep(wait).await;
        }
        Err(last)
    }

    async fn once(&self, batch: &[Masked], read: &TokensRead) -> Result<Vec<Vec<f32>>, ModelError> {
        let body = wire::Request {
            model: &self.model,
            input: batch.iter().map(wire::input).collect(),
            dimensions: self.asked_dimensions,
        };
        let request = |key: Option<&Key>| {
            let request = self.http.client().post(self.url.clone());
            let request = request.header(header::ACCEPT, "application/json").json(&body);
            match key.and_then(reach::authorization) {
                Some(value) => request.header(header::AUTHORIZATION, value),
                None => request,
            }
        };
        let asker = Asker { provider: "encoder", operation: "embeddings" };
        let Opened { response, key, .. } = send_with(&self.api_key, asker, None, request).await?;
        let dimensions = self.dimensions.get().copied();
        let largest = wire::largest_body(batch.len(), dimensions);
        if response.content_length().is_some_and(|length| length > largest as u64) {
            return Err(ModelError::Garbage { what: "a body that is too large" });
        }
        let answer: wire::Answer =
            response::json_within(response, largest, "no JSON of the embeddings API").await?;
        let counted = || body.input.iter().map(|text| estimate(text)).sum();
        let tokens = answer.tokens().unwrap_or_else(counted);
        self.tokens.fetch_add(tokens, Ordering::Relaxed);
        read.end(tokens);
        asker.count_tokens(&key, tokens, 0);
        wire::vectors(answer, batch.len(), dimensions)
    }
}

impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeddings")
            .field("address", &self.address())
            .field("model", &self.model)
            .field("dimensions", &self.dimensions.get())
            .field("breaker", &self.breaker.state())
            .finish_non_exhaustive()
    }
}
