//! What the figures of the dashboard mean; `reports` computes them (P12).

use contactiq_domain::{Mode, Timestamp, Trigger};

/// How many interactions ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Totals {
    /// Finished interactions.
    pub interactions: u64,
    /// Conversations that they belong to.
    pub conversations: u64,
    /// Answered from evidence.
    pub resolved: u64,
    /// Greetings and help with asking.
    pub guided: u64,
    /// Handed to a person.
    pub escalated: u64,
    /// Refused by a guard.
    pub blocked: u64,
    /// Broken.
    pub failed: u64,
    /// Never finished.
    pub interrupted: u64,
}

impl Totals {
    /// Share of real requests that were answered without a person; guidance and what was interrupted
    /// are left out. `None` when there were none.
    #[must_use]
    pub fn containment(&self) -> Option<f64> {
        share(self.resolved, self.decided())
    }

    /// Share of the same requests that were handed to a person.
    #[must_use]
    pub fn escalation(&self) -> Option<f64> {
        share(self.escalated, self.decided())
    }

    fn decided(&self) -> u64 {
        self.resolved + self.escalated + self.blocked + self.failed
    }
}

/// How much one assistant is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ModeFigures {
    /// The assistant.
    pub mode: Mode,
    /// Finished interactions.
    pub interactions: u64,
    /// Conversations that they belong to.
    pub conversations: u64,
}

/// What becomes of one intent.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct IntentFigures {
    /// The assistant.
    pub mode: Mode,
    /// The intent's name.
    pub intent: String,
    /// Finished interactions.
    pub interactions: u64,
    /// Answered from evidence.
    pub resolved: u64,
    /// Greetings and help with asking.
    pub guided: u64,
    /// Handed to a person.
    pub escalated: u64,
    /// Share resolved of those that an assistant may answer: human_only, guidance and what was
    /// interrupted are left out. `None` when there were none.
    pub resolution: Option<f64>,
    /// Average confidence where an answer was attempted.
    pub confidence: Option<f64>,
}

/// How often a trigger was the decisive one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct TriggerFigures {
    /// The trigger.
    pub trigger: Trigger,
    /// Escalations that it decided.
    pub escalations: u64,
}

/// From question to end, in milliseconds. Percentiles are by nearest rank: a value that occurred.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Latency {
    /// Arithmetic mean.
    pub average: f64,
    /// Half were at most this slow.
    pub p50: f64,
    /// 95 in 100.
    pub p95: f64,
    /// 99 in 100.
    pub p99: f64,
}

/// What the models used and cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Cost {
    /// Sum, in billionths of a dollar.
    pub total_nano_usd: i64,
    /// Per finished interaction.
    pub average_nano_usd: f64,
    /// Tokens read by models.
    pub tokens_input: u64,
    /// Tokens written by models.
    pub tokens_output: u64,
}

/// What people said about these interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FeedbackFigures {
    /// "This was helpful."
    pub helpful: u64,
    /// "This was not helpful."
    pub unhelpful: u64,
    /// Reported problems.
    pub problems: u64,
}

/// One day in UTC. A day without interactions has no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct DayFigures {
    /// Midnight at which it begins.
    pub day: Timestamp,
    /// Finished interactions.
    pub interactions: u64,
    /// Answered from evidence.
    pub resolved: u64,
    /// Handed to a person.
    pub escalated: u64,
}

/// Everything that the dashboard shows.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// How interactions ended.
    pub totals: Totals,
    /// Usage by mode, in order of name.
    pub modes: Vec<ModeFigures>,
    /// By intent, most frequent first.
    pub intents: Vec<IntentFigures>,
    /// Why escalated, most frequent first.
    pub triggers: Vec<TriggerFigures>,
    /// Attempted answers by confidence: 0 to 0.1, 0.1 to 0.2, …, 0.9 to 1 inclusive.
    pub confidence: [u64; 10],
    /// Their average confidence; none without any.
    pub confidence_average: Option<f64>,
    /// How long it took.
    pub latency: Latency,
    /// What it cost.
    pub cost: Cost,
    /// What people said.
    pub feedback: FeedbackFigures,
    /// Day by day, oldest first.
    pub trend: Vec<DayFigures>,
}

/// A share, unless there is nothing to have a share of.
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
