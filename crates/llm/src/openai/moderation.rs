//! What a provider's moderation says of a message: any server with OpenAI's moderation API. It only ever
//! adds to what the guard found by itself, which stands alone while the server is away.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use contactiq_domain::{BreakerState, Clock, Key, Keyring, breaker::Breaker};
use contactiq_guard::{Masked, ModerationCategory};
use reqwest::{Url, header};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::left_alone::{Words, settle};
use crate::{
    Http, ModelError, SetupError,
    counting::{TokensRead, estimate, figure, most_of},
    keyed::{Asker, send_with},
    reach, response,
};

/// What the log says of it.
const WORDS: Words = Words {
    call: "moderation call",
    left_alone: "the moderation endpoint failed too often and is left alone for a while: the local moderation stands alone until it is back",
    back: "the moderation endpoint answers again",
};

/// The answer to one text is a few hundred bytes.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Where moderation comes from.
#[derive(Debug)]
pub struct ModerationSettings {
    /// Everything before `/moderations`, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// The key, where the server wants one.
    pub api_key: Keyring,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long it stays open before one probe.
    pub breaker_open: Duration,
}

impl ModerationSettings {
    /// The usual settings: no key, 5 failures, 60 seconds.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            api_key: Keyring::default(),
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

/// A server that judges texts. What it is sent is [`Masked`] by type.
pub struct RemoteModeration {
    url: Url,
    model: String,
    api_key: Keyring,
    http: Http,
    breaker: Breaker,
    /// Whether the log has been told that the server is left alone.
    told: AtomicBool,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Judged>,
    #[serde(default)]
    usage: Option<serde_json::Value>,
}

impl Answer {
    /// The tokens that were read, where the server says so: OpenAI's own does not.
    fn tokens(&self) -> Option<u64> {
        let usage = self.usage.as_ref()?;
        figure(usage, "prompt_tokens").or_else(|| figure(usage, "total_tokens")).filter(|read| *read > 0)
    }
}

#[derive(Deserialize)]
struct Judged {
    // A category that does not apply to a kind of input may be null.
    categories: BTreeMap<String, Option<bool>>,
}

/// What their category is here. `illicit` alone is advice on crime without violence: there is nothing of ours
/// that it would be.
fn ours(theirs: &str) -> Option<&'static [ModerationCategory]> {
    use ModerationCategory as C;
    Some(match theirs {
        "hate" | "harassment" => &[C::Hate],
        "hate/threatening" | "harassment/threatening" => &[C::Hate, C::Threat],
        "sexual" | "sexual/minors" => &[C::Sexual],
        "violence" | "violence/graphic" | "illicit/violent" => &[C::Violence],
        "self-harm" | "self-harm/intent" | "self-harm/instructions" => &[C::SelfHarm],
        "illicit" => &[],
        _ => return None,
    })
}

/// The categories of ours that an answer names, in order.
///
/// # Errors
/// `Garbage` when it judges another number of texts than one, or by no category that is known.
fn categories(answer: Answer) -> Result<Vec<ModerationCategory>, ModelError> {
    let garbage = |what| ModelError::Garbage { what };
    let [judged] = <[Judged; 1]>::try_from(answer.results)
        .map_err(|_| garbage("another number of judgements than of texts"))?;
    let known: Vec<_> = judged.categories.iter().filter_map(|(name, on)| Some((ours(name)?, on))).collect();
    if known.is_empty() {
        return Err(garbage("no category of the moderation API"));
    }
    let on = known.into_iter().filter(|(_, on)| **on == Some(true));
    let mut found: Vec<ModerationCategory> = on.flat_map(|(ours, _)| ours.iter().copied()).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

impl RemoteModeration {
    /// Checks the settings; nothing is sent yet. The clock is for the breaker.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn new(settings: ModerationSettings, http: Http, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let base = reach::base(&settings.base_url)?;
        let model = reach::model(&settings.model)?;
        let api_key = reach::keys(settings.api_key)?;
        reach::warn_of_plain_http("moderation", &base, &api_key);
        Ok(Self {
            url: reach::below(&base, "moderations")?,
            model,
            api_key,
            http,
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_open, clock),
            told: AtomicBool::new(false),
        })
    }

    /// How the server stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// What the server finds in a text, once: the person waits, and the local moderation has judged already.
    ///
    /// # Errors
    /// [`ModelError`]; `BreakerOpen` when the server is left alone. No error carries a text.
    pub async fn judge(
        &self,
        text: &Masked,
        budget: Duration,
    ) -> Result<Vec<ModerationCategory>, ModelError> {
        self.judge_counted(text, budget, &TokensRead::default()).await
    }

    /// The model, as prices name it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The most tokens that judging this text may take.
    #[must_use]
    pub fn most_tokens(&self, text: &Masked) -> u64 {
        most_of(text.as_str())
    }

    /// As [`RemoteModeration::judge`]; `read` counts what the server may ask money for, also when this is dropped half
    /// way.
    ///
    /// # Errors
    /// As [`RemoteModeration::judge`].
    pub async fn judge_counted(
        &self,
        text: &Masked,
        budget: Duration,
        read: &TokensRead,
    ) -> Result<Vec<ModerationCategory>, ModelError> {
        let Some(permit) = self.breaker.admit() else { return Err(ModelError::BreakerOpen) };
        let since = Instant::now();
        read.begin(self.most_tokens(text));
        let answer = timeout(budget, self.once(text, read)).await.unwrap_or(Err(ModelError::Timeout));
        if let Err(error) = &answer {
            read.fail(error);
        }
        settle((&self.breaker, &self.told), permit, since, answer.as_ref().err(), &WORDS);
        answer
    }

    async fn once(&self, text: &Masked, read: &TokensRead) -> Result<Vec<ModerationCategory>, ModelError> {
        let body = Request { model: &self.model, input: text.as_str() };
        let request = |key: Option<&Key>| {
            let request = self.http.client().post(self.url.clone());
            let request = request.header(header::ACCEPT, "application/json").json(&body);
            match key.and_then(reach::authorization) {
                Some(value) => request.header(header::AUTHORIZATION, value),
                None => request,
            }
        };
        let asker = Asker { provider: "moderation", operation: "moderation" };
        let response = send_with(&self.api_key, asker, None, request).await?.response;
        let what = "no JSON of the moderation API";
        let answer: Answer = response::json_within(response, LARGEST_ANSWER, what).await?;
        read.end(answer.tokens().unwrap_or_else(|| estimate(text.as_str())));
        categories(answer)
    }
}

impl fmt::Debug for RemoteModeration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteModeration")
            .field("address", &self.url.as_str())
            .field("model", &self.model)
            .field("breaker", &self.breaker.state())
            .finish_non_exhaustive()
    }
}
