//! The door, and phase one: a question that was taken in is masked, judged, numbered and durably started. Whoever goes
//! on with it, in this process or in another one, needs nothing else; the raw text stays behind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{
    Role, Started,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::{Inspected, Masked};
use contactiq_store::{
    conversations::Conversation,
    ledger::{Claimed, Handed, Start},
};

use crate::{
    AnswerError, Ask, House,
    earlier::{self, Before},
    record,
    turn::Exchange,
};

/// A question that was taken in.
pub struct Begun {
    pub(crate) role: Role,
    pub(crate) started: Started<Masked>,
    /// Its conversation; begun with it, unless it continues one.
    pub(crate) conversation: Conversation,
    /// Whether the caller named the conversation (then it must exist).
    pub(crate) continues: bool,
    /// The exchange that it follows there, where it need not be the last one.
    pub(crate) follows: Option<InteractionId>,
    pub(crate) claimed: Option<Claimed>,
    pub(crate) door: Inspected,
    pub(crate) history: Vec<Exchange>,
    pub(crate) since: Instant,
    /// Whether another process took it in: its record goes into the queue or nowhere.
    pub(crate) handed: bool,
}

impl Begun {
    /// Takes a question in. When it returns, its start is durable (B2).
    ///
    /// # Errors
    /// [`AnswerError`] when the input is refused outright, the conversation is not the caller's, or the start can't
    /// be written.
    pub async fn of(house: &House, ask: Ask) -> Result<Begun, AnswerError> {
        let since = Instant::now();
        let created_at = house.clock.now();
        if ask.conversation.is_some() {
            // Nothing is looked up for what would not be read; without a conversation nothing is.
            house.guard.admits(Arc::clone(&ask.question)).await?;
        }
        let Before { conversation, earlier, history } = earlier::read(house, &ask).await?;
        let door = house.guard.inspect_in(Arc::clone(&ask.question), earlier).await?;
        let request_id = ask.request_id;
        let continues = conversation.is_some();
        let conversation = conversation.unwrap_or_else(|| Conversation {
            id: ConversationId::new(&*house.ids),
            mode: ask.mode,
            subject: ask.subject.clone(),
            owner_key: ask.owner_key,
            label: None,
            demo: ask.demo,
            created_at,
        });
        let started = Started {
            id: InteractionId::new(&*house.ids),
            request_id,
            correlation_id: ask.correlation_id.unwrap_or_else(|| request_id.to_string()),
            conversation: conversation.id,
            subject: ask.subject,
            session: ask.session,
            mode: ask.mode,
            question: door.masked.clone(),
            pii_detected: !door.spans.is_empty(),
            demo: ask.demo,
            created_at,
        };
        let (role, follows, claimed) = (ask.role, ask.follows, ask.claimed);
        let handed = false;
        let mut begun =
            Begun { role, started, conversation, continues, follows, claimed, door, history, since, handed };
        record::start(house, &mut begun).await?;
        Ok(begun)
    }

    /// Which interaction it becomes.
    #[must_use]
    pub const fn interaction(&self) -> InteractionId {
        self.started.id
    }

    /// As another process takes it: nothing in it is raw, and what was said before is read there. `aloud` says whether
    /// somebody listens to the answer while it is made.
    #[must_use]
    pub fn to_hand(&self, aloud: bool) -> Handed {
        Handed {
            start: Start {
                conversation: self.conversation.clone(),
                placeholders: None,
                started: self.started.clone(),
                tokens: Vec::new(),
                shown: None,
            },
            role: self.role,
            continues: self.continues,
            follows: self.follows,
            claimed: self.claimed.clone(),
            verdict: self.door.verdict(),
            aloud,
        }
    }

    /// What another process took in, and how long ago: clocks of machines differ.
    ///
    /// # Errors
    /// [`AnswerError::Store`] when the conversation can't be read.
    pub async fn handed(house: &House, handed: Handed, waited: Duration) -> Result<Begun, AnswerError> {
        let Handed { start, role, continues, follows, claimed, verdict, .. } = handed;
        let Start { conversation, started, .. } = start;
        let since = Instant::now().checked_sub(waited).unwrap_or_else(Instant::now);
        let history = match continues {
            true => earlier::history(house, &conversation, follows, started.id).await?,
            false => Vec::new(),
        };
        let door = Inspected::again(started.question.clone(), verdict);
        let handed = true;
        Ok(Begun { role, started, conversation, continues, follows, claimed, door, history, since, handed })
    }
}
