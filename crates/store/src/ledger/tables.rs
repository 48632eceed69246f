//! What a question needs of the tables, and how it goes on without them (R3): in a cluster PostgreSQL may be away for
//! minutes, and the queue knows what was just said and which requests are at work.

use std::time::Duration;

use contactiq_domain::{BreakerState, Timestamp, ids::InteractionId};

use super::{Claimed, Ledger, PLACE, queue::Held};
use crate::{
    StoreError,
    idempotency::{self, Claim},
};

/// A question waits no longer for what only the tables know: as long as for a connection (C4).
pub const ONLY_TABLES_KNOW: Duration = Duration::from_secs(5);
const AWAY: StoreError = StoreError::Unavailable { why: "it is left alone for a while after it failed" };

/// What a key is, by all that a cluster knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// It is ours: do the work.
    New,
    /// Somebody is at it.
    InFlight,
    /// It was used with another body.
    Mismatch,
    /// It came to this interaction.
    Done(InteractionId),
}

impl Ledger {
    /// Asks the tables for a question: with much patience for what only they know ([`ONLY_TABLES_KNOW`]), with little
    /// where a question can go on without ([`PLACE`]). In a cluster a database that failed is not asked for a while;
    /// alone it is asked for as long as it takes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when they can't be asked now; otherwise what they say.
    pub async fn tables<T>(
        &self,
        patience: Duration,
        asking: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.0.queue.is_none() {
            return asking.await;
        }
        let quick = patience < ONLY_TABLES_KNOW;
        let breaker = if quick { &self.0.quick_breaker } else { &self.0.breaker };
        let permit = breaker.admit().ok_or(AWAY)?;
        // In passing nobody waits for a database that is known to be away.
        if quick && self.0.breaker.state() == BreakerState::Open {
            return Err(AWAY);
        }
        match tokio::time::timeout(patience, asking).await {
            Ok(Err(error @ StoreError::Unavailable { .. })) => {
                permit.failure();
                Err(error)
            }
            Ok(answer) => {
                permit.success();
                answer
            }
            Err(_) => {
                permit.failure();
                Err(StoreError::Unavailable { why: "it did not answer in time" })
            }
        }
    }

    /// Claims a key in the queue of a cluster; none where there is no queue, or it is away: then the table is the
    /// place. What the table knows counts as well: the queue may have been away when the key was claimed.
    ///
    /// # Errors
    /// When the table says something that can't be read.
    pub async fn claim(
        &self,
        claimed: &Claimed,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<Claims>, StoreError> {
        let Some(queue) = &self.0.queue else { return Ok(None) };
        let Some(permit) = self.0.queue_breaker.admit() else { return Ok(None) };
        let slot = claimed.slot();
        match queue.claim(&slot, &claimed.body, claimed.fence, lease).await {
            Err(error) => {
                permit.failure();
                tracing::debug!(%error, "a key is claimed in the table: the queue does not answer");
                return Ok(None);
            }
            Ok(held) => {
                permit.success();
                match held {
                    Held::New => {}
                    Held::InFlight => return Ok(Some(Claims::InFlight)),
                    Held::Mismatch => return Ok(Some(Claims::Mismatch)),
                    Held::Done(made, body) if body == claimed.body => return Ok(Some(Claims::Done(made))),
                    Held::Done(..) => return Ok(Some(Claims::Mismatch)),
                }
            }
        }
        let look = async {
            let mut reader = self.0.store.read().await?;
            idempotency::look(&mut reader, &slot, &claimed.body, now).await
        };
        let found = match self.tables(PLACE, look).await {
            // Only the queue knows, and it knows all that was claimed while it was there.
            Err(StoreError::Unavailable { .. }) => None,
            Err(error) => {
                self.unclaim(claimed).await;
                return Err(error);
            }
            Ok(found) => found,
        };
        let claims = match found {
            None | Some(Claim::New) => return Ok(Some(Claims::New)),
            Some(Claim::InFlight { .. }) => Claims::InFlight,
            Some(Claim::Mismatch) => Claims::Mismatch,
            Some(Claim::Done { resource, .. }) => {
                Claims::Done(resource.parse().map_err(|_| StoreError::Corrupt { what: "resource" })?)
            }
        };
        self.unclaim(claimed).await;
        Ok(Some(claims))
    }

    /// Says that a key claimed in the queue is still worked on.
    ///
    /// # Errors
    /// When the queue can't be asked.
    pub async fn renew(&self, claimed: &Claimed, lease: Duration) -> Result<(), crate::SharedError> {
        if let Some(queue) = &self.0.queue {
            queue.lease(&claimed.slot(), claimed.fence, lease).await?;
        }
        Ok(())
    }

    /// Forgets that a request came to an interaction that nobody was shown: it is answered anew.
    ///
    /// # Errors
    /// When the tables or the queue can't be written.
    pub async fn forget_claim(&self, claimed: &Claimed, made: InteractionId) -> Result<(), StoreError> {
        let mut w = self.0.store.write().await?;
        idempotency::unsettle(&mut w, &claimed.slot(), &made.to_string()).await?;
        w.save().await?;
        if let Some(queue) = &self.0.queue {
            let forgotten = queue.forget_claimed(claimed, made).await;
            forgotten.map_err(|_| StoreError::Unavailable { why: "the queue can't be asked" })?;
        }
        Ok(())
    }

    /// Gives a key back that was claimed in the queue.
    pub async fn unclaim(&self, claimed: &Claimed) {
        if let Some(queue) = &self.0.queue
            && let Err(error) = queue.lease(&claimed.slot(), claimed.fence, Duration::ZERO).await
        {
            tracing::debug!(%error, "a key that was claimed in the queue is held until its lease ends");
        }
    }
}
