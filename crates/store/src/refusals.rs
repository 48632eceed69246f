//! What the guard refused, masked, for review (A11).

use contactiq_domain::{Timestamp, ids::InteractionId};
use contactiq_guard::{Masked, Refusal};
use uuid::Uuid;

use crate::{Connection, StoreError, Writer, row::json, value::values};

const TABLE: &str = "refusals";

/// One refused message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its id.
    pub id: Uuid,
    /// The interaction that ended with it.
    pub interaction: InteractionId,
    /// Why.
    pub kind: Refusal,
    /// Stable ids of the rules that spoke.
    pub rules: Vec<String>,
    /// The message, masked. Sealed at rest.
    pub message: Masked,
    /// When.
    pub at: Timestamp,
}

/// Keeps a refusal. Saving it again changes nothing.
///
/// # Errors
/// [`StoreError::Refused`] when the interaction is missing, or when the database fails.
pub async fn save(w: &mut Writer, refused: &Refused) -> Result<(), StoreError> {
    let message = w.seal(&refused.message, TABLE, "message", &refused.id.to_string());
    w.execute(
        "INSERT INTO refusals (id, interaction, kind, rules, message, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        values![
            refused.id,
            refused.interaction,
            refused.kind,
            json(&refused.rules, "rules")?,
            message,
            refused.at,
        ],
    )
    .await?;
    Ok(())
}

/// The latest refusals, latest first.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn list(c: &mut Connection, limit: u32) -> Result<Vec<Refused>, StoreError> {
    c.rows("SELECT * FROM refusals ORDER BY created_at DESC, id DESC LIMIT $1", values![limit])
        .await?
        .iter()
        .map(|row| {
            let id: Uuid = row.parsed("id")?;
            Ok(Refused {
                id,
                interaction: row.parsed("interaction")?,
                kind: row.parsed("kind")?,
                rules: row.list("rules")?,
                message: row.masked(TABLE, "message", &id.to_string())?,
                at: row.moment("created_at")?,
            })
        })
        .collect()
}
