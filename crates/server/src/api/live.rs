//! An answer on its way to a client, as events: kept while it is made and for a minute after, so that a client that lost
//! its connection hears the rest (`Last-Event-ID`). When nobody has listened for some seconds, the model is stopped.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::response::sse::{Event, KeepAlive, Sse};
use contactiq_domain::{Citation, Record, StepTrace, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_pipeline::{Listening, Said};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinHandle},
};

use super::{asking::Answered, error::ApiError, pieces::pieces};
use crate::{app::App, guard::identity::Caller, wiring::random_text};

/// A client whose connection broke has so long to come back before the model is stopped.
const COMES_BACK: Duration = Duration::from_secs(5);
/// What was told can be heard again for so long.
const HEARD_AGAIN: Duration = Duration::from_secs(60);
/// So many at most; of more only what is on its way.
const MOST_HEARD_AGAIN: usize = 2_000;
/// A client hears that its question is being answered after so long at most.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// Between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The answers that are on their way, and those that just arrived.
#[derive(Default)]
pub struct Live(Mutex<HashMap<InteractionId, Arc<Telling>>>);

/// The events of one answer.
pub(crate) struct Telling {
    /// Whose it is.
    caller: String,
    request_id: String,
    /// Tells the numbers of these events from those of another telling of the same answer.
    name: String,
    told: Mutex<Told>,
    /// Rings when there is more, and when a listener comes or goes.
    bell: Notify,
    listeners: AtomicUsize,
}

#[derive(Default)]
struct Told {
    events: Vec<(&'static str, Value)>,
    interaction: Option<InteractionId>,
    /// What the listener has of the answer since it began last.
    text: String,
    citations: usize,
    steps: usize,
    done: bool,
    /// What it came to.
    answered: Option<Arc<Answered>>,
    /// Why it came to nothing.
    failed: Option<ApiError>,
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// The contract's name.
    pub(crate) name: &'static str,
    /// Its data.
    pub(crate) data: Value,
}

impl Live {
    /// The events of an answer of this caller that is on its way or just arrived.
    pub(crate) fn of(&self, id: InteractionId, caller: &Caller) -> Option<Arc<Telling>> {
        self.lock().get(&id).filter(|telling| telling.caller == caller.identity()).cloned()
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, Arc<Telling>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the work on an answer comes to.
type Work = JoinHandle<Result<Answered, ApiError>>;
type Done = Result<Result<Answered, ApiError>, JoinError>;

/// Who listens to an answer.
pub(crate) struct Listens<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: String,
    /// What they are told first.
    pub(crate) disclosure: &'a str,
}

/// Waits for the first word of an answer, for its end, or for a second once the question was taken in, whichever is
/// first. What fails before is a plain error.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn begin(
    app: &App,
    listens: Listens<'_>,
    listening: Listening,
    work: Work,
) -> Result<Arc<Telling>, ApiError> {
    let telling = Arc::new(Telling {
        caller: listens.caller.identity(),
        request_id: listens.request_id,
        name: random_text::<4>(),
        told: Mutex::default(),
        bell: Notify::new(),
        listeners: AtomicUsize::new(0),
    });
    telling.tell("disclosure", json!({ "text": listens.disclosure }));
    let waits = Listener::new(Arc::clone(&telling));
    let (pumping, pumped) = (app.clone(), Arc::clone(&telling));
    app.tasks.spawn(tracing::Instrument::in_current_span(async move {
        pump(&pumping, &pumped, listening, work).await;
    }));
    let first_word = tokio::time::sleep(FIRST_WORD);
    tokio::pin!(first_word);
    loop {
        let bell = telling.bell.notified();
        tokio::pin!(bell);
        bell.as_mut().enable();
        {
            let told = telling.lock();
            match &told.failed {
                Some(error) if told.text.is_empty() => return Err(error.clone()),
                _ if told.done || !told.text.is_empty() || told.steps > 0 => break,
                _ => {}
            }
        }
        // What is refused at the door, or waits for a place, is no stream yet.
        let is_known = telling.interaction().is_some();
        tokio::select! {
            () = bell => {}
            () = &mut first_word, if is_known => break,
        }
    }
    drop(waits);
    Ok(telling)
}

/// Carries what is told to the listeners until the answer is there; stops the model when nobody listens.
async fn pump(app: &App, telling: &Arc<Telling>, mut listening: Listening, mut work: Work) {
    let mut tells = true;
    let abandoned = telling.abandoned();
    tokio::pin!(abandoned);
    let done: Done = loop {
        tokio::select! {
            biased;
            said = listening.hear(), if tells => match said {
                Some(Said::Begun(id)) => telling.belongs_to(app, id),
                Some(said) => telling.hear(said),
                None => tells = false,
            },
            done = &mut work => break done,
            () = &mut abandoned => {
                if waits_elsewhere(app, telling).await {
                    abandoned.set(telling.abandoned());
                    continue;
                }
                listening.leave();
                break (&mut work).await;
            }
        }
    };
    while let Some(said) = listening.heard() {
        telling.hear(said);
    }
    match done {
        Ok(Ok(answered)) => telling.end(answered),
        Ok(Err(error)) => telling.fail(error),
        Err(_panic) => telling.fail(ApiError::Internal),
    }
    if app.live.lock().len() > MOST_HEARD_AGAIN {
        return telling.leave(&app.live);
    }
    // A stop does not wait for listeners who may come back: what is held here is no part of the server.
    let (live, telling) = (Arc::clone(&app.live), Arc::clone(telling));
    #[expect(clippy::disallowed_methods, reason = "it only forgets, and nobody waits for that")]
    tokio::spawn(async move {
        tokio::time::sleep(HEARD_AGAIN).await;
        telling.leave(&live);
    });
}

/// Whether its listener came back to another server, and waits there for the record.
async fn waits_elsewhere(app: &App, telling: &Telling) -> bool {
    match telling.interaction() {
        Some(id) => app.hands.is_waited_for_elsewhere(id).await,
        None => false,
    }
}

impl Telling {
    fn tell(&self, name: &'static str, data: Value) {
        self.lock().events.push((name, data));
        self.bell.notify_waiters();
    }

