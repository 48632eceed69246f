//! Keyed tokens of the personal data in questions: analysts count them and see no value.

use contactiq_domain::{Timestamp, ids::InteractionId};
use contactiq_guard::{PersonalType, Token};

use crate::{Connection, StoreError, Writer, value::values};

/// How often a token came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The type of the value.
    pub kind: PersonalType,
    /// 16 hex digits.
    pub token: String,
    /// Interactions in which it came.
    pub interactions: u64,
}

/// Writes down the tokens of a question, each once.
///
/// # Errors
/// [`StoreError::Refused`] when the interaction is missing, or when the database fails.
pub async fn save(
    w: &mut Writer,
    interaction: InteractionId,
    at: Timestamp,
    tokens: &[(PersonalType, Token)],
) -> Result<(), StoreError> {
    for (kind, token) in tokens {
        w.execute(
            "INSERT INTO pii_tokens (interaction, type, token, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (interaction, type, token) DO NOTHING",
            values![interaction, kind.as_str(), token.to_string(), at],
        )
        .await?;
    }
    Ok(())
}

/// The tokens that came most often since a moment.
///
/// # Errors
/// When the database fails.
pub async fn counted(c: &mut Connection, since: Timestamp, limit: u32) -> Result<Vec<Counted>, StoreError> {
    c.rows(
        "SELECT type, token, COUNT(*) AS interactions FROM pii_tokens WHERE created_at >= $1
         GROUP BY type, token ORDER BY interactions DESC, type, token LIMIT $2",
        values![since, limit],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Counted {
            kind: row.parsed("type")?,
            token: row.text("token")?,
            interactions: row.count("interactions")?,
        })
    })
    .collect()
}
