//! Is this about banking at all? A kernel machine over the encoder's vector, shipped trained.
//!
//! A gate that knows one bank's examples alone recognises whose sentences they are and refuses half
//! of other people's bank questions (target U4). This one has seen bank questions of several sources
//! and many that are none; what it was trained on, and by which command, is in
//! `docs/understanding.md`. It speaks beside the bank's own gate and can be overruled by it.

pub mod train;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::matrix::Matrix;
use super::{model_file, packing};
use crate::encoder::{Encoder, EncoderError};
use crate::hex::hex;

/// Kind of the file; another one is refused.
pub(super) const KIND: &str = "contactiq-topic 1";
/// How much it may say for and against, as a logit: e³ to one.
const LOUDEST: f64 = 3.0;
/// An encoder is the one that it was trained with when the probes come out as near as this. 8-bit
/// kernels differ from the reference by at most 0.005.
const SAME_ENCODER: f32 = 0.985;
/// Of a bank's own examples in scope, as many must be on topic; a taxonomy about something else (any
/// CSV can be trained on) gets no say from this.
const ON_TOPIC: f64 = 0.9;

/// The trained machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Topic {
    /// Mean of the training vectors.
    #[serde(with = "packing::floats")]
    mean: Vec<f32>,
    /// Main directions of the training vectors, one a row.
    axes: Matrix,
    /// Support vectors along the axes, unit length, times 127 each.
    #[serde(with = "packing::bytes")]
    points: Vec<i8>,
    /// What each point says; the sum and `bias` are the verdict.
    #[serde(with = "packing::floats")]
    weights: Vec<f32>,
    bias: f32,
    /// Of the kernel exp(-gamma |a - b|²).
    gamma: f32,
    /// Verdict to logit, fitted on held-out parts.
    slope: f64,
    offset: f64,
    /// Tell whether an encoder is the one of the training.
    probes: Vec<Probe>,
}

/// A sentence and what the encoder made of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Probe {
    text: String,
    #[serde(with = "packing::floats")]
    vector: Vec<f32>,
}

const FILE: &[u8] = include_bytes!("banking.model");

static SHIPPED: LazyLock<Option<Topic>> = LazyLock::new(|| model_file::parse(FILE, KIND).ok());

/// Changes with the shipped gate.
pub(super) static SHIPPED_FINGERPRINT: LazyLock<String> = LazyLock::new(|| hex(&Sha256::digest(FILE)));

impl Topic {
    /// The one that comes with the program, when `encoder` is the one that it was trained with.
    ///
    /// # Errors
    /// When the encoder fails: that says nothing about which one it is.
    pub(super) fn shipped(encoder: &dyn Encoder) -> Result<Option<&'static Self>, EncoderError> {
        match SHIPPED.as_ref() {
            Some(topic) if topic.knows(encoder)? => Ok(Some(topic)),
            _ => Ok(None),
        }
    }

    /// Whether this encoder is the one that the files which come with the program were fitted with,
    /// whoever serves it.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn is_of(encoder: &dyn Encoder) -> Result<bool, EncoderError> {
        Self::shipped(encoder).map(|topic| topic.is_some())
    }

    /// The one that comes with the program, for a model that was trained with it.
    pub(super) fn of_trained() -> Option<&'static Self> {
        SHIPPED.as_ref()
    }

    fn knows(&self, encoder: &dyn Encoder) -> Result<bool, EncoderError> {
        let texts: Vec<&str> = self.probes.iter().map(|probe| probe.text.as_str()).collect();
        if encoder.dimensions() != self.mean.len() {
            return Ok(false);
        }
        let vectors = encoder.encode_published(&texts)?;
        Ok(!texts.is_empty()
            && vectors.len() == texts.len()
            && vectors.iter().zip(&self.probes).all(|(a, probe)| dot(a, &probe.vector) >= SAME_ENCODER))
    }

    /// Whether a taxonomy with these examples in scope is one of banking.
    pub(super) fn suits<'a>(&self, inside: impl Iterator<Item = &'a [f32]>) -> bool {
        let (mut on, mut all) = (0_usize, 0_usize);
        for vector in inside {
            on += usize::from(self.logit(vector) > 0.0);
            all += 1;
        }
        all > 0 && on as f64 >= ON_TOPIC * all as f64
    }

    /// The logarithm of the odds that a text of this vector is about banking, from -3 to 3.
    #[must_use]
    pub fn logit(&self, vector: &[f32]) -> f64 {
        (self.slope * f64::from(self.verdict(&self.along(vector))) + self.offset).clamp(-LOUDEST, LOUDEST)
    }

    /// The vector along the axes, of unit length.
    fn along(&self, vector: &[f32]) -> Vec<f32> {
        let centred: Vec<f32> = vector.iter().zip(&self.mean).map(|(a, b)| a - b).collect();
        let mut along: Vec<f32> =
            (0..self.axes.rows).map(|axis| dot(self.axes.row(axis), &centred)).collect();
        normalise(&mut along);
        along
    }

    fn verdict(&self, along: &[f32]) -> f32 {
        let points = self.points.chunks_exact(along.len().max(1));
        let spoken = points.zip(&self.weights).map(|(point, weight)| {
            let near: f32 = point.iter().zip(along).map(|(a, b)| f32::from(*a) * b).sum::<f32>() / 127.0;
            weight * (-2.0 * self.gamma * (1.0 - near)).exp()
        });
        spoken.sum::<f32>() + self.bias
    }

    /// How many points it compares with.
    #[must_use]
    pub fn size(&self) -> usize {
        self.weights.len()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(1e-12);
    vector.iter_mut().for_each(|cell| *cell /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_one_is_whole() {
        let topic = SHIPPED.as_ref().unwrap();
        assert_eq!(topic.points.len(), topic.weights.len() * topic.axes.rows);
        assert_eq!(topic.axes.columns, topic.mean.len());
        assert!(topic.probes.len() >= 3 && topic.size() > 100 && topic.slope > 0.0);
    }
}
