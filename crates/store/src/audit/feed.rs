//! The outbox: events on their way into the log, durable with what they tell of.

use std::collections::BTreeMap;

use contactiq_auditlog::Hash;
use contactiq_domain::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// What nobody makes without the root key, of the event with its id and its moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

impl Body {
    fn of(event: &Event) -> Body {
        let Event { kind, fields, commitment, .. } = event;
        Body { kind: *kind, fields: fields.clone(), commitment: *commitment, proof: None }
    }

    /// The proof of this body without one.
    fn proof(&self, c: &Connection, id: Uuid, at: Timestamp) -> Result<String, StoreError> {
        debug_assert!(self.proof.is_none());
        Ok(c.blind(&format!("event\0{id}\0{}\0{}", at.micros(), json(self, "audit event")?)))
    }

    fn proved(mut self, c: &Connection, id: Uuid, at: Timestamp) -> Result<String, StoreError> {
        self.proof = Some(self.proof(c, id, at)?);
        json(&self, "audit event")
    }
}

/// Events that are not in the log yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub events: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
    /// What was put aside because it is no event ([`crate::audit::letters`]).
    pub letters: u64,
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
        bound.extend(values![event.at, event.id, Body::of(event).proved(w, event.id, event.at)?]);
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

/// What waits: events, the oldest first, and what is none.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) events: Vec<Event>,
    pub(super) others: Vec<Other>,
}

/// Where a row stands that is no event, also where it can't be read at all: SQLite keeps any value in any column.
#[derive(Debug)]
pub(super) enum Other {
    /// The number of the row.
    Sqlite(i64),
    /// Its key.
    Postgres(Timestamp, String),
}

/// The next of what waits.
pub(super) async fn next(c: &mut Connection, most: u32) -> Result<Next, StoreError> {
    let sql = match c.is_postgres() {
        true => "SELECT * FROM audit_outbox ORDER BY happened_at, event LIMIT $1",
        false => "SELECT rowid AS place, * FROM audit_outbox ORDER BY happened_at, event LIMIT $1",
    };
    let mut next = Next::default();
    for row in c.rows(sql, values![most]).await? {
        match event(c, &row) {
            Ok(event) => next.events.push(event),
            Err(_) if c.is_postgres() => {
                next.others.push(Other::Postgres(row.moment("happened_at")?, row.text("event")?));
            }
            Err(_) => next.others.push(Other::Sqlite(row.int("place")?)),
        }
    }
    Ok(next)
}

fn event(c: &Connection, row: &Row) -> Result<Event, StoreError> {
    of_parts(c, &row.text("event")?, row.moment("happened_at")?, &row.text("body")?)
}

/// An event as it was noted here. One without a proof counts until all are proved ([`prove_some`]), one with a wrong proof
/// never: whoever writes into the table says nothing in the log, and repeats nothing under another id.
fn of_parts(c: &Connection, id: &str, at: Timestamp, body: &str) -> Result<Event, StoreError> {
    let damaged = StoreError::Corrupt { what: "audit event" };
    let mut body: Body = serde_json::from_str(body).map_err(|_| damaged.clone())?;
    let event: Uuid = id.parse().map_err(|_| damaged.clone())?;
    // In another spelling it would be found nowhere when it is done.
    if event.to_string() != id {
        return Err(damaged);
    }
    let is_noted = match body.proof.take() {
        Some(proof) => proof == body.proof(c, event, at)?,
        None => !c.keys.are_events_proved(),
    };
    if !is_noted {
        return Err(damaged);
    }
    Ok(Event { id: event, at, kind: body.kind, fields: body.fields, commitment: body.commitment })
}

/// How a body with a proof ends: 64 hexadecimal digits.
fn proved_end() -> String {
    format!("%,\"proof\":\"{}\"}}", "_".repeat(64))
}

