//! Step 4: an answer made of evidence (P7). Without a language model it consists of the bank's own
//! sentences, each with its citation; whatever writes it, the grounding gate reads it.

mod ask_model;
mod choose;
mod compose;
pub mod conflict;
mod figure;
pub mod grounding;

use std::time::Instant;

use contactiq_domain::{Routing, Step, Trigger, TriggerHit};

use crate::{House, turn::Turn};

/// An unknown question is answered only if the documents answer it plainly.
const PLAINLY: f64 = 0.62;

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    if turn.found.is_empty() {
        let detail =
            if turn.escalates_early() { "a person answers" } else { "nothing was found to answer from" };
        turn.trace(Step::Respond, since, "skipped", detail);
        return;
    }
    let words = house.settings.of(turn.mode()).answer_words;
    let chosen = choose::sentences(turn, words);
    let Some(best) = chosen.first().cloned() else {
        turn.trace(Step::Respond, since, "nothing", "no sentence of the passages speaks of the question");
        return;
    };
    if turn.routing == Routing::Guide && (best.similarity < PLAINLY || best.coverage < 0.5) {
        turn.trace(Step::Respond, since, "skipped", "the documents do not answer it plainly");
        return;
    }
    if let Some(conflict) = conflict::between(&turn.knowledge, &turn.found, &best) {
        turn.hits.push(TriggerHit {
            trigger: Trigger::ConflictingEvidence,
            rule: "conflicting_evidence/different-figures".to_owned(),
            score: 1.0,
        });
        let citations = compose::cite_both(turn, &conflict);
        let documents: Vec<&str> = citations.iter().map(|c| c.document.as_str()).collect();
        let detail = format!("{} state different figures", documents.join(" and "));
        turn.conflicting = citations;
        turn.trace(Step::Respond, since, "conflict", detail);
        return;
    }
    let draft = compose::extractive(turn, &chosen);
    let (draft, outcome, detail) = match &house.chain {
        Some(chain) => ask_model::fluent(house, chain, turn, draft).await,
        None => {
            let detail = format!("{} sentences of {} documents", chosen.len(), draft.citations.len());
            (draft, "extractive", detail)
        }
    };
    turn.draft = Some(draft);
    turn.trace(Step::Respond, since, outcome, detail);
}
