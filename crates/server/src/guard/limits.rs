//! Rate limits (A3): a token bucket a session, a sliding window an address.
//!
//! A question takes its place before anything else is done for it; there is nothing to give back.
//! State is bounded: what has not been used for as long as its window is forgotten.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex},
};

use contactiq_domain::{Clock, Timestamp};

/// After this many entries what is idle is swept out.
const SWEEP_AT: usize = 10_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Both limits of one process.
pub struct Limits {
    clock: Arc<dyn Clock>,
    per_minute: u32,
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

/// Seconds to wait before the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub u64);

impl Limits {
    /// Limits with the defaults of the configuration.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, per_minute: u32, per_hour_per_ip: u32) -> Limits {
        Limits { clock, per_minute, per_hour_per_ip, state: Mutex::default() }
    }

    /// Takes a place for a question of this session. A caller with a rate of its own (a key made
    /// with `--rate-per-minute`) has that rate and is not counted by address: it is a back end that
    /// speaks for many people.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(&self, session: &str, own_rate: Option<u32>, ip: IpAddr) -> Result<(), Wait> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if own_rate.is_none() {
            state.check_window(self.per_hour_per_ip, address(ip), now)?;
        }
        state.take_token(session, own_rate.unwrap_or(self.per_minute), now)?;
        if own_rate.is_none() {
            state.windows.entry(address(ip)).or_default().push_back(now.micros());
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

/// One subscriber has a whole /64 of IPv6, so that is what counts.
fn address(ip: IpAddr) -> IpAddr {
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
mod tests {
    use contactiq_domain::clock::FixedClock;

    use super::*;

    fn limits(per_minute: u32, per_hour: u32) -> (Arc<FixedClock>, Limits) {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)));
        (clock.clone(), Limits::new(clock, per_minute, per_hour))
    }

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_session_has_ten_a_minute_and_then_one_every_six_seconds() {
        let (clock, limits) = limits(10, 1000);
        for _ in 0..10 {
            assert!(limits.take("s", None, HOME).is_ok());
        }
        assert_eq!(limits.take("s", None, HOME), Err(Wait(6)));
        assert!(limits.take("other", None, HOME).is_ok());
        clock.advance_seconds(6);
        assert!(limits.take("s", None, HOME).is_ok());
        assert!(limits.take("s", None, HOME).is_err());
    }

    #[test]
    fn an_address_has_its_window_whatever_the_session() {
        let (clock, limits) = limits(10, 3);
        for s in ["a", "b", "c"] {
            assert!(limits.take(s, None, HOME).is_ok());
        }
        assert_eq!(limits.take("d", None, HOME), Err(Wait(3600)));
        assert!(limits.take("d", Some(1000), HOME).is_ok(), "a back end has the rate of its key");
        clock.advance_seconds(3600);
        assert!(limits.take("d", None, HOME).is_ok());
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        let (_, limits) = limits(10, 1);
        assert!(limits.take("a", None, "2001:db8::1".parse().unwrap()).is_ok());
        assert!(limits.take("b", None, "2001:db8::2".parse().unwrap()).is_err());
        assert!(limits.take("b", None, "2001:db8:0:1::2".parse().unwrap()).is_ok());
    }
}
