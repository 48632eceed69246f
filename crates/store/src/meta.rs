//! Small facts about the installation, by name: what was trained, which demo was loaded.

use crate::{Connection, StoreError, Writer, value::values};

/// What was kept under this name.
///
/// # Errors
/// When the database fails.
pub async fn get_meta(c: &mut Connection, name: &str) -> Result<Option<String>, StoreError> {
    c.row("SELECT value FROM meta WHERE name = $1", values![name])
        .await?
        .map(|row| row.text("value"))
        .transpose()
}

/// Keeps a value under this name, in place of an earlier one. Never text of a person: it is not sealed.
///
/// # Errors
/// When the database fails.
pub async fn set_meta(w: &mut Writer, name: &str, value: &str) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![name, value],
    )
    .await?;
    Ok(())
}

/// What was kept first under this name: this value, if nothing was.
///
/// # Errors
/// When the database fails.
pub async fn first_meta(w: &mut Writer, name: &str, value: &str) -> Result<String, StoreError> {
    w.execute(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        values![name, value],
    )
    .await?;
    get_meta(w, name).await?.ok_or(StoreError::NotFound { what: "meta" })
}
