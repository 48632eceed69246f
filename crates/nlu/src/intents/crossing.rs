//! Cross-validation: the views trained on parts of the data, on as many threads as pay.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::neighbours::{Examples, Query};
use super::views::{Data, Views};
use super::vocabulary::Sparse;

/// What a held-out example got from views that never saw it.
#[derive(Debug, Clone)]
pub(super) struct HeldOut {
    /// The example.
    pub(super) row: usize,
    /// The scores of each view.
    pub(super) scores: Vec<Vec<f32>>,
    /// The cosines of the nearest examples in scope and outside, by words.
    pub(super) by_words: (f64, f64),
    /// The same by vectors.
    pub(super) by_vectors: (f64, f64),
    /// The share of its words that the views knew.
    pub(super) known: f64,
    /// Whether its label had examples in training.
    pub(super) seen: bool,
}

/// One training: on the rows outside the part, scored on the rows of the part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Rows to train on.
    pub(super) train: Vec<usize>,
    /// Rows to score.
    pub(super) held: Vec<usize>,
}

/// Data and where its neighbours are found.
#[derive(Clone, Copy)]
pub(super) struct Crossing<'a> {
    /// The training data.
    pub(super) data: Data<'a>,
    /// The same examples as neighbours.
    pub(super) store: &'a Examples,
    /// The word part of each example, as the store has it.
    pub(super) word_parts: &'a [Sparse],
    /// Which labels stand for the outside.
    pub(super) outside: &'a [bool],
    /// Seed of the training.
    pub(super) seed: u64,
}

impl Crossing<'_> {
    /// Trains and scores every part; `done` is called after each, on this thread.
    pub(super) fn run(self, parts: &[Part], done: &mut dyn FnMut()) -> Vec<(Views, Vec<HeldOut>)> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len()).min(8);
        let next = AtomicUsize::new(0);
        let mut results: Vec<Option<(Views, Vec<HeldOut>)>> = parts.iter().map(|_| None).collect();
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(part) = parts.get(place) else { break };
                        if sender.send((place, self.one(part))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (place, result) in receiver {
                results[place] = Some(result);
                done();
            }
        });
        results.into_iter().flatten().collect()
    }

    fn one(self, part: &Part) -> (Views, Vec<HeldOut>) {
        let views = Views::fit(self.data, &part.train, self.seed);
        let mut seen = vec![false; self.data.labels];
        let mut trained = vec![false; self.data.targets.len()];
        for &row in &part.train {
            seen[self.data.targets[row]] = true;
            trained[row] = true;
        }
        let skip = |row: usize| !trained[row];
        let held = part.held.iter().map(|&row| {
            let sparse = views.vocabulary.vector(&self.data.words[row]);
            let vector = self.data.vectors.map(|vectors| vectors.row(row));
            let mut scores = views.scores(&sparse, vector);
            // Words are compared by the whole data's weights, which the store was made with.
            let by_words = self.store.nearest_sides(
                &self.store.compare(&Query::Words(&self.word_parts[row])),
                self.outside,
                skip,
            );
            let mut by_vectors = (0.0, 0.0);
            if let Some(vector) = vector {
                let cosines = self.store.compare(&Query::Vector(vector));
                scores.push(self.store.votes(&cosines, self.data.labels, skip));
                by_vectors = self.store.nearest_sides(&cosines, self.outside, skip);
            }
            let known = views.vocabulary.known_share(&self.data.words[row]);
            HeldOut { row, scores, by_words, by_vectors, known, seen: seen[self.data.targets[row]] }
        });
        let held = held.collect();
        (views, held)
    }
}

/// One part a fold, and last a part of all rows that holds nothing out. Rows without a fold are in
/// every training.
pub(super) fn folds_and_whole(fold_of: &[Option<usize>], folds: usize) -> Vec<Part> {
    let whole = Part { train: (0..fold_of.len()).collect(), held: Vec::new() };
    let part = |fold: usize| {
        let (held, train) = (0..fold_of.len()).partition(|&row| fold_of[row] == Some(fold));
        Part { train, held }
    };
    (0..folds).map(part).chain([whole]).collect()
}
