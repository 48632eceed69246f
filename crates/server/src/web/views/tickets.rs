//! Hand-overs to people: `/tickets` and `/tickets/{id}`.

use contactiq_domain::{Priority, Ticket, TicketState};
use contactiq_guard::Masked;

use super::{
    layout::Layout,
    prose::{self, Prose, Span},
    wording,
};

/// The list.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "tickets.html")]
pub struct TicketsView {
    /// The frame.
    pub layout: Layout,
    /// The state that is shown (`?state=open`), or all.
    pub state: Option<TicketState>,
    /// As the store orders them: the most urgent first.
    pub tickets: Vec<TicketItem>,
    /// How many there are, with those that are not shown.
    pub all: u64,
}

/// One ticket.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "ticket.html")]
pub struct TicketView {
    /// The frame.
    pub layout: Layout,
    /// The ticket.
    pub ticket: TicketItem,
    /// Whether the buttons that change its state are shown.
    pub may_change: bool,
    /// Whether `/interactions/{id}` may be linked.
    pub may_read_records: bool,
    /// What was just done, for instance `Ticket taken.`
    pub notice: Option<String>,
}

/// A ticket as both pages show it.
#[derive(Debug, Clone)]
pub struct TicketItem {
    /// Its id.
    pub id: String,
    /// The part that a person reads out.
    pub number: String,
    /// When it was opened, for machines.
    pub opened_at: String,
    /// When it was opened, for people.
    pub opened: String,
    /// Whose assistant.
    pub mode: &'static str,
    /// Why, in words.
    pub trigger: &'static str,
    /// The rule that fired.
    pub rule: String,
    /// The team, in words.
    pub queue: String,
    /// How soon.
    pub priority: Priority,
    /// Where it stands.
    pub state: TicketState,
    /// The masked question.
    pub question: String,
    /// What the person was told.
    pub told: Vec<Prose>,
    /// The interaction that escalated.
    pub interaction: String,
    /// Who took it.
    pub assignee: Option<String>,
    /// When it was taken, for people.
    pub taken: Option<String>,
    /// When it was closed, for people.
    pub closed: Option<String>,
    /// Whether demo traffic opened it.
    pub demo: bool,
}

impl TicketItem {
    /// From the ticket.
    #[must_use]
    pub fn of(ticket: &Ticket<Masked>) -> Self {
        let id = ticket.id.to_string();
        Self {
            number: ticket.number(),
            id,
            opened_at: ticket.created_at.to_string(),
            opened: wording::moment(ticket.created_at),
            mode: wording::mode(ticket.mode),
            trigger: wording::trigger(ticket.trigger),
            rule: ticket.rule.clone(),
            queue: wording::plain(&ticket.queue),
            priority: ticket.priority,
            state: ticket.state,
            question: ticket.question.as_str().to_owned(),
            told: prose::read(ticket.told.as_str(), true),
            interaction: ticket.interaction.to_string(),
            assignee: ticket.assignee.clone(),
            taken: ticket.taken_at.map(wording::moment),
            closed: ticket.closed_at.map(wording::moment),
            demo: ticket.demo,
        }
    }

    fn priority_word(&self) -> &'static str {
        wording::priority(self.priority)
    }

    fn state_word(&self) -> &'static str {
        wording::state(self.state)
    }
}

impl TicketsView {
    /// The links above the list: words, address, whether it is the one shown.
    fn filters(&self) -> Vec<(&'static str, String, bool)> {
        let all = ("All", "/tickets".to_owned(), self.state.is_none());
        let states = TicketState::ALL
            .iter()
            .map(|s| (wording::state(*s), format!("/tickets?state={s}"), self.state == Some(*s)));
        std::iter::once(all).chain(states).collect()
    }
}
