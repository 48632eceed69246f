//! The door with a bound: whatever the guard does with a text, it does in time and without taking
//! anything down, or the text goes no further on any path.
//!
//! The guard computes and knows no clock ([`contactiq_guard`]). Here each of its readings runs on a thread
//! of its own, which can be given up but not stopped. A reading that panics or is given up leaves a
//! [`DoorFault`] and nothing else: no masked text, no verdict, no word of the person in a log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use contactiq_guard::{
    Earlier, Guard, Held, InputError, Inspected, Masked, OutputVerdict, Placeholders, Raw, Scan,
};
use tokio::sync::oneshot;

/// A longer text has the whole time again for each so many characters.
const CHARACTERS: usize = 50_000;
/// So many readings that were given up may still run. With more the guard is not tried: each holds a core.
const GIVEN_UP: usize = 8;

/// Why a text was not read. It tells nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DoorFault {
    /// The guard panicked.
    #[error("the check of the message failed")]
    Panicked,
    /// It took longer than it may.
    #[error("the check of the message took too long")]
    Late,
    /// Earlier readings were given up and still run, or this machine gives no more threads.
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
    given_up: Arc<AtomicUsize>,
}

impl Door {
    /// The guard with so much time for a message.
    #[must_use]
    pub fn new(guard: Guard, limit: Duration) -> Door {
        Door { guard, limit, fault: None, given_up: Arc::default() }
    }

    /// The same door with something that runs before each reading.
    #[must_use]
    pub fn failing_with(self, fault: Fault) -> Door {
        Door { fault: Some(fault), ..self }
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

    /// Numbers the placeholders of an inspected message as its conversation does; see [`Guard::number`]. It only
    /// puts numbers to what was found, and runs where the caller is.
    #[must_use = "what has changed must be kept"]
    pub fn number(&self, raw: &Raw, inspected: &mut Inspected, placeholders: &mut Placeholders) -> bool {
        self.guard.number(raw, inspected, placeholders)
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

    /// Any other reading of a text of so many characters.
    ///
    /// # Errors
    /// [`DoorFault`].
    pub async fn read<T: Send + 'static>(
        &self,
        chars: usize,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
    ) -> Result<T, DoorFault> {
        let (tell, hear) = oneshot::channel();
        let running = self.start(work, move |found| drop(tell.send(found)))?;
        match tokio::time::timeout(self.limit_for(chars), hear).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) => Err(self.failed(DoorFault::Panicked)),
            Err(_) => Err(self.give_up(&running)),
        }
    }

    /// The same where a thread may wait: the command line, and an encoder's own threads.
    ///
    /// # Errors
    /// [`DoorFault`].
    pub fn read_here<T: Send + 'static>(
        &self,
        chars: usize,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
    ) -> Result<T, DoorFault> {
        let (tell, hear) = mpsc::sync_channel(1);
        let running = self.start(work, move |found| drop(tell.send(found)))?;
        match hear.recv_timeout(self.limit_for(chars)) {
            Ok(found) => Ok(found),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.failed(DoorFault::Panicked)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.give_up(&running)),
        }
    }

    fn limit_for(&self, chars: usize) -> Duration {
        let times = u32::try_from(chars / CHARACTERS + 1).unwrap_or(u32::MAX);
        self.limit.saturating_mul(times)
    }

    fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Guard) -> T + Send + 'static,
        tell: impl FnOnce(T) + Send + 'static,
    ) -> Result<Arc<Reading>, DoorFault> {
        if self.given_up.load(Ordering::SeqCst) >= GIVEN_UP {
            return Err(self.failed(DoorFault::Stuck));
        }
        let reading = Arc::new(Reading { state: AtomicU8::new(RUNS), given_up: Arc::clone(&self.given_up) });
        let ends = Ends(Arc::clone(&reading));
        let (guard, fault) = (self.guard.clone(), self.fault.clone());
        // A thread and no task: nobody waits for one that was given up, not at a stop either.
        let started = thread::Builder::new().name("guard".to_owned()).spawn(move || {
            let _ends = ends;
            if let Some(fault) = fault {
                fault();
            }
            tell(work(&guard));
        });
        match started {
            Ok(_) => Ok(reading),
            Err(_) => Err(self.failed(DoorFault::Stuck)),
        }
    }

    fn give_up(&self, reading: &Reading) -> DoorFault {
        if reading.state.compare_exchange(RUNS, LEFT, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.given_up.fetch_add(1, Ordering::SeqCst);
        }
        self.failed(DoorFault::Late)
    }

    /// Tells the log and the figures, each time: a guard that fails is never usual.
    fn failed(&self, fault: DoorFault) -> DoorFault {
        metrics::counter!("contactiq_guard_failures_total", "why" => fault.as_str()).increment(1);
        tracing::error!(critical = true, why = fault.as_str(), "the guard failed: a text went no further");
        fault
    }
}

