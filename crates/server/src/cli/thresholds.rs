//! `contactiq intents calibrate --alpha`: the thresholds that keep a promise, mode by mode.

use std::{collections::BTreeMap, path::Path, process::ExitCode};

use contactiq_domain::{IntentName, Mode, Probability};
use contactiq_nlu::risk::{
    Judged, Promise,
    drift::Distribution,
    threshold::{realised, rounded},
};
use serde::Serialize;
use serde_json::Value;

use super::{Outcome, jsonl, output};
use crate::config::Config;

/// Decimals of a threshold as it is written into a configuration.
const DECIMALS: i32 = 4;

/// What stands in the column of a threshold where nothing may be answered.
const NOTHING: &str = "none: all escalate";

/// A labelled interaction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub(super) mode: Mode,
    pub(super) judged: Judged,
    /// What it was understood as, where somebody says it.
    pub(super) intent: Option<IntentName>,
}

/// How the labelled interactions of each mode are spread, for the drift alarm: those that got as far as a confidence.
pub(super) fn baseline(labels: &[Label]) -> BTreeMap<Mode, Distribution> {
    let mut counted: BTreeMap<Mode, Distribution> = BTreeMap::new();
    for label in labels {
        let Some(confidence) = label.judged.confidence else { continue };
        let of_mode = counted.entry(label.mode).or_default();
        match &label.intent {
            Some(intent) => of_mode.add(intent.as_str(), confidence),
            None => add_unnamed(of_mode, confidence),
        }
    }
    counted
}

/// Counts one of which nobody says the intent: where no label has one, confidences alone are compared.
fn add_unnamed(counted: &mut Distribution, confidence: Probability) {
    let mut one = Distribution::default();
    one.add(IntentName::UNKNOWN, confidence);
    counted.confidence.iter_mut().zip(one.confidence).for_each(|(all, own)| *all += own);
}

/// Reads labelled interactions. A message names the line and the field, never what stands there.
pub(super) fn read(path: &Path) -> Result<Vec<Label>, String> {
    jsonl::rows(path, &jsonl::text(path)?, label)
}

fn label(line: &str) -> Result<Label, &'static str> {
    let value: Value = serde_json::from_str(line).map_err(|_| "not a JSON object")?;
    let object = value.as_object().ok_or("not a JSON object")?;
    let mode = match object.get("mode") {
        None => return Err("`mode` is missing: write customer or banker"),
        Some(mode) => {
            mode.as_str().and_then(|m| m.parse().ok()).ok_or("`mode` is neither customer nor banker")?
        }
    };
    let confidence = match object.get("confidence") {
        None => {
            return Err(
                "`confidence` is missing: write a number from 0 to 1, or null where no answer could have been shown",
            );
        }
        Some(Value::Null) => None,
        Some(number) => Some(
            number
                .as_f64()
                .and_then(|c| Probability::new(c).ok())
                .ok_or("`confidence` is no number from 0 to 1")?,
        ),
    };
    let intent =
        match object.get("intent") {
            None | Some(Value::Null) => None,
            Some(name) => {
                let name = name.as_str().and_then(|name| IntentName::new(name).ok());
                Some(name.ok_or(
                    "`intent` is no name of an intent: write it as the record has it, or leave it out",
                )?)
            }
        };
    let flag = |name: &str, problem: &'static str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(problem),
    };
    let needs_person = flag("needs_person", "`needs_person` is neither true nor false")?;
    let answerable = flag("answerable", "`answerable` is neither true nor false")?;
    let needs_person = match (needs_person, answerable) {
        (Some(needs), Some(answerable)) if needs == answerable => {
            return Err("`needs_person` and `answerable` contradict each other");
        }
        (Some(needs), _) => needs,
        (None, Some(answerable)) => !answerable,
        (None, None) => {
            return Err("the label is missing: write `needs_person` or `answerable`, true or false");
        }
    };
    Ok(Label { mode, judged: Judged { confidence, needs_person }, intent })
}

