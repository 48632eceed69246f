//! The views of an utterance: each one scores every label.

use serde::{Deserialize, Serialize};

use super::features::Word;
use super::matrix::Matrix;
use super::regression;
use super::svm::{Linear, Problem};
use super::vocabulary::{Sparse, Vocabulary};

/// Price of an error for the machines; chosen on splits of the training part of BANKING77.
const LEXICAL_COST: f32 = 1.0;
const JOINED_COST: f32 = 0.3;
/// The same for the regression on vectors.
const SEMANTIC_COST: f64 = 10.0;
/// More steps change nothing but the time.
const SEMANTIC_STEPS: usize = 40;
/// Length of the encoder's vector beside the TF-IDF vector's 1 in the joined view.
const JOINED_SCALE: f32 = 1.8;

/// Number of views with an encoder: lexical, semantic, joined, and the examples' votes. The last one is
/// not trained, it lives in `neighbours`.
pub(super) const VIEWS: usize = 4;
/// Place of the lexical view among the views; the only one without an encoder.
pub(super) const LEXICAL: usize = 0;
/// Place of the semantic view.
pub(super) const SEMANTIC: usize = 1;
/// Place of the joined view.
pub(super) const JOINED: usize = 2;

/// The trained views.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Views {
    /// What the lexical view knows.
    pub(super) vocabulary: Vocabulary,
    /// Support vector machine on TF-IDF.
    pub(super) lexical: Linear,
    /// The views that need the encoder.
    encoded: Option<Encoded>,
}

/// The views that need the encoder.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Encoded {
    semantic: Linear,
    joined: Linear,
}

/// Training data, prepared once for all folds.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    /// The words of each example.
    pub(super) words: &'a [Vec<Word>],
    /// The encoder's vectors, one a row.
    pub(super) vectors: Option<&'a Matrix>,
    /// The label of each example.
    pub(super) targets: &'a [usize],
    /// Number of labels.
    pub(super) labels: usize,
}

impl Views {
    /// Trains on some of the rows.
    pub(super) fn fit(data: Data<'_>, rows: &[usize], seed: u64) -> Self {
        let words: Vec<&[Word]> = rows.iter().map(|&row| data.words[row].as_slice()).collect();
        let targets: Vec<usize> = rows.iter().map(|&row| data.targets[row]).collect();
        let vocabulary = Vocabulary::fit(&words, data.labels);
        let sparse: Vec<Sparse> = words.iter().map(|words| vocabulary.vector(words)).collect();
        let problem = Problem {
            sparse: Some(&sparse),
            features: vocabulary.len(),
            dense: None,
            targets: &targets,
            labels: data.labels,
            cost: LEXICAL_COST,
        };
        let lexical = problem.train(seed);
        let encoded = data.vectors.map(|vectors| {
            let dense = vectors.select(rows);
            let mut scaled = dense.clone();
            scaled.data.iter_mut().for_each(|cell| *cell *= JOINED_SCALE);
            Encoded {
                semantic: regression::train(&dense, &targets, data.labels, SEMANTIC_COST, SEMANTIC_STEPS),
                joined: Problem { dense: Some(&scaled), cost: JOINED_COST, ..problem }.train(seed),
            }
        });
        Self { vocabulary, lexical, encoded }
    }

    /// The scores of the trained views: the lexical one without a vector, three with one.
    pub(super) fn scores(&self, row: &Sparse, vector: Option<&[f32]>) -> Vec<Vec<f32>> {
        let mut all = vec![self.lexical.scores(Some(row), None)];
        if let (Some(encoded), Some(vector)) = (&self.encoded, vector) {
            all.push(encoded.semantic.scores(None, Some(vector)));
            let scaled: Vec<f32> = vector.iter().map(|cell| cell * JOINED_SCALE).collect();
            all.push(encoded.joined.scores(Some(row), Some(&scaled)));
        }
        all
    }

    /// The vector, when the encoded views can use it: of their length, and of numbers.
    pub(super) fn usable<'v>(&self, vector: Option<&'v [f32]>) -> Option<&'v [f32]> {
        vector.filter(|vector| {
            self.dimensions() == Some(vector.len()) && vector.iter().all(|cell| cell.is_finite())
        })
    }

    /// Length of the vectors that the encoded views expect.
    pub(super) fn dimensions(&self) -> Option<usize> {
        self.encoded.as_ref().map(|encoded| encoded.semantic.dense.rows)
    }
}
