//! Every server that speaks OpenAI's chat API: OpenAI, vLLM, llama.cpp, Ollama, LiteLLM and others.

mod embeddings;
mod left_alone;
mod moderation;
mod settings;
mod vector_store;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use contactiq_domain::Key;
use reqwest::{RequestBuilder, Response, header};
use tokio::time::{Instant, timeout, timeout_at};

pub use self::embeddings::{Embeddings, EmbeddingsSettings, MOST_DIMENSIONS};
pub use self::moderation::{ModerationSettings, RemoteModeration};
pub use self::settings::{KeyHeader, OpenAiSettings, OutputLimit};
pub use self::vector_store::{
    Attribute, Chunk, MOST_CHUNKS, MOST_STORES, StoreStanding, VectorStoreSettings, VectorStores,
};
use self::{settings::Checked, wire::Collected};
use crate::{
    Completion, Form, Http, Message, ModelError, Prompt, Provider, Schema, SentenceSink, Sentences,
    SetupError,
    boundary::{self, Speaker},
    events::Events,
    keyed::{Asker, Opened, most_tokens, send_with},
    response,
    sentences::deliver,
    structured::{self, Reading},
};

/// What a body is that is none of this API.
const NO_CHAT: &str = "no JSON of the chat API";
/// What a server without a list of models is asked, and how much it may say.
const PROBE: &str = "Say OK.";
const PROBE_TOKENS: u32 = 16;

/// A stream that brings more is stopped.
const LONGEST_TEXT: usize = 1024 * 1024;

/// What one request asks for.
struct Asked<'a> {
    messages: &'a [Message],
    /// Tokens of the answer.
    most: u32,
    form: Option<&'a Form>,
}

/// An answer as it is written: plain text, or JSON that becomes it.
enum Written<'a> {
    Plain(Sentences),
    Json(Box<Reading>, &'a Form),
    /// JSON that is handed on as it is.
    Lines(Sentences, &'a Form),
}

impl<'a> Written<'a> {
    fn of(form: Option<&'a Form>) -> Self {
        match form {
            Some(form) if form.schema == Schema::Lines => Written::Lines(Sentences::default(), form),
            Some(form) => Written::Json(Box::default(), form),
            None => Written::Plain(Sentences::default()),
        }
    }

    /// The sentences that are complete now.
    fn push(&mut self, text: &str) -> Result<Vec<String>, ModelError> {
        match self {
            Written::Plain(sentences) | Written::Lines(sentences, _) => Ok(sentences.push(text)),
            Written::Json(reading, _) => reading.push(text),
        }
    }

    /// What is left of it; `cut` says whether it reached its limit of tokens.
    fn finish(&mut self, cut: bool) -> Result<Option<String>, ModelError> {
        match self {
            Written::Plain(sentences) | Written::Lines(sentences, _) => {
                Ok(std::mem::take(sentences).finish())
            }
            Written::Json(reading, form) => reading.finish(form.nothing, cut),
        }
    }

    /// The completion, with the text as it was handed on.
    fn complete(self, completion: Completion) -> Completion {
        match self {
            Written::Plain(_) => completion,
            Written::Lines(_, form) => Completion { form: Some(form.version), ..completion },
            Written::Json(reading, form) => {
                Completion { text: reading.into_plain(), form: Some(form.version), ..completion }
            }
        }
    }
}

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

    fn request(&self, key: Option<&Key>, asked: &Asked<'_>, stream: bool) -> RequestBuilder {
        let most = Some(asked.most);
        let (max_tokens, max_completion_tokens) = match self.settings.output_limit {
            OutputLimit::MaxTokens => (most, None),
            OutputLimit::MaxCompletionTokens => (None, most),
        };
        let body = wire::Request {
            model: &self.settings.model,
            messages: asked.messages,
            max_tokens,
            max_completion_tokens,
            temperature: self.settings.temperature,
            stream,
            stream_options: (stream && self.settings.stream_usage)
                .then_some(wire::StreamOptions { include_usage: true }),
            response_format: asked.form.map(|form| structured::response_format(form.schema)),
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
    async fn asked(&self, asked: &Asked<'_>, stream: bool) -> Result<Opened, ModelError> {
        let request = |key: Option<&Key>| self.request(key, asked, stream);
        let most = most_tokens(asked.messages, asked.most) + asked.form.map_or(0, structured::most_added);
        let quota = self.settings.quota.as_deref().map(|quota| (quota, most));
        send_with(&self.settings.api_key, self.asker(), quota, request).await
    }

    /// The form in which this prompt is answered here.
    fn form<'a>(&self, prompt: &'a Prompt) -> Option<&'a Form> {
        prompt.form.as_ref().filter(|_| self.settings.structured_output)
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
        let form = self.form(prompt);
        let messages = boundary::render_in(prompt, form)?;
        let asked = Asked { messages: &messages, most: prompt.max_output_tokens, form };
        let Opened { response, key, held } = self.asked(&asked, false).await?;
        let mut collected = Collected::default();
        let text = collected.take(response::json(response, NO_CHAT).await?)?;
        let mut written = Written::of(form);
        let completion = self.finish(collected, &messages, (&key, held)).await?;
        written.push(&text)?;
        written.finish(completion.truncated)?;
        Ok(written.complete(completion))
    }

    async fn streamed(&self, prompt: &Prompt, on_text: SentenceSink) -> Result<Completion, ModelError> {
        let form = self.form(prompt);
        let messages = boundary::render_in(prompt, form)?;
        let asked = Asked { messages: &messages, most: prompt.max_output_tokens, form };
        let Opened { response, key, held } = self.asked(&asked, true).await?;
        let mut collected = Collected::default();
        let mut written = Written::of(form);
        if response::is_of_type(&response, "text/event-stream") {
            self.read_events(response, &mut collected, &mut written, &on_text).await?;
        } else {
            // A server that can't stream answers in one piece.
            let text = collected.take(response::json(response, NO_CHAT).await?)?;
            on_text.note(&text, collected.usage());
            deliver(written.push(&text)?, &on_text).await?;
        }
        let completion = self.finish(collected, &messages, (&key, held)).await?;
        deliver(written.finish(completion.truncated)?, &on_text).await?;
        Ok(written.complete(completion))
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
        let probe = Asked { messages: &word, most: PROBE_TOKENS, form: None };
        let answer = match self.sent(|key| self.request(key, &probe, false)).await {
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
        written: &mut Written<'_>,
        on_text: &SentenceSink,
    ) -> Result<(), ModelError> {
        let mut events = Events::default();
        // What was heard last. Nothing at all may come for as long as the try lasts: some servers open the stream and
        // read a long prompt then, and Azure says before that what its filter thinks of the question. Once something
        // came of the answer, or a heartbeat, silence is a fault; once there was a word, a heartbeat is none.
        let (mut heard, mut spoke): (Option<Instant>, bool) = (None, false);
        let mut answers = false;
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
                answers |= answer.is_of_the_answer();
                let text = collected.take(answer)?;
                on_text.note(&text, collected.usage());
                spoke |= !text.is_empty();
                heard = answers.then(Instant::now);
                deliver(written.push(&text)?, on_text).await?;
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

    fn takes_forms(&self) -> bool {
        self.settings.structured_output
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
