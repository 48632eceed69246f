//! What must hold for every set of labels, and the promises themselves against chance.

use contactiq_domain::Probability;
use proptest::prelude::*;

use super::{
    Judged, Promise,
    learn_then_test::p_value,
    splits::{draws, halves},
    threshold::{lowest, realised, rounded},
};
use crate::intents::random::Random;

/// Few values, so that ties are common; one in six was never answered.
fn judged() -> impl Strategy<Value = Judged> {
    (0_u8..24, prop::bool::weighted(0.15)).prop_map(|(step, needs_person)| Judged {
        confidence: (step < 20).then(|| Probability::clamped(f64::from(step) / 19.0)),
        needs_person,
    })
}

fn promise() -> impl Strategy<Value = Promise> {
    (0.01..0.5_f64, prop::option::of(0.01..0.5_f64))
        .prop_map(|(alpha, delta)| Promise::new(alpha, delta).unwrap())
}

/// The definition, word for word: every labelled confidence from the strictest downwards.
fn by_definition(set: &[Judged], promise: Promise) -> Option<f64> {
    let mut candidates: Vec<f64> = set.iter().filter_map(|j| j.confidence).map(Probability::get).collect();
    candidates.sort_by(|a, b| b.total_cmp(a));
    let n = set.len() as f64;
    let mut last = None;
    for threshold in candidates {
        let found = realised(set, Some(Probability::clamped(threshold)));
        let keeps = match promise {
            Promise::Mean { alpha } => n / (n + 1.0) * found.rate() + 1.0 / (n + 1.0) <= alpha + 1e-12,
            Promise::HighProbability { alpha, delta } => p_value(found.missed, set.len(), alpha) <= delta,
        };
        if !keeps {
            break;
        }
        last = Some(threshold);
    }
    last
}

proptest! {
    #[test]
    fn the_threshold_is_the_one_of_the_definition(
        set in prop::collection::vec(judged(), 0..250), promise in promise(),
    ) {
        prop_assert_eq!(promise.threshold(&set).map(Probability::get), by_definition(&set, promise));
    }

    #[test]
    fn no_loss_grows_with_the_threshold(set in prop::collection::vec(judged(), 0..100), a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
        let at = |t: f64| realised(&set, Some(Probability::clamped(t)));
        let (low, high) = (at(a.min(b)), at(a.max(b)));
        prop_assert!(high.missed <= low.missed && high.answered <= low.answered);
        prop_assert_eq!(realised(&set, None).answered, 0);
    }

    #[test]
    fn the_order_of_the_labels_does_not_matter(
        set in prop::collection::vec(judged(), 0..150), promise in promise(), seed in 0_u64..1000,
    ) {
        let mut other = set.clone();
        Random::new(seed).shuffle(&mut other);
        prop_assert_eq!(promise.threshold(&set), promise.threshold(&other));
    }

    #[test]
    fn a_looser_promise_never_answers_less(
        set in prop::collection::vec(judged(), 0..250), alpha in 0.01..0.4_f64, delta in 0.01..0.4_f64,
    ) {
        let answered = |alpha, delta| {
            realised(&set, Promise::new(alpha, delta).unwrap().threshold(&set)).answered
        };
        prop_assert!(answered(alpha, None) <= answered(alpha + 0.1, None));
        prop_assert!(answered(alpha, Some(delta)) <= answered(alpha + 0.1, Some(delta)));
        prop_assert!(answered(alpha, Some(delta)) <= answered(alpha, Some(delta + 0.1)));
    }

    #[test]
    fn below_the_labels_needed_nothing_is_answered(
        set in prop::collection::vec(judged(), 0..250), promise in promise(),
    ) {
        if (set.len() as u64) < promise.labels_needed() {
            prop_assert_eq!(promise.threshold(&set), None);
        } else {
            prop_assert!(promise.allowed_losses(set.len()).is_some());
        }
    }

    #[test]
    fn rounding_misses_nothing_more(
        set in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 1..100), allowed in 0_usize..10,
    ) {
        let set: Vec<Judged> = set
            .into_iter()
            .map(|(sure, needs_person)| Judged { confidence: Some(Probability::clamped(sure)), needs_person })
            .collect();
        if let Some(exact) = lowest(&set, allowed) {
            // Two decimals, so that many confidences lie between.
            let written = rounded(&set, exact, 2);
            prop_assert!((written.get() - exact.get()).abs() <= 0.01 + 1e-12);
            prop_assert!(realised(&set, Some(written)).missed <= allowed);
        }
    }
}

