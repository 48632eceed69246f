//! Examples, checked and turned into numbers.

use std::collections::BTreeSet;

use super::error::TrainError;
use super::features::{self, Word};
use super::matrix::Matrix;
use super::neighbours::Examples;
use super::views::{Data, VIEWS};
use super::vocabulary::{Sparse, Vocabulary};
use super::{Example, TrainOptions, folds};
use crate::encoder::Encoder;

/// Labels that one model can tell apart: its weights grow with labels times features; a bank has a hundred intents, not
/// this many.
pub const MOST_LABELS: usize = 1_000;
/// Examples times labels. Cross-validation keeps a score of four views for each, 16 bytes together: 400 MB for so many,
/// 300 intents of 80 examples take 31 MB.
const MOST_SCORES: usize = 25_000_000;
/// Texts encoded between two reports of progress.
const BATCH: usize = 64;

/// Whether names of labels teach too. "card_arrival" is a ninth example where there are eight, and
/// lost in the crowd where there are a hundred.
#[derive(Clone, Copy)]
pub(super) enum Names<'a> {
    /// All, but of these labels ("unknown" says nothing about what is outside).
    But(&'a [&'a str]),
    /// None.
    Mute,
}

/// Examples, checked and turned into numbers. Rows past the texts are names of labels.
pub(super) struct Prepared<'a> {
    pub(super) texts: Vec<&'a str>,
    pub(super) words: Vec<Vec<Word>>,
    pub(super) vectors: Option<Matrix>,
    pub(super) labels: Vec<String>,
    pub(super) targets: Vec<usize>,
}

impl Prepared<'_> {
    /// For the views.
    pub(super) fn data(&self) -> Data<'_> {
        Data {
            words: &self.words,
            vectors: self.vectors.as_ref(),
            targets: &self.targets,
            labels: self.labels.len(),
        }
    }

    /// How many views there will be.
    pub(super) fn views(&self) -> usize {
        if self.vectors.is_some() { VIEWS } else { 1 }
    }

    /// Folds that make sense: none when no label has two examples.
    pub(super) fn folds(&self, options: &TrainOptions) -> usize {
        let mut sizes = vec![0_usize; self.labels.len()];
        self.targets[..self.texts.len()].iter().for_each(|&target| sizes[target] += 1);
        match sizes.iter().max() {
            Some(&most) if most >= 2 && options.folds >= 2 => options.folds.min(self.texts.len()),
            _ => 0,
        }
    }

    /// The fold of each row; names have none, they are never held out.
    pub(super) fn fold_of(&self, folds: usize, options: &TrainOptions) -> Vec<Option<usize>> {
        let of_texts = folds::assign(&self.texts, &self.targets[..self.texts.len()], folds, options.seed);
        let names = self.targets.len() - self.texts.len();
        of_texts.into_iter().map(Some).chain(std::iter::repeat_n(None, names)).collect()
    }

    /// The word part of each row, by the vocabulary of all.
    pub(super) fn word_parts(&self) -> Vec<Sparse> {
        let vocabulary = Vocabulary::fit(&self.words, self.labels.len());
        self.words.iter().map(|words| vocabulary.word_part(&vocabulary.vector(words))).collect()
    }

    /// The rows as neighbours.
    pub(super) fn store(&self, word_parts: &[Sparse]) -> Examples {
        Examples::new(&self.texts, &self.targets, self.vectors.as_ref(), word_parts)
    }
}

/// Checks the examples and encodes them.
pub(super) fn prepare<'a>(
    examples: &[Example<'a>],
    names: Names<'_>,
    encoder: Option<&dyn Encoder>,
    progress: &mut dyn FnMut(),
) -> Result<Prepared<'a>, TrainError> {
    let labels = check(examples)?;
    let texts: Vec<&str> = examples.iter().map(|example| example.text).collect();
    // The labels are sorted and hold every label, so the place is where it belongs.
    let place = |label: &str| labels.partition_point(|known| *known < label.trim());
    let mut targets: Vec<usize> = examples.iter().map(|example| place(example.label)).collect();
    let mut spoken: Vec<String> = Vec::new();
    if let Names::But(mute) = names {
        for (target, label) in labels.iter().enumerate().filter(|(_, label)| !mute.contains(label)) {
            let name: Vec<&str> = label.split(|letter: char| !letter.is_alphanumeric()).collect();
            if label.chars().any(char::is_alphabetic) {
                spoken.push(name.join(" "));
                targets.push(target);
            }
        }
    }
    let all: Vec<&str> = texts.iter().copied().chain(spoken.iter().map(String::as_str)).collect();
    let vectors = encoder.map(|encoder| encode(encoder, &all, progress)).transpose()?;
    let words = all.iter().map(|text| features::words(text)).collect();
    Ok(Prepared { words, vectors, targets, labels: labels.into_iter().map(str::to_owned).collect(), texts })
}

/// The labels, sorted.
fn check<'a>(examples: &[Example<'a>]) -> Result<Vec<&'a str>, TrainError> {
    let labels: BTreeSet<&str> = examples.iter().map(|example| example.label.trim()).collect();
    if examples.is_empty() {
        return Err(TrainError::NoExamples);
    }
    if let Some(place) = examples.iter().position(|example| example.label.trim().is_empty()) {
        return Err(TrainError::EmptyLabel(place + 1));
    }
    if let Some(place) = examples.iter().position(|example| example.text.trim().is_empty()) {
        return Err(TrainError::EmptyText { number: place + 1, label: examples[place].label.to_owned() });
    }
    if labels.len() < 2 {
        return Err(TrainError::OneLabel(examples[0].label.to_owned()));
    }
    if labels.len() > MOST_LABELS {
        return Err(TrainError::TooManyLabels { found: labels.len(), limit: MOST_LABELS });
    }
    if examples.len().saturating_mul(labels.len()) > MOST_SCORES {
        return Err(TrainError::TooMuch {
            examples: examples.len(),
            labels: labels.len(),
            limit: MOST_SCORES,
        });
    }
    Ok(labels.into_iter().collect())
}

/// How many batches encoding takes; the few names are not counted.
pub(super) fn batches(examples: usize, encoder: Option<&dyn Encoder>) -> usize {
    if encoder.is_some() { examples.div_ceil(BATCH) } else { 0 }
}

fn encode(encoder: &dyn Encoder, texts: &[&str], progress: &mut dyn FnMut()) -> Result<Matrix, TrainError> {
    let mut matrix = Matrix { columns: encoder.dimensions(), ..Matrix::default() };
    for batch in texts.chunks(BATCH) {
        let vectors = encoder.encode(batch)?;
        let fits =
            |vector: &&Vec<f32>| vector.len() == matrix.columns && vector.iter().all(|cell| cell.is_finite());
        let right = vectors.iter().filter(fits).count();
        if right != batch.len() || vectors.len() != batch.len() {
            return Err(TrainError::Vectors { found: right, wanted: batch.len() });
        }
        vectors.iter().for_each(|vector| matrix.data.extend_from_slice(vector));
        matrix.rows += batch.len();
        progress();
    }
    Ok(matrix)
}
