//! Draining the spool into the tables, and burying what they refuse.

use std::{collections::HashSet, sync::Arc, time::Duration};

use contactiq_domain::ids::InteractionId;

use super::{Applied, Completion, Entry, Ledger, Unreadable, Withdrawal, dead, heard, kept};
use crate::{SharedError, StoreError, audit, error::LOCKED, interactions, tickets};

/// Waits before the second, third and fourth try of an entry that is refused: what it stands on may come by
/// another way (B4).
const WAITS: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];
/// Entries that are handed over together.
const TOGETHER: usize = 256;

/// What a drain did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Entries that are in their tables now.
    pub written: u64,
    /// Entries that are dead letters now.
    pub dead: u64,
    /// Bytes of the files that can't be read; the files are kept.
    pub damaged: u64,
}

/// Records that are in their tables now.
#[derive(Default)]
struct Settled {
    /// All.
    said: Vec<InteractionId>,
    /// Those of which the table has another one, which was there first.
    second: Vec<Arc<Entry>>,
    /// Completions whose key came to another answer in the table.
    overtaken: Vec<Arc<Entry>>,
    /// What is in no table, because the key of its person can't be unwrapped here.
    locked: Vec<Locked>,
}

struct Locked {
    half: (InteractionId, &'static str),
    bytes: Vec<u8>,
}

impl Settled {
    /// Notes what became of an entry, where that is not what it says.
    fn came_to(&mut self, applied: &Applied, entry: &Arc<Entry>) {
        match (applied, &**entry) {
            (Applied::Before(first), Entry::Completion(completion)) if **first != completion.record => {
                self.second.push(Arc::clone(entry));
            }
            (Applied::Overtaken, Entry::Completion(_)) => self.overtaken.push(Arc::clone(entry)),
            _ => {}
        }
    }
}

impl Ledger {
    /// Writes what the spool holds into the tables, oldest first. What is damaged or refused becomes a dead
    /// letter; nothing is taken from the spool before it is in a table. What waits for a key-encryption key that is not
    /// configured here goes behind the rest.
    ///
    /// # Errors
    /// When the database or the spool's folder fails: what is left comes again.
    pub async fn drain(&self) -> Result<Drained, StoreError> {
        let mut drained = Drained::default();
        let Some(spool) = &self.0.spool else { return Ok(drained) };
        let mut waiting = HashSet::new();
        while let Some(batch) = spool.next().await.map_err(spool_failed)? {
            drained.damaged += batch.damaged_bytes;
            let (before, mut locked) = (drained, Vec::new());
            for payloads in batch.payloads.chunks(TOGETHER) {
                let settled = self.settle(payloads, &mut drained).await?;
                self.put_right(settled.second).await?;
                locked.extend(settled.locked);
            }
            let is_new = locked.iter().filter(|locked| waiting.insert(locked.half)).count() > 0;
            if !locked.is_empty() && !is_new && drained == before {
                // They came round: whatever else was there is written.
                return Err(StoreError::Unavailable { why: LOCKED });
            }
            for locked in locked {
                spool.append(locked.bytes).await.map_err(spool_failed)?;
            }
            // The database answers, whatever requests found.
            self.0.breaker.close();
            self.0.quick_breaker.close();
            spool.done(batch).await.map_err(spool_failed)?;
        }
        Ok(drained)
    }

    /// Takes the next entries of the queue into the tables, as one worker of a cluster; waits half a second for some.
    /// Without a queue there are none.
    ///
    /// # Errors
    /// When the database or the queue fails: what was taken comes again, to this worker or to another.
    pub async fn work(&self) -> Result<Drained, StoreError> {
        let mut drained = Drained::default();
        let Some(queue) = &self.0.queue else { return Ok(drained) };
        let given = queue.take(TOGETHER).await.map_err(queue_failed)?;
        // It answers, whatever requests found.
        self.0.queue_breaker.close();
        // While a cluster is being brought up to date, the newer ones write what they queued; nobody waits behind it.
        let given = given.without("a newer version wrote it", kept::is_newer);
        let settled = self.settle(&given.payloads, &mut drained).await?;
        // Another worker may have the key-encryption key already.
        let given = match settled.locked.is_empty() {
            true => given,
            false => given.without(LOCKED, |bytes| settled.locked.iter().any(|l| l.bytes == bytes)),
        };
        self.take_back(&settled.overtaken, &mut drained).await?;
        self.give_way(&settled.second).await?;
        if !given.is_empty() {
            // So does the database.
            self.0.breaker.close();
            self.0.quick_breaker.close();
        }
        queue.done(&given, &settled.said).await.map_err(queue_failed)?;
        Ok(drained)
    }

