//! Ranges and combinations: a bad value stops the start with a message that names the field.

use std::ops::RangeInclusive;

use contactiq_nlu::encoder::KernelChoice;

use super::{Assistant, Config};

impl Config {
    /// Everything that is wrong, one line each: the field, what it is, what it may be.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |field: &str, value: u64, allowed: RangeInclusive<u64>| {
            if !allowed.contains(&value) {
                found.push(format!(
                    "{field} is {value}: write a number from {} to {}",
                    allowed.start(),
                    allowed.end()
                ));
            }
        };
        range("server.request_timeout_seconds", self.server.request_timeout_seconds, 5..=120);
        range("server.client_timeout_seconds", self.server.client_timeout_seconds, 1..=120);
        range("limits.questions_per_minute", self.limits.questions_per_minute.into(), 1..=100);
        range("limits.questions_per_hour_per_ip", self.limits.questions_per_hour_per_ip.into(), 1..=100_000);
        range("limits.body_bytes", self.limits.body_bytes as u64, 4096..=10_000_000);
        range("llm.timeout_seconds", self.llm.timeout_seconds, 1..=120);
        range("llm.max_retries", self.llm.max_retries.into(), 1..=5);
        range("retention.days", self.retention.days.into(), 1..=3650);
        self.assistant("customer", &self.customer, &mut found);
        self.assistant("banker", &self.banker, &mut found);
        share("guard.injection_threshold", self.guard.injection_threshold, &mut found);
        self.kernel(&mut found);
        self.texts(&mut found);
        self.addresses(&mut found);
        found
    }

    fn assistant(&self, name: &str, assistant: &Assistant, found: &mut Vec<String>) {
        share(&format!("{name}.confidence_threshold"), assistant.confidence_threshold, found);
        if !(20..=500).contains(&assistant.answer_words) {
            found.push(format!(
                "{name}.answer_words is {}: write a number from 20 to 500",
                assistant.answer_words
            ));
        }
        if assistant.disclosure.trim().is_empty() {
            found
                .push(format!("{name}.disclosure is empty: people must be told that they talk to a machine"));
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
    }

    fn addresses(&self, found: &mut Vec<String>) {
        let metrics = &self.server.metrics_listen;
        if !metrics.is_empty() && metrics.parse::<std::net::SocketAddr>().is_err() {
            found.push("server.metrics_listen: write address:port, or \"\" to switch it off".to_owned());
        }
        let database = self.database.url.expose();
        if !(database.is_empty()
            || database.starts_with("postgres://")
            || database.starts_with("postgresql://"))
        {
            found.push(
                "database.url: write postgres://user:password@host:5432/name, or \"\" for SQLite".to_owned(),
            );
        }
        let redis = self.redis.url.expose();
        if !redis.is_empty()
            && let Err(error) = contactiq_store::SharedLimits::connect(redis)
        {
            found.push(format!("redis.url: {error}; or write \"\""));
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
        for origin in &self.server.allowed_origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let plain = |h: &str| {
                !h.is_empty()
                    && h.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
            };
            if !host.is_some_and(plain) {
                found.push(
                    "server.allowed_origins: write origins as https://www.bank.example, without a path or a wildcard"
                        .to_owned(),
                );
            }
        }
    }
}

fn share(field: &str, value: f64, found: &mut Vec<String>) {
    if !(0.0..=1.0).contains(&value) {
        found.push(format!("{field} is {value}: write a number from 0 to 1"));
    }
}
