//! The circuit breaker of one neighbour (a model, a database, Redis): closed, open for a while, then
//! half-open with one probe (E2).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Clock, Timestamp};

crate::words! {
    /// How a breaker stands; `/ready` shows it.
    BreakerState as "breaker" {
        /// Requests pass.
        Closed => "closed",
        /// Requests are refused at once.
        Open => "open",
        /// One request may try whether the neighbour is back.
        HalfOpen => "half_open",
    }
}

/// Opens after some failures in a row, lets one probe through after a while, closes when it succeeds.
pub struct Breaker {
    failures_to_open: u32,
    open_for: Duration,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    failures: u32,
    /// When it opened; `None` is closed.
    opened_at: Option<Timestamp>,
    probing: bool,
    /// Grows when it opens or closes, so that a late result of a time before tells nothing.
    generation: u64,
}

/// Leave for one try. Dropped without a verdict (the caller went away), it counts for nothing and
/// gives the probe's place back.
pub struct Permit<'a> {
    breaker: &'a Breaker,
    generation: u64,
    probe: bool,
    settled: bool,
}

impl Breaker {
    /// Opens after this many failures in a row, for this long.
    #[must_use]
    pub fn new(failures_to_open: u32, open_for: Duration, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner { failures: 0, opened_at: None, probing: false, generation: 0 };
        Self { failures_to_open: failures_to_open.max(1), open_for, clock, inner: Mutex::new(inner) }
    }

    /// Leave for one try, or `None` when it is open or somebody else is probing.
    #[must_use]
    pub fn admit(&self) -> Option<Permit<'_>> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let probe = match inner.state(now, self.open_for) {
            BreakerState::Closed => false,
            BreakerState::HalfOpen if !inner.probing => {
                inner.probing = true;
                true
            }
            BreakerState::HalfOpen | BreakerState::Open => return None,
        };
        Some(Permit { breaker: self, generation: inner.generation, probe, settled: false })
    }

    /// How it stands now.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        let now = self.clock.now();
        self.lock().state(now, self.open_for)
    }

    /// Closes it: somebody else saw the neighbour answer.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.failures = 0;
        if inner.opened_at.take().is_some() {
            inner.generation += 1;
            inner.probing = false;
        }
    }

    // The few assignments under the lock can't panic, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn state(&mut self, now: Timestamp, open_for: Duration) -> BreakerState {
        let Some(opened_at) = self.opened_at else { return BreakerState::Closed };
        if now < opened_at {
            // The clock was set back: the wait starts again rather than lasting for hours.
            self.opened_at = Some(now);
            return BreakerState::Open;
        }
        let waited = now.micros().saturating_sub(opened_at.micros()).unsigned_abs();
        if u128::from(waited) >= open_for.as_micros() { BreakerState::HalfOpen } else { BreakerState::Open }
    }
}

impl Permit<'_> {
    /// It answered as it should, or refused a request that was wrong.
    pub fn success(mut self) {
        self.settle(|inner, _| {
            inner.failures = 0;
            if inner.opened_at.take().is_some() {
                inner.generation += 1;
            }
        });
    }

    /// It failed.
    pub fn failure(mut self) {
        let now = self.breaker.clock.now();
        let limit = self.breaker.failures_to_open;
        self.settle(|inner, probe| {
            inner.failures = inner.failures.saturating_add(1);
            if probe || inner.failures >= limit {
                inner.opened_at = Some(now);
                inner.generation += 1;
            }
        });
    }

    fn settle(&mut self, apply: impl FnOnce(&mut Inner, bool)) {
        self.settled = true;
        let mut inner = self.breaker.lock();
        if inner.generation != self.generation {
            return;
        }
        if self.probe {
            inner.probing = false;
        }
        apply(&mut inner, self.probe);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(|_, _| ());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    fn breaker() -> (Breaker, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)));
        (Breaker::new(5, Duration::from_secs(60), clock.clone()), clock)
    }

    fn fail(breaker: &Breaker, times: usize) {
        for _ in 0..times {
            breaker.admit().unwrap().failure();
        }
    }

    #[test]
    fn it_opens_after_five_in_a_row_and_probes_once_after_sixty_seconds() {
        let (breaker, clock) = breaker();
        fail(&breaker, 4);
        breaker.admit().unwrap().success();
        fail(&breaker, 4);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        clock.advance_seconds(59);
        assert!(breaker.admit().is_none());
        clock.advance_seconds(1);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "one probe at a time");
        probe.failure();
        assert_eq!(breaker.state(), BreakerState::Open, "a failed probe opens it again");
        clock.advance_seconds(60);
        breaker.admit().unwrap().success();
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 4);
        assert_eq!(breaker.state(), BreakerState::Closed, "the count starts again");
    }

    #[test]
    fn a_dropped_probe_gives_its_place_back() {
        let (breaker, clock) = breaker();
        fail(&breaker, 5);
        clock.advance_seconds(60);
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().is_some());
    }

    #[test]
    fn a_late_result_of_before_tells_nothing() {
        let (breaker, clock) = breaker();
        let (late_success, late_failure) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        fail(&breaker, 5);
        late_success.success();
        assert_eq!(breaker.state(), BreakerState::Open);
        clock.advance_seconds(60);
        let probe = breaker.admit().unwrap();
        late_failure.failure();
        assert!(breaker.admit().is_none(), "the probe still holds its place");
        probe.success();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_clock_set_back_keeps_it_open_for_no_longer_than_once_more() {
        let (breaker, clock) = breaker();
        fail(&breaker, 5);
        clock.advance_seconds(-500);
        assert_eq!(breaker.state(), BreakerState::Open);
        clock.advance_seconds(60);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
}
