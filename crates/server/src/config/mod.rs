//! Configuration: one validated place (E9). `defaults/contactiq.toml` documents every field.

mod addresses;
mod fields;
mod identity;
mod kinds;
mod learned;
mod load;
mod production;
mod providers;
mod secrets;
mod validate;

use std::{net::SocketAddr, path::PathBuf};

use contactiq_domain::{Mode, OpeningHours, Trigger, opening::OpeningError};
use contactiq_llm::{EmbeddingsSettings, ModerationSettings, VectorStoreSettings};
use serde::{Deserialize, Serialize};

pub use identity::{Identity, LocalSignIn, Oidc, RoleOf, SiteKey, TokenAlgorithm, is_safe};
pub use learned::LearnedSetting;
pub use load::{ConfigError, DEFAULTS, load, load_from};
pub(crate) use providers::Wire;
pub use providers::{KeyPlace, LimitField, LlmProvider, ProviderKind};
pub use secrets::{AwsSettings, AzureSettings, GcpSettings, Secrets, VaultAuth, VaultSettings};

pub use crate::secrets::SecretText;

/// Everything that can be set. Field by field in `defaults/contactiq.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct Config {
    pub server: Server,
    pub secrets: Secrets,
    pub bank: Bank,
    pub customer: Assistant,
    pub banker: Assistant,
    pub identity: Identity,
    pub limits: Limits,
    pub guard: Guard,
    pub encoder: Encoder,
    pub database: Link,
    pub redis: Redis,
    pub ledger: Ledger,
    pub audit: Audit,
    pub llm: Llm,
    pub budgets: Budgets,
    pub knowledge: Knowledge,
    pub files: Files,
    pub retention: Retention,
    pub log: Log,
}

macro_rules! section {
    ($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
        pub struct $name { $(pub $field: $type),+ }
    )+};
}

section! {
    Server {
        role: ServerRole,
        listen: SocketAddr,
        metrics_listen: String,
        data_dir: PathBuf,
        environment: Environment,
        sealing_key: SecretText,
        demo: bool,
        request_timeout_seconds: u64,
        client_timeout_seconds: u64,
        allowed_origins: Vec<String>,
        public_url: String,
        trusted_proxies: Vec<String>,
        proxy_header: ProxyHeader,
        country_header: String,
        behind_proxy: bool,
        tls: TlsPair,
    }
    TlsPair { certificate: String, key: SecretText }
    Bank { name: String, verified_channel: String, crisis_line: String, people: People }
    People {
        available: bool,
        channel: String,
        hours: String,
        open: Vec<String>,
        time_zone: String,
        closed_on: Vec<String>,
        lines: Vec<Line>,
    }
    Assistant { confidence_threshold: f64, disclosure: String, disclaimer: String, answer_words: usize, misunderstandings: usize }
    Limits { questions_per_minute: u32, questions_per_hour_per_ip: u32, requests_per_minute: u32, failures_per_minute: u32, body_bytes: usize, answers_at_once: usize, questions_waiting: usize, remembered_answers: usize }
    Guard {
        personal_data: bool,
        injection: bool,
        moderation: bool,
        learned: LearnedSetting,
        injection_threshold: f64,
        seconds: u64,
        allowed_links: Vec<String>,
        placeholders: PlaceholderScope,
        token_key: SecretText,
    }
    Encoder {
        folder: String,
        kernel: String,
        adapter: bool,
        base_url: String,
        model: String,
        api_key: SecretText,
        dimensions: usize,
        timeout_seconds: u64,
    }
    Link { url: SecretText, password: SecretText }
    Redis { url: SecretText, password: SecretText, patience_milliseconds: u64 }
    Ledger { spool: String, spool_megabytes: u64 }
    Audit {
        origin: String,
        key_file: String,
        checkpoint_seconds: u64,
        checkpoint_entries: u64,
        anchor_file: String,
        anchor_url: String,
    }
    Llm {
        base_url: String,
        model: String,
        api_key: SecretText,
        requests_per_day: u64,
        tokens_per_day: u64,
        timeout_seconds: u64,
        stall_seconds: u64,
        max_retries: u32,
        hedge_after_milliseconds: u64,
        structured_output: bool,
        repair: bool,
        judges_intents: bool,
        judges_agreement: bool,
        answer_languages: Vec<String>,
        providers: Vec<LlmProvider>,
        moderation: Moderation,
    }
    Moderation { base_url: String, model: String, api_key: SecretText, timeout_seconds: u64 }
    Budgets { day_usd: f64, month_usd: f64, customer: Dollars, banker: Dollars }
    Dollars { day_usd: f64, month_usd: f64 }
    Knowledge { fetch: Fetch, hosted: HostedStore }
    HostedStore {
        base_url: String,
        vector_store_ids: Vec<String>,
        api_key: SecretText,
        attributes: Vec<String>,
        required: Vec<String>,
        results: u32,
        least_score: f64,
        ranker: String,
        price: String,
        timeout_seconds: u64,
        kept_seconds: u64,
    }
    Fetch {
        allow: Vec<String>,
        allow_private: bool,
        most_pages: usize,
        page_bytes: usize,
        page_timeout_seconds: u64,
        run_timeout_seconds: u64,
        delay_milliseconds: u64,
        user_agent: String,
    }
    Files { intents: String, triggers: String, confidence: String, confidence_words: String, synonyms: String, prices: String }
    Retention { days: u32, figures_days: u32, access_events_days: u32, purge: bool, clock_ahead_days: u32 }
    Log { level: Level, format: LogFormat }
}

