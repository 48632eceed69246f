//! Attempts to sign in are slowed: by address, and by the name that somebody tries to be. Attempts that fail count,
//! and whoever has used theirs up is turned away unheard until some come back. Each process counts its own.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::limits::address;

/// Failures that an address has at once, and seconds until one comes back.
const BY_ADDRESS: (f64, f64) = (10.0, 6.0);
/// The same for a name: more, so that nobody shuts another one out from a single address.
const BY_NAME: (f64, f64) = (100.0, 0.6);
/// Addresses and names that are remembered.
const MOST: usize = 100_000;

/// Who failed how often.
#[derive(Default)]
pub struct Slow(Mutex<HashMap<String, Used>>);

/// Failures that are left, as of a moment.
struct Used {
    left: f64,
    at: Instant,
}

impl Used {
    fn left(&self, (most, back): (f64, f64), now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() / back).min(most)
    }
}

impl Slow {
    /// Whether an attempt is heard.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn hears(&self, ip: IpAddr, name: Option<&str>) -> Result<(), u64> {
        self.hears_at(ip, name, Instant::now())
    }

    /// Counts an attempt that failed.
    pub fn failed(&self, ip: IpAddr, name: Option<&str>) {
        self.failed_at(ip, name, Instant::now());
    }

    fn hears_at(&self, ip: IpAddr, name: Option<&str>, now: Instant) -> Result<(), u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, rate) in keys(ip, name) {
            if let Some(left) = known.get(&key).map(|used| used.left(rate, now))
                && left < 1.0
            {
                return Err(((1.0 - left) * rate.1).ceil().max(1.0) as u64);
            }
        }
        Ok(())
    }

    fn failed_at(&self, ip: IpAddr, name: Option<&str>, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            // Whoever has all of theirs back need not be remembered.
            known.retain(|key, used| {
                let rate = if key.starts_with("ip:") { BY_ADDRESS } else { BY_NAME };
                used.left(rate, now) < rate.0
            });
        }
        for (key, rate) in keys(ip, name) {
            let left = known.get(&key).map_or(rate.0, |used| used.left(rate, now));
            if known.len() < MOST || known.contains_key(&key) {
                known.insert(key, Used { left: (left - 1.0).max(0.0), at: now });
            }
        }
    }
}

fn keys(ip: IpAddr, name: Option<&str>) -> impl Iterator<Item = (String, (f64, f64))> {
    let by_address = (format!("ip:{}", address(ip)), BY_ADDRESS);
    let by_name = name.map(|name| (format!("name:{name}"), BY_NAME));
    std::iter::once(by_address).chain(by_name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_has_ten_failures_and_one_more_every_six_seconds() {
        let (slow, now) = (Slow::default(), Instant::now());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..10 {
            assert_eq!(slow.hears_at(one, None, now), Ok(()));
            slow.failed_at(one, None, now);
        }
        assert_eq!(slow.hears_at(one, None, now), Err(6));
        assert_eq!(slow.hears_at(other, None, now), Ok(()));
        assert_eq!(slow.hears_at(one, None, now + Duration::from_secs(6)), Ok(()));
        slow.failed_at(one, None, now + Duration::from_secs(6));
        assert!(slow.hears_at(one, None, now + Duration::from_secs(7)).is_err());
        assert_eq!(slow.hears_at(one, None, now + Duration::from_secs(3600)), Ok(()));
    }

    #[test]
    fn a_name_is_slowed_from_however_many_addresses_it_is_tried() {
        let (slow, now) = (Slow::default(), Instant::now());
        for n in 0..100 {
            slow.failed_at(IpAddr::from([192, 0, 2, n]), Some("local-admin"), now);
        }
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        assert_eq!(slow.hears_at(elsewhere, Some("local-admin"), now), Err(1));
        assert_eq!(slow.hears_at(elsewhere, None, now), Ok(()));
    }
}
