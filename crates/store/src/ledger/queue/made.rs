//! What a worker made on its way to a record, kept beside the queue until the question's time is surely up: whoever takes
//! the question over finds it.

use contactiq_domain::ids::InteractionId;

use super::Queue;
use crate::redis_link::SharedError;

/// A question has two minutes at most, and whoever takes it over begins within them.
const KEPT_SECONDS: i64 = 180;

impl Queue {
    /// Keeps what a step made of a question.
    ///
    /// # Errors
    /// As [`Queue::append`].
    pub(crate) async fn keep_made(
        &self,
        interaction: InteractionId,
        step: &str,
        bytes: &[u8],
    ) -> Result<(), SharedError> {
        let key = self.made_key(interaction, step);
        let keep = async |mut redis| {
            redis::cmd("SET").arg((&key, bytes, "EX", KEPT_SECONDS)).query_async::<()>(&mut redis).await
        };
        self.answers.ask(keep).await
    }

    /// What was kept.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn made(
        &self,
        interaction: InteractionId,
        step: &str,
    ) -> Result<Option<Vec<u8>>, SharedError> {
        self.get("GET", &self.made_key(interaction, step), &[]).await
    }

    fn made_key(&self, interaction: InteractionId, step: &str) -> String {
        format!("contactiq:{}:made:{interaction}:{step}", self.namespace)
    }
}
