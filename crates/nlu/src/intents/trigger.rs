//! The learned part of a trigger: two sides, one calibrated probability; and those of several, which share work.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::calibrate::Logistic;
use super::crossing::{self, Crossing};
use super::error::{ModelFileError, TrainError};
use super::neighbours::{Examples, Pool, Query};
use super::prepared::{self, Names};
use super::views::{VIEWS, Views};
use super::vocabulary::{Joined, Sparse, Vocabulary};
use super::{Example, TrainOptions, features, fingerprint, model_file};
use crate::encoder::Encoder;

const KIND: &str = "contactiq-trigger-model 1";
/// Names of the two sides in the order of the labels.
const SIDES: [&str; 2] = ["negative", "positive"];
const RIDGE: f64 = 1e-2;
/// With fewer positives the probability is low of everything, and says nothing against a pattern.
const FEWEST_TO_DENY: usize = 40;

/// Tells whether a message asks for one trigger; made by [`TriggerModel::train`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TriggerModel {
    fingerprint: String,
    views: Views,
    full: Logistic,
    lexical: Logistic,
    examples: Examples,
}

impl TriggerModel {
    /// Learns from messages that ask for the trigger and from others, look-alikes above all.
    ///
    /// # Errors
    /// When a side is empty or has empty messages, or the encoder fails.
    pub fn train(
        positives: &[&str],
        negatives: &[&str],
        encoder: Option<&dyn Encoder>,
        options: &TrainOptions,
    ) -> Result<Self, TrainError> {
        if positives.is_empty() || negatives.is_empty() {
            return Err(TrainError::OneSided);
        }
        let examples = sides(positives, negatives);
        let fingerprint = fingerprint::of(KIND, &examples, &[], encoder, options);
        let prepared = prepared::prepare(&examples, Names::Mute, encoder, &mut || {})?;
        let fold_count = prepared.folds(options);
        let parts = crossing::folds_and_whole(&prepared.fold_of(fold_count, options), fold_count);
        let word_parts = prepared.word_parts();
        let store = prepared.store(&word_parts);
        let crossing = Crossing {
            data: prepared.data(),
            store: &store,
            word_parts: &word_parts,
            outside: &[false; 2],
            seed: options.seed,
        };
        let mut results = crossing.run(&parts, &mut || {});
        let Some((views, _)) = results.pop() else { return Err(TrainError::NoExamples) };
        let held: Vec<_> = results.into_iter().flat_map(|(_, held)| held).filter(|held| held.seen).collect();
        let hits: Vec<bool> = held.iter().map(|held| prepared.targets[held.row] == 1).collect();
        let fit = |count: usize| {
            let rows: Vec<Vec<f64>> = held.iter().map(|held| margins(&held.scores[..count])).collect();
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            Logistic::fit(&rows, &hits, None, RIDGE)
        };
        let lexical = if held.is_empty() { Logistic::sum_of(1) } else { fit(1) };
        let full = match (&prepared.vectors, held.is_empty()) {
            (Some(_), false) => fit(VIEWS),
            (Some(_), true) => Logistic::sum_of(VIEWS),
            (None, _) => lexical.clone(),
        };
        Ok(Self { fingerprint, views, full, lexical, examples: store })
    }

    /// The probability that the message asks for the trigger.
    #[must_use]
    pub fn score(&self, text: &str, vector: Option<&[f32]>) -> f64 {
        let row = self.views.vocabulary.vector(&features::words(text));
        self.score_with(&row, vector, |vector| {
            let cosines = self.examples.compare(&Query::Vector(vector));
            self.examples.votes(&cosines, SIDES.len(), |_| false)
        })
    }

    /// The same with the votes of its examples from the pool, where their vectors were moved.
    fn score_shared(&self, row: &Sparse, vector: Option<&[f32]>, says: &[f32], places: &[u32]) -> f64 {
        self.score_with(row, vector, |_| self.examples.votes_of(says, places, SIDES.len()))
    }

    fn score_with(
        &self,
        row: &Sparse,
        vector: Option<&[f32]>,
        votes: impl FnOnce(&[f32]) -> Vec<f32>,
    ) -> f64 {
        let vector = self.views.usable(vector);
        let mut scores = self.views.scores(row, vector);
        if let Some(vector) = vector {
            scores.push(votes(vector));
        }
        let margins = margins(&scores);
        if vector.is_some() { self.full.apply(&margins) } else { self.lexical.apply(&margins) }
    }

    /// Whether a low probability means that the message doesn't ask for the trigger: it has learned
    /// from 40 positives at least.
    #[must_use]
    pub fn may_deny(&self) -> bool {
        self.examples.of_label(1) >= FEWEST_TO_DENY
    }

    /// Changes with the training data, the options, the encoder and the engine.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The fingerprint that training on these would give.
    #[must_use]
    pub fn expected_fingerprint(
        positives: &[&str],
        negatives: &[&str],
        encoder: Option<&dyn Encoder>,
        options: &TrainOptions,
    ) -> String {
        fingerprint::of(KIND, &sides(positives, negatives), &[], encoder, options)
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
        model_file::load(path, KIND)
    }
}

