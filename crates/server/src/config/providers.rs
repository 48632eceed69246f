//! The language models of a configuration, in order of preference: that of `[llm]`, then those of
//! `[[llm.providers]]`.

use std::{collections::HashMap, time::Duration};

use contactiq_llm::{AnthropicSettings, KeyHeader, OpenAiSettings, OutputLimit, SetupError};
use serde::{Deserialize, Serialize};

use super::{Llm, SecretText, secrets};

/// A stream that has begun may bring nothing for so long, where nobody says how long.
const STALL_SECONDS: u64 = 5;

/// What the provider of `[llm]` is called.
pub(crate) const FIRST: &str = "openai";

contactiq_domain::words! {
    /// Which API a provider speaks.
    ProviderKind as "llm.providers.kind" {
        /// OpenAI's chat API.
        OpenAi => "openai",
        /// Anthropic's Messages API.
        Anthropic => "anthropic",
    }
}

contactiq_domain::words! {
    /// Where the key goes.
    KeyPlace as "llm.providers.key_header" {
        /// `authorization: Bearer …`
        Authorization => "authorization",
        /// `api-key: …`, for Azure OpenAI.
        ApiKey => "api-key",
    }
}

contactiq_domain::words! {
    /// The field that limits what is written.
    LimitField as "llm.providers.output_limit" {
        /// Which nearly every server knows.
        MaxTokens => "max_tokens",
        /// For OpenAI's newest models.
        MaxCompletionTokens => "max_completion_tokens",
    }
}

/// One more language model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmProvider {
    /// For records, logs and metrics.
    pub name: String,
    /// The API that it speaks.
    #[serde(default = "openai")]
    pub kind: ProviderKind,
    /// Everything before `/chat/completions` or `/messages`.
    pub base_url: String,
    /// As the provider and the price file call it.
    pub model: String,
    /// Left out, `CONTACTIQ_LLM_NAME_API_KEY` of the environment.
    #[serde(default)]
    pub api_key: SecretText,
    /// Requests a day of each of its keys; 0 has no limit.
    #[serde(default)]
    pub requests_per_day: u64,
    /// Tokens a day of each of its keys, read and written; 0 has no limit.
    #[serde(default)]
    pub tokens_per_day: u64,
    /// Seconds for one try; left out, `llm.timeout_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Seconds that a stream which has begun may bring nothing; left out, `llm.stall_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_seconds: Option<u64>,
    /// Where the limit of what is written goes.
    #[serde(default = "max_tokens")]
    pub output_limit: LimitField,
    /// Whether a stream asks for the usage at its end.
    #[serde(default = "yes")]
    pub stream_usage: bool,
    /// Whether its server holds the model to a JSON schema.
    #[serde(default)]
    pub structured_output: bool,
    /// Whether the temperature 0 is sent, which some models refuse.
    #[serde(default = "yes")]
    pub temperature: bool,
    /// The header with the key.
    #[serde(default = "authorization")]
    pub key_header: KeyPlace,
    /// `api-version` behind the address; "" for none.
    #[serde(default)]
    pub api_version: String,
}

const fn openai() -> ProviderKind {
    ProviderKind::OpenAi
}

const fn max_tokens() -> LimitField {
    LimitField::MaxTokens
}

const fn authorization() -> KeyPlace {
    KeyPlace::Authorization
}

const fn yes() -> bool {
    true
}

/// The settings of one server.
pub(crate) enum Wire {
    OpenAi(OpenAiSettings),
    Anthropic(AnthropicSettings),
}

