//! From the views' scores to one calibrated distribution.
//!
//! A logarithmic opinion pool: the views' scores are added with weights and go through a softmax. The
//! weights minimise the log loss of out-of-fold scores, which is convex, and carry each view's
//! temperature with them, so that what comes out is calibrated.

use serde::{Deserialize, Serialize};

use super::lbfgs::{self, Stop};

/// With fewer held-out examples nothing is fitted: what are called the probabilities of intents then follow from
/// weights of another data set, or of nobody's.
pub const FEWEST_TO_BLEND: usize = 10;

/// A weight for each view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Blend {
    /// In the order of the views, none negative.
    pub(super) weights: Vec<f64>,
}

/// One held-out example: the views' scores and the right label.
pub(super) struct Held<'a> {
    /// The scores of each view.
    pub(super) scores: &'a [Vec<f32>],
    /// The right label.
    pub(super) target: usize,
}

impl Blend {
    /// What a model of too few examples for cross-validation uses: what was fitted on half of the labels
    /// of BANKING77, and for the lexical view alone a guess.
    pub(super) fn unfitted(views: usize) -> Self {
        let all = [1.6, 0.7, 0.2, 0.5];
        Self { weights: if views == 1 { vec![6.0] } else { all[..views.min(4)].to_vec() } }
    }

    /// Fits the weights of the first `views` views.
    pub(super) fn fit(held: &[Held<'_>], views: usize) -> Self {
        let mut active: Vec<usize> = (0..views).collect();
        if held.len() < FEWEST_TO_BLEND {
            return Self::unfitted(views);
        }
        loop {
            let mut point: Vec<f64> =
                active.iter().map(|&view| Self::unfitted(views).weights[view]).collect();
            lbfgs::minimise(&mut point, Stop::EXACT, |at, gradient| loss(held, &active, at, gradient));
            let lowest = (0..point.len()).min_by(|&a, &b| point[a].total_cmp(&point[b]));
            match lowest {
                // A view that would count against itself repeats another one: leave it out.
                Some(place) if point[place] < 0.0 && active.len() > 1 => {
                    active.remove(place);
                }
                _ => {
                    let mut weights = vec![0.0; views];
                    active.iter().zip(&point).for_each(|(&view, &weight)| weights[view] = weight.max(0.0));
                    return Self { weights };
                }
            }
        }
    }

    /// The probability of every label.
    pub(super) fn probabilities(&self, scores: &[Vec<f32>]) -> Vec<f64> {
        let mut sums = self.sums(scores);
        softmax(&mut sums);
        sums
    }

    /// The weighted sums, before they become probabilities: how much there is to say for each label,
    /// whatever there is to say for the others.
    pub(super) fn sums(&self, scores: &[Vec<f32>]) -> Vec<f64> {
        let labels = scores.first().map_or(0, Vec::len);
        let mut sums = vec![0.0; labels];
        for (view, weight) in scores.iter().zip(&self.weights) {
            sums.iter_mut().zip(view).for_each(|(sum, score)| *sum += weight * f64::from(*score));
        }
        sums
    }
}

/// Scores become probabilities.
pub(super) fn softmax(scores: &mut [f64]) {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

fn loss(held: &[Held<'_>], active: &[usize], at: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let share = 1.0 / held.len() as f64;
    let mut total = 0.0;
    let mut sums: Vec<f64> = Vec::new();
    for example in held {
        sums.clear();
        sums.resize(example.scores[0].len(), 0.0);
        for (&view, weight) in active.iter().zip(at) {
            let scores = &example.scores[view];
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += weight * f64::from(*score));
        }
        softmax(&mut sums);
        total -= share * sums[example.target].max(1e-300).ln();
        for (slot, &view) in gradient.iter_mut().zip(active) {
            let scores = &example.scores[view];
            let mean: f64 = sums.iter().zip(scores).map(|(p, score)| p * f64::from(*score)).sum();
            *slot += share * (mean - f64::from(scores[example.target]));
        }
    }
    // Hardly anything, but a set that is separated perfectly must not ask for infinite weights.
    let ridge = 1e-4;
    for (slot, weight) in gradient.iter_mut().zip(at) {
        *slot += ridge * share * weight;
        total += 0.5 * ridge * share * weight * weight;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intents::random::Random;

    #[test]
    fn the_view_that_knows_gets_the_weight() {
        let mut random = Random::new(2);
        let scores: Vec<Vec<Vec<f32>>> = (0..200)
            .map(|row| {
                let mut noise = || random.below(100) as f32 / 100.0;
                let mut good = vec![noise(), noise(), noise()];
                good[row % 3] += 0.7;
                vec![vec![noise(), noise(), noise()], good]
            })
            .collect();
        let held: Vec<Held<'_>> =
            scores.iter().enumerate().map(|(row, scores)| Held { scores, target: row % 3 }).collect();
        let blend = Blend::fit(&held, 2);
        assert!(blend.weights[1] > 3.0 * blend.weights[0], "{blend:?}");
        assert!(blend.weights.iter().all(|weight| *weight >= 0.0));
        let total: f64 = blend.probabilities(&scores[0]).iter().sum();
        assert!((total - 1.0).abs() < 1e-9);
    }
}
