//! What can be wrong with `triggers.toml`.

use contactiq_domain::{Mode, Trigger};

/// What is wrong with the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or a key with a wrong name or value.
    #[error("triggers.toml: {0}")]
    Syntax(String),
    /// One of the eleven is missing.
    #[error("triggers.toml: [{0}] is missing: all eleven triggers must be there")]
    Missing(Trigger),
    /// A pattern does not compile, or an id stands twice.
    #[error("triggers.toml: [{trigger}] pattern `{id}`: {why}")]
    Pattern {
        /// Whose.
        trigger: Trigger,
        /// Which.
        id: String,
        /// What to mend.
        why: String,
    },
    /// A trigger that is not read from the text has patterns, examples or look-alikes: nothing would ever read them.
    #[error(
        "triggers.toml: [{0}] is not read from the text, so its patterns, examples and look-alikes would never be read: remove them"
    )]
    Unreachable(Trigger),
    /// Records name the version that decided.
    #[error("triggers.toml: version is blank: records name it, so give it a date or a number")]
    NoVersion,
    /// A ticket belongs to a team.
    #[error("triggers.toml: [{0}] queue is blank: name the team that answers its tickets")]
    NoQueue(Trigger),
    /// An example or look-alike says nothing.
    #[error(
        "triggers.toml: [{trigger}] has a blank message in {list}, number {number}: write one, or remove it"
    )]
    Blank {
        /// Whose.
        trigger: Trigger,
        /// `examples` or `look_alikes`.
        list: &'static str,
        /// Its place there, from 1.
        number: usize,
    },
    /// Who is in danger must be told whom to call.
    #[error("triggers.toml: [emotional_distress.{0}] message must name {{crisis_line}}")]
    NoCrisisLine(Mode),
    /// One message is an example and a look-alike of one trigger.
    #[error("triggers.toml: [{trigger}] has \"{text}\" as an example and as a look-alike: keep one")]
    BothSides {
        /// Whose.
        trigger: Trigger,
        /// The file's own text.
        text: String,
    },
    /// A message names a placeholder that is not known.
    #[error("triggers.toml: [{trigger}.{mode}] has the unknown placeholder {{{name}}}")]
    Placeholder {
        /// Whose.
        trigger: Trigger,
        /// Which assistant.
        mode: Mode,
        /// The name.
        name: String,
    },
    /// The program's own decision tables contradict themselves.
    #[error("the decision tables of this build are unsound: {0}")]
    Table(#[from] crate::decision::Flaw),
    /// `message` or `next_step_alone` promises a person through `{channel}`, `{hours}` or `{ticket}`.
    #[error(
        "triggers.toml: [{trigger}.{mode}] {field} names {{{name}}}: it is shown also where the bank has no team"
    )]
    Promise {
        /// Whose.
        trigger: Trigger,
        /// Which assistant.
        mode: Mode,
        /// `message` or `next_step_alone`.
        field: &'static str,
        /// The placeholder.
        name: String,
    },
}
