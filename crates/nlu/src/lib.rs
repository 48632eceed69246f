//! Encoder, intent engine, index, calibration. Computes; knows no HTTP, no SQL, no clock.
//!
//! - [`encoder`] turns an utterance into a vector (all-MiniLM-L6-v2, a forward pass of our own)
//!   and keeps what it computed in a cache.
//! - [`intents`] learns intents and triggers from examples: lexical and semantic views combined,
//!   with calibrated probabilities.
//! - [`index`] finds passages: BM25 and vectors, fused.
//! - [`risk`] chooses the threshold of the confidence from labelled interactions, with a promise, and
//!   says when live interactions have drifted away from them.
//! - [`text`] words, stems and sentences, shared by the others.

pub mod encoder;
mod hex;
pub mod index;
pub mod intents;
pub mod risk;
pub mod text;
