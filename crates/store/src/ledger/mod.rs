//! The ledger: every start and every completion of an interaction, durable before it counts (B2, B3, B5).
//!
//! [`Ledger::write`] hands an [`Entry`] to the first place that takes it: the database, in a group with what
//! others write at that moment, or in a cluster a [`queue`], from which workers write the database; where that is
//! away or slow, a [`spool`] of files, from which it is drained. The answer waits [`PLACE`] for the database before
//! the spool is asked too, and [`IN_ALL`] for both together; then there is no answer, because without a record there
//! is none, and what a place may have taken all the same is withdrawn.
//!
//! An entry may be written twice, by two ways and in any order, and counts once ([`apply()`]). What the tables
//! refuse is a [dead letter](dead).

mod acknowledged;
mod apply;
mod counts;
pub mod dead;
mod drain;
mod entry;
mod group;
mod handed;
mod interrupted;
pub(crate) mod kept;
mod made;
mod pending;
pub mod queue;
mod reading;
pub mod spool;
mod tables;
mod withdrawn;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use contactiq_domain::{Breaker, Clock, Outcome};
use tokio::sync::oneshot;

pub use acknowledged::Compared;
pub use apply::{Applied, apply};
pub use drain::Drained;
pub use entry::{Claimed, Completion, Entry, Phase, Shown, Start, Withdrawal};
pub use handed::Handed;
pub use kept::Unreadable;
pub use made::Made;
pub use reading::{LedgerState, Said};
pub use tables::{Claims, ONLY_TABLES_KNOW};
pub use withdrawn::{WITHDRAWN, purge_withdrawn};

use crate::{Store, StoreError};
use acknowledged::Acknowledged;
use counts::Counts;
use group::Group;
use pending::Pending;
use queue::{Durability, Kept, Queue};
use spool::Spool;
use withdrawn::Withdrawn;

/// An answer waits no longer for the database before the spool is asked too.
pub const PLACE: Duration = Duration::from_millis(50);
/// The same for SQLite, which lies on the disk of the spool: asked too early, that has twice the work.
pub const SAME_DISK: Duration = Duration::from_millis(250);
/// An answer waits no longer for all places together.
pub const IN_ALL: Duration = Duration::from_millis(500);
/// After so many failures in a row the database is left alone, and the spool is asked at once (E2).
const FAILURES: u32 = 5;
/// For so long, unless a drain finds it back before.
const LEFT_ALONE: Duration = Duration::from_secs(60);
/// For so long nobody asks it in passing.
const QUICK_LEFT_ALONE: Duration = Duration::from_secs(5);

/// The way into the record. Cheap to clone; all clones write together.
#[derive(Clone)]
pub struct Ledger(Arc<Parts>);

struct Parts {
    store: Store,
    group: Group,
    queue: Option<Queue>,
    spool: Option<Spool>,
    pending: Pending,
    acknowledged: Acknowledged,
    counts: Counts,
    withdrawn: Withdrawn,
    /// Of the database.
    breaker: Breaker,
    /// Of the queue.
    queue_breaker: Breaker,
    /// Of what a question asks the tables in passing and can do without: a database that is slow is not away.
    quick_breaker: Breaker,
    place: Duration,
    durability: Mutex<Option<Durability>>,
    clock: Arc<dyn Clock>,
}

/// Where entries may go beside the database.
#[derive(Default)]
pub struct Places {
    /// The queue of a cluster: then no answer waits for the database.
    pub queue: Option<Queue>,
    /// The spool. Without it an answer waits for the database alone where the queue does not take it.
    pub spool: Option<Spool>,
}

impl From<Spool> for Places {
    fn from(spool: Spool) -> Self {
        Places { queue: None, spool: Some(spool) }
    }
}

