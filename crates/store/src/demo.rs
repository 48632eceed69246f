//! What `contactiq demo traffic` left in the ledger, and taking it away again.

use contactiq_domain::{Timestamp, ids::InteractionId};

use crate::{Connection, StoreError, Writer, audit, privacy::turns, value::values};

/// Those that go: of nobody on whom a hold is.
const GOES: &str = "SELECT interactions.id FROM interactions JOIN conversations ON conversations.id = interactions.conversation
     WHERE interactions.demo AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.subject = conversations.subject
         AND legal_holds.owner_key = COALESCE(conversations.owner_key, '') AND legal_holds.lifted_at IS NULL)";

/// How much of the ledger is the demo's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Share {
    /// Interactions marked as demo.
    pub interactions: u64,
    /// Their tickets.
    pub tickets: u64,
    /// Conversations that hold nothing else.
    pub conversations: u64,
    /// Interactions that stay, because a hold is on their person.
    pub held: u64,
}

/// Counts it.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection) -> Result<Share, StoreError> {
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM ({GOES}) AS going) AS interactions,
             (SELECT COUNT(*) FROM interactions WHERE demo) AS marked,
             (SELECT COUNT(*) FROM tickets WHERE interaction IN ({GOES})) AS tickets,
             (SELECT COUNT(*) FROM conversations WHERE demo AND id NOT IN
                 (SELECT conversation FROM interactions WHERE id NOT IN ({GOES}))) AS conversations"
    );
    let row = c.rows_built(sql, values![], 1).await?.into_iter().next();
    let row = row.ok_or(StoreError::Corrupt { what: "count" })?;
    let (interactions, marked): (u64, u64) = (row.count("interactions")?, row.count("marked")?);
    Ok(Share {
        interactions,
        held: marked - interactions,
        tickets: row.count("tickets")?,
        conversations: row.count("conversations")?,
    })
}

/// Takes it away: interactions that are marked as demo with all that hangs on them, then the demo's
/// conversations that hold nothing else. What people asked is left alone, even in a conversation
/// that the demo began.
///
/// # Errors
/// When the database fails.
pub async fn clear(w: &mut Writer, now: Timestamp) -> Result<Share, StoreError> {
    turns::with_everybody(w).await?;
    let share = count(w).await?;
    let going = w.rows_of_keys(format!("{GOES} ORDER BY interactions.id"), Vec::new(), 1).await?;
    let going: Vec<InteractionId> = going.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
    audit::closed(w, &going, now).await?;
    for begins in [
        "DELETE FROM feedback WHERE interaction",
        "DELETE FROM refusals WHERE interaction",
        "DELETE FROM pii_tokens WHERE interaction",
        "DELETE FROM tickets WHERE interaction",
        // Their entries in the audit log stay, and say nothing any more.
        "DELETE FROM audit_salts WHERE interaction",
        "DELETE FROM interactions WHERE id",
    ] {
        w.execute_built(format!("{begins} IN ({GOES})"), values![]).await?;
    }
    // A person who is held is told by the conversation.
    w.execute(
        "DELETE FROM conversations WHERE demo AND id NOT IN (SELECT conversation FROM interactions)
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.subject = conversations.subject
                 AND legal_holds.owner_key = COALESCE(conversations.owner_key, '') AND legal_holds.lifted_at IS NULL)",
        values![],
    )
    .await?;
    Ok(share)
}
