//! The outbox: events on their way into the log, durable with what they tell of.

use std::collections::BTreeMap;

use contactiq_auditlog::Hash;
use contactiq_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuditKind, Event, of_access};
use crate::{
    Connection, StoreError, Writer,
    access::AccessEvent,
    row::{Row, json},
    value::{Value, places, values},
};

/// How an event is kept while it waits.
#[derive(Serialize, Deserialize)]
struct Body {
    kind: AuditKind,
    fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commitment: Option<Hash>,
}

/// Events that are not in the log yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub events: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
}

/// Notes an event: with this transaction it is on its way into the log.
///
/// # Errors
/// When the database fails.
pub async fn note(w: &mut Writer, event: &Event) -> Result<(), StoreError> {
    note_all(w, std::slice::from_ref(event)).await
}

/// The same of several, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn note_all(w: &mut Writer, events: &[Event]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut bound: Vec<Value> = Vec::with_capacity(events.len() * 3);
    for event in events {
        let Event { id, at, kind, fields, commitment } = event;
        let body = Body { kind: *kind, fields: fields.clone(), commitment: *commitment };
        bound.extend(values![*at, *id, json(&body, "audit event")?]);
    }
    let places = places(w.is_postgres(), events.len(), 3);
    let sql = format!(
        "INSERT INTO audit_outbox (happened_at, event, body) VALUES {places} ON CONFLICT (happened_at, event) DO NOTHING"
    );
    w.rows_built(sql, bound, events.len()).await?;
    Ok(())
}

/// Notes an attempt of the access log.
pub(crate) async fn note_access(w: &mut Writer, events: &[&AccessEvent]) -> Result<(), StoreError> {
    let sealer = w.sealer();
    let events: Vec<Event> =
        events.iter().map(|event| of_access(event, |word| sealer.pseudonym(word))).collect();
    note_all(w, &events).await
}

/// The next events, the oldest first.
pub(super) async fn next(c: &mut Connection, most: u32) -> Result<Vec<Event>, StoreError> {
    c.rows("SELECT * FROM audit_outbox ORDER BY happened_at, event LIMIT $1", values![most])
        .await?
        .iter()
        .map(event)
        .collect()
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let body = row.text("body")?;
    let body: Body = serde_json::from_str(&body).map_err(|_| StoreError::Corrupt { what: "audit event" })?;
    Ok(Event {
        id: row.parsed("event")?,
        at: row.moment("happened_at")?,
        kind: body.kind,
        fields: body.fields,
        commitment: body.commitment,
    })
}

/// Those events of a kind that wait, the oldest first.
pub(super) async fn of_kind(c: &mut Connection, kind: AuditKind) -> Result<Vec<Event>, StoreError> {
    // As a body begins.
    let begins = format!("{{\"kind\":\"{kind}\"%");
    let sql = "SELECT * FROM audit_outbox WHERE body LIKE $1 ORDER BY happened_at, event";
    c.rows(sql, values![begins]).await?.iter().map(event).collect()
}

/// All events that wait, the oldest first.
pub(super) async fn all(c: &mut Connection) -> Result<Vec<Event>, StoreError> {
    next(c, u32::MAX).await
}

/// Takes events out that are in the log.
pub(super) async fn done(w: &mut Writer, events: &[Event]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let bound = events.iter().flat_map(|event| values![event.at, event.id]).collect();
    let places = places(w.is_postgres(), events.len(), 2);
    let sql = format!("DELETE FROM audit_outbox WHERE (happened_at, event) IN (VALUES {places})");
    w.execute_built(sql, bound).await?;
    Ok(())
}

/// What waits.
///
/// # Errors
/// When the database fails.
pub async fn waiting(c: &mut Connection) -> Result<Waiting, StoreError> {
    let sql = "SELECT COUNT(*) AS events, MIN(happened_at) AS oldest FROM audit_outbox";
    let row = c.row(sql, Vec::new()).await?.ok_or(StoreError::Corrupt { what: "audit outbox" })?;
    Ok(Waiting { events: row.count("events")?, oldest: row.moment_or_none("oldest")? })
}
