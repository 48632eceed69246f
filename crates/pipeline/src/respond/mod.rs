//! Step 4: an answer made of evidence (P7). Without a language model it consists of the bank's own
//! sentences, each with its citation; whatever writes it, the grounding gate reads it.

mod ask_model;
mod choose;
mod citation;
mod comparison;
mod compose;
mod contested;
pub(crate) mod figure;
pub mod grounding;
mod order;
mod premise;
mod rows;
mod several;
mod spelled;
mod statement;
mod sufficient;
#[cfg(test)]
mod test_bank;
mod wish;

pub(crate) use choose::Chosen;
pub(crate) use figure::figures;

use std::time::Instant;

use ask_model::Written;
use comparison::Comparison;
use compose::Manner;
use contactiq_domain::{Mode, Routing, Step};

use crate::{
    Features, House, score,
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
    if let Some(decided) = decide(turn) {
        decided.apply(house, turn, since);
        return;
    }
    let chosen = choose::sentences(&turn.asked(), words);
    let Some(best) = chosen.first().cloned() else {
        turn.trace(Step::Respond, since, "nothing", "no sentence of the passages speaks of the question");
        return;
    };
    if turn.routing == Routing::Guide && (best.similarity < PLAINLY || best.coverage < 0.5) {
        turn.trace(Step::Respond, since, "skipped", "the documents do not answer it plainly");
        return;
    }
    if let Some(dispute) = contested::met(&turn.knowledge, &chosen, house.clock.now().date()) {
        let citations = compose::cite_both(&turn.knowledge, turn.role, dispute);
        let documents: Vec<&str> = citations.iter().map(|c| c.document.as_str()).collect();
        let detail = format!("{} state different figures", documents.join(" and "));
        turn.conflicting = citations;
        turn.trace(Step::Respond, since, "conflict", detail);
        return;
    }
    if let Some(lack) = sufficient::lacking(&turn.asked(), &chosen, &house.settings.bank) {
        turn.trace(Step::Respond, since, "insufficient", lack);
        return;
    }
    let whole = turn.understanding.as_ref().and_then(|u| score::features(&turn.asked(), &chosen, u));
    turn.judged = whole.into_iter().collect();
    let mut groups = vec![chosen.as_slice()];
    groups.extend(served.answers.iter().map(several::Answered::chosen));
    let draft = compose::extractive(&turn.knowledge, &Manner::of(turn), &groups);
    let detail = format!("{} sentences of {} documents", chosen.len(), draft.citations.len());
    finish(house, turn, draft, detail, since).await;
}

/// What is decided before sentences are chosen by how near they are to the question.
enum Decided {
    /// The documents say otherwise, or two products stand side by side: no model writes it again.
    Drafted { draft: Draft, judged: Option<Features>, outcome: &'static str, detail: &'static str },
    /// The passages do not hold what the question rests on, or compares.
    Insufficient(&'static str),
}

/// A question that rests on something the documents contradict, or that compares products.
fn decide(turn: &Turn) -> Option<Decided> {
    let asked = turn.asked();
    let judge =
        |chosen: &[Chosen]| turn.understanding.as_ref().and_then(|u| score::features(&asked, chosen, u));
    match premise::of(asked.query).map(|premise| premise::check(&premise, &asked)) {
        Some(premise::Verdict::Corrected(places)) => {
            let chosen = choose::measured(&asked, &places);
            let manner = Manner { opening: compose::OTHERWISE, ..Manner::of(turn) };
            return Some(Decided::Drafted {
                draft: compose::extractive(&turn.knowledge, &manner, &[&chosen]),
                judged: judge(&chosen),
                outcome: "corrected",
                detail: "the question rests on something that the documents contradict",
            });
        }
        Some(premise::Verdict::Unfounded) => {
            return Some(Decided::Insufficient("the question rests on a figure that no passage states"));
        }
        Some(premise::Verdict::Stands) | None => {}
    }
    let products = if turn.mode() == Mode::Banker { comparison::products(asked.query) } else { Vec::new() };
    if products.is_empty() {
        return None;
    }
    match comparison::compare(&asked, &products) {
        Comparison::Table(draft, chosen) => Some(Decided::Drafted {
            draft,
            judged: judge(&chosen),
            outcome: "compared",
            detail: "what the passages state of each product, side by side",
        }),
        Comparison::Unknown => Some(Decided::Insufficient("a product that is compared is in no document")),
        Comparison::None => None,
    }
}

impl Decided {
    fn apply(self, house: &House, turn: &mut Turn, since: Instant) {
        match self {
            Decided::Drafted { draft, judged, outcome, detail } => {
                turn.judged = judged.into_iter().collect();
                release(house, turn, Written::by_house(draft, outcome, detail.to_owned()), since);
            }
            Decided::Insufficient(lack) => turn.trace(Step::Respond, since, "insufficient", lack),
        }
    }
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
    let written = match &house.chain {
        Some(chain) => ask_model::fluent(house, chain, turn, draft).await,
        None => Written::by_house(draft, "extractive", detail),
    };
    release(house, turn, written, since);
}

/// The last door of this step: a draft whose citations may not leave stays inside as a whole.
fn release(house: &House, turn: &mut Turn, written: Written, since: Instant) {
    let Written { draft, mut outcome, mut detail, values } = written;
    let today = house.clock.now().date();
    if citation::may_leave(&turn.knowledge, &turn.found, turn.mode(), today, &draft.citations) {
        turn.draft = Some(draft);
    } else {
        outcome = "withheld";
        detail = "a citation points to no retrieved passage in force".to_owned();
    }
    turn.trace_with(Step::Respond, since, outcome, detail, None, values);
}
