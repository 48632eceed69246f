//! Rows U1 to U6 on the development part of BANKING77 and CLINC150, by repeated splits.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use contactiq_nlu::{encoder::Encoder, intents::bench::BenchReport};
use serde::Deserialize;

use super::{Figure, Share};
use crate::{
    app,
    cli::{intents::measure, jsonl},
    config::Config,
    wiring::sha256_hex,
};

#[derive(Deserialize)]
struct Row {
    text: String,
    intent77: String,
}

#[derive(Deserialize)]
struct Scope {
    text: String,
    oos: bool,
}

/// Of the rows at odd line numbers one in three measures, chosen by the seed: what is shipped has learned
/// from some at even ones.
const FOLDS: usize = 3;

/// What is repeated is repeated with seeds 0, 1 and 2.
const SEEDS: usize = 3;

/// Row U3: so many intents are in scope, the others are held out.
const INSIDE: usize = 35;

pub(super) fn figures(
    config: &Config,
    data: &Path,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let rows: Vec<Row> = jsonl::file(&data.join("banking77_train.jsonl"))?;
    let scope: Vec<(String, bool)> =
        odd(jsonl::file::<Scope>(&data.join("oos_dev.jsonl"))?).map(|s| (s.text, s.oos)).collect();
    let encoder = app::open_encoder(config).ok();
    let encoder = encoder.as_deref().map(|e| e as &dyn Encoder);
    let full = split(&rows, 0);
    let report = measure(&full.0, &full.1, &[], encoder, None, 0)?;
    let far = measure(&full.0, &full.1, &scope, encoder, None, 0)?;
    let mut shots = Vec::new();
    let mut near = Vec::new();
    for seed in 0..SEEDS {
        let (train, test) = split(&rows, seed);
        shots.push(measure(&train, &test, &[], encoder, Some(10), seed as u64)?.accuracy);
        let (train, inside, outside) = held_out((train, test), seed);
        let report = measure(&train, &inside, &outside, encoder, None, seed as u64)?;
        near.extend(report.oos_auroc);
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
    let mut found = vec![
        Figure::share_at_least(
            "U1",
            "BANKING77 accuracy, five sixths of the training part, one sixth (odd rows) measures",
            Share::new((report.accuracy * full.1.len() as f64).round() as usize, full.1.len()),
            0.95,
        ),
        Figure::at_least("U2", "the same, 10 examples an intent, mean of seeds 0, 1, 2", mean(&shots), 0.89),
        Figure::number(
            "U3",
            "near out-of-scope: 35 intents in, the others held out, AUROC, mean of seeds 0, 1, 2",
            mean(&near),
            0.96,
        ),
        ece(&report),
        Figure::at_least("U6", "coverage at 2 % selective error", report.coverage_at_2, 0.92),
        Figure::at_least("U6", "coverage at 5 % selective error", report.coverage_at_5, 0.995),
    ];
    if let (Some(auroc), Some(accepted)) = (far.oos_auroc, far.in_scope_accepted) {
        found.push(Figure::number(
            "U4",
            "far out-of-scope AUROC, BANKING77 against CLINC (odd rows)",
            auroc,
            0.995,
        ));
        found.push(Figure::at_least(
            "U4",
            "in scope from other sources accepted at 95 % recall of out-of-scope",
            accepted,
            0.95,
        ));
    }
    Ok(found)
}

fn ece(report: &BenchReport) -> Figure {
    Figure {
        id: "U5",
        measure: "calibration error, 15 bins".to_owned(),
        target: "≤ 0.010".to_owned(),
        now: format!("{:.4}", report.ece),
        reached: Some(report.ece <= 0.010),
        gate: false,
    }
}

type Pairs = Vec<(String, String)>;

fn split(rows: &[Row], seed: usize) -> (Pairs, Pairs) {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (i, row) in rows.iter().enumerate() {
        // The file is sorted by intent: a stride keeps every intent in both parts.
        let measures = i % 2 == 0 && (i / 2) % FOLDS == seed % FOLDS;
        let into = if measures { &mut test } else { &mut train };
        into.push((row.text.clone(), row.intent77.clone()));
    }
    (train, test)
}

/// Rows at odd line numbers: those at even ones may have trained something that is shipped.
pub(super) fn odd<T>(rows: Vec<T>) -> impl Iterator<Item = T> {
    rows.into_iter().step_by(2)
}

/// Some intents alone learn; the measuring rows of these are in scope, those of the others are not.
fn held_out((train, test): (Pairs, Pairs), seed: usize) -> (Pairs, Pairs, Vec<(String, bool)>) {
    let inside = inside(&train, seed);
    let learn = train.into_iter().filter(|(_, intent)| inside.contains(intent)).collect();
    let (known, unknown): (Pairs, Pairs) = test.into_iter().partition(|(_, intent)| inside.contains(intent));
    (learn, known, unknown.into_iter().map(|(text, _)| (text, true)).collect())
}

/// The intents that this seed lets in.
fn inside(rows: &Pairs, seed: usize) -> BTreeSet<String> {
    let drawn: BTreeMap<String, &String> =
        rows.iter().map(|(_, intent)| (sha256_hex(format!("{seed} {intent}").as_bytes()), intent)).collect();
    drawn.into_values().take(INSIDE).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_that_are_held_out_are_never_learnt() {
        let rows: Vec<Row> = (0..77 * 12)
            .map(|i| Row { text: format!("text {i}"), intent77: format!("intent {}", i / 12) })
            .collect();
        let (train, inside, outside) = held_out(split(&rows, 1), 1);
        let of = |pairs: &Pairs| pairs.iter().map(|(_, intent)| intent.clone()).collect::<BTreeSet<_>>();
        assert_eq!((of(&train).len(), &of(&train)), (INSIDE, &of(&inside)));
        assert_eq!((train.len(), inside.len(), outside.len()), (35 * 10, 35 * 2, 42 * 2));
        assert!(outside.iter().all(|(text, oos)| *oos && !train.iter().any(|(t, _)| t == text)));
        assert!(train.iter().all(|t| !inside.contains(t)), "what measures was not learnt");
        assert_ne!(of(&train), of(&held_out(split(&rows, 2), 2).0), "another seed lets others in");
    }
}
