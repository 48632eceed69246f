//! One connection to Redis that all callers share: asked with patience, made anew after a failure or where the address
//! is another one by now, and described in words that hold no part of its URL, which has a password.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    Client, ErrorKind, RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    streams::StreamInfoConsumersReply,
};
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use crate::secure_link;

/// A connection that is being made may take longer: questions meanwhile go on without it.
const CONNECTING: Duration = Duration::from_secs(1);

/// A consumer of a group that did nothing for so long has died.
const DEAD_AFTER: Duration = Duration::from_secs(3600);

/// Why Redis could not be asked. No text here holds the URL, which has a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// The address can't be read as one.
    #[error(
        "the Redis URL is not valid: it has the form redis://:password@host:6379/0, or rediss:// with TLS"
    )]
    BadUrl,
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

/// Where Redis is. It is asked for each connection, because a password changes while we run; it is never printed.
#[derive(Clone)]
pub struct RedisAddress(Arc<dyn Fn() -> Zeroizing<String> + Send + Sync>);

impl RedisAddress {
    /// What this says at the time.
    pub fn live(address: impl Fn() -> Zeroizing<String> + Send + Sync + 'static) -> RedisAddress {
        RedisAddress(Arc::new(address))
    }

    /// The address as it is now.
    fn now(&self) -> Zeroizing<String> {
        let url = (self.0)();
        Zeroizing::new(url.trim().to_owned())
    }
}

impl From<&str> for RedisAddress {
    fn from(url: &str) -> RedisAddress {
        let url = Zeroizing::new(url.to_owned());
        RedisAddress::live(move || url.clone())
    }
}

impl From<&String> for RedisAddress {
    fn from(url: &String) -> RedisAddress {
        url.as_str().into()
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisAddress(…)")
    }
}

/// Connects when it is first used, again after a failure, and where the address changed.
pub(crate) struct RedisLink {
    address: RedisAddress,
    patience: Duration,
    link: Mutex<Option<Arc<Link>>>,
}

/// One connection that all callers share.
struct Link {
    manager: ConnectionManager,
    /// Where it leads.
    url: Zeroizing<String>,
    since: Instant,
}

impl RedisLink {
    /// To the Redis of this address, asked with this patience. Nothing is sent before the first question.
    ///
    /// # Errors
    /// When the URL can't be read as one.
    pub(crate) fn new(
        address: impl Into<RedisAddress>,
        patience: Duration,
    ) -> Result<RedisLink, SharedError> {
        let address = address.into();
        client(&address.now())?;
        Ok(RedisLink { address, patience, link: Mutex::default() })
    }

    /// The same with another patience.
    #[must_use]
    pub(crate) fn with_patience(self, patience: Duration) -> RedisLink {
        RedisLink { patience, ..self }
    }

    /// Asks with its own patience.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn ask<T, F>(
        &self,
        question: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, SharedError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.ask_within(self.patience, question).await
    }

    /// Asks with another patience.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn ask_within<T, F>(
        &self,
        patience: Duration,
        question: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, SharedError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let link = self.link()?;
        match timeout(patience, question(link.manager.clone())).await {
            Ok(Ok(answer)) => Ok(answer),
            // The manager keeps an attempt that failed for good (a refused password, say) and
            // would give it again, so that we take a new one.
            Ok(Err(error)) => {
                self.leave(&link);
                Err(told(&error, self.patience))
            }
            Err(_) => {
                // A young one may be about to connect.
                if link.since.elapsed() > CONNECTING {
                    self.leave(&link);
                }
                Err(timed_out(patience))
            }
        }
    }

    /// Takes consumers out of a stream's group that did nothing for an hour and hold nothing: each process has a name
    /// of its own, and a living one asks every second.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn forget_dead(&self, stream: &str, group: &str) -> Result<(), SharedError> {
        let list = async |mut redis| {
            redis::cmd("XINFO")
                .arg(("CONSUMERS", stream, group))
                .query_async::<StreamInfoConsumersReply>(&mut redis)
                .await
        };
        let found = match self.ask(list).await {
            // Nobody worked yet, or nothing was ever queued.
            Err(SharedError::Failed { .. }) => return Ok(()),
            found => found?.consumers,
        };
        for consumer in found {
            if consumer.pending == 0 && consumer.idle > DEAD_AFTER.as_millis() as usize {
                let forget = async |mut redis| {
                    redis::cmd("XGROUP")
                        .arg(("DELCONSUMER", stream, group, &consumer.name))
                        .query_async::<()>(&mut redis)
                        .await
                };
                self.ask(forget).await?;
            }
        }
        Ok(())
    }

    /// The connection, or a new one that connects when it is first asked.
    fn link(&self) -> Result<Arc<Link>, SharedError> {
        let url = self.address.now();
        let mut link = self.lock();
        // Who asks over a connection to the address before goes on with it.
        if let Some(link) = link.as_ref().filter(|link| link.url == url) {
            return Ok(link.clone());
        }
        // No retries: a failure is told at once, and the next call tries again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECTING.max(self.patience)))
            .set_response_timeout(Some(self.patience));
        let manager = ConnectionManager::new_lazy_with_config(client(&url)?, config)
            .map_err(|error| told(&error, self.patience))?;
        Ok(link.insert(Arc::new(Link { manager, url, since: Instant::now() })).clone())
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

/// A client of this address, which sends nothing yet.
fn client(url: &str) -> Result<Client, SharedError> {
    if !(url.starts_with("redis://") || url.starts_with("rediss://")) {
        return Err(SharedError::BadUrl);
    }
    Client::open(url).map_err(|_| SharedError::BadUrl)
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
        (ErrorKind::Io, _) => {
            let why = secure_link::why(&format!("{error} {error:?}"));
            unavailable(why.unwrap_or("the connection failed or broke"))
        }
        (_, "") => SharedError::Failed { code: error.category().to_owned() },
        (_, code) => SharedError::Failed { code: code.to_owned() },
    }
}
