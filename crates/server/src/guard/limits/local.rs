//! The limits of one process: for a server alone, and for a replica while Redis is away.
//!
//! State is bounded: what has not been used for as long as its window is forgotten.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex},
};

use contactiq_domain::{Clock, Timestamp};

use super::Wait;

/// After this many entries what is idle is swept out.
const SWEEP_AT: usize = 10_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Both limits of one process.
pub(super) struct LocalLimits {
    clock: Arc<dyn Clock>,
    per_hour_per_ip: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    buckets: HashMap<String, Bucket>,
    windows: HashMap<IpAddr, VecDeque<i64>>,
}

struct Bucket {
    tokens: f64,
    at: i64,
    per_minute: u32,
}

impl LocalLimits {
    pub(super) fn new(clock: Arc<dyn Clock>, per_hour_per_ip: u32) -> LocalLimits {
        LocalLimits { clock, per_hour_per_ip, state: Mutex::default() }
    }

    /// Takes a place in the bucket of this session and, if there is an address, in its window.
    pub(super) fn take(&self, session: &str, per_minute: u32, ip: Option<IpAddr>) -> Result<(), Wait> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(ip) = ip {
            state.check_window(self.per_hour_per_ip, ip, now)?;
        }
        state.take_token(session, per_minute, now)?;
        if let Some(ip) = ip {
            state.windows.entry(ip).or_default().push_back(now.micros());
        }
        Ok(())
    }
}

impl State {
    fn check_window(&mut self, most: u32, ip: IpAddr, now: Timestamp) -> Result<(), Wait> {
        if self.windows.len() > SWEEP_AT {
            self.windows.retain(|_, w| w.back().is_some_and(|last| now.micros() - last < HOUR_MICROS));
        }
        let window = self.windows.entry(ip).or_default();
        while window.front().is_some_and(|first| now.micros() - first >= HOUR_MICROS) {
            window.pop_front();
        }
        match window.front() {
            Some(first) if window.len() >= most as usize => Err(wait(HOUR_MICROS - (now.micros() - first))),
            _ => Ok(()),
        }
    }

    fn take_token(&mut self, session: &str, per_minute: u32, now: Timestamp) -> Result<(), Wait> {
        if self.buckets.len() > SWEEP_AT {
            self.buckets.retain(|_, b| now.micros() - b.at < 120_000_000);
        }
        let most = f64::from(per_minute);
        let bucket = self.buckets.entry(session.to_owned()).or_insert(Bucket {
            tokens: most,
            at: now.micros(),
            per_minute,
        });
        bucket.per_minute = per_minute;
        let gone = (now.micros() - bucket.at).max(0) as f64 / 60e6;
        bucket.tokens = (bucket.tokens + gone * most).min(most);
        bucket.at = now.micros();
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Ok(())
        } else {
            Err(wait(((1.0 - bucket.tokens) / most * 60e6) as i64))
        }
    }
}

fn wait(micros: i64) -> Wait {
    Wait((micros.max(1) as u64).div_ceil(1_000_000))
}
