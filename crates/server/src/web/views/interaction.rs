//! The whole record of one interaction, for those who answer for it: `/interactions/{id}`.

use contactiq_domain::{Record, Ticket, TicketState, Timestamp};
use contactiq_guard::{Masked, Original};

use super::{
    layout::Layout,
    prose::{Prose, Span},
    turn::TurnView,
    wording,
};

/// The record.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "interaction.html")]
pub struct InteractionView {
    /// The frame.
    pub layout: Layout,
    /// Question, answer, sources and why.
    pub turn: TurnView,
    /// How it ended, in words.
    pub outcome: &'static str,
    /// What stands beside it, in order of reading.
    pub facts: Vec<Fact>,
    /// The escalation's ticket: short number, address, where it stands and with whom.
    pub ticket: Option<(String, String, String)>,
    /// Whether it came from `contactiq demo traffic`.
    pub demo: bool,
    /// Whether the form that shows what was masked is there.
    pub may_unmask: bool,
    /// What stood where personal data was masked, on the answer to that form alone.
    pub unmasked: Option<Vec<Shown>>,
    /// What was wrong with that form.
    pub problem: Option<String>,
}

/// A placeholder and what stood there.
#[derive(Clone)]
pub struct Shown {
    /// As it stands in the question.
    pub placeholder: String,
    /// What the person wrote; none of what is never kept.
    pub value: Option<String>,
}

impl Shown {
    /// From the store.
    #[must_use]
    pub fn of(original: &Original) -> Self {
        Self { placeholder: original.placeholder().to_owned(), value: original.value().map(str::to_owned) }
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({})", self.placeholder)
    }
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// Whether it is an id, shown in figures of one width.
    pub code: bool,
}

impl InteractionView {
    /// From the record. `people_available` as in [`TurnView::of`].
    #[must_use]
    pub fn of(
        layout: Layout,
        record: &Record<Masked>,
        people_available: bool,
        helpful: Option<bool>,
        ticket: Option<&Ticket<Masked>>,
    ) -> Self {
        let ticket = ticket.map(|t| (t.number(), format!("/tickets/{}", t.id), standing(t)));
        Self {
            layout,
            turn: TurnView::of(record, people_available, helpful),
            outcome: wording::outcome(record.outcome),
            facts: facts(record, helpful),
            ticket,
            demo: record.demo,
            may_unmask: false,
            unmasked: None,
            problem: None,
        }
    }
}

/// `Open`; `Taken by mara, 22 November 2026, 21:03 UTC`; `Closed by joe, …`.
fn standing(ticket: &Ticket<Masked>) -> String {
    let with = |word: &str, who: &Option<String>, at: Option<Timestamp>| {
        let who = who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
        let at = at.map(|at| format!(", {}", wording::moment(at))).unwrap_or_default();
        format!("{word}{who}{at}")
    };
    match ticket.state {
        TicketState::Open => wording::state(ticket.state).to_owned(),
        TicketState::Taken => with("Taken", &ticket.assignee, ticket.taken_at),
        TicketState::Closed => with("Closed", &ticket.closed_by, ticket.closed_at),
    }
}

fn facts(record: &Record<Masked>, helpful: Option<bool>) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value, code: false };
    let id = |name, value: String| Fact { name, value, code: true };
    let trigger = record.trigger.map_or("None", wording::trigger).to_owned();
    let data = match (record.pii_detected, record.pii_masked) {
        (false, _) => "None found",
        (true, true) => "Found and masked",
        (true, false) => "Found",
    };
    let rated = match helpful {
        None => "Not rated",
        Some(true) => "Helpful",
        Some(false) => "Not helpful",
    };
    vec![
        fact("Mode", wording::mode(record.mode).to_owned()),
        fact("Outcome", wording::outcome(record.outcome).to_owned()),
        fact("Deciding trigger", trigger),
        fact("Confidence", wording::decimal(Some(record.confidence.get()))),
        fact("Time taken", wording::duration(record.processing_time_ms)),
        fact("Model", record.model.clone()),
        fact(
            "Tokens",
            format!(
                "{} in, {} out",
                wording::count(record.tokens.input),
                wording::count(record.tokens.output)
            ),
        ),
        fact("Cost", wording::dollars(record.cost_usd.dollars())),
        fact("Personal data", data.to_owned()),
        fact("Feedback", rated.to_owned()),
        fact("Kept", wording::plain(&record.retention_policy)),
        fact("Asked", wording::moment(record.created_at)),
        fact("Finished", wording::moment(record.completed_at)),
        id("Knowledge version", record.knowledge_version.clone()),
        id("Interaction", record.id.to_string()),
        id("Conversation", record.conversation.to_string()),
        id("Request", record.request_id.to_string()),
        id("Correlation", record.correlation_id.clone()),
        id("Subject (pseudonym)", record.subject.clone()),
        id("Session", record.session.clone()),
    ]
}