    /// Writes these entries into the tables; the records among them.
    async fn settle(&self, payloads: &[Vec<u8>], drained: &mut Drained) -> Result<Settled, StoreError> {
        let (mut handed, mut settled) = (Vec::with_capacity(payloads.len()), Settled::default());
        for bytes in payloads.iter().filter(|bytes| !bytes.is_empty()) {
            match kept::from_bytes(bytes, self.0.store.sealer()) {
                Ok(entry) => {
                    let entry = Arc::new(entry);
                    match &*entry {
                        Entry::Completion(_) => settled.said.push(entry.interaction()),
                        Entry::Withdrawal(withdrawal) if self.was_told_again(withdrawal).await? => {
                            tracing::warn!(interaction = %withdrawal.interaction, "a withdrawal came too late: who asked again was told the answer, and it stands");
                            continue;
                        }
                        Entry::Start(_) | Entry::Withdrawal(_) => {}
                    }
                    handed.push((self.0.group.submit(Arc::clone(&entry)), entry, bytes));
                }
                // While a cluster is being brought up to date, the newer ones write it.
                Err(Unreadable::Newer(form)) => {
                    tracing::warn!(form, "an entry of a newer version waits for it");
                    return Err(StoreError::Unavailable { why: "a newer version has to write this entry" });
                }
                Err(why) => {
                    let now = self.0.clock.now();
                    let mut w = self.0.store.at_work().write().await?;
                    dead::bury(&mut w, bytes, None, &why.to_string(), 1, now).await?;
                    w.save().await?;
                    drained.dead += 1;
                    told(&why);
                }
            }
        }
        let mut refused = Vec::new();
        for (reply, entry, bytes) in handed {
            match heard(reply.await) {
                Ok(applied) => {
                    settled.came_to(&applied, &entry);
                    self.written(&entry, drained);
                }
                Err(error) if error.is_locked() => {
                    let half = (entry.interaction(), entry.label());
                    settled.said.retain(|id| *id != half.0);
                    settled.locked.push(Locked { half, bytes: bytes.clone() });
                }
                Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                Err(error) => refused.push((entry, error)),
            }
        }
        self.try_again(refused, &mut settled, drained).await?;
        Ok(settled)
    }

    async fn was_told_again(&self, withdrawal: &Withdrawal) -> Result<bool, StoreError> {
        let Some(queue) = &self.0.queue else { return Ok(false) };
        queue.was_told_again(withdrawal.interaction, withdrawal.completed_at).await.map_err(queue_failed)
    }

    /// What the queue took it told to whoever asked, until here the table says that its key came to another answer:
    /// nobody is told it from now on. Where somebody was told it before, both are in the record.
    async fn take_back(&self, overtaken: &[Arc<Entry>], drained: &mut Drained) -> Result<(), StoreError> {
        let Some(queue) = &self.0.queue else { return Ok(()) };
        for entry in overtaken {
            let Entry::Completion(completion) = &**entry else { continue };
            if queue.take_back(completion).await.map_err(queue_failed)? {
                continue;
            }
            let mut told = completion.clone();
            if let Some(claimed) = &mut told.claimed {
                claimed.shown = true;
            }
            let told = Arc::new(Entry::Completion(told));
            match heard(self.0.group.submit(Arc::clone(&told)).await) {
                Ok(_) => {
                    let id = entry.interaction();
                    tracing::warn!(interaction = %id, "two answers to one request count: the later one was shown, too");
                }
                Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                Err(error) => {
                    bury(self, &told, &error, 1, true).await?;
                    drained.dead += 1;
                }
            }
        }
        Ok(())
    }

    /// What the spool took was shown by this server, while a worker that nobody heard any more finished the same
    /// question: the table tells what was shown. Unless somebody asked again meanwhile, with the question's key, and
    /// was shown the worker's answer: that one stands.
    async fn put_right(&self, shown: Vec<Arc<Entry>>) -> Result<(), StoreError> {
        for entry in shown {
            let Entry::Completion(completion) = &*entry else { continue };
            // First, and outside of any transaction: who asks from here on is told this one. Where it can't be written
            // then, it comes again.
            if let Some(queue) = &self.0.queue {
                let bytes = self.bytes(&entry, true)?;
                if !queue.put_right(completion, &bytes).await.map_err(queue_failed)? {
                    both_were_shown(completion.record.id);
                    continue;
                }
            }
            if self.put_in_place(completion).await? {
                let id = completion.record.id;
                tracing::info!(interaction = %id, "the record was put right: a worker had finished what was answered without it");
            }
        }
        Ok(())
    }

