//! Passages that disagree: two documents state different figures for the same thing (P9).

use std::collections::BTreeSet;

use contactiq_nlu::text;

use super::{choose::Chosen, grounding};
use crate::{Found, Knowledge};

/// Two sentences speak of the same thing when this share of their content words is common…
const SAME_WORDS: f64 = 0.6;
/// …or their meaning is this close and a good part of the words is common.
const SAME_MEANING: f64 = 0.86;
const SOME_WORDS: f64 = 0.4;

/// The two documents that disagree about what the best sentence says, if any.
pub(crate) fn between(knowledge: &Knowledge, found: &[Found], best: &Chosen) -> Option<(String, String)> {
    let index = &knowledge.index;
    let claim = &index.sentences(best.passage)[best.sentence];
    if grounding::figures(&claim.text).is_empty() {
        return None;
    }
    let own = words(&claim.text);
    let home = knowledge.passages[best.passage].0;
    for other in found.iter().filter(|f| f.document != home) {
        for sentence in index.sentences(other.passage) {
            let theirs = words(&sentence.text);
            let common = own.intersection(&theirs).count() as f64 / own.union(&theirs).count().max(1) as f64;
            let meaning = match (&claim.vector, &sentence.vector) {
                (Some(a), Some(b)) => a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>(),
                _ => 0.0,
            };
            let same = common >= SAME_WORDS || (meaning >= SAME_MEANING && common >= SOME_WORDS);
            if same && grounding::disagree(&claim.text, &sentence.text) {
                let name = |d: usize| format!("{}/{}", knowledge.documents[d].collection, knowledge.documents[d].slug);
                return Some((name(home), name(other.document)));
            }
        }
    }
    None
}

/// Content words without figures: what the sentence speaks of.
fn words(sentence: &str) -> BTreeSet<String> {
    text::content_stems(sentence).into_iter().filter(|w| !w.bytes().any(|b| b.is_ascii_digit())).collect()
}
