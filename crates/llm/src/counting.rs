//! What a provider says of its work, read with care: tokens, and the name of the model that served.

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

/// A name that may stand in a record: it comes from outside. llama.cpp gives the path of a file,
/// which is nobody's business.
pub(crate) fn is_model_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('/')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'/' | b'@' | b'+' | b'-'))
}
