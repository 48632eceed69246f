//! Rate limits that replicas share through Redis (A3).
//!
//! One script takes from all limits of a question in one step, by the clock of the Redis server, so that any
//! number of replicas together let pass exactly what one would. Keys are hashes: who asked can't be
//! read from them. They live for as long as their window and no longer.
//!
//! Who calls decides what to do when Redis is away; this module says so soon (within its
//! patience), says why, and makes a new connection for the next call.

use std::{fmt::Write, time::Duration};

use redis::Script;
use sha2::{Digest, Sha256};

use crate::redis_link::RedisLink;
pub use crate::redis_link::{RedisAddress, SharedError};

/// A question waits no longer for its place than this.
const PATIENCE: Duration = Duration::from_millis(50);

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counts {
    /// A token bucket: so many a minute, that many at once.
    Minute,
    /// A sliding window: so many in any hour.
    Hour,
}

impl Counts {
    /// Its time, in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Counts::Minute => 60,
            Counts::Hour => 3600,
        }
    }
}

/// One limit that a question counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose: `key`, `session`, `subject` or `address`.
    pub what: &'static str,
    /// Which one.
    pub whom: String,
    /// Questions that it allows.
    pub most: u32,
    /// In which time.
    pub counts: Counts,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Questions that may be asked now.
    pub left: u32,
    /// Seconds after which all of it is left, if nobody asks.
    pub reset: u64,
}

/// What came of taking a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Seconds to wait; none when the place was taken. Where there is one, nothing was taken from any limit.
    pub wait: Option<u64>,
    /// What is left of each limit, in the order in which they were named.
    pub left: Vec<Left>,
}

/// All limits, in Redis. Connects when it is first used, and again after a failure.
pub struct SharedLimits {
    redis: RedisLink,
    script: Script,
}

impl std::fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedLimits(…)")
    }
}

impl SharedLimits {
    /// Limits in the Redis of this URL. Nothing is sent before the first question.
    ///
    /// # Errors
    /// When the URL can't be read as one.
    pub fn connect(url: impl Into<RedisAddress>) -> Result<SharedLimits, SharedError> {
        let script = Script::new(include_str!("shared_limits.lua"));
        Ok(SharedLimits { redis: RedisLink::new(url, PATIENCE)?, script })
    }

    /// The same with another patience than 50 ms, for those who rather wait than go on without.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> SharedLimits {
        SharedLimits { redis: self.redis.with_patience(patience), ..self }
    }

    /// Takes a place for a question from all of these limits, or from none.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn take(&self, limits: &[Limit]) -> Result<Taken, SharedError> {
        self.run(limits, true).await
    }

    /// How these limits stand, without taking anything.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn look(&self, limits: &[Limit]) -> Result<Taken, SharedError> {
        self.run(limits, false).await
    }

    async fn run(&self, limits: &[Limit], takes: bool) -> Result<Taken, SharedError> {
        // The script has the buckets first.
        let order = |counts| move |(_, limit): &(usize, &Limit)| limit.counts == counts;
        let numbered = || limits.iter().enumerate();
        let sorted: Vec<(usize, &Limit)> =
            numbered().filter(order(Counts::Minute)).chain(numbered().filter(order(Counts::Hour))).collect();
        let buckets = numbered().filter(order(Counts::Minute)).count();
        let mut invocation = self.script.prepare_invoke();
        invocation.arg(buckets);
        for (_, limit) in &sorted {
            invocation.key(key_name(limit.what, &limit.whom)).arg(limit.most);
        }
        if !takes {
            invocation.arg("look");
        }
        let asked =
            self.redis.ask(async |mut manager| invocation.invoke_async::<Vec<u64>>(&mut manager).await);
        let told = asked.await?;
        let unread = || SharedError::Failed { code: "an answer of another script".to_owned() };
        let (wait, pairs) = told.split_first().ok_or_else(unread)?;
        if pairs.len() != sorted.len() * 2 {
            return Err(unread());
        }
        let mut left = vec![Left { left: 0, reset: 0 }; limits.len()];
        for ((place, _), pair) in sorted.iter().zip(pairs.chunks_exact(2)) {
            left[*place] = Left { left: u32::try_from(pair[0]).unwrap_or(u32::MAX), reset: pair[1] };
        }
        Ok(Taken { wait: Some(*wait).filter(|wait| *wait > 0), left })
    }

    /// Whether Redis answers within this time and lets us in.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self, patience: Duration) -> Result<(), SharedError> {
        let ping = async |mut manager| redis::cmd("PING").query_async::<()>(&mut manager).await;
        self.redis.ask_within(patience, ping).await
    }
}

/// The name of a key: what it counts, and the fingerprint of whom.
fn key_name(what: &str, whom: &str) -> String {
    let mut name = format!("contactiq:limits:{what}:");
    for byte in Sha256::digest(whom.as_bytes()) {
        // Writing to a string can't fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_can_not_be_used_is_told_without_its_password() {
        for (url, expected) in [
            ("rediss://:hush@host:many", SharedError::BadUrl),
            ("http://:hush@host", SharedError::BadUrl),
            ("redis://:hush@host:many", SharedError::BadUrl),
            ("redis://:hush@host/zero", SharedError::BadUrl),
            ("", SharedError::BadUrl),
        ] {
            let error = SharedLimits::connect(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
        for url in ["redis://:hush@host", "rediss://:hush@host"] {
            let limits = SharedLimits::connect(url).unwrap();
            assert!(!format!("{limits:?}").contains("hush"));
        }
    }

    #[test]
    fn a_key_names_what_it_counts_and_nobody() {
        assert_eq!(
            key_name("session", "abc"),
            "contactiq:limits:session:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
