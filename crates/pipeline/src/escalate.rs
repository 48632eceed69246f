//! Step 6: whether a person takes over, why, and what happens next (P9). Nothing is guessed.

use std::{collections::BTreeMap, time::Instant};

use contactiq_domain::{
    IntentName, Outcome, Record, Routing, Step, Ticket, TicketState, Trigger, TriggerHit,
    escalation::decisive, ids::TicketId, ticket::number as ticket_number,
};
use contactiq_guard::{Masked, Published, Refusal};

use crate::{
    House,
    decision::{self, After, Evidence, Verdict},
    follow_up, language,
    misunderstood::Silence,
    turn::Turn,
};

/// What a person reads whose message only says that the answer before missed.
const ASK_ANEW: &str = "Sorry, that was not what you meant. Ask it in other words, or name the product, fee or step that \
    you mean, and I will look again.";

pub(crate) fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    if !turn.escalates_early() {
        close(house, turn);
    }
    let (outcome, detail) = if let Some(hit) = decisive(&turn.hits).cloned() {
        hand_over(house, turn, &hit);
        ("escalated", format!("{} by rule {}", hit.trigger, hit.rule))
    } else {
        (turn.outcome.as_str(), "no trigger: no person is needed".to_owned())
    };
    // Also where nothing fired: these rules found no reason.
    let version = format!("{} with decision table {}", house.rules.version, decision::VERSION);
    turn.trace_with(Step::Escalate, since, outcome, detail, Some(&version), BTreeMap::new());
}

/// Guidance, where the intent has some.
fn guide(house: &House, turn: &Turn) -> Option<String> {
    let understood = turn.understanding.as_ref()?;
    let intent = house.taxonomy.intent(turn.mode(), understood.intent.as_str())?;
    if turn.silence == Some(Silence::Objection) {
        return Some(ASK_ANEW.to_owned());
    }
    // What a model found not to fit is guided no more than before it was asked.
    let of = |name: &IntentName| house.taxonomy.intent(turn.mode(), name.as_str());
    let guided = turn.read_as.as_ref().is_none_or(|name| of(name).is_some_and(|read| read.guide.is_some()));
    let closing = intent.closing.clone().filter(|_| follow_up::closes(&turn.query));
    closing.or_else(|| intent.guide.clone().filter(|_| guided))
}

fn facts(house: &House, turn: &Turn, evidence: Evidence) -> After {
    After {
        refused: turn.door.refusal.is_some(),
        evidence,
        guide: guide(house, turn).is_some(),
        unknown: turn.understanding.as_ref().is_none_or(|u| u.intent.is_unknown()),
        // A second refusal since a person last took over is one too many, whatever was answered between them and
        // whatever is set.
        again: turn.signs.before + 1 >= house.settings.of(turn.mode()).misunderstandings
            || (turn.door.refusal.is_some() && turn.signs.refused_before),
        repeats: turn.signs.now,
        leans: turn.leaning().is_some(),
    }
}

/// Whether a draft that is judged as this turn's would be released: steps 5 and 6 know all they decide by before a
/// model has written a word.
pub(crate) fn would_answer(house: &House, turn: &Turn) -> bool {
    let threshold = house.settings.of(turn.mode()).confidence_threshold;
    let sure = turn.judged.is_some_and(|judged| judged.confidence >= threshold);
    let person = turn.escalates_early() || decisive(&turn.hits).is_some() || !turn.conflicting.is_empty();
    sure && !person && decision::close(&facts(house, turn, Evidence::Sure)).0 == Verdict::Answer
}

/// What becomes of a message that no person took over in step 2, by [`decision::AFTER`].
fn close(house: &House, turn: &mut Turn) {
    let (guide, leaning) = (guide(house, turn), turn.leaning());
    let facts = facts(house, turn, evidence(house, turn));
    let (verdict, rule) = decision::close(&facts);
    let hit = |trigger: Trigger, rule: String, score: f64| TriggerHit { trigger, rule, score };
    match verdict {
        Verdict::Answer => turn.outcome = Outcome::Resolved,
        Verdict::Guide => {
            turn.draft = None;
            turn.outcome = Outcome::Guided;
            turn.message = guide.map(|text| house.fill(&text, None));
            turn.reason = match turn.silence {
                Some(Silence::Objection) => {
                    "guidance: the message says that the answer before missed".to_owned()
                }
                _ => "guidance: the question names nothing that the documents answer".to_owned(),
            };
        }
        Verdict::Refuse => {
            turn.outcome = Outcome::Blocked;
            if let Some(refusal) = turn.door.refusal {
                turn.message = Some(house.fill(refusal_text(refusal), None));
                turn.reason = format!("refused by a guard: {refusal}");
            }
        }
        Verdict::PersonItLeansTo => {
            let (trigger, score) = leaning.unwrap_or((Trigger::LowConfidence, 0.0));
            turn.hits.push(hit(trigger, format!("{trigger}/{rule}"), score));
        }
        Verdict::Person(trigger) => {
            let doubt = matches!(facts.evidence, Evidence::Weak | Evidence::Vague);
            let score = if doubt { 1.0 - turn.confidence.get() } else { 1.0 };
            turn.hits.push(hit(trigger, rule.to_owned(), score));
        }
    }
}

