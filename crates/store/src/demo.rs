//! What `contactiq demo traffic` left in the ledger, and taking it away again.

use crate::{Connection, StoreError, Writer, value::values};

/// How much of the ledger is the demo's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Share {
    /// Interactions marked as demo.
    pub interactions: u64,
    /// Their tickets.
    pub tickets: u64,
    /// Conversations that hold nothing else.
    pub conversations: u64,
}

/// Counts it.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection) -> Result<Share, StoreError> {
    let row = c
        .row(
            "SELECT (SELECT COUNT(*) FROM interactions WHERE demo) AS interactions,
                 (SELECT COUNT(*) FROM tickets WHERE interaction IN
                     (SELECT id FROM interactions WHERE demo)) AS tickets,
                 (SELECT COUNT(*) FROM conversations WHERE demo AND id NOT IN
                     (SELECT conversation FROM interactions WHERE NOT demo)) AS conversations",
            values![],
        )
        .await?
        .ok_or(StoreError::Corrupt { what: "count" })?;
    Ok(Share {
        interactions: row.count("interactions")?,
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
pub async fn clear(w: &mut Writer) -> Result<Share, StoreError> {
    let share = count(w).await?;
    for sql in [
        "DELETE FROM feedback WHERE interaction IN (SELECT id FROM interactions WHERE demo)",
        "DELETE FROM refusals WHERE interaction IN (SELECT id FROM interactions WHERE demo)",
        "DELETE FROM tickets WHERE interaction IN (SELECT id FROM interactions WHERE demo)",
        // Their entries in the audit log stay, and say nothing any more.
        "DELETE FROM audit_salts WHERE interaction IN (SELECT id FROM interactions WHERE demo)",
        "DELETE FROM interactions WHERE demo",
        "DELETE FROM conversations WHERE demo AND id NOT IN (SELECT conversation FROM interactions)",
    ] {
        w.execute(sql, values![]).await?;
    }
    Ok(share)
}
