//! What was acknowledged must be somewhere: each minute the records that this process said are durable are looked for
//! in the tables, in the queue, in the spool and among the dead letters (B3). One that is nowhere is lost, and told.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contactiq_domain::ids::InteractionId;
use tokio::time::Instant;

use super::{Ledger, Phase, dead};
use crate::{StoreError, interactions};

/// So many are remembered until they are compared; who says more in a minute has the oldest compared no more.
const REMEMBERED: usize = 100_000;
/// So many are looked for in one statement.
const AT_ONCE: usize = 500;
/// Ids of lost records that the log names.
const NAMED: usize = 20;

/// Records that were acknowledged and not compared yet, oldest first.
pub(crate) struct Acknowledged(Mutex<VecDeque<(InteractionId, Instant)>>);

impl Acknowledged {
    /// None yet. The figures begin at 0: an alert on the first loss needs a figure before it.
    pub(crate) fn none() -> Acknowledged {
        metrics::counter!("contactiq_ledger_lost_total").increment(0);
        metrics::counter!("contactiq_ledger_uncompared_total").increment(0);
        Acknowledged(Mutex::default())
    }

    /// Remembers that somebody was told: it is durable.
    pub(crate) fn add(&self, id: InteractionId) {
        let mut all = self.lock();
        if all.len() == REMEMBERED {
            all.pop_front();
            metrics::counter!("contactiq_ledger_uncompared_total").increment(1);
        }
        all.push_back((id, Instant::now()));
    }

    /// Takes those that were said at least so long ago.
    fn older_than(&self, age: Duration) -> Vec<(InteractionId, Instant)> {
        let mut all = self.lock();
        let old = all.iter().take_while(|(_, since)| since.elapsed() >= age).count();
        all.drain(..old).collect()
    }

    /// Puts some back, which are compared again.
    fn put_back(&self, again: Vec<(InteractionId, Instant)>) {
        let mut all = self.lock();
        let room = REMEMBERED.saturating_sub(all.len());
        let dropped = again.len().saturating_sub(room);
        if dropped > 0 {
            metrics::counter!("contactiq_ledger_uncompared_total").increment(dropped as u64);
        }
        for entry in again.into_iter().rev().take(room) {
            all.push_front(entry);
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(InteractionId, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Records that are in their table.
    pub written: u64,
    /// Records that wait in the queue or in the spool; they are compared again.
    pub waiting: u64,
    /// Records that are dead letters.
    pub dead: u64,
    /// Records that are nowhere, though somebody was shown their answer.
    pub lost: Vec<InteractionId>,
}

impl Ledger {
    /// Looks for the records that were acknowledged at least `age` ago, in every place where they may be.
    ///
    /// # Errors
    /// When the database or the queue can't be asked: all are compared again.
    pub async fn compare(&self, age: Duration) -> Result<Compared, StoreError> {
        let due = self.0.acknowledged.older_than(age);
        let mut compared = Compared::default();
        let (mut again, mut failed) = (Vec::new(), None);
        for some in due.chunks(AT_ONCE) {
            if failed.is_some() {
                again.extend_from_slice(some);
                continue;
            }
            match self.compare_some(some, &mut compared).await {
                Ok(waiting) => again.extend(waiting),
                Err(error) => {
                    again.extend_from_slice(some);
                    failed = Some(error);
                }
            }
        }
        self.0.acknowledged.put_back(again);
        metrics::gauge!("contactiq_ledger_compared_waiting").set(compared.waiting as f64);
        // Also what was found before a failure.
        if !compared.lost.is_empty() {
            metrics::counter!("contactiq_ledger_lost_total").increment(compared.lost.len() as u64);
            let named: Vec<String> = compared.lost.iter().take(NAMED).map(ToString::to_string).collect();
            tracing::error!(
                critical = true,
                lost = compared.lost.len(),
                interactions = named.join(" "),
                "records that were acknowledged are in no table, queue, spool or dead letter"
            );
        }
        failed.map_or(Ok(compared), Err)
    }

    /// Those of one statement; what waits still.
    async fn compare_some(
        &self,
        some: &[(InteractionId, Instant)],
        compared: &mut Compared,
    ) -> Result<Vec<(InteractionId, Instant)>, StoreError> {
        let ids: Vec<InteractionId> = some.iter().map(|(id, _)| *id).collect();
        let mut reader = self.0.store.at_work().read().await?;
        let finished = interactions::finished(&mut reader, &ids).await?;
        // Nobody holds a connection of the database while the queue is asked.
        drop(reader);
        let (mut waiting, mut lost) = (Vec::new(), Vec::new());
        for (id, since) in some {
            if finished.contains(id) {
                compared.written += 1;
            } else if self.waits(*id).await? {
                waiting.push((*id, *since));
            } else if !self.is_taken_back(*id).await {
                lost.push(*id);
            }
        }
        compared.waiting += waiting.len() as u64;
        if lost.is_empty() {
            return Ok(waiting);
        }
        // What waited may have been written since the table was read: only a second look tells.
        let mut reader = self.0.store.at_work().read().await?;
        let finished = interactions::finished(&mut reader, &lost).await?;
        for id in lost {
            if finished.contains(&id) {
                compared.written += 1;
            } else if dead::is_buried(&mut reader, id, Phase::Completion).await? {
                compared.dead += 1;
            } else {
                compared.lost.push(id);
            }
        }
        Ok(waiting)
    }

    /// Whether it is in the spool of this process or in the queue.
    pub(super) async fn waits(&self, id: InteractionId) -> Result<bool, StoreError> {
        if self.0.pending.completion(id).is_some() {
            return Ok(true);
        }
        let Some(queue) = &self.0.queue else { return Ok(false) };
        let found = queue.record(id).await;
        found
            .map(|bytes| bytes.is_some())
            .map_err(|_| StoreError::Unavailable { why: "the queue can't be asked" })
    }
}