    fn belongs_to(self: &Arc<Self>, app: &App, id: InteractionId) {
        self.lock().interaction = Some(id);
        app.live.lock().insert(id, Arc::clone(self));
        self.bell.notify_waiters();
    }

    fn leave(&self, live: &Live) {
        let id = self.lock().interaction;
        if let Some(id) = id {
            live.lock().remove(&id);
        }
    }

    fn hear(&self, said: Said) {
        let mut told = self.lock();
        match said {
            Said::Begun(_) => {}
            Said::Steps(steps) => told.steps(&steps),
            Said::More { text, citations } => told.answer(text.as_str(), &citations),
            Said::Restart => told.restart(),
        }
        drop(told);
        self.bell.notify_waiters();
    }

    /// Tells what is missing of a finished answer.
    fn end(&self, answered: Answered) {
        let mut told = self.lock();
        told.finish(&answered.record);
        told.answered = Some(Arc::new(answered));
        drop(told);
        self.bell.notify_waiters();
    }

    fn fail(&self, error: ApiError) {
        let problem = serde_json::to_value(error.problem(&self.request_id)).unwrap_or_default();
        let mut told = self.lock();
        told.events.push(("error", problem));
        told.failed = Some(error);
        told.done = true;
        drop(told);
        self.bell.notify_waiters();
    }

    /// Which interaction it is, once that is known.
    pub(crate) fn interaction(&self) -> Option<InteractionId> {
        self.lock().interaction
    }

    /// What it came to, once it did.
    pub(super) fn answered(&self) -> Option<Arc<Answered>> {
        self.lock().answered.clone()
    }

    /// Why it came to nothing, if it did.
    pub(crate) fn failed(&self) -> Option<ApiError> {
        self.lock().failed.clone()
    }

    /// What the request is called.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// A finished answer, to be heard (again).
    pub(crate) fn of_record(disclosure: &str, record: &Record<Masked>) -> Arc<Telling> {
        let telling = Telling {
            caller: String::new(),
            request_id: record.request_id.to_string(),
            name: random_text::<4>(),
            told: Mutex::default(),
            bell: Notify::new(),
            listeners: AtomicUsize::new(0),
        };
        telling.tell("disclosure", json!({ "text": disclosure }));
        telling.lock().finish(record);
        Arc::new(telling)
    }