/// A line to people for one assistant, for some triggers, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The assistant; left out, both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The triggers; left out, all.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// As in "You can reach them through {channel}".
    pub channel: String,
    /// When somebody answers there.
    pub hours: String,
    /// The same hours to reckon with; left out, the line is never said to be closed.
    #[serde(default)]
    pub open: Vec<String>,
}

impl People {
    /// Opening hours of the general line. Those of the demo bank don't go with hours that a bank
    /// wrote itself.
    #[must_use]
    pub fn general_opening(&self) -> Option<OpeningHours> {
        let left_over =
            load::demo_people().is_some_and(|demo| self.open == demo.open && self.hours != demo.hours);
        if left_over { None } else { self.opening(&self.open).ok().flatten() }
    }

    /// Opening hours in the bank's time zone; none where there are none to reckon with.
    ///
    /// # Errors
    /// How they are written.
    pub fn opening(&self, open: &[String]) -> Result<Option<OpeningHours>, OpeningError> {
        let hours = OpeningHours::parse(&self.time_zone, open, &self.closed_on)?;
        Ok((!open.is_empty()).then_some(hours))
    }
}

impl TlsPair {
    /// Whether this server speaks TLS itself.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.certificate.is_empty() || !self.key.is_empty()
    }
}

impl Server {
    /// Whether browsers reach us by https: because we speak TLS, or because a proxy does.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.tls.is_on() || self.public_url.starts_with("https://")
    }
}

impl Moderation {
    /// The settings of the server at `base_url`.
    #[must_use]
    pub fn settings(&self) -> ModerationSettings {
        ModerationSettings {
            api_key: self.api_key.keyring(),
            ..ModerationSettings::new(&self.base_url, &self.model)
        }
    }
}

impl HostedStore {
    /// The settings of the server at `base_url`.
    #[must_use]
    pub fn settings(&self) -> VectorStoreSettings {
        VectorStoreSettings {
            api_key: self.api_key.keyring(),
            results: self.results,
            least_score: self.least_score,
            ranker: Some(self.ranker.clone()).filter(|ranker| !ranker.is_empty()),
            ..VectorStoreSettings::new(&self.base_url, self.vector_store_ids.clone())
        }
    }

