//! Ranges and combinations: a bad value stops the start with a message that names the field.

use std::ops::RangeInclusive;

use contactiq_auditlog::SigningKey;
use contactiq_domain::{interaction::NanoUsd, opening::OpeningError};
use contactiq_guard::TokenKey;
use contactiq_nlu::encoder::KernelChoice;
use contactiq_pipeline::Tongue;

use super::{Assistant, Config, ServerRole, addresses::said};
use crate::{
    fetch::AllowList,
    guard::{proxies::network, tokens::LEAST_SESSION_KEY},
    secrets::HOW,
};

/// What a whole number may be.
const RANGES: &[(&str, RangeInclusive<u64>)] = &[
    ("server.request_timeout_seconds", 5..=120),
    ("server.client_timeout_seconds", 1..=120),
    ("customer.answer_words", 20..=500),
    ("banker.answer_words", 20..=500),
    ("customer.misunderstandings", 1..=6),
    ("banker.misunderstandings", 1..=6),
    ("identity.session_idle_minutes", 1..=1440),
    ("identity.session_hours", 1..=24),
    ("identity.oidc.leeway_seconds", 0..=300),
    ("identity.oidc.keys_kept_minutes", 1..=1440),
    ("limits.questions_per_minute", 1..=100),
    ("limits.questions_per_hour_per_ip", 1..=100_000),
    ("limits.requests_per_minute", 1..=1_000_000),
    ("limits.failures_per_minute", 1..=1_000_000),
    ("limits.body_bytes", 4096..=10_000_000),
    ("limits.answers_at_once", 0..=10_000),
    ("limits.questions_waiting", 0..=1_000_000),
    ("limits.remembered_answers", 0..=1_000_000),
    ("encoder.dimensions", 0..=contactiq_llm::MOST_DIMENSIONS as u64),
    ("encoder.timeout_seconds", 1..=30),
    ("guard.seconds", 1..=30),
    ("ledger.spool_megabytes", 1..=1_000_000),
    ("audit.checkpoint_seconds", 1..=3_600),
    ("audit.checkpoint_entries", 1..=1_000_000),
    ("redis.patience_milliseconds", 10..=150),
    ("llm.requests_per_day", 0..=1_000_000_000),
    ("llm.tokens_per_day", 0..=1_000_000_000_000),
    ("llm.timeout_seconds", 1..=120),
    ("llm.stall_seconds", 1..=120),
    ("llm.moderation.timeout_seconds", 1..=30),
    ("llm.max_retries", 1..=5),
    ("llm.hedge_after_milliseconds", 0..=60_000),
    ("knowledge.fetch.most_pages", 1..=50_000),
    ("knowledge.fetch.page_bytes", 1_024..=20_000_000),
    ("knowledge.fetch.page_timeout_seconds", 1..=120),
    ("knowledge.fetch.run_timeout_seconds", 1..=86_400),
    ("knowledge.fetch.delay_milliseconds", 0..=60_000),
    ("knowledge.hosted.results", 1..=contactiq_llm::MOST_CHUNKS as u64),
    ("knowledge.hosted.timeout_seconds", 1..=30),
    ("knowledge.hosted.kept_seconds", 0..=3_600),
    ("secrets.refresh_seconds", 1..=86_400),
    ("retention.days", 1..=3650),
    ("retention.figures_days", 1..=36500),
    ("retention.access_events_days", 1..=36500),
    ("retention.clock_ahead_days", 1..=3650),
];

/// What this field may be, where it is a whole number.
pub(super) fn range_of(field: &str) -> Option<&'static RangeInclusive<u64>> {
    RANGES.iter().find(|(name, _)| *name == field).map(|(_, range)| range)
}

