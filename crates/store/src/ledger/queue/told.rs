//! Who was told what, noted in Redis with the reading: a record that somebody was told is not taken back, and no other
//! takes its place.

use contactiq_domain::{Timestamp, ids::InteractionId};
use redis::Script;

use super::{FIELD, Queue, READABLE_AFTER, READABLE_SECONDS, claims};
use crate::{ledger::Completion, redis_link::SharedError};

/// The scripts that read and note in one step.
pub(super) struct Scripts {
    withdraw: Script,
    to_show: Script,
    take_back: Script,
    put_right: Script,
    give_way: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts {
            withdraw: Script::new(include_str!("withdraw.lua")),
            to_show: Script::new(include_str!("to_show.lua")),
            take_back: Script::new(include_str!("take_back.lua")),
            put_right: Script::new(include_str!("put_right.lua")),
            give_way: Script::new(include_str!("give_way.lua")),
        }
    }
}

impl Queue {
    /// Takes a completion back that may be there though its caller was told otherwise: nobody reads it any more, and
    /// `bytes` say so to whoever writes it. One that somebody who asked again was told stays readable here.
    ///
    /// # Errors
    /// As [`Queue::append`].
    pub(crate) async fn withdraw(&self, completion: &Completion, bytes: &[u8]) -> Result<(), SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.told.withdraw.key(&self.stream);
        ask.key(self.record_key(interaction)).key(self.said_key(completion.conversation.id));
        ask.key(self.told_key(interaction)).key(self.counted_key());
        ask.arg(FIELD).arg(bytes).arg(interaction.to_string()).arg(own(completion.record.completed_at));
        ask.arg(READABLE_SECONDS);
        if let Some(claimed) = &completion.claimed {
            ask.key(self.result_key(&claimed.slot())).arg(claims::result(claimed, interaction).0);
        }
        self.answers.ask(async |mut redis| ask.invoke_async::<()>(&mut redis).await).await
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
    pub(crate) async fn put_right(&self, completion: &Completion, bytes: &[u8]) -> Result<bool, SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.told.put_right.key(self.told_key(interaction));
        ask.key(self.record_key(interaction)).arg(bytes).arg(own(completion.record.completed_at));
        ask.arg(READABLE_AFTER);
        let put = self.work.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(put > 0)
    }

    /// A completion that met another one of its interaction in the table: from now on nobody reads it here. False when
    /// somebody who asked again was told it: then it stands.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn give_way(&self, completion: &Completion) -> Result<bool, SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.told.give_way.key(self.told_key(interaction));
        ask.key(self.record_key(interaction)).arg(own(completion.record.completed_at));
        let gave = self.work.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(gave > 0)
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

    /// Whether somebody who asked again was told the completion of this moment.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn was_told_again(
        &self,
        interaction: InteractionId,
        completed_at: Timestamp,
    ) -> Result<bool, SharedError> {
        let found: Option<String> = self.get("GET", &self.told_key(interaction), &[]).await?;
        Ok(found.is_some_and(|told| told == format!("again {}", own(completed_at))))
    }

    pub(super) fn told_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:told:{interaction}", self.namespace)
    }
}

/// What stands in a completion of this moment, and in no other of its interaction.
fn own(completed_at: Timestamp) -> String {
    format!("\"completed_at\":{}", serde_json::to_string(&completed_at).unwrap_or_default())
}
