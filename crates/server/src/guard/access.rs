//! Every request leaves an event: who, from where, what, with which result (A4). The event goes to
//! the log at once and to the ledger through a bounded queue, so that no answer waits for it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contactiq_domain::ids::AccessId;
use contactiq_store::{Store, StoreError, access::AccessEvent};
use tokio::sync::mpsc;

/// Events that may wait for the ledger. What does not fit is still in the log, and counted.
const WAITING: usize = 10_000;
/// Before the next try while the database is away.
const WAIT: Duration = Duration::from_secs(1);
/// Written together.
const BATCH: usize = 200;

/// What the layer outside is told of a request: the extractor leaves the caller's name or why nobody was let in, and a
/// handler that changes what somebody decided leaves what it was.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    name: Left,
    target: Left,
    reason: Left,
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

    /// Leaves the id of what is changed; never a word that somebody sent.
    pub fn set_target(&self, id: String) {
        leave(&self.target, id);
    }

    /// Leaves why it was refused: one stable word.
    pub fn set_reason(&self, word: &'static str) {
        leave(&self.reason, word.to_owned());
    }

    /// Why it was refused, where that is known.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        left(&self.reason)
    }

    /// The id of what is changed, where a handler left one.
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

/// The queue to the ledger.
#[derive(Clone)]
pub struct AccessLog(mpsc::Sender<AccessEvent>);

impl AccessLog {
    /// A log and the job that writes it: run it until the log is dropped, and it has written all.
    pub fn new(store: Store) -> (AccessLog, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (AccessLog(sender), write(store, receiver))
    }

    /// Puts an event in the queue.
    pub fn note(&self, event: AccessEvent) {
        if self.0.try_send(event).is_err() {
            metrics::counter!("contactiq_access_events_dropped_total").increment(1);
        }
    }
}

async fn write(store: Store, mut receiver: mpsc::Receiver<AccessEvent>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let written = loop {
            match write_batch(&store, &batch).await {
                // What waits behind it waits in memory, up to its bound.
                Err(StoreError::Unavailable { .. }) if !receiver.is_closed() => {
                    tokio::time::sleep(WAIT).await;
                }
                written => break written,
            }
        };
        if let Err(error) = written {
            metrics::counter!("contactiq_access_events_dropped_total").increment(batch.len() as u64);
            tracing::error!(critical = true, error = %error, events = batch.len(), "access events were not written");
        }
        batch.clear();
    }
}

async fn write_batch(store: &Store, batch: &[AccessEvent]) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    for event in batch {
        contactiq_store::access::log(&mut w, event).await?;
    }
    w.save().await
}

/// A new event id.
#[must_use]
pub fn event_id(ids: &dyn contactiq_domain::Ids) -> AccessId {
    AccessId::new(ids)
}
