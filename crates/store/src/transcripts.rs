//! By what a client that resends everything that was said is recognised: a mark for every exchange, made of it and of
//! those before it with a key that stays outside.
//!
//! Two people whom nobody told apart may have said the same up to here. Each exchange is therefore continued once
//! before it is continued again: so each of them goes on with a conversation of their own.

use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, InteractionId},
};

use crate::{Connection, StoreError, Writer, value::values};

/// Marks are forgotten after thirty days.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;
/// As many that nobody continued yet are looked at, while others take them.
const CANDIDATES: u32 = 8;

/// Where a transcript ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Its last exchange.
    pub interaction: InteractionId,
    /// The conversation.
    pub conversation: ConversationId,
    /// 64 hexadecimal digits that stand for all that was said.
    pub mark: String,
    /// When it was said.
    pub created_at: Timestamp,
}

/// What goes on with a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continued {
    /// The last exchange.
    pub interaction: InteractionId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Whether nobody had continued it: then [`give_back`] it where there is no answer.
    pub first: bool,
}

/// Keeps where a transcript ends; kept twice, the first counts.
///
/// # Errors
/// [`StoreError::Refused`] when the mark is none, or when the database fails.
pub async fn keep(w: &mut Writer, transcript: &Transcript) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO transcripts (interaction, conversation, mark, continued, created_at)
         VALUES ($1, $2, $3, FALSE, $4) ON CONFLICT (interaction) DO NOTHING",
        values![
            transcript.interaction,
            transcript.conversation,
            transcript.mark.as_str(),
            transcript.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Goes on with what has this mark: the oldest that nobody continued, otherwise the latest.
///
/// # Errors
/// When the database fails.
pub async fn take(w: &mut Writer, mark: &str) -> Result<Option<Continued>, StoreError> {
    let free = w
        .rows(
            "SELECT interaction, conversation FROM transcripts WHERE mark = $1 AND NOT continued
             ORDER BY created_at, interaction LIMIT $2",
            values![mark, CANDIDATES],
        )
        .await?;
    for row in &free {
        let interaction: InteractionId = row.parsed("interaction")?;
        let taken = w
            .execute(
                "UPDATE transcripts SET continued = TRUE WHERE interaction = $1 AND NOT continued",
                values![interaction],
            )
            .await?;
        if taken > 0 {
            return Ok(Some(Continued {
                interaction,
                conversation: row.parsed("conversation")?,
                first: true,
            }));
        }
    }
    latest(w, mark).await
}

async fn latest(c: &mut Connection, mark: &str) -> Result<Option<Continued>, StoreError> {
    c.row(
        "SELECT interaction, conversation FROM transcripts WHERE mark = $1
         ORDER BY created_at DESC, interaction DESC LIMIT 1",
        values![mark],
    )
    .await?
    .map(|row| {
        Ok(Continued {
            interaction: row.parsed("interaction")?,
            conversation: row.parsed("conversation")?,
            first: false,
        })
    })
    .transpose()
}

/// Whether an exchange of this conversation has this mark.
///
/// # Errors
/// When the database fails.
pub async fn is_of(c: &mut Connection, mark: &str, conversation: ConversationId) -> Result<bool, StoreError> {
    let found = c
        .row(
            "SELECT interaction FROM transcripts WHERE mark = $1 AND conversation = $2 LIMIT 1",
            values![mark, conversation],
        )
        .await?;
    Ok(found.is_some())
}

/// Nothing went on with it after all.
///
/// # Errors
/// When the database fails.
pub async fn give_back(w: &mut Writer, interaction: InteractionId) -> Result<(), StoreError> {
    w.execute("UPDATE transcripts SET continued = FALSE WHERE interaction = $1", values![interaction])
        .await?;
    Ok(())
}

/// Forgets the marks that are older than thirty days; how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(w: &mut Writer, now: Timestamp) -> Result<u64, StoreError> {
    w.execute("DELETE FROM transcripts WHERE created_at <= $1", values![now.plus_seconds(-KEPT_SECONDS)])
        .await
}
