//! Rows U1 to U6 on the development part of BANKING77 and CLINC150, by repeated splits.

use std::path::Path;

use contactiq_nlu::{encoder::Encoder, intents::bench::BenchReport};
use serde::Deserialize;

use super::Figure;
use crate::{app, cli::intents::measure, config::Config};

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

/// One in five rows measures, chosen by the seed.
const FOLDS: usize = 5;

pub(super) fn figures(
    config: &Config,
    data: &Path,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let rows: Vec<Row> = lines(&data.join("banking77_train.jsonl"))?;
    let scope: Vec<(String, bool)> =
        odd(lines::<Scope>(&data.join("oos_dev.jsonl"))?).map(|s| (s.text, s.oos)).collect();
    let encoder = app::open_encoder(config).ok();
    let encoder = encoder.as_deref().map(|e| e as &dyn Encoder);
    let full = split(&rows, 0);
    let report = measure(&full.0, &full.1, &scope, encoder, None, 0)?;
    let mut shots = Vec::new();
    for seed in 0..3 {
        let (train, test) = split(&rows, seed);
        shots.push(measure(&train, &test, &[], encoder, Some(10), seed as u64)?.accuracy);
    }
    let ten = shots.iter().sum::<f64>() / shots.len() as f64;
    let mut found = vec![
        Figure::at_least(
            "U1",
            "BANKING77 accuracy, four fifths of the training part, one fifth measures",
            report.accuracy,
            0.95,
        ),
        Figure::at_least("U2", "the same, 10 examples an intent, mean of seeds 0, 1, 2", ten, 0.89),
        ece(&report),
        Figure::at_least("U6", "coverage at 2 % selective error", report.coverage_at_2, 0.92),
        Figure::at_least("U6", "coverage at 5 % selective error", report.coverage_at_5, 0.995),
    ];
    if let (Some(auroc), Some(accepted)) = (report.oos_auroc, report.in_scope_accepted) {
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
        let into = if i % FOLDS == seed % FOLDS { &mut test } else { &mut train };
        into.push((row.text.clone(), row.intent77.clone()));
    }
    (train, test)
}

/// Rows at odd line numbers: those at even ones may have trained something that is shipped.
pub(super) fn odd<T>(rows: Vec<T>) -> impl Iterator<Item = T> {
    rows.into_iter().step_by(2)
}

/// Reads JSONL.
pub(in crate::cli) fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{} can't be read: {e}", path.display()))?;
    text.lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty())
        .map(|(i, l)| serde_json::from_str(l).map_err(|e| format!("{}: line {}: {e}", path.display(), i + 1)))
        .collect()
}
