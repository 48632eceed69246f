//! Every request leaves an event: who, from where, what, with which result (A4, E6). The event goes to
//! the log at once, and to the database, or where that is away to a spool of files. Whoever is shown data waits until
//! that is so ([`AccessLog::keep`]); whoever asks a question does not, because the record of the question is durable
//! before the answer is.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contactiq_domain::ids::AccessId;
use contactiq_store::{
    Store, StoreError,
    access::{self, AccessEvent},
    ledger::{IN_ALL, SAME_DISK as PLACE, spool::Spool},
};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::Instant,
};
use tokio_util::task::TaskTracker;

/// Events that may wait for the database before whoever makes one waits for a place.
const WAITING: usize = 10_000;
/// Before the next try while the database is away.
const WAIT: Duration = Duration::from_secs(1);
/// Written together.
const BATCH: usize = 200;
/// A database that failed is not asked for so long, where there is a spool.
const LEFT_ALONE: Duration = Duration::from_secs(2);
const AWAY: StoreError = StoreError::Unavailable { why: "it did not take access events in time" };

/// What the layer outside is told of a request: the extractor leaves the caller's name or why nobody was let in, and a
/// handler leaves what was seen or changed.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    name: Left,
    target: Left,
    reason: Left,
    unheard: Arc<AtomicBool>,
    counted: Arc<AtomicBool>,
}

type Left = Arc<Mutex<Option<String>>>;

impl Noted {
    /// Leaves the name.
    pub fn set(&self, name: String) {
        leave(&self.name, name);
    }

    /// The name, or `anonymous`.
    #[must_use]
    pub fn name(&self) -> String {
        left(&self.name).unwrap_or_else(|| "anonymous".to_owned())
    }

    /// Whether anybody left a name.
    #[must_use]
    pub fn is_known(&self) -> bool {
        left(&self.name).is_some()
    }

    /// Leaves what is seen or changed ([`super::seen`]); never a word that somebody sent.
    pub fn set_target(&self, id: String) {
        leave(&self.target, id);
    }

    /// Leaves why it was refused: one stable word.
    pub fn set_reason(&self, word: &'static str) {
        leave(&self.reason, word.to_owned());
    }

    /// Leaves that it takes of the failures that its address has ([`super::guesses`]): there are no more of them than that.
    pub fn set_counted(&self) {
        self.counted.store(true, Ordering::Relaxed);
    }

    /// Whether it was counted as a failure of its address.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.counted.load(Ordering::Relaxed)
    }

    /// Leaves that it was turned away unheard: it is told with others like it ([`super::guesses`]).
    pub fn set_unheard(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }

    /// Whether it was turned away unheard.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.unheard.load(Ordering::Relaxed)
    }

    /// Why it was refused, where that is known.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        left(&self.reason)
    }

    /// What is seen or changed, where a handler left it.
    #[must_use]
    pub fn target(&self) -> Option<String> {
        left(&self.target)
    }
}

fn leave(place: &Left, text: String) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

