//! What a call may cost, before it is made.

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
