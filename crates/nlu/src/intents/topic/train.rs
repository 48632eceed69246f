//! Training of the topic gate: main axes by orthogonal iteration, a support vector machine with an
//! RBF kernel by dual coordinate descent (Hsieh et al. 2008), and the logit by Platt's method on
//! held-out parts.

use std::path::Path;

use super::super::calibrate::Logistic;
use super::super::error::{ModelFileError, TrainError};
use super::super::matrix::{Matrix, add_scaled};
use super::super::model_file;
use super::super::random::Random;
use super::{KIND, Probe, Topic, dot, normalise};
use crate::encoder::Encoder;

/// Figures beyond this add nothing on held-out rows, figures below lose; tried from 64 to 192.
const AXES: usize = 64;
const ROUNDS: usize = 40;
const GAMMA: f32 = 2.2;
const COST: f32 = 1.0;
/// Passes over all examples; the weights stand still long before.
const PASSES: usize = 25;
const PARTS: usize = 3;
/// The outside's share in a bank's chat, as in the bank's own gate.
const OUTSIDE_SHARE: f64 = 0.2;
/// Sentences of our own that tell one encoder from another.
const PROBES: [&str; 4] = [
    "Which papers do I bring when I open an account for my daughter?",
    "the ferry leaves at nine and the dog is still asleep",
    "WHY WAS I CHARGED TWICE",
    "Please translate the recipe for plum dumplings.",
];

/// A sentence to learn from.
#[derive(Debug, Clone, Copy)]
pub struct TopicExample<'a> {
    /// The sentence.
    pub text: &'a str,
    /// About banking?
    pub inside: bool,
    /// How much it counts, above 0; 1 is usual.
    pub weight: f32,
}

