//! Is this in scope at all? A supervised gate over what the views and the neighbours say.
//!
//! A distance to the training examples would recognise whose sentences these are, not what they are
//! about, and refuse half of other people's questions. So the gate weighs several signs, learned from
//! examples of the outside; without any, from labels that play "never seen" in turn.

use serde::{Deserialize, Serialize};

use super::blend::softmax;
use super::calibrate::{Logistic, logit};
use super::views::{JOINED, LEXICAL, SEMANTIC};

/// The share of questions outside that a bank's chat sees; the data's own share is an accident of how
/// many examples somebody wrote.
const OUTSIDE_SHARE: f64 = 0.2;
const RIDGE: f64 = 1e-3;
/// With fewer examples on one side, in scope or outside, nothing is learned of that border: what is called the
/// probability of being in scope is then the bare similarity to the nearest example.
pub const FEWEST_A_SIDE: usize = 5;

/// The trained gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Gate {
    logistic: Option<Logistic>,
}

/// What is known of one utterance.
pub(super) struct Evidence<'a> {
    /// The blended sums of each label, before the softmax.
    pub(super) summed: &'a [f64],
    /// The blended probability of each label.
    pub(super) blended: &'a [f64],
    /// Each view's scores.
    pub(super) scores: &'a [Vec<f32>],
    /// Which labels stand for the outside.
    pub(super) outside: &'a [bool],
    /// The most similar example in scope, and the most similar outside.
    pub(super) similar: (f64, f64),
    /// The share of words known.
    pub(super) known: f64,
}

impl Evidence<'_> {
    /// The signs that the gate weighs.
    pub(super) fn signs(&self) -> Vec<f64> {
        let outside_of = |shares: &[f64]| -> f64 {
            shares.iter().zip(self.outside).filter(|(_, out)| **out).map(|(share, _)| share).sum()
        };
        let best = |view: usize, out: bool| -> f64 {
            let scores = self.scores.get(view).into_iter().flatten().map(|score| f64::from(*score));
            highest(scores.zip(self.outside), out)
        };
        let said = |out: bool| highest(self.summed.iter().copied().zip(self.outside), out);
        let mut semantic: Vec<f64> =
            self.scores.get(SEMANTIC).into_iter().flatten().map(|score| f64::from(*score)).collect();
        softmax(&mut semantic);
        let surest = self
            .blended
            .iter()
            .zip(self.outside)
            .filter(|(_, out)| !**out)
            .map(|(p, _)| *p)
            .fold(0.0, f64::max);
        vec![
            logit(outside_of(self.blended)),
            logit(outside_of(&semantic)),
            logit(surest),
            best(LEXICAL, false),
            best(LEXICAL, true),
            best(JOINED, false),
            best(JOINED, true),
            said(false),
            said(true),
            self.similar.0,
            self.similar.1,
            self.known,
        ]
    }
}

/// The highest score of the labels on one side; 0 when it has none.
fn highest<'a>(scores: impl Iterator<Item = (f64, &'a bool)>, out: bool) -> f64 {
    let best =
        scores.filter(|(_, side)| **side == out).map(|(score, _)| score).fold(f64::NEG_INFINITY, f64::max);
    if best.is_finite() { best } else { 0.0 }
}

impl Gate {
    /// Learns from the signs of utterances in scope (`true`) and outside.
    pub(super) fn fit(rows: &[Vec<f64>], inside: &[bool]) -> Self {
        let few = |side: bool| inside.iter().filter(|hit| **hit == side).count() < FEWEST_A_SIDE;
        if few(true) || few(false) {
            return Self { logistic: None };
        }
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        Self { logistic: Some(Logistic::fit(&rows, inside, Some(1.0 - OUTSIDE_SHARE), RIDGE)) }
    }

    /// The probability that an utterance of these signs is in scope.
    pub(super) fn in_scope(&self, evidence: &Evidence<'_>) -> f64 {
        match &self.logistic {
            Some(logistic) => logistic.apply(&evidence.signs()),
            // Too little to learn from: similarity is all there is.
            None => evidence.similar.0.max(evidence.known * 0.5).clamp(0.0, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(blended: &[f64; 2], similar: (f64, f64)) -> Vec<f64> {
        let scores = vec![blended.iter().map(|p| *p as f32).collect::<Vec<f32>>()];
        Evidence {
            summed: blended,
            blended,
            scores: &scores,
            outside: &[false, true],
            similar,
            known: similar.0,
        }
        .signs()
    }

    #[test]
    fn learns_inside_from_outside() {
        let inside = |n: i32| evidence(&[0.9, 0.1], (0.8 + f64::from(n) / 200.0, 0.2));
        let outside = |n: i32| evidence(&[0.2, 0.8], (0.2 + f64::from(n) / 200.0, 0.7));
        let rows: Vec<Vec<f64>> = (0..20).flat_map(|n| [inside(n), outside(n)]).collect();
        let sides: Vec<bool> = (0..40).map(|n| n % 2 == 0).collect();
        let gate = Gate::fit(&rows, &sides);
        let logistic = gate.logistic.unwrap();
        assert!(logistic.apply(&inside(5)) > 0.9 && logistic.apply(&outside(5)) < 0.2);
        assert!(Gate::fit(&rows[..4], &sides[..4]).logistic.is_none());
    }
}
