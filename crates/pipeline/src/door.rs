//! The door with a bound: whatever the guard does with a text, it does in time and without taking
//! anything down, or the text goes no further on any path.
//!
//! The guard computes and knows no clock ([`contactiq_guard`]). Here each of its readings runs on a thread
//! of its own, which can be given up but not stopped. A reading that panics or is given up leaves a
//! [`DoorFault`] and nothing else: no masked text, no verdict, no word of the person in a log.
//!
//! There are so many places for readings and no more: whoever finds none waits, within the same time. Long texts
//! have places of their own, of which a longer one takes more, so that they never keep a message waiting. A place
//! is free again when the reading's thread ends, whoever has left meanwhile; a reading that nobody waits for is
//! told so and ends between its passes.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use contactiq_guard::{
    Earlier, Guard, Held, InputError, Inspected, Masked, OutputVerdict, Raw, Scan, Stop, TokenKey,
};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, oneshot},
    time,
};

use crate::threads::Threads;

/// A longer text has the whole time again for each so many characters.
const CHARACTERS: usize = 50_000;
/// A text of more characters is a long one; it takes a place for each so many.
const LONG: usize = 10_000;
/// So many readings of a kind that are past their time may still run. With more the guard is not tried for that
/// kind: each holds a core.
const GIVEN_UP: usize = 8;
/// Readings of messages at once for each core, those among them that are slow or hang.
const PLACES_A_CORE: usize = 4;
/// As many on the smallest machine.
const FEWEST_PLACES: usize = 16;
/// So long a reading has a core for itself. Most last a millisecond or two: without turns all places would be taken
/// by readings that wait for a core, each with scratch space of its own for every pattern.
const TURN: Duration = Duration::from_millis(50);

/// Why a text was not read. It tells nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DoorFault {
    /// The guard panicked.
    #[error("the check of the message failed")]
    Panicked,
    /// It took longer than it may.
    #[error("the check of the message took too long")]
    Late,
    /// Nothing was read: earlier readings were given up and still run, all places were taken for as long as a
    /// reading may take, or this machine gives no more threads.
    #[error("messages can't be checked at the moment")]
    Stuck,
}

impl DoorFault {
    /// The stable code for clients: one for all, since what to do is the same.
    pub const CODE: &'static str = "guard_failed";

    /// The word of logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            DoorFault::Panicked => "panicked",
            DoorFault::Late => "late",
            DoorFault::Stuck => "stuck",
        }
    }
}

/// Why a message did not come through the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is empty, too long, or can't be seen.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The guard failed.
    #[error(transparent)]
    Fault(#[from] DoorFault),
}

impl NotRead {
    /// The stable code for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            NotRead::Input(error) => error.code(),
            NotRead::Fault(_) => DoorFault::CODE,
        }
    }
}

/// What runs before each reading, on its thread: a test makes the guard fail with it.
pub type Fault = Arc<dyn Fn() + Send + Sync>;

/// The guard, and how long it may take. Cloning shares it.
#[derive(Clone)]
pub struct Door {
    guard: Guard,
    limit: Duration,
    fault: Option<Fault>,
    messages: Lane,
    /// Long texts alone never keep a message waiting.
    long: Lane,
    /// As many as there are cores, each taken for [`TURN`] at most.
    turns: Arc<Semaphore>,
    threads: Threads,
}

impl Door {
    /// The guard with so much time for a message.
    #[must_use]
    pub fn new(guard: Guard, limit: Duration) -> Door {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let places = (PLACES_A_CORE * cores).max(FEWEST_PLACES);
        let (messages, long) = (Lane::with(places), Lane::with(places / 2));
        let (turns, threads) = (Arc::new(Semaphore::new(cores)), Threads::named("guard"));
        Door { guard, limit, fault: None, messages, long, turns, threads }
    }

    /// The same door with something that runs before each reading.
    #[must_use]
    pub fn failing_with(self, fault: Fault) -> Door {
        Door { fault: Some(fault), ..self }
    }

    /// Takes another key of tokens for what is found from now on; see [`Guard::change_token_key`].
    pub fn change_token_key(&self, key: TokenKey) {
        self.guard.change_token_key(key);
    }

    /// The door for a message in the light of its conversation; see [`Guard::inspect_in`].
    ///
    /// # Errors
    /// [`NotRead`]: the message goes no further.
    pub async fn inspect_in(&self, raw: Arc<Raw>, earlier: Earlier) -> Result<Inspected, NotRead> {
        Ok(self.read(raw.chars(), move |guard| guard.inspect_in(&raw, &earlier)).await??)
    }

