//! Rate limits (A3): a token bucket a session, a key and a person, a sliding window an address. What is no question has
//! a bucket of its own, of whoever calls.
//!
//! A question takes its place in all limits that it counts for, or in none, before anything else is done for it; there
//! is nothing to give back. Whoever has a rate of its own (a key made with `--rate-per-minute`) is a back end that
//! speaks for many people: its key has that rate, it is not counted by address, and the sittings and people whom it
//! names have the rate of everybody.
//! With Redis the limits hold for all replicas together. While it is away each replica keeps them
//! alone: people are answered, and a limit is at most as many times too wide as there are replicas.
//! After five failures in a row Redis is left alone for a minute (E2), so that questions don't wait
//! for it; then one of them tries.

mod headers;
mod local;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{Breaker, Clock};
use contactiq_store::{Counts, Limit, SharedError, SharedLimits, Taken};
use local::LocalLimits;

use crate::{app, config::Config};

/// Redis is left alone after this many failures in a row, and for this long (E2).
const FAILURES: u32 = 5;
const ALONE: Duration = Duration::from_secs(60);
/// As long as a question waits.
const READY_PATIENCE: Duration = Duration::from_millis(50);
/// That Redis is away is logged once in this time.
const QUIET_MICROS: i64 = 60_000_000;
/// No warning was logged, or the last one is over.
const NEVER: i64 = i64::MIN;

/// What is said where no Redis is configured.
pub const NO_REDIS: &str = "not configured: limits are kept in this process";

pub use headers::Told;

/// Who asks, as the limits count.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Who sends the question: a key, or a person of the pages.
    pub own: &'a str,
    /// Questions a minute of its key, where that has a rate of its own.
    pub own_rate: Option<u32>,
    /// The sitting that it named.
    pub session: Option<&'a str>,
    /// The person that it named.
    pub subject: Option<&'a str>,
    /// From where.
    pub ip: IpAddr,
}

impl Asker<'_> {
    /// A person of the pages, or a key that asks for itself.
    #[must_use]
    pub const fn alone(own: &str, ip: IpAddr) -> Asker<'_> {
        Asker { own, own_rate: None, session: None, subject: None, ip }
    }

    /// Whose turn it is in the queue of requests: a key with a rate of its own has one for all that it asks.
    #[must_use]
    pub fn turn(&self) -> String {
        match (self.own_rate, self.session.or(self.subject)) {
            (Some(_), _) => self.own.to_owned(),
            (None, Some(named)) => format!("{}/{named}", self.own),
            (None, None) => format!("{0}/{0}", self.own),
        }
    }

    /// The limits that it counts for.
    fn limits(&self, per_minute: u32, per_hour_per_ip: u32) -> Vec<Limit> {
        let own = self.own;
        let bucket = |what, whom, most| Limit { what, whom, most, counts: Counts::Minute };
        let mut all = Vec::with_capacity(3);
        if let Some(rate) = self.own_rate {
            all.push(bucket("key", own.to_owned(), rate));
        }
        match (self.session, self.own_rate) {
            (Some(session), _) => all.push(bucket("session", format!("{own}/{session}"), per_minute)),
            // Who names neither has one sitting; a back end that names none has its rate alone.
            (None, None) if self.subject.is_none() => {
                all.push(bucket("session", format!("{own}/{own}"), per_minute));
            }
            (None, _) => {}
        }
        if let Some(subject) = self.subject {
            all.push(bucket("subject", format!("{own}/{subject}"), per_minute));
        }
        if self.own_rate.is_none() {
            let whom = address(self.ip).to_string();
            all.push(Limit { what: "address", whom, most: per_hour_per_ip, counts: Counts::Hour });
        }
        all
    }
}

/// Whether replicas share the limits now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// There is no Redis: this process has its own.
    Off,
    /// Redis answers.
    Ok,
    /// Redis is configured and does not answer: this process has its own meanwhile.
    Away,
}

/// All limits: shared through Redis where it is configured, else of this process.
pub struct Limits {
    clock: Arc<dyn Clock>,
    per_minute: u32,
    per_hour_per_ip: u32,
    local: LocalLimits,
    shared: Option<Shared>,
}

/// What is done with limits.
#[derive(Clone, Copy)]
enum Does {
    Take,
    Look,
}

struct Shared {
    limits: SharedLimits,
    breaker: Breaker,
    /// When it was last logged that Redis is away.
    warned_at: AtomicI64,
    /// Whether it refused our password since somebody looked.
    refused: AtomicBool,
}

