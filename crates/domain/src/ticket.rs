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
    /// The same with other texts: `change` is told the field of each.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<Other, E>(
        self,
        mut change: impl FnMut(&'static str, Text) -> Result<Other, E>,
    ) -> Result<Ticket<Other>, E> {
        Ok(Ticket {
            id: self.id,
            interaction: self.interaction,
            conversation: self.conversation,
            mode: self.mode,
            trigger: self.trigger,
            rule: self.rule,
            queue: self.queue,
            priority: self.priority,
            state: self.state,
            question: change("question", self.question)?,
            told: change("told", self.told)?,
            created_at: self.created_at,
            assignee: self.assignee,
            taken_at: self.taken_at,
            taken_note: self.taken_note.map(|text| change("taken_note", text)).transpose()?,
            closed_at: self.closed_at,
            closed_by: self.closed_by,
            closed_note: self.closed_note.map(|text| change("closed_note", text)).transpose()?,
            demo: self.demo,
        })
    }

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