/// One mode's threshold and what it comes to on its labels.
#[derive(Serialize)]
struct Row {
    mode: Mode,
    method: &'static str,
    alpha: f64,
    delta: Option<f64>,
    /// `null`: nothing may be answered.
    threshold: Option<f64>,
    labels: usize,
    labels_needed: u64,
    needed_a_person: usize,
    answered: usize,
    answered_though_needed: usize,
    /// Of all labels.
    rate: f64,
    /// The threshold of the configuration, and the rate that it comes to.
    configured: f64,
    configured_rate: f64,
    promise: String,
}

fn row(config: &Config, mode: Mode, judged: &[Judged], promise: Promise) -> Row {
    let threshold = promise.threshold(judged).map(|exact| rounded(judged, exact, DECIMALS));
    let configured = match mode {
        Mode::Customer => config.customer.confidence_threshold,
        Mode::Banker => config.banker.confidence_threshold,
    };
    let found = realised(judged, threshold);
    let (method, delta) = match promise {
        Promise::Mean { .. } => ("conformal_risk_control", None),
        Promise::HighProbability { delta, .. } => ("learn_then_test", Some(delta)),
    };
    Row {
        mode,
        method,
        alpha: promise.alpha(),
        delta,
        threshold: threshold.map(Probability::get),
        labels: found.judged,
        labels_needed: promise.labels_needed(),
        needed_a_person: found.needed,
        answered: found.answered,
        answered_though_needed: found.missed,
        rate: found.rate(),
        configured,
        configured_rate: realised(judged, Some(Probability::clamped(configured))).rate(),
        promise: in_words(promise),
    }
}

/// A share as a percentage without needless zeros.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

/// What is promised, and about which interactions.
fn in_words(promise: Promise) -> String {
    let about = "over interactions like the labelled ones";
    match promise {
        Promise::Mean { alpha } => format!(
            "{about}, at most {} of all are answered though a person was needed: in the mean over the label sets \
             that could have been drawn, not for each of them",
            percent(alpha)
        ),
        Promise::HighProbability { alpha, delta } => format!(
            "{about}, at most {} of all are answered though a person was needed: for at least {} of the label sets \
             that could have been drawn",
            percent(alpha),
            percent(1.0 - delta)
        ),
    }
}