const RUNS: u8 = 0;
const ENDED: u8 = 1;
const LEFT: u8 = 2;

/// A reading under way: whether anybody waits for it.
struct Reading {
    state: AtomicU8,
    given_up: Arc<AtomicUsize>,
}

/// Dropped when the reading's thread ends, however it ends.
struct Ends(Arc<Reading>);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.state.swap(ENDED, Ordering::SeqCst) == LEFT {
            // Whoever gave it up counts it a moment later than it says so: no count goes below none.
            while self
                .0
                .given_up
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_err()
            {
                thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use contactiq_guard::GuardSettings;

    use super::*;

    const SHORT: Duration = Duration::from_millis(60);

    fn door() -> Door {
        Door::new(Guard::new(GuardSettings::default()), SHORT)
    }

    fn raw(text: &str) -> Arc<Raw> {
        Arc::new(Raw::new(text))
    }

    #[tokio::test]
    async fn a_sound_guard_reads_as_without_a_door() {
        let door = Door::new(Guard::new(GuardSettings::default()), Duration::from_secs(30));
        let read = door.inspect_in(raw("my card is 4111 1111 1111 1111"), Earlier::default()).await.unwrap();
        assert_eq!(read.masked.as_str(), "my card is <CREDIT_CARD_1>");
        assert_eq!(door.inspect_in(raw(" "), Earlier::default()).await.unwrap_err().code(), "question_empty");
        let masked = door.mask_all(vec![Raw::new("a@example.com"), Raw::new("fee")]).await.unwrap();
        assert_eq!(masked.iter().map(Masked::as_str).collect::<Vec<_>>(), ["<EMAIL_1>", "fee"]);
        assert_eq!(door.read_here(3, |guard| guard.hears_a_cry(&Raw::new("fee"))), Ok(false));
    }

    #[tokio::test]
    async fn a_guard_that_panics_gives_a_fault_and_reads_the_next_text() {
        let patient = Door::new(Guard::new(GuardSettings::default()), Duration::from_secs(30));
        let failing = patient.failing_with(Arc::new(|| panic!("as a test wants it")));
        assert_eq!(
            failing.inspect_in(raw("hello"), Earlier::default()).await,
            Err(NotRead::Fault(DoorFault::Panicked))
        );
        assert_eq!(failing.scan(raw("hello")).await.unwrap_err().code(), "guard_failed");
        assert_eq!(failing.mask(Raw::new("hello")).await, Err(DoorFault::Panicked));
        assert_eq!(failing.hears_a_cry(raw("hello")).await, Err(DoorFault::Panicked));
        assert_eq!(failing.inspect_output("hello".into(), Held::default()).await, Err(DoorFault::Panicked));
        assert_eq!(failing.read_here(1, |_| ()), Err(DoorFault::Panicked));
        let sound = Door { fault: None, ..failing };
        assert!(sound.inspect_in(raw("hello"), Earlier::default()).await.is_ok());
    }

    #[tokio::test]
    async fn a_guard_that_hangs_is_given_up_and_soon_not_tried() {
        let (stop, stopped) = mpsc::channel::<()>();
        let stopped = std::sync::Mutex::new(stopped);
        let hangs = door().failing_with(Arc::new(move || {
            stopped.lock().unwrap().recv().ok();
        }));
        let since = Instant::now();
        assert_eq!(
            hangs.inspect_in(raw("hello"), Earlier::default()).await,
            Err(NotRead::Fault(DoorFault::Late))
        );
        assert!(since.elapsed() >= SHORT && since.elapsed() < SHORT * 50, "{:?}", since.elapsed());
        for _ in 1..GIVEN_UP {
            assert_eq!(hangs.read_here(1, |_| ()), Err(DoorFault::Late));
        }
        let since = Instant::now();
        assert_eq!(hangs.mask(Raw::new("hello")).await, Err(DoorFault::Stuck));
        assert!(since.elapsed() < SHORT, "nobody waited: {:?}", since.elapsed());
        // The threads end, and the guard is tried again.
        drop(stop);
        for _ in 0..200 {
            if hangs.given_up.load(Ordering::SeqCst) == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("readings that ended still count");
    }

    #[test]
    fn a_long_text_has_more_time() {
        assert_eq!(door().limit_for(2_000), SHORT);
        assert_eq!(door().limit_for(1_000_000), SHORT * 21);
    }
}