#[test]
fn shares_that_are_none_are_refused() {
    for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        assert!(Promise::new(bad, None).is_err() && Promise::new(0.1, Some(bad)).is_err(), "{bad}");
    }
    assert_eq!(
        Promise::new(2.0, None).unwrap_err().to_string(),
        "alpha is 2: write a number above 0 and below 1"
    );
}

/// A world whose risk is known: the confidence is even, and a person is needed with probability
/// `(1 - confidence) / 2`. Answering from t up misses (1 - t)^2 / 4 of all.
fn sample(random: &mut Random, size: usize) -> Vec<Judged> {
    (0..size)
        .map(|_| {
            let share = |random: &mut Random| random.below(1_000_000) as f64 / 1_000_000.0;
            let confidence = share(random);
            Judged {
                confidence: Some(Probability::clamped(confidence)),
                needs_person: share(random) < (1.0 - confidence) / 2.0,
            }
        })
        .collect()
}

fn risk(threshold: Option<Probability>) -> f64 {
    threshold.map_or(0.0, |t| (1.0 - t.get()).powi(2) / 4.0)
}

#[test]
fn over_many_label_sets_the_mean_risk_is_at_most_alpha_and_not_far_below() {
    let mut random = Random::new(11);
    for (alpha, labels) in [(0.02, 150), (0.05, 150), (0.05, 600)] {
        let promise = Promise::new(alpha, None).unwrap();
        let risks: Vec<f64> =
            (0..2000).map(|_| risk(promise.threshold(&sample(&mut random, labels)))).collect();
        let mean = risks.iter().sum::<f64>() / 2000.0;
        // Of the risks' own scatter over 2000 sets four standard errors are allowed.
        let scatter = (risks.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 2000.0 / 2000.0).sqrt();
        assert!(mean <= alpha + 4.0 * scatter, "{alpha} {labels}: {mean}");
        assert!(mean >= alpha - 3.0 / labels as f64, "needlessly strict: {alpha} {labels}: {mean}");
    }
}

#[test]
fn for_all_but_delta_of_the_label_sets_the_risk_is_at_most_alpha() {
    let mut random = Random::new(12);
    for (alpha, delta, labels) in [(0.02, 0.05, 200), (0.05, 0.05, 300), (0.05, 0.2, 300)] {
        let promise = Promise::new(alpha, Some(delta)).unwrap();
        let above = (0..2000)
            .filter(|_| risk(promise.threshold(&sample(&mut random, labels))) > alpha)
            .count() as f64
            / 2000.0;
        assert!(
            above <= delta + 4.0 * (delta * (1.0 - delta) / 2000.0_f64).sqrt(),
            "{alpha} {delta}: {above}"
        );
        assert!(above > 0.0, "a test that never errs has no power: {alpha} {delta}");
    }
}

#[test]
fn splits_measure_what_was_promised() {
    let set = sample(&mut Random::new(13), 1000);
    let mean = halves(&set, Promise::new(0.05, None).unwrap(), 200, 1);
    assert!(mean.mean_rate() <= 0.052 && mean.mean_rate() > 0.04, "{}", mean.mean_rate());
    assert!(mean.mean_answered() > 0.3);
    let tested = draws(&set, Promise::new(0.05, Some(0.05)).unwrap(), 200, 1);
    assert!(tested.share_above(0.05) <= 0.05 + 0.05, "{}", tested.share_above(0.05));
    assert_eq!(
        mean,
        halves(&set, Promise::new(0.05, None).unwrap(), 200, 1),
        "the same seed, the same splits"
    );
    let none = halves(&[], Promise::new(0.05, None).unwrap(), 3, 1);
    assert_eq!((none.mean_rate(), none.share_above(0.05)), (0.0, 0.0));
    assert_eq!(draws(&[], Promise::new(0.05, None).unwrap(), 3, 1).mean_rate(), 0.0);
}
