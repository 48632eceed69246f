//! The ledger: one row an interaction, written in two phases (B2; requirements, section S).

use std::collections::HashSet;

use contactiq_domain::{
    Category, Citation, IntentName, Mode, Probability, Record, Routing, Translation,
    ids::{ConversationId, InteractionId, KeyId},
    interaction::{NanoUsd, Started, Tokens},
};
use contactiq_guard::{
    Masked, Published,
    seal::{Cell, DataKey},
};

use crate::{
    Connection, StoreError, Writer,
    authority::DamagedKind,
    conversations::{self, Owner},
    privacy,
    row::{Row, json},
    value::{Value, places, values},
};

mod unfinished;

pub(crate) use unfinished::{Part, show, shown, standing, told_again, withdraw};
pub use unfinished::{count_unfinished, interrupt, unfinished};

pub(crate) const TABLE: &str = "interactions";

/// What [`complete`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum Completed {
    /// The record was written now.
    Now,
    /// It was complete already. The first record stands, and this is it.
    Before(Box<Record<Masked>>),
}

const STARTED: &str =
    "id, request_id, correlation_id, conversation, subject, session, mode, question, pii_detected,
    demo, created_at";
const STARTED_COLUMNS: usize = 11;

const COMPLETED: &str = "id, request_id, correlation_id, conversation, subject, session, mode, question, intent,
    category, intent_probability, classification_reason, routing, answer, citations, confidence, outcome,
    decisive_trigger, triggers, reason, ticket, steps, retrieved_passages, model, tokens_input, tokens_output,
    cost_nano_usd, pii_detected, pii_masked, knowledge_version, retention_policy, demo, processing_time_ms, created_at,
    completed_at";
const COMPLETED_COLUMNS: usize = 35;

/// What a completion changes of a start, and of a record that reconciliation marked interrupted.
const COMPLETES: &str =
    "ON CONFLICT (id) DO UPDATE SET intent = excluded.intent, category = excluded.category,
        intent_probability = excluded.intent_probability,
        classification_reason = excluded.classification_reason, routing = excluded.routing,
        answer = excluded.answer, citations = excluded.citations, confidence = excluded.confidence,
        outcome = excluded.outcome, decisive_trigger = excluded.decisive_trigger,
        triggers = excluded.triggers, reason = excluded.reason, ticket = excluded.ticket,
        steps = excluded.steps, retrieved_passages = excluded.retrieved_passages, model = excluded.model,
        tokens_input = excluded.tokens_input, tokens_output = excluded.tokens_output,
        cost_nano_usd = excluded.cost_nano_usd, pii_detected = excluded.pii_detected,
        pii_masked = excluded.pii_masked, knowledge_version = excluded.knowledge_version,
        retention_policy = excluded.retention_policy, processing_time_ms = excluded.processing_time_ms,
        completed_at = excluded.completed_at";
/// What is complete stays as it is, but for what reconciliation gave up.
const UNLESS_COMPLETE: &str =
    "WHERE interactions.completed_at IS NULL OR interactions.outcome = 'interrupted' RETURNING id";

/// Phase one: the question is in the ledger before anything is done about it. A second start of
/// the same interaction changes nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when the request id belongs to another interaction,
/// [`StoreError::Refused`] when the conversation is missing, or when the database fails.
pub async fn start(w: &mut Writer, started: &Started<Masked>) -> Result<(), StoreError> {
    start_all(w, &[started]).await
}

/// The same of several, in one statement.
pub(crate) async fn start_all(w: &mut Writer, all: &[&Started<Masked>]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let mut values = Vec::with_capacity(all.len() * STARTED_COLUMNS);
    for started in all {
        let (id, whose) = (started.id.to_string(), w.key_of(started.conversation).await?);
        let whose = whose.as_deref();
        w.people.conversations.insert(started.id, started.conversation);
        values.extend(values![
            started.id,
            started.request_id,
            &started.correlation_id,
            started.conversation,
            w.subject_for(whose, &started.subject, started.conversation),
            w.hide_for(whose, &started.session, TABLE, "session", &id),
            started.mode,
            w.seal_for(whose, &started.question, TABLE, "question", &id),
            started.pii_detected,
            started.demo,
            started.created_at,
        ]);
    }
    let places = places(w.is_postgres(), all.len(), STARTED_COLUMNS);
    let sql = format!("INSERT INTO interactions ({STARTED}) VALUES {places} ON CONFLICT (id) DO NOTHING");
    w.rows_built(sql, values, all.len()).await?;
    Ok(())
}

