//! Whether live interactions still look like those that a threshold was chosen on. A promise over
//! exchangeable interactions says nothing about others.
//!
//! Two figures: the population stability index (PSI), as credit scoring uses it, for confidences and
//! intents, and the two-sample Kolmogorov–Smirnov test for confidences. Both work on counts: what is
//! kept of the labelled interactions is a small histogram, no text.

use std::collections::BTreeMap;

use contactiq_domain::Probability;
use serde::{Deserialize, Serialize};

/// Bins of the confidence, each 0.05 wide; 1.0 belongs to the last.
pub const BINS: usize = 20;
/// Neighbours that the PSI counts as one: its usual ten bins.
const JOINED: usize = 2;
/// From here an index counts as a shift (the rule of thumb of credit scoring).
pub const ALARM: f64 = 0.25;

/// Interactions that got as far as a confidence, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// By confidence, in bins of equal width.
    pub confidence: [u64; BINS],
    /// By intent.
    pub intents: BTreeMap<String, u64>,
}

impl Distribution {
    /// Counts one interaction.
    pub fn add(&mut self, intent: &str, confidence: Probability) {
        let bin = (confidence.get() * BINS as f64) as usize;
        self.confidence[bin.min(BINS - 1)] += 1;
        *self.intents.entry(intent.to_owned()).or_default() += 1;
    }

    /// How many were counted.
    #[must_use]
    pub fn interactions(&self) -> u64 {
        self.confidence.iter().sum()
    }
}

/// A population stability index, and how large one gets by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// 0 for equal shares; by the rule of thumb small below 0.1, large above [`ALARM`].
    pub psi: f64,
    /// Without any shift, 999 of 1000 pairs of samples of these sizes stay below it.
    pub chance: f64,
}

impl Shift {
    /// Whether it is large, and larger than chance makes it.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.psi > ALARM && self.psi > self.chance
    }
}

/// The two-sample Kolmogorov–Smirnov test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance of the two cumulative shares, 0 to 1.
    pub distance: f64,
    /// The chance of such a distance without a shift.
    pub p_value: f64,
}

/// How far live interactions are from the labelled ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Of the confidences, in ten bins.
    pub confidence: Shift,
    /// Of the intents; one that was never labelled counts as a bin.
    pub intents: Shift,
    /// Of the confidences, in [`BINS`] bins: within a bin nothing is seen, which errs to silence.
    pub test: KolmogorovSmirnov,
}

