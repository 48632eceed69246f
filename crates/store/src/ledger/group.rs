//! Group commit: what many requests write at one moment goes to the disk together.
//!
//! A commit waits for the disk, and the disk takes as long for one entry as for a hundred. So one task takes
//! whatever waits, writes all of it in one transaction and answers everybody when it is saved. Nobody waits
//! for company: while one group is being saved, the next gathers by itself.

use std::{panic::AssertUnwindSafe, sync::Arc};

use contactiq_domain::Clock;
use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::{
    Applied, Entry,
    apply::{apply_all, apply_at},
};
use crate::{Store, StoreError, error::IN_THE_WAY};

/// Entries that may wait; who comes then goes to the next place.
const WAITING: usize = 4096;
/// Entries of one transaction: more would keep other writers waiting.
const MOST: usize = 256;

/// So often a group that had to give way is tried again.
const TRIES: usize = 3;

struct Job {
    entry: Arc<Entry>,
    reply: oneshot::Sender<Result<Applied, StoreError>>,
}

/// The way to the task that writes. Cheap to clone; the task ends with the last one.
#[derive(Clone)]
pub(crate) struct Group(mpsc::Sender<Job>);

impl Group {
    /// A group of this store, and the task that writes by this clock: run it, or nothing is written.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> (Group, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Group(sender), work(store, clock, receiver))
    }

    /// Hands an entry over. The receiver hears when it is durable, or why it is not; dropping it takes nothing
    /// back.
    pub(crate) fn submit(&self, entry: Arc<Entry>) -> oneshot::Receiver<Result<Applied, StoreError>> {
        let (reply, heard) = oneshot::channel();
        if let Err(refused) = self.0.try_send(Job { entry, reply }) {
            let why = match &refused {
                mpsc::error::TrySendError::Full(_) => "too much waits to be written",
                mpsc::error::TrySendError::Closed(_) => "it was closed",
            };
            // Who waits is there: the receiver was not given away yet.
            let _ = refused.into_inner().reply.send(Err(StoreError::Unavailable { why }));
        }
        heard
    }

    /// How many entries wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

/// Writes until the last handle is gone. An entry that makes it panic must not end it: who waits for that group hears
/// that it was not written, and the next group begins anew.
async fn work(store: Store, clock: Arc<dyn Clock>, mut jobs: mpsc::Receiver<Job>) {
    while AssertUnwindSafe(groups(&store, &*clock, &mut jobs)).catch_unwind().await.is_err() {
        metrics::counter!("contactiq_ledger_writer_panics_total").increment(1);
        tracing::error!(critical = true, "writing a group of entries panicked; the next one is written");
    }
}

async fn groups(store: &Store, clock: &dyn Clock, jobs: &mut mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(MOST);
    while jobs.recv_many(&mut batch, MOST).await > 0 {
        let mut written = together(store, clock, jobs, &mut batch).await;
        // Two workers of a cluster may be given the halves of one interaction.
        for _ in 0..TRIES {
            if !matches!(written, Err(StoreError::Unavailable { why: IN_THE_WAY })) {
                break;
            }
            written = together(store, clock, jobs, &mut batch).await;
        }
        match written {
            Ok(done) => answer(batch.drain(..).zip(done.into_iter().map(Ok))),
            // One that is refused must not take the others with it: each for itself.
            Err(error) if batch.len() > 1 && !matches!(error, StoreError::Unavailable { .. }) => {
                for job in batch.drain(..) {
                    let done = alone(store, clock, &job.entry).await.map_err(StoreError::of_a_writer);
                    answer([(job, done)]);
                }
            }
            Err(error) => {
                let error = error.of_a_writer();
                answer(batch.drain(..).map(|job| (job, Err(error.clone()))));
            }
        }
    }
}

async fn together(
    store: &Store,
    clock: &dyn Clock,
    jobs: &mut mpsc::Receiver<Job>,
    batch: &mut Vec<Job>,
) -> Result<Vec<Applied>, StoreError> {
    let mut w = store.write().await?;
    // What came while the writer was waited for goes with them.
    while batch.len() < MOST {
        let Ok(job) = jobs.try_recv() else { break };
        batch.push(job);
    }
    // All take rows in the same order, so that no two wait for each other.
    batch.sort_by_key(|job| {
        (job.entry.conversation(), job.entry.interaction(), job.entry.phase(), job.entry.label())
    });
    let entries: Vec<&Entry> = batch.iter().map(|job| &*job.entry).collect();
    let done = apply_all(&mut w, &entries, clock.now()).await?;
    w.save().await?;
    Ok(done)
}

async fn alone(store: &Store, clock: &dyn Clock, entry: &Entry) -> Result<Applied, StoreError> {
    let mut w = store.write().await?;
    let applied = apply_at(&mut w, entry, clock.now()).await?;
    w.save().await?;
    Ok(applied)
}

fn answer(done: impl IntoIterator<Item = (Job, Result<Applied, StoreError>)>) {
    for (job, done) in done {
        // Who does not wait any more has another place's answer.
        let _ = job.reply.send(done);
    }
}
