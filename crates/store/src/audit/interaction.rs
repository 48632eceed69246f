//! Entries of interactions: each commits to its record under a random salt, which stands outside the log. While the
//! salt is there the record can be proved; once it is destroyed nobody can find out what the entry stood for.

use contactiq_auditlog::Hash;
use contactiq_domain::{
    Category, Citation, IntentName, Mode, Outcome, Probability, Record, Routing, StepTrace, Ticket,
    Timestamp, Trigger, TriggerHit,
    ids::{ConversationId, InteractionId, RequestId, TicketId},
};
use contactiq_guard::Masked;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{AuditKind, Event, note_all};
use crate::{
    Connection, StoreError, Writer,
    value::{Value, places, values},
};

/// The form in which records are committed to. It never changes: another spelling of `Form1` would fit no entry that
/// is in a log. What a record gets new goes into a form of its own.
pub const FORM: &str = "1";
/// As many ids go into one statement.
const TOGETHER: usize = 500;

/// A record as entries commit to it, in this order and spelling.
#[derive(Serialize)]
struct Form1<'r> {
    form: &'static str,
    id: InteractionId,
    request_id: RequestId,
    correlation_id: &'r str,
    conversation: ConversationId,
    subject: &'r str,
    session: &'r str,
    mode: Mode,
    question: &'r str,
    intent: &'r IntentName,
    category: Category,
    intent_probability: Probability,
    classification_reason: &'r str,
    routing: Routing,
    answer: &'r str,
    citations: &'r [Citation],
    confidence: Probability,
    outcome: Outcome,
    trigger: Option<Trigger>,
    triggers: &'r [TriggerHit],
    reason: &'r str,
    ticket: Option<TicketId>,
    steps: &'r [StepTrace],
    retrieved_passages: u32,
    model: &'r str,
    tokens_input: u64,
    tokens_output: u64,
    cost_nano_usd: i64,
    pii_detected: bool,
    pii_masked: bool,
    knowledge_version: &'r str,
    retention_policy: &'r str,
    demo: bool,
    processing_time_ms: f64,
    created_at: Timestamp,
    completed_at: Timestamp,
    /// Left out where nothing was translated, so that entries of before stay what they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    translation: Option<[&'r str; 4]>,
}

/// The bytes that an entry commits to.
pub(super) fn to_text(record: &Record<Masked>) -> Result<String, StoreError> {
    crate::row::json(
        &Form1 {
            form: FORM,
            id: record.id,
            request_id: record.request_id,
            correlation_id: &record.correlation_id,
            conversation: record.conversation,
            subject: &record.subject,
            session: &record.session,
            mode: record.mode,
            question: record.question.as_str(),
            intent: &record.intent,
            category: record.category,
            intent_probability: record.intent_probability,
            classification_reason: &record.classification_reason,
            routing: record.routing,
            answer: record.answer.as_str(),
            citations: &record.citations,
            confidence: record.confidence,
            outcome: record.outcome,
            trigger: record.trigger,
            triggers: &record.triggers,
            reason: &record.reason,
            ticket: record.ticket,
            steps: &record.steps,
            retrieved_passages: record.retrieved_passages,
            model: &record.model,
            tokens_input: record.tokens.input,
            tokens_output: record.tokens.output,
            cost_nano_usd: record.cost_usd.0,
            pii_detected: record.pii_detected,
            pii_masked: record.pii_masked,
            knowledge_version: &record.knowledge_version,
            retention_policy: &record.retention_policy,
            demo: record.demo,
            processing_time_ms: record.processing_time_ms,
            created_at: record.created_at,
            completed_at: record.completed_at,
            translation: record
                .translation
                .as_ref()
                .map(|own| [own.language.as_str(), own.question.as_str(), own.answer.as_str(), &own.model]),
        },
        "record",
    )
}

/// The same event always has the same id, by whichever way it comes.
fn event_id(kind: AuditKind, interaction: InteractionId, at: Timestamp) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(kind.as_str());
    hash.update(interaction.uuid().as_bytes());
    hash.update(at.micros().to_le_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(id)
}