/// What steps 3 to 5 gave.
fn evidence(house: &House, turn: &Turn) -> Evidence {
    let threshold = house.settings.of(turn.mode()).confidence_threshold;
    match &turn.draft {
        _ if !turn.conflicting.is_empty() => Evidence::Conflict,
        None if turn.lacks => Evidence::Lacks,
        None => Evidence::None,
        Some(_) if turn.confidence >= threshold => Evidence::Sure,
        Some(_) if turn.vague => Evidence::Vague,
        Some(_) => Evidence::Weak,
    }
}

impl House {
    /// The ticket of a cry for help that stands in what somebody reported of an answer: nobody waits for an answer to
    /// that, and a person must read it all the same. `told` is what was shown.
    #[must_use]
    pub fn cry_in_feedback(&self, of: &Record<Masked>, problem: Masked, told: &Published) -> Ticket<Masked> {
        let rules = self.rules.of(Trigger::EmotionalDistress);
        Ticket {
            id: TicketId::of(of.id),
            interaction: of.id,
            conversation: of.conversation,
            mode: of.mode,
            trigger: Trigger::EmotionalDistress,
            rule: CRY_IN_FEEDBACK.to_owned(),
            queue: rules.queue.clone(),
            priority: rules.priority,
            state: TicketState::Open,
            question: problem,
            told: Masked::from_published(told),
            created_at: self.clock.now(),
            assignee: None,
            taken_at: None,
            taken_note: None,
            closed_at: None,
            closed_by: None,
            closed_note: None,
            demo: of.demo,
        }
    }
}

/// The rule of such a ticket.
const CRY_IN_FEEDBACK: &str = "emotional_distress/feedback";

fn hand_over(house: &House, turn: &mut Turn, hit: &TriggerHit) {
    let rules = house.rules.of(hit.trigger);
    let messages = rules.messages(turn.mode());
    let id = TicketId::of(turn.started.id);
    let number = ticket_number(id);
    let people = house.people(turn.mode(), hit.trigger);
    let next = if people.is_some() { &messages.next_step } else { &messages.next_step_alone };
    let foreign = turn.language.map_or_else(String::new, |lang| format!("{} ", language::sentence(lang)));
    let told = house.fill_with(&format!("{foreign}{}\n\n{next}", messages.message), Some(&number), people);
    turn.draft = None;
    let distress = turn.hits.iter().any(|h| h.trigger == Trigger::EmotionalDistress);
    turn.beside = turn.beside.take().filter(|_| !distress);
    turn.outcome = Outcome::Escalated;
    turn.reason = reason(hit);
    turn.ticket = Some(Ticket {
        id,
        interaction: turn.started.id,
        conversation: turn.started.conversation,
        mode: turn.mode(),
        trigger: hit.trigger,
        rule: hit.rule.clone(),
        queue: rules.queue.clone(),
        priority: rules.priority,
        state: TicketState::Open,
        question: turn.started.question.clone(),
        told: Masked::from_published(&told),
        created_at: house.clock.now(),
        assignee: None,
        taken_at: None,
        taken_note: None,
        closed_at: None,
        closed_by: None,
        closed_note: None,
        demo: turn.started.demo,
    });
    turn.message = Some(told);
}

/// Why a person takes over, for whoever reads the record: the apology is in the answer.
fn reason(hit: &TriggerHit) -> String {
    let why = match hit.trigger {
        Trigger::SecurityFraud => "the message speaks of fraud, theft or a lost card",
        Trigger::EmotionalDistress => "the message speaks of distress or danger to a person",
        Trigger::LegalHardship => "the message speaks of money trouble or a legal matter",
        Trigger::ExplicitHumanRequest => "a person was asked for",
        Trigger::FinancialAdvice => "the question asks for personal advice",
        Trigger::AccountSpecific => "the question needs somebody's own record",
        Trigger::HumanOnly => "the bank keeps this subject for its people",
        Trigger::RepeatedMisunderstanding => "the assistant and the person missed each other more than once",
        Trigger::ConflictingEvidence => "documents in force contradict each other",
        Trigger::InsufficientEvidence => "no document in force answers the question",
        Trigger::LowConfidence => "the confidence of the answer is below the threshold",
    };
    format!("{why} (rule {}, {:.2})", hit.rule, hit.score)
}

/// What a person reads when a guard refuses: a friendly way on, no accusation.
const fn refusal_text(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Injection => {
            "I can't act on that message: part of it reads like instructions to me rather than a question. \
             Ask me about {bank}'s fees, limits, cards, transfers, accounts, loans or processes in your own words."
        }
        Refusal::Moderation => {
            "I can't answer a message worded like that. Tell me what you need in other words and I will help, \
             or use {verified_channel}."
        }
        Refusal::SqlPattern | Refusal::ScriptPattern => {
            "I can't read that message: it looks like program code. Write your question in plain words and I \
             will help."
        }
    }
}

/// Extra lines under a released answer.
pub(crate) fn disclaimer(house: &House, turn: &Turn) -> Option<Published> {
    let text = &house.settings.of(turn.mode()).disclaimer;
    let answers = turn.outcome == Outcome::Resolved && turn.routing != Routing::Refuse;
    (answers && !text.is_empty()).then(|| house.fill(text, None))
}
