//! Hand-overs to people: `/tickets` and `/tickets/{id}`.

use contactiq_domain::{Priority, Role, Ticket, TicketState};
use contactiq_guard::Masked;

use super::{
    layout::Layout,
    prose::{self, Prose, Span},
    wording,
};
use crate::api::tickets::Worker;

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
    /// What is done with those of demo traffic; none shows them with the others.
    pub demo: Option<DemoShare>,
    /// Which page, from 1.
    pub page: u32,
    /// Tickets of a whole page.
    pub listed: u32,
}

/// What the list does with tickets of demo traffic (`?demo=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoShare {
    /// It leaves them out.
    Hide,
    /// It shows nothing else.
    Only,
}

impl DemoShare {
    /// From the word of the address.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "hide" => Some(Self::Hide),
            "only" => Some(Self::Only),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Hide => "hide",
            Self::Only => "only",
        }
    }
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
    /// Who can be handed it, where the visitor may hand it over.
    pub workers: Vec<WorkerItem>,
    /// Whether `/interactions/{id}` may be linked.
    pub may_read_records: bool,
    /// What was just done, for instance `Ticket taken.`
    pub notice: Option<String>,
}

/// Somebody who can be handed a ticket.
#[derive(Debug, Clone)]
pub struct WorkerItem {
    /// What logs call them.
    pub id: String,
    /// What people call them.
    pub name: String,
    /// What they are.
    pub role: Role,
}

impl WorkerItem {
    /// From the API's.
    #[must_use]
    pub fn of(worker: Worker) -> Self {
        Self { id: worker.id, name: worker.name, role: worker.role }
    }
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
    /// What was noted then.
    pub taken_note: Option<String>,
    /// When it was closed, for people.
    pub closed: Option<String>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What was noted then.
    pub closed_note: Option<String>,
    /// Whether demo traffic opened it.
    pub demo: bool,
}

impl TicketItem {
    /// From the ticket.
    #[must_use]
    pub fn of(ticket: &Ticket<Masked>) -> Self {
        Self {
            number: ticket.number(),
            id: ticket.id.to_string(),
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
            taken_note: ticket.taken_note.as_ref().map(|n| n.as_str().to_owned()),
            closed: ticket.closed_at.map(wording::moment),
            closed_by: ticket.closed_by.clone(),
            closed_note: ticket.closed_note.as_ref().map(|n| n.as_str().to_owned()),
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
        let all = ("All", self.address(None, self.demo, 1), self.state.is_none());
        let states = TicketState::ALL
            .iter()
            .map(|s| (wording::state(*s), self.address(Some(*s), self.demo, 1), self.state == Some(*s)));
        std::iter::once(all).chain(states).collect()
    }

    /// The links that leave demo traffic out, or show nothing else.
    fn shares(&self) -> Vec<(&'static str, String, bool)> {
        [("With demo traffic", None), ("Without", Some(DemoShare::Hide)), ("Only", Some(DemoShare::Only))]
            .map(|(words, share)| (words, self.address(self.state, share, 1), self.demo == share))
            .into()
    }

    fn address(&self, state: Option<TicketState>, demo: Option<DemoShare>, page: u32) -> String {
        let parts = [
            state.map(|s| format!("state={s}")),
            demo.map(|d| format!("demo={}", d.word())),
            (page > 1).then(|| format!("page={page}")),
        ];
        let query: Vec<String> = parts.into_iter().flatten().collect();
        if query.is_empty() { "/tickets".to_owned() } else { format!("/tickets?{}", query.join("&")) }
    }

    /// The number of the first ticket shown, from 1.
    fn first(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.listed) + 1
    }

    fn last(&self) -> u64 {
        self.first() + self.tickets.len() as u64 - 1
    }

    fn before(&self) -> Option<String> {
        (self.page > 1).then(|| self.address(self.state, self.demo, self.page - 1))
    }

    fn after(&self) -> Option<String> {
        (self.last() < self.all).then(|| self.address(self.state, self.demo, self.page + 1))
    }
}
