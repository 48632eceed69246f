//! How sure an answer must be, chosen from labelled interactions so that a promise can be kept.
//!
//! An interaction is *missed* when it was answered though a person was needed. Its loss is 1 then
//! and 0 otherwise, over **all** judged interactions, answered or not. A higher threshold answers
//! less, so no loss ever grows with it: that is what both methods rest on.
//!
//! - [`conformal`] bounds the **mean**: over the draw of the labels and the next interaction, the
//!   expected loss is at most alpha ([`Promise::Mean`]).
//! - [`learn_then_test`] bounds it with **high probability**: for all but a share delta of the label
//!   sets that could have been drawn, the loss to be expected is at most alpha
//!   ([`Promise::HighProbability`]).
//!
//! Both hold for interactions that are exchangeable with the labelled ones, and for a confidence that
//! was not fitted on these labels. [`drift`] says when the first has ceased to be so.
//!
//! `binomial`: exact tails · [`threshold`]: from a number of losses to a threshold · [`splits`]: a
//! promise held against random splits.

mod binomial;
pub mod conformal;
pub mod drift;
pub mod learn_then_test;
pub mod splits;
#[cfg(test)]
mod tests;
pub mod threshold;

use contactiq_domain::Probability;

/// One labelled interaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// How sure its answer was; `None` when no threshold would have shown one (a trigger, a refusal,
    /// no passage that speaks of it).
    pub confidence: Option<Probability>,
    /// Whether a person was needed: no document answers it, or the answer was wrong.
    pub needs_person: bool,
}

/// What a threshold is to keep. Alpha and delta are shares, above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Promise {
    /// The expected loss is at most alpha, in the mean over label sets.
    Mean {
        /// The share of all interactions that may be missed.
        alpha: f64,
    },
    /// The expected loss is at most alpha for all but a share delta of the label sets.
    HighProbability {
        /// The share of all interactions that may be missed.
        alpha: f64,
        /// The share of label sets for which that may be untrue.
        delta: f64,
    },
}

/// A share that is no share.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{name} is {value}: write a number above 0 and below 1")]
pub struct NotAShare {
    /// `alpha` or `delta`.
    pub name: &'static str,
    /// What it was.
    pub value: f64,
}

impl Promise {
    /// Bounds the mean, or with a delta the probability.
    ///
    /// # Errors
    /// When alpha or delta does not lie strictly between 0 and 1.
    pub fn new(alpha: f64, delta: Option<f64>) -> Result<Self, NotAShare> {
        let open = |name, value: f64| {
            // Not a number compares as false, and is refused too.
            if value > 0.0 && value < 1.0 { Ok(value) } else { Err(NotAShare { name, value }) }
        };
        let alpha = open("alpha", alpha)?;
        Ok(match delta {
            None => Self::Mean { alpha },
            Some(delta) => Self::HighProbability { alpha, delta: open("delta", delta)? },
        })
    }

    /// The share of all interactions that may be missed.
    #[must_use]
    pub const fn alpha(self) -> f64 {
        match self {
            Self::Mean { alpha } | Self::HighProbability { alpha, .. } => alpha,
        }
    }

    /// How many of `labels` interactions a threshold may miss; `None` when even none is no evidence.
    #[must_use]
    pub fn allowed_losses(self, labels: usize) -> Option<usize> {
        match self {
            Self::Mean { alpha } => conformal::allowed_losses(labels, alpha),
            Self::HighProbability { alpha, delta } => learn_then_test::allowed_losses(labels, alpha, delta),
        }
    }

    /// The fewest labels with which anything may be answered.
    #[must_use]
    pub fn labels_needed(self) -> u64 {
        match self {
            Self::Mean { alpha } => conformal::labels_needed(alpha),
            Self::HighProbability { alpha, delta } => learn_then_test::labels_needed(alpha, delta),
        }
    }

    /// The lowest threshold that keeps the promise; `None` when nothing may be answered.
    #[must_use]
    pub fn threshold(self, judged: &[Judged]) -> Option<Probability> {
        threshold::lowest(judged, self.allowed_losses(judged.len())?)
    }
}
