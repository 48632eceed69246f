//! Servers that speak Anthropic's Messages API. The instructions go apart from the data, as the API has it; both are
//! those of [`boundary::render`], word for word.

mod settings;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use contactiq_domain::Key;
use reqwest::{RequestBuilder, Response, Url, header};
use tokio::time::{Instant, timeout, timeout_at};

pub use self::settings::AnthropicSettings;
use self::{
    settings::Checked,
    wire::{Collected, Event, Listed, Named, Turn},
};
use crate::{
    Completion, Http, ModelError, Prompt, Provider, SentenceSink, Sentences, SetupError,
    boundary::{self, Message, Speaker},
    events::Events,
    keyed::{Asker, Opened, most_tokens, send_with},
    reach::sealed_header,
    response,
    sentences::deliver,
};

/// The version of the API that this file speaks.
const VERSION: &str = "2023-06-01";
/// What a body is that is none of this API.
const NO_MESSAGE: &str = "no JSON of the Messages API";
/// What a server without a list of models is asked, and how much it may say.
const PROBE: &str = "Say OK.";
const PROBE_TOKENS: u32 = 1;
/// A stream that brings more is stopped.
const LONGEST_TEXT: usize = 1024 * 1024;

/// A model behind Anthropic's Messages API.
#[derive(Debug)]
pub struct Anthropic {
    settings: Checked,
    http: Http,
}

impl Anthropic {
    /// Checks the settings; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn new(settings: AnthropicSettings, http: Http) -> Result<Self, SetupError> {
        Ok(Self { settings: Checked::try_from(settings)?, http })
    }

    fn authorised(&self, key: Option<&Key>, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("anthropic-version", VERSION);
        match key.and_then(|key| sealed_header(key.expose())) {
            Some(value) => request.header("x-api-key", value),
            None => request,
        }
    }

    fn request(&self, key: Option<&Key>, messages: &[Message], most: u32, stream: bool) -> RequestBuilder {
        let said = |speaker: Speaker| messages.iter().filter(move |message| message.role == speaker);
        let body = wire::Request {
            model: &self.settings.model,
            max_tokens: most,
            system: said(Speaker::System).map(|message| message.content.as_str()).next(),
            messages: said(Speaker::User)
                .map(|message| Turn { role: "user", content: &message.content })
                .collect(),
            temperature: self.settings.temperature,
            stream,
        };
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let request = self.http.client().post(self.settings.messages.clone());
        self.authorised(key, request).header(header::ACCEPT, accept).json(&body)
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
        collected.whole(response::json(response, NO_MESSAGE).await?)?;
        self.finish(collected, &messages, (&key, held)).await
    }

    async fn streamed(&self, prompt: &Prompt, on_text: SentenceSink) -> Result<Completion, ModelError> {
        let messages = boundary::render(prompt)?;
        let most = prompt.max_output_tokens;
        let Opened { response, key, held } =
            self.asked(&messages, most, |key| self.request(key, &messages, most, true)).await?;
        let (mut collected, mut sentences) = (Collected::default(), Sentences::default());
        if response::is_of_type(&response, "text/event-stream") {
            self.read_events(response, &mut collected, &mut sentences, &on_text).await?;
        } else {
            // A gateway that can't stream answers in one piece.
            let text = collected.whole(response::json(response, NO_MESSAGE).await?)?;
            on_text.note(&text, collected.usage());
            deliver(sentences.push(&text), &on_text).await?;
        }
        let completion = self.finish(collected, &messages, (&key, held)).await?;
        deliver(sentences.finish(), &on_text).await?;
        Ok(completion)
    }

    /// Reads until `message_stop`, or until the end when the reason for it was given.
    async fn read_events(
        &self,
        mut response: Response,
        collected: &mut Collected,
        sentences: &mut Sentences,
        on_text: &SentenceSink,
    ) -> Result<(), ModelError> {
        let mut events = Events::default();
        // What was heard last. Nothing at all may come for as long as the try lasts; once something came, even a `ping`,
        // silence is a fault; once there was a word, a `ping` is none.
        let (mut heard, mut spoke): (Option<Instant>, bool) = (None, false);
        while !collected.stopped {
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
            while let Some(event) = events.next::<Event>()? {
                let is_word = event.is_word();
                let text = collected.take(event)?;
                on_text.note(&text, collected.usage());
                spoke |= !text.is_empty();
                if is_word {
                    heard = Some(Instant::now());
                }
                deliver(sentences.push(&text), on_text).await?;
            }
            if collected.text.len() > LONGEST_TEXT {
                return Err(ModelError::Garbage { what: "a text that does not end" });
            }
        }
        if collected.stopped || collected.has_reason() { Ok(()) } else { Err(ModelError::Lost) }
    }

    /// Whether the server has the model: by its entry, else by the list of models, else by one word.
    async fn checked(&self) -> Result<(), ModelError> {
        match self.read::<Named>(self.settings.model_entry()).await {
            Err(ModelError::NotFound | ModelError::NoSuchModel) => {}
            read => return read.map(drop),
        }
        match self.read::<Listed>(self.settings.models.clone()).await {
            Ok(_) => return Err(ModelError::NoSuchModel),
            Err(ModelError::NotFound | ModelError::NoSuchModel | ModelError::Refused(405 | 501)) => {}
            Err(error) => return Err(error),
        }
        let word = [Message { role: Speaker::User, content: PROBE.to_owned() }];
        let answer = self.sent(|key| self.request(key, &word, PROBE_TOKENS, false)).await?;
        Collected::default().whole(response::json(answer.response, NO_MESSAGE).await?).map(drop)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<T, ModelError> {
        let get = |key: Option<&Key>| {
            let request = self.authorised(key, self.http.client().get(url.clone()));
            request.header(header::ACCEPT, "application/json")
        };
        response::json(self.sent(get).await?.response, NO_MESSAGE).await
    }
}

#[async_trait]
impl Provider for Anthropic {
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
