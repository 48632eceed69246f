//! The gateway: questions are masked, judged and started here, and answered by a worker.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{Outcome, Record, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_pipeline::{AnswerError, Audience, Begun, Said, finish_to};
use contactiq_store::requests::{Reply, Requests, Word};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Hands, aloud};
use crate::{app::App, guard::admission::Priority};

/// How often it looks whether anybody works.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// From so many questions a worker on, the urgent ones are told from the others.
const SEVERAL: u64 = 4;
/// A queue that failed is left alone for so long.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// What a gateway knows of workers and of its questions.
pub struct Gateway {
    requests: Requests,
    waiting: Mutex<HashMap<InteractionId, mpsc::UnboundedSender<Reply>>>,
    workers: AtomicU64,
    /// Whether replies can be heard.
    hears: AtomicBool,
    /// From the stop on nothing more is handed over: what comes still is answered here.
    stops: AtomicBool,
}

/// A question that waits for its reply; whoever leaves is forgotten.
struct Waits<'a> {
    gateway: &'a Gateway,
    interaction: InteractionId,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.gateway.lock().remove(&self.interaction);
    }
}

impl Gateway {
    pub(super) fn new(requests: Requests) -> Gateway {
        Gateway {
            requests,
            waiting: Mutex::default(),
            workers: AtomicU64::new(0),
            hears: AtomicBool::new(false),
            stops: AtomicBool::new(false),
        }
    }

    pub(super) const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Answers by a worker, or itself where nobody else does. A question that two answered has one record.
    pub(super) async fn answer(
        &self,
        app: &App,
        (begun, audience): (Begun, Option<Audience>),
        turn: (Priority, &str),
        deadline: Instant,
    ) -> Result<Record<Masked>, AnswerError> {
        let how = match self.by_worker(app, (&begun, audience.as_ref()), turn, deadline).await? {
            Some(Word::Done) => match super::record_to_show(&app.house, begun.interaction()).await? {
                Some(record) if record.outcome == Outcome::Interrupted => return Err(AnswerError::Left),
                Some(record) => return Ok(record),
                // The queue went away since, and no table has it yet.
                None => "unread",
            },
            Some(Word::Overtaken) => return Err(AnswerError::Overtaken),
            Some(Word::Returned) => "returned",
            Some(Word::Late) => return Err(AnswerError::Late),
            Some(Word::Failed) => return Err(AnswerError::Failed),
            Some(Word::Left) => return Err(AnswerError::Left),
            None => "alone",
        };
        metrics::counter!("contactiq_gateway_answers_total", "how" => how).increment(1);
        finish_to(&app.house, begun, audience).await
    }