    /// What a file must have beside it, by name and value; none where one is not written as `name=value`.
    #[must_use]
    pub fn pairs(&self) -> Option<Vec<(String, String)>> {
        let pair = |written: &String| {
            let (name, value) = written.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        self.attributes.iter().map(pair).collect()
    }
}

impl Budgets {
    /// Every amount, by its field.
    pub(crate) const fn fields(&self) -> [(&'static str, f64); 6] {
        [
            ("budgets.day_usd", self.day_usd),
            ("budgets.month_usd", self.month_usd),
            ("budgets.customer.day_usd", self.customer.day_usd),
            ("budgets.customer.month_usd", self.customer.month_usd),
            ("budgets.banker.day_usd", self.banker.day_usd),
            ("budgets.banker.month_usd", self.banker.month_usd),
        ]
    }
}

impl Encoder {
    /// The settings of the server at `base_url`.
    #[must_use]
    pub fn remote(&self) -> EmbeddingsSettings {
        EmbeddingsSettings {
            api_key: self.api_key.keyring(),
            dimensions: (self.dimensions > 0).then_some(self.dimensions),
            ..EmbeddingsSettings::new(&self.base_url, &self.model)
        }
    }
}

/// Where this server runs; its short word is part of every API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A developer's machine.
    #[serde(alias = "dev")]
    Development,
    /// Before production.
    Staging,
    /// Real people.
    #[serde(alias = "prod")]
    Production,
}

impl Environment {
    /// The words.
    pub const ALL: [Environment; 3] =
        [Environment::Development, Environment::Staging, Environment::Production];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Environment::Development => "development",
            Environment::Staging => "staging",
            Environment::Production => "production",
        }
    }

    /// What API keys say.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Environment::Development => "dev",
            Environment::Staging => "staging",
            Environment::Production => "prod",
        }
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Config {
    /// What an installation without the demo bank still says of itself in the demo bank's words: its name, its lines.
    #[must_use]
    pub fn still_of_the_demo(&self) -> Vec<&'static str> {
        let Some((bank, people)) = load::demo_bank().filter(|_| !self.server.demo) else { return Vec::new() };
        let name = (self.bank.name == bank).then_some("bank.name");
        let lines = (self.bank.people.available && self.bank.people.channel == people.channel)
            .then_some("bank.people.channel");
        name.into_iter().chain(lines).collect()
    }
}

contactiq_domain::words! {
    /// The header in which trusted proxies say where a request came from.
    #[derive(Default)]
    ProxyHeader as "server.proxy_header" {
        /// `X-Forwarded-For`, which nearly all of them set.
        #[default]
        XForwardedFor => "x-forwarded-for",
        /// `Forwarded` (RFC 7239).
        Forwarded => "forwarded",
    }
}

contactiq_domain::words! {
    /// Which part of the work a server does.
    ServerRole as "server.role" {
        /// It answers its own questions; in a cluster those of gateways too.
        All => "all",
        /// It takes questions in and hands them to workers.
        Gateway => "gateway",
        /// It answers what gateways took in.
        Worker => "worker",
    }
}

contactiq_domain::words! {
    /// How long a value keeps its placeholder.
    PlaceholderScope as "guard.placeholders" {
        /// As long as the conversation: the mapping is sealed with it and goes with it.
        Conversation => "conversation",
        /// One request: nothing of it is kept.
        Request => "request",
    }
}

contactiq_domain::words! {
    /// How much is logged.
    Level as "log.level" {
        /// Failures.
        Error => "error",
        /// And degradation.
        Warn => "warn",
        /// And normal operation.
        Info => "info",
        /// And details.
        Debug => "debug",
        /// Everything.
        Trace => "trace",
    }
}

contactiq_domain::words! {
    /// How a log line looks.
    LogFormat as "log.format" {
        /// One JSON object a line.
        Json => "json",
        /// For people.
        Text => "text",
    }
}