/// Proves some of the events that wait without a proof, those of a version that proved none; how many. None where nothing
/// is left to prove.
///
/// # Errors
/// When the database fails.
pub(super) async fn prove_some(w: &mut Writer) -> Result<u64, StoreError> {
    let sql = "SELECT * FROM audit_outbox WHERE body NOT LIKE $1 AND (happened_at, event) > ($2, $3)
               ORDER BY happened_at, event LIMIT 2000";
    let (mut proved, mut after) = (0, (i64::MIN, String::new()));
    while proved == 0 {
        let rows = w.rows(sql, values![proved_end(), after.0, &after.1]).await?;
        let Some(last) = rows.last() else { break };
        // Behind one whose place can't be read no other is looked for: it is put aside first.
        let (Ok(at), Ok(id)) = (last.moment("happened_at"), last.text("event")) else { break };
        after = (at.micros(), id);
        for row in &rows {
            // What is no event is put aside.
            let Ok(event) = event(w, row) else { continue };
            let body = Body::of(&event).proved(w, event.id, event.at)?;
            let sql = "UPDATE audit_outbox SET body = $3 WHERE happened_at = $1 AND event = $2";
            proved += w.execute(sql, values![event.at, event.id, body]).await?;
        }
    }
    Ok(proved)
}

/// Takes in what was put aside for want of a proof and is an event otherwise, as a server of a version before notes them
/// beside a new one: only for who has seen that it was that. Those of these ids, or all where none is named; how many.
///
/// # Errors
/// When the database fails.
pub async fn take_in_letters(w: &mut Writer, only: &[Uuid]) -> Result<u64, StoreError> {
    let (mut taken, mut after) = (0, Some(String::new()));
    while let Some(behind) = after.take() {
        let (page, last) = letters_behind(w, &behind).await?;
        for (id, event, at, body) in page {
            let Ok(body) = serde_json::from_str::<Body>(&body) else { continue };
            let (None, Ok(event)) = (&body.proof, event.parse()) else { continue };
            if !only.is_empty() && !only.iter().any(|wanted| wanted.to_string() == id) {
                continue;
            }
            let event =
                Event { id: event, at, kind: body.kind, fields: body.fields, commitment: body.commitment };
            note(w, &event).await?;
            taken += w.execute("DELETE FROM audit_dead_letters WHERE id = $1", values![id]).await?;
        }
        after = last;
    }
    Ok(taken)
}

/// What was put aside: its id, and event, moment and body as they stood.
type Kept = (String, String, Timestamp, String);

/// A page of letters that can be read, and behind which one the next page begins.
async fn letters_behind(w: &mut Writer, after: &str) -> Result<(Vec<Kept>, Option<String>), StoreError> {
    let sql = "SELECT * FROM audit_dead_letters WHERE id > $1 ORDER BY id LIMIT 2000";
    let rows = w.rows(sql, values![after]).await?;
    let kept = |row: &Row| {
        let at = row.text("happened").ok()?.parse().map(Timestamp::from_micros).ok()?;
        Some((row.text("id").ok()?, row.text("event").ok()?, at, row.text("body").ok()?))
    };
    let last = rows.last().and_then(|row| row.text("id").ok());
    Ok((rows.iter().filter_map(kept).collect(), last))
}

/// Puts aside what is no event, as it stands.
///
/// # Errors
/// When the database fails, or nothing can be taken out.
pub(super) async fn put_aside(w: &mut Writer, others: &[Other], now: Timestamp) -> Result<(), StoreError> {
    let mut taken = 0;
    for other in others {
        let (kept, gone, place) = match other {
            Other::Sqlite(place) => (
                "INSERT INTO audit_dead_letters (id, happened, event, body, found_at)
                 SELECT $1, CAST(happened_at AS TEXT), CAST(event AS TEXT), CAST(body AS TEXT), $2 FROM audit_outbox
                 WHERE rowid = $3",
                "DELETE FROM audit_outbox WHERE rowid = $1",
                values![*place],
            ),
            Other::Postgres(at, event) => (
                "INSERT INTO audit_dead_letters (id, happened, event, body, found_at)
                 SELECT $1, CAST(happened_at AS TEXT), event, body, $2 FROM audit_outbox
                 WHERE happened_at = $3 AND event = $4",
                "DELETE FROM audit_outbox WHERE happened_at = $1 AND event = $2",
                values![*at, event],
            ),
        };
        let mut bound = values![super::fresh_id(w), now];
        bound.extend(place.iter().cloned());
        w.execute(kept, bound).await?;
        taken += w.execute(gone, place).await?;
    }
    match taken {
        0 => Err(StoreError::Corrupt { what: "audit outbox" }),
        _ => Ok(()),
    }
}