impl Llm {
    /// Whether any model is asked.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.base_url.is_empty() || !self.providers.is_empty()
    }

    /// All of them, in the order in which they are asked.
    #[must_use]
    pub fn in_order(&self) -> Vec<LlmProvider> {
        let first = (!self.base_url.is_empty()).then(|| LlmProvider {
            name: FIRST.to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: self.base_url.clone(),
            model: self.model.clone(),
            api_key: self.api_key.clone(),
            requests_per_day: self.requests_per_day,
            tokens_per_day: self.tokens_per_day,
            timeout_seconds: None,
            stall_seconds: None,
            output_limit: LimitField::MaxTokens,
            stream_usage: true,
            structured_output: self.structured_output,
            temperature: true,
            key_header: KeyPlace::Authorization,
            api_version: String::new(),
        });
        let mut all: Vec<LlmProvider> = first.into_iter().chain(self.providers.iter().cloned()).collect();
        for provider in &mut all {
            provider.stall_seconds.get_or_insert(self.stall_seconds);
        }
        all
    }

    /// Takes the keys that the file left out from the environment.
    pub(super) fn take_keys(&mut self, env: &HashMap<String, String>) {
        for provider in &mut self.providers {
            let name = provider.name.to_uppercase().replace('-', "_");
            let variable = format!("CONTACTIQ_LLM_{name}_API_KEY");
            if let Some(key) = env.get(&variable).filter(|_| provider.api_key.is_empty()) {
                let field = "llm.providers.api_key";
                let text = secrets::from_variable(field, &variable, key);
                provider.api_key = SecretText::written(vec![text]);
            }
        }
    }

    /// Everything that is wrong with the list, one line each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut names: Vec<&str> = (!self.base_url.is_empty()).then_some(FIRST).into_iter().collect();
        for (at, provider) in self.providers.iter().enumerate() {
            let name = provider.name.as_str();
            let mut wrong = |what: String| found.push(format!("llm.providers, number {}, {what}", at + 1));
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) {
                wrong("name: write 1 to 40 small letters, digits and hyphens".to_owned());
            } else if names.contains(&name) {
                wrong(format!("name: {name} is taken, as that of [llm] is {FIRST}; write another one"));
            }
            names.push(name);
            if let Err(error) = provider.check() {
                wrong(error.to_string());
            }
            if let Some(seconds) = provider.timeout_seconds.filter(|seconds| !(1..=120).contains(seconds)) {
                wrong(format!("timeout_seconds is {seconds}: write a number from 1 to 120"));
            }
            if let Some(seconds) = provider.stall_seconds.filter(|seconds| !(1..=120).contains(seconds)) {
                wrong(format!("stall_seconds is {seconds}: write a number from 1 to 120"));
            }
            let of_openai = provider.key_header != KeyPlace::Authorization
                || !provider.api_version.is_empty()
                || provider.structured_output
                || provider.output_limit != LimitField::MaxTokens;
            if provider.kind == ProviderKind::Anthropic && of_openai {
                wrong(
                    "kind anthropic has no key_header, api_version, output_limit and structured_output: leave \
                     them out"
                        .to_owned(),
                );
            }
        }
        found
    }
}