    /// What the queue took met another record of its interaction in the table, one that a gateway wrote which heard
    /// nothing of its worker. That one may be withdrawn yet: where somebody who asked again was told the queue's, that
    /// one stands.
    async fn give_way(&self, second: &[Arc<Entry>]) -> Result<(), StoreError> {
        let Some(queue) = &self.0.queue else { return Ok(()) };
        for entry in second {
            let Entry::Completion(completion) = &**entry else { continue };
            if queue.give_way(completion).await.map_err(queue_failed)? {
                continue;
            }
            if self.put_in_place(completion).await? {
                let id = completion.record.id;
                tracing::warn!(interaction = %id, "a worker's answer is in the record: who asked again was told it");
            }
        }
        Ok(())
    }

    /// Puts a record in the place of another one of its interaction. False where that one stands: its texts were taken
    /// out, or somebody who asked again was told it by the table.
    async fn put_in_place(&self, completion: &Completion) -> Result<bool, StoreError> {
        let id = completion.record.id;
        let mut w = self.0.store.at_work().write().await?;
        let standing = interactions::standing(&mut w, id).await?;
        if standing.anonymised || standing.told_again {
            drop(w);
            // The table knows better: nothing brings texts back, and what was told stands.
            if let Some(queue) = &self.0.queue {
                queue.forget_record(id).await.map_err(queue_failed)?;
            }
            if standing.told_again {
                both_were_shown(id);
            }
            return Ok(false);
        }
        interactions::replace(&mut w, &completion.record).await?;
        audit::completed(&mut w, &[&completion.record]).await?;
        if let Some(ticket) = &completion.ticket {
            tickets::open(&mut w, ticket).await?;
        }
        w.save().await?;
        Ok(true)
    }

    fn written(&self, entry: &Entry, drained: &mut Drained) {
        drained.written += 1;
        self.0.pending.forget(entry);
    }

    /// The second to the fourth try of what was refused, all together; then they are dead letters.
    async fn try_again(
        &self,
        mut refused: Vec<(Arc<Entry>, StoreError)>,
        settled: &mut Settled,
        drained: &mut Drained,
    ) -> Result<(), StoreError> {
        for wait in WAITS {
            let Some((first, _)) = refused.first() else { return Ok(()) };
            // The end of an id is chance: workers that failed together don't try together.
            let spread = 0.75 + f64::from(first.interaction().uuid().as_bytes()[15]) / 512.0;
            tokio::time::sleep(wait.mul_f64(spread)).await;
            let mut still = Vec::new();
            for (entry, _) in refused {
                match heard(self.0.group.submit(Arc::clone(&entry)).await) {
                    Ok(applied) => {
                        settled.came_to(&applied, &entry);
                        self.written(&entry, drained);
                    }
                    Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                    Err(error) => still.push((entry, error)),
                }
            }
            refused = still;
        }
        for (entry, error) in refused {
            bury(self, &entry, &error, 1 + WAITS.len() as u32, true).await?;
            drained.dead += 1;
            self.0.pending.forget(&entry);
        }
        Ok(())
    }
}

/// Keeps an entry as a dead letter.
pub(super) async fn bury(
    ledger: &Ledger,
    entry: &Entry,
    why: &StoreError,
    tries: u32,
    shown: bool,
) -> Result<(), StoreError> {
    let parts = &ledger.0;
    let bytes = ledger.bytes(entry, shown)?;
    let mut w = parts.store.at_work().write().await?;
    dead::bury(&mut w, &bytes, Some(entry), &why.to_string(), tries, parts.clock.now()).await?;
    w.save().await?;
    told(why);
    Ok(())
}

fn both_were_shown(id: InteractionId) {
    tracing::warn!(interaction = %id, "two answers to one request were shown: the later one is in the record");
}

fn told(why: &dyn std::fmt::Display) {
    metrics::counter!("contactiq_ledger_dead_letters_total").increment(1);
    tracing::error!(critical = true, %why, "an entry can't be written: `contactiq ledger dead list` shows it");
}

fn queue_failed(error: SharedError) -> StoreError {
    tracing::warn!(%error, "the queue can't be worked on");
    StoreError::Unavailable { why: "the queue can't be asked" }
}

/// The spool says more in the log.
fn spool_failed(error: super::spool::SpoolError) -> StoreError {
    tracing::error!(critical = true, %error, "the spool can't be drained");
    StoreError::Unavailable { why: "the spool can't be read" }
}
