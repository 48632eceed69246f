//! What is unusual of how a key is used (A8): ten times its usual rate, many failures, another country than before. It
//! raises an event, also in the access log, and a figure, once an hour for each, and refuses nobody.
//!
//! Each process watches what it sees itself, from its start on. A key is known after ten minutes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use contactiq_domain::Timestamp;

use super::Numbered;

contactiq_domain::words! {
    /// What is unusual.
    Kind as "kind" {
        /// More requests in a minute than ten times the usual.
        Rate => "rate",
        /// Most requests of a minute were refused.
        Failures => "failures",
        /// A country in which the key was not used before.
        Country => "country",
    }
}

/// So many times the usual rate is unusual…
const TIMES: f64 = 10.0;
/// …where it is at least so many requests in a minute.
const LEAST: u32 = 60;
/// How much a minute counts in the usual rate: an hour is what it looks back on.
const NEWEST: f64 = 1.0 / 60.0;
/// Minutes after which a key is known.
const KNOWN_AFTER: i64 = 10;
/// Refused requests of a minute that are many, when they are more than half of all.
const MANY_FAILURES: u32 = 20;
/// The same is not told again for so many minutes.
const QUIET: i64 = 60;
/// Whoever is watched at once; beyond it those are forgotten that were idle for longest.
const MOST: usize = 10_000;
/// Countries that are kept of a key.
const MOST_COUNTRIES: usize = 32;
/// What callers are called who are not known.
const ANONYMOUS: &str = "anonymous";

/// Watches the keys of one process.
#[derive(Debug)]
pub struct Unusual(Mutex<HashMap<String, Use>>);

#[derive(Debug)]
struct Use {
    since: i64,
    minute: i64,
    requests: u32,
    failures: u32,
    /// Requests a minute.
    usual: f64,
    countries: Vec<[u8; 2]>,
    told: [Option<i64>; 3],
}

impl Default for Unusual {
    fn default() -> Unusual {
        // An alarm on their growth needs to have seen them before.
        for kind in Kind::ALL {
            metrics::counter!("contactiq_unusual_use_total", "kind" => kind.as_str()).increment(0);
        }
        Unusual(Mutex::default())
    }
}

impl Unusual {
    /// Notes a request of a caller and how it ended, and tells what is unusual of it: for the access log, too.
    pub(super) fn note(&self, actor: &str, numbered: &Numbered, status: u16, now: Timestamp) -> Vec<Kind> {
        let found = self.look(actor, numbered, status, now);
        for kind in &found {
            metrics::counter!("contactiq_unusual_use_total", "kind" => kind.as_str()).increment(1);
            tracing::warn!(
                critical = true,
                user_id = actor,
                from = %numbered.ip,
                kind = kind.as_str(),
                "a key is used in an unusual way"
            );
        }
        found
    }

    fn look(&self, actor: &str, numbered: &Numbered, status: u16, now: Timestamp) -> Vec<Kind> {
        let minute = now.micros().div_euclid(60_000_000);
        // Whoever has no key that is known is watched by address.
        let name = match actor {
            ANONYMOUS => format!("{ANONYMOUS} {}", numbered.ip),
            known => known.to_owned(),
        };
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&name) {
            let mut minutes: Vec<i64> = all.values().map(|known| known.minute).collect();
            minutes.sort_unstable();
            let oldest = minutes[MOST / 10];
            all.retain(|_, known| known.minute > oldest);
        }
        let known = all.entry(name).or_insert_with(|| Use::new(minute));
        known.pass_to(minute);
        known.requests = known.requests.saturating_add(1);
        known.failures = known.failures.saturating_add(u32::from(matches!(status, 401 | 403 | 429)));
        let mut found = Vec::new();
        if known.is_known() && known.requests >= LEAST && f64::from(known.requests) > TIMES * known.usual {
            found.push(Kind::Rate);
        }
        if known.failures >= MANY_FAILURES && known.failures * 2 > known.requests {
            found.push(Kind::Failures);
        }
        if let Some(country) = numbered.country.filter(|country| !known.countries.contains(country)) {
            if !known.countries.is_empty() {
                found.push(Kind::Country);
            }
            if known.countries.len() < MOST_COUNTRIES {
                known.countries.push(country);
            }
        }
        found.retain(|kind| known.is_news(*kind));
        found
    }
}

