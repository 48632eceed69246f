//! Answers that replicas remember for each other (C3), in Redis: the text sealed for its key, the rest as it stands in
//! the record. They last a day at most: what they are kept by names the day.
//!
//! Nobody waits long for it, and while Redis is away each replica remembers for itself alone.

use std::{sync::Arc, time::Duration};

use contactiq_domain::{Breaker, Clock};
use contactiq_guard::{Masked, seal::Sealer};

use crate::redis_link::{RedisAddress, RedisLink, SharedError};

/// Seconds that an answer is kept.
const KEPT: u64 = 86_400;
/// Names that one step of a walk through Redis looks at.
const SCANNED: usize = 1000;
/// After so many failures in a row Redis is left alone…
const FAILURES: u32 = 5;
/// …for so long.
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// The answers that all replicas of one database remember.
pub struct SharedAnswers {
    redis: RedisLink,
    namespace: String,
    sealer: Arc<Sealer>,
    breaker: Breaker,
}

impl SharedAnswers {
    /// In the Redis of this URL, asked with this patience; the names of its keys begin with the namespace. Nothing is
    /// sent before the first question.
    ///
    /// # Errors
    /// When the URL can't be read as one.
    pub fn connect(
        url: impl Into<RedisAddress>,
        patience: Duration,
        namespace: &str,
        store: &crate::Store,
        clock: Arc<dyn Clock>,
    ) -> Result<SharedAnswers, SharedError> {
        Ok(SharedAnswers {
            redis: RedisLink::new(url, patience)?,
            namespace: namespace.to_owned(),
            sealer: store.shared_sealer(),
            breaker: Breaker::new(FAILURES, LEFT_ALONE, clock),
        })
    }

    /// What was kept under this key: the text, and what stands beside it. What can't be read is not there.
    pub async fn get(&self, key: &str) -> Option<(Masked, String)> {
        let permit = self.breaker.admit()?;
        let place = self.place(key);
        let get = async |mut redis| {
            redis::cmd("HMGET")
                .arg((&place, "text", "beside"))
                .query_async::<(Option<Vec<u8>>, Option<String>)>(&mut redis)
                .await
        };
        match self.redis.ask(get).await {
            Ok((text, beside)) => {
                permit.success();
                Some((self.sealer.open(&text?, &place).ok()?, beside?))
            }
            Err(error) => {
                permit.failure();
                tracing::debug!(%error, "answers of other replicas can't be asked for");
                None
            }
        }
    }

    /// Keeps a text and what stands beside it for a day, unless Redis is away.
    pub async fn keep(&self, key: &str, text: &Masked, beside: &str) {
        let Some(permit) = self.breaker.admit() else { return };
        let place = self.place(key);
        let sealed = self.sealer.seal(text, &place);
        let mut all = redis::pipe();
        all.atomic().cmd("HSET").arg((&place, "text", sealed, "beside", beside)).ignore();
        all.cmd("EXPIRE").arg((&place, KEPT)).ignore();
        match self.redis.ask(async |mut redis| all.query_async::<()>(&mut redis).await).await {
            Ok(()) => permit.success(),
            Err(error) => {
                permit.failure();
                tracing::debug!(%error, "an answer is remembered by this replica alone");
            }
        }
    }

    /// Forgets all of them: of documents that were erased nothing may stand in Redis for a day. How many there were.
    ///
    /// # Errors
    /// When Redis can't be asked; what was not reached is gone within a day.
    pub async fn forget_all(&self) -> Result<u64, SharedError> {
        let pattern = self.place("*");
        let (mut cursor, mut forgotten) = (0_u64, 0_u64);
        loop {
            let scan = async |mut redis| {
                redis::cmd("SCAN")
                    .arg((cursor, "MATCH", &pattern, "COUNT", SCANNED))
                    .query_async::<(u64, Vec<String>)>(&mut redis)
                    .await
            };
            let (next, places) = self.redis.ask(scan).await?;
            if !places.is_empty() {
                let unlink =
                    async |mut redis| redis::cmd("UNLINK").arg(&places).query_async::<u64>(&mut redis).await;
                forgotten += self.redis.ask(unlink).await?;
            }
            if next == 0 {
                return Ok(forgotten);
            }
            cursor = next;
        }
    }

    fn place(&self, key: &str) -> String {
        format!("contactiq:{}:answer:{key}", self.namespace)
    }
}

impl std::fmt::Debug for SharedAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedAnswers({})", self.namespace)
    }
}