impl Topic {
    /// Learns from sentences of several sources. `progress` is told how many of how many steps are done.
    ///
    /// # Errors
    /// When there is nothing to learn from, or the encoder fails.
    pub fn train(
        examples: &[TopicExample<'_>],
        encoder: &dyn Encoder,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, TrainError> {
        if !examples.iter().any(|e| e.inside) || examples.iter().all(|e| e.inside) {
            return Err(TrainError::NoExamples);
        }
        let batches = examples.len().div_ceil(64);
        let total = batches + PARTS + 2;
        let mut vectors = Matrix { columns: encoder.dimensions(), ..Matrix::default() };
        for (at, batch) in examples.chunks(64).enumerate() {
            let texts: Vec<&str> = batch.iter().map(|e| e.text).collect();
            for vector in encoder.encode(&texts)? {
                vectors.data.extend_from_slice(&vector);
                vectors.rows += 1;
            }
            progress(at + 1, total);
        }
        let mean = mean(&vectors);
        let axes = main_axes(&vectors, &mean);
        let mut topic = Self {
            mean,
            axes,
            points: Vec::new(),
            weights: Vec::new(),
            bias: 0.0,
            gamma: GAMMA,
            slope: 1.0,
            offset: 0.0,
            probes: probes(encoder)?,
        };
        let mut along = Matrix { columns: AXES, ..Matrix::default() };
        for row in 0..vectors.rows {
            along.data.extend(topic.along(vectors.row(row)));
            along.rows += 1;
        }
        progress(batches + 1, total);
        let sides: Vec<f32> = examples.iter().map(|e| if e.inside { 1.0 } else { -1.0 }).collect();
        let costs: Vec<f32> = examples.iter().map(|e| COST * e.weight).collect();

        let (mut verdicts, mut inside) = (Vec::new(), Vec::new());
        for part in 0..PARTS {
            let (held, seen): (Vec<usize>, Vec<usize>) = (0..along.rows).partition(|row| row % PARTS == part);
            topic.fit(&along, &sides, &costs, &seen);
            for row in held {
                verdicts.push([f64::from(topic.verdict(along.row(row)))]);
                inside.push(examples[row].inside);
            }
            progress(batches + 2 + part, total);
        }
        let rows: Vec<&[f64]> = verdicts.iter().map(<[f64; 1]>::as_slice).collect();
        let platt = Logistic::fit(&rows, &inside, Some(1.0 - OUTSIDE_SHARE), 1e-3);
        topic.fit(&along, &sides, &costs, &(0..along.rows).collect::<Vec<_>>());
        let logit = |x: f64| {
            let p = platt.apply(&[x]).clamp(1e-12, 1.0 - 1e-12);
            (p / (1.0 - p)).ln()
        };
        topic.offset = logit(0.0);
        topic.slope = logit(1.0) - logit(0.0);
        progress(total, total);
        Ok(topic)
    }

    /// Writes the file that the program ships.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelFileError> {
        model_file::save(path, KIND, self)
    }

    /// Dual coordinate descent on the hinge loss; the bias is a constant in the kernel.
    fn fit(&mut self, along: &Matrix, sides: &[f32], costs: &[f32], rows: &[usize]) {
        let count = rows.len();
        let chosen = along.select(rows);
        let mut near = Matrix::zeros(count, count);
        chosen.multiply(&chosen.transposed(), &mut near);
        near.data.iter_mut().for_each(|cell| *cell = (-2.0 * self.gamma * (1.0 - *cell)).exp() + 1.0);
        let mut alphas = vec![0.0_f32; count];
        let mut sums = vec![0.0_f32; count];
        let mut order: Vec<usize> = (0..count).collect();
        let mut random = Random::new(1);
        for _ in 0..PASSES {
            random.shuffle(&mut order);
            let mut moved = 0.0_f32;
            for &at in &order {
                let side = sides[rows[at]];
                let step = (1.0 - side * sums[at]) / near.row(at)[at];
                let new = (alphas[at] + step).clamp(0.0, costs[rows[at]]);
                let change = new - alphas[at];
                if change.abs() > 1e-6 {
                    alphas[at] = new;
                    add_scaled(&mut sums, change * side, near.row(at));
                    moved = moved.max(change.abs());
                }
            }
            if moved < 1e-3 {
                break;
            }
        }
        self.points.clear();
        self.weights.clear();
        self.bias = 0.0;
        for (at, alpha) in alphas.iter().enumerate() {
            self.bias += alpha * sides[rows[at]];
            if *alpha > 1e-4 {
                let point =
                    chosen.row(at).iter().map(|cell| (cell * 127.0).round().clamp(-127.0, 127.0) as i8);
                self.points.extend(point);
                self.weights.push(alpha * sides[rows[at]]);
            }
        }
    }
}

fn probes(encoder: &dyn Encoder) -> Result<Vec<Probe>, TrainError> {
    let vectors = encoder.encode(&PROBES)?;
    Ok(PROBES.iter().zip(vectors).map(|(text, vector)| Probe { text: (*text).to_owned(), vector }).collect())
}

fn mean(vectors: &Matrix) -> Vec<f32> {
    let mut mean = vec![0.0; vectors.columns];
    for row in 0..vectors.rows {
        add_scaled(&mut mean, 1.0 / vectors.rows as f32, vectors.row(row));
    }
    mean
}

/// The directions in which the vectors differ most, one a row, by orthogonal iteration.
fn main_axes(vectors: &Matrix, mean: &[f32]) -> Matrix {
    let width = vectors.columns;
    let mut centred = vectors.clone();
    for row in 0..centred.rows {
        add_scaled(centred.row_mut(row), -1.0, mean);
    }
    let mut spread = Matrix::zeros(width, width);
    centred.transposed().multiply(&centred, &mut spread);
    let mut random = Random::new(7);
    let mut axes = Matrix::zeros(AXES, width);
    axes.data.iter_mut().for_each(|cell| *cell = random.below(2_001) as f32 / 1_000.0 - 1.0);
    for _ in 0..ROUNDS {
        let mut turned = Matrix::zeros(AXES, width);
        // The spread is symmetric, so its rows are its columns.
        axes.multiply(&spread, &mut turned);
        for axis in 0..AXES {
            for before in 0..axis {
                let other = turned.row(before).to_vec();
                let share = dot(turned.row(axis), &other);
                add_scaled(turned.row_mut(axis), -share, &other);
            }
            normalise(turned.row_mut(axis));
        }
        axes = turned;
    }
    axes
}
