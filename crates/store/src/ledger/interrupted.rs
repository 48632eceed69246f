//! Starts without a completion (B3). What the queue or the spool holds was answered and is only not written yet; the
//! rest was interrupted.

use contactiq_domain::{Timestamp, ids::InteractionId};

use super::Ledger;
use crate::{StoreError, interactions};

/// So many are looked for in one statement, and marked in one transaction.
const AT_ONCE: u32 = 500;

impl Ledger {
    /// Marks what was started before `older_than` and never finished, and names it. What waits in the queue or in the
    /// spool of this process stays as it is, however much that is; what waits in another process's spool is completed
    /// when it comes, also behind its mark.
    ///
    /// # Errors
    /// When the database or the queue can't be asked and nothing was marked before: what may wait there is not.
    pub async fn interrupt_unfinished(
        &self,
        older_than: Timestamp,
    ) -> Result<Vec<InteractionId>, StoreError> {
        let (mut marked, mut behind) = (Vec::new(), None);
        loop {
            let mut reader = self.0.store.at_work().read().await?;
            let found = interactions::unfinished(&mut reader, older_than, behind, AT_ONCE).await?;
            // Nobody holds a connection of the database while the queue is asked.
            drop(reader);
            let Some(last) = found.last().copied() else { return Ok(marked) };
            behind = Some(last);
            let mut nowhere = Vec::new();
            for id in found {
                match self.waits(id).await {
                    Ok(true) => {}
                    Ok(false) => nowhere.push(id),
                    Err(error) if marked.is_empty() => return Err(error),
                    // What is marked already is told; the rest is looked for again.
                    Err(_) => return Ok(marked),
                }
            }
            if nowhere.is_empty() {
                continue;
            }
            let mut w = self.0.store.at_work().write().await?;
            marked.extend(interactions::interrupt(&mut w, &nowhere, self.0.clock.now()).await?);
            w.save().await?;
        }
    }
}
