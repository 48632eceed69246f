//! Rate limits (A3): a token bucket a session, a sliding window an address.
//!
//! A question takes its place before anything else is done for it; there is nothing to give back.
//! With Redis the limits hold for all replicas together. While it is away each replica keeps them
//! alone: people are answered, and a limit is at most as many times too wide as there are replicas.
//! After five failures in a row Redis is left alone for a minute (E2), so that questions don't wait
//! for it; then one of them tries.

mod local;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{Breaker, Clock};
use contactiq_store::{SharedError, SharedLimits};
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

/// Seconds to wait before the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub u64);

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

/// Both limits: shared through Redis where it is configured, else of this process.
pub struct Limits {
    clock: Arc<dyn Clock>,
    per_minute: u32,
    per_hour_per_ip: u32,
    local: LocalLimits,
    shared: Option<Shared>,
}

struct Shared {
    limits: SharedLimits,
    breaker: Breaker,
    /// When it was last logged that Redis is away.
    warned_at: AtomicI64,
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
        });
        let local = LocalLimits::new(clock.clone(), per_hour_per_ip);
        Limits { clock, per_minute, per_hour_per_ip, local, shared }
    }

    /// Takes a place for a question of this session. A caller with a rate of its own (a key made
    /// with `--rate-per-minute`) has that rate and is not counted by address: it is a back end that
    /// speaks for many people.
    ///
    /// # Errors
    /// How long to wait.
    pub async fn take(&self, session: &str, own_rate: Option<u32>, ip: IpAddr) -> Result<(), Wait> {
        let per_minute = own_rate.unwrap_or(self.per_minute);
        let ip = own_rate.is_none().then(|| address(ip));
        if let Some(shared) = &self.shared {
            if let Some(answer) = self.take_shared(shared, session, per_minute, ip).await {
                return answer;
            }
            metrics::counter!("contactiq_limits_degraded_total").increment(1);
        }
        self.local.take(session, per_minute, ip)
    }

    /// What Redis decided, or nothing when it is away.
    async fn take_shared(
        &self,
        shared: &Shared,
        session: &str,
        per_minute: u32,
        ip: Option<IpAddr>,
    ) -> Option<Result<(), Wait>> {
        let permit = shared.breaker.admit()?;
        let ip = ip.map(|ip| ip.to_string());
        let counted = ip.as_deref().map(|ip| (ip, self.per_hour_per_ip));
        match shared.limits.take(session, per_minute, counted).await {
            Ok(answer) => {
                permit.success();
                shared.is_back();
                Some(answer.map_err(Wait))
            }
            Err(error) => {
                permit.failure();
                shared.is_away(&error, self.clock.now().micros());
                None
            }
        }
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
    match config.redis.url.expose().trim() {
        "" => Ok(None),
        url => {
            let shared = SharedLimits::connect(url)?.with_patience(app::patience(config));
            let answered = shared.ping(patience).await;
            Ok(Some((shared, answered)))
        }
    }
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
mod tests;
