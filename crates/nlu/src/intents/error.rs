//! What can go wrong with training and with model files.

use crate::encoder::EncoderError;

/// Why a model could not be trained. The last good model stays.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Nothing to learn from.
    #[error("there are no examples")]
    NoExamples,
    /// A choice of one is none.
    #[error("all examples carry the label \"{0}\"; at least two labels are needed")]
    OneLabel(String),
    /// Only labels that stand for "outside" have examples.
    #[error("only labels of the outside have examples")]
    OnlyOutside,
    /// An example without a label.
    #[error("example {0} has an empty label")]
    EmptyLabel(usize),
    /// An example without a word.
    #[error("example {number}, of \"{label}\", has no words")]
    EmptyText {
        /// Its place, from 1.
        number: usize,
        /// Its label.
        label: String,
    },
    /// More labels than a linear model serves well.
    #[error("{found} labels are more than the {limit} that one model can tell apart; split the taxonomy")]
    TooManyLabels {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More numbers than a training may hold in memory.
    #[error(
        "{examples} examples of {labels} labels are more than one model is trained on: examples times labels may be {limit} at most; give fewer examples of each, or split the taxonomy"
    )]
    TooMuch {
        /// How many examples there are.
        examples: usize,
        /// How many labels.
        labels: usize,
        /// How much their product may be.
        limit: usize,
    },
    /// A trigger without one of its two sides.
    #[error("a trigger needs positive and negative examples")]
    OneSided,
    /// The encoder failed.
    #[error("the encoder failed: {0}")]
    Encoder(#[from] EncoderError),
    /// The encoder broke its promise.
    #[error("the encoder gave {found} sound vectors of the promised length for {wanted} texts")]
    Vectors {
        /// How many were right.
        found: usize,
        /// How many were asked for.
        wanted: usize,
    },
}

/// Why a model file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The file system said no.
    #[error("the model file can't be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Another kind of file, or of another version of the engine.
    #[error(
        "the model file is of another kind or version ({found}, not {wanted}); it has to be trained anew"
    )]
    OtherVersion {
        /// What its first line says.
        found: String,
        /// What was looked for.
        wanted: String,
    },
    /// The content is not what was written.
    #[error("the model file is damaged ({0}); it has to be trained anew")]
    Damaged(&'static str),
}