/// Phase two: the whole record, whether or not the start was written. Completing again changes
/// nothing, because the queue may deliver twice (B5). A record that reconciliation marked
/// interrupted is completed after all: what really happened counts.
///
/// # Errors
/// [`StoreError::Conflict`] when the request id belongs to another interaction,
/// [`StoreError::Refused`] when the conversation is missing, or when the database fails.
pub async fn complete(w: &mut Writer, record: &Record<Masked>) -> Result<Completed, StoreError> {
    let mut completed = complete_all(w, &[record]).await?;
    Ok(completed.pop().unwrap_or(Completed::Now))
}

/// The same of several, in one statement; no two of them are of one interaction.
pub(crate) async fn complete_all(
    w: &mut Writer,
    all: &[&Record<Masked>],
) -> Result<Vec<Completed>, StoreError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Vec::with_capacity(all.len() * COMPLETED_COLUMNS);
    for record in all {
        values.extend(completed(w, record).await?);
    }
    let places = places(w.is_postgres(), all.len(), COMPLETED_COLUMNS);
    let sql = format!("INSERT INTO interactions ({COMPLETED}) VALUES {places} {COMPLETES} {UNLESS_COMPLETE}");
    let changed = w.rows_built(sql, values, all.len()).await?;
    let changed: HashSet<InteractionId> =
        changed.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
    let mut done = Vec::with_capacity(all.len());
    for record in all {
        done.push(if changed.contains(&record.id) {
            Completed::Now
        } else {
            let first = get(w, record.id).await?.ok_or(StoreError::NotFound { what: "interaction" })?;
            Completed::Before(Box::new(first))
        });
    }
    Ok(done)
}

/// Puts a record in the place of the one that completed its interaction: this one was shown, and that one was not.
///
/// # Errors
/// As [`complete`].
pub(crate) async fn replace(w: &mut Writer, record: &Record<Masked>) -> Result<(), StoreError> {
    let values = completed(w, record).await?;
    let places = places(w.is_postgres(), 1, COMPLETED_COLUMNS);
    let sql = format!("INSERT INTO interactions ({COMPLETED}) VALUES {places} {COMPLETES} RETURNING id");
    w.rows_built(sql, values, 2).await.map(drop)
}

async fn completed(w: &mut Writer, record: &Record<Masked>) -> Result<Vec<Value>, StoreError> {
    let (id, key) = (record.id.to_string(), w.key_of(record.conversation).await?);
    // Nothing is sealed in a row that has lost its texts, and nothing of it says with whose key it could be opened.
    let lost = record.question == Masked::erased() && record.answer == Masked::erased();
    let whose = key.as_deref().filter(|_| !lost);
    w.people.conversations.insert(record.id, record.conversation);
    // Of somebody who is nobody any more there are none.
    let steps = match whose {
        Some(_) => words(w, whose, &json(&record.steps, "steps")?, "steps", &id),
        None => "[]".to_owned(),
    };
    Ok(values![
        record.id,
        record.request_id,
        &record.correlation_id,
        record.conversation,
        w.subject_for(whose, &record.subject, record.conversation),
        w.hide_for(whose, &record.session, TABLE, "session", &id),
        record.mode,
        w.seal_for(whose, &record.question, TABLE, "question", &id),
        &record.intent,
        record.category,
        record.intent_probability,
        words(w, whose, &record.classification_reason, "classification_reason", &id),
        record.routing,
        w.seal_for(whose, &with_translation(record, lost), TABLE, "answer", &id),
        json(&record.citations, "citations")?,
        record.confidence,
        record.outcome,
        record.trigger,
        json(&record.triggers, "triggers")?,
        words(w, whose, &record.reason, "reason", &id),
        record.ticket,
        steps,
        record.retrieved_passages,
        &record.model,
        record.tokens.input,
        record.tokens.output,
        record.cost_usd.0,
        record.pii_detected,
        record.pii_masked,
        &record.knowledge_version,
        &record.retention_policy,
        record.demo,
        record.processing_time_ms,
        record.created_at,
        record.completed_at,
    ])
}

