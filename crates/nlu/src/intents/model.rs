//! The trained intent model and what it says of an utterance.

use std::{path::Path, sync::OnceLock};

use serde::{Deserialize, Serialize};

use super::blend::Blend;
use super::calibrate::{logit, sigmoid};
use super::error::{ModelFileError, TrainError};
use super::explain::Spellings;
use super::neighbours::{Examples, Query};
use super::scope::{Evidence, Gate};
use super::topic::Topic;
use super::views::Views;
use super::{Example, TrainOptions, explain, features, fingerprint, model_file, training};
use crate::encoder::Encoder;

const KIND: &str = "contactiq-intent-model 2";
/// How many of the nearest examples are reported.
const NEAREST: usize = 5;
/// How far a gate is trusted that never saw the outside, only labels that played it.
const REHEARSED: f64 = 0.5;

/// Tells intents apart; made by [`IntentModel::train`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IntentModel {
    pub(super) fingerprint: String,
    pub(super) labels: Vec<String>,
    pub(super) outside: Vec<bool>,
    pub(super) views: Views,
    /// For utterances with a vector.
    pub(super) full: Head,
    /// For utterances without one.
    pub(super) lexical: Head,
    pub(super) examples: Examples,
    /// Whether the shipped topic gate has a say: the encoder is its own, and the taxonomy is of banking.
    pub(super) on_topic: bool,
    /// Made of the examples when the first reason is asked for.
    #[serde(skip)]
    pub(super) spellings: OnceLock<Spellings>,
}

/// What turns the views' scores into probabilities.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) blend: Blend,
    pub(super) gate: Gate,
}

/// What the model says of an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Every label with its calibrated probability, best first; they add up to 1. Labels of the outside
    /// take part.
    pub ranked: Vec<(String, f64)>,
    /// The probability that the utterance is in scope.
    pub in_scope: f64,
    /// The most similar examples, nearest first.
    pub nearest: Vec<Neighbour>,
}

/// A training example near an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// The example.
    pub text: String,
    /// Its label.
    pub label: String,
    /// Cosine: of the encoder's vectors, or of the words without an encoder.
    pub similarity: f64,
}

impl IntentModel {
    /// Learns from examples. Labels named in `outside` ("unknown") are labels like others, and the
    /// negatives of the scope gate besides. `progress` is told how many of how many steps are done.
    ///
    /// # Errors
    /// When the examples are none, of one label, of too many, or incomplete; when the encoder fails.
    pub fn train(
        examples: &[Example<'_>],
        outside: &[&str],
        encoder: Option<&dyn Encoder>,
        options: &TrainOptions,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        training::train(examples, outside, encoder, options, progress)
    }

    /// What the model says of `text`. `vector` is the encoder's; without one (or with one of another
    /// encoder's length) the lexical view answers alone.
    #[must_use]
    pub fn predict(&self, text: &str, vector: Option<&[f32]>) -> Prediction {
        let vector = self.views.usable(vector);
        let head = if vector.is_some() { &self.full } else { &self.lexical };
        let words = features::words(text);
        let row = self.views.vocabulary.vector(&words);
        let word_part = self.views.vocabulary.word_part(&row);
        let cosines = self.examples.compare(&vector.map_or(Query::Words(&word_part), Query::Vector));
        let mut scores = self.views.scores(&row, vector);
        if vector.is_some() {
            scores.push(self.examples.votes(&cosines, self.labels.len(), |_| false));
        }
        let blended = head.blend.probabilities(&scores);
        let order = ranking(&blended);
        let evidence = Evidence {
            summed: &head.blend.sums(&scores),
            blended: &blended,
            scores: &scores,
            outside: &self.outside,
            similar: self.examples.nearest_sides(&cosines, &self.outside, |_| false),
            known: self.views.vocabulary.known_share(&words),
        };
        // Nothing but punctuation or emoji asks for nothing that is in scope.
        let in_scope = if words.is_empty() { 0.0 } else { head.gate.in_scope(&evidence) };
        let topic = vector.filter(|_| self.on_topic).zip(Topic::of_trained());
        let in_scope = topic.map_or(in_scope, |(vector, topic)| {
            let trust = if self.outside.contains(&true) { 1.0 } else { REHEARSED };
            sigmoid(trust * logit(in_scope) + topic.logit(vector))
        });
        let nearest = self.examples.nearest(&cosines, NEAREST);
        Prediction {
            ranked: order.iter().map(|&label| (self.labels[label].clone(), blended[label])).collect(),
            in_scope,
            nearest: nearest
                .into_iter()
                .filter(|&row| cosines[row] > 0.0)
                .map(|row| Neighbour {
                    text: self.examples.text(row).to_owned(),
                    label: self.labels[self.examples.label(row)].clone(),
                    similarity: f64::from(cosines[row]),
                })
                .collect(),
        }
    }

    /// The words, and pairs of words, of `text` that spoke most for one label against another, spelled as the training
    /// set spells them; none where a label is not known.
    #[must_use]
    pub fn deciding(&self, text: &str, label: &str, against: &str) -> Vec<String> {
        let place = |label: &str| self.labels.iter().position(|known| known == label);
        let Some(labels) = place(label).zip(place(against)) else { return Vec::new() };
        let spellings = self.spellings.get_or_init(|| {
            let names = self.labels.iter().map(|label| label.replace(|c: char| !c.is_alphanumeric(), " "));
            let names: Vec<String> = names.collect();
            Spellings::of(self.examples.texts().chain(names.iter().map(String::as_str)))
        });
        let words = features::words(text);
        let row = self.views.vocabulary.vector(&words);
        explain::deciding((&self.views, spellings), &words, &row, labels)
    }

    /// Changes with the training data, the options, the encoder and the engine.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The fingerprint that training on these would give: when a stored model has it, nothing need be
    /// trained.
    #[must_use]
    pub fn expected_fingerprint(
        examples: &[Example<'_>],
        outside: &[&str],
        encoder: Option<&dyn Encoder>,
        options: &TrainOptions,
    ) -> String {
        fingerprint::of(KIND, examples, outside, encoder, options)
    }

    /// Writes the model, replacing an older one in one step.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelFileError> {
        model_file::save(path, KIND, self)
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When the file can't be read, is damaged, or was written by another version of the engine.
    pub fn load(path: &Path) -> Result<Self, ModelFileError> {
        let model: Self = model_file::load(path, KIND)?;
        if model.labels.len() < 2 || model.outside.len() != model.labels.len() {
            return Err(ModelFileError::Damaged("labels are missing"));
        }
        Ok(model)
    }

    /// The labels, in alphabetical order.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }
}

/// Labels by probability, best first; equal ones by name.
pub(super) fn ranking(shares: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
    order
}
