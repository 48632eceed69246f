//! Training of the learned recogniser: sentences with personal data that a generator makes up, and the fit.
//!
//! Nothing here runs when a message is read. `contactiq guard train` reads the texts from a folder
//! (`training/personal` in the project) and writes a model; see docs/guards.md.

mod generator;
mod measure;
mod texts;
mod values;

pub use generator::{Generator, Part};
pub use measure::{Measured, measure};
pub use texts::{BadTexts, FILES, Texts};

use crate::{
    PersonalType,
    pii::{Learned, fit},
};

/// A sentence and what is personal in it: first byte, end, kind; ordered, never overlapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The sentence.
    pub text: String,
    /// Bytes of `text`, end exclusive.
    pub spans: Vec<(usize, usize, PersonalType)>,
}

/// Fits a model to sentences; the same sentences and seed give the same model.
#[must_use]
pub fn train(sentences: &[Labelled], passes: usize, seed: u64) -> Learned {
    fit(sentences, passes, seed)
}

/// Numbers that look random and repeat with their seed (SplitMix64; Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when the limit is.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True so often.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= share
    }

    /// One of several; an empty text when there is none.
    pub(crate) fn pick<'t, T: AsRef<str>>(&mut self, of: &'t [T]) -> &'t str {
        let at = self.below(of.len());
        of.get(at).map_or("", AsRef::as_ref)
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            of.swap(last, self.below(last + 1));
        }
    }
}