/// Puts back what this version can read of what was put aside, for instance by one that did not know its kind.
pub(super) async fn put_back(w: &mut Writer) -> Result<(), StoreError> {
    let mut after = Some(String::new());
    while let Some(behind) = after.take() {
        let (page, last) = letters_behind(w, &behind).await?;
        for (id, event, at, body) in page {
            let Ok(event) = of_parts(w, &event, at, &body) else { continue };
            note(w, &event).await?;
            w.execute("DELETE FROM audit_dead_letters WHERE id = $1", values![id]).await?;
        }
        after = last;
    }
    Ok(())
}

/// Something that stood in the outbox of the log and is no event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Letter {
    /// By what it is found.
    pub id: Uuid,
    /// The id of its event, where that is one; never a word that somebody wrote into its place.
    pub event: Option<Uuid>,
    /// When it was put aside.
    pub found_at: Timestamp,
}

/// What was put aside, the oldest first; at most so many.
///
/// # Errors
/// When the database fails.
pub async fn letters(c: &mut Connection, most: u32) -> Result<Vec<Letter>, StoreError> {
    let sql = "SELECT id, event, found_at FROM audit_dead_letters ORDER BY found_at, id LIMIT $1";
    // One that somebody put there without an id hides no other, and is counted all the same.
    let letter = |row: &Row| {
        let event = row.text("event").ok().and_then(|event| Uuid::try_parse(&event).ok());
        Some(Letter { id: row.parsed("id").ok()?, event, found_at: row.moment("found_at").ok()? })
    };
    Ok(c.rows(sql, values![most]).await?.iter().filter_map(letter).collect())
}

/// Forgets one of them, once somebody has seen to it.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such one, or when the database fails.
pub async fn forget_letter(w: &mut Writer, id: Uuid) -> Result<(), StoreError> {
    match w.execute("DELETE FROM audit_dead_letters WHERE id = $1", values![id]).await? {
        0 => Err(StoreError::NotFound { what: "letter" }),
        _ => Ok(()),
    }
}

/// Whether this event waits, as it was noted here: what somebody wrote there in its place does not.
pub(super) async fn waits(c: &mut Connection, (id, kind): (Uuid, AuditKind)) -> Result<bool, StoreError> {
    let rows = c.rows("SELECT * FROM audit_outbox WHERE event = $1", values![id]).await?;
    Ok(rows.iter().any(|row| event(c, row).is_ok_and(|event| event.kind == kind)))
}

/// Those events of a kind that wait, the oldest first; what is no event is passed over.
pub(crate) async fn of_kind(c: &mut Connection, kind: AuditKind) -> Result<Vec<Event>, StoreError> {
    // As a body begins.
    let begins = format!("{{\"kind\":\"{kind}\"%");
    let sql = "SELECT * FROM audit_outbox WHERE body LIKE $1 ORDER BY happened_at, event";
    Ok(c.rows(sql, values![begins]).await?.iter().filter_map(|row| event(c, row).ok()).collect())
}

/// All events that wait, the oldest first.
pub(super) async fn all(c: &mut Connection) -> Result<Vec<Event>, StoreError> {
    Ok(next(c, u32::MAX).await?.events)
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
    let sql = "SELECT COUNT(*) AS events, MIN(happened_at) AS oldest,
             (SELECT COUNT(*) FROM audit_dead_letters) AS letters FROM audit_outbox";
    let row = c.row(sql, Vec::new()).await?.ok_or(StoreError::Corrupt { what: "audit outbox" })?;
    // What is no moment is put aside soon.
    let oldest = row.moment_or_none("oldest").unwrap_or_default();
    Ok(Waiting { events: row.count("events")?, oldest, letters: row.count("letters")? })
}