impl LlmProvider {
    /// Where it is set, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self.name.as_str() {
            FIRST => "llm".to_owned(),
            name => format!("llm.providers.{name}"),
        }
    }

    fn check(&self) -> Result<(), SetupError> {
        match self.wire() {
            Wire::OpenAi(settings) => settings.check(),
            Wire::Anthropic(settings) => settings.check(),
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        let api_key = self.api_key.keyring();
        let patience = self.timeout_seconds.map(Duration::from_secs);
        let stall = Duration::from_secs(self.stall_seconds.unwrap_or(STALL_SECONDS));
        let temperature = self.temperature.then_some(0.0);
        match self.kind {
            ProviderKind::OpenAi => Wire::OpenAi(OpenAiSettings {
                name: self.name.clone(),
                api_key,
                patience,
                stall,
                temperature,
                output_limit: match self.output_limit {
                    LimitField::MaxTokens => OutputLimit::MaxTokens,
                    LimitField::MaxCompletionTokens => OutputLimit::MaxCompletionTokens,
                },
                stream_usage: self.stream_usage,
                structured_output: self.structured_output,
                key_header: match self.key_header {
                    KeyPlace::Authorization => KeyHeader::Authorization,
                    KeyPlace::ApiKey => KeyHeader::ApiKey,
                },
                api_version: Some(self.api_version.clone()).filter(|version| !version.is_empty()),
                ..OpenAiSettings::new(&self.base_url, &self.model)
            }),
            ProviderKind::Anthropic => Wire::Anthropic(AnthropicSettings {
                name: self.name.clone(),
                api_key,
                patience,
                stall,
                temperature,
                ..AnthropicSettings::new(&self.base_url, &self.model)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    fn read(text: &str, env: &[(&str, &str)]) -> Result<crate::config::Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load_from(Some(&file), &env).map_err(|error| error.to_string())
    }

    const TWO: &str = "[[llm.providers]]\nname = \"azure-eu\"\nbase_url = \"https://b.example/openai/deployments/d\"\n\
        model = \"gpt-4o\"\nkey_header = \"api-key\"\napi_version = \"2024-10-21\"\ntimeout_seconds = 9\n\
        [[llm.providers]]\nname = \"claude\"\nkind = \"anthropic\"\nbase_url = \"https://api.anthropic.com/v1\"\nmodel = \"c\"\n\
        api_key = \"sk-canary-file\"\n";

    #[test]
    fn the_model_of_the_contract_is_the_first_and_keys_may_come_from_the_environment() {
        let env = [
            ("CONTACTIQ_LLM_BASE_URL", "http://localhost:1/v1"),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ_LLM_AZURE_EU_API_KEY", "sk-canary-env"),
            ("CONTACTIQ_LLM_CLAUDE_API_KEY", "not this"),
        ];
        let config = read(TWO, &env).unwrap();
        let all = config.llm.in_order();
        let names: Vec<&str> = all.iter().map(|provider| provider.name.as_str()).collect();
        assert_eq!(names, [FIRST, "azure-eu", "claude"]);
        let keys = [&all[1], &all[2]].map(|provider| provider.api_key.expose().to_string());
        assert_eq!(keys, ["sk-canary-env", "sk-canary-file"]);
        assert!(
            matches!(all[1].wire(), Wire::OpenAi(azure) if azure.patience == Some(Duration::from_secs(9)))
        );
        let stalls = |wire: Wire| match wire {
            Wire::OpenAi(settings) => settings.stall.as_secs(),
            Wire::Anthropic(settings) => settings.stall.as_secs(),
        };
        assert_eq!(all.iter().map(|provider| stalls(provider.wire())).collect::<Vec<_>>(), [5, 5, 5]);
        let own = read(&format!("[llm]\nstall_seconds = 9\n{TWO}stall_seconds = 12\n"), &env).unwrap();
        let own = own.llm.in_order();
        assert_eq!(own.iter().map(|provider| stalls(provider.wire())).collect::<Vec<_>>(), [9, 9, 12]);
        let shown = format!(
            "{config:?}{}{}",
            serde_json::to_string(&config).unwrap(),
            toml::to_string(&config).unwrap()
        );
        assert!(!shown.contains("canary"), "{shown}");
        let alone = read(TWO, &[]).unwrap().llm;
        assert!(alone.is_configured() && alone.in_order()[0].name == "azure-eu", "no model of the contract");
    }

    #[test]
    fn what_is_wrong_with_one_is_named_by_its_number_and_no_key_is_shown() {
        let one = |more: &str| {
            read(
                &format!(
                    "[[llm.providers]]\nname = \"a\"\nbase_url = \"https://h/v1\"\nmodel = \"m\"\n{more}"
                ),
                &[],
            )
        };
        assert!(one("").is_ok());
        for (more, said) in [
            ("timeout_seconds = 0", "llm.providers, number 1, timeout_seconds is 0"),
            ("stall_seconds = 121", "llm.providers, number 1, stall_seconds is 121"),
            ("api_version = \"x&y\"", "llm.providers, number 1, api_version must be"),
            ("api_key = \"sk canary\"", "llm.providers, number 1, api_key has"),
            ("kind = \"anthropic\"\napi_version = \"1\"", "number 1, kind anthropic has no key_header"),
            ("[[llm.providers]]\nname = \"a\"\nbase_url = \"\"\nmodel = \"\"", "number 2, name: a is taken"),
            (
                "[[llm.providers]]\nname = \"B C\"\nbase_url = \"h\"\nmodel = \"m\"",
                "number 2, base_url is no URL",
            ),
            ("kind = \"gemini\"", "llm.providers is a list: write [[llm.providers]]"),
            ("api_kee = \"sk-canary\"", "llm.providers is a list: write [[llm.providers]]"),
        ] {
            let message = one(more).unwrap_err();
            assert!(message.contains(said), "{more}: {message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }
}
