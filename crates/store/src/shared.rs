//! Rate limits that replicas share through Redis (A3).
//!
//! One script takes from both limits in one step, by the clock of the Redis server, so that any
//! number of replicas together let pass exactly what one would. Keys are hashes: who asked can't be
//! read from them. They live for as long as their window and no longer.
//!
//! Who calls decides what to do when Redis is away; this module says so soon (within its
//! patience), says why, and makes a new connection for the next call.

use std::{fmt::Write, time::Duration};

use redis::Script;
use sha2::{Digest, Sha256};

use crate::redis_link::RedisLink;
pub use crate::redis_link::SharedError;

/// A question waits no longer for its place than this.
const PATIENCE: Duration = Duration::from_millis(50);

/// Both limits, in Redis. Connects when it is first used, and again after a failure.
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
    pub fn connect(url: &str) -> Result<SharedLimits, SharedError> {
        let script = Script::new(include_str!("shared_limits.lua"));
        Ok(SharedLimits { redis: RedisLink::new(url, PATIENCE)?, script })
    }

    /// The same with another patience than 50 ms, for those who rather wait than go on without.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> SharedLimits {
        SharedLimits { redis: self.redis.with_patience(patience), ..self }
    }

    /// Takes a place for a question of this session, and of this address if it counts, with its
    /// limit an hour. The inner error is how many seconds to wait; then nothing was taken.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn take(
        &self,
        session: &str,
        per_minute: u32,
        address: Option<(&str, u32)>,
    ) -> Result<Result<(), u64>, SharedError> {
        let mut invocation = self.script.key(key_name("session", session));
        invocation.arg(per_minute);
        if let Some((address, per_hour)) = address {
            invocation.key(key_name("address", address)).arg(per_hour);
        }
        let asked = self.redis.ask(async |mut manager| invocation.invoke_async::<u64>(&mut manager).await);
        Ok(match asked.await? {
            0 => Ok(()),
            seconds => Err(seconds),
        })
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
            ("rediss://:hush@host:6379", SharedError::NoTls),
            ("http://:hush@host", SharedError::BadUrl),
            ("redis://:hush@host:many", SharedError::BadUrl),
            ("redis://:hush@host/zero", SharedError::BadUrl),
            ("", SharedError::BadUrl),
        ] {
            let error = SharedLimits::connect(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
        let limits = SharedLimits::connect("redis://:hush@host").unwrap();
        assert!(!format!("{limits:?}").contains("hush"));
    }

    #[test]
    fn a_key_names_what_it_counts_and_nobody() {
        assert_eq!(
            key_name("session", "abc"),
            "contactiq:limits:session:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