impl Config {
    /// Everything that is wrong, one line each: the field, what it is, what it may be.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let fetch = &self.knowledge.fetch;
        for (field, value) in [
            ("server.request_timeout_seconds", self.server.request_timeout_seconds),
            ("server.client_timeout_seconds", self.server.client_timeout_seconds),
            ("customer.answer_words", self.customer.answer_words as u64),
            ("banker.answer_words", self.banker.answer_words as u64),
            ("customer.misunderstandings", self.customer.misunderstandings as u64),
            ("banker.misunderstandings", self.banker.misunderstandings as u64),
            ("identity.session_idle_minutes", self.identity.session_idle_minutes),
            ("identity.session_hours", self.identity.session_hours),
            ("identity.oidc.leeway_seconds", self.identity.oidc.leeway_seconds),
            ("identity.oidc.keys_kept_minutes", self.identity.oidc.keys_kept_minutes),
            ("limits.questions_per_minute", self.limits.questions_per_minute.into()),
            ("limits.questions_per_hour_per_ip", self.limits.questions_per_hour_per_ip.into()),
            ("limits.requests_per_minute", self.limits.requests_per_minute.into()),
            ("limits.failures_per_minute", self.limits.failures_per_minute.into()),
            ("limits.body_bytes", self.limits.body_bytes as u64),
            ("limits.answers_at_once", self.limits.answers_at_once as u64),
            ("limits.questions_waiting", self.limits.questions_waiting as u64),
            ("limits.remembered_answers", self.limits.remembered_answers as u64),
            ("redis.patience_milliseconds", self.redis.patience_milliseconds),
            ("encoder.dimensions", self.encoder.dimensions as u64),
            ("encoder.timeout_seconds", self.encoder.timeout_seconds),
            ("guard.seconds", self.guard.seconds),
            ("ledger.spool_megabytes", self.ledger.spool_megabytes),
            ("llm.requests_per_day", self.llm.requests_per_day),
            ("llm.tokens_per_day", self.llm.tokens_per_day),
            ("audit.checkpoint_seconds", self.audit.checkpoint_seconds),
            ("audit.checkpoint_entries", self.audit.checkpoint_entries),
            ("llm.timeout_seconds", self.llm.timeout_seconds),
            ("llm.stall_seconds", self.llm.stall_seconds),
            ("llm.moderation.timeout_seconds", self.llm.moderation.timeout_seconds),
            ("llm.max_retries", self.llm.max_retries.into()),
            ("llm.hedge_after_milliseconds", self.llm.hedge_after_milliseconds),
            ("knowledge.fetch.most_pages", fetch.most_pages as u64),
            ("knowledge.fetch.page_bytes", fetch.page_bytes as u64),
            ("knowledge.fetch.page_timeout_seconds", fetch.page_timeout_seconds),
            ("knowledge.fetch.run_timeout_seconds", fetch.run_timeout_seconds),
            ("knowledge.fetch.delay_milliseconds", fetch.delay_milliseconds),
            ("knowledge.hosted.results", self.knowledge.hosted.results.into()),
            ("knowledge.hosted.timeout_seconds", self.knowledge.hosted.timeout_seconds),
            ("knowledge.hosted.kept_seconds", self.knowledge.hosted.kept_seconds),
            ("secrets.refresh_seconds", self.secrets.refresh_seconds),
            ("retention.days", self.retention.days.into()),
            ("retention.figures_days", self.retention.figures_days.into()),
            ("retention.access_events_days", self.retention.access_events_days.into()),
            ("retention.clock_ahead_days", self.retention.clock_ahead_days.into()),
        ] {
            if let Some(range) = range_of(field).filter(|r| !r.contains(&value)) {
                found.push(format!(
                    "{field} is {value}: write a number from {} to {}",
                    range.start(),
                    range.end()
                ));
            }
        }
        self.assistant("customer", &self.customer, &mut found);
        self.assistant("banker", &self.banker, &mut found);
        share("guard.injection_threshold", self.guard.injection_threshold, &mut found);
        found.extend(self.guard.learned.model().err());
        if self.retention.figures_days < self.retention.days {
            found.push(format!(
                "retention.figures_days is {} and retention.days is {}: figures are what is left of texts, keep them at least as long",
                self.retention.figures_days, self.retention.days
            ));
        }
        self.token_key(&mut found);
        self.session_key(&mut found);
        self.sealing(&mut found);
        found.extend(self.unfit());
        self.kernel(&mut found);
        self.remote_encoder(&mut found);
        self.moderation(&mut found);
        self.hosted_store(&mut found);
        self.languages(&mut found);
        found.extend(self.llm.problems());
        found.extend(self.identity.problems(&self.server));
        self.own_tls(&mut found);
        found.extend(self.telling_addresses());
        self.budgets(&mut found);
        self.links(&mut found);
        self.texts(&mut found);
        self.addresses(&mut found);
        self.fetch(&mut found);
        self.audit(&mut found);
        found
    }

    fn audit(&self, found: &mut Vec<String>) {
        let (origin, url) = (&self.audit.origin, &self.audit.anchor_url);
        if SigningKey::new(origin, &[1; 32]).is_err() {
            found.push(format!(
                "audit.origin is {origin:?}: write a name without spaces and plus signs, for instance bank.example/contactiq"
            ));
        }
        let is_http = reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !url.is_empty() && !is_http {
            found.push("audit.anchor_url: write https://host/path, or \"\"".to_owned());
        }
    }

    fn assistant(&self, name: &str, assistant: &Assistant, found: &mut Vec<String>) {
        share(&format!("{name}.confidence_threshold"), assistant.confidence_threshold, found);
        if assistant.disclosure.trim().is_empty() {
            found
                .push(format!("{name}.disclosure is empty: people must be told that they talk to a machine"));
        }
    }

    /// A short key could be guessed, and then every token tried out.
    fn token_key(&self, found: &mut Vec<String>) {
        let key = &self.guard.token_key;
        if !key.is_empty() && key.is_read() && TokenKey::new(key.expose().as_bytes()).is_none() {
            found.push(format!(
                "guard.token_key is too short: write at least {} characters of chance, for instance from \
                 `openssl rand -hex 32`, or \"\" for no tokens",
                TokenKey::LEAST
            ));
        }
    }

    /// Whoever guesses it signs sessions of any customer.
    fn session_key(&self, found: &mut Vec<String>) {
        let all = self.identity.session_key.keyring().keys();
        if all.iter().any(|key| key.expose().len() < LEAST_SESSION_KEY) {
            found.push(format!(
                "identity.session_key is too short: write at least {LEAST_SESSION_KEY} characters of chance, for \
                 instance from `openssl rand -hex 32`, or \"\" for a key that is made of the root key"
            ));
        }
    }

    fn sealing(&self, found: &mut Vec<String>) {
        found.extend(self.sealing_keys().err().map(|wrong| wrong.to_string()));
        for (field, text) in self.secret_fields().iter().filter(|(field, _)| field.starts_with("secrets.")) {
            if text.references().any(|reference| !reference.is_local()) {
                found.push(format!(
                    "{field}: what lets us into a manager of secrets stands on this machine: write file:/path or env:NAME"
                ));
            }
        }
    }

    /// One without the other is a slip that must not leave plain HTTP in silence.
    fn own_tls(&self, found: &mut Vec<String>) {
        let pair = &self.server.tls;
        if pair.is_on() && pair.certificate.is_empty() {
            found.push(
                "server.tls.certificate is empty: name the PEM file of the certificate for server.tls.key"
                    .to_owned(),
            );
        }
        if pair.is_on() && pair.key.is_empty() {
            found.push(format!("server.tls.key is empty: write where the private key stands: {HOW}"));
        }
        if pair.key.places().len() > 1 {
            found.push("server.tls.key is a list: a certificate has one key".to_owned());
        }
    }

    /// Not only the word: a kernel that this processor lacks must not switch the encoder off in silence.
    fn kernel(&self, found: &mut Vec<String>) {
        let kernel = &self.encoder.kernel;
        match kernel.parse::<KernelChoice>().map(KernelChoice::resolve) {
            Err(e) => found.push(format!("encoder.kernel is {kernel:?}: {e}")),
            Ok(Err(e)) => found.push(format!("encoder.kernel is {kernel:?}: {e}")),
            Ok(Ok(_)) => {}
        }
    }

    /// A setting that can't be used must not leave the lexical model alone in silence.
    fn remote_encoder(&self, found: &mut Vec<String>) {
        if !self.encoder.base_url.is_empty()
            && let Err(wrong) = self.encoder.remote().check()
        {
            found.push(format!("encoder.{wrong}"));
        }
    }

    /// Nor must one leave the local moderation alone in silence.
    fn moderation(&self, found: &mut Vec<String>) {
        let moderation = &self.llm.moderation;
        if !moderation.base_url.is_empty()
            && let Err(wrong) = moderation.settings().check()
        {
            found.push(format!("llm.moderation.{wrong}"));
        }
        if !moderation.base_url.is_empty() && !self.guard.moderation {
            found.push(
                "llm.moderation.base_url is set and guard.moderation is false: it adds to the local moderation, \
                 switch that on, or write \"\""
                    .to_owned(),
            );
        }
    }

    /// A language that no translation can be checked in.
    fn languages(&self, found: &mut Vec<String>) {
        let unknown = self.llm.answer_languages.iter().filter(|code| Tongue::named(code).is_none());
        let known: Vec<&str> = Tongue::codes().collect();
        found.extend(unknown.map(|code| {
            format!(
                "llm.answer_languages: {code:?} can't be checked here: write some of {}",
                known.join(", ")
            )
        }));
    }

    /// Nor a hosted store that is half configured: nobody would notice that it is not asked.
    fn hosted_store(&self, found: &mut Vec<String>) {
        let hosted = &self.knowledge.hosted;
        share("knowledge.hosted.least_score", hosted.least_score, found);
        if hosted.pairs().is_none() {
            found.push(
                "knowledge.hosted.attributes: write each as \"name=value\", for instance \"region=AU\""
                    .to_owned(),
            );
        }
        if hosted.required.iter().any(|name| name.trim().is_empty()) {
            found.push("knowledge.hosted.required: write names of attributes, none of them empty".to_owned());
        }
        if hosted.price.trim().is_empty() {
            found.push(
                "knowledge.hosted.price is empty: write the name of a search in files.prices".to_owned(),
            );
        }
        if hosted.base_url.is_empty() {
            if !hosted.vector_store_ids.is_empty() {
                found.push(
                    "knowledge.hosted.vector_store_ids is set and knowledge.hosted.base_url is empty: write the \
                     address, for instance https://api.openai.com/v1, or []"
                        .to_owned(),
                );
            }
        } else if let Err(wrong) = hosted.settings().check() {
            found.push(format!("knowledge.hosted.{wrong}"));
        }
    }

    fn budgets(&self, found: &mut Vec<String>) {
        for (field, dollars) in self.budgets.fields() {
            if NanoUsd::from_dollars(dollars).is_none() {
                found.push(format!(
                    "{field} is {dollars}: write dollars from 0, which is no budget, to 1000000000"
                ));
            }
        }
    }

    fn links(&self, found: &mut Vec<String>) {
        for host in &self.guard.allowed_links {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !name.contains('.') || !name.split('.').all(label) {
                found.push(format!(
                    "guard.allowed_links has {}: write hosts as www.bank.example, or *.bank.example for every \
                     name below it, without https:// and without a path",
                    said(host)
                ));
            }
        }
    }

    fn fetch(&self, found: &mut Vec<String>) {
        let fetch = &self.knowledge.fetch;
        if let Err(entry) = AllowList::new(&fetch.allow, fetch.allow_private) {
            found.push(format!("knowledge.fetch.allow has {}: {}", said(&entry), crate::fetch::HOW));
        }
        let agent = &fetch.user_agent;
        if !agent.starts_with(|c: char| c.is_ascii_alphabetic())
            || !agent.bytes().all(|b| (b' '..=b'~').contains(&b))
        {
            found.push(
                "knowledge.fetch.user_agent: begin with the robot's name, for instance \"ContactIQ/1.0\", in plain \
                 ASCII"
                    .to_owned(),
            );
        }
    }

    fn texts(&self, found: &mut Vec<String>) {
        for (field, text) in [
            ("bank.name", &self.bank.name),
            ("bank.verified_channel", &self.bank.verified_channel),
            ("bank.crisis_line", &self.bank.crisis_line),
        ] {
            if text.trim().is_empty() {
                found.push(format!("{field} is empty: messages to people need it"));
            }
        }
        let people = &self.bank.people;
        if people.available && (people.channel.trim().is_empty() || people.hours.trim().is_empty()) {
            found.push(
                "bank.people.available is true: write bank.people.channel and bank.people.hours too"
                    .to_owned(),
            );
        }
        if let Err(error) = people.opening(&people.open) {
            let field = match error {
                OpeningError::Zone => "time_zone",
                OpeningError::Span => "open",
                OpeningError::Day => "closed_on",
            };
            found.push(format!("bank.people.{field}: {error}"));
        }
        for (at, line) in people.lines.iter().enumerate() {
            if line.channel.trim().is_empty() || line.hours.trim().is_empty() {
                found.push(format!("bank.people.lines, number {}: write channel and hours", at + 1));
            }
            if let Err(error @ OpeningError::Span) = people.opening(&line.open) {
                found.push(format!("bank.people.lines, number {}, open: {error}", at + 1));
            }
        }
        // The lines of the demo bank must not stand beside the channel of a real one.
        let demo = super::load::demo_people();
        if people.available
            && !people.lines.is_empty()
            && demo.is_some_and(|demo| people.lines == demo.lines && people.channel != demo.channel)
        {
            found.push(
                "bank.people.lines are those of the demo bank, and bank.people.channel is not: write your own \
                 [[bank.people.lines]], or lines = []"
                    .to_owned(),
            );
        }
    }

    fn addresses(&self, found: &mut Vec<String>) {
        let metrics = &self.server.metrics_listen;
        if !metrics.is_empty() && metrics.parse::<std::net::SocketAddr>().is_err() {
            found.push(format!(
                "server.metrics_listen is {}: write address:port, or \"\" to switch it off",
                said(metrics)
            ));
        }
        let database = self.database_url();
        if !(database.is_empty()
            || database.starts_with("postgres://")
            || database.starts_with("postgresql://"))
        {
            found.push(
                "database.url: write postgres://user:password@host:5432/name, or \"\" for SQLite".to_owned(),
            );
        }
        let redis = self.redis_url();
        if !redis.is_empty()
            && let Err(error) = contactiq_store::SharedLimits::connect(redis.as_str())
        {
            found.push(format!("redis.url: {error}; or write \"\""));
        }
        if self.server.role != ServerRole::All && (self.redis.url.is_empty() || self.database.url.is_empty())
        {
            found.push(format!(
                "server.role is {}: gateways and workers share PostgreSQL and Redis, so set database.url and redis.url; or write \"all\"",
                self.server.role
            ));
        }
        let llm = &self.llm;
        if !llm.base_url.is_empty() {
            if !(llm.base_url.starts_with("http://") || llm.base_url.starts_with("https://")) {
                found.push("llm.base_url: write http://host:port/v1 or https://…".to_owned());
            }
            if llm.model.is_empty() {
                found.push("llm.model is empty: name the model that llm.base_url serves".to_owned());
            }
        }
        for entry in &self.server.trusted_proxies {
            if network(entry).is_none() {
                found.push(format!(
                    "server.trusted_proxies has {}: write addresses and networks as 10.0.0.0/8, 192.168.7.3 or \
                     2001:db8::/32",
                    said(entry)
                ));
            }
        }
        let header = &self.server.country_header;
        if !header.is_empty() && axum::http::HeaderName::from_bytes(header.as_bytes()).is_err() {
            found.push(
                "server.country_header is no name of a header: write one, for instance cf-ipcountry, or \"\""
                    .to_owned(),
            );
        }
        for origin in &self.server.allowed_origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let plain = |h: &str| {
                !h.is_empty()
                    && h.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
            };
            if !host.is_some_and(plain) {
                found.push(format!(
                    "server.allowed_origins has {}: write origins as https://www.bank.example, without a path or a wildcard",
                    said(origin)
                ));
            }
        }
    }
}

fn share(field: &str, value: f64, found: &mut Vec<String>) {
    if !(0.0..=1.0).contains(&value) {
        found.push(format!("{field} is {value}: write a number from 0 to 1"));
    }
}
