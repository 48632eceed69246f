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

/// How much each counts, so that the questions without an answer are the share that they are in real traffic: a labelled
/// set has more of them than customers ask. `asked` is all of them, also those of which no draft was made.
pub(super) fn weights(asked: &[JudgedAnswer], unanswerable_share: f64) -> impl Fn(&JudgedAnswer) -> f64 {
    let answerable = asked.iter().filter(|j| j.answerable).count() as f64;
    let others = asked.len() as f64 - answerable;
    let of_others = if others > 0.0 {
        answerable * unanswerable_share / (1.0 - unanswerable_share).max(1e-6) / others
    } else {
        1.0
    };
    move |one| if one.answerable { 1.0 } else { of_others }
}

/// The confidence fitted to those of which a draft was made, by their [`weights`]; `right` says which of them counts as
/// right.
pub(super) fn fitted<'a>(
    judged: impl Iterator<Item = &'a JudgedAnswer>,
    weight: impl Fn(&JudgedAnswer) -> f64,
    right: impl Fn(&JudgedAnswer) -> bool,
) -> Calibration {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What every draft is judged by.
    pub(in crate::cli) const ALIKE: Features = Features {
        similarity: 0.0,
        coverage: 0.0,
        margin: 0.0,
        agreement: 0.0,
        both_views: 0.0,
        intent: 0.0,
        in_scope: 0.0,
        held: 0.0,
        specific: 0.0,
        figure: 0.0,
        asks_what: 0.0,
    };

    /// What became of a question.
    fn one(answerable: bool, draft: bool) -> JudgedAnswer {
        JudgedAnswer {
            mode: Mode::Customer,
            intent: IntentName::unknown(),
            features: draft.then_some(ALIKE),
            confidence: Probability::ZERO,
            shown: draft,
            answerable,
            right: answerable && draft,
            cited: answerable && draft,
            vague: false,
        }
    }

    /// So many answerable and others, of which so many got a draft.
    pub(in crate::cli) fn asked(answerable: (usize, usize), others: (usize, usize)) -> Vec<JudgedAnswer> {
        let side = |right: bool, (all, drafts): (usize, usize)| (0..all).map(move |n| one(right, n < drafts));
        side(true, answerable).chain(side(false, others)).collect()
    }

    #[test]
    fn the_share_without_an_answer_is_that_of_all_that_was_asked() {
        let asked = asked((300, 290), (100, 60));
        let weight = weights(&asked, 0.1);
        assert_eq!(weight(&asked[0]), 1.0);
        let unanswerable = weight(&asked[399]);
        assert!((unanswerable - 1.0 / 3.0).abs() < 1e-9, "{unanswerable}");
        assert!((unanswerable * 100.0 / (unanswerable * 100.0 + 300.0) - 0.1).abs() < 1e-9);
        // All drafts are alike, so the confidence is the weighted share of those that are right: 290 of 310.
        let fitted = fitted(asked.iter(), &weight, |one| one.right);
        let said = fitted.confidence_of(ALIKE, false).get();
        assert!((said - 290.0 / 310.0).abs() < 0.005, "{said}");
    }
}