impl Use {
    const fn new(minute: i64) -> Use {
        Use {
            since: minute,
            minute,
            requests: 0,
            failures: 0,
            usual: 0.0,
            countries: Vec::new(),
            told: [None; 3],
        }
    }

    /// Ends the minutes before this one. A clock that was set back goes on with the minute that it was in.
    fn pass_to(&mut self, minute: i64) {
        let gone = minute - self.minute;
        if gone <= 0 {
            return;
        }
        self.usual += NEWEST * (f64::from(self.requests) - self.usual);
        let idle = i32::try_from(gone - 1).unwrap_or(i32::MAX);
        self.usual *= (1.0 - NEWEST).powi(idle);
        (self.minute, self.requests, self.failures) = (minute, 0, 0);
    }

    const fn is_known(&self) -> bool {
        self.minute - self.since >= KNOWN_AFTER
    }

    fn is_news(&mut self, kind: Kind) -> bool {
        let told = &mut self.told[kind as usize];
        let is_news = told.is_none_or(|at| self.minute - at >= QUIET);
        if is_news {
            *told = Some(self.minute);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use contactiq_domain::ids::RequestId;

    use super::*;
    use crate::wiring::SystemIds;

    fn from(country: Option<&[u8; 2]>) -> Numbered {
        Numbered {
            request_id: RequestId::new(&SystemIds),
            correlation_id: None,
            ip: "203.0.113.7".parse().unwrap(),
            country: country.copied(),
            limits: Arc::default(),
        }
    }

    fn minute(number: i64) -> Timestamp {
        Timestamp::from_micros(number * 60_000_000)
    }

    #[test]
    fn ten_times_the_usual_rate_is_told_once_an_hour() {
        let (watch, from) = (Unusual::default(), from(None));
        let many = |number, count| -> Vec<Kind> {
            (0..count).flat_map(|_| watch.look("shop", &from, 200, minute(number))).collect()
        };
        for number in 0..120 {
            assert_eq!(many(number, 20), [], "{number}");
        }
        assert_eq!(many(120, 100), [], "five times is a busy day");
        assert_eq!(many(121, 400), [Kind::Rate]);
        assert_eq!(many(122, 400), [], "told already");
        assert_eq!(many(500, 400), [Kind::Rate]);
    }

    #[test]
    fn a_new_key_and_a_quiet_one_alarm_nobody() {
        let (watch, from) = (Unusual::default(), from(None));
        let first: Vec<Kind> = (0..5000).flat_map(|_| watch.look("new", &from, 200, minute(0))).collect();
        assert_eq!(first, []);
        assert_eq!(watch.look("quiet", &from, 200, minute(0)), []);
        let later: Vec<Kind> = (0..59).flat_map(|_| watch.look("quiet", &from, 200, minute(600))).collect();
        assert_eq!(later, []);
    }

    #[test]
    fn many_refused_requests_are_told() {
        let (watch, from) = (Unusual::default(), from(None));
        let ended = |actor: &str, status, count| -> Vec<Kind> {
            (0..count).flat_map(|_| watch.look(actor, &from, status, minute(5))).collect()
        };
        assert_eq!(ended("anonymous", 401, 19), []);
        assert_eq!(ended("anonymous", 401, 100), [Kind::Failures]);
        assert_eq!(ended("busy", 200, 100), []);
        assert_eq!(ended("busy", 429, 90), [], "less than half");
        assert_eq!(ended("wrong", 422, 90), [], "a client's own mistakes");
    }

    #[test]
    fn another_country_is_told() {
        let watch = Unusual::default();
        let used = |country: &[u8; 2]| watch.look("shop", &from(Some(country)), 200, minute(5));
        assert_eq!(used(b"AU"), []);
        assert_eq!(used(b"AU"), []);
        assert_eq!(used(b"NZ"), [Kind::Country]);
        assert_eq!(used(b"NZ"), []);
        assert_eq!(watch.look("shop", &from(None), 200, minute(5)), []);
    }
}
