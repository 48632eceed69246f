//! Settings of one server, and what they look like once they are checked.

use std::{sync::Arc, time::Duration};

use contactiq_domain::Keyring;
use reqwest::Url;

use crate::{
    KeyQuota, SetupError,
    reach::{base, below, keys, model, warn_of_plain_http},
};

/// Settings of one server.
#[derive(Debug)]
pub struct AnthropicSettings {
    /// Its name in the configuration, for records, logs and metrics.
    pub name: String,
    /// Everything before `/messages`, for instance `https://api.anthropic.com/v1`.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// The key, where the server wants one.
    pub api_key: Keyring,
    /// What each key may be used for in a day; none has no limit.
    pub quota: Option<Arc<dyn KeyQuota>>,
    /// `None` leaves the model's default.
    pub temperature: Option<f32>,
    /// How long a stream may bring no word after its first.
    pub stall: Duration,
    /// The longest that one try may take; `None` takes the chain's.
    pub patience: Option<Duration>,
}

impl AnthropicSettings {
    /// The usual settings: no key, temperature 0, 5 seconds without a word.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: "anthropic".to_owned(),
            base_url: base_url.into(),
            model: model.into(),
            api_key: Keyring::default(),
            quota: None,
            temperature: Some(0.0),
            stall: Duration::from_secs(5),
            patience: None,
        }
    }

    /// Whether they can be used.
    ///
    /// # Errors
    /// [`SetupError`] names the setting that is wrong.
    pub fn check(self) -> Result<(), SetupError> {
        Checked::try_from(self).map(drop)
    }
}

/// Settings that can be used.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) messages: Url,
    pub(super) models: Url,
    pub(super) model: String,
    pub(super) api_key: Keyring,
    pub(super) quota: Option<Arc<dyn KeyQuota>>,
    pub(super) temperature: Option<f32>,
    pub(super) stall: Duration,
    pub(super) patience: Option<Duration>,
}

impl TryFrom<AnthropicSettings> for Checked {
    type Error = SetupError;

    fn try_from(settings: AnthropicSettings) -> Result<Self, SetupError> {
        let base = base(&settings.base_url)?;
        let model = model(&settings.model)?;
        let api_key = keys(settings.api_key)?;
        warn_of_plain_http(&settings.name, &base, &api_key);
        Ok(Self {
            messages: below(&base, "messages")?,
            models: below(&base, "models")?,
            name: settings.name,
            model,
            api_key,
            quota: settings.quota,
            temperature: settings.temperature,
            stall: settings.stall,
            patience: settings.patience,
        })
    }
}

impl Checked {
    /// Where the model's own entry is.
    pub(super) fn model_entry(&self) -> Url {
        let mut url = self.models.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(&self.model);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_and_bad_settings_are_named_and_not_shown() {
        let checked = |base: &str, model: &str| Checked::try_from(AnthropicSettings::new(base, model));
        let good = checked("https://api.anthropic.com/v1/", "us/claude").unwrap();
        assert_eq!(good.messages.as_str(), "https://api.anthropic.com/v1/messages");
        assert_eq!(good.model_entry().as_str(), "https://api.anthropic.com/v1/models/us%2Fclaude");
        assert!(matches!(checked("https://k:canary@h/v1", "m").unwrap_err(), SetupError::BaseUrl(_)));
        assert!(matches!(checked("https://h/v1/messages", "m").unwrap_err(), SetupError::BaseUrl(_)));
        assert_eq!(checked("https://h/v1", " ").unwrap_err(), SetupError::Model);
        let api_key = Keyring::of("sk-canary\nx");
        let settings = AnthropicSettings { api_key, ..AnthropicSettings::new("https://h/v1", "m") };
        assert_eq!(settings.check().unwrap_err(), SetupError::ApiKey);
    }
}
