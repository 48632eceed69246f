//! One-vs-rest linear support vector machines, all labels at once.
//!
//! Dual coordinate descent for the squared hinge loss (Hsieh et al. 2008). The labels' problems are
//! independent; walking them together, with a feature's weights for all labels side by side, reads
//! each feature once for all labels and vectorises.

use serde::{Deserialize, Serialize};

use super::matrix::{Matrix, add_scaled, padded};
use super::random::Random;
use super::vocabulary::Sparse;

const MOST_EPOCHS: usize = 40;
/// Stop when no dual gradient is larger than this.
const TOLERANCE: f32 = 0.1;

/// Weights of a linear model over a sparse part, a dense part, or both.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Linear {
    /// Features times labels (padded).
    pub(super) sparse: Matrix,
    /// Dimensions times labels (padded).
    pub(super) dense: Matrix,
    /// One a label (padded).
    #[serde(with = "super::packing::floats")]
    pub(super) bias: Vec<f32>,
    /// Labels, without the padding.
    pub(super) labels: usize,
}

impl Linear {
    /// All zero.
    pub(super) fn zeros(features: usize, dimensions: usize, labels: usize) -> Self {
        let width = padded(labels);
        Self {
            sparse: Matrix::zeros(features, width),
            dense: Matrix::zeros(dimensions, width),
            bias: vec![0.0; width],
            labels,
        }
    }

    /// The score of every label.
    pub(super) fn scores(&self, sparse: Option<&Sparse>, dense: Option<&[f32]>) -> Vec<f32> {
        let mut scores = self.bias.clone();
        pulp::Arch::new().dispatch(|| self.add_to(sparse, dense, &mut scores));
        scores.truncate(self.labels);
        scores
    }

    #[inline(always)]
    fn add_to(&self, sparse: Option<&Sparse>, dense: Option<&[f32]>, scores: &mut [f32]) {
        for (feature, value) in sparse.into_iter().flat_map(Sparse::iter) {
            add_scaled(scores, value, self.sparse.row(feature));
        }
        for (dimension, &value) in dense.into_iter().flatten().enumerate() {
            add_scaled(scores, value, self.dense.row(dimension));
        }
    }
}

/// What a machine learns from.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// The sparse parts, one a row.
    pub(super) sparse: Option<&'a [Sparse]>,
    /// Number of sparse features.
    pub(super) features: usize,
    /// The dense parts, one a row.
    pub(super) dense: Option<&'a Matrix>,
    /// The label of each row.
    pub(super) targets: &'a [usize],
    /// Number of labels.
    pub(super) labels: usize,
    /// Price of an error against the size of the weights (liblinear's C).
    pub(super) cost: f32,
}

impl Problem<'_> {
    /// Trains.
    pub(super) fn train(&self, seed: u64) -> Linear {
        pulp::Arch::new().dispatch(|| self.descend(seed))
    }

    #[inline(always)]
    fn descend(&self, seed: u64) -> Linear {
        let rows = self.targets.len();
        let mut model =
            Linear::zeros(self.features, self.dense.map_or(0, |dense| dense.columns), self.labels);
        let width = padded(self.labels);
        let mut duals = Matrix::zeros(rows, width);
        let diagonal = 0.5 / self.cost;
        let norms: Vec<f32> = (0..rows).map(|row| 1.0 + diagonal + self.square(row)).collect();
        let mut order: Vec<usize> = (0..rows).collect();
        let mut random = Random::new(seed);
        let mut scores = vec![0.0_f32; width];
        let mut steps = vec![0.0_f32; width];
        for _ in 0..MOST_EPOCHS {
            random.shuffle(&mut order);
            let mut worst = 0.0_f32;
            for &row in &order {
                scores.copy_from_slice(&model.bias);
                let sparse = self.sparse.map(|rows| &rows[row]);
                let dense = self.dense.map(|matrix| matrix.row(row));
                model.add_to(sparse, dense, &mut scores);
                let target = self.targets[row];
                let norm = norms[row];
                let mut moved = 0;
                let alphas = duals.row_mut(row);
                for (label, ((alpha, score), step)) in
                    alphas[..self.labels].iter_mut().zip(&scores).zip(&mut steps).enumerate()
                {
                    let sign = if label == target { 1.0 } else { -1.0 };
                    let gradient = sign * score - 1.0 + *alpha * diagonal;
                    let next = (*alpha - gradient / norm).max(0.0);
                    *step = sign * (next - *alpha);
                    worst = worst.max((next - *alpha).abs() * norm);
                    *alpha = next;
                    moved += usize::from(*step != 0.0);
                }
                if moved > 0 {
                    model.step(sparse, dense, &steps, moved);
                }
            }
            if worst < TOLERANCE {
                break;
            }
        }
        model
    }

    fn square(&self, row: usize) -> f32 {
        let sparse = self.sparse.map_or(0.0, |rows| rows[row].value.iter().map(|value| value * value).sum());
        let dense: f32 =
            self.dense.map_or(0.0, |matrix| matrix.row(row).iter().map(|value| value * value).sum());
        sparse + dense
    }
}

impl Linear {
    /// Adds the row times the labels' steps to the weights.
    #[inline(always)]
    fn step(&mut self, sparse: Option<&Sparse>, dense: Option<&[f32]>, steps: &[f32], moved: usize) {
        add_scaled(&mut self.bias, 1.0, steps);
        if moved * 8 > steps.len() {
            for (feature, value) in sparse.into_iter().flat_map(Sparse::iter) {
                add_scaled(self.sparse.row_mut(feature), value, steps);
            }
            for (dimension, &value) in dense.into_iter().flatten().enumerate() {
                add_scaled(self.dense.row_mut(dimension), value, steps);
            }
        } else {
            // Most labels are settled after a few rounds; only the moved ones are written then.
            let few: Vec<(usize, f32)> =
                steps.iter().copied().enumerate().filter(|&(_, step)| step != 0.0).collect();
            for (feature, value) in sparse.into_iter().flat_map(Sparse::iter) {
                let row = self.sparse.row_mut(feature);
                few.iter().for_each(|&(label, step)| row[label] += value * step);
            }
            for (dimension, &value) in dense.into_iter().flatten().enumerate() {
                let row = self.dense.row_mut(dimension);
                few.iter().for_each(|&(label, step)| row[label] += value * step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_what_can_be_separated() {
        let row = |index: u32| Sparse { index: vec![index], value: vec![1.0] };
        let rows = vec![row(0), row(1), row(2), row(0), row(1), row(2)];
        let dense = Matrix::from_rows([[0.0_f32, 1.0].as_slice(); 6]);
        let problem = Problem {
            sparse: Some(&rows),
            features: 3,
            dense: Some(&dense),
            targets: &[0, 1, 2, 0, 1, 2],
            labels: 3,
            cost: 1.0,
        };
        let model = problem.train(1);
        for label in 0..3_u32 {
            let scores = model.scores(Some(&row(label)), Some(&[0.0, 1.0]));
            let best = (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            assert_eq!(best, Some(label as usize));
        }
        assert_eq!(problem.train(1).bias, model.bias);
    }
}
