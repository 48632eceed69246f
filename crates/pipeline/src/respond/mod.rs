//! Step 4: an answer made of evidence (P7). Without a language model it consists of the bank's own
//! sentences, each with its citation; whatever writes it, the grounding gate reads it.

mod ask_model;
mod choose;
mod compose;
pub mod conflict;
mod figure;
pub mod grounding;
mod several;

pub(crate) use choose::Chosen;
pub(crate) use figure::figures;

use std::time::Instant;

use contactiq_domain::{Routing, Step};

use crate::{
    House, score,
    turn::{Draft, Turn},
};

/// An unknown question is answered only if the documents answer it plainly.
const PLAINLY: f64 = 0.62;

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let served = several::serve(house, turn).await;
    if turn.escalates_early() && !served.answers.is_empty() {
        turn.beside = Some(served.draft(turn));
        let detail =
            format!("a person answers; {} other request answered from documents", served.answers.len());
        turn.trace(Step::Respond, since, "beside", detail);
        return;
    }
    if turn.found.is_empty() {
        let detail =
            if turn.escalates_early() { "a person answers" } else { "nothing was found to answer from" };
        turn.trace(Step::Respond, since, "skipped", detail);
        return;
    }
    let words = house.settings.of(turn.mode()).answer_words;
    if served.all() {
        respond_to_all(house, turn, served, since).await;
        return;
    }
    // If the whole is not sure enough, a person gets it, and this much can be said already.
    turn.beside = (!served.answers.is_empty()).then(|| served.draft(turn));
    let chosen = choose::sentences(&turn.asked(), words);
    let Some(best) = chosen.first().cloned() else {
        turn.trace(Step::Respond, since, "nothing", "no sentence of the passages speaks of the question");
        return;
    };
    if turn.routing == Routing::Guide && (best.similarity < PLAINLY || best.coverage < 0.5) {
        turn.trace(Step::Respond, since, "skipped", "the documents do not answer it plainly");
        return;
    }
    if let Some(conflict) = conflict::between(&turn.knowledge, &turn.found, &best) {
        let citations = compose::cite_both(&turn.knowledge, &conflict);
        let documents: Vec<&str> = citations.iter().map(|c| c.document.as_str()).collect();
        let detail = format!("{} state different figures", documents.join(" and "));
        turn.conflicting = citations;
        turn.trace(Step::Respond, since, "conflict", detail);
        return;
    }
    let whole = turn.understanding.as_ref().and_then(|u| score::features(&turn.asked(), &chosen, u));
    turn.judged = whole.into_iter().collect();
    let mut groups = vec![chosen.as_slice()];
    groups.extend(served.answers.iter().map(several::Answered::chosen));
    let draft = compose::extractive(&turn.knowledge, &groups);
    let detail = format!("{} sentences of {} documents", chosen.len(), draft.citations.len());
    finish(house, turn, draft, detail, since).await;
}

/// Every request of the message was answered surely enough: their sentences together are the answer.
async fn respond_to_all(house: &House, turn: &mut Turn, served: several::Served, since: Instant) {
    let draft = served.draft(turn);
    let detail = format!("{} requests, {} documents", served.answers.len(), draft.citations.len());
    turn.judged = served.answers.iter().map(|a| a.features).collect();
    turn.found = served.passages();
    finish(house, turn, draft, detail, since).await;
}

/// Has a model write it better, where there is one.
async fn finish(house: &House, turn: &mut Turn, draft: Draft, detail: String, since: Instant) {
    let (draft, outcome, detail) = match &house.chain {
        Some(chain) => ask_model::fluent(house, chain, turn, draft).await,
        None => (draft, "extractive", detail),
    };
    turn.draft = Some(draft);
    turn.trace(Step::Respond, since, outcome, detail);
}
