//! What is written down of an interaction, as data: the same entry goes to the database, to the spool and
//! into the dead letters, and writing it twice is the same as once.

use contactiq_domain::{
    Citation, Record, Started, Ticket, Timestamp,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::{Masked, PersonalType, Token};

use crate::{
    conversations::Conversation,
    idempotency::{Fence, Slot},
    placeholders::SealedPlaceholders,
    review,
};

/// One phase of one interaction (B2). Each names its conversation, so that it can be written wherever the
/// other one is: they may arrive by different ways.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Phase one, before the first step with side effects.
    Start(Box<Start>),
    /// Phase two, before anything is shown.
    Completion(Box<Completion>),
    /// Nobody was shown what a completion says: its caller was told that no place took it, and one may have it all
    /// the same.
    Withdrawal(Box<Withdrawal>),
}

/// Phase one.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Its conversation, begun where it is not there yet.
    pub conversation: Conversation,
    /// The placeholders that a conversation begins with.
    pub placeholders: Option<SealedPlaceholders>,
    /// What was asked.
    pub started: Started<Masked>,
    /// Keyed tokens of the personal data in it.
    pub tokens: Vec<(PersonalType, Token)>,
    /// What somebody is about to be shown of the answer, while it is still being made.
    pub shown: Option<Shown>,
}

/// The part of an answer that was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// All of it so far.
    pub text: Masked,
    /// Its citations so far.
    pub citations: Vec<Citation>,
}

/// Phase two: everything that one transaction writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Its conversation, begun where it is not there yet.
    pub conversation: Conversation,
    /// The whole record.
    pub record: Record<Masked>,
    /// The ticket of an escalation.
    pub ticket: Option<Ticket<Masked>>,
    /// What a reviewer is to see.
    pub reviews: Vec<review::Entry>,
    /// The idempotency key that the request claimed.
    pub claimed: Option<Claimed>,
}

/// Takes back a completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Withdrawal {
    /// Its conversation.
    pub conversation: Conversation,
    /// The interaction.
    pub interaction: InteractionId,
    /// When the completion ended that is taken back: another one of the same interaction stands.
    pub completed_at: Timestamp,
    /// The idempotency key that came to it: who sends the request again has it answered.
    pub claimed: Option<Claimed>,
}

/// A claimed idempotency key (B1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Claimed {
    /// Who asks.
    pub caller: String,
    /// The route.
    pub route: String,
    /// What stands for the client's key, which is kept nowhere.
    pub key: String,
    /// What stands for the body: another one with this key is refused.
    pub body: String,
    /// The claim's fencing token.
    pub fence: Fence,
    /// Whether it was claimed outside of the table, in the queue of a cluster or in the memory of the one process on
    /// SQLite: the table hears of it with the record.
    #[serde(default)]
    pub queued: bool,
    /// Whether the answer was shown already, because another place than the tables took its record. Otherwise a
    /// claim that was lost to another worker means that its answer counts and this one does not.
    pub shown: bool,
}

impl Claimed {
    /// The key's place in its table.
    #[must_use]
    pub fn slot(&self) -> Slot<'_> {
        Slot { caller: &self.caller, route: &self.route, key: &self.key }
    }
}

contactiq_domain::words! {
    /// What an entry says of its interaction, in the order in which it happens.
    Phase as "phase" {
        /// Phase one.
        Start => "start",
        /// Phase two.
        Completion => "completion",
        /// Phase two is taken back.
        Withdrawal => "withdrawal",
    }
}

impl Entry {
    /// What it says.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Entry::Start(_) => Phase::Start,
            Entry::Completion(_) => Phase::Completion,
            Entry::Withdrawal(_) => Phase::Withdrawal,
        }
    }

    /// What figures call it.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Entry::Start(start) if start.shown.is_some() => "shown",
            Entry::Start(_) => "start",
            Entry::Completion(_) => "completion",
            Entry::Withdrawal(_) => "withdrawal",
        }
    }

    /// Of which interaction.
    #[must_use]
    pub const fn interaction(&self) -> InteractionId {
        match self {
            Entry::Start(start) => start.started.id,
            Entry::Completion(completion) => completion.record.id,
            Entry::Withdrawal(withdrawal) => withdrawal.interaction,
        }
    }

    /// Of which conversation.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.of().id
    }

    /// The same, whole.
    pub(crate) const fn of(&self) -> &Conversation {
        match self {
            Entry::Start(start) => &start.conversation,
            Entry::Completion(completion) => &completion.conversation,
            Entry::Withdrawal(withdrawal) => &withdrawal.conversation,
        }
    }
}