/// What the column of the answer holds: the answer, and what a model translated with it, so that whoever moves, looks
/// through or erases the one has the other. Of a row that has lost its texts nothing.
fn with_translation(record: &Record<Masked>, lost: bool) -> Masked {
    match record.translation.as_ref().filter(|_| !lost) {
        None => Masked::bundled([&record.answer]),
        Some(own) => {
            let about = format!("{} {}", own.language, own.model);
            let about = Masked::from_published(&Published::by_bank(about));
            Masked::bundled([&record.answer, &own.question, &own.answer, &about])
        }
    }
}

/// The answer and the translation of such a column; what is no bundle of the house's is an answer, whole.
fn of_column(text: Masked) -> (Masked, Option<Translation<Masked>>) {
    let texts = text.clone().unbundled();
    match <[Masked; 4]>::try_from(texts) {
        Ok([shown, question, answer, about]) => {
            let (language, model) = about.as_str().split_once(' ').unwrap_or((about.as_str(), ""));
            let (language, model) = (language.to_owned(), model.to_owned());
            (shown, Some(Translation { language, question, answer, model }))
        }
        Err(mut texts) if texts.len() == 1 => (texts.remove(0), None),
        Err(_) => (text, None),
    }
}

/// Reasons and steps are in the bank's words, and say what somebody asked about: they are sealed like the question, as
/// text, because earlier versions wrote them in the clear.
pub(crate) fn words(w: &Writer, whose: Option<&DataKey>, text: &str, column: &str, id: &str) -> String {
    match whose {
        Some(_) if !text.is_empty() => w.hide_for(whose, text, TABLE, column, id),
        Some(_) | None => String::new(),
    }
}

/// How many interactions ended with an answer or a hand-over: not those that were interrupted.
///
/// # Errors
/// When the database fails.
pub async fn count_finished(c: &mut Connection) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS found FROM interactions WHERE completed_at IS NOT NULL AND outcome <> 'interrupted'";
    c.row(sql, Vec::new()).await?.map_or(Ok(0), |row| row.count("found"))
}

/// Which of these ended with an answer or a hand-over.
///
/// # Errors
/// When the database fails.
pub(crate) async fn finished(
    c: &mut Connection,
    ids: &[InteractionId],
) -> Result<HashSet<InteractionId>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let values: Vec<Value> = ids.iter().flat_map(|id| values![*id]).collect();
    let places = places(c.is_postgres(), 1, ids.len());
    let sql = format!(
        "SELECT id FROM interactions WHERE id IN {places} AND completed_at IS NOT NULL AND outcome <> 'interrupted'"
    );
    c.rows_built(sql, values, ids.len()).await?.iter().map(|row| row.parsed("id")).collect()
}

/// Interactions beside what says whose they are: whether that is true is asked of every row ([`sound`]).
macro_rules! owned {
    ($rest:literal) => {
        concat!(
            "SELECT interactions.*, conversations.data_key AS owner_data_key,
                 conversations.subject AS owner_subject, conversations.owner_key FROM interactions
             JOIN conversations ON conversations.id = interactions.conversation ",
            $rest
        )
    };
}

/// A finished interaction, for staff who may read any; `None` while it is under way, and where it or its conversation was
/// given to somebody else than the person for whom it is sealed.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get(c: &mut Connection, id: InteractionId) -> Result<Option<Record<Masked>>, StoreError> {
    let sql = owned!("WHERE interactions.id = $1 AND interactions.completed_at IS NOT NULL");
    let row = c.row(sql, values![id]).await?;
    row.map_or(Ok(None), |row| sound(c, &row))
}

/// A finished interaction, for its owner; `None` as in [`get`].
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get_of(
    c: &mut Connection,
    id: InteractionId,
    owner: &Owner<'_>,
) -> Result<Option<Record<Masked>>, StoreError> {
    let subject = c.blind_subject(owner.subject);
    let sql = owned!(
        "WHERE interactions.id = $1 AND interactions.completed_at IS NOT NULL
             AND conversations.subject = $2 AND conversations.owner_key IS NOT DISTINCT FROM $3"
    );
    let row = c.row(sql, values![id, subject, owner.key]).await?;
    row.map_or(Ok(None), |row| sound(c, &row))
}

/// The record of a row, where it belongs to whom its conversation names.
fn sound(c: &Connection, row: &Row) -> Result<Option<Record<Masked>>, StoreError> {
    if is_sound(c, row)? { record(row).map(Some) } else { Ok(None) }
}

