//! Every server that speaks OpenAI's chat API: OpenAI, vLLM, llama.cpp, Ollama, LiteLLM and others.

mod embeddings;
mod moderation;
mod response;
mod settings;
mod stream;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{RequestBuilder, Response, header};
use tokio::{sync::mpsc, time::timeout};

pub use self::embeddings::{Embeddings, EmbeddingsSettings, MOST_DIMENSIONS};
pub use self::moderation::{ModerationSettings, RemoteModeration};
pub use self::settings::{OpenAiSettings, OutputLimit};
use self::{settings::Checked, stream::Events, wire::Collected};
use crate::{
    Completion, Http, Message, ModelError, Prompt, Provider, Sentences, SetupError, Speaker, boundary,
};

/// A stream that brings more is stopped.
const LONGEST_TEXT: usize = 1024 * 1024;

/// A model behind OpenAI's chat API.
#[derive(Debug)]
pub struct OpenAiCompatible {
    settings: Checked,
    http: Http,
}

impl OpenAiCompatible {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn new(settings: OpenAiSettings, http: Http) -> Result<Self, SetupError> {
        Ok(Self { settings: Checked::try_from(settings)?, http })
    }

    fn request(&self, messages: &[Message], most: u32, stream: bool) -> RequestBuilder {
        let most = Some(most);
        let (max_tokens, max_completion_tokens) = match self.settings.output_limit {
            OutputLimit::MaxTokens => (most, None),
            OutputLimit::MaxCompletionTokens => (None, most),
        };
        let body = wire::Request {
            model: &self.settings.model,
            messages,
            max_tokens,
            max_completion_tokens,
            temperature: self.settings.temperature,
            stream,
            stream_options: (stream && self.settings.stream_usage)
                .then_some(wire::StreamOptions { include_usage: true }),
        };
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let url = self.settings.chat.clone();
        self.authorised(self.http.client().post(url)).header(header::ACCEPT, accept).json(&body)
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match self.settings.authorization() {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        }
    }

    async fn whole(&self, prompt: &Prompt) -> Result<Completion, ModelError> {
        let messages = boundary::render(prompt)?;
        let response = send(self.request(&messages, prompt.max_output_tokens, false)).await?;
        let mut collected = Collected::default();
        collected.take(response::json(response).await?)?;
        collected.finish(&self.settings.model, &messages)
    }

    async fn streamed(
        &self,
        prompt: &Prompt,
        on_text: mpsc::Sender<String>,
    ) -> Result<Completion, ModelError> {
        let messages = boundary::render(prompt)?;
        let response = send(self.request(&messages, prompt.max_output_tokens, true)).await?;
        let mut collected = Collected::default();
        let mut sentences = Sentences::default();
        if response::is_of_type(&response, "text/event-stream") {
            self.read_events(response, &mut collected, &mut sentences, &on_text).await?;
        } else {
            // A server that can't stream answers in one piece.
            let text = collected.take(response::json(response).await?)?;
            deliver(sentences.push(&text), &on_text).await?;
        }
        let completion = collected.finish(&self.settings.model, &messages)?;
        deliver(sentences.finish(), &on_text).await?;
        Ok(completion)
    }

    /// Reads until `[DONE]`, or until the end when the last event said why the text ends.
    async fn read_events(
        &self,
        mut response: Response,
        collected: &mut Collected,
        sentences: &mut Sentences,
        on_text: &mpsc::Sender<String>,
    ) -> Result<(), ModelError> {
        let mut events = Events::default();
        let mut started = false;
        while !events.is_done() {
            let next = response.chunk();
            // Before the first word the model may read a long prompt; after it, silence is a fault.
            let read = tokio::select! {
                () = on_text.closed() => return Err(ModelError::Cancelled),
                read = async {
                    if started { timeout(self.settings.stall, next).await } else { Ok(next.await) }
                } => read,
            };
            let piece =
                read.map_err(|_| ModelError::Timeout)?.map_err(|error| response::from_transport(&error))?;
            let Some(piece) = piece else { break };
            events.push(&piece);
            while let Some(answer) = events.next()? {
                let text = collected.take(answer)?;
                started |= !text.is_empty();
                deliver(sentences.push(&text), on_text).await?;
            }
            if collected.text.len() > LONGEST_TEXT {
                return Err(ModelError::Garbage { what: "a text that does not end" });
            }
        }
        if events.is_done() || collected.finish.is_some() { Ok(()) } else { Err(ModelError::Lost) }
    }
}

#[async_trait]
impl Provider for OpenAiCompatible {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    async fn complete(&self, prompt: &Prompt, budget: Duration) -> Result<Completion, ModelError> {
        timeout(budget, self.whole(prompt)).await.unwrap_or(Err(ModelError::Timeout))
    }

    async fn stream_sentences(
        &self,
        prompt: &Prompt,
        budget: Duration,
        on_text: mpsc::Sender<String>,
    ) -> Result<Completion, ModelError> {
        timeout(budget, self.streamed(prompt, on_text)).await.unwrap_or(Err(ModelError::Timeout))
    }

    /// Asks for the list of models: it costs nothing, and needs the right address and key. A server may answer to
    /// more names than it lists; of a name that it doesn't list it is asked for one token.
    async fn health(&self, budget: Duration) -> Result<(), ModelError> {
        let listed = async {
            let request = self.authorised(self.http.client().get(self.settings.models.clone()));
            let response = send(request.header(header::ACCEPT, "application/json")).await?;
            let list = response::json::<wire::ModelList>(response).await?;
            if list.has(&self.settings.model) {
                return Ok(());
            }
            let hello = Message { role: Speaker::User, content: "Hello".to_owned() };
            send(self.request(&[hello], 1, false)).await?;
            Err(ModelError::NotListed)
        };
        timeout(budget, listed).await.unwrap_or(Err(ModelError::Timeout))
    }
}

async fn send(request: RequestBuilder) -> Result<Response, ModelError> {
    response::checked(request.send().await.map_err(|error| response::from_transport(&error))?)
}

async fn deliver(
    sentences: impl IntoIterator<Item = String>,
    on_text: &mpsc::Sender<String>,
) -> Result<(), ModelError> {
    for sentence in sentences {
        on_text.send(sentence).await.map_err(|_| ModelError::Cancelled)?;
    }
    Ok(())
}
