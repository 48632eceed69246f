//! Multinomial logistic regression on the encoder's vectors.

use super::lbfgs::{self, Stop};
use super::matrix::{Matrix, padded};
use super::svm::Linear;

/// Trains multinomial logistic regression; `cost` is the price of an error against the weights' size.
pub(super) fn train(rows: &Matrix, targets: &[usize], labels: usize, cost: f64, steps: usize) -> Linear {
    let width = padded(labels);
    let (count, dimensions) = (rows.rows, rows.columns);
    let turned = rows.transposed();
    let penalty = 1.0 / (cost * count as f64);
    let mut weights = Matrix::zeros(dimensions, width);
    let mut scores = Matrix::zeros(count, width);
    let mut slopes = Matrix::zeros(dimensions, width);
    let bias_at = dimensions * width;
    let mut point = vec![0.0_f64; bias_at + width];
    let stop = Stop { steps, gradient: 1e-6, decrease: 1e-5 };
    lbfgs::minimise(&mut point, stop, |at, gradient| {
        for (cell, value) in weights.data.iter_mut().zip(at) {
            *cell = *value as f32;
        }
        rows.multiply(&weights, &mut scores);
        let mut loss = 0.0;
        let mut bias_slopes = vec![0.0_f64; width];
        let share = 1.0 / count as f32;
        for (row, &target) in targets.iter().enumerate() {
            let row = scores.row_mut(row);
            for (score, bias) in row[..labels].iter_mut().zip(&at[bias_at..]) {
                *score += *bias as f32;
            }
            loss -= f64::from(log_softmax(&mut row[..labels], target)) / count as f64;
            row[labels..].fill(0.0);
            row[target] -= 1.0;
            for (cell, slope) in row.iter_mut().zip(&mut bias_slopes) {
                *cell *= share;
                *slope += f64::from(*cell);
            }
        }
        turned.multiply(&scores, &mut slopes);
        for ((slot, slope), value) in gradient.iter_mut().zip(&slopes.data).zip(at) {
            *slot = f64::from(*slope) + penalty * value;
            loss += 0.5 * penalty * value * value;
        }
        gradient[bias_at..].copy_from_slice(&bias_slopes);
        loss
    });
    let mut model = Linear::zeros(0, dimensions, labels);
    for (cell, value) in model.dense.data.iter_mut().zip(&point) {
        *cell = *value as f32;
    }
    for (cell, value) in model.bias.iter_mut().zip(&point[bias_at..]) {
        *cell = *value as f32;
    }
    model
}

/// Turns scores into probabilities and gives the logarithm of the target's.
fn log_softmax(scores: &mut [f32], target: usize) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let wanted = scores[target] - highest;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
    wanted - sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intents::random::Random;

    fn clouds() -> (Matrix, Vec<usize>) {
        let mut random = Random::new(5);
        let mut rows = Matrix::zeros(60, 4);
        let targets: Vec<usize> = (0..60).map(|row| row % 3).collect();
        for (row, &target) in targets.iter().enumerate() {
            for cell in rows.row_mut(row).iter_mut() {
                *cell = random.below(100) as f32 / 500.0;
            }
            rows.row_mut(row)[target] += 1.0;
        }
        (rows, targets)
    }

    fn right(model: &Linear, rows: &Matrix, targets: &[usize]) -> usize {
        let best = |row| {
            let scores = model.scores(None, Some(rows.row(row)));
            (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
        };
        targets.iter().enumerate().filter(|&(row, &target)| best(row) == Some(target)).count()
    }

    #[test]
    fn separates_three_clouds() {
        let (rows, targets) = clouds();
        assert_eq!(right(&train(&rows, &targets, 3, 10.0, 50), &rows, &targets), 60);
    }
}
