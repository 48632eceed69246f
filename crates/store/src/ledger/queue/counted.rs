//! What was put into the stream and taken out of it is counted beside it, in the same steps: what the stream holds must
//! be the difference (B3). Entries that somebody else took out, or a Redis that lost some, show at once.

use redis::Script;

use super::Queue;
use crate::redis_link::SharedError;

/// The scripts that count what they do.
pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) begin: Script,
    pub(super) done: Script,
    count: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts {
            append: Script::new(include_str!("append.lua")),
            begin: Script::new(include_str!("begin.lua")),
            done: Script::new(include_str!("done.lua")),
            count: Script::new(include_str!("count.lua")),
        }
    }
}

/// What a count of the stream found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Entries that it should hold, by what was put in and taken out.
    pub should: i64,
    /// Entries that it holds.
    pub holds: i64,
}

impl Queue {
    /// Compares what the stream holds with what was put in and taken out, of one moment. A difference is told once: from
    /// then on it is counted from what is there.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn count(&self) -> Result<Counted, SharedError> {
        let mut ask = self.counting.count.key(&self.stream);
        ask.key(self.counted_key());
        let (should, holds) =
            self.work.ask(async |mut redis| ask.invoke_async::<(i64, i64)>(&mut redis).await).await?;
        Ok(Counted { should, holds })
    }

    pub(super) fn counted_key(&self) -> String {
        format!("{}:counted", self.stream)
    }
}
