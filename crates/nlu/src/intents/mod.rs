//! The intent engine: what is asked, how sure one may be, and whether it is in scope at all.
//!
//! [`IntentModel`] learns labels from examples in seconds; [`TriggerModel`] learns one trigger's two
//! sides with the same parts. An utterance is seen from several sides, each a linear model:
//!
//! ```text
//!            words ──▶ TF-IDF ──┬▶ lexical (SVM) ─────────┐
//! utterance                     ├▶ joined (SVM) ──────────┤
//!            encoder ▶ vector ──┼▶ semantic (regression) ─┼─▶ blend ─▶ probabilities
//!                               └▶ votes (neighbours) ────┘      └───▶ gate ─▶ in scope?
//! ```
//!
//! The blend's weights and the gate are fitted on held-out folds, so that the probabilities hold.
//! Without an encoder the lexical view works alone, with a blend and a gate of its own.
//!
//! `features`, `vocabulary`: text to numbers · `svm`, `regression`, `lbfgs`, `matrix`: solvers ·
//! `prepared`, `views`, `crossing`, `folds`: what is trained, and held out · `blend`, [`calibrate`], `scope`:
//! scores to probabilities · [`topic`]: about banking at all? · `neighbours`, `explain`: why · `model`, `training`, `trigger`: the two
//! models · `model_file`, `fingerprint`, `packing`: on disk · [`mod@bench`], [`metrics`]: figures.

pub mod bench;
mod blend;
pub mod calibrate;
mod crossing;
mod error;
mod explain;
mod features;
mod fingerprint;
mod folds;
pub mod interval;
mod lbfgs;
mod matrix;
pub mod metrics;
mod model;
mod model_file;
mod neighbours;
mod packing;
mod prepared;
pub(crate) mod random;
mod regression;
mod scope;
mod svm;
#[cfg(test)]
mod tests;
pub mod topic;
mod training;
mod trigger;
mod views;
mod vocabulary;

pub use blend::FEWEST_TO_BLEND;
pub use error::{ModelFileError, TrainError};
pub use model::{IntentModel, Neighbour, Prediction};
pub use prepared::MOST_LABELS;
pub use scope::FEWEST_A_SIDE;
pub use training::{CrossValidated, cross_validate};
pub use trigger::{TriggerModel, TriggerModels};

/// One thing that a person might write, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'a> {
    /// The utterance.
    pub text: &'a str,
    /// Its intent.
    pub label: &'a str,
}

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainOptions {
    /// The same seed and data give the same model.
    pub seed: u64,
    /// Folds of the cross-validation that the probabilities are calibrated on.
    pub folds: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { seed: 1, folds: 5 }
    }
}
