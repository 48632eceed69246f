//! Sentence encoders.
//!
//! [`MiniLm`] computes, [`CachedEncoder`] remembers; one on another server implements [`Encoder`] too. `forward` reads like the paper; `matmul`,
//! `elementwise` and `dot` are the arithmetic in `f32`, `int8` that of 8-bit whole numbers, `kernel` says
//! which of them runs. `weights` and `tokens` read the files of a model folder, `calibration` finds out
//! what its 8-bit form needs to know.

mod adapter;
mod cache;
mod calibration;
mod coarse;
mod dot;
mod elementwise;
mod forward;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "its kernels are for x86-64"))]
mod int8;
mod kernel;
#[cfg(test)]
mod kinds;
mod linear;
mod matmul;
mod minilm;
mod recent;
#[cfg(test)]
mod reference;
mod tokens;
mod vector_file;
mod weights;

pub use cache::{CacheSize, CachedEncoder};
pub use coarse::Coarse;
pub use dot::{dot, dots};
pub use kernel::{Kernel, KernelChoice, UnknownKernel};
pub(crate) use matmul::multiply_add;
pub use minilm::MiniLm;

use std::sync::Arc;

use contactiq_domain::BreakerState;

/// Turns utterances into unit vectors whose dot product is their cosine similarity.
pub trait Encoder: Send + Sync {
    /// Length of a vector (384 for all-MiniLM-L6-v2).
    fn dimensions(&self) -> usize;

    /// Changes when the weights or the way of computing change; part of every cache key and of the
    /// fingerprint of every trained model. Hex, no spaces.
    fn fingerprint(&self) -> &str;

    /// What people call it: the name of the model. Two encoders of one name may differ in their
    /// [`fingerprint`](Encoder::fingerprint).
    fn name(&self) -> &str {
        self.fingerprint()
    }

    /// The arithmetic that runs, for reports: the name of a [`Kernel`], or `remote` where another
    /// server computes.
    fn kernel(&self) -> &'static str {
        Kernel::F32.name()
    }

    /// How it stands: one that computes here is always closed, a remote one may be left alone for a
    /// while.
    fn breaker(&self) -> BreakerState {
        BreakerState::Closed
    }

    /// Whether this lower-case word is in the model's vocabulary as a whole: a word of its language, spelt rightly. One
    /// that shows no vocabulary knows none.
    fn knows(&self, _word: &str) -> bool {
        false
    }

    /// One unit vector a text, in the same order. Text past the model's 256 tokens is cut.
    ///
    /// # Errors
    /// When the tokenizer refuses a text, or the server of a remote encoder fails.
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError>;

    /// The same for text that the bank published, or wrote as an example: it may be kept, sent as it is,
    /// and take longer, because nobody waits for it.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    fn encode_published(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.encode(texts)
    }

    /// As [`Encoder::encode`], paid by this payer; one that computes here costs nobody anything.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`EncoderError::Unpaid`].
    fn encode_for(&self, texts: &[&str], payer: &dyn Payer) -> Result<Vec<Vec<f32>>, EncoderError> {
        let _free = payer;
        self.encode(texts)
    }

    /// From now on what nobody else pays for, as the bank's own text, is paid by this payer. The first call counts.
    fn is_paid_by(&self, payer: Arc<dyn Payer>) {
        let _free = payer;
    }
}

/// Who pays for vectors that another server makes (E4).
pub trait Payer: Send + Sync {
    /// Holds the price of at most so many tokens at this model, makes the call, and settles with the tokens that the call
    /// says were read. It may wait, so it belongs on a thread that may.
    ///
    /// # Errors
    /// Why nothing may be spent, in words of the house; then the call is not made.
    fn pay(&self, model: &str, most: u64, call: &mut dyn FnMut() -> u64) -> Result<(), String>;
}

/// Why an encoder is not to be had or failed. Never carries text of a person.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the model is missing or can't be read.
    #[error("the encoder's {file} can't be read: {source}")]
    Read {
        /// Which file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the model is not what it should be.
    #[error("the encoder's {file} is damaged or of another model: {why}")]
    Damaged {
        /// Which file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// The processor has no such instructions.
    #[error(
        "this processor can't run the encoder's kernel {name}: set CONTACTIQ_ENCODER_KERNEL to auto, or to one of {}",
        available()
    )]
    Kernel {
        /// The kernel that was asked for.
        name: &'static str,
    },
    /// The tokenizer failed.
    #[error("the tokenizer failed")]
    Tokenizer,
    /// It gave more or fewer vectors than texts.
    #[error("the encoder gave {given} vectors for {asked} texts")]
    Count {
        /// Texts.
        asked: usize,
        /// Vectors.
        given: usize,
    },
    /// The server of a remote encoder failed. It may be back in a moment.
    #[error("the remote encoder failed: {0}")]
    Remote(
        /// Why: never text of a person, of the server, or a key.
        String,
    ),
    /// The server of a remote encoder was not asked, because nothing may be spent on it.
    #[error("the remote encoder was not asked: {0}")]
    Unpaid(
        /// Why, in words of the house.
        String,
    ),
}

impl EncoderError {
    /// Whether another server is away, or may not be asked: it may be back in a while, and words alone serve meanwhile.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Remote(_) | Self::Unpaid(_))
    }
}

/// The kernels of this processor, for a message.
fn available() -> String {
    Kernel::available().map(Kernel::name).collect::<Vec<_>>().join(", ")
}
