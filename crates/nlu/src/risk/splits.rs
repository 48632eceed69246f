//! A promise held against chance: thresholds chosen on one part of the judged interactions, measured
//! on another, many times.

use super::{
    Judged, Promise,
    threshold::{Realised, realised},
};
use crate::intents::random::Random;

/// What each of the repetitions came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeated(Vec<Realised>);

impl Repeated {
    /// The mean share of interactions that were missed.
    #[must_use]
    pub fn mean_rate(&self) -> f64 {
        self.mean(Realised::rate)
    }

    /// The mean share of interactions that were answered: a promise is easily kept by silence.
    #[must_use]
    pub fn mean_answered(&self) -> f64 {
        self.mean(Realised::answered_share)
    }

    /// The share of repetitions in which more than `alpha` was missed.
    #[must_use]
    pub fn share_above(&self, alpha: f64) -> f64 {
        self.mean(|one| f64::from(u8::from(one.rate() > alpha)))
    }

    fn mean(&self, of: impl Fn(&Realised) -> f64) -> f64 {
        self.0.iter().map(of).sum::<f64>() / self.0.len().max(1) as f64
    }
}

/// Random halves: one chooses the threshold, the other measures. The rate of the other half scatters
/// about the risk of its threshold, so that more than delta of the splits may lie above alpha though
/// the risk does not.
#[must_use]
pub fn halves(judged: &[Judged], promise: Promise, times: usize, seed: u64) -> Repeated {
    let mut random = Random::new(seed);
    let mut order = judged.to_vec();
    Repeated(
        (0..times)
            .map(|_| {
                random.shuffle(&mut order);
                let (choose, measure) = order.split_at(order.len() / 2);
                realised(measure, promise.threshold(choose))
            })
            .collect(),
    )
}

/// As many labels as a half, drawn with replacement; the rate of all judged interactions, which are
/// the whole world of this experiment, is then the risk itself and does not scatter. This is what
/// Learn-then-Test speaks of.
#[must_use]
pub fn draws(judged: &[Judged], promise: Promise, times: usize, seed: u64) -> Repeated {
    let mut random = Random::new(seed);
    Repeated(
        (0..times)
            .map(|_| {
                let labels: Vec<Judged> =
                    (0..judged.len() / 2).map(|_| judged[random.below(judged.len())]).collect();
                realised(judged, promise.threshold(&labels))
            })
            .collect(),
    )
}