/// The learned parts of several triggers. They learn from much the same messages, so that a message is compared with
/// each of those once, not once a trigger.
#[derive(Debug, Clone)]
pub struct TriggerModels<K> {
    /// Each with the places of its examples in the pool.
    models: Vec<(K, TriggerModel, Vec<u32>)>,
    pool: Pool,
    grams: Joined,
}

impl<K: Copy + PartialEq> TriggerModels<K> {
    /// Puts them together.
    #[must_use]
    pub fn new(models: impl IntoIterator<Item = (K, TriggerModel)>) -> Self {
        let mut pool = Pool::default();
        let shared = |(of, mut model): (K, TriggerModel)| {
            let places = model.examples.share(&mut pool);
            (of, model, places)
        };
        let models: Vec<_> = models.into_iter().map(shared).collect();
        pool.finish();
        let grams = Joined::of(&vocabularies(&models));
        Self { models, pool, grams }
    }

    /// The probability of each trigger, in the order in which they were given.
    #[must_use]
    pub fn scores(&self, text: &str, vector: Option<&[f32]>) -> Vec<(K, f64)> {
        let grams = features::grams(&features::words(text));
        let vector = vector.filter(|v| self.models.iter().any(|(_, m, _)| m.views.usable(Some(v)).is_some()));
        let says = vector.map(|vector| self.pool.says(vector)).unwrap_or_default();
        let rows = self.grams.vectors_of(&vocabularies(&self.models), &grams);
        let score = |((of, model, places), row): (&(K, TriggerModel, Vec<u32>), &Sparse)| {
            (*of, model.score_shared(row, vector, &says, places))
        };
        self.models.iter().zip(&rows).map(score).collect()
    }

    /// The same of one for words alone; `None` where there is none of this trigger.
    #[must_use]
    pub fn score_words(&self, of: K, text: &str) -> Option<f64> {
        self.get(of).map(|model| model.score(text, None))
    }

    /// Whether a low probability means that a message doesn't ask for this trigger.
    #[must_use]
    pub fn may_deny(&self, of: K) -> bool {
        self.get(of).is_some_and(TriggerModel::may_deny)
    }

    fn get(&self, of: K) -> Option<&TriggerModel> {
        self.models.iter().find(|(known, _, _)| *known == of).map(|(_, model, _)| model)
    }
}

fn vocabularies<K>(models: &[(K, TriggerModel, Vec<u32>)]) -> Vec<&Vocabulary> {
    models.iter().map(|(_, model, _)| &model.views.vocabulary).collect()
}

fn sides<'a>(positives: &[&'a str], negatives: &[&'a str]) -> Vec<Example<'a>> {
    let with = |label: &'static str| move |text: &&'a str| Example { text, label };
    negatives.iter().map(with(SIDES[0])).chain(positives.iter().map(with(SIDES[1]))).collect()
}

/// Each view's score for the positive side against the negative one.
fn margins(scores: &[Vec<f32>]) -> Vec<f64> {
    scores.iter().map(|view| f64::from(view[1] - view[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: [&str; 6] = [
        "my blue card was stolen at noon",
        "a thief has stolen my blue card",
        "my wallet with the card got stolen",
        "stolen card help",
        "they have stolen my purse and card",
        "card stolen on the bus",
    ];
    const OTHER: [&str; 6] = [
        "what does a new card cost",
        "how long does a card take to arrive",
        "can I choose the colour of my card",
        "is there a fee for the card",
        "where can I pay with the card",
        "does the card work abroad",
    ];

    #[test]
    fn learns_the_two_sides_and_survives_the_disk() {
        let options = TrainOptions::default();
        let model = TriggerModel::train(&LOST, &OTHER, None, &options).unwrap();
        let (high, low) =
            (model.score("help, stolen card", None), model.score("what is the fee of a card", None));
        assert!(high > 0.6 && low < 0.4, "{high} {low}");
        assert_eq!(model.fingerprint(), TriggerModel::expected_fingerprint(&LOST, &OTHER, None, &options));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trigger.model");
        model.save(&path).unwrap();
        let again = TriggerModel::load(&path).unwrap();
        assert_eq!(again.score("stolen", None), model.score("stolen", None));
    }

    #[test]
    fn one_side_is_an_error_and_one_example_each_is_not() {
        let options = TrainOptions::default();
        assert!(matches!(TriggerModel::train(&LOST, &[], None, &options), Err(TrainError::OneSided)));
        let model = TriggerModel::train(&LOST[..1], &OTHER[..1], None, &options).unwrap();
        assert!(
            model.score("my blue card was stolen at noon", None)
                > model.score("what does a new card cost", None)
        );
        assert!(!model.may_deny(), "one example denies nothing");
        let many: Vec<String> = (0..40).map(|i| format!("{} {i}", LOST[i % LOST.len()])).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(TriggerModel::train(&many, &OTHER, None, &options).unwrap().may_deny());
        assert!(!TriggerModel::train(&many[1..], &OTHER, None, &options).unwrap().may_deny());
    }
}
