//! The ticket of an escalation: what a contact-centre agent opens at 3 a.m.

use crate::{
    Mode, Timestamp, Trigger,
    ids::{ConversationId, InteractionId, TicketId},
};

crate::words! {
    /// How soon a person should look.
    Priority as "priority" {
        /// Now: money or a life may be at stake.
        Urgent => "urgent",
        /// Today.
        High => "high",
        /// In turn.
        Normal => "normal",
    }
}

crate::words! {
    /// Where a ticket stands.
    TicketState as "state" {
        /// Nobody has taken it.
        Open => "open",
        /// Somebody works on it.
        Taken => "taken",
        /// Done.
        Closed => "closed",
    }
}

/// A hand-over to a person, written in the same transaction as the interaction that caused it.
/// `Text` is the guard's `Masked` outside this crate.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ticket<Text> {
    /// Its id.
    pub id: TicketId,
    /// The interaction that escalated.
    pub interaction: InteractionId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The assistant.
    pub mode: Mode,
    /// Why.
    pub trigger: Trigger,
    /// The rule that fired.
    pub rule: String,
    /// The team whose queue owns it: a ticket is never without one.
    pub queue: String,
    /// How soon.
    pub priority: Priority,
    /// Where it stands.
    pub state: TicketState,
    /// The question, masked.
    pub question: Text,
    /// What the person was told.
    pub told: Text,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Who took it: the name of an account or a key, never of a customer.
    pub assignee: Option<String>,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// What was noted then, masked.
    pub taken_note: Option<Text>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What was noted then, masked.
    pub closed_note: Option<Text>,
    /// Whether demo traffic opened it.
    pub demo: bool,
}

impl<Text> Ticket<Text> {
    /// The number that a person reads out: the end of the id, which differs in every ticket.
    #[must_use]
    pub fn number(&self) -> String {
        number(self.id)
    }
}

/// The number of the ticket with this id, as people say it: `T-1A2B3C4D`.
#[must_use]
pub fn number(id: TicketId) -> String {
    let text = id.uuid().simple().to_string().to_uppercase();
    format!("T-{}", &text[text.len() - 8..])
}
