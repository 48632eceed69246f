//! Every server that speaks OpenAI's chat API: OpenAI, vLLM, llama.cpp, Ollama, LiteLLM and others.

mod embeddings;
mod moderation;
mod settings;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use contactiq_domain::Key;
use reqwest::{RequestBuilder, Response, header};
use tokio::time::{Instant, timeout, timeout_at};

pub use self::embeddings::{Embeddings, EmbeddingsSettings, MOST_DIMENSIONS};
pub use self::moderation::{ModerationSettings, RemoteModeration};
pub use self::settings::{KeyHeader, OpenAiSettings, OutputLimit};
use self::{settings::Checked, wire::Collected};
use crate::{
    Completion, Http, Message, ModelError, Prompt, Provider, SentenceSink, Sentences, SetupError,
    boundary::{self, Speaker},
    events::Events,
    keyed::{Asker, Opened, most_tokens, send_with},
    response,
    sentences::deliver,
};

/// What a body is that is none of this API.
const NO_CHAT: &str = "no JSON of the chat API";
/// What a server without a list of models is asked, and how much it may say.
const PROBE: &str = "Say OK.";
const PROBE_TOKENS: u32 = 16;

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

    fn request(&self, key: Option<&Key>, messages: &[Message], most: u32, stream: bool) -> RequestBuilder {
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
        self.authorised(key, self.http.client().post(url)).header(header::ACCEPT, accept).json(&body)
    }

    fn authorised(&self, key: Option<&Key>, request: RequestBuilder) -> RequestBuilder {
        match key.and_then(|key| self.settings.authorization(key)) {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    /// Who asks with the keys.
    fn asker(&self) -> Asker<'_> {
        Asker { provider: &self.settings.name, operation: "answer" }
    }

    async fn sent(&self, request: impl Fn(Option<&Key>) -> RequestBuilder) -> Result<Opened, ModelError> {
        send_with(&self.settings.api_key, self.asker(), None, request).await
    }

    /// The same for what counts for the day of a key.
    async fn asked(
        &self,
        messages: &[Message],
        most: u32,
        request: impl Fn(Option<&Key>) -> RequestBuilder,
    ) -> Result<Opened, ModelError> {
        let quota = self.settings.quota.as_deref().map(|quota| (quota, most_tokens(messages, most)));
        send_with(&self.settings.api_key, self.asker(), quota, request).await
    }

    /// What was collected, counted for its key.
    async fn finish(
        &self,
        collected: Collected,
        messages: &[Message],
        (key, held): (&str, u64),
    ) -> Result<Completion, ModelError> {
        let completion = collected.finish(&self.settings.model, messages)?;
        let (input, output) = (completion.input_tokens, completion.output_tokens);
        self.asker().count_tokens(key, input, output);
        if let Some(quota) = &self.settings.quota {
            quota.give_back(key, held.saturating_sub(input.saturating_add(output))).await;
        }
        Ok(completion)
    }

    async fn whole(&self, prompt: &Prompt) -> Result<Completion, ModelError> {
        let messages = boundary::render(prompt)?;
        let most = prompt.max_output_tokens;
        let Opened { response, key, held } =
            self.asked(&messages, most, |key| self.request(key, &messages, most, false)).await?;
        let mut collected = Collected::default();
        collected.take(response::json(response, NO_CHAT).await?)?;
        self.finish(collected, &messages, (&key, held)).await
    }

    async fn streamed(&self, prompt: &Prompt, on_text: SentenceSink) -> Result<Completion, ModelError> {
        let messages = boundary::render(prompt)?;
        let most = prompt.max_output_tokens;
        let Opened { response, key, held } =
            self.asked(&messages, most, |key| self.request(key, &messages, most, true)).await?;
        let mut collected = Collected::default();
        let mut sentences = Sentences::default();
        if response::is_of_type(&response, "text/event-stream") {
            self.read_events(response, &mut collected, &mut sentences, &on_text).await?;
        } else {
            // A server that can't stream answers in one piece.
            let text = collected.take(response::json(response, NO_CHAT).await?)?;
            on_text.note(&text, collected.usage());
            deliver(sentences.push(&text), &on_text).await?;
        }
        let completion = self.finish(collected, &messages, (&key, held)).await?;
        deliver(sentences.finish(), &on_text).await?;
        Ok(completion)
    }

    /// The list of models costs nothing, and needs the right address and key. Where there is none (Azure's
    /// deployments, some gateways), or the model is not on it (servers that take any name), one word is asked for.
    async fn checked(&self) -> Result<(), ModelError> {
        let list = |key: Option<&Key>| {
            let request = self.authorised(key, self.http.client().get(self.settings.models.clone()));
            request.header(header::ACCEPT, "application/json")
        };
        let listed = match self.sent(list).await {
            Ok(opened) => Some(response::json::<wire::ModelList>(opened.response, NO_CHAT).await?),
            Err(ModelError::NotFound | ModelError::NoSuchModel | ModelError::Refused(405 | 501)) => None,
            Err(error) => return Err(error),
        };
        if listed.as_ref().is_some_and(|list| list.has(&self.settings.model)) {
            return Ok(());
        }
        let word = [Message { role: Speaker::User, content: PROBE.to_owned() }];
        let answer = match self.sent(|key| self.request(key, &word, PROBE_TOKENS, false)).await {
            Err(ModelError::NotFound | ModelError::Refused(400 | 422)) if listed.is_some() => {
                return Err(ModelError::NoSuchModel);
            }
            answer => answer?,
        };
        response::json::<wire::Answer>(answer.response, NO_CHAT).await?.check()
    }

    /// Reads until `[DONE]`, or until the end when the last event said why the text ends.
    async fn read_events(
        &self,
        mut response: Response,
        collected: &mut Collected,
        sentences: &mut Sentences,
        on_text: &SentenceSink,
    ) -> Result<(), ModelError> {
        let mut events = Events::default();
        // What was heard last. Nothing at all may come for as long as the try lasts: some servers open the stream and
        // read a long prompt then. Once something came, even a heartbeat, silence is a fault; once there was a word, a
        // heartbeat is none.
        let (mut heard, mut spoke): (Option<Instant>, bool) = (None, false);
        while !events.is_done() {
            let next = response.chunk();
            let read = tokio::select! {
                () = on_text.closed() => return Err(ModelError::Cancelled),
                read = async {
                    match heard {
                        Some(at) => timeout_at(at + self.settings.stall, next).await,
                        None => Ok(next.await),
                    }
                } => read,
            };
            let piece =
                read.map_err(|_| ModelError::Timeout)?.map_err(|error| response::from_transport(&error))?;
            let Some(piece) = piece else { break };
            events.push(&piece);
            if !spoke {
                heard = Some(Instant::now());
            }
            while let Some(answer) = events.next::<wire::Answer>()? {
                let text = collected.take(answer)?;
                on_text.note(&text, collected.usage());
                spoke |= !text.is_empty();
                heard = Some(Instant::now());
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

    fn patience(&self) -> Option<Duration> {
        self.settings.patience
    }

    async fn complete(&self, prompt: &Prompt, budget: Duration) -> Result<Completion, ModelError> {
        timeout(budget, self.whole(prompt)).await.unwrap_or(Err(ModelError::Timeout))
    }

    async fn stream_sentences(
        &self,
        prompt: &Prompt,
        budget: Duration,
        on_text: SentenceSink,
    ) -> Result<Completion, ModelError> {
        timeout(budget, self.streamed(prompt, on_text)).await.unwrap_or(Err(ModelError::Timeout))
    }

    async fn health(&self, budget: Duration) -> Result<(), ModelError> {
        timeout(budget, self.checked()).await.unwrap_or(Err(ModelError::Timeout))
    }
}
