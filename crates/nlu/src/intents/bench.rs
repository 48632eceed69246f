//! `contactiq intents bench`: train on one set, measure on another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::TrainError;
use super::metrics;
use super::model::{IntentModel, Prediction};
use super::random::Random;
use super::{Example, TrainOptions};
use crate::encoder::Encoder;

/// The label that generic utterances from outside get; no set has a label with these marks.
const OUTSIDE: &str = "\u{ab}outside\u{bb}";

/// An utterance that is in scope or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeExample<'a> {
    /// The utterance.
    pub text: &'a str,
    /// Out of scope?
    pub oos: bool,
}

/// What a bench is run on.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// Learn from these.
    pub train: &'a [Example<'a>],
    /// Measure on these.
    pub test: &'a [Example<'a>],
    /// Measure the scope gate on these.
    pub oos: Option<&'a [ScopeExample<'a>]>,
    /// Generic utterances from outside of any bank that the gate may learn from; may be empty.
    pub outside: &'a [&'a str],
    /// How to train.
    pub options: TrainOptions,
}

/// The contract's fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchReport {
    /// Share of right answers.
    pub accuracy: f64,
    /// F1, averaged over the labels.
    pub macro_f1: f64,
    /// Expected calibration error, 15 bins.
    pub ece: f64,
    /// Share answered with at most 2 % wrong among them.
    pub coverage_at_2: f64,
    /// Share answered with at most 5 % wrong among them.
    pub coverage_at_5: f64,
    /// Mean time to encode and classify one utterance.
    pub us_per_utterance: f64,
    /// How well the gate orders outside and inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oos_auroc: Option<f64>,
    /// Share of utterances in scope accepted where 95 % of those outside are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_scope_accepted: Option<f64>,
}

/// At most `shots` examples of each label, chosen by `seed`; the order of the labels is kept.
#[must_use]
pub fn sample_shots<'a>(examples: &[Example<'a>], shots: usize, seed: u64) -> Vec<Example<'a>> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, example) in examples.iter().enumerate() {
        members.entry(example.label).or_default().push(row);
    }
    let mut random = Random::new(seed);
    let mut chosen: Vec<usize> = Vec::new();
    for rows in members.values_mut() {
        random.shuffle(rows);
        chosen.extend(rows.iter().take(shots));
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|row| examples[row]).collect()
}

/// Trains and measures. `now` reads a stopwatch in microseconds, since this crate has no clock.
///
/// The gate's order is judged between the test set, which is in scope, and the utterances from outside.
/// The share accepted is that of the set's own utterances in scope, which come from another source than
/// the training; when it has none, that of the test set.
///
/// # Errors
/// As [`IntentModel::train`].
pub fn run_bench(
    bench: &Bench<'_>,
    encoder: Option<&dyn Encoder>,
    now: &dyn Fn() -> u64,
    progress: &dyn Fn(usize, usize),
) -> Result<BenchReport, TrainError> {
    let mut examples = bench.train.to_vec();
    examples.extend(bench.outside.iter().map(|text| Example { text, label: OUTSIDE }));
    let outside: &[&str] = if bench.outside.is_empty() { &[] } else { &[OUTSIDE] };
    let model = IntentModel::train(&examples, outside, encoder, &bench.options, progress)?;
    let ask = |text: &str| -> Result<Prediction, TrainError> {
        let vector =
            encoder.map(|encoder| encoder.encode(&[text])).transpose()?.and_then(|mut all| all.pop());
        Ok(model.predict(text, vector.as_deref()))
    };

    // A label that only the test set has can't be hit, and has a place of its own behind the others.
    let mut names: Vec<&str> = model.labels().iter().map(String::as_str).collect();
    for example in bench.test {
        if !names.contains(&example.label.trim()) {
            names.push(example.label.trim());
        }
    }
    let place = |label: &str| names.iter().position(|name| *name == label).unwrap_or_default();
    let (mut expected, mut given) = (Vec::new(), Vec::new());
    let (mut confidence, mut right, mut scope) = (Vec::new(), Vec::new(), Vec::new());
    let start = now();
    for example in bench.test {
        let prediction = ask(example.text)?;
        // Every utterance of the test set has one of its labels: the outside is no answer here.
        let others: f64 =
            prediction.ranked.iter().filter(|(label, _)| label != OUTSIDE).map(|(_, p)| p).sum();
        if let Some((label, share)) = prediction.ranked.iter().find(|(label, _)| label != OUTSIDE) {
            confidence.push(share / others.max(1e-12));
            right.push(label == example.label.trim());
            expected.push(place(example.label.trim()));
            given.push(place(label));
            scope.push(prediction.in_scope);
        }
    }
    let spent = now().saturating_sub(start);

    let (mut oos_auroc, mut in_scope_accepted) = (None, None);
    if let Some(rows) = bench.oos {
        let (mut inside, mut out) = (Vec::new(), Vec::new());
        for row in rows {
            let in_scope = ask(row.text)?.in_scope;
            if row.oos { out.push(in_scope) } else { inside.push(in_scope) }
        }
        let scores: Vec<f64> = scope.iter().chain(&out).copied().collect();
        let sides: Vec<bool> = (0..scores.len()).map(|at| at < scope.len()).collect();
        oos_auroc = Some(metrics::auroc(&scores, &sides));
        let elsewhere = if inside.is_empty() { &scope } else { &inside };
        in_scope_accepted = Some(metrics::accepted_at_recall(elsewhere, &out, 0.95));
    }
    Ok(BenchReport {
        accuracy: metrics::accuracy(&right),
        macro_f1: metrics::macro_f1(&expected, &given),
        ece: metrics::ece(&confidence, &right, 15),
        coverage_at_2: metrics::coverage_at(&confidence, &right, 0.02),
        coverage_at_5: metrics::coverage_at(&confidence, &right, 0.05),
        us_per_utterance: spent as f64 / bench.test.len().max(1) as f64,
        oos_auroc,
        in_scope_accepted,
    })
}