    /// Whether a message would be inspected at all, before anything is looked up for it.
    ///
    /// # Errors
    /// [`NotRead`], as [`Door::inspect_in`] would.
    pub async fn admits(&self, raw: Arc<Raw>) -> Result<(), NotRead> {
        Ok(self.read(raw.chars(), move |guard| guard.admits(&raw)).await??)
    }

    /// A scan of a longer text; see [`Guard::scan`].
    ///
    /// # Errors
    /// [`NotRead`].
    pub async fn scan(&self, raw: Arc<Raw>) -> Result<Scan, NotRead> {
        Ok(self.read(raw.chars(), move |guard| guard.scan(&raw)).await??)
    }

    /// Masks free text; see [`Guard::mask`].
    ///
    /// # Errors
    /// [`DoorFault`].
    pub async fn mask(&self, raw: Raw) -> Result<Masked, DoorFault> {
        self.read(raw.chars(), move |guard| guard.mask(&raw)).await
    }

    /// Masks texts, one place each.
    ///
    /// # Errors
    /// [`DoorFault`]: none of them is masked.
    pub async fn mask_all(&self, all: Vec<Raw>) -> Result<Vec<Masked>, DoorFault> {
        let chars = all.iter().map(Raw::chars).sum();
        self.read(chars, move |guard| all.iter().map(|raw| guard.mask(raw)).collect()).await
    }

    /// Whether somebody speaks of harming himself; see [`Guard::hears_a_cry`].
    ///
    /// # Errors
    /// [`DoorFault`]: nobody knows.
    pub async fn hears_a_cry(&self, raw: Arc<Raw>) -> Result<bool, DoorFault> {
        self.read(raw.chars(), move |guard| guard.hears_a_cry(&raw)).await
    }

    /// Checks a model's text; see [`Guard::inspect_output`].
    ///
    /// # Errors
    /// [`DoorFault`]: the text is not shown.
    pub async fn inspect_output(&self, text: String, held: Held) -> Result<OutputVerdict, DoorFault> {
        self.read(text.chars().count(), move |guard| guard.inspect_output(&text, &held)).await
    }

