//! Language models behind one small trait. A request can be made only of [`Masked`] text (what a
//! person wrote, after the guard) and of [`Published`] text (what the bank wrote), so that sending
//! raw text out is a compile error (requirement A10).
//!
//! * [`Provider`] is the trait; [`OpenAiCompatible`] speaks to every server with OpenAI's chat API, [`Anthropic`] to
//!   those with Anthropic's Messages API.
//! * [`Chain`] makes one dependable call of several providers: timeout, at most three retries,
//!   circuit breaker, next provider, and the next one beside the first where that is slow (B4, E2, E3).
//! * [`Embeddings`] asks a server with OpenAI's embeddings API for vectors, behind a breaker of its own.
//! * [`RemoteModeration`] asks a server with OpenAI's moderation API what is unfit in a message (A11).
//! * [`VectorStores`] searches hosted vector stores, OpenAI's file search, with the masked question.
//! * [`Form`] asks for an answer as JSON of a schema, where a server holds a model to one.
//! * [`PriceTable`] turns tokens into money (E4).
//!
//! What comes back is untrusted until the gate in `pipeline` has read it. No error and no log line
//! of this crate carries user text, a key, or the text of a provider's answer.
//!
//! [`Masked`]: contactiq_guard::Masked
//! [`Published`]: contactiq_guard::Published

mod anthropic;
mod backoff;
mod bound;
mod boundary;
mod chain;
mod counting;
mod error;
mod events;
pub mod http;
mod keyed;
mod openai;
mod price;
mod prompt;
mod provider;
mod quota;
mod reach;
mod response;
mod sentences;
mod structured;
mod tries;

pub use anthropic::{Anthropic, AnthropicSettings};
pub use backoff::Jitter;
pub use bound::Bound;
pub use boundary::{LAYOUT_VERSION, Message, Speaker, instructions, render, repeats_boundary};
pub use chain::{Chain, ChainSettings, ProviderState, Served};
pub use contactiq_domain::{BreakerState, Keyring};
pub use counting::TokensRead;
pub use error::{ModelError, SetupError};
pub use http::Http;
pub use openai::{
    Attribute, Chunk, Embeddings, EmbeddingsSettings, KeyHeader, MOST_CHUNKS, MOST_DIMENSIONS, MOST_STORES,
    ModerationSettings, OpenAiCompatible, OpenAiSettings, OutputLimit, RemoteModeration, StoreStanding,
    VectorStoreSettings, VectorStores,
};
pub use price::{Price, PriceError, PriceTable};
pub use prompt::{Exchange, NumberedPassage, Prompt};
pub use provider::{Completion, Provider};
pub use quota::KeyQuota;
pub use reach::goes_over_plain_http;
pub use sentences::Sentences;
pub use structured::{Form, Schema};
pub use tries::{SentenceSink, Tries};
