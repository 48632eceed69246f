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
    #[cfg(test)]
    tests::passed();
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
    use std::cell::Cell;

    use super::*;
    use crate::{Guard, GuardSettings, Raw};

    #[test]
    fn a_reading_that_is_not_stopped_gives_its_result_and_a_panic_stays_one() {
        assert_eq!(Stop::default().heeded_by(|| 7), Some(7));
        let panicked = panic::catch_unwind(|| Stop::default().heeded_by(|| panic!("as a test wants it")));
        assert!(panicked.is_err());
        point();
    }

    /// Places that the readings of this thread have passed, and at which of them the flag is set.
    #[derive(Clone, Copy, Default)]
    struct Passed {
        places: usize,
        sets_at: Option<usize>,
    }

    thread_local! {
        static PASSED: Cell<Passed> = const { Cell::new(Passed { places: 0, sets_at: None }) };
    }

    /// Counts a place, and sets the flag there where a test wants it.
    pub(super) fn passed() {
        let mut passed = PASSED.get();
        passed.places += 1;
        PASSED.set(passed);
        if passed.sets_at == Some(passed.places) {
            HEEDED.with_borrow(|stop| stop.as_ref().expect("it is read under a flag").set());
        }
    }

    /// How many places a reading passes whose flag is set at one of them, and whether it ended with a result.
    fn reads(guard: &Guard, text: &str, sets_at: Option<usize>) -> (usize, bool) {
        PASSED.set(Passed { places: 0, sets_at });
        let read = Stop::default().heeded_by(|| guard.scan(&Raw::new(text)).is_ok());
        (PASSED.get().places, read.is_some())
    }

    #[test]
    fn a_long_reading_has_many_places_and_ends_at_the_one_where_it_was_stopped() {
        let guard = Guard::new(GuardSettings::default());
        let text = "my password is Quiet7!sea, and I live at 4 Elm Street. ".repeat(800);
        let (places, read) = reads(&guard, &text, None);
        assert!(read);
        assert!(places > text.len() / 1024, "{places} places in {} characters", text.len());
        for at in [1, places / 4, places / 2, places - 1] {
            assert_eq!(reads(&guard, &text, Some(at)), (at, false), "of {places}");
        }
    }
}