    /// Any other reading of a text of so many characters. It waits for a place among those of its kind, then for its
    /// turn; dropped before it has ended, as when a client leaves, it is told to end.
    ///
    /// # Errors
    /// [`DoorFault`].
    pub async fn read<T: Send + 'static>(
        &self,
        chars: usize,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
    ) -> Result<T, DoorFault> {
        self.is_tried(chars)?;
        let (limit, since) = (self.limit_for(chars), Instant::now());
        let Ok(Ok((place, turn))) = time::timeout(limit, self.place(chars)).await else {
            return Err(self.failed(DoorFault::Stuck));
        };
        let (tell, mut hear) = oneshot::channel();
        let reading = self.start(chars, work, move |found| drop(tell.send(found)), Some(place))?;
        let mut waits = Waits { reading, heard: false };
        let left = limit.saturating_sub(since.elapsed());
        let mut found = time::timeout(left.min(TURN), &mut hear).await;
        drop(turn);
        if found.is_err() {
            found = time::timeout(limit.saturating_sub(since.elapsed()), hear).await;
        }
        waits.heard = found.is_ok();
        match found {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) => Err(self.failed(DoorFault::Panicked)),
            Err(_) => Err(self.failed(DoorFault::Late)),
        }
    }

    /// The same where a thread may wait: the command line, and an encoder's own threads. They are few, and take
    /// no place.
    ///
    /// # Errors
    /// [`DoorFault`].
    pub fn read_here<T: Send + 'static>(
        &self,
        chars: usize,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
    ) -> Result<T, DoorFault> {
        let (tell, hear) = mpsc::sync_channel(1);
        let reading = self.start(chars, work, move |found| drop(tell.send(found)), None)?;
        match hear.recv_timeout(self.limit_for(chars)) {
            Ok(found) => Ok(found),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.failed(DoorFault::Panicked)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                reading.give_up();
                Err(self.failed(DoorFault::Late))
            }
        }
    }

    /// Where texts of so many characters are read.
    fn lane(&self, chars: usize) -> &Lane {
        if chars > LONG { &self.long } else { &self.messages }
    }

    /// A place for a text of so many characters, when one is free, and then its turn. Long ones take none: no
    /// message waits for them.
    async fn place(
        &self,
        chars: usize,
    ) -> Result<(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>), AcquireError> {
        let lane = self.lane(chars);
        let place = Arc::clone(&lane.places).acquire_many_owned(lane.weight(chars)).await?;
        let turn = if chars > LONG { None } else { Some(Arc::clone(&self.turns).acquire_owned().await?) };
        Ok((place, turn))
    }

    fn limit_for(&self, chars: usize) -> Duration {
        let times = u32::try_from(chars / CHARACTERS + 1).unwrap_or(u32::MAX);
        self.limit.saturating_mul(times)
    }

    /// Not where too many of the same kind are past their time and still run.
    fn is_tried(&self, chars: usize) -> Result<(), DoorFault> {
        if self.lane(chars).overdue() >= GIVEN_UP { Err(self.failed(DoorFault::Stuck)) } else { Ok(()) }
    }

    fn start<T: Send + 'static>(
        &self,
        chars: usize,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
        tell: impl FnOnce(T) + Send + 'static,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Arc<Reading>, DoorFault> {
        self.is_tried(chars)?;
        let reading = Arc::new(Reading {
            ended: AtomicBool::new(false),
            stop: Stop::default(),
            until: Instant::now() + self.limit_for(chars),
            left: Arc::clone(&self.lane(chars).left),
        });
        let (ends, stop) = (Ends(Arc::clone(&reading)), reading.stop.clone());
        let (guard, fault) = (self.guard.clone(), self.fault.clone());
        // A thread and no task: nobody waits for one that was given up, not at a stop either.
        let started = self.threads.run(Box::new(move || {
            let _held = (ends, place);
            if let Some(fault) = fault {
                fault();
            }
            if let Some(found) = stop.heeded_by(|| work(&guard)) {
                tell(found);
            }
        }));
        match started {
            Ok(()) => Ok(reading),
            Err(_) => Err(self.failed(DoorFault::Stuck)),
        }
    }

    /// Tells the log and the figures, each time: a guard that fails is never usual.
    fn failed(&self, fault: DoorFault) -> DoorFault {
        metrics::counter!("contactiq_guard_failures_total", "why" => fault.as_str()).increment(1);
        tracing::error!(critical = true, why = fault.as_str(), "the guard failed: a text went no further");
        fault
    }
}

/// The places of one kind of texts, and who left them.
#[derive(Clone)]
struct Lane {
    places: Arc<Semaphore>,
    /// How many places there are.
    most: usize,
    left: Arc<Mutex<Vec<Arc<Reading>>>>,
}

impl Lane {
    fn with(most: usize) -> Lane {
        Lane { places: Arc::new(Semaphore::new(most)), most, left: Arc::default() }
    }

    /// How many places a text takes: by its length, and at most half of them, so that one alone fills none.
    fn weight(&self, chars: usize) -> u32 {
        let weight = (chars / LONG).clamp(1, (self.most / 2).max(1));
        u32::try_from(weight).unwrap_or(u32::MAX)
    }

    /// Readings that nobody waits for, that are past their time and run all the same.
    fn overdue(&self) -> usize {
        let now = Instant::now();
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|reading| !reading.ended.load(Ordering::SeqCst));
        left.iter().filter(|reading| reading.until <= now).count()
    }
}

/// A reading under way.
struct Reading {
    ended: AtomicBool,
    stop: Stop,
    /// It may take until then, whoever waits for it.
    until: Instant,
    left: Arc<Mutex<Vec<Arc<Reading>>>>,
}

impl Reading {
    /// Nobody waits any more: it is told to end. What does not end in its time counts until it does.
    fn give_up(self: &Arc<Self>) {
        self.stop.set();
        if !self.ended.load(Ordering::SeqCst) {
            self.left.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(self));
        }
    }
}

/// Whoever waits for a reading. It may be dropped before it has heard: its time is over, or its client left.
struct Waits {
    reading: Arc<Reading>,
    heard: bool,
}

impl Drop for Waits {
    fn drop(&mut self) {
        if !self.heard {
            self.reading.give_up();
        }
    }
}

/// Dropped when the reading's thread ends, however it ends.
struct Ends(Arc<Reading>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner).retain(|left| !Arc::ptr_eq(left, &self.0));
    }
}

#[cfg(test)]
mod tests;