impl Ledger {
    /// A ledger of this store with these places.
    #[must_use]
    pub fn new(store: Store, places: impl Into<Places>, clock: Arc<dyn Clock>) -> Ledger {
        let Places { queue, spool } = places.into();
        let (group, work) = Group::new(store.clone(), Arc::clone(&clock));
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the last handle, and whoever waits for it hears of an end before"
        )]
        tokio::spawn(work);
        let breaker = Breaker::new(FAILURES, LEFT_ALONE, Arc::clone(&clock));
        let queue_breaker = Breaker::new(FAILURES, LEFT_ALONE, Arc::clone(&clock));
        let quick_breaker = Breaker::new(FAILURES, QUICK_LEFT_ALONE, Arc::clone(&clock));
        let place = if store.engine() == "sqlite" { SAME_DISK } else { PLACE };
        Ledger(Arc::new(Parts {
            store,
            group,
            queue,
            spool,
            pending: Pending::default(),
            acknowledged: Acknowledged::none(),
            counts: Counts::agree(),
            withdrawn: Withdrawn::default(),
            breaker,
            queue_breaker,
            quick_breaker,
            place,
            durability: Mutex::default(),
            clock,
        }))
    }

    /// Writes an entry; when it returns, the entry is on a disk and will be in its tables.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no place took it in time. Otherwise the tables refuse it: it is a dead
    /// letter then.
    pub async fn write(&self, entry: Entry) -> Result<Applied, StoreError> {
        let since = Instant::now();
        let entry = Arc::new(entry);
        let written = self.place(&entry).await;
        counted(&entry, since, &written);
        match (&*entry, &written) {
            (Entry::Completion(completion), Err(_) | Ok(Applied::Overtaken)) => {
                self.withdraw(completion).await;
            }
            (Entry::Completion(completion), Ok(Applied::Written)) => self.acknowledge(completion),
            _ => {}
        }
        written
    }

    /// Writes the completion of a question that another process handed over: in the queue or nowhere, since there alone
    /// is decided which of two answers counts. A second try of the same answer finds the first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the queue does not take it in time, or there is none.
    pub async fn write_handed(&self, mut completion: Completion) -> Result<Applied, StoreError> {
        let since = Instant::now();
        if let Some(claimed) = &mut completion.claimed {
            // Wherever it was claimed: once the queue has it, everybody is told there what its key came to. Its gateway
            // may have given the key back in the table meanwhile.
            claimed.queued = true;
        }
        let entry = Entry::Completion(Box::new(completion));
        let queued = match &self.0.queue {
            // It is shown once its gateway hears of it, which may have died: a claim that another answer got meanwhile
            // counts more.
            Some(queue) => self.queued(&entry, queue, false).await,
            None => Ok(None),
        };
        let not_taken = StoreError::Unavailable { why: "the queue did not take the record in time" };
        let written = queued.and_then(|queued| queued.ok_or(not_taken));
        counted(&entry, since, &written);
        if let (Ok(Applied::Written), Entry::Completion(completion)) = (&written, &entry) {
            self.acknowledge(completion);
        }
        written
    }

    /// Somebody is told that it is durable: it is looked for in a minute. What was interrupted nobody looks for.
    fn acknowledge(&self, completion: &Completion) {
        if completion.record.outcome != Outcome::Interrupted {
            self.0.acknowledged.add(completion.record.id);
        }
    }

    /// Takes a completion back from every place that may have it though nobody will be shown it. The error waits for
    /// that as long as an answer may wait for its record: who sends the request again must find one answer.
    async fn withdraw(&self, completion: &Completion) {
        self.0.withdrawn.add(&completion.record);
        let withdrawal = Arc::new(Entry::Withdrawal(Box::new(Withdrawal {
            conversation: completion.conversation.clone(),
            interaction: completion.record.id,
            completed_at: completion.record.completed_at,
            claimed: completion.claimed.clone(),
        })));
        // At once behind the completion, should that wait there still; nobody need hear of it.
        drop(self.0.group.submit(Arc::clone(&withdrawal)));
        let Ok(bytes) = self.bytes(&withdrawal, false) else { return };
        let by_queue = async {
            match &self.0.queue {
                Some(queue) => queue.withdraw(completion, &bytes).await.is_ok(),
                None => true,
            }
        };
        let by_spool = async {
            match &self.0.spool {
                Some(spool) => {
                    matches!(tokio::time::timeout(IN_ALL, spool.append(bytes.clone())).await, Ok(Ok(())))
                }
                None => true,
            }
        };
        if tokio::join!(by_queue, by_spool) != (true, true) {
            tracing::warn!(interaction = %completion.record.id, "a record that nobody was shown may be found finished");
        }
    }

    async fn place(&self, entry: &Arc<Entry>) -> Result<Applied, StoreError> {
        let limit = tokio::time::Instant::now() + IN_ALL;
        if let Some(queue) = &self.0.queue
            && let Some(applied) = self.queued(entry, queue, true).await?
        {
            return Ok(applied);
        }
        // Where the queue is away the database is the better place while it answers: everybody reads it.
        let by_store = match self.0.spool.is_some() {
            false => None,
            true => match self.grouped(entry).await {
                Asked::Answered(answer) => return self.settled(entry, answer).await,
                Asked::Failed => None,
                Asked::Waits(reply) => Some(reply),
            },
        };
        match &self.0.spool {
            Some(spool) => self.beside(entry, spool, by_store, limit).await,
            // The store has a patience of its own.
            None => self.settled(entry, heard(self.0.group.submit(Arc::clone(entry)).await)).await,
        }
    }

    /// What the queue makes of it; none where it does not take it. `shown` says whether somebody is shown it whatever
    /// becomes of its claim.
    async fn queued(&self, entry: &Entry, queue: &Queue, shown: bool) -> Result<Option<Applied>, StoreError> {
        let Some(permit) = self.0.queue_breaker.admit() else { return Ok(None) };
        let bytes = self.bytes(entry, shown)?;
        let kept = match entry {
            Entry::Completion(completion) => queue.complete(completion, &bytes).await,
            Entry::Start(start) => {
                let whose = reading::whose(&start.conversation, self.0.store.sealer());
                queue.begin(start.started.id, &whose, &bytes).await.map(|()| Kept::Now)
            }
            Entry::Withdrawal(_) => queue.append(&bytes).await.map(|()| Kept::Now),
        };
        match kept {
            Ok(kept) => {
                permit.success();
                Ok(Some(match kept {
                    Kept::Now => {
                        metrics::counter!("contactiq_ledger_queued_total").increment(1);
                        Applied::Written
                    }
                    Kept::Before(first) => {
                        let first = match shown {
                            // Its caller is told it. Where it was taken back since, another place takes ours.
                            true => match queue.to_show(entry.interaction(), false).await {
                                Ok(Some(first)) => first,
                                Ok(None) | Err(_) => return Ok(None),
                            },
                            false => first,
                        };
                        let first = self.opened(&first).ok_or(StoreError::Corrupt { what: "record" })?;
                        Applied::Before(Box::new(first.record))
                    }
                    Kept::Overtaken => Applied::Overtaken,
                }))
            }
            Err(error) => {
                permit.failure();
                tracing::debug!(%error, "another place than the queue takes an entry");
                Ok(None)
            }
        }
    }

    /// Asks the database, for as long as an answer waits for it alone.
    async fn grouped(&self, entry: &Arc<Entry>) -> Asked {
        let Some(permit) = self.0.breaker.admit() else { return Asked::Failed };
        let mut reply = self.0.group.submit(Arc::clone(entry));
        match tokio::time::timeout(self.0.place, &mut reply).await.map(heard) {
            // The database is well: it is this person's key that is missing here.
            Ok(Err(error)) if error.is_locked() => {
                permit.success();
                tracing::warn!(%error, "the spool takes an entry");
                Asked::Failed
            }
            Ok(Err(error @ StoreError::Unavailable { .. })) => {
                permit.failure();
                tracing::debug!(%error, "the spool takes an entry");
                Asked::Failed
            }
            Ok(answer) => {
                permit.success();
                Asked::Answered(answer)
            }
            Err(_) => {
                permit.failure();
                Asked::Waits(reply)
            }
        }
    }

    fn bytes(&self, entry: &Entry, shown: bool) -> Result<Vec<u8>, StoreError> {
        kept::to_bytes(entry, self.0.store.sealer(), shown).map_err(|_| StoreError::Corrupt { what: "entry" })
    }

    /// Asks the spool, while the database may still answer: whoever is first. Where the spool fails the database is
    /// asked once more, if it was left alone.
    async fn beside(
        &self,
        entry: &Arc<Entry>,
        spool: &Spool,
        mut by_store: Option<Reply>,
        limit: tokio::time::Instant,
    ) -> Result<Applied, StoreError> {
        let bytes = self.bytes(entry, true)?;
        // Known before it is taken: a drain at the same moment must find it here to forget it.
        self.0.pending.keep(entry);
        let by_spool = spool.append(bytes);
        tokio::pin!(by_spool);
        let mut spool_may_take = true;
        let taken = loop {
            let store = async {
                match &mut by_store {
                    Some(reply) => heard(reply.await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                spooled = &mut by_spool, if spool_may_take => match spooled {
                    Ok(()) => {
                        metrics::counter!("contactiq_ledger_spooled_total").increment(1);
                        return Ok(Applied::Written);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the spool did not take an entry");
                        spool_may_take = false;
                        by_store.get_or_insert_with(|| self.0.group.submit(Arc::clone(entry)));
                    }
                },
                answer = store => match answer {
                    Err(StoreError::Unavailable { .. }) if spool_may_take => by_store = None,
                    Err(StoreError::Unavailable { .. }) => break Err(NOT_TAKEN),
                    answer => break self.settled(entry, answer).await,
                },
                () = tokio::time::sleep_until(limit) => break Err(NOT_TAKEN),
            }
        };
        self.0.pending.forget(entry);
        taken
    }

    /// What the tables refuse is kept as a dead letter before its error is told, for as long as an answer may wait.
    async fn settled(
        &self,
        entry: &Arc<Entry>,
        answer: Result<Applied, StoreError>,
    ) -> Result<Applied, StoreError> {
        match answer {
            Err(error) if !matches!(error, StoreError::Unavailable { .. }) => {
                let buried = drain::bury(self, entry, &error, 1, false);
                if !matches!(tokio::time::timeout(IN_ALL, buried).await, Ok(Ok(()))) {
                    tracing::error!(critical = true, interaction = %entry.interaction(), "a refused entry is no dead letter either");
                }
                Err(error)
            }
            answer => answer,
        }
    }
}

fn counted(entry: &Entry, since: Instant, written: &Result<Applied, StoreError>) {
    let phase = entry.label();
    metrics::histogram!("contactiq_ledger_write_seconds", "phase" => phase)
        .record(since.elapsed().as_secs_f64());
    metrics::counter!("contactiq_ledger_writes_total", "phase" => phase).increment(1);
    if let Err(error) = written {
        metrics::counter!("contactiq_ledger_write_failures_total", "phase" => phase).increment(1);
        tracing::error!(critical = true, %error, interaction = %entry.interaction(), phase, "an entry was not written");
    }
}

const NOT_TAKEN: StoreError =
    StoreError::Unavailable { why: "no place took the record in time, the spool neither" };

type Reply = oneshot::Receiver<Result<Applied, StoreError>>;

/// What asking the database came to.
enum Asked {
    Answered(Result<Applied, StoreError>),
    Failed,
    /// It may still answer.
    Waits(Reply),
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({:?})", self.0.store)
    }
}

fn heard(
    answer: Result<Result<Applied, StoreError>, oneshot::error::RecvError>,
) -> Result<Applied, StoreError> {
    answer.unwrap_or(Err(StoreError::Unavailable { why: "it was closed" }))
}