fn left(place: &Left) -> Option<String> {
    place.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The way of events to the ledger and, through its outbox, to the audit log (E6).
#[derive(Clone)]
pub struct AccessLog {
    waiting: mpsc::Sender<Kept>,
    spool: Option<Spool>,
}

/// An event on its way, and who waits for it.
struct Kept {
    event: AccessEvent,
    reply: Option<oneshot::Sender<bool>>,
}

impl AccessLog {
    /// A log and the job that writes it: run it until the log is dropped, and it has written all. What the database does
    /// not take goes to the spool, where there is one.
    pub fn new(store: Store, spool: Option<Spool>) -> (AccessLog, impl Future<Output = ()> + Send) {
        let (waiting, receiver) = mpsc::channel(WAITING);
        (AccessLog { waiting, spool: spool.clone() }, write(store, spool, receiver))
    }

    /// Hands an event over without waiting. Where too many wait already it goes with `tasks`, which waits for its place:
    /// none is dropped.
    pub fn note(&self, event: AccessEvent, tasks: &TaskTracker) {
        match self.waiting.try_send(Kept { event, reply: None }) {
            Ok(()) => {}
            Err(TrySendError::Full(kept)) => {
                let waiting = self.waiting.clone();
                tasks.spawn(async move {
                    if waiting.send(kept).await.is_err() {
                        lost(1, "the access log was closed");
                    }
                });
            }
            Err(TrySendError::Closed(_)) => lost(1, "the access log was closed"),
        }
    }

    /// Hands an event over and waits until it is durable, as long as an answer may wait for its record; whether it is.
    pub async fn keep(&self, event: AccessEvent) -> bool {
        let (reply, kept) = oneshot::channel();
        let all = async {
            self.waiting.send(Kept { event, reply: Some(reply) }).await.ok()?;
            kept.await.ok()
        };
        tokio::time::timeout(IN_ALL, all).await.ok().flatten().unwrap_or(false)
    }

    /// Events that wait in the spool.
    #[must_use]
    pub fn spooled(&self) -> u64 {
        self.spool.as_ref().map_or(0, |spool| spool.depth().entries)
    }

    /// Writes what the spool holds.
    ///
    /// # Errors
    /// When the database fails: what is left comes again.
    pub async fn drain(&self, store: &Store) -> Result<(), StoreError> {
        match &self.spool {
            Some(spool) => drain(spool, store).await,
            None => Ok(()),
        }
    }
}

/// Writes what a spool holds into the tables, also that of a server that ended.
///
/// # Errors
/// When the database or the spool fails: what is left comes again.
pub async fn drain(spool: &Spool, store: &Store) -> Result<(), StoreError> {
    let unreadable = |_| StoreError::Unavailable { why: "the spool of access events can't be read" };
    while let Some(batch) = spool.next().await.map_err(unreadable)? {
        let mut events = Vec::with_capacity(batch.payloads.len());
        for payload in &batch.payloads {
            match access::from_bytes(store, payload) {
                Some(event) => events.push(event),
                None => lost(1, "an access event in the spool can't be read"),
            }
        }
        for some in events.chunks(BATCH) {
            write_batch(store, &some.iter().collect::<Vec<_>>()).await?;
        }
        spool.done(batch).await.map_err(unreadable)?;
    }
    Ok(())
}

fn lost(events: usize, why: &str) {
    metrics::counter!("contactiq_access_events_dropped_total").increment(events as u64);
    tracing::error!(critical = true, events, why, "access events were not written");
}

async fn write(store: Store, spool: Option<Spool>, mut receiver: mpsc::Receiver<Kept>) {
    let mut batch = Vec::with_capacity(BATCH);
    // While it is away nobody waits for it before the spool is asked.
    let mut left_alone_until = Instant::now();
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let events: Vec<&AccessEvent> = batch.iter().map(|kept| &kept.event).collect();
        let written = loop {
            let within = if spool.is_some() { PLACE } else { IN_ALL };
            let failed = if spool.is_some() && Instant::now() < left_alone_until {
                AWAY
            } else {
                let first = tokio::time::timeout(within, write_batch(&store, &events)).await;
                match first.unwrap_or(Err(AWAY)) {
                    Ok(()) => break Ok(()),
                    Err(error) => error,
                }
            };
            left_alone_until = Instant::now() + LEFT_ALONE;
            match (&spool, failed) {
                (Some(spool), _) if keep_all(&store, spool, &events).await => break Ok(()),
                // Those behind wait in memory; whoever waits for these hears in time that they are not kept.
                (_, StoreError::Unavailable { .. }) if !receiver.is_closed() => {
                    tokio::time::sleep(WAIT).await
                }
                (_, error) => break Err(error),
            }
        };
        if let Err(error) = &written {
            lost(events.len(), &error.to_string());
        }
        for kept in batch.drain(..) {
            if let Some(reply) = kept.reply {
                // Who does not wait any more was told that it is not kept.
                let _ = reply.send(written.is_ok());
            }
        }
    }
}

/// Whether the spool has all of these now.
async fn keep_all(store: &Store, spool: &Spool, events: &[&AccessEvent]) -> bool {
    let bytes = events.iter().map(|event| access::to_bytes(store, event));
    let kept = futures_util::future::join_all(bytes.map(|payload| spool.append(payload))).await;
    kept.iter().all(Result::is_ok)
}

async fn write_batch(store: &Store, batch: &[&AccessEvent]) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    access::log_all(&mut w, batch).await?;
    w.save().await
}

/// A new event id.
#[must_use]
pub fn event_id(ids: &dyn contactiq_domain::Ids) -> AccessId {
    AccessId::new(ids)
}
