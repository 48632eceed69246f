//! The words of the review list: why a text is on it, and what a reviewer says of it (A11).

use crate::Refusal;

contactiq_domain::words! {
    /// Why a text is to be looked at.
    ReviewKind as "kind" {
        /// Refused: it tries to steer the model.
        Injection => "injection",
        /// Refused: it threatens, hates or is sexual.
        Moderation => "moderation",
        /// Refused: it carries a SQL attack.
        SqlPattern => "sql_pattern",
        /// Refused: it carries a script attack.
        ScriptPattern => "script_pattern",
        /// Flagged by moderation and not refused, as an oath is.
        Flagged => "flagged",
        /// A text of which something was kept back: a model's, or a draft that would have quoted an order.
        Output => "output",
    }
}

impl From<Refusal> for ReviewKind {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Injection => ReviewKind::Injection,
            Refusal::Moderation => ReviewKind::Moderation,
            Refusal::SqlPattern => ReviewKind::SqlPattern,
            Refusal::ScriptPattern => ReviewKind::ScriptPattern,
        }
    }
}

contactiq_domain::words! {
    /// What a reviewer says.
    ReviewDecision as "decision" {
        /// The guard was right.
        Right => "right",
        /// It was not: an honest text.
        FalseAlarm => "false_alarm",
    }
}
