//! A reading that nobody waits for any more ends by itself: whoever gives it up sets a flag, and the reading
//! looks at it between its passes and in its long loops.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Says to a reading that it may end. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

/// What unwinds a reading that was stopped; no panic, so that no hook hears of it.
struct Stopped;

thread_local! {
    /// The flag of the reading on this thread.
    static HEEDED: RefCell<Option<Stop>> = const { RefCell::new(None) };
}

/// Puts back what was heeded before, however a reading ends.
struct Before(Option<Stop>);

impl Drop for Before {
    fn drop(&mut self) {
        HEEDED.set(self.0.take());
    }
}

impl Stop {
    /// Sets the flag: nobody wants the result any more.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Does some work of the guard on this thread, which ends early once the flag is set; none then. A panic of
    /// the work goes on as one.
    pub fn heeded_by<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let before = Before(HEEDED.replace(Some(self.clone())));
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        drop(before);
        match done {
            Ok(done) => Some(done),
            Err(cause) if cause.is::<Stopped>() => None,
            Err(cause) => panic::resume_unwind(cause),
        }
    }
}

/// A place where a reading may end. It costs a few nanoseconds.
pub(crate) fn point() {
    let stopped = HEEDED.with_borrow(|stop| stop.as_ref().is_some_and(Stop::is_set));
    if stopped {
        panic::resume_unwind(Box::new(Stopped));
    }
}

/// The same for one of many steps of a loop: it looks once in 1,024.
pub(crate) fn step(number: usize) {
    if number.is_multiple_of(1024) {
        point();
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;
    use crate::{Guard, GuardSettings, Raw};

    #[test]
    fn a_reading_that_is_not_stopped_gives_its_result_and_a_panic_stays_one() {
        assert_eq!(Stop::default().heeded_by(|| 7), Some(7));
        let panicked = panic::catch_unwind(|| Stop::default().heeded_by(|| panic!("as a test wants it")));
        assert!(panicked.is_err());
        point();
    }

    #[test]
    fn a_long_reading_ends_soon_after_it_was_stopped() {
        let guard = Guard::new(GuardSettings::default());
        let raw = Raw::new("my password is Quiet7!sea, and I live at 4 Elm Street. ".repeat(18_000));
        let stop = Stop::default();
        let setter = stop.clone();
        let (read, late) = thread::scope(|scope| {
            let reading = scope.spawn(move || stop.heeded_by(|| guard.scan(&raw).is_ok()));
            thread::sleep(Duration::from_millis(300));
            setter.set();
            let since = std::time::Instant::now();
            (reading.join().expect("it was stopped, it did not panic"), since.elapsed())
        });
        assert!(read.is_none(), "it was stopped");
        assert!(late < Duration::from_secs(3), "{late:?} after it was stopped");
    }
}
