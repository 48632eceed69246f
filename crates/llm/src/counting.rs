//! What a provider says of its work, read with care: tokens, and the name of the model that served.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ModelError;

/// No real call has more tokens; a greater figure is an error of the server.
const MOST_TOKENS: u64 = 10_000_000;

/// Tokens as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Tokens read, the cached ones included.
    pub(crate) input: u64,
    /// Of those, the cached ones.
    pub(crate) cached: u64,
    /// Of those read, the ones that were put into the provider's cache.
    pub(crate) cache_written: u64,
    /// Tokens written.
    pub(crate) output: u64,
}

/// A figure that can be true.
pub(crate) fn figure(usage: &serde_json::Value, name: &str) -> Option<u64> {
    usage.get(name)?.as_u64().filter(|&tokens| tokens <= MOST_TOKENS)
}

/// About four characters a token in English; three to be on the safe side of a bill.
pub(crate) fn estimate(text: &str) -> u64 {
    tokens_of(text.chars().count() as u64)
}

/// The same of so many characters.
pub(crate) fn tokens_of(characters: u64) -> u64 {
    characters.div_ceil(3)
}

/// Tokens that a server may put around a text of its own accord.
const AROUND_A_TEXT: u64 = 16;

/// The most tokens that a text may be for any server: each of its bytes is one.
pub(crate) fn most_of(text: &str) -> u64 {
    text.len() as u64 + AROUND_A_TEXT
}

/// Tokens that another server read for one call, of vectors or of a judgement: as it says, else counted, and of a try of
/// which nobody knows what became the most that it can have read. It can be read also when the call was dropped.
#[derive(Debug, Default)]
pub struct TokensRead {
    known: AtomicU64,
    /// Of the try that is under way.
    at_most: AtomicU64,
}

impl TokensRead {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.known.load(Ordering::SeqCst).saturating_add(self.at_most.load(Ordering::SeqCst))
    }

    /// A try begins, which may read so many.
    pub(crate) fn begin(&self, most: u64) {
        self.at_most.store(most, Ordering::SeqCst);
    }

    /// It read so many.
    pub(crate) fn end(&self, read: u64) {
        self.known.fetch_add(read, Ordering::SeqCst);
        self.at_most.store(0, Ordering::SeqCst);
    }

    /// It failed with this.
    pub(crate) fn fail(&self, error: &ModelError) {
        let most = self.at_most.swap(0, Ordering::SeqCst);
        if error.may_cost() {
            self.known.fetch_add(most, Ordering::SeqCst);
        }
    }
}

/// A name that may stand in a record: it comes from outside. llama.cpp gives the path of a file,
/// which is nobody's business.
pub(crate) fn is_model_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('/')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'/' | b'@' | b'+' | b'-'))
}
