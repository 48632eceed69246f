//! Reads the secrets of a configuration, and reads them again.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{Clock, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    Reference, SecretText, SourceError,
    sources::{Reading, Sources},
};
use crate::config::{Config, ConfigError};

/// A start waits so long for a manager that is sealed or away; then whoever started it tries again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries of a start.
const PAUSE: Duration = Duration::from_millis(500);
/// What was refused somewhere is read again this long after the last reading at the earliest.
const SOONEST: Duration = Duration::from_secs(5);

/// Keeps the secrets of one configuration up to date. Cheap to clone.
#[derive(Clone)]
pub struct Keeper(Arc<Parts>);

struct Parts {
    secrets: Vec<(String, SecretText)>,
    sources: Sources,
    clock: Arc<dyn Clock>,
    every: Duration,
    /// When the last reading ended.
    last: Mutex<Instant>,
    /// Whether somebody asked for a reading, on SIGHUP.
    asked: AtomicBool,
    /// Whether somebody was refused with what we have.
    refused: AtomicBool,
}

/// How one secret stands, for `doctor` and `config check`.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The field of the configuration.
    pub field: String,
    /// Where its values stand, the active one first.
    pub places: Vec<String>,
    /// Whether every value could be read.
    pub resolves: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Seconds since all of it was read last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<i64>,
    /// What figures call its values, and whether each is in force: the beginning of a hash. None for passwords, which
    /// might be guessed by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, &'static str)>,
}

impl Keeper {
    /// For the secrets of this configuration. Nothing is read yet but what the configuration read itself.
    #[must_use]
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Keeper {
        let secrets = config.secret_fields().into_iter().filter(|(_, text)| !text.is_empty()).collect();
        Keeper(Arc::new(Parts {
            secrets,
            sources: Sources::new(&config.secrets, clock.clone()),
            clock,
            every: Duration::from_secs(config.secrets.refresh_seconds),
            last: Mutex::new(Instant::now()),
            asked: AtomicBool::new(false),
            refused: AtomicBool::new(false),
        }))
    }