/// Compares. An empty side shows no shift.
#[must_use]
pub fn compare(labelled: &Distribution, live: &Distribution) -> Drift {
    let joined = |of: &Distribution| -> Vec<u64> {
        of.confidence.chunks(JOINED).map(|neighbours| neighbours.iter().sum()).collect()
    };
    let names: Vec<&String> = {
        let mut all: Vec<&String> = labelled.intents.keys().chain(live.intents.keys()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let of = |side: &Distribution| -> Vec<u64> {
        names.iter().map(|name| side.intents.get(*name).copied().unwrap_or(0)).collect()
    };
    Drift {
        confidence: shift(&joined(labelled), &joined(live)),
        intents: shift(&of(labelled), &of(live)),
        test: kolmogorov_smirnov(&labelled.confidence, &live.confidence),
    }
}

/// The PSI of two lists of counts over the same bins: the sum of `(a - b) ln(a / b)` over the shares.
/// Half an interaction more in each bin keeps an empty one from being infinitely far. Bins that are
/// empty on both sides don't count.
#[must_use]
pub fn shift(expected: &[u64], found: &[u64]) -> Shift {
    let bins: Vec<(f64, f64)> = expected
        .iter()
        .zip(found)
        .filter(|(e, f)| **e + **f > 0)
        .map(|(e, f)| (*e as f64 + 0.5, *f as f64 + 0.5))
        .collect();
    let (all_e, all_f) = bins.iter().fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
    if expected.iter().sum::<u64>() == 0 || found.iter().sum::<u64>() == 0 {
        return Shift { psi: 0.0, chance: 0.0 };
    }
    let psi = bins.iter().map(|(e, f)| (e / all_e - f / all_f) * ((e / all_e) / (f / all_f)).ln()).sum();
    // Without a shift psi / (1/n + 1/m) is about chi-squared with bins - 1 degrees of freedom
    // (Yurdakul 2018); its quantile by Wilson and Hilferty.
    let chance = if bins.len() < 2 {
        0.0
    } else {
        let free = bins.len() as f64 - 1.0;
        let part = 2.0 / (9.0 * free);
        free * (1.0 - part + Z_999 * part.sqrt()).powi(3) * (1.0 / all_e + 1.0 / all_f)
    };
    Shift { psi, chance }
}

/// The normal quantile of 0.999.
const Z_999: f64 = 3.090_232;

/// The test over two lists of counts over the same ordered bins. The p-value is Kolmogorov's limit
/// with Stephens' correction for small samples.
#[must_use]
pub fn kolmogorov_smirnov(expected: &[u64], found: &[u64]) -> KolmogorovSmirnov {
    let (n, m) = (expected.iter().sum::<u64>() as f64, found.iter().sum::<u64>() as f64);
    if n == 0.0 || m == 0.0 {
        return KolmogorovSmirnov { distance: 0.0, p_value: 1.0 };
    }
    let (mut below_e, mut below_f, mut distance) = (0.0, 0.0, 0.0_f64);
    for (e, f) in expected.iter().zip(found) {
        below_e += *e as f64 / n;
        below_f += *f as f64 / m;
        distance = distance.max((below_e - below_f).abs());
    }
    let size = (n * m / (n + m)).sqrt();
    let x = (size + 0.12 + 0.11 / size) * distance;
    KolmogorovSmirnov { distance, p_value: kolmogorov_tail(x) }
}

/// The chance that Kolmogorov's limit lies above `x`.
fn kolmogorov_tail(x: f64) -> f64 {
    // Below this the series converges too slowly, and the value is 1 to ten digits.
    if x < 0.2 {
        return 1.0;
    }
    let series: f64 = (1..=100_i32)
        .map(|k| {
            let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
            sign * (-2.0 * f64::from(k * k) * x * x).exp()
        })
        .sum();
    (2.0 * series).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intents::random::Random;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }

    #[test]
    fn equal_shares_are_no_shift_and_other_shares_are() {
        near(shift(&[100, 200, 300], &[1000, 2000, 3000]).psi, 0.0);
        // By hand, without the halves: 0.3 ln 2 + 0.3 ln 2.5 over shares 0.6, 0.2, 0.2 and 0.3, 0.5, 0.2.
        let moved = shift(&[60_000, 20_000, 20_000], &[30_000, 50_000, 20_000]);
        near(moved.psi, 0.3 * 2.0_f64.ln() + 0.3 * 2.5_f64.ln());
        assert!(moved.alarms());
        let few = shift(&[6, 2, 2], &[3, 5, 2]);
        assert!(few.psi > ALARM && !few.alarms(), "ten interactions prove nothing: {few:?}");
    }

    #[test]
    fn the_test_gives_the_values_of_tables() {
        // Kolmogorov's limit: 5 % at 1.358, 1 % at 1.628.
        near(kolmogorov_tail(1.358_1), 0.05);
        near(kolmogorov_tail(1.627_6), 0.01);
        near(kolmogorov_tail(0.2), 1.0);
        let far = kolmogorov_smirnov(&[50, 0, 0], &[0, 0, 50]);
        assert!(far.distance == 1.0 && far.p_value < 1e-9);
        let same = kolmogorov_smirnov(&[5, 5], &[500, 500]);
        assert!(same.distance == 0.0 && same.p_value == 1.0);
    }

    #[test]
    fn nothing_is_no_panic_and_no_shift() {
        let mut one = Distribution::default();
        let empty = Distribution::default();
        one.add("fee_inquiry", Probability::ONE);
        assert_eq!((one.confidence[BINS - 1], one.interactions()), (1, 1));
        for drift in
            [compare(&empty, &empty), compare(&one, &empty), compare(&empty, &one), compare(&one, &one)]
        {
            assert!(!drift.confidence.alarms() && !drift.intents.alarms());
            assert_eq!(drift.test.p_value, 1.0);
        }
    }

    #[test]
    fn an_intent_that_was_never_labelled_is_seen() {
        let (mut labelled, mut live) = (Distribution::default(), Distribution::default());
        for n in 0..300 {
            let sure = Probability::clamped(f64::from(n % 100) / 100.0);
            labelled.add(if n % 2 == 0 { "fees" } else { "limits" }, sure);
            live.add(if n % 2 == 0 { "fees" } else { "mortgages" }, sure);
        }
        let drift = compare(&labelled, &live);
        assert!(drift.intents.alarms() && !drift.confidence.alarms(), "{drift:?}");
    }

    /// Samples of one source: how often each alarm and the test at 5 % go off.
    #[test]
    fn without_a_shift_the_alarm_stays_silent() {
        let mut random = Random::new(5);
        let mut sample = |size: usize| {
            let mut counted = Distribution::default();
            for _ in 0..size {
                // Thirty intents, the first the most frequent; confidences that lean upwards.
                let intent = random.below(30).min(random.below(30));
                let sure = random.below(1000).max(random.below(1000));
                counted.add(&format!("intent_{intent}"), Probability::clamped(sure as f64 / 1000.0));
            }
            counted
        };
        let (mut alarms, mut rejected) = (0, 0);
        for _ in 0..1000 {
            let drift = compare(&sample(150), &sample(100));
            alarms += u32::from(drift.confidence.alarms() || drift.intents.alarms());
            rejected += u32::from(drift.test.p_value < 0.05);
        }
        assert!(alarms <= 5, "{alarms} of 1000");
        assert!(rejected <= 60, "{rejected} of 1000");
    }
}
