//! The worker: answers what gateways took in, and takes over what another worker left when it died.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contactiq_domain::ids::InteractionId;
use contactiq_pipeline::{AnswerError, Begun, finish};
use contactiq_store::requests::{HEARTBEAT, Requests, TAKE_OVER_EVERY, Taken, Word};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Hands;
use crate::app::App;

/// A queue that failed is left alone for so long.
const AFTER_A_FAILURE: Duration = Duration::from_millis(500);
/// Questions that are asked for at once: others are there for the rest.
const MOST_AT_ONCE: usize = 16;
/// Tries to tell that a question is answered, before it is left to come again.
const TELLINGS: u32 = 3;

/// What a worker works on.
pub struct Worker {
    requests: Requests,
    places: Arc<Semaphore>,
    held: Mutex<HashMap<InteractionId, Taken>>,
}

impl Worker {
    pub(super) fn new(requests: Requests, at_once: usize) -> Worker {
        Worker { requests, places: Arc::new(Semaphore::new(at_once)), held: Mutex::default() }
    }

    pub(super) fn start(app: &App, stop: &CancellationToken) {
        let (taking, stopped) = (app.clone(), stop.clone());
        app.tasks.spawn(async move {
            let Hands::Worker(worker) = &taking.hands else { return };
            while !stopped.is_cancelled() {
                let Ok(first) = Arc::clone(&worker.places).acquire_owned().await else { return };
                if stopped.is_cancelled() {
                    return;
                }
                let most = (1 + worker.places.available_permits()).min(MOST_AT_ONCE);
                let taken = worker.requests.take(most).await;
                worker.begin(&taking, taken, Some(first)).await;
            }
        });
        let (looking, stopped) = (app.clone(), stop.clone());
        app.tasks.spawn(async move {
            let Hands::Worker(worker) = &looking.hands else { return };
            if let Err(error) = worker.requests.forget_dead().await {
                tracing::debug!(%error, "the names of dead workers stay in Redis");
            }
            while !stopped.is_cancelled() {
                let free = worker.places.available_permits().min(MOST_AT_ONCE);
                if free > 0 {
                    let taken = worker.requests.take_over(free).await;
                    let over = taken.as_ref().map_or(0, Vec::len);
                    if over > 0 {
                        metrics::counter!("contactiq_requests_taken_over_total").increment(over as u64);
                        tracing::warn!(
                            questions = over,
                            "questions of a worker that fell silent were taken over"
                        );
                    }
                    worker.begin(&looking, taken, None).await;
                }
                let _ended = stopped.run_until_cancelled(tokio::time::sleep(TAKE_OVER_EVERY)).await;
            }
        });
        let (living, stopped) = (app.clone(), stop.clone());
        app.tasks.spawn(async move {
            let Hands::Worker(worker) = &living.hands else { return };
            // Also after the stop, until the last question that it holds is answered.
            while !(stopped.is_cancelled() && worker.lock().is_empty()) {
                let held: Vec<Taken> = worker.lock().values().cloned().collect();
                if let Err(error) = worker.requests.hold(&held).await {
                    tracing::warn!(%error, "this worker can't say that it lives: others may take over its questions");
                }
                tokio::time::sleep(HEARTBEAT).await;
            }
            drop(worker.requests.leave().await);
        });
    }

    /// Begins to answer these, each on a task of its own with a place of its own.
    async fn begin(
        &self,
        app: &App,
        taken: Result<Vec<Taken>, contactiq_store::SharedError>,
        mut first: Option<OwnedSemaphorePermit>,
    ) {
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "the queue of requests can't be worked on");
                tokio::time::sleep(AFTER_A_FAILURE).await;
                return;
            }
        };
        for question in taken {
            // Held from now on: while it waits for a place here nobody else may think it forgotten.
            self.lock().insert(question.interaction, question.clone());
            let (app, place) = (app.clone(), first.take());
            app.tasks.clone().spawn(async move {
                let Hands::Worker(worker) = &app.hands else { return };
                let _place = match place {
                    Some(place) => Some(place),
                    None => Arc::clone(&worker.places).acquire_owned().await.ok(),
                };
                let word = match AssertUnwindSafe(worker.answer(&app, &question)).catch_unwind().await {
                    Ok(word) => word,
                    Err(_) => {
                        tracing::error!(critical = true, interaction = %question.interaction, "an answer ended in a panic");
                        Word::Failed
                    }
                };
                worker.tell(&question, word).await;
                worker.lock().remove(&question.interaction);
            });
        }
    }

    async fn answer(&self, app: &App, question: &Taken) -> Word {
        let interaction = question.interaction;
        if question.deliveries > 1 && app.house.ledger.pending(interaction).await.is_some() {
            // Whoever died had its record kept: no model is asked twice.
            return Word::Done;
        }
        if let Some(word) = self.requests.is_hopeless(question) {
            tracing::error!(critical = true, %interaction, deliveries = question.deliveries, %word, "a question is given up");
            return word;
        }
        let handed = match app.house.ledger.handed(&question.bytes) {
            Ok(handed) => handed,
            Err(error) => {
                tracing::error!(critical = true, %interaction, %error, "a question in the queue can't be read");
                return Word::Failed;
            }
        };
        let answered = match Begun::handed(&app.house, handed).await {
            Ok(begun) => finish(&app.house, begun).await,
            Err(error) => Err(error),
        };
        metrics::counter!("contactiq_requests_worked_total").increment(1);
        match answered {
            Ok(_) => Word::Done,
            Err(AnswerError::Overtaken) => Word::Overtaken,
            Err(error) => {
                tracing::error!(%interaction, %error, "a question of a gateway was not answered");
                Word::NotWritten
            }
        }
    }

    async fn tell(&self, question: &Taken, word: Word) {
        for _ in 0..TELLINGS {
            match self.requests.answered(question, word).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "a gateway could not be told of an answer"),
            }
            tokio::time::sleep(AFTER_A_FAILURE).await;
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, Taken>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