    /// Reads what is not read yet; a manager that is sealed or away is waited for, for half a minute.
    ///
    /// # Errors
    /// A line for each secret that can't be read, with what to do.
    pub async fn open(&self) -> Result<(), ConfigError> {
        let (since, mut told) = (Instant::now(), false);
        loop {
            self.read(|text| !text.is_read()).await;
            let left: Vec<(String, SourceError)> = self.unread();
            if left.is_empty() {
                return Ok(());
            }
            let passes = left.iter().any(|(_, error)| error.is_transient());
            if !passes || since.elapsed() > PATIENCE {
                return Err(ConfigError(left.into_iter().map(|(line, _)| line).collect()));
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!("the start waits for a manager of secrets, for half a minute at most");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Tries once to read what is not read yet, for who goes on without.
    pub async fn try_open(&self) {
        self.read(|text| !text.is_read()).await;
    }

    fn unread(&self) -> Vec<(String, SourceError)> {
        let of = |(field, text): &(String, SecretText)| {
            let error = text.last_read().error.filter(|_| !text.is_read())?;
            let places = text.references().map(Reference::to_string).collect::<Vec<_>>().join(", ");
            Some((format!("{field}: {places}: {error}"), error))
        };
        self.0.secrets.iter().filter_map(of).collect()
    }

    /// Reads all that can change, and says which fields have another value now.
    pub async fn refresh(&self) -> Vec<String> {
        self.0.asked.store(false, Ordering::Relaxed);
        self.0.refused.store(false, Ordering::Relaxed);
        let changed = self.read(|_| true).await;
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        changed
    }

    async fn read(&self, wanted: impl Fn(&SecretText) -> bool) -> Vec<String> {
        let mut reading = Reading::default();
        let mut changed = Vec::new();
        for (field, text) in &self.0.secrets {
            let can_change = text.references().any(Reference::can_change);
            if !wanted(text) || !can_change {
                continue;
            }
            let was_read = text.is_read();
            let had_failed = text.last_read().error.is_some();
            match self.values(text, &mut reading).await {
                Ok(values) => {
                    if text.take(values, self.0.clock.now()) && was_read {
                        tracing::info!(
                            secret = field,
                            "a secret has another value: it is in force from now on"
                        );
                        metrics::counter!("contactiq_secret_changes_total", "secret" => field.clone())
                            .increment(1);
                        changed.push(field.clone());
                    }
                    if had_failed && was_read {
                        tracing::info!(secret = field, "a secret can be read again");
                    }
                }
                Err(error) => {
                    metrics::counter!(
                        "contactiq_secret_failures_total",
                        "secret" => field.clone(), "why" => error.code()
                    )
                    .increment(1);
                    if text.fail(error.clone()) && was_read {
                        tracing::warn!(
                            critical = true,
                            secret = field,
                            %error,
                            "a secret can't be read: the last good value stays in force"
                        );
                    }
                }
            }
        }
        changed
    }

    async fn values(
        &self,
        text: &SecretText,
        reading: &mut Reading,
    ) -> Result<Vec<contactiq_domain::Secret>, SourceError> {
        let mut values = Vec::new();
        let known = text.keyring().keys();
        for (place, reference) in text.references().enumerate() {
            // A variable of the environment never changes: its value is the one that was read at the start.
            match known.get(place).filter(|_| !reference.can_change() && text.is_read()) {
                Some(key) => values.push(contactiq_domain::Secret::new(key.expose().to_owned())),
                None => values.push(self.0.sources.read(reference, reading).await?),
            }
        }
        Ok(values)
    }

    /// Asks for a reading at the next look, whatever the schedule says.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked for a reading.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Tells that somebody refused us with what we have: it may have been changed there.
    pub fn was_refused(&self) {
        self.0.refused.store(true, Ordering::Relaxed);
    }

    /// Whether it is time to read: by the schedule, because somebody asked, or because we were refused.
    #[must_use]
    pub fn is_due(&self) -> bool {
        // All of them are asked, so that each begins anew.
        let stale = self.0.secrets.iter().filter(|(_, text)| text.keyring().take_stale()).count() > 0;
        if stale {
            self.was_refused();
        }
        let since = self.0.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        self.0.asked.load(Ordering::Relaxed)
            || since >= self.0.every
            || (self.0.refused.load(Ordering::Relaxed) && since >= SOONEST)
    }

    /// Shows how old each secret is that can change.
    pub fn measure(&self) {
        for (field, text) in &self.0.secrets {
            let read = text.last_read();
            let can_change = text.references().any(Reference::can_change);
            if let Some(age) = read.at.filter(|_| can_change).map(|at| seconds(self.0.clock.now(), at)) {
                metrics::gauge!("contactiq_secret_age_seconds", "secret" => field.clone()).set(age as f64);
            }
        }
    }

    /// How each secret stands.
    #[must_use]
    pub fn standing(&self) -> Vec<Standing> {
        let now = self.0.clock.now();
        let of = |(field, text): &(String, SecretText)| {
            let read = text.last_read();
            let word = |is_active| if is_active { "active" } else { "standby" };
            let values = match field.ends_with("api_key") {
                true => text.keyring().ids().into_iter().map(|(id, active)| (id, word(active))).collect(),
                false => Vec::new(),
            };
            Standing {
                field: field.clone(),
                places: text.shown(),
                resolves: text.is_read() && read.error.is_none(),
                error: read.error.as_ref().map(ToString::to_string),
                age_seconds: read.at.map(|at| seconds(now, at)),
                values,
            }
        };
        self.0.secrets.iter().map(of).collect()
    }
}

fn seconds(now: Timestamp, at: Timestamp) -> i64 {
    (now.micros() - at.micros()).max(0) / 1_000_000
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keeper({} secrets)", self.0.secrets.len())
    }
}
