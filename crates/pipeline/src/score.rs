//! Step 5: one number for how probable it is that the answer is right and complete (P8).
//!
//! A logistic model over eleven features; its weights come from labelled questions of the bank
//! (`contactiq intents calibrate`) and stand in a file, so that anyone can see and redo them.

mod calibration;
mod features;

use std::time::Instant;

pub use calibration::{BY_WORDS, Calibration};
use contactiq_domain::{Probability, Step, Understanding};
pub use features::Features;
use features::TOO_LITTLE;
use serde::{Deserialize, Serialize};

use crate::{
    House, follow_up,
    respond::{Chosen, asks_yes_or_no},
    turn::{Asked, Exchange, Turn},
};

/// A question that says less than this is one common word ("fee").
const ONE_COMMON_WORD: f64 = 0.2;
/// A question that says less than this may be asked of many things.
const LITTLE: f64 = 0.5;

/// Passages whose agreement counts.
const LOOKED_AT: usize = 5;

/// Whether nothing but one passage is of the best document, and the others of the best are of others.
fn is_scattered(found: &[crate::Found]) -> bool {
    let looked_at = &found[..found.len().min(LOOKED_AT)];
    let of_best = |f: &&crate::Found| looked_at.first().is_some_and(|best| best.document == f.document);
    looked_at.len() > 1 && looked_at.iter().filter(of_best).count() == 1
}

/// The document that one view puts first, of equals the one that stands first; none where the view sees nothing.
fn first_by(found: &[crate::Found], view: impl Fn(&crate::Found) -> f64) -> Option<usize> {
    let seen = found.iter().filter(|f| view(f) > 0.0);
    seen.rev().max_by(|a, b| view(a).total_cmp(&view(b))).map(|f| f.document)
}

/// Whether nothing was seen by meaning: there is no encoder, or it was away when the question was read.
fn is_by_words(found: &[crate::Found]) -> bool {
    first_by(found, |f| f.cosine).is_none()
}

/// Whether words put a document first and meaning, where it sees anything, the same.
fn agrees(found: &[crate::Found]) -> bool {
    let by_words = first_by(found, |f| f.bm25);
    by_words.is_some() && (is_by_words(found) || by_words == first_by(found, |f| f.cosine))
}

/// The features of a request and the sentences that were chosen for it.
fn features(asked: &Asked<'_>, chosen: &[Chosen], understanding: &Understanding) -> Option<Features> {
    let found = asked.found;
    let (best, sentence) = (found.first()?, chosen.first()?);
    let passages: Vec<usize> = chosen.iter().map(|c| c.passage).collect();
    let said = asked.knowledge.index.said(asked.query, &passages);
    let other = found.iter().find(|f| f.document != best.document).map_or(0.0, |f| f.score);
    Some(Features {
        similarity: sentence.similarity.clamp(0.0, 1.0),
        coverage: sentence.coverage.clamp(0.0, 1.0),
        margin: (best.score - other).clamp(0.0, 1.0),
        agreement: found.iter().take(LOOKED_AT).filter(|f| f.document == best.document).count() as f64
            / found.len().clamp(1, LOOKED_AT) as f64,
        both_views: f64::from(u8::from(agrees(found))),
        // That it is probably not understood speaks against the answer.
        intent: if understanding.intent.is_unknown() {
            1.0 - understanding.probability.get()
        } else {
            understanding.probability.get()
        },
        in_scope: understanding.in_scope.get(),
        held: 1.0 - said.rarest_missing,
        specific: (said.weight / 2.0).min(1.0),
        figure: f64::from(u8::from(sentence.gives_figure)),
        asks_what: f64::from(u8::from(!asks_yes_or_no(asked.query))),
    })
}

/// How probable it is that an answer to a request is right and complete.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) features: Features,
    pub(crate) confidence: Probability,
    /// Whether the request says too little to be answered.
    pub(crate) vague: bool,
    /// Whether the passages were found by words alone, and judged by the weights for that.
    #[serde(default)]
    pub(crate) by_words: bool,
}

/// A question that was not understood is answered where the passages hold its rarest word, or this share of its words.
const PLAINLY: f64 = 0.6;
/// Or where meaning alone finds a sentence that is so like it.
const ALIKE: f64 = 0.5;
/// Small talk is answered where a sentence is at least so like it, or carries so much of its words.
const LIKE_IT: f64 = 0.38;
const CARRIED: f64 = 0.3;

