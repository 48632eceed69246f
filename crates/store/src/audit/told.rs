//! What the log tells of records, holds, tickets and receipts, gathered from its entries in their order.

use std::collections::{BTreeMap, HashMap, HashSet};

use contactiq_domain::{
    TicketState,
    ids::{InteractionId, TicketId},
};

use super::{
    AuditKind, Event,
    agreed::Words,
    closing::{self, PROOF, TICKET},
    held::Holds,
    takeover, unlogged,
};
use crate::{Connection, row::Row};

/// What was gathered.
pub(super) struct Told {
    /// The id of the entry that says from where on closings are told.
    takeover: String,
    is_taken_over: bool,
    closed: HashSet<u64>,
    /// Interactions whose completion nobody was shown.
    withdrawn: HashSet<InteractionId>,
    pub(super) holds: Holds,
    pub(super) words: Words,
    tickets: HashMap<TicketId, Opened>,
    /// How tickets went on, by their marks: when it was said last.
    became: HashMap<u64, When>,
    pub(super) receipts: HashMap<String, Receipt>,
    /// Events that were heard beside the entries that were verified.
    later: HashSet<String>,
    order: u64,
}

/// When something was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// Its place in the order of the log.
    order: u64,
    /// When it happened, in microseconds since 1970.
    at_us: i64,
}

/// Events that wait come into the log in the order of their clocks: nobody knows which of two was first that are nearer
/// than this, or of which the later one has the earlier time.
const NEAR_US: i64 = 1_000_000;

impl When {
    /// Whether that was surely said after this.
    pub(super) const fn is_before(self, other: When) -> bool {
        other.order > self.order && other.at_us > self.at_us.saturating_add(NEAR_US)
    }
}

/// A ticket that the log speaks of.
pub(super) struct Opened {
    /// Of which interaction.
    pub(super) interaction: InteractionId,
    /// When it was opened last.
    at: When,
}

/// A receipt that the log speaks of.
pub(super) struct Receipt {
    pub(super) person: String,
    pub(super) interactions: String,
    /// Not told of people whom bankers named.
    pub(super) conversations: Option<String>,
}

fn number(mark: &str) -> Option<u64> {
    u64::from_str_radix(mark, 16).ok()
}

impl Told {
    pub(super) fn new(c: &Connection) -> Told {
        Told {
            takeover: takeover::event_id(c).to_string(),
            is_taken_over: false,
            closed: HashSet::new(),
            withdrawn: HashSet::new(),
            holds: Holds::default(),
            words: Words::default(),
            tickets: HashMap::new(),
            became: HashMap::new(),
            receipts: HashMap::new(),
            later: HashSet::new(),
            order: 0,
        }
    }

    /// Hears one entry, in the order of the log.
    pub(super) fn hear(
        &mut self,
        c: &Connection,
        (event, kind, at_us): (&str, &str, i64),
        fields: &BTreeMap<String, String>,
    ) {
        self.order += 1;
        let at = When { order: self.order, at_us };
        match kind {
            _ if event == self.takeover => self.is_taken_over = true,
            kind if kind == AuditKind::Closing.as_str() => {
                self.closed.extend(closing::among(fields).filter_map(number));
            }
            kind if kind == AuditKind::Withdrawal.as_str() => self.withdrawn.extend(unlogged::of(fields)),
            kind if kind == AuditKind::Hold.as_str() => self.holds.hear(c, fields),
            kind if kind == AuditKind::Consent.as_str() => self.words.hear(c, fields, at),
            kind if kind == AuditKind::Escalation.as_str() => {
                let ticket = fields.get(TICKET).and_then(|ticket| ticket.parse().ok());
                if let (Some(ticket), Some(interaction)) = (ticket, unlogged::of(fields)) {
                    self.tickets.insert(ticket, Opened { interaction, at });
                }
            }
            kind if kind == AuditKind::Ticket.as_str() => {
                let marks = closing::among(fields).chain(fields.get(PROOF).map(String::as_str));
                self.became.extend(marks.filter_map(number).map(|mark| (mark, at)));
            }
            kind if kind == AuditKind::Erasure.as_str() => self.hear_of_receipt(event, fields),
            _ => {}
        }
    }

    fn hear_of_receipt(&mut self, event: &str, fields: &BTreeMap<String, String>) {
        let (Some(person), Some(interactions)) = (fields.get("person"), fields.get("interactions")) else {
            return;
        };
        // Where bankers named somebody and all stayed there is none.
        if fields.contains_key("named_by") && interactions == "0" {
            return;
        }
        let receipt = Receipt {
            person: person.clone(),
            interactions: interactions.clone(),
            conversations: fields.get("conversations").cloned(),
        };
        self.receipts.insert(event.to_owned(), receipt);
    }

    /// Hears an event that is behind the entries that were verified, or still waits; each once.
    pub(super) fn hear_later(&mut self, c: &Connection, event: &Event) {
        let id = event.id.to_string();
        if self.later.insert(id.clone()) {
            self.hear(c, (&id, event.kind.as_str(), event.at.micros()), &event.fields);
        }
    }

    /// Whether the log says from where on closings are told.
    pub(super) const fn is_taken_over(&self) -> bool {
        self.is_taken_over
    }

    /// Whether the log tells that this interaction was closed.
    pub(super) fn is_closed(&self, c: &Connection, id: InteractionId) -> bool {
        number(&closing::of_interaction(c, id)).is_some_and(|mark| self.closed.contains(&mark))
    }

    /// Whether the log tells that nobody was shown what completed this interaction.
    pub(super) fn is_withdrawn(&self, id: InteractionId) -> bool {
        self.withdrawn.contains(&id)
    }

    /// The tickets that the log tells of.
    pub(super) fn tickets(&self) -> impl Iterator<Item = (&TicketId, &Opened)> {
        self.tickets.iter()
    }

    /// Whether a ticket stands as the log told last; also one of which it tells nothing.
    pub(super) fn agrees(&self, c: &Connection, row: &Row) -> Result<bool, crate::StoreError> {
        let id: TicketId = row.parsed("id")?;
        let Some(opened) = self.tickets.get(&id) else { return Ok(true) };
        let said = |state: TicketState| match state {
            TicketState::Open => Some(opened.at),
            other => {
                let mark = number(&closing::of_ticket(c, &id.to_string(), other));
                mark.and_then(|mark| self.became.get(&mark)).copied()
            }
        };
        let states = [TicketState::Open, TicketState::Taken, TicketState::Closed];
        let Some(stands) = said(row.parsed("state")?) else { return Ok(false) };
        Ok(!states.into_iter().filter_map(said).any(|later| stands.is_before(later)))
    }
}
