//! What is given out for draining, and who holds it.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The segments that are given out now, so that none is given twice.
#[derive(Clone, Default)]
pub(super) struct Holds(Arc<Mutex<BTreeSet<u64>>>);

impl Holds {
    pub(super) fn has(&self, number: u64) -> bool {
        self.lock().contains(&number)
    }

    pub(super) fn take(&self, number: u64) -> Hold {
        self.lock().insert(number);
        Hold { number, holds: self.clone() }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One segment that is given out; free again when dropped.
pub(super) struct Hold {
    number: u64,
    holds: Holds,
}

impl Hold {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_of(&self, holds: &Holds) -> bool {
        Arc::ptr_eq(&self.holds.0, &holds.0)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holds.lock().remove(&self.number);
    }
}

/// The payloads of one segment. Nobody else is given them while this is alive; dropped without
/// [`Spool::done`](super::Spool::done), they come again.
pub struct Batch {
    /// At least one, in the order in which they were appended. Some may have come before, and some may be of
    /// calls of [`Spool::append`](super::Spool::append) that failed: whoever takes them must not mind.
    pub payloads: Vec<Vec<u8>>,
    /// Bytes of the segment that could not be read. When there are any, its file is kept as `….damaged`.
    pub damaged_bytes: u64,
    pub(super) hold: Hold,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("segment", &self.hold.number)
            .field("entries", &self.payloads.len())
            .field("damaged_bytes", &self.damaged_bytes)
            .finish()
    }
}
