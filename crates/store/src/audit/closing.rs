//! Which records were closed, erased or purged, and how a ticket went on: as keyed hashes that only the house makes. An
//! entry about records says nothing to whoever has the log alone; whoever verifies with the root key finds each of them.

use contactiq_domain::{TicketState, Timestamp, ids::InteractionId};

use super::{AuditKind, Event, note_all};
use crate::{Connection, StoreError, Writer};

/// Digits of a mark: 64 bits, so that whoever can put any number of made up ones into the log hits none.
const DIGITS: usize = 16;
/// So many marks stand in one entry.
const TOGETHER: usize = 500;

/// The fields of such an entry.
pub(super) const MARKS: &str = "marks";
pub(super) const PROOF: &str = "proof";
pub(super) const BECAME: &str = "became";
pub(super) const TICKET: &str = "ticket";

/// What stands for something in the log: the same for the same, and nobody makes it without the root key.
fn mark(c: &Connection, what: &str) -> String {
    let mut mark = c.blind(what);
    mark.truncate(DIGITS);
    mark
}

/// What stands for a closed interaction.
pub(super) fn of_interaction(c: &Connection, id: InteractionId) -> String {
    mark(c, &format!("closed interaction\0{id}"))
}

/// What stands for a ticket that came into this state.
pub(crate) fn of_ticket(c: &Connection, id: &str, state: TicketState) -> String {
    mark(c, &format!("ticket\0{id}\0{state}"))
}

/// The marks in a field.
pub(super) fn among(fields: &std::collections::BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    fields.get(MARKS).into_iter().flat_map(|marks| marks.split(' '))
}

/// Notes that these interactions were closed: in the transaction that takes out their texts, or their rows.
pub(crate) async fn closed(w: &mut Writer, ids: &[InteractionId], now: Timestamp) -> Result<(), StoreError> {
    let marks: Vec<String> = ids.iter().map(|id| of_interaction(w, *id)).collect();
    note_marks(w, AuditKind::Closing, None, marks, now).await
}

/// Notes marks, some hundreds an entry. They are sorted: their order says nothing.
pub(super) async fn note_marks(
    w: &mut Writer,
    kind: AuditKind,
    became: Option<TicketState>,
    mut marks: Vec<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    marks.sort_unstable();
    marks.dedup();
    let events: Vec<Event> = marks
        .chunks(TOGETHER)
        .map(|some| {
            let fields = [
                (BECAME, became.map(|state| state.to_string())),
                ("count", Some(some.len().to_string())),
                (MARKS, Some(some.join(" "))),
            ];
            Event::new(super::fresh_id(w), now, kind, &fields)
        })
        .collect();
    note_all(w, &events).await
}

/// Notes that a ticket was taken, handed over or closed: in the transaction that does it.
pub(crate) async fn ticket_became(
    w: &mut Writer,
    id: &str,
    state: TicketState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let fields = [
        (TICKET, Some(id.to_owned())),
        (BECAME, Some(state.to_string())),
        (PROOF, Some(of_ticket(w, id, state))),
    ];
    super::note(w, &Event::new(super::fresh_id(w), now, AuditKind::Ticket, &fields)).await
}
