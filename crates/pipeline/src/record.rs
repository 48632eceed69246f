//! Step 7 and its first phase: the start is durable before any step with side effects, the
//! completion before anything is shown, each in one transaction (B2).

use std::time::Instant;

use contactiq_domain::{
    Category, ContentType, IntentName, Mode, Outcome, Probability, Record, Step, Trigger,
};
use contactiq_guard::{Masked, ModerationCategory, Placeholders, Published, ReviewKind};
use contactiq_store::{
    StoreError,
    ledger::{Applied, Completion, Entry, IN_ALL, Start},
    placeholders::{self, SealedPlaceholders},
    review,
};

use crate::{
    AnswerError, Begun, House, escalate,
    turn::{Draft, Turn},
};

/// Phase one: the conversation, the numbers of placeholders and the start.
pub(crate) async fn start(house: &House, begun: &mut Begun) -> Result<(), AnswerError> {
    let placeholders = number(house, begun).await?;
    let tokens = begun.door.spans.iter().filter_map(|s| Some((s.kind, s.token?))).collect();
    let start = Start {
        conversation: begun.conversation.clone(),
        placeholders,
        started: begun.started.clone(),
        tokens,
        shown: None,
    };
    house.ledger.write(Entry::Start(Box::new(start))).await?;
    Ok(())
}

/// Gives the placeholders of the question the conversation's numbers. A conversation that goes on is locked
/// meanwhile: two questions at once never give one number to two values, nor one value two numbers. What one
/// begins with is written with its start.
async fn number(house: &House, begun: &mut Begun) -> Result<Option<SealedPlaceholders>, AnswerError> {
    if !house.settings.keeps_placeholders || !begun.door.has_placeholders() {
        begun.door.forget_values();
        return Ok(None);
    }
    let conversation = begun.conversation.id;
    if !begun.continues {
        let mut given = Placeholders::default();
        let changed = begun.door.number(&mut given);
        if changed {
            given.note_message(begun.started.id);
        }
        begun.started.question = begun.door.masked.clone();
        return Ok(changed.then(|| placeholders::sealed(&house.store, conversation, &given)));
    }
    let numbering = tokio::time::timeout(IN_ALL, house.ledger.tables(IN_ALL, number_on(house, begun)));
    match numbering.await {
        Ok(Ok(())) => {}
        // The spool holds the conversation, or the database is away: the numbers begin again in this message.
        Err(_) | Ok(Err(StoreError::NotFound { .. } | StoreError::Unavailable { .. })) => {
            begun.door.forget_values();
            // Where the time ran out while it was being saved, the conversation may have noted the message, and then
            // its numbers are those that were given: other ones would be opened as another's values.
            begun.started.question = begun.door.masked.clone();
        }
        Ok(Err(error)) => return Err(error.into()),
    }
    Ok(None)
}

async fn number_on(house: &House, begun: &mut Begun) -> Result<(), StoreError> {
    let conversation = begun.conversation.id;
    let mut w = house.store.write().await?;
    let mut given = placeholders::locked(&mut w, conversation).await?;
    let changed = begun.door.number(&mut given);
    if given.note_message(begun.started.id) || changed {
        placeholders::keep(&mut w, conversation, &given).await?;
    }
    w.save().await?;
    begun.started.question = begun.door.masked.clone();
    Ok(())
}

/// Phase two: the record, its ticket and what is to be reviewed, together.
pub(crate) async fn complete(house: &House, mut turn: Turn) -> Result<Record<Masked>, AnswerError> {
    let since = Instant::now();
    let beside = turn.account.spent();
    turn.paid.cost = turn.paid.cost.plus(beside.all());
    let mut detail = "start and completion are durable before the answer is shown".to_owned();
    if let Some(why) = beside.refused {
        detail.push_str(&format!(
            "; vectors, a provider's moderation or a hosted store were not asked for: {why}"
        ));
    }
    turn.trace_with(Step::Record, since, "recorded", detail, None, beside.values().collect());
    let ticket = turn.ticket.take();
    let reviews = to_review(house, &mut turn);
    let (claimed, handed, left) = (turn.claimed.take(), turn.handed, turn.left);
    // Who asks again with the key of a question that nobody listened to has it answered.
    let claimed = claimed.filter(|_| !left);
    let conversation = turn.conversation.clone();
    let record = finished(house, turn, ticket.as_ref().map(|t| t.id));
    let completion = Completion { conversation, record: record.clone(), ticket, reviews, claimed };
    let applied = match handed {
        true => house.ledger.write_handed(completion).await?,
        false => house.ledger.write(Entry::Completion(Box::new(completion))).await?,
    };
    match applied {
        Applied::Written if left => Err(AnswerError::Left),
        Applied::Written => Ok(record),
        Applied::Before(first) => Ok(*first),
        Applied::Overtaken => Err(AnswerError::Overtaken),
    }
}