/// Whether an interaction belongs to whom its conversation names; where it does not, that is told.
fn is_sound(c: &Connection, row: &Row) -> Result<bool, StoreError> {
    let conversation = row.parsed("conversation")?;
    if row.is_foreign() {
        let cells = [Cell::Text(row.text("conversation")?)];
        c.keys.damaged.report(&c.sealer(), DamagedKind::Interaction, &row.text("id")?, &cells);
        return Ok(false);
    }
    let (subject, owner_key) = (row.text("owner_subject")?, row.parsed_or_none("owner_key")?);
    Ok(conversations::is_owned(c, row, conversation, (&subject, owner_key)))
}

/// Whether an interaction of theirs was begun and is not finished yet, and with which assistant.
///
/// # Errors
/// When the database fails.
pub async fn begun_by(
    c: &mut Connection,
    id: InteractionId,
    whose: Told<'_>,
) -> Result<Option<Mode>, StoreError> {
    let row = match whose {
        Told::Person(owner) => {
            let subject = c.blind_subject(owner.subject);
            let sql = owned!(
                "WHERE interactions.id = $1 AND interactions.completed_at IS NULL
                     AND conversations.subject = $2 AND conversations.owner_key IS NOT DISTINCT FROM $3"
            );
            c.row(sql, values![id, subject, owner.key]).await?
        }
        Told::BackEnd(key) => {
            let sql = owned!(
                "WHERE interactions.id = $1 AND interactions.completed_at IS NULL AND conversations.owner_key = $2"
            );
            c.row(sql, values![id, key]).await?
        }
    };
    match row {
        Some(row) if is_sound(c, &row)? => row.parsed("mode").map(Some),
        Some(_) | None => Ok(None),
    }
}

/// Whose answers are looked through.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// This person's.
    Person(Owner<'a>),
    /// Everybody's for whom this back end speaks.
    BackEnd(KeyId),
}

/// Pages of candidates that are looked at: the pattern finds hardly anything that is not cited.
const MOST_PAGES: u32 = 10;

/// Whether an answer cites this version of a document (`collection/slug`).
///
/// # Errors
/// When the database fails.
pub async fn cites(
    c: &mut Connection,
    told: Told<'_>,
    document: &str,
    version: u32,
) -> Result<bool, StoreError> {
    let (subject, key) = match told {
        Told::Person(owner) => (Some(c.blind_subject(owner.subject)), owner.key),
        Told::BackEnd(key) => (None, Some(key)),
    };
    // What the pattern takes for a wildcard finds too much at most: the citations themselves are compared, a
    // page at a time.
    for page in 0..MOST_PAGES {
        let rows = c
            .rows(
                "SELECT interactions.citations FROM interactions
             JOIN conversations ON conversations.id = interactions.conversation
             WHERE conversations.owner_key IS NOT DISTINCT FROM $1
                 AND ($2 IS NULL OR conversations.subject = $2) AND interactions.citations LIKE $3
             ORDER BY interactions.request_id LIMIT 50 OFFSET $4",
                values![
                    key,
                    subject.as_deref(),
                    format!("%\"document\":\"{document}\"%\"version\":{version},%"),
                    page * 50
                ],
            )
            .await?;
        for row in &rows {
            let citations: Vec<Citation> = row.list("citations")?;
            if citations.iter().any(|c| c.document == document && c.version == version) {
                return Ok(true);
            }
        }
        if rows.len() < 50 {
            break;
        }
    }
    Ok(false)
}

/// The start of an interaction, finished or not.
///
/// # Errors
/// When the database fails or the question does not open.
pub async fn started(c: &mut Connection, id: InteractionId) -> Result<Option<Started<Masked>>, StoreError> {
    let row = c.row(owned!("WHERE interactions.id = $1"), values![id]).await?;
    let Some(row) = row.filter(|row| is_sound(c, row).unwrap_or(false)) else { return Ok(None) };
    let conversation = row.parsed("conversation")?;
    Ok(Some(Started {
        id,
        request_id: row.parsed("request_id")?,
        correlation_id: row.text("correlation_id")?,
        conversation,
        subject: row.person(|| privacy::nobody(conversation))?,
        session: row.name(TABLE, "session", &id.to_string())?,
        mode: row.parsed("mode")?,
        question: row.masked(TABLE, "question", &id.to_string())?,
        pii_detected: row.bool("pii_detected")?,
        demo: row.bool("demo")?,
        created_at: row.moment("created_at")?,
    }))
}