/// Prints every mode's threshold; fails when one that has labels may answer nothing.
pub(super) fn print(config: &Config, labels: &[Label], promise: Promise, as_json: bool) -> Outcome {
    let mut rows = Vec::new();
    for mode in Mode::ALL {
        let judged: Vec<Judged> =
            labels.iter().filter(|label| label.mode == *mode).map(|label| label.judged).collect();
        if judged.is_empty() {
            let kept = row(config, *mode, &judged, promise).configured;
            output::note(format!("{mode}: no labels; its threshold stays {kept} and promises nothing"));
        } else {
            rows.push(row(config, *mode, &judged, promise));
        }
    }
    if as_json {
        rows.iter().for_each(output::json);
    } else {
        table(&rows, promise);
    }
    let mut silent = false;
    for row in rows.iter().filter(|r| r.threshold.is_none()) {
        silent = true;
        output::problem(&why_nothing(row));
    }
    Ok(if silent { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn table(rows: &[Row], promise: Promise) {
    let of = |count: usize, row: &Row| format!("{count} ({:.1} %)", count as f64 / row.labels as f64 * 100.0);
    let cells = rows
        .iter()
        .map(|r| {
            vec![
                r.mode.to_string(),
                r.threshold.map_or_else(|| NOTHING.to_owned(), |t| t.to_string()),
                r.labels.to_string(),
                r.needed_a_person.to_string(),
                of(r.answered, r),
                of(r.answered_though_needed, r),
                format!("{} ({:.1} %)", r.configured, r.configured_rate * 100.0),
            ]
        })
        .collect();
    let header = [
        "mode",
        "threshold",
        "labels",
        "needed a person",
        "answered",
        "answered though needed",
        "configured now (comes to)",
    ];
    output::table(&header, cells);
    output::line(format!("Promise: {}.", in_words(promise)));
    let usable: Vec<&Row> = rows.iter().filter(|r| r.threshold.is_some()).collect();
    if !usable.is_empty() {
        output::line("In the configuration:");
        for row in usable {
            let threshold = row.threshold.unwrap_or(1.0);
            output::line(format!("[{}]\nconfidence_threshold = {threshold}", row.mode));
        }
    }
}

/// Why a mode may answer nothing, and what to do.
fn why_nothing(row: &Row) -> String {
    let mode = row.mode;
    if (row.labels as u64) < row.labels_needed {
        return format!(
            "{mode}: {} labels are too few: this promise needs at least {}, and more to answer much. Until then \
             nothing of this mode may be answered under it",
            row.labels, row.labels_needed
        );
    }
    format!(
        "{mode}: no threshold keeps this promise: among the surest labelled answers too many needed a person, or \
         none was ever answered. Nothing of this mode may be answered under it; improve the answers, label more, or \
         promise less"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_in_both_words() {
        let sure =
            |c: f64, needs_person| Judged { confidence: Some(Probability::new(c).unwrap()), needs_person };
        for (line, expected) in [
            (r#"{"mode":"banker","confidence":0.5,"needs_person":true}"#, sure(0.5, true)),
            (r#"{"mode":"banker","confidence":1,"answerable":true,"id":"x"}"#, sure(1.0, false)),
            (r#"{"mode":"banker","confidence":0.5,"answerable":false,"needs_person":true}"#, sure(0.5, true)),
            (
                r#"{"mode":"banker","confidence":null,"needs_person":false}"#,
                Judged { confidence: None, needs_person: false },
            ),
        ] {
            let expected = Label { mode: Mode::Banker, judged: expected, intent: None };
            assert_eq!(label(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn a_bad_label_is_named_by_its_field_and_never_quoted() {
        for (line, problem) in [
            ("CANARY", "not a JSON object"),
            ("[1]", "not a JSON object"),
            (r#"{"confidence":0.5,"needs_person":true}"#, "`mode` is missing"),
            (r#"{"mode":"CANARY","confidence":0.5,"needs_person":true}"#, "`mode` is neither"),
            (r#"{"mode":"banker","needs_person":true}"#, "`confidence` is missing"),
            (r#"{"mode":"banker","confidence":1.5,"needs_person":true}"#, "`confidence` is no number"),
            (r#"{"mode":"banker","confidence":"CANARY","needs_person":true}"#, "`confidence` is no number"),
            (
                r#"{"mode":"banker","confidence":0.5,"intent":"CA NARY","answerable":true}"#,
                "`intent` is no name",
            ),
            (r#"{"mode":"banker","confidence":0.5}"#, "the label is missing"),
            (r#"{"mode":"banker","confidence":0.5,"needs_person":"CANARY"}"#, "neither true nor false"),
            (r#"{"mode":"banker","confidence":0.5,"answerable":true,"needs_person":true}"#, "contradict"),
        ] {
            let why = label(line).unwrap_err();
            assert!(why.contains(problem) && !why.contains("CANARY"), "{line}: {why}");
        }
    }

    #[test]
    fn what_got_a_confidence_is_counted_mode_by_mode() {
        let labels: Vec<Label> = [
            r#"{"mode":"banker","confidence":0.52,"needs_person":true,"intent":"policy_lookup"}"#,
            r#"{"mode":"banker","confidence":0.97,"needs_person":false}"#,
            r#"{"mode":"banker","confidence":null,"needs_person":false,"intent":"unknown"}"#,
            r#"{"mode":"customer","confidence":null,"needs_person":true}"#,
        ]
        .map(|line| label(line).unwrap())
        .to_vec();
        let counted = baseline(&labels);
        assert_eq!(counted.keys().collect::<Vec<_>>(), [&Mode::Banker], "nobody of the customers got one");
        let banker = &counted[&Mode::Banker];
        assert_eq!((banker.interactions(), banker.confidence[10], banker.confidence[19]), (2, 1, 1));
        assert_eq!(
            banker.intents.iter().map(|(name, n)| (name.as_str(), *n)).collect::<Vec<_>>(),
            [("policy_lookup", 1)]
        );
    }

    #[test]
    fn a_promise_is_said_in_words() {
        let mean = in_words(Promise::new(0.02, None).unwrap());
        assert!(mean.contains("at most 2 %") && mean.contains("in the mean"), "{mean}");
        let sure = in_words(Promise::new(0.025, Some(0.05)).unwrap());
        assert!(sure.contains("at most 2.5 %") && sure.contains("at least 95 %"), "{sure}");
    }
}
