//! Rate limits that replicas share through Redis (A3).
//!
//! One script takes from both limits in one step, by the clock of the Redis server, so that any
//! number of replicas together let pass exactly what one would. Keys are hashes: who asked can't be
//! read from them. They live for as long as their window and no longer.
//!
//! Who calls decides what to do when Redis is away; this module says so soon (within its
//! patience), says why, and makes a new connection for the next call.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    Client, ErrorKind, RedisError, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, error::Elapsed, timeout};

/// A question waits no longer for its place than this.
const PATIENCE: Duration = Duration::from_millis(50);
/// A connection that is being made may take longer: questions meanwhile go on without it.
const CONNECTING: Duration = Duration::from_secs(1);

/// Why the shared limits could not be asked. No text here holds the URL, which has a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// The address can't be read as one.
    #[error("the Redis URL is not valid: it has the form redis://:password@host:6379/0")]
    BadUrl,
    /// The address asks for TLS.
    #[error(
        "rediss:// asks for TLS, which this version does not speak: write redis:// and keep Redis in a private network"
    )]
    NoTls,
    /// It can't be reached, or can't do its work now. The same call may pass later.
    #[error("Redis is not available: {why}")]
    Unavailable {
        /// What a person can act on.
        why: &'static str,
    },
    /// It did not answer in time.
    #[error("Redis did not answer within {millis} ms")]
    TimedOut {
        /// How long was waited.
        millis: u128,
    },
    /// It answered and refused us.
    #[error(
        "Redis refused the user, the password, or a command that they may not use: check CONTACTIQ_REDIS_URL and the ACL"
    )]
    Refused,
    /// It failed for a reason that none of the above covers.
    #[error("Redis failed with code {code}")]
    Failed {
        /// The first word of its answer.
        code: String,
    },
}

/// Both limits, in Redis. Connects when it is first used, and again after a failure.
pub struct SharedLimits {
    client: Client,
    script: Script,
    patience: Duration,
    link: Mutex<Option<Arc<Link>>>,
}

/// One connection that all callers share.
struct Link {
    manager: ConnectionManager,
    since: Instant,
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
        let url = url.trim();
        if url.starts_with("rediss://") {
            return Err(SharedError::NoTls);
        }
        if !url.starts_with("redis://") {
            return Err(SharedError::BadUrl);
        }
        let client = Client::open(url).map_err(|_| SharedError::BadUrl)?;
        let script = Script::new(include_str!("shared_limits.lua"));
        Ok(SharedLimits { client, script, patience: PATIENCE, link: Mutex::default() })
    }

    /// The same with another patience than 50 ms, for those who rather wait than go on without.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> SharedLimits {
        self.patience = patience;
        self
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
        let link = self.link()?;
        let mut manager = link.manager.clone();
        let asked = timeout(self.patience, invocation.invoke_async::<u64>(&mut manager)).await;
        Ok(match self.settle(&link, self.patience, asked)? {
            0 => Ok(()),
            seconds => Err(seconds),
        })
    }

    /// Whether Redis answers within this time and lets us in.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self, patience: Duration) -> Result<(), SharedError> {
        let link = self.link()?;
        let mut manager = link.manager.clone();
        let asked = timeout(patience, redis::cmd("PING").query_async::<()>(&mut manager)).await;
        self.settle(&link, patience, asked)
    }

    /// The connection, or a new one that connects when it is first asked.
    fn link(&self) -> Result<Arc<Link>, SharedError> {
        let mut link = self.lock();
        if let Some(link) = link.as_ref() {
            return Ok(link.clone());
        }
        // No retries: a failure is told at once, and the next call tries again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECTING.max(self.patience)))
            .set_response_timeout(Some(self.patience));
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            .map_err(|error| told(&error, self.patience))?;
        Ok(link.insert(Arc::new(Link { manager, since: Instant::now() })).clone())
    }

    fn settle<T>(
        &self,
        link: &Arc<Link>,
        patience: Duration,
        asked: Result<RedisResult<T>, Elapsed>,
    ) -> Result<T, SharedError> {
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            // The manager keeps an attempt that failed for good (a refused password, say) and
            // would give it again, so that we take a new one.
            Ok(Err(error)) => {
                self.leave(link);
                Err(told(&error, self.patience))
            }
            Err(_) => {
                // A young one may be about to connect.
                if link.since.elapsed() > CONNECTING {
                    self.leave(link);
                }
                Err(timed_out(patience))
            }
        }
    }

    /// Forgets this connection, unless another caller did so before.
    fn leave(&self, link: &Arc<Link>) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|c| Arc::ptr_eq(c, link)) {
            *current = None;
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn timed_out(patience: Duration) -> SharedError {
    SharedError::TimedOut { millis: patience.as_millis() }
}

/// In words that hold no part of the URL.
fn told(error: &RedisError, patience: Duration) -> SharedError {
    if error.is_timeout() {
        return timed_out(patience);
    }
    let unavailable = |why| SharedError::Unavailable { why };
    match (error.kind(), error.code().unwrap_or_default()) {
        (ErrorKind::AuthenticationFailed, _) | (_, "NOAUTH" | "WRONGPASS" | "NOPERM") => SharedError::Refused,
        (_, "LOADING" | "BUSYLOADING") => unavailable("it is still reading its data"),
        (_, "READONLY") => unavailable("it is a replica, which can't be written"),
        (_, "OOM") => unavailable("it is out of memory"),
        (_, "MISCONF") => unavailable("it can't write its disk"),
        (_, "BUSY") => unavailable("a script of somebody else runs too long"),
        (ErrorKind::Io, _) if error.is_connection_refusal() => unavailable("nothing listens at its address"),
        (ErrorKind::Io, _) => unavailable("the connection failed or broke"),
        (_, "") => SharedError::Failed { code: error.category().to_owned() },
        (_, code) => SharedError::Failed { code: code.to_owned() },
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
