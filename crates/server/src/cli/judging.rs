//! Labelled questions through the pipeline with nothing withheld, so that every draft can be judged.

use std::path::Path;

use contactiq_domain::{IntentName, Mode, Outcome, Probability};
use contactiq_guard::Raw;
use contactiq_nlu::risk::Judged;
use contactiq_pipeline::{Calibration, Features, House};
use serde::Deserialize;

use super::{ask, eval::questions::states, jsonl, output};
use crate::{config::Config, wiring::sha256_hex};

/// A labelled question as the file has it.
#[derive(Deserialize)]
struct Labelled {
    mode: Mode,
    question: String,
    documents: Vec<String>,
    facts: Vec<String>,
    answerable: bool,
}

/// What became of a labelled question.
pub(super) struct JudgedAnswer {
    pub(super) mode: Mode,
    pub(super) intent: IntentName,
    /// What its confidence was computed from; `None` when there was no draft.
    pub(super) features: Option<Features>,
    /// The confidence under the file in use.
    pub(super) confidence: Probability,
    /// Whether the draft is shown when the threshold is 0.
    shown: bool,
    /// Whether the documents answer the question.
    pub(super) answerable: bool,
    /// Whether the draft states every asked fact (P8: right and complete).
    pub(super) right: bool,
    /// Whether it cites the document that holds them: the person would find them one click away.
    pub(super) cited: bool,
    /// Whether its confidence was bounded because the question says too little.
    pub(super) vague: bool,
}

impl JudgedAnswer {
    /// A person was needed when no document answers the question, and also when the draft that would
    /// be shown is wrong.
    pub(super) fn judged(&self) -> Judged {
        Judged {
            confidence: self.shown.then_some(self.confidence),
            needs_person: !self.answerable || (self.shown && !self.right),
        }
    }
}

/// How much each of these counts, so that the questions without an answer are the share that they are in real traffic:
/// a labelled set has more of them than customers ask.
pub(super) fn weights<'a>(
    judged: impl Iterator<Item = &'a JudgedAnswer> + Clone,
    unanswerable_share: f64,
) -> impl Fn(&JudgedAnswer) -> f64 {
    let answerable = judged.clone().filter(|j| j.answerable).count() as f64;
    let others = judged.count() as f64 - answerable;
    let of_others = if others > 0.0 {
        answerable * unanswerable_share / (1.0 - unanswerable_share).max(1e-6) / others
    } else {
        1.0
    };
    move |one| if one.answerable { 1.0 } else { of_others }
}

/// The confidence fitted to those of which a draft was made; `right` says which of them counts as right.
pub(super) fn fitted<'a>(
    judged: impl Iterator<Item = &'a JudgedAnswer> + Clone,
    unanswerable_share: f64,
    right: impl Fn(&JudgedAnswer) -> bool,
) -> Calibration {
    let weight = weights(judged.clone(), unanswerable_share);
    let points: Vec<(Features, bool, f64)> =
        judged.filter_map(|one| Some((one.features?, right(one), weight(one)))).collect();
    Calibration::fit("", &points)
}

/// The same configuration with nothing withheld.
pub(super) fn withholding_nothing(mut config: Config) -> Config {
    config.customer.confidence_threshold = 0.0;
    config.banker.confidence_threshold = 0.0;
    config
}

/// Asks every labelled question of a house that was built [`withholding_nothing`].
pub(super) async fn judge(
    house: &House,
    questions: &Questions,
) -> Result<Vec<JudgedAnswer>, Box<dyn std::error::Error + Send + Sync>> {
    let bar = output::bar("asking", questions.labelled.len());
    let mut judged = Vec::with_capacity(questions.labelled.len());
    for labelled in &questions.labelled {
        let record = ask::ask_beside(house, labelled.mode, Raw::new(labelled.question.clone())).await?;
        let stated = labelled.facts.iter().all(|f| states(record.answer.as_str(), f));
        let cited = record.citations.iter().any(|c| labelled.documents.contains(&c.document));
        judged.push(JudgedAnswer {
            mode: labelled.mode,
            features: record.steps.iter().find_map(Features::of_step),
            confidence: record.confidence,
            shown: record.outcome == Outcome::Resolved,
            answerable: labelled.answerable,
            right: labelled.answerable && stated,
            cited: labelled.answerable && cited,
            vague: record.steps.iter().any(Features::bounded),
            intent: record.intent,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(judged)
}

/// A file of labelled questions.
pub(super) struct Questions {
    labelled: Vec<Labelled>,
    /// Tells whether two files are the same.
    pub(super) fingerprint: String,
}

impl Questions {
    /// Reads `{"mode","question","documents","facts","answerable"}` a line.
    pub(super) fn read(path: &Path) -> Result<Questions, String> {
        let text = jsonl::text(path)?;
        let labelled = jsonl::rows(path, &text, |line| {
            jsonl::read(line.as_bytes()).map_err(|(_, why)| {
                format!("{why}; it is {{\"mode\",\"question\",\"documents\",\"facts\",\"answerable\"}}")
            })
        })?;
        Ok(Questions { labelled, fingerprint: sha256_hex(text.as_bytes()) })
    }
}
