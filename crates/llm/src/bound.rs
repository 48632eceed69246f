//! What a call may cost before it is made, and what of it nobody knows after it.

use std::sync::atomic::{AtomicU32, Ordering};

use contactiq_domain::interaction::NanoUsd;

/// The most that a call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// One try: every byte of the prompt a token, and the longest answer.
    pub one_try: NanoUsd,
    /// Tries that it may take.
    pub tries: u32,
}

impl Bound {
    /// All tries together: each that got no usable answer may be asked money for.
    #[must_use]
    pub const fn all(&self) -> NanoUsd {
        self.one_try.times(self.tries)
    }
}

/// Tries that may cost something nobody knows of: those under way, and those that ended without figures though they
/// reached the provider. Read it also when the call was dropped.
#[derive(Debug, Default)]
pub struct Tries(AtomicU32);

impl Tries {
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// The try that began last gave its figures, or costs nothing.
    pub(crate) fn is_known(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many there are.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