/// The last `limit` finished interactions of a conversation, oldest first. The caller has asked
/// [`crate::conversations::get`] whose conversation it is.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn of_conversation(
    c: &mut Connection,
    conversation: ConversationId,
    limit: u32,
) -> Result<Vec<Record<Masked>>, StoreError> {
    let sql = owned!(
        "WHERE interactions.conversation = $1 AND interactions.completed_at IS NOT NULL
         ORDER BY interactions.created_at DESC, interactions.id DESC LIMIT $2"
    );
    let latest_first = c.rows(sql, values![conversation, limit]).await?;
    // What was moved into it is not said in it.
    latest_first.iter().rev().filter_map(|row| sound(c, row).transpose()).collect()
}

/// The first question of a conversation that a person asked (not one of `contactiq demo traffic`):
/// what lists call the conversation.
///
/// # Errors
/// When the database fails or the sealed column does not open.
pub async fn first_question(
    c: &mut Connection,
    conversation: ConversationId,
) -> Result<Option<Masked>, StoreError> {
    let sql = owned!(
        "WHERE interactions.conversation = $1 AND interactions.completed_at IS NOT NULL AND NOT interactions.demo
         ORDER BY interactions.created_at, interactions.id LIMIT 4"
    );
    // One is enough, but for what was moved here and is none of it.
    for row in c.rows(sql, values![conversation]).await? {
        if let Some(record) = sound(c, &row)? {
            return Ok(Some(record.question));
        }
    }
    Ok(None)
}

/// An interrupted interaction has no second phase: what it lacks reads as nothing known.
fn record(row: &Row) -> Result<Record<Masked>, StoreError> {
    let id = row.text("id")?;
    let intent = match row.text_or_none("intent")? {
        Some(name) => IntentName::new(&name).map_err(|_| StoreError::Corrupt { what: "intent" })?,
        None => IntentName::unknown(),
    };
    let conversation = row.parsed("conversation")?;
    let (answer, translation) =
        of_column(row.masked_or_none(TABLE, "answer", &id)?.unwrap_or_else(Masked::empty));
    Ok(Record {
        id: row.parsed("id")?,
        request_id: row.parsed("request_id")?,
        correlation_id: row.text("correlation_id")?,
        conversation,
        subject: row.person(|| privacy::nobody(conversation))?,
        session: row.name(TABLE, "session", &id)?,
        mode: row.parsed("mode")?,
        question: row.masked(TABLE, "question", &id)?,
        intent,
        category: row.parsed_or_none("category")?.unwrap_or(Category::Automatable),
        intent_probability: row.probability_or_none("intent_probability")?.unwrap_or(Probability::ZERO),
        classification_reason: row.words(TABLE, "classification_reason", &id)?,
        routing: row.parsed_or_none("routing")?.unwrap_or(Routing::Guide),
        answer,
        translation,
        citations: row.list("citations")?,
        confidence: row.probability_or_none("confidence")?.unwrap_or(Probability::ZERO),
        outcome: row.parsed("outcome")?,
        trigger: row.parsed_or_none("decisive_trigger")?,
        triggers: row.list("triggers")?,
        reason: row.words(TABLE, "reason", &id)?,
        ticket: row.parsed_or_none("ticket")?,
        steps: match row.words(TABLE, "steps", &id)?.as_str() {
            "" => Vec::new(),
            steps => serde_json::from_str(steps).map_err(|_| StoreError::Corrupt { what: "steps" })?,
        },
        retrieved_passages: row.count_or_zero("retrieved_passages")?,
        model: row.text_or_none("model")?.unwrap_or_default(),
        tokens: Tokens {
            input: row.count_or_zero("tokens_input")?,
            output: row.count_or_zero("tokens_output")?,
        },
        cost_usd: NanoUsd(row.int_or_none("cost_nano_usd")?.unwrap_or(0)),
        pii_detected: row.bool("pii_detected")?,
        // The question went through the door before it could be written, so it is masked.
        pii_masked: row.bool_or_none("pii_masked")?.unwrap_or(true),
        knowledge_version: row.text_or_none("knowledge_version")?.unwrap_or_default(),
        retention_policy: row.text_or_none("retention_policy")?.unwrap_or_default(),
        demo: row.bool("demo")?,
        processing_time_ms: row.real_or_none("processing_time_ms")?.unwrap_or(0.0),
        created_at: row.moment("created_at")?,
        completed_at: row.moment("completed_at")?,
    })
}