/// Whether the sentences are true and beside the point: the question was not understood, or as small talk, and the bank's
/// documents have a word or a turn of it and not what it is about. "How do I forge a cheque?" is near to how a cheque is
/// paid in. What speaks for an answer (a figure, a clear margin) speaks for the best of any sentences.
pub(crate) fn is_beside_the_point(house: &House, turn: &Turn, judged: &Judged) -> bool {
    let Features { held, coverage, similarity, .. } = judged.features;
    let Some(understood) = turn.understanding.as_ref().filter(|_| held <= 0.0) else { return false };
    if understood.intent.is_unknown() {
        return coverage < PLAINLY && (judged.by_words || similarity < ALIKE);
    }
    let intent = house.taxonomy.intent(turn.mode(), understood.intent.as_str());
    let is_talk = intent.is_some_and(|intent| intent.guide.is_some());
    // Of a likeness of words alone nothing is known.
    is_talk && !judged.by_words && similarity < LIKE_IT && coverage < CARRIED
}

/// Judges the sentences that were chosen for a request: the one place where a confidence is made.
pub(crate) fn judge(
    house: &House,
    turn: &Turn,
    asked: &Asked<'_>,
    chosen: &[Chosen],
    understanding: &Understanding,
) -> Option<Judged> {
    let features = features(asked, chosen, understanding)?;
    let alone = !turn.history.iter().any(Exchange::may_be_leaned_on);
    let vague = says_too_little(asked.query, features, (is_scattered(asked.found), alone))
        || is_of_before(turn, asked, chosen);
    let by_words = is_by_words(asked.found);
    let confidence = house.calibration(by_words).confidence_of(features, vague);
    Some(Judged { features, confidence, vague, by_words })
}

/// Whether the answer to a follow-up holds nothing of what that names, though other passages do: it answers the question
/// before once more.
fn is_of_before(turn: &Turn, asked: &Asked<'_>, chosen: &[Chosen]) -> bool {
    let passages: Vec<usize> = chosen.iter().map(|c| c.passage).collect();
    let alone = turn.alone.as_ref();
    alone.and_then(|alone| asked.knowledge.index.holds_any(&alone.names, &passages)) == Some(false)
}

/// "How much is the fee?", "what's the limit on that one?": what many documents answer something like,
/// while nobody knows which of them was meant. Calibration can't know it: labelled questions are whole.
fn says_too_little(request: &str, features: Features, (scattered, alone): (bool, bool)) -> bool {
    let said = features.specific;
    // Both ways of looking put one document first, and it holds every word that was said.
    let is_found = features.both_views >= 1.0 && features.held >= 1.0 && features.coverage >= 1.0;
    said < ONE_COMMON_WORD
        || (said < LITTLE && !is_found && (scattered || (alone && follow_up::stands_in(request))))
}

pub(crate) fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let Some(Judged { features, confidence, vague, by_words }) = turn.judged.filter(|_| turn.draft.is_some())
    else {
        turn.trace(Step::Score, since, "skipped", "no answer to score");
        return;
    };
    turn.vague = vague;
    turn.confidence = confidence;
    let threshold = house.settings.of(turn.mode()).confidence_threshold;
    let outcome = if confidence >= threshold { "released" } else { "withheld" };
    let why = if vague { ", as the question says too little" } else { "" };
    let detail =
        format!("confidence {:.2}{why}, threshold {:.2} ({features})", confidence.get(), threshold.get());
    let version = Some(house.calibration(by_words).version.as_str());
    let mut values = features.values();
    if vague {
        values.insert(TOO_LITTLE.to_owned(), 1.0);
    }
    turn.trace_with(Step::Score, since, outcome, detail, version, values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_saw_by_meaning_is_not_compared_with_the_last_of_equals() {
        let hit = |document: usize, bm25: f64, cosine: f64| crate::Found {
            passage: document,
            document,
            score: 0.5,
            bm25,
            cosine,
            coverage: 0.5,
        };
        let by_words = [hit(1, 9.0, 0.0), hit(2, 3.0, 0.0), hit(3, 1.0, 0.0)];
        assert!(is_by_words(&by_words) && agrees(&by_words));
        let both = [hit(1, 9.0, 0.7), hit(2, 3.0, 0.4)];
        assert!(!is_by_words(&both) && agrees(&both));
        assert!(!agrees(&[hit(1, 9.0, 0.4), hit(2, 3.0, 0.7)]), "meaning puts another first");
        assert!(!agrees(&[hit(1, 0.0, 0.7), hit(2, 0.0, 0.4)]), "no word was found");
        assert_eq!(
            first_by(&[hit(1, 2.0, 0.0), hit(2, 2.0, 0.0)], |f| f.bm25),
            Some(1),
            "of equals the first"
        );
        assert!(!agrees(&[]));
    }
}
