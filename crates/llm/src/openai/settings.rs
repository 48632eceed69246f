//! Settings of one server, and what they look like once they are checked.

use std::time::Duration;

use reqwest::{Url, header::HeaderValue};

use crate::{Secret, SetupError};

/// Settings of one server.
#[derive(Debug)]
pub struct OpenAiSettings {
    /// Its name in the configuration, for records, logs and metrics.
    pub name: String,
    /// Everything before `/chat/completions`, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// The key, where the server wants one.
    pub api_key: Option<Secret>,
    /// Where the limit of output tokens goes.
    pub output_limit: OutputLimit,
    /// `None` leaves the model's default, which some models demand.
    pub temperature: Option<f32>,
    /// Whether a stream asks for the usage at its end; some old servers refuse that.
    pub stream_usage: bool,
    /// How long a stream may be silent after its first word.
    pub stall: Duration,
}

impl OpenAiSettings {
    /// The usual settings: no key, temperature 0, usage in streams, 5 seconds of silence.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: "openai".to_owned(),
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            output_limit: OutputLimit::default(),
            temperature: Some(0.0),
            stream_usage: true,
            stall: Duration::from_secs(5),
        }
    }
}

/// The field of the request that limits the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputLimit {
    /// `max_tokens`, which every server knows but OpenAI's newest models refuse.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, for OpenAI's newest models.
    MaxCompletionTokens,
}

/// Settings that can be used.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) chat: Url,
    pub(super) models: Url,
    pub(super) model: String,
    api_key: Option<Secret>,
    pub(super) output_limit: OutputLimit,
    pub(super) temperature: Option<f32>,
    pub(super) stream_usage: bool,
    pub(super) stall: Duration,
}

impl TryFrom<OpenAiSettings> for Checked {
    type Error = SetupError;

    fn try_from(settings: OpenAiSettings) -> Result<Self, SetupError> {
        let base = base(&settings.base_url)?;
        let model = model(&settings.model)?;
        let api_key = key(settings.api_key)?;
        warn_of_plain_http(&settings.name, &base, api_key.as_ref());
        Ok(Self {
            chat: below(&base, "chat/completions")?,
            models: below(&base, "models")?,
            name: settings.name,
            model,
            api_key,
            output_limit: settings.output_limit,
            temperature: settings.temperature,
            stream_usage: settings.stream_usage,
            stall: settings.stall,
        })
    }
}

impl Checked {
    /// The header with the key, marked so that it is never printed.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        authorization(self.api_key.as_ref()?)
    }
}

/// The header with a key, marked so that it is never printed.
pub(super) fn authorization(key: &Secret) -> Option<HeaderValue> {
    let line = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
    let mut value = HeaderValue::from_str(&line).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A model's name that can be sent.
pub(super) fn model(text: &str) -> Result<String, SetupError> {
    let model = text.trim();
    if !(1..=200).contains(&model.chars().count()) || model.chars().any(char::is_control) {
        return Err(SetupError::Model);
    }
    Ok(model.to_owned())
}

/// A key that can stand in a header, where there is one.
pub(super) fn key(key: Option<Secret>) -> Result<Option<Secret>, SetupError> {
    let key = key.filter(|key| !key.is_empty());
    if key.as_ref().is_some_and(|key| !key.expose().bytes().all(|b| b.is_ascii_graphic())) {
        return Err(SetupError::ApiKey);
    }
    Ok(key)
}

/// Whoever listens on the way reads a key that goes over plain http.
pub(super) fn warn_of_plain_http(provider: &str, base: &Url, key: Option<&Secret>) {
    if key.is_some() && base.scheme() == "http" && !is_loopback(base) {
        tracing::warn!(provider, "the key is sent over plain http");
    }
}

pub(super) fn base(text: &str) -> Result<Url, SetupError> {
    let url = Url::parse(text.trim()).map_err(|_| SetupError::BaseUrl("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(SetupError::BaseUrl("must begin with http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SetupError::BaseUrl("must not carry a user or password; use api_key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SetupError::BaseUrl("must not have a ? or # part"));
    }
    if url.path().trim_end_matches('/').ends_with("/chat/completions") {
        return Err(SetupError::BaseUrl("must end before /chat/completions"));
    }
    if url.path().trim_end_matches('/').ends_with("/embeddings") {
        return Err(SetupError::BaseUrl("must end before /embeddings"));
    }
    Ok(url)
}

pub(super) fn below(base: &Url, path: &str) -> Result<Url, SetupError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| SetupError::BaseUrl("is no URL"))?
        .pop_if_empty()
        .extend(path.split('/'));
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "sk-canary-7f3a";

    fn checked(base_url: &str) -> Result<Checked, SetupError> {
        Checked::try_from(OpenAiSettings::new(base_url, "m"))
    }

    #[test]
    fn addresses_are_joined_whatever_the_slash() {
        for base in ["https://api.example/v1", "https://api.example/v1/", " https://api.example/v1 "] {
            let checked = checked(base).unwrap();
            assert_eq!(checked.chat.as_str(), "https://api.example/v1/chat/completions");
            assert_eq!(checked.models.as_str(), "https://api.example/v1/models");
        }
        assert_eq!(
            checked("http://localhost:8080").unwrap().chat.as_str(),
            "http://localhost:8080/chat/completions"
        );
        assert!(is_loopback(&Url::parse("http://[::1]:1/").unwrap()));
        assert!(!is_loopback(&Url::parse("http://10.0.0.1/").unwrap()));
    }

    #[test]
    fn a_bad_setting_is_named_and_not_shown() {
        for bad in [
            "",
            "api.example/v1",
            "ftp://api.example",
            "https://user:sk-canary-7f3a@api.example/v1",
            "https://sk-canary-7f3a@api.example/v1",
            "https://api.example/v1?key=sk-canary-7f3a",
            "https://api.example/v1#sk-canary-7f3a",
            "https://api.example/v1/chat/completions",
            "https://api.example/v1/embeddings/",
            "http://sk-canary-7f3a:99999999",
        ] {
            let error = checked(bad).unwrap_err();
            assert!(error.to_string().starts_with("base_url "), "{error}");
            assert!(!format!("{error} {error:?}").contains(CANARY));
        }
        let with_key = |key: String| {
            let api_key = Some(Secret::new(key));
            Checked::try_from(OpenAiSettings { api_key, ..OpenAiSettings::new("http://localhost", "m") })
        };
        let error = with_key(format!("{CANARY}\n{CANARY}")).unwrap_err();
        assert_eq!(error, SetupError::ApiKey);
        assert!(!format!("{error} {error:?}").contains(CANARY));
        assert_eq!(with_key(format!("{CANARY}ü")).unwrap_err(), SetupError::ApiKey);
        assert!(with_key(" \n".to_owned()).unwrap().authorization().is_none());
        let header = with_key(CANARY.to_owned()).unwrap().authorization().unwrap();
        assert!(!format!("{header:?}").contains(CANARY));
        for model in ["", " ", "a\nb", &"x".repeat(201)] {
            assert_eq!(
                Checked::try_from(OpenAiSettings::new("http://localhost", model)).unwrap_err(),
                SetupError::Model
            );
        }
    }
}
