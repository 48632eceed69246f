//! A question that one process took in and another answers, as bytes for the queue of requests. What the person wrote
//! is in it as in the ledger: masked, and sealed for its row.

use contactiq_domain::{Citation, Role, ids::InteractionId};
use contactiq_guard::Verdict;
use serde::{Deserialize, Serialize};

use super::{Claimed, Entry, Ledger, Shown, Start, Unreadable, kept};
use crate::{StoreError, interactions, row::place};

/// The question.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    /// Its start, which is durable already.
    pub start: Start,
    /// What the asker is.
    pub role: Role,
    /// Whether it goes on with a conversation.
    pub continues: bool,
    /// The exchange that it follows there, where it need not be the last one.
    pub follows: Option<InteractionId>,
    /// The idempotency key that it claimed.
    pub claimed: Option<Claimed>,
    /// What the door says of it.
    pub verdict: Verdict,
    /// Whether somebody listens to the answer while it is made.
    pub aloud: bool,
}

/// The part of an answer that a worker tells on the way.
#[derive(Serialize, Deserialize)]
struct Part {
    text: kept::Sealed,
    citations: Vec<Citation>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    /// The bytes of an entry, which are text.
    start: String,
    role: Role,
    continues: bool,
    // Gateways of the version before say nothing of it.
    #[serde(default)]
    follows: Option<InteractionId>,
    claimed: Option<Claimed>,
    verdict: Verdict,
    #[serde(default)]
    aloud: bool,
}

impl Ledger {
    /// A part of an answer as text for the queue of requests: sealed for the column that it will stand in.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it holds what JSON can't.
    pub fn to_tell(&self, id: InteractionId, shown: &Shown) -> Result<String, StoreError> {
        let place = place(interactions::TABLE, "answer", &id.to_string());
        let text = kept::Sealed(self.0.store.sealer().seal(&shown.text, &place));
        let part = Part { text, citations: shown.citations.clone() };
        serde_json::to_string(&part).map_err(|_| StoreError::Corrupt { what: "answer" })
    }

    /// The part of an answer that this text is; none of anything else.
    #[must_use]
    pub fn told(&self, id: InteractionId, text: &str) -> Option<Shown> {
        let Part { text, citations } = serde_json::from_str(text).ok()?;
        let place = place(interactions::TABLE, "answer", &id.to_string());
        Some(Shown { text: self.0.store.sealer().open(&text.0, &place).ok()?, citations })
    }

    /// A question as bytes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it holds what JSON can't.
    pub fn to_hand(&self, handed: &Handed) -> Result<Vec<u8>, StoreError> {
        const WRONG: StoreError = StoreError::Corrupt { what: "question" };
        let start = self.bytes(&Entry::Start(Box::new(handed.start.clone())), false)?;
        let form = Form {
            start: String::from_utf8(start).map_err(|_| WRONG)?,
            role: handed.role,
            continues: handed.continues,
            follows: handed.follows,
            claimed: handed.claimed.clone(),
            verdict: handed.verdict.clone(),
            aloud: handed.aloud,
        };
        serde_json::to_vec(&form).map_err(|_| WRONG)
    }

    /// A question from its bytes.
    ///
    /// # Errors
    /// [`Unreadable`] when they are of a newer version, or no question.
    pub fn handed(&self, bytes: &[u8]) -> Result<Handed, Unreadable> {
        let Form { start, role, continues, follows, claimed, verdict, aloud } =
            serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
        match kept::from_bytes(start.as_bytes(), self.0.store.sealer())? {
            Entry::Start(start) => {
                Ok(Handed { start: *start, role, continues, follows, claimed, verdict, aloud })
            }
            Entry::Completion(_) | Entry::Withdrawal(_) => Err(Unreadable::Damaged),
        }
    }
}
