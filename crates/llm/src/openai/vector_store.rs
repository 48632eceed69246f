//! Chunks of a bank's files in a hosted vector store: any server with OpenAI's search of vector stores. What comes back is
//! text of the bank's files, which nobody here has read: whoever asks judges it like a document that comes in.

mod wire;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use contactiq_domain::{BreakerState, Clock, Key, Keyring, breaker::Breaker};
use contactiq_guard::Masked;
use reqwest::{RequestBuilder, Url, header};
use tokio::time::{Instant, timeout};

use self::wire::{Answer, Request, Store};
pub use self::wire::{Attribute, Chunk};
use super::left_alone::{Words, settle};
use crate::{
    Http, ModelError, SetupError,
    keyed::{Asker, send_with},
    reach, response,
};

/// What the log says of it.
const WORDS: Words = Words {
    call: "search of a hosted store",
    left_alone: "the hosted vector store failed too often and is left alone for a while: the documents of this house answer alone until it is back",
    back: "the hosted vector store answers again",
};

/// Chunks of one search, as the API bounds them.
pub const MOST_CHUNKS: u32 = 50;
/// Stores that are asked.
pub const MOST_STORES: usize = 8;
/// The chunks of one search: 50 of at most 4,096 tokens each.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// What a store says of itself.
const LARGEST_STORE: usize = 64 * 1024;

/// Where chunks come from.
#[derive(Debug)]
pub struct VectorStoreSettings {
    /// Everything before `/vector_stores`, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The ids of the stores, 1 to [`MOST_STORES`].
    pub stores: Vec<String>,
    /// The key, where the server wants one.
    pub api_key: Keyring,
    /// Chunks of one search, 1 to [`MOST_CHUNKS`].
    pub results: u32,
    /// Chunks below this score are left out, 0 to 1.
    pub least_score: f64,
    /// How the server ranks, for instance `auto`; `None` leaves it to the server.
    pub ranker: Option<String>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long it stays open before one probe.
    pub breaker_open: Duration,
}

impl VectorStoreSettings {
    /// The usual settings: no key, 20 chunks of any score, the server's own ranking, 5 failures, 60 seconds.
    #[must_use]
    pub fn new(base_url: impl Into<String>, stores: Vec<String>) -> Self {
        Self {
            base_url: base_url.into(),
            stores,
            api_key: Keyring::default(),
            results: 20,
            least_score: 0.0,
            ranker: None,
            breaker_failures: 5,
            breaker_open: Duration::from_secs(60),
        }
    }

    /// Whether these settings can be used; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn check(self) -> Result<(), SetupError> {
        self.checked().map(drop)
    }

    fn checked(self) -> Result<(Url, Keyring), SetupError> {
        let base = reach::base(&self.base_url)?;
        let is_id = |id: &String| (1..=100).contains(&id.len()) && id.bytes().all(is_plain);
        if !(1..=MOST_STORES).contains(&self.stores.len()) || !self.stores.iter().all(is_id) {
            return Err(SetupError::Stores);
        }
        if !self.ranker.iter().all(|ranker| (1..=64).contains(&ranker.len()) && ranker.bytes().all(is_plain))
        {
            return Err(SetupError::Ranker);
        }
        Ok((base, reach::keys(self.api_key)?))
    }
}

/// What an id may consist of: it becomes a part of an address.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How a store stands, as its server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStanding {
    /// Whether it has expired: it gives no chunks any more.
    pub expired: bool,
    /// Files that can be found.
    pub files: u64,
    /// Files that are still read, or failed.
    pub others: u64,
}

/// Stores that are searched. What they are sent is [`Masked`] by type.
pub struct VectorStores {
    stores: Vec<(String, Url)>,
    api_key: Keyring,
    results: u32,
    least_score: f64,
    ranker: Option<String>,
    http: Http,
    breaker: Breaker,
    /// Whether the log has been told that the server is left alone.
    told: AtomicBool,
}

