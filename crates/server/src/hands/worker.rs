//! The worker: answers what gateways took in, and takes over what another worker left when it died.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contactiq_pipeline::{AnswerError, Audience, Begun, finish_to};
use contactiq_store::{
    deadline,
    ledger::Handed,
    requests::{HEARTBEAT, Requests, TAKE_OVER_EVERY, Taken, Word},
};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{Hands, aloud};
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
    held: Mutex<HashMap<(usize, String), Taken>>,
    /// Loops that may still bring questions.
    taking: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Work {
    Take,
    TakeOver,
}

impl Worker {
    pub(super) fn new(requests: Requests, at_once: usize) -> Worker {
        Worker {
            requests,
            places: Arc::new(Semaphore::new(at_once)),
            held: Mutex::default(),
            taking: AtomicUsize::new(2),
        }
    }

    pub(super) const fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(super) fn start(app: &App, stop: &CancellationToken) {
        for work in [Work::Take, Work::TakeOver] {
            let (app, stop) = (app.clone(), stop.clone());
            app.tasks.clone().spawn(async move {
                let Hands::Worker(worker) = &app.hands else { return };
                match work {
                    Work::Take => worker.take(&app, &stop).await,
                    Work::TakeOver => worker.take_over(&app, &stop).await,
                }
                worker.taking.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let (app, stop) = (app.clone(), stop.clone());
        app.tasks.clone().spawn(async move {
            let Hands::Worker(worker) = &app.hands else { return };
            worker.live(&stop).await;
        });
    }

    async fn take(&self, app: &App, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let first = stop.run_until_cancelled(Arc::clone(&self.places).acquire_owned()).await;
            let Some(Ok(first)) = first else { return };
            let most = (1 + self.places.available_permits()).min(MOST_AT_ONCE);
            let taken = self.requests.take(most).await;
            self.begin(app, taken, Some(first)).await;
        }
    }

    async fn take_over(&self, app: &App, stop: &CancellationToken) {
        if let Err(error) = self.requests.forget_dead().await {
            tracing::debug!(%error, "the names of dead workers stay in Redis");
        }
        while !stop.is_cancelled() {
            // Also where no place is free: what was taken over waits here, and nobody thinks it forgotten.
            let taken = self.requests.take_over(MOST_AT_ONCE, &self.held()).await;
            let over = taken.as_ref().map_or(0, Vec::len);
            if over > 0 {
                metrics::counter!("contactiq_requests_taken_over_total").increment(over as u64);
                tracing::warn!(questions = over, "questions of a worker that fell silent were taken over");
            }
            self.begin(app, taken, None).await;
            let _ended = stop.run_until_cancelled(tokio::time::sleep(TAKE_OVER_EVERY)).await;
        }
    }

    /// Says that it lives; after the stop only that it works on what it holds, until the last is answered.
    async fn live(&self, stop: &CancellationToken) {
        let (mut left, mut says) = (false, true);
        while !(stop.is_cancelled() && self.taking.load(Ordering::SeqCst) == 0 && self.held().is_empty()) {
            let stopped = stop.is_cancelled();
            if stopped && !left {
                left = self.requests.leave().await.is_ok();
            }
            let held = self.requests.hold(&self.held(), !stopped).await;
            if let (Err(error), true) = (&held, says) {
                tracing::warn!(%error, "this worker can't say that it lives: others may take over its questions");
            }
            says = held.is_ok();
            tokio::time::sleep(HEARTBEAT).await;
        }
        if !left {
            drop(self.requests.leave().await);
        }
    }

    fn held(&self) -> Vec<Taken> {
        self.lock().values().cloned().collect()
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
                tracing::debug!(%error, "the queue of requests can't be worked on");
                tokio::time::sleep(AFTER_A_FAILURE).await;
                return;
            }
        };
        for question in taken {
            // Held from now on: while it waits for a place here nobody else may think it forgotten.
            self.lock().insert(question.key(), question.clone());
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
                        Some(Word::Failed)
                    }
                };
                if let Some(word) = word {
                    worker.tell(&question, word).await;
                }
                worker.lock().remove(&question.key());
            });
        }
    }

    /// What became of it; nothing where its record found no place: then it comes again, here or elsewhere.
    async fn answer(&self, app: &App, question: &Taken) -> Option<Word> {
        let interaction = question.interaction;
        if question.deliveries > 1
            && let Ok(Some(record)) = super::record(&app.house, interaction).await
        {
            // Whoever died had its record kept: no model is asked twice.
            return Some(super::word_of(&record));
        }
        if let Some(word) = self.requests.is_hopeless(question) {
            tracing::error!(%interaction, deliveries = question.deliveries, %word, "a question is given up");
            return Some(word);
        }
        let handed = match app.house.ledger.handed(&question.bytes) {
            Ok(handed) => handed,
            Err(error) => {
                tracing::error!(critical = true, %interaction, %error, "a question in the queue can't be read");
                return Some(Word::Returned);
            }
        };
        let waited = self.requests.waited(question);
        let answering = self.answer_handed(app, question, (handed, waited));
        match self.requests.left(question) {
            Some(left) => deadline::until(tokio::time::Instant::now() + left, answering).await,
            None => answering.await,
        }
    }

    async fn answer_handed(
        &self,
        app: &App,
        question: &Taken,
        (handed, waited): (Handed, Duration),
    ) -> Option<Word> {
        let (interaction, aloud) = (question.interaction, handed.aloud);
        let begun = match Begun::handed(&app.house, handed, waited).await {
            Ok(begun) => begun,
            Err(error) => {
                tracing::warn!(%interaction, %error, "what was said before a question can't be read");
                return Some(Word::Returned);
            }
        };
        metrics::counter!("contactiq_requests_worked_total").increment(1);
        let (audience, listening) = if aloud { Audience::new() } else { Audience::waiting() };
        let carried = aloud::carry(&self.requests, &app.house.ledger, question, listening);
        // The last word comes behind all that was told.
        let answered = tokio::join!(finish_to(&app.house, begun, Some(audience)), carried).0;
        match answered {
            Ok(_) => Some(Word::Done),
            Err(AnswerError::Left) => Some(Word::Left),
            Err(AnswerError::Overtaken) => Some(Word::Overtaken),
            Err(error) => {
                tracing::warn!(%interaction, %error, "the record of an answer was not taken: the question comes again");
                None
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
    fn lock(&self) -> MutexGuard<'_, HashMap<(usize, String), Taken>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
