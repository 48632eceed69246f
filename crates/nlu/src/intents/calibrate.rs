//! Scores into probabilities that hold: temperature, Platt, isotonic. Fit on held-out scores only.

use serde::{Deserialize, Serialize};

use super::blend::softmax;
use super::lbfgs::{self, Stop};

/// One number that divides all scores (Guo et al. 2017): the order of the labels never changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    inverse: f64,
}

impl Temperature {
    /// Fits on rows of scores and the right column of each.
    #[must_use]
    pub fn fit(rows: &[Vec<f64>], targets: &[usize]) -> Self {
        let mut point = vec![0.0];
        let count = rows.len().max(1) as f64;
        // In the logarithm, so that the temperature stays positive.
        lbfgs::minimise(&mut point, Stop::EXACT, |at, gradient| {
            let inverse = at[0].exp();
            let (mut loss, mut slope) = (0.0, 0.0);
            for (row, &target) in rows.iter().zip(targets) {
                let mut shares: Vec<f64> = row.iter().map(|score| score * inverse).collect();
                softmax(&mut shares);
                loss -= shares[target].max(1e-300).ln() / count;
                let mean: f64 = shares.iter().zip(row).map(|(share, score)| share * score).sum();
                slope += (mean - row[target]) * inverse / count;
            }
            gradient[0] = slope + 2e-6 * at[0];
            loss + 1e-6 * at[0] * at[0]
        });
        Self { inverse: point[0].exp() }
    }

    /// The probabilities of one row of scores.
    #[must_use]
    pub fn apply(&self, scores: &[f64]) -> Vec<f64> {
        let mut shares: Vec<f64> = scores.iter().map(|score| score * self.inverse).collect();
        softmax(&mut shares);
        shares
    }
}

/// A sigmoid over one score (Platt 1999), with Platt's smoothed targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    slope: f64,
    offset: f64,
}

impl Platt {
    /// Fits on scores and whether each was a hit.
    #[must_use]
    pub fn fit(scores: &[f64], hits: &[bool]) -> Self {
        let rows: Vec<[f64; 1]> = scores.iter().map(|score| [*score]).collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 1]>::as_slice).collect();
        let logistic = Logistic::fit(&rows, hits, None, 1e-6);
        Self { slope: logistic.weights.first().copied().unwrap_or_default(), offset: logistic.offset }
    }

    /// The probability of a hit.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        sigmoid(self.slope * score + self.offset)
    }
}

/// A rising staircase (pool adjacent violators), straight between its steps' middles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    scores: Vec<f64>,
    shares: Vec<f64>,
}

impl Isotonic {
    /// Fits on scores and whether each was a hit.
    #[must_use]
    pub fn fit(scores: &[f64], hits: &[bool]) -> Self {
        let mut pairs: Vec<(f64, f64)> =
            scores.iter().zip(hits).map(|(score, hit)| (*score, f64::from(u8::from(*hit)))).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Blocks of (sum of scores, sum of hits, size).
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        for (score, hit) in pairs {
            blocks.push((score, hit, 1.0));
            while let [.., before, last] = blocks.as_slice() {
                if before.1 / before.2 < last.1 / last.2 {
                    break;
                }
                let merged = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
                blocks.truncate(blocks.len() - 2);
                blocks.push(merged);
            }
        }
        Self {
            scores: blocks.iter().map(|block| block.0 / block.2).collect(),
            // Half a hit and half a miss more, so that nothing is ever certain.
            shares: blocks.iter().map(|block| (block.1 + 0.5) / (block.2 + 1.0)).collect(),
        }
    }

    /// The probability of a hit; 0.5 when nothing was fitted.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        let above = self.scores.partition_point(|known| *known < score);
        match (above.checked_sub(1).map(|at| (self.scores[at], self.shares[at])), self.scores.get(above)) {
            (None, None) => 0.5,
            (None, Some(_)) => self.shares[0],
            (Some((_, share)), None) => share,
            (Some((low, from)), Some(high)) => {
                let part = if *high > low { (score - low) / (high - low) } else { 0.0 };
                from + part * (self.shares[above] - from)
            }
        }
    }
}

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
    fn a_temperature_tames_overconfidence() {
        // Scores say 10 to 1 in logits; only four of five are right.
        let rows: Vec<Vec<f64>> = (0..100).map(|_| vec![10.0, 0.0]).collect();
        let targets: Vec<usize> = (0..100).map(|n| usize::from(n % 5 == 0)).collect();
        let temperature = Temperature::fit(&rows, &targets);
        assert!((temperature.apply(&[10.0, 0.0])[0] - 0.8).abs() < 0.01);
    }

    #[test]
    fn platt_and_isotonic_rise_and_hold() {
        let scores: Vec<f64> = (0..1000).map(|n| f64::from(n) / 100.0).collect();
        let hits: Vec<bool> = (0..1000).map(|n: i32| n * 7919 % 1000 < n).collect();
        let platt = Platt::fit(&scores, &hits);
        let isotonic = Isotonic::fit(&scores, &hits);
        for (apply, slack) in
            [(&(|s| platt.apply(s)) as &dyn Fn(f64) -> f64, 0.06), (&|s| isotonic.apply(s), 0.06)]
        {
            assert!(apply(1.0) < apply(5.0) && apply(5.0) < apply(9.0));
            assert!((apply(5.0) - 0.5).abs() < slack, "{}", apply(5.0));
        }
        assert!(isotonic.apply(-5.0) >= 0.0 && isotonic.apply(99.0) <= 1.0);
    }

    #[test]
    fn a_prior_moves_the_offset() {
        let rows: Vec<[f64; 1]> = (0..100).map(|n| [f64::from(n % 2)]).collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 1]>::as_slice).collect();
        let hits: Vec<bool> = (0..100).map(|n| n % 3 == 0).collect();
        let even = Logistic::fit(&rows, &hits, Some(0.5), 1e-3);
        let rare = Logistic::fit(&rows, &hits, Some(0.1), 1e-3);
        assert!(even.apply(&[0.5]) > rare.apply(&[0.5]));
        assert!(Platt::fit(&[], &[]).apply(0.0).is_finite());
    }
}
