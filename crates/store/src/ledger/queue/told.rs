//! Who was told what, noted in Redis with the reading: a record that somebody was told is not taken back, and no other
//! takes its place.

use contactiq_domain::ids::InteractionId;
use redis::Script;

use super::{FIELD, Queue, READABLE_AFTER, READABLE_SECONDS, claims};
use crate::{ledger::Completion, redis_link::SharedError};

/// The scripts that read and note in one step.
pub(super) struct Scripts {
    withdraw: Script,
    to_show: Script,
    take_back: Script,
    put_right: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts {
            withdraw: Script::new(include_str!("withdraw.lua")),
            to_show: Script::new(include_str!("to_show.lua")),
            take_back: Script::new(include_str!("take_back.lua")),
            put_right: Script::new(include_str!("put_right.lua")),
        }
    }
}

impl Queue {
    /// Takes a completion back that may be there though its caller was told otherwise: nobody reads it any more, and
    /// `bytes` say so to whoever writes it. False when somebody who asked again was told it: then it stands.
    ///
    /// # Errors
    /// As [`Queue::append`].
    pub(crate) async fn withdraw(&self, completion: &Completion, bytes: &[u8]) -> Result<bool, SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.told.withdraw.key(&self.stream);
        ask.key(self.record_key(interaction)).key(self.said_key(completion.conversation.id));
        ask.key(self.told_key(interaction));
        let own = serde_json::to_string(&completion.record.completed_at).unwrap_or_default();
        ask.arg(FIELD).arg(bytes).arg(interaction.to_string()).arg(format!("\"completed_at\":{own}"));
        ask.arg(READABLE_SECONDS);
        if let Some(claimed) = &completion.claimed {
            ask.key(self.result_key(&claimed.slot())).arg(claims::result(claimed, interaction).0);
        }
        let gone = self.answers.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(gone > 0)
    }

    /// The bytes of a record that waits and that somebody is about to be told: from then on nobody takes it back, and
    /// where it is told `again` no other takes its place.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn to_show(
        &self,
        interaction: InteractionId,
        again: bool,
    ) -> Result<Option<Vec<u8>>, SharedError> {
        let mut ask = self.told.to_show.key(self.told_key(interaction));
        ask.key(self.record_key(interaction)).arg(READABLE_SECONDS).arg(if again { "again" } else { "told" });
        self.answers.ask(async |mut redis| ask.invoke_async::<Option<Vec<u8>>>(&mut redis).await).await
    }

    /// Puts a completion that was shown in the place of another one of its interaction, for all who read here. False
    /// when that one was told to somebody who asked again.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn put_right(
        &self,
        interaction: InteractionId,
        bytes: &[u8],
    ) -> Result<bool, SharedError> {
        let mut ask = self.told.put_right.key(self.told_key(interaction));
        ask.key(self.record_key(interaction)).arg(bytes).arg(READABLE_AFTER);
        let put = self.work.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(put > 0)
    }

    /// Takes back a completion whose key came to another answer in the table: nobody is told it from now on. False when
    /// somebody was told it before.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn take_back(&self, completion: &Completion) -> Result<bool, SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.told.take_back.key(self.told_key(interaction));
        ask.key(self.record_key(interaction)).key(self.said_key(completion.conversation.id));
        ask.arg(READABLE_SECONDS).arg(interaction.to_string());
        if let Some(claimed) = &completion.claimed {
            ask.key(self.result_key(&claimed.slot())).arg(claims::result(claimed, interaction).0);
        }
        let back = self.work.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(back > 0)
    }

    /// Whether it was taken back.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn was_taken_back(&self, interaction: InteractionId) -> Result<bool, SharedError> {
        let found: Option<String> = self.get("GET", &self.told_key(interaction), &[]).await?;
        Ok(found.as_deref() == Some("back"))
    }

    /// Whether somebody who asked again was told what this interaction came to here.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn was_told_again(&self, interaction: InteractionId) -> Result<bool, SharedError> {
        let found: Option<String> = self.get("GET", &self.told_key(interaction), &[]).await?;
        Ok(found.as_deref() == Some("again"))
    }

    pub(super) fn told_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:told:{interaction}", self.namespace)
    }
}
