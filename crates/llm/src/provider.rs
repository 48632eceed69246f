//! The trait that every source of generated text implements.

use std::{fmt, time::Duration};

use crate::{ModelError, Prompt, SentenceSink};
use async_trait::async_trait;

/// A model somewhere. One call is one try: waiting, retrying and choosing are the work of
/// [`crate::Chain`]. A provider stops its work when the future is dropped.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its name in the configuration, for records, logs and metrics.
    fn name(&self) -> &str;

    /// The model that it asks, as the price table names it; without one of its own, its name.
    fn model(&self) -> &str {
        self.name()
    }

    /// Whether its server holds the model to a schema: then it takes the prompt's form.
    fn takes_forms(&self) -> bool {
        false
    }

    /// The longest that one try at it may take; none of its own, and the chain's holds.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// The whole answer at once, within `budget`.
    ///
    /// # Errors
    /// Any of [`ModelError`] except `BreakerOpen` and `NoProvider`, which the chain adds.
    async fn complete(&self, prompt: &Prompt, budget: Duration) -> Result<Completion, ModelError>;

    /// The answer sentence by sentence; the pieces joined are the text of the completion. The
    /// default sends the whole text as one piece.
    ///
    /// # Errors
    /// As [`Provider::complete`], and `Cancelled` when the receiver is gone. Pieces that were sent
    /// before an error stay sent.
    async fn stream_sentences(
        &self,
        prompt: &Prompt,
        budget: Duration,
        on_text: SentenceSink,
    ) -> Result<Completion, ModelError> {
        let completion = self.complete(prompt, budget).await?;
        on_text.send(completion.text.clone()).await?;
        Ok(completion)
    }

    /// Whether it can be reached, lets us in and has the model; where it has no list of models to tell that, by a
    /// question of one word.
    ///
    /// # Errors
    /// As [`Provider::complete`].
    async fn health(&self, budget: Duration) -> Result<(), ModelError>;
}

/// What a model wrote, and what it took.
#[derive(Clone, PartialEq, Eq)]
pub struct Completion {
    /// Untrusted until the gate has read it.
    pub text: String,
    /// The model that served, as the provider names it (else as it was asked for).
    pub model: String,
    /// The model that was asked for, as the configuration names it.
    pub asked_model: String,
    /// Tokens read, the cached ones included.
    pub input_tokens: u64,
    /// Of those, the ones that the provider had in its cache.
    pub cached_input_tokens: u64,
    /// Of those read, the ones that the provider put into its cache, where it charges for that.
    pub cache_written_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// The provider gave no usable figures, so the tokens are counted from the length of the text.
    pub usage_estimated: bool,
    /// The text ends because the limit of tokens was reached.
    pub truncated: bool,
    /// Tries that it took, this one included.
    pub attempts: u32,
    /// The version of the form that the answer had as JSON; none where it came as plain text.
    pub form: Option<&'static str>,
}

impl Completion {
    /// A text that cost nothing: for providers that compute at home, and for tests.
    #[must_use]
    pub fn of(text: impl Into<String>, model: impl Into<String>) -> Self {
        let model = model.into();
        Self {
            text: text.into(),
            asked_model: model.clone(),
            model,
            input_tokens: 0,
            cached_input_tokens: 0,
            cache_written_tokens: 0,
            output_tokens: 0,
            usage_estimated: false,
            truncated: false,
            attempts: 1,
            form: None,
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("text", &format_args!("{} bytes", self.text.len()))
            .field("model", &self.model)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