impl Limits {
    /// Limits with the defaults of the configuration.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        per_minute: u32,
        per_hour_per_ip: u32,
        shared: Option<SharedLimits>,
    ) -> Limits {
        let shared = shared.map(|limits| Shared {
            limits,
            breaker: Breaker::new(FAILURES, ALONE, clock.clone()),
            warned_at: AtomicI64::new(NEVER),
            refused: AtomicBool::new(false),
        });
        let local = LocalLimits::new(clock.clone());
        Limits { clock, per_minute, per_hour_per_ip, local, shared }
    }

    /// Takes a place for a question; what is left of each of its limits, also where there is none.
    pub async fn take(&self, asker: Asker<'_>) -> Told {
        self.take_all(asker.limits(self.per_minute, self.per_hour_per_ip)).await
    }

    /// Takes a place for a request that is no question, of at most so many a minute.
    pub async fn take_request(&self, whom: String, most: u32) -> Told {
        self.take_all(vec![Limit { what: "requests", whom, most, counts: Counts::Minute }]).await
    }

    async fn take_all(&self, limits: Vec<Limit>) -> Told {
        let taken = match self.ask_shared(&limits, Does::Take).await {
            Some(taken) => taken,
            None => self.local.take(&limits),
        };
        if taken.wait.is_some() {
            for (limit, _) in limits.iter().zip(&taken.left).filter(|(_, left)| left.left == 0) {
                metrics::counter!("contactiq_limited_total", "limit" => limit.what).increment(1);
            }
        }
        Told { limits, taken }
    }

    /// Seconds until each of these has a place, without taking one; none where each has.
    pub(super) async fn wait_for(&self, limits: &[Limit]) -> Option<u64> {
        match self.ask_shared(limits, Does::Look).await {
            Some(seen) => seen.wait,
            None => self.local.look(limits).wait,
        }
    }

    /// Takes a place from each of these, for what is no question; seconds to wait where one has none, and then none is
    /// taken.
    pub(super) async fn count(&self, limits: &[Limit]) -> Option<u64> {
        match self.ask_shared(limits, Does::Take).await {
            Some(taken) => taken.wait,
            None => self.local.take(limits).wait,
        }
    }

    /// What Redis decided, or nothing when it is away or there is none.
    async fn ask_shared(&self, limits: &[Limit], does: Does) -> Option<Taken> {
        let shared = self.shared.as_ref()?;
        let taken = self.ask(shared, limits, does).await;
        if taken.is_none() {
            metrics::counter!("contactiq_limits_degraded_total").increment(1);
        }
        taken
    }

    async fn ask(&self, shared: &Shared, limits: &[Limit], does: Does) -> Option<Taken> {
        let permit = shared.breaker.admit()?;
        let asked = match does {
            Does::Take => shared.limits.take(limits).await,
            Does::Look => shared.limits.look(limits).await,
        };
        match asked {
            Ok(taken) => {
                permit.success();
                shared.is_back();
                Some(taken)
            }
            Err(error) => {
                permit.failure();
                shared.is_away(&error, self.clock.now().micros());
                None
            }
        }
    }

    /// Whether Redis refused our password since the last look: it may have been changed.
    #[must_use]
    pub fn take_refused(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.refused.swap(false, Ordering::Relaxed))
    }

    /// Whether the limits are shared now; asks Redis, unless it is being left alone.
    pub async fn sharing(&self) -> Sharing {
        let Some(shared) = &self.shared else { return Sharing::Off };
        let Some(permit) = shared.breaker.admit() else { return Sharing::Away };
        match shared.limits.ping(READY_PATIENCE).await {
            Ok(()) => {
                permit.success();
                shared.is_back();
                Sharing::Ok
            }
            Err(error) => {
                permit.failure();
                shared.is_away(&error, self.clock.now().micros());
                Sharing::Away
            }
        }
    }
}

impl Shared {
    fn is_away(&self, error: &SharedError, now: i64) {
        if *error == SharedError::Refused {
            self.refused.store(true, Ordering::Relaxed);
        }
        let last = self.warned_at.load(Ordering::Relaxed);
        // A clock that was set back logs once more rather than keeping quiet.
        let quiet = last != NEVER && (0..QUIET_MICROS).contains(&now.saturating_sub(last));
        if !quiet && self.warned_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!(error = %error, "Redis is away: this process keeps the rate limits alone until it answers");
        }
    }

    fn is_back(&self) {
        if self.warned_at.load(Ordering::Relaxed) != NEVER
            && self.warned_at.swap(NEVER, Ordering::Relaxed) != NEVER
        {
            tracing::info!("Redis answers: the rate limits are shared again");
        }
    }
}

/// The shared limits of this configuration, if it names a Redis, and whether that answers in this
/// time. A Redis that is away is no error: limits are kept in this process until it is back.
///
/// # Errors
/// When the URL can't be read as one.
pub async fn open(
    config: &Config,
    patience: Duration,
) -> Result<Option<(SharedLimits, Result<(), SharedError>)>, SharedError> {
    if config.redis.url.is_empty() {
        return Ok(None);
    }
    let shared = SharedLimits::connect(config.redis_address())?.with_patience(app::patience(config));
    let answered = shared.ping(patience).await;
    Ok(Some((shared, answered)))
}

/// One subscriber has a whole /64 of IPv6, so that is what counts.
pub(super) fn address(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => {
                let s = v6.segments();
                std::net::Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0).into()
            }
        },
    }
}

#[cfg(test)]
pub(super) mod tests;
