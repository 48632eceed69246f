//! Settings of one server, and what they look like once they are checked.

use std::{sync::Arc, time::Duration};

use contactiq_domain::{Key, Keyring};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};

use crate::{
    KeyQuota, SetupError,
    reach::{authorization, base, below, keys, model, sealed_header, warn_of_plain_http},
};

/// The header by which Azure OpenAI takes a key.
const API_KEY: HeaderName = HeaderName::from_static("api-key");

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
    pub api_key: Keyring,
    /// What each key may be used for in a day; none has no limit.
    pub quota: Option<Arc<dyn KeyQuota>>,
    /// Where the limit of output tokens goes.
    pub output_limit: OutputLimit,
    /// `None` leaves the model's default, which some models demand.
    pub temperature: Option<f32>,
    /// Whether a stream asks for the usage at its end; some old servers refuse that.
    pub stream_usage: bool,
    /// How long a stream may be silent after its first word.
    pub stall: Duration,
    /// Whether the server holds the model to a schema (`response_format` of the kind `json_schema`).
    pub structured_output: bool,
    /// Where the key goes.
    pub key_header: KeyHeader,
    /// `api-version` behind every address, as Azure OpenAI wants it.
    pub api_version: Option<String>,
    /// The longest that one try may take; `None` takes the chain's.
    pub patience: Option<Duration>,
}

impl OpenAiSettings {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn check(self) -> Result<(), SetupError> {
        Checked::try_from(self).map(drop)
    }

    /// The usual settings: no key, temperature 0, usage in streams, 5 seconds of silence.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: "openai".to_owned(),
            base_url: base_url.into(),
            model: model.into(),
            api_key: Keyring::default(),
            quota: None,
            output_limit: OutputLimit::default(),
            temperature: Some(0.0),
            stream_usage: true,
            stall: Duration::from_secs(5),
            structured_output: false,
            key_header: KeyHeader::default(),
            api_version: None,
            patience: None,
        }
    }
}

/// The header that carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyHeader {
    /// `authorization: Bearer …`, which nearly every server takes.
    #[default]
    Authorization,
    /// `api-key: …`, for Azure OpenAI.
    ApiKey,
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
    pub(super) api_key: Keyring,
    pub(super) quota: Option<Arc<dyn KeyQuota>>,
    pub(super) output_limit: OutputLimit,
    pub(super) temperature: Option<f32>,
    pub(super) stream_usage: bool,
    pub(super) stall: Duration,
    pub(super) structured_output: bool,
    key_header: KeyHeader,
    pub(super) patience: Option<Duration>,
}

impl TryFrom<OpenAiSettings> for Checked {
    type Error = SetupError;

    fn try_from(settings: OpenAiSettings) -> Result<Self, SetupError> {
        let base = base(&settings.base_url)?;
        let model = model(&settings.model)?;
        let api_key = keys(settings.api_key)?;
        warn_of_plain_http(&settings.name, &base, &api_key);
        Ok(Self {
            chat: versioned(below(&base, "chat/completions")?, settings.api_version.as_deref())?,
            models: versioned(below(&base, "models")?, settings.api_version.as_deref())?,
            name: settings.name,
            model,
            api_key,
            quota: settings.quota,
            output_limit: settings.output_limit,
            temperature: settings.temperature,
            stream_usage: settings.stream_usage,
            stall: settings.stall,
            structured_output: settings.structured_output,
            key_header: settings.key_header,
            patience: settings.patience,
        })
    }
}

impl Checked {
    /// The header with a key, marked so that it is never printed.
    pub(super) fn authorization(&self, key: &Key) -> Option<(HeaderName, HeaderValue)> {
        match self.key_header {
            KeyHeader::Authorization => Some((AUTHORIZATION, authorization(key)?)),
            KeyHeader::ApiKey => Some((API_KEY, sealed_header(key.expose())?)),
        }
    }
}

/// The address with `api-version` behind it, where there is one.
fn versioned(mut url: Url, version: Option<&str>) -> Result<Url, SetupError> {
    if let Some(version) = version {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if version.is_empty() || version.len() > 40 || !version.bytes().all(plain) {
            return Err(SetupError::ApiVersion);
        }
        url.query_pairs_mut().append_pair("api-version", version);
    }
    Ok(url)
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
    }

    #[test]
    fn azure_wants_a_version_in_the_address_and_the_key_in_a_header_of_its_own() {
        let of = |version: &str| {
            Checked::try_from(OpenAiSettings {
                api_key: Keyring::of(CANARY),
                key_header: KeyHeader::ApiKey,
                api_version: Some(version.to_owned()),
                ..OpenAiSettings::new("https://bank.example/openai/deployments/ours", "m")
            })
        };
        let azure = of("2024-10-21").unwrap();
        assert_eq!(
            azure.chat.as_str(),
            "https://bank.example/openai/deployments/ours/chat/completions?api-version=2024-10-21"
        );
        let (name, value) = azure.authorization(&azure.api_key.active().unwrap()).unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("api-key", CANARY));
        assert!(!format!("{value:?} {azure:?}").contains(CANARY));
        for bad in ["", "2024&key=x", "a b", &"1".repeat(41)] {
            assert_eq!(of(bad).unwrap_err(), SetupError::ApiVersion, "{bad}");
        }
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
            "https://api.example/v1/messages",
            "http://sk-canary-7f3a:99999999",
        ] {
            let error = checked(bad).unwrap_err();
            assert!(error.to_string().starts_with("base_url "), "{error}");
            assert!(!format!("{error} {error:?}").contains(CANARY));
        }
        let with_key = |key: String| {
            let api_key = Keyring::of(key);
            Checked::try_from(OpenAiSettings { api_key, ..OpenAiSettings::new("http://localhost", "m") })
        };
        let error = with_key(format!("{CANARY}\n{CANARY}")).unwrap_err();
        assert_eq!(error, SetupError::ApiKey);
        assert!(!format!("{error} {error:?}").contains(CANARY));
        assert_eq!(with_key(format!("{CANARY}ü")).unwrap_err(), SetupError::ApiKey);
        assert!(with_key(" \n".to_owned()).unwrap().api_key.is_empty());
        let set = with_key(CANARY.to_owned()).unwrap();
        let (_, header) = set.authorization(&set.api_key.active().unwrap()).unwrap();
        assert!(!format!("{header:?}").contains(CANARY));
        for model in ["", " ", "a\nb", &"x".repeat(201)] {
            assert_eq!(
                Checked::try_from(OpenAiSettings::new("http://localhost", model)).unwrap_err(),
                SetupError::Model
            );
        }
    }
}