    /// Returns when nobody has listened for some seconds.
    async fn abandoned(&self) {
        loop {
            self.until(|listeners| listeners == 0).await;
            // Whoever comes back in time begins the seconds anew.
            let back = self.until(|listeners| listeners > 0);
            if tokio::time::timeout(COMES_BACK, back).await.is_err() {
                return;
            }
        }
    }

    async fn until(&self, listen: impl Fn(usize) -> bool) {
        loop {
            // Made before the look: a ring between the two is heard.
            let bell = self.bell.notified();
            if listen(self.listeners.load(Ordering::SeqCst)) {
                return;
            }
            bell.await;
        }
    }

    /// What happens behind so many events, as it comes.
    pub(crate) fn happens(self: Arc<Self>, after: usize) -> impl Stream<Item = Happened> + use<> {
        let listener = Listener::new(self);
        stream::unfold((listener, after), |(listener, heard)| async move {
            let happened = listener.0.next(heard).await?;
            Some((happened, (listener, heard + 1)))
        })
    }

    /// The same as the contract's events, behind the one that was heard last. Where that is none of these, all of them
    /// behind a withdrawal of what was heard.
    pub(crate) fn listen(
        self: Arc<Self>,
        last: Option<&str>,
    ) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let after = last.map(|last| self.number(last));
        let id = Arc::clone(&self);
        let restart = Happened { number: 0, name: "restart", data: json!({}) };
        let withdrawn = stream::iter(matches!(after, Some(None)).then_some(restart));
        let heard = after.flatten().unwrap_or(0);
        let events = withdrawn.chain(self.happens(heard)).map(move |Happened { number, name, data }| {
            let of = id.interaction().map_or_else(String::new, |id| format!("{id}:"));
            let number = format!("{of}{}-{number}", id.name);
            Ok(Event::default().id(number).event(name).data(data.to_string()))
        });
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"))
    }

    /// The number of an event of this telling that has this id.
    fn number(&self, id: &str) -> Option<usize> {
        let (name, number) = id.rsplit(':').next()?.rsplit_once('-')?;
        let number = number.trim().parse().ok()?;
        (name == self.name && number <= self.lock().events.len()).then_some(number)
    }

    /// The event behind so many; none behind the last.
    async fn next(&self, heard: usize) -> Option<Happened> {
        loop {
            let bell = self.bell.notified();
            tokio::pin!(bell);
            // From here on a ring is heard, also one between the look and the wait.
            bell.as_mut().enable();
            {
                let told = self.lock();
                if let Some((name, data)) = told.events.get(heard) {
                    return Some(Happened { number: heard + 1, name, data: data.clone() });
                }
                if told.done {
                    return None;
                }
            }
            bell.await;
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn finish(&mut self, record: &Record<Masked>) {
        self.interaction = Some(record.id);
        self.steps(&record.steps);
        self.answer(record.answer.as_str(), &record.citations);
        self.events.push(("done", serde_json::to_value(record).unwrap_or_default()));
        self.done = true;
    }

    /// Tells the steps that were not told yet.
    fn steps(&mut self, steps: &[StepTrace]) {
        for step in steps.iter().skip(self.steps) {
            let data =
                json!({ "step": step.step, "outcome": step.outcome, "detail": step.detail, "ms": step.ms });
            self.events.push(("step", data));
        }
        self.steps = self.steps.max(steps.len());
    }

    /// Tells what is new of an answer. One that does not go on with what was told begins again.
    fn answer(&mut self, text: &str, citations: &[Citation]) {
        if !text.starts_with(&self.text) || citations.len() < self.citations {
            self.restart();
        }
        let new = text[self.text.len()..].to_owned();
        for piece in pieces(&new) {
            self.events.push(("token", json!({ "text": piece })));
        }
        self.text = text.to_owned();
        for citation in citations.iter().skip(self.citations) {
            self.events.push(("citation", serde_json::to_value(citation).unwrap_or_default()));
        }
        self.citations = citations.len();
    }

    fn restart(&mut self) {
        if !self.text.is_empty() {
            self.events.push(("restart", json!({})));
        }
        self.text.clear();
        self.citations = 0;
    }
}

/// Counts as one who listens until it is dropped.
struct Listener(Arc<Telling>);

impl Listener {
    fn new(to: Arc<Telling>) -> Listener {
        to.listeners.fetch_add(1, Ordering::SeqCst);
        to.bell.notify_waiters();
        Listener(to)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::SeqCst);
        self.0.bell.notify_waiters();
    }
}
