//! Step 4: an answer made of evidence (P7). Without a language model it consists of the bank's own
//! sentences, each with its citation; whatever writes it, the grounding gate reads it.

mod as_it_stands;
mod ask_aloud;
mod ask_model;
mod band;
mod choose;
mod citation;
mod comparison;
mod compose;
mod contested;
pub(crate) mod figure;
pub mod grounding;
mod history;
mod judge;
mod made;
mod order;
mod orders;
mod premise;
mod quotable;
mod repair;
mod rows;
mod several;
mod spelled;
mod spend;
mod statement;
mod sufficient;
#[cfg(test)]
mod test_bank;
mod thing;
mod translation;
mod wish;

pub(crate) use choose::Chosen;
pub(crate) use figure::figures;
pub use judge::Judges;
pub(crate) use judge::run as judge;
pub use translation::Tongue;
pub(crate) use translation::{Translated, answer as translate_answer, question as translate_question};
pub(crate) use wish::asks_yes_or_no;

use std::time::Instant;

use ask_model::Written;
use comparison::Comparison;
pub(crate) use compose::EXTRACTIVE;
use compose::Manner;
use contactiq_domain::{Mode, Probability, Routing, Step, Understanding};

use crate::{
    DoorFault, House, escalate,
    score::{self, Judged},
    turn::{Draft, KeptBack, Turn},
};

/// Sentences of the message read as one, before those of its requests.
const AS_ONE: usize = 2;
/// The rule by which a draft stays inside that would quote an order to a model.
const QUOTED: &str = "orders/quoted";

/// A question is surely of the bank where its documents contradict it.
const CERTAIN: Probability = Probability::ONE;

/// Words of an answer that are not the house's own lines below it.
pub(crate) fn words(house: &House, mode: Mode) -> usize {
    let settings = house.settings.of(mode);
    settings.answer_words.saturating_sub(settings.disclaimer.split_whitespace().count())
}

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    if !turn.conflicting.is_empty() {
        turn.trace(Step::Respond, since, "conflict", "a model found that passages contradict each other");
        return;
    }
    if turn.routing == Routing::Answer {
        as_it_stands::prefer(house, turn);
    }
    let served = several::serve(house, turn).await;
    // If the whole is not sure enough, a person gets it, and this much can be said already.
    turn.beside = match served.beside(turn) {
        Some(draft) => may_be_quoted(house, turn, &draft).await.unwrap_or(false).then_some(draft),
        None => None,
    };
    // Whatever was found: what a person answers reaches no model.
    if turn.escalates_early() {
        let (outcome, detail) = match turn.beside {
            Some(_) => ("beside", "a person answers; other requests from documents"),
            None => ("skipped", "a person answers"),
        };
        turn.trace(Step::Respond, since, outcome, detail);
        return;
    }
    if turn.found.is_empty() {
        turn.trace(Step::Respond, since, "skipped", "nothing was found to answer from");
        return;
    }
    match served.stopped {
        Some(several::Stopped::Contested(dispute)) => return conflict(turn, dispute, since),
        Some(several::Stopped::Lacks(lack)) => {
            return insufficient(turn, lack, since);
        }
        None => {}
    }
    if as_it_stands::is_nowhere(house, turn) {
        return insufficient(turn, "no document names what the follow-up asks about", since);
    }
    let all = served.all();
    if let Some(decided) = decide(house, turn).filter(|_| all.is_none()) {
        decided.apply(house, turn, since).await;
        return;
    }
    let chosen = choose::sentences(&turn.asked(), words(house, turn.mode()));
    let whole =
        turn.understanding.as_ref().and_then(|u| score::judge(house, turn, &turn.asked(), &chosen, u));
    if let Some(answers) = all {
        respond_to_all(house, turn, (&served, answers), (&chosen, whole), since).await;
        return;
    }
    if chosen.is_empty() {
        turn.trace(Step::Respond, since, "nothing", "no sentence of the passages speaks of the question");
        return;
    }
    // What does not speak of the question contradicts nothing.
    if let Some(lack) =
        sufficient::lacking(&turn.asked(), &chosen, &house.settings.bank, house.today().year())
    {
        return insufficient(turn, lack, since);
    }
    let listed = contested::met(&turn.knowledge, turn.mode(), &chosen, house.today());
    if let Some(dispute) = listed {
        if turn.understanding.as_ref().is_none_or(|u| u.intent.is_unknown()) {
            turn.trace(Step::Respond, since, "nothing", "not understood, and what is near is contradicted");
            return;
        }
        return conflict(turn, dispute, since);
    }
    if whole.is_some_and(|judged| score::is_beside_the_point(house, turn, &judged)) {
        let why =
            "not understood, or small talk: the passages are near to its words and not to what it is about";
        turn.trace(Step::Respond, since, "nothing", why);
        return;
    }
    turn.judged = whole;
    let draft = compose::extractive(&turn.knowledge, &Manner::of(turn), &[&chosen]);
    let detail = format!("{} sentences of {} documents", chosen.len(), draft.citations.len());
    finish(house, turn, draft, detail, since).await;
}

