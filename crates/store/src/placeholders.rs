//! The placeholders of a conversation, sealed in its row.

use contactiq_domain::ids::ConversationId;
use contactiq_guard::Placeholders;

use crate::{
    Connection, Store, StoreError, Writer,
    row::{Row, place},
    value::values,
};

const TABLE: &str = "conversations";
const COLUMN: &str = "placeholders";

/// The placeholders of a conversation as its row keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPlaceholders(pub(crate) Vec<u8>);

/// Seals the placeholders that a conversation begins with, before there is a row of it.
#[must_use]
pub fn sealed(store: &Store, conversation: ConversationId, given: &Placeholders) -> SealedPlaceholders {
    SealedPlaceholders(
        store.sealer().seal_placeholders(given, &place(TABLE, COLUMN, &conversation.to_string())),
    )
}

/// Those of a conversation; none given out yet where it is unknown.
///
/// # Errors
/// When the database fails or the column does not open.
pub async fn of(c: &mut Connection, conversation: ConversationId) -> Result<Placeholders, StoreError> {
    let row = c.row("SELECT placeholders FROM conversations WHERE id = $1", values![conversation]).await?;
    opened(row.as_ref(), conversation)
}

/// The same, and nobody else may change them until the writer is saved or dropped: two messages of one
/// conversation at once are numbered one after the other.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such conversation, or as [`of`].
pub async fn locked(w: &mut Writer, conversation: ConversationId) -> Result<Placeholders, StoreError> {
    // An update takes the row's lock in PostgreSQL and then gives what was saved last; SQLite has one writer.
    let row = w
        .row(
            "UPDATE conversations SET placeholders = placeholders WHERE id = $1 RETURNING placeholders",
            values![conversation],
        )
        .await?
        .ok_or(StoreError::NotFound { what: "conversation" })?;
    opened(Some(&row), conversation)
}

/// Keeps them.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    w: &mut Writer,
    conversation: ConversationId,
    placeholders: &Placeholders,
) -> Result<(), StoreError> {
    let Some(sealed) = sealed_for(w, conversation, placeholders).await? else { return Ok(()) };
    w.execute(
        "UPDATE conversations SET placeholders = $2 WHERE id = $1 AND erased_at IS NULL",
        values![conversation, sealed],
    )
    .await?;
    Ok(())
}

/// Keeps those that a conversation begins with, unless it has some.
///
/// # Errors
/// When the database fails.
pub(crate) async fn begin_with(
    w: &mut Writer,
    conversation: ConversationId,
    first: SealedPlaceholders,
) -> Result<(), StoreError> {
    let placeholders =
        w.sealer().open_placeholders(&first.0, &place(TABLE, COLUMN, &conversation.to_string()))?;
    let Some(sealed) = sealed_for(w, conversation, &placeholders).await? else { return Ok(()) };
    w.execute(
        "UPDATE conversations SET placeholders = $2 WHERE id = $1 AND placeholders IS NULL",
        values![conversation, sealed],
    )
    .await?;
    Ok(())
}

/// Sealed for the person of the conversation; none where nobody is left of it.
async fn sealed_for(
    w: &mut Writer,
    conversation: ConversationId,
    placeholders: &Placeholders,
) -> Result<Option<Vec<u8>>, StoreError> {
    let place = place(TABLE, COLUMN, &conversation.to_string());
    let whose = w.key_of(conversation).await?;
    Ok(whose.map(|key| w.sealer().seal_placeholders_for(&key, placeholders, &place)))
}

fn opened(row: Option<&Row>, conversation: ConversationId) -> Result<Placeholders, StoreError> {
    let Some(row) = row else { return Ok(Placeholders::default()) };
    Ok(row.placeholders_or_none(TABLE, COLUMN, &conversation.to_string())?.unwrap_or_default())
}
