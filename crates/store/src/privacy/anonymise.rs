//! What is left of an interaction without its texts: the figures that a dashboard counts, and nothing that was said or
//! that tells who said it.

use std::collections::{BTreeSet, HashSet};

use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::{Masked, seal::ERASED};

use super::{own, proofs, purge::HELD};
use crate::{
    Connection, StoreError, Writer, audit,
    ledger::Entry,
    value::{Value, places, values},
};

/// Interactions that one set of statements takes, so that no transaction holds others up for long.
pub(crate) const BATCH: usize = 500;

/// What becomes of each table. `{ids}` stands for the interactions; before it come the erased text, and the moment where
/// it is asked for. Reasons and steps may quote a message; citations say what was asked about.
const STATEMENTS: [&str; 8] = [
    "UPDATE interactions SET question = $1, answer = CASE WHEN answer IS NULL THEN NULL ELSE $1 END, shown = NULL,
         citations = CASE WHEN citations IS NULL THEN NULL ELSE '[]' END,
         classification_reason = CASE WHEN classification_reason IS NULL THEN NULL ELSE '' END,
         reason = CASE WHEN reason IS NULL THEN NULL ELSE '' END,
         steps = CASE WHEN steps IS NULL THEN NULL ELSE '[]' END,
         subject = 'erased:' || conversation, session = 'erased', correlation_id = '', anonymised_at = $2",
    "UPDATE tickets SET question = $1, told = $1,
         taken_note = CASE WHEN taken_note IS NULL THEN NULL ELSE $1 END,
         closed_note = CASE WHEN closed_note IS NULL THEN NULL ELSE $1 END",
    "UPDATE refusals SET message = $1",
    // A complaint alone is no figure.
    "DELETE FROM feedback",
    "UPDATE feedback SET problem = NULL, subject = 'erased:' || id",
    "DELETE FROM pii_tokens",
    "DELETE FROM transcripts",
    "DELETE FROM dead_letters",
];

/// How each of them finds its rows, and how many values stand before the ids.
const CONDITIONS: [(&str, usize); 8] = [
    ("id", 2),
    ("interaction", 1),
    ("interaction", 1),
    ("helpful IS NULL AND interaction", 0),
    ("interaction", 0),
    ("interaction", 0),
    ("interaction", 0),
    ("interaction", 0),
];

/// Takes the texts out of these interactions, at most [`BATCH`], and out of all that hangs on them; out of which. Those of
/// somebody else than their conversation's person, and those that are held, stay ([`own`]).
pub(super) async fn interactions(
    w: &mut Writer,
    ids: &[InteractionId],
    now: Timestamp,
) -> Result<Vec<InteractionId>, StoreError> {
    let ids = own::among(w, ids).await?;
    if ids.is_empty() {
        return Ok(ids);
    }
    for (statement, (condition, before)) in STATEMENTS.iter().zip(CONDITIONS) {
        let mut all: Vec<Value> = values![ERASED.to_vec(), now];
        all.truncate(before);
        all.extend(ids.iter().flat_map(|id| values![*id]));
        let sql = format!("{statement} WHERE {condition} IN {}", listed(w, before, ids.len()));
        w.execute_built(sql, all).await?;
    }
    // What the audit log committed to can't be guessed from now on, and the log tells that it was closed.
    audit::destroy_salts(w, &ids).await?;
    audit::closed(w, &ids, now).await?;
    Ok(ids)
}

/// The places of a list that stands behind `before` other values.
fn listed(w: &Writer, before: usize, count: usize) -> String {
    let sign = if w.is_postgres() { '$' } else { '?' };
    let numbers: Vec<String> = (1..=count).map(|place| format!("{sign}{}", before + place)).collect();
    format!("({})", numbers.join(", "))
}

/// What lets a conversation's person go: its label, the values behind its placeholders, and the name.
const CONVERSATIONS: &str =
    "UPDATE conversations SET label = NULL, placeholders = NULL, data_key = NULL, subject = 'erased:' || id";