/// The passages speak of it, and do not state what is asked.
fn insufficient(turn: &mut Turn, lack: &'static str, since: Instant) {
    turn.lacks = true;
    turn.trace(Step::Respond, since, "insufficient", lack);
}

/// Documents disagree: nothing is released.
fn conflict(turn: &mut Turn, dispute: contested::Dispute, since: Instant) {
    let citations = compose::cite_both(&turn.knowledge, turn.role, dispute);
    let documents: Vec<&str> = citations.iter().map(|c| c.document.as_str()).collect();
    let detail = format!("{} state different figures", documents.join(" and "));
    turn.conflicting = citations;
    turn.trace(Step::Respond, since, "conflict", detail);
}

/// What is decided before sentences are chosen by how near they are to the question.
enum Decided {
    /// The documents say otherwise, or two products stand side by side: no model writes it again.
    Drafted { draft: Box<Draft>, judged: Option<Judged>, outcome: &'static str, detail: &'static str },
    /// The passages do not hold what the question rests on, or compares.
    Insufficient(&'static str),
    /// Documents contradict each other on what would be said.
    Contested(contested::Dispute),
}

/// A question that rests on something the documents contradict, or that compares products.
fn decide(house: &House, turn: &Turn) -> Option<Decided> {
    let asked = turn.asked();
    let judge = |chosen: &[Chosen]| {
        turn.understanding.as_ref().and_then(|u| score::judge(house, turn, &asked, chosen, u))
    };
    match premise::of(asked.query).map(|premise| premise::check(&premise, &asked)) {
        Some(premise::Verdict::Corrected(places)) => {
            let chosen = choose::measured(&asked, &places);
            if let Some(dispute) = contested::met(&turn.knowledge, turn.mode(), &chosen, house.today()) {
                return Some(Decided::Contested(dispute));
            }
            let manner = Manner { opening: compose::OTHERWISE, ..Manner::of(turn) };
            return Some(Decided::Drafted {
                draft: Box::new(compose::extractive(&turn.knowledge, &manner, &[&chosen])),
                // Documents that speak of the very thing say better than its words that it is the bank's affair.
                judged: turn.understanding.as_ref().and_then(|understanding| {
                    let understanding = Understanding { in_scope: CERTAIN, ..understanding.clone() };
                    score::judge(house, turn, &asked, &chosen, &understanding)
                }),
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
        Comparison::Table(_, chosen)
            if let Some(dispute) = contested::met(&turn.knowledge, turn.mode(), &chosen, house.today()) =>
        {
            Some(Decided::Contested(dispute))
        }
        Comparison::Table(draft, chosen) => Some(Decided::Drafted {
            draft: Box::new(draft),
            judged: judge(&chosen),
            outcome: "compared",
            detail: "what the passages state of each product, side by side",
        }),
        Comparison::Unknown => Some(Decided::Insufficient("a product that is compared is in no document")),
        Comparison::None => None,
    }
}

impl Decided {
    async fn apply(self, house: &House, turn: &mut Turn, since: Instant) {
        match self {
            Decided::Drafted { draft, judged, outcome, detail } => {
                turn.judged = judged;
                let written = Written::by_house(*draft, outcome, detail.to_owned());
                release(house, turn, written, since).await;
            }
            Decided::Insufficient(lack) => insufficient(turn, lack, since),
            Decided::Contested(dispute) => conflict(turn, dispute, since),
        }
    }
}

/// Every request of the message has its answer: together they are the answer, as sure as the least sure
/// of them. In the place of those that say too little alone stands the message read as one.
async fn respond_to_all(
    house: &House,
    turn: &mut Turn,
    (served, answers): (&several::Served, &[several::Answered]),
    (chosen, whole): (&[Chosen], Option<Judged>),
    since: Instant,
) {
    let sureness = |judged: &Judged| judged.confidence.get();
    let least_of = |vague: bool| {
        let judged = answers.iter().map(|a| a.judged).filter(|judged| vague || !judged.vague);
        judged.min_by(|a, b| sureness(a).total_cmp(&sureness(b)))
    };
    let least = least_of(true);
    // Its sentences pass the same doors as those of each request.
    let may_lead = contested::met(&turn.knowledge, turn.mode(), chosen, house.today()).is_none()
        && sufficient::lacking(&turn.asked(), chosen, &house.settings.bank, house.today().year()).is_none();
    let as_one = whole.filter(|w| may_lead && least.is_none_or(|l| w.confidence > l.confidence));
    // The whole says what a request leaves out; for one that says enough and is not sure it cannot speak.
    let says_enough = least_of(false).filter(|l| as_one.is_some_and(|w| w.confidence > l.confidence));
    let mut groups: Vec<&[Chosen]> = answers.iter().map(several::Answered::chosen).collect();
    if as_one.is_some() {
        groups.insert(0, &chosen[..chosen.len().min(AS_ONE)]);
    }
    let kept = choose::shortened(&turn.knowledge, &groups, words(house, turn.mode()));
    let groups: Vec<&[Chosen]> = kept.iter().map(Vec::as_slice).collect();
    let draft = compose::extractive(&turn.knowledge, &Manner::of(turn), &groups);
    let detail = format!("{} requests, {} documents", answers.len(), draft.citations.len());
    turn.judged = says_enough.or(as_one).or(least);
    let of_requests = served.passages();
    let of_whole = std::mem::take(&mut turn.found);
    let (first, then) = if as_one.is_some() { (of_whole, of_requests) } else { (of_requests, of_whole) };
    for found in first.into_iter().chain(then) {
        if !turn.found.iter().any(|f| f.passage == found.passage) {
            turn.found.push(found);
        }
    }
    finish(house, turn, draft, detail, since).await;
}

/// Has a model write it better, where there is one.
async fn finish(house: &House, turn: &mut Turn, draft: Draft, detail: String, since: Instant) {
    let written = match (&house.chain, &turn.audience) {
        // What is shown is a translation of it: the bank's own sentences.
        _ if turn.translated.is_some() => Written::by_house(draft, "extractive", detail),
        (Some(_), _) if house.model_time() < repair::LEAST => {
            Written::by_house(draft, "extractive", "no time was left for a model: cited sentences".to_owned())
        }
        (Some(chain), Some(audience)) if audience.hears() && escalate::would_answer(house, turn) => {
            ask_aloud::aloud(house, chain, turn, audience, draft).await
        }
        (Some(chain), _) => repair::fluent(house, chain, turn, draft).await,
        (None, _) => Written::by_house(draft, "extractive", detail),
    };
    turn.paid.add(written.paid);
    release(house, turn, written, since).await;
}

/// The last door of this step: a draft whose citations may not leave stays inside as a whole.
async fn release(house: &House, turn: &mut Turn, written: Written, since: Instant) {
    let Written { draft, mut outcome, mut detail, mut values, kept_back, left, asked, paid } = written;
    values.extend(paid.values());
    turn.left = left;
    if let Some(kept_back) = kept_back {
        keep_back(turn, kept_back);
    }
    let withheld = match may_be_quoted(house, turn, &draft).await {
        Err(_) => Some("the guard failed on it: a person answers"),
        Ok(false) => Some("a sentence of it orders a model: a person answers"),
        Ok(true) => {
            let today = house.today();
            let leaves =
                citation::may_leave(&turn.knowledge, &turn.found, turn.mode(), today, &draft.citations);
            (!leaves).then_some("a citation points to no retrieved passage in force")
        }
    };
    match withheld {
        Some(why) => {
            outcome = "withheld";
            detail = why.to_owned();
        }
        None => turn.draft = Some(draft),
    }
    turn.trace_with(Step::Respond, since, outcome, detail, asked, values);
}

/// Whether all that a draft quotes may be shown; one that may not is for a reviewer.
async fn may_be_quoted(house: &House, turn: &mut Turn, draft: &Draft) -> Result<bool, DoorFault> {
    let quoted = orders::quoted(draft.text.as_str(), &draft.citations);
    let chars = quoted.iter().map(|said| said.chars().count()).sum();
    let may_be = house.guard.read(chars, move |_guard| orders::may_be_quoted(&quoted)).await?;
    if !may_be {
        keep_back(turn, KeptBack { rules: vec![QUOTED.to_owned()], text: draft.text.clone() });
    }
    Ok(may_be)
}

/// One entry of the review list for a turn: of a text that is on it already, another rule spoke too.
fn keep_back(turn: &mut Turn, more: KeptBack) {
    match &mut turn.kept_back {
        Some(kept) => kept.rules.extend(more.rules),
        none => *none = Some(more),
    }
}