    /// What a worker makes of it; none where none lives or the queue is away.
    async fn by_worker(
        &self,
        app: &App,
        (begun, audience): (&Begun, Option<&Audience>),
        (priority, whose): (Priority, &str),
        deadline: Instant,
    ) -> Result<Option<Word>, AnswerError> {
        if !self.may_hand() {
            return Ok(None);
        }
        let interaction = begun.interaction();
        let bytes = app.house.ledger.to_hand(&begun.to_hand(audience.is_some_and(Audience::hears)))?;
        let (tell, mut hear) = mpsc::unbounded_channel();
        self.lock().insert(interaction, tell);
        let _waits = Waits { gateway: self, interaction };
        let within = deadline.saturating_duration_since(Instant::now());
        // Whose turn it is may be a person's name, and is none in Redis.
        // A key with a rate of its own is many people, who are not told apart by it.
        let whose = if whose.contains('/') { whose.to_owned() } else { interaction.to_string() };
        let turn = (priority as usize, &*app.house.store.pseudonym(&whose));
        if let Err(error) = self.requests.hand(turn, interaction, &bytes, within).await {
            tracing::debug!(%error, "the queue of requests did not take a question");
            return Ok(None);
        }
        if let Some(audience) = audience {
            audience.tell(Said::Begun(interaction));
        }
        let (mut heard, mut left, mut said_so) = (None, false, false);
        loop {
            tokio::select! {
                reply = hear.recv() => match (reply, audience) {
                    (Some(Reply::Word(word)), _) => return Ok(Some(word)),
                    (Some(Reply::Said { attempt, what }), Some(audience)) => {
                        // What a worker told that died is withdrawn: another one begins again.
                        if heard.replace(attempt.clone()).is_some_and(|before| before != attempt) {
                            audience.tell(Said::Restart);
                        }
                        if let Some(said) = aloud::from_text(&app.house.ledger, interaction, &what) {
                            audience.tell(said);
                        }
                    }
                    (Some(Reply::Said { .. }), None) => {}
                    (None, _) => return Ok(None),
                },
                () = gone(audience), if !left => {
                    left = true;
                    said_so = self.requests.leave_off(interaction).await.is_ok();
                }
                () = tokio::time::sleep_until(deadline) => return Err(AnswerError::Late),
                () = tokio::time::sleep(LOOK_EVERY) => {
                    // A reply may be lost on its way; the record is not.
                    if let Some(record) = app.house.ledger.pending(interaction).await {
                        return Ok(Some(super::word_of(&record)));
                    }
                    if left && !said_so {
                        said_so = self.requests.leave_off(interaction).await.is_ok();
                    }
                    // Also after the stop it is waited for: a worker is at it.
                    if !self.is_heard() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Whether each worker has several of its questions.
    pub(super) fn is_busy(&self) -> bool {
        self.lock().len() as u64 > SEVERAL * self.workers.load(Ordering::Relaxed)
    }

    pub(super) fn may_hand(&self) -> bool {
        self.is_heard() && !self.stops.load(Ordering::SeqCst)
    }

    /// Whether a worker lives, and its reply would be heard.
    fn is_heard(&self) -> bool {
        self.workers.load(Ordering::Relaxed) > 0 && self.hears.load(Ordering::Relaxed)
    }

    /// Whether nothing more is handed over, and nothing that was is waited for.
    fn is_done(&self) -> bool {
        self.stops.load(Ordering::SeqCst) && self.lock().is_empty()
    }

    /// Hears replies and looks for workers, until the stop and the last reply.
    pub(super) fn start(app: &App, stop: &CancellationToken) {
        let (looking, stopped) = (app.clone(), stop.clone());
        app.tasks.spawn(async move {
            let Hands::Gateway(gateway) = &looking.hands else { return };
            while !gateway.is_done() {
                match gateway.requests.workers().await {
                    Ok(workers) => {
                        gateway.workers.store(workers, Ordering::Relaxed);
                        metrics::gauge!("contactiq_workers").set(workers as f64);
                    }
                    // Until a reply can be heard again it answers itself.
                    Err(_) => gateway.hears.store(false, Ordering::Relaxed),
                }
                if let Ok(depth) = gateway.requests.depth().await {
                    for (priority, waiting) in Priority::ALL.iter().zip(depth) {
                        metrics::gauge!("contactiq_requests_handed", "priority" => priority.as_str())
                            .set(waiting as f64);
                    }
                }
                if gateway.stops.load(Ordering::SeqCst) {
                    tokio::time::sleep(LOOK_EVERY).await;
                } else if stopped.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                    gateway.stops.store(true, Ordering::SeqCst);
                }
            }
        });
        let hearing = app.clone();
        app.tasks.spawn(async move {
            let Hands::Gateway(gateway) = &hearing.hands else { return };
            while !gateway.is_done() {
                match gateway.requests.replies().await {
                    Ok(replies) => {
                        gateway.hears.store(true, Ordering::Relaxed);
                        gateway.tell(replies);
                    }
                    Err(error) => {
                        if gateway.hears.swap(false, Ordering::Relaxed) {
                            tracing::warn!(%error, "no replies are heard: this gateway answers itself");
                        }
                        tokio::time::sleep(AFTER_A_FAILURE).await;
                    }
                }
            }
        });
    }

    fn tell(&self, replies: Vec<(InteractionId, Reply)>) {
        let waiting = self.lock();
        for (interaction, reply) in replies {
            // One that nobody waits for was answered here meanwhile, or twice.
            if let Some(tell) = waiting.get(&interaction) {
                let _gone = tell.send(reply);
            }
        }
    }

    pub(super) fn standing(&self) -> String {
        match (self.may_hand(), self.workers.load(Ordering::Relaxed)) {
            (true, 1) => "1 worker".to_owned(),
            (true, workers) => format!("{workers} workers"),
            (false, _) => "no worker answers: this gateway does it itself".to_owned(),
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, mpsc::UnboundedSender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns when whoever listens left; never where nobody was to listen.
async fn gone(audience: Option<&Audience>) {
    match audience {
        Some(audience) => audience.left().await,
        None => std::future::pending().await,
    }
}