/// Those conversations of these interactions in which no text is left.
pub(super) async fn emptied_conversations(w: &mut Writer, ids: &[InteractionId]) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let all: Vec<Value> = ids.iter().flat_map(|id| values![*id]).collect();
    if w.is_postgres() {
        // Held first, so that the next statement sees what whoever goes on with one of them has written.
        let sql = format!(
            "SELECT id FROM conversations WHERE id IN (SELECT conversation FROM interactions WHERE id IN {})
             ORDER BY id FOR UPDATE",
            places(true, 1, ids.len())
        );
        w.rows_of_keys(sql, all.clone(), ids.len()).await?;
    }
    let sql = format!(
        "{CONVERSATIONS} WHERE subject <> 'erased:' || id
             AND id IN (SELECT conversation FROM interactions WHERE id IN {})
             AND NOT EXISTS (SELECT 1 FROM interactions WHERE conversation = conversations.id
                 AND anonymised_at IS NULL)",
        places(w.is_postgres(), 1, ids.len())
    );
    w.execute_built(sql, all).await
}

/// All conversations of people who were erased, by an erasure and not by a mark alone.
pub(super) async fn conversations_of_the_erased(w: &mut Writer) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT id, erasure FROM conversations WHERE erased_at IS NOT NULL AND subject <> 'erased:' || id
             AND NOT {HELD}"
    );
    let mut ids = Vec::new();
    for row in w.rows_of_keys(sql, Vec::new(), 1).await? {
        let id = row.text("id")?;
        if proofs::is_of_conversation(w, &id, row.text_or_none("erasure")?.as_deref()) {
            ids.push(id);
        }
    }
    let mut changed = 0;
    for some in ids.chunks(BATCH) {
        let sql = format!("{CONVERSATIONS} WHERE id IN {}", places(w.is_postgres(), 1, some.len()));
        changed += w.execute_built(sql, some.iter().flat_map(|id| values![id]).collect()).await?;
    }
    Ok(changed)
}

/// Who stands in the place of the person of a conversation that lost it.
pub(crate) fn nobody(conversation: ConversationId) -> String {
    format!("erased:{conversation}")
}

/// The same entry as it is written once its person was erased: what was still on its way.
pub(crate) fn entry(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    let nobody = nobody(entry.conversation());
    let conversation = match &mut entry {
        Entry::Start(start) => {
            start.placeholders = None;
            start.tokens = Vec::new();
            start.shown = None;
            start.started.question = Masked::erased();
            start.started.subject.clone_from(&nobody);
            start.started.session = "erased".to_owned();
            start.started.correlation_id = String::new();
            &mut start.conversation
        }
        Entry::Completion(completion) => {
            let record = &mut completion.record;
            record.question = Masked::erased();
            record.answer = Masked::erased();
            record.translation = None;
            record.citations = Vec::new();
            record.classification_reason = String::new();
            record.reason = String::new();
            record.steps = Vec::new();
            record.subject.clone_from(&nobody);
            record.session = "erased".to_owned();
            record.correlation_id = String::new();
            if let Some(ticket) = &mut completion.ticket {
                ticket.question = Masked::erased();
                ticket.told = Masked::erased();
                ticket.taken_note = ticket.taken_note.as_ref().map(|_| Masked::erased());
                ticket.closed_note = ticket.closed_note.as_ref().map(|_| Masked::erased());
            }
            completion.reviews.iter_mut().for_each(|review| review.message = Masked::erased());
            &mut completion.conversation
        }
        Entry::Withdrawal(withdrawal) => &mut withdrawal.conversation,
    };
    conversation.label = None;
    conversation.subject = nobody;
    entry
}

/// The same entry of an interaction whose texts alone were taken out: its conversation is the one that it was.
pub(crate) fn interaction_of(of: &Entry) -> Entry {
    let mut without = entry(of);
    match &mut without {
        Entry::Start(start) => start.conversation.subject.clone_from(&of.of().subject),
        Entry::Completion(completion) => completion.conversation.subject.clone_from(&of.of().subject),
        Entry::Withdrawal(withdrawal) => withdrawal.conversation.subject.clone_from(&of.of().subject),
    }
    without
}

/// Which of these interactions have lost their texts, also while their answer was being made.
pub(crate) async fn among(
    c: &mut Connection,
    ids: impl Iterator<Item = InteractionId>,
) -> Result<HashSet<InteractionId>, StoreError> {
    let ids: Vec<InteractionId> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "SELECT id FROM interactions WHERE anonymised_at IS NOT NULL AND id IN {}",
        places(c.is_postgres(), 1, ids.len())
    );
    let found = c.rows_built(sql, ids.iter().flat_map(|id| values![*id]).collect(), ids.len()).await?;
    found.iter().map(|row| row.parsed("id")).collect()
}