/// Notes records that were written now, and the escalations among them. What an answer stands on is named, because
/// documents are the bank's; who asked and what was said is in the record alone.
pub(crate) async fn completed(w: &mut Writer, records: &[&Record<Masked>]) -> Result<(), StoreError> {
    let (mut events, mut salts) = (Vec::with_capacity(records.len()), Vec::<Value>::new());
    for record in records {
        let id = event_id(AuditKind::Interaction, record.id, record.completed_at);
        let salt = w.sealer().fresh();
        let mut sources: Vec<String> =
            record.citations.iter().map(|c| format!("{}@{}", c.document, c.version)).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut event = Event::new(
            id,
            record.completed_at,
            AuditKind::Interaction,
            &[
                ("interaction", Some(record.id.to_string())),
                ("form", Some(FORM.to_owned())),
                ("mode", Some(record.mode.to_string())),
                ("outcome", Some(record.outcome.to_string())),
                ("knowledge", Some(record.knowledge_version.clone()).filter(|v| !v.is_empty())),
                ("sources", (!sources.is_empty()).then(|| sources.join(" "))),
                ("model", Some(record.model.clone()).filter(|m| !m.is_empty())),
            ],
        );
        event.commitment = Some(Hash::commitment(&salt, to_text(record)?.as_bytes()));
        events.push(event);
        salts.extend(values![record.id, id, salt.to_vec()]);
        if let Some(trigger) = record.trigger {
            events.push(Event::new(
                event_id(AuditKind::Escalation, record.id, record.completed_at),
                record.completed_at,
                AuditKind::Escalation,
                &[
                    ("interaction", Some(record.id.to_string())),
                    ("mode", Some(record.mode.to_string())),
                    ("trigger", Some(trigger.to_string())),
                    ("rule", record.triggers.iter().find(|t| t.trigger == trigger).map(|t| t.rule.clone())),
                    ("outcome", Some(record.outcome.to_string())),
                    ("ticket", record.ticket.map(|ticket| ticket.to_string())),
                ],
            ));
        }
    }
    if !records.is_empty() {
        let places = places(w.is_postgres(), records.len(), 3);
        let sql = format!(
            "INSERT INTO audit_salts (interaction, event, salt) VALUES {places} ON CONFLICT (interaction, event) DO NOTHING"
        );
        w.rows_built(sql, salts, records.len()).await?;
    }
    note_all(w, &events).await
}

/// Notes that what a person said of an answer was handed to a person, in a ticket that was opened for it, or again.
pub(crate) async fn handed_over(w: &mut Writer, ticket: &Ticket<Masked>) -> Result<(), StoreError> {
    let event = Event::new(
        super::fresh_id(w),
        ticket.created_at,
        AuditKind::Escalation,
        &[
            ("interaction", Some(ticket.interaction.to_string())),
            ("mode", Some(ticket.mode.to_string())),
            ("trigger", Some(ticket.trigger.to_string())),
            ("rule", Some(ticket.rule.clone())),
            ("from", Some("feedback".to_owned())),
            ("ticket", Some(ticket.id.to_string())),
        ],
    );
    super::note(w, &event).await
}

/// Notes that nobody was shown what completed an interaction.
pub(crate) async fn withdrawn(
    w: &mut Writer,
    interaction: InteractionId,
    completed_at: Timestamp,
) -> Result<(), StoreError> {
    let event = Event::new(
        event_id(AuditKind::Withdrawal, interaction, completed_at),
        completed_at,
        AuditKind::Withdrawal,
        &[("interaction", Some(interaction.to_string()))],
    );
    super::note(w, &event).await
}

/// Notes interactions that were started and never finished: there is no record to commit to.
pub(crate) async fn interrupted(
    w: &mut Writer,
    interactions: &[InteractionId],
    at: Timestamp,
) -> Result<(), StoreError> {
    let event = |id: &InteractionId| {
        Event::new(
            event_id(AuditKind::Interaction, *id, at),
            at,
            AuditKind::Interaction,
            &[("interaction", Some(id.to_string())), ("outcome", Some(Outcome::Interrupted.to_string()))],
        )
    };
    note_all(w, &interactions.iter().map(event).collect::<Vec<_>>()).await
}

/// Destroys the salts of these interactions; how many there were. Their entries stay in the log and verify, and nobody
/// can find out any more what they stood for: part of erasing and purging records. On PostgreSQL the bytes are gone
/// from its files after a VACUUM.
///
/// # Errors
/// When the database fails.
pub async fn destroy_salts(w: &mut Writer, interactions: &[InteractionId]) -> Result<u64, StoreError> {
    let mut destroyed = 0;
    for some in interactions.chunks(TOGETHER) {
        let places = places(w.is_postgres(), 1, some.len());
        let bound = some.iter().flat_map(|id| values![*id]).collect();
        destroyed +=
            w.execute_built(format!("DELETE FROM audit_salts WHERE interaction IN {places}"), bound).await?;
    }
    Ok(destroyed)
}

/// An entry's salt, where it was not destroyed.
pub(super) async fn salt(
    c: &mut Connection,
    id: InteractionId,
    event: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    c.row("SELECT salt FROM audit_salts WHERE interaction = $1 AND event = $2", values![id, event])
        .await?
        .map(|row| row.bytes("salt")?.try_into().map_err(|_| StoreError::Corrupt { what: "salt" }))
        .transpose()
}

/// The latest event that commits to a record of this interaction and whose salt is there.
pub(super) async fn events_of(c: &mut Connection, id: InteractionId) -> Result<Vec<String>, StoreError> {
    let rows = c.rows("SELECT event FROM audit_salts WHERE interaction = $1", values![id]).await?;
    rows.iter().map(|row| row.text("event")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_has_the_same_id() {
        let id = InteractionId::new(&contactiq_domain::ids::CountingIds::default());
        let at = Timestamp::from_micros(7);
        assert_eq!(event_id(AuditKind::Interaction, id, at), event_id(AuditKind::Interaction, id, at));
        assert_ne!(event_id(AuditKind::Interaction, id, at), event_id(AuditKind::Withdrawal, id, at));
        assert_ne!(
            event_id(AuditKind::Interaction, id, at),
            event_id(AuditKind::Interaction, id, at.plus_micros(1))
        );
    }
}
