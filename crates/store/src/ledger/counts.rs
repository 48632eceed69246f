//! The counts of queue and spool must agree with what they were given (B3): each minute every server looks, and a
//! difference is told. What was acknowledged is looked for in the tables one by one ([`Ledger::compare`]).

use std::sync::atomic::{AtomicU64, Ordering};

use super::Ledger;
use crate::StoreError;

const DIFFERS: &str = "contactiq_ledger_counts_differ_total";
const QUEUE: &str = "queue";
const SPOOL: &str = "spool";

/// What was found to differ since the start.
pub(crate) struct Counts {
    queue: AtomicU64,
    spool: AtomicU64,
}

impl Counts {
    /// Nothing yet. The figures begin at 0: an alert on the first difference needs a figure before it.
    pub(crate) fn agree() -> Counts {
        for place in [QUEUE, SPOOL] {
            metrics::counter!(DIFFERS, "place" => place).increment(0);
        }
        Counts { queue: AtomicU64::new(0), spool: AtomicU64::new(0) }
    }

    pub(crate) fn differ(&self) -> u64 {
        self.queue.load(Ordering::Relaxed) + self.spool.load(Ordering::Relaxed)
    }
}

impl Ledger {
    /// Compares what the queue and the spool hold with what they were given and what was taken out. Returns by how many
    /// entries they differ that was not told before.
    ///
    /// # Errors
    /// When the queue or the folder of the spool can't be asked.
    pub async fn count_places(&self) -> Result<u64, StoreError> {
        let (queue, spool) = (self.count_queue().await, self.count_spool().await);
        Ok(queue? + spool?)
    }

    async fn count_queue(&self) -> Result<u64, StoreError> {
        let Some(queue) = &self.0.queue else { return Ok(0) };
        let counted =
            queue.count().await.map_err(|_| StoreError::Unavailable { why: "the queue can't be asked" })?;
        let differs = counted.should.abs_diff(counted.holds);
        if differs > 0 {
            self.0.counts.queue.fetch_add(differs, Ordering::Relaxed);
            metrics::counter!(DIFFERS, "place" => QUEUE).increment(differs);
            tracing::error!(
                critical = true,
                should = counted.should,
                holds = counted.holds,
                "the queue does not hold what was put into it less what was taken out"
            );
        }
        Ok(differs)
    }

    async fn count_spool(&self) -> Result<u64, StoreError> {
        let Some(spool) = &self.0.spool else { return Ok(0) };
        let looked = spool.count().await;
        let missing = spool.depth().missing;
        let differs = missing.saturating_sub(self.0.counts.spool.swap(missing, Ordering::Relaxed));
        if differs > 0 {
            metrics::counter!(DIFFERS, "place" => SPOOL).increment(differs);
            tracing::error!(
                critical = true,
                missing = differs,
                "the spool's files lack entries that they were given"
            );
        }
        looked.map_err(|error| {
            tracing::warn!(%error, "the spool's files can't be counted");
            StoreError::Unavailable { why: "the spool can't be read" }
        })?;
        Ok(differs)
    }
}