/// What a reviewer is to see of this turn: a message that was refused, or flagged and not refused, and what
/// the output guard kept back. A cry for help alone is on no list: its ticket is before everything.
fn to_review(house: &House, turn: &mut Turn) -> Vec<review::Entry> {
    let kept_back = turn.kept_back.take();
    let entry = |kind: ReviewKind, rules: Vec<String>, message: Masked| review::Entry {
        id: house.ids.next(),
        interaction: turn.started.id,
        kind,
        rules,
        message,
        at: turn.started.created_at,
        decided: None,
    };
    let unfit = turn.door.moderation.categories.iter().any(|c| *c != ModerationCategory::SelfHarm);
    let kind = turn.door.refusal.map(ReviewKind::from).or_else(|| unfit.then_some(ReviewKind::Flagged));
    let of_message = kind.map(|kind| entry(kind, rules(turn), turn.started.question.clone()));
    let of_model = kept_back.map(|kept| entry(ReviewKind::Output, kept.rules, kept.text));
    of_message.into_iter().chain(of_model).collect()
}

/// The rules of the guard that spoke, and what the provider's moderation found.
fn rules(turn: &Turn) -> Vec<String> {
    let by_provider = turn.by_provider.iter().map(|c| format!("provider/{c}"));
    turn.door.rules.iter().cloned().chain(by_provider).collect()
}

fn finished(house: &House, turn: Turn, ticket: Option<contactiq_domain::ids::TicketId>) -> Record<Masked> {
    let answer = shown(house, &turn);
    // By the clock of whoever took it in.
    let completed_at = match turn.handed {
        true => turn.started.created_at.plus_micros(turn.clock_start.elapsed().as_micros() as i64),
        false => house.clock.now(),
    };
    let (citations, model) = match turn.draft.as_ref().or(beside(&turn)) {
        Some(d) => (d.citations.clone(), d.model.clone()),
        None => (Vec::new(), "none".to_owned()),
    };
    let trigger = (turn.outcome == Outcome::Escalated)
        .then(|| contactiq_domain::escalation::decisive(&turn.hits).map(|h| h.trigger))
        .flatten();
    // Staff are asked to cite both sources; a customer is given neither, since one of them is wrong.
    let to_settle = turn.started.mode == Mode::Banker && trigger == Some(Trigger::ConflictingEvidence);
    let citations = if to_settle { turn.conflicting } else { citations };
    let (intent, category, probability, reason) = match turn.understanding {
        Some(u) => (u.intent, u.category, u.probability, u.reason),
        None => (IntentName::unknown(), Category::Automatable, Probability::ZERO, String::new()),
    };
    let started = turn.started;
    // What a person took over was answered by nobody.
    let answers = turn.outcome == Outcome::Resolved;
    let translation = turn.translated.map(|own| own.into_record(answers));
    Record {
        id: started.id,
        request_id: started.request_id,
        correlation_id: started.correlation_id,
        conversation: started.conversation,
        subject: started.subject,
        session: started.session,
        mode: started.mode,
        question: started.question,
        intent,
        category,
        intent_probability: probability,
        classification_reason: reason,
        routing: turn.routing,
        answer,
        translation,
        citations,
        confidence: turn.confidence,
        outcome: if turn.left { Outcome::Interrupted } else { turn.outcome },
        trigger,
        triggers: turn.hits,
        reason: turn.reason,
        ticket,
        steps: turn.steps,
        retrieved_passages: turn.found.len() as u32,
        model,
        tokens: turn.paid.tokens,
        cost_usd: turn.paid.cost,
        pii_detected: started.pii_detected,
        pii_masked: started.pii_detected,
        knowledge_version: turn.knowledge.version.clone(),
        retention_policy: house.settings.retention_policy.clone(),
        demo: started.demo,
        processing_time_ms: turn.clock_start.elapsed().as_secs_f64() * 1000.0,
        created_at: started.created_at,
        completed_at: completed_at.max(started.created_at),
    }
}

/// Said between what a person takes over and what can be answered already.
const OTHER_REQUEST: &str = "What I can tell you meanwhile about the rest of your message:";

/// The answer to the other requests of a message that a person takes over.
fn beside(turn: &Turn) -> Option<&Draft> {
    turn.beside.as_ref().filter(|_| turn.outcome == Outcome::Escalated)
}

/// Said below whatever uses illustrative content, whoever wrote it (P7).
const SYNTHETIC_NOTE: &str =
    "Note: part of this comes from an illustrative example, not from the bank's terms.";

/// A draft's text with the note that it owes.
fn noted(draft: &Draft) -> Masked {
    if draft.citations.iter().any(|c| c.content_type == ContentType::Synthetic) {
        draft.text.clone().followed_by(&Published::by_bank(SYNTHETIC_NOTE.to_owned()))
    } else {
        draft.text.clone()
    }
}

/// What the person is shown: the released answer with the bank's disclaimer, or the message.
fn shown(house: &House, turn: &Turn) -> Masked {
    match (&turn.draft, &turn.message) {
        // Nobody was shown what stands below the answer.
        (Some(draft), _) if turn.left => draft.text.clone(),
        (Some(draft), _) => match escalate::disclaimer(house, turn) {
            Some(disclaimer) => noted(draft).followed_by(&disclaimer),
            None => noted(draft),
        },
        (None, Some(message)) => match beside(turn) {
            Some(other) => Masked::from_published(message)
                .followed_by(&Published::by_bank(OTHER_REQUEST.to_owned()))
                .with_below(&noted(other)),
            None => Masked::from_published(message),
        },
        (None, None) => Masked::empty(),
    }
}
