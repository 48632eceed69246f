//! Scores into probabilities that hold (Platt 1999). Fit on held-out scores only.

use serde::{Deserialize, Serialize};

use super::lbfgs::{self, Stop};

/// Logistic regression over a handful of features, standardised within.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Logistic {
    weights: Vec<f64>,
    offset: f64,
}

impl Logistic {
    /// Fits. `prior` is the share of hits to expect in life, when it isn't the share in the data.
    pub(super) fn fit(rows: &[&[f64]], hits: &[bool], prior: Option<f64>, ridge: f64) -> Self {
        let size = rows.first().map_or(0, |row| row.len());
        let count = rows.len().max(1) as f64;
        let means: Vec<f64> =
            (0..size).map(|at| rows.iter().map(|row| row[at]).sum::<f64>() / count).collect();
        let spreads: Vec<f64> = (0..size)
            .map(|at| {
                let variance = rows.iter().map(|row| (row[at] - means[at]).powi(2)).sum::<f64>() / count;
                if variance > 1e-12 { variance.sqrt() } else { 1.0 }
            })
            .collect();
        let positive = hits.iter().filter(|hit| **hit).count() as f64;
        let negative = hits.len() as f64 - positive;
        let prior = prior.unwrap_or(positive / count);
        // Each side's rows together weigh what the prior says.
        let weigh = |hit: bool| {
            if hit { prior / positive.max(1.0) } else { (1.0 - prior) / negative.max(1.0) }
        };
        // Platt's targets keep a separable set from asking for infinite weights.
        let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
        let mut point = vec![0.0; size + 1];
        lbfgs::minimise(&mut point, Stop::EXACT, |at, gradient| {
            gradient.fill(0.0);
            let mut loss = 0.0;
            for (row, &hit) in rows.iter().zip(hits) {
                let score =
                    at[size] + (0..size).map(|f| at[f] * (row[f] - means[f]) / spreads[f]).sum::<f64>();
                let goal = if hit { high } else { low };
                let weight = weigh(hit);
                loss += weight * (softplus(score) - goal * score);
                let error = weight * (sigmoid(score) - goal);
                for f in 0..size {
                    gradient[f] += error * (row[f] - means[f]) / spreads[f];
                }
                gradient[size] += error;
            }
            for f in 0..size {
                loss += 0.5 * ridge * at[f] * at[f];
                gradient[f] += ridge * at[f];
            }
            loss
        });
        let offset = point.pop().unwrap_or_default();
        let weights: Vec<f64> = point.iter().zip(&spreads).map(|(weight, spread)| weight / spread).collect();
        let shift: f64 = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
        Self { weights, offset: offset - shift }
    }

    /// The plain sum, for when there was nothing to fit on.
    pub(super) fn sum_of(size: usize) -> Self {
        Self { weights: vec![1.0; size], offset: 0.0 }
    }

    /// The probability of a hit.
    pub(super) fn apply(&self, row: &[f64]) -> f64 {
        sigmoid(self.offset + self.weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>())
    }
}

/// 1 / (1 + e^-x) without overflow.
pub(super) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// The logarithm of the odds, for probabilities kept off the very ends.
pub(super) fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_moves_the_offset() {
        let rows: Vec<[f64; 1]> = (0..100).map(|n| [f64::from(n % 2)]).collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 1]>::as_slice).collect();
        let hits: Vec<bool> = (0..100).map(|n| n % 3 == 0).collect();
        let even = Logistic::fit(&rows, &hits, Some(0.5), 1e-3);
        let rare = Logistic::fit(&rows, &hits, Some(0.1), 1e-3);
        assert!(even.apply(&[0.5]) > rare.apply(&[0.5]));
        assert!(Logistic::fit(&[], &[], None, 1e-3).apply(&[]).is_finite());
    }
}