impl VectorStores {
    /// Checks the settings; nothing is sent yet. The clock is for the breaker.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn new(settings: VectorStoreSettings, http: Http, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let breaker = Breaker::new(settings.breaker_failures, settings.breaker_open, clock);
        let (results, least_score) = (settings.results.clamp(1, MOST_CHUNKS), settings.least_score);
        let (ranker, ids) = (settings.ranker.clone(), settings.stores.clone());
        let (base, api_key) = settings.checked()?;
        reach::warn_of_plain_http("knowledge", &base, &api_key);
        let url = |id: String| reach::below(&base, &format!("vector_stores/{id}")).map(|url| (id, url));
        let stores = ids.into_iter().map(url).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stores,
            api_key,
            results,
            least_score,
            ranker,
            http,
            breaker,
            told: AtomicBool::new(false),
        })
    }

    /// How the server stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// The ids of the stores.
    pub fn stores(&self) -> impl Iterator<Item = &str> {
        self.stores.iter().map(|(id, _)| id.as_str())
    }

    /// What a store finds for a question, once: the person waits, and there are other ways to an answer. Only chunks
    /// with all of these attributes are asked for; the server's word for that is not taken.
    ///
    /// # Errors
    /// [`ModelError`]; `NotFound` for a store that is none of these. No error carries a text.
    pub async fn search(
        &self,
        store: &str,
        question: &Masked,
        attributes: &[(String, Attribute)],
        budget: Duration,
    ) -> Result<Vec<Chunk>, ModelError> {
        let Some((id, url)) = self.stores.iter().find(|(id, _)| id == store) else {
            return Err(ModelError::NotFound);
        };
        let Some(permit) = self.breaker.admit() else { return Err(ModelError::BreakerOpen) };
        let since = Instant::now();
        let once = self.once(id, url, question, attributes);
        let found = timeout(budget, once).await.unwrap_or(Err(ModelError::Timeout));
        settle((&self.breaker, &self.told), permit, since, found.as_ref().err(), &WORDS);
        found
    }

    async fn once(
        &self,
        id: &str,
        url: &Url,
        question: &Masked,
        attributes: &[(String, Attribute)],
    ) -> Result<Vec<Chunk>, ModelError> {
        let body = Request::new(
            question.as_str(),
            attributes,
            self.results,
            self.least_score,
            self.ranker.as_deref(),
        );
        let url = reach::below(url, "search").map_err(|_| ModelError::BadPrompt { what: "an address" })?;
        let request =
            |key: Option<&Key>| self.with_key(self.http.client().post(url.clone()).json(&body), key);
        let asker = Asker { provider: "knowledge", operation: "search" };
        let response = send_with(&self.api_key, asker, None, request).await?.response;
        let what = "no JSON of the vector store API";
        let answer: Answer = response::json_within(response, LARGEST_ANSWER, what).await?;
        answer.chunks(id, self.results as usize, self.least_score)
    }

    /// Asks a store how it stands, past the breaker: for `contactiq doctor`.
    ///
    /// # Errors
    /// [`ModelError`]; `NotFound` where the server has no such store, or the address is none of this API.
    pub async fn standing(&self, store: &str, budget: Duration) -> Result<StoreStanding, ModelError> {
        let Some((_, url)) = self.stores.iter().find(|(id, _)| id == store) else {
            return Err(ModelError::NotFound);
        };
        let request = |key: Option<&Key>| self.with_key(self.http.client().get(url.clone()), key);
        let asker = Asker { provider: "knowledge", operation: "search" };
        let ask = async {
            let response = send_with(&self.api_key, asker, None, request).await?.response;
            let what = "no JSON of the vector store API";
            let store: Store = response::json_within(response, LARGEST_STORE, what).await?;
            Ok(store.standing())
        };
        timeout(budget, ask).await.unwrap_or(Err(ModelError::Timeout))
    }

    fn with_key(&self, request: RequestBuilder, key: Option<&Key>) -> RequestBuilder {
        let request = request.header(header::ACCEPT, "application/json");
        match key.and_then(reach::authorization) {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        }
    }
}

impl fmt::Debug for VectorStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorStores")
            .field("stores", &self.stores.iter().map(|(_, url)| url.as_str()).collect::<Vec<_>>())
            .field("breaker", &self.breaker.state())
            .finish_non_exhaustive()
    }
}
