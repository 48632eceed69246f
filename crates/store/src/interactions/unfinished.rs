//! Interactions that are not finished, or not any more: what of an answer was shown while it is made, what was
//! withdrawn, and what never ended.

use contactiq_domain::{Citation, Record, Timestamp, ids::InteractionId};
use contactiq_guard::Masked;

use super::TABLE;
use crate::{
    Connection, StoreError, Writer, audit,
    row::json,
    value::{places, values},
};

/// What became of a part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// It is kept, or a longer one is.
    Kept,
    /// It is kept in the place of another one, of which it is no continuation: who told that one died.
    Instead(Masked),
    /// The answer is finished.
    Late,
}

/// Keeps what is about to be shown of an answer that is still being made.
///
/// # Errors
/// When the database fails.
pub(crate) async fn show(
    w: &mut Writer,
    id: InteractionId,
    text: &Masked,
    citations: &[Citation],
) -> Result<Part, StoreError> {
    let row = id.to_string();
    // Changing nothing, it takes the row: of two parts one waits for the other.
    let sql = "UPDATE interactions SET shown = shown WHERE id = $1 AND completed_at IS NULL RETURNING shown";
    let Some(found) = w.row(sql, values![id]).await? else { return Ok(Part::Late) };
    let before = found.masked_as(TABLE, "shown", "answer", &row)?;
    if before.as_ref().is_some_and(|before| before.as_str().starts_with(text.as_str())) {
        return Ok(Part::Kept);
    }
    let whose = w.key_of_interaction(id).await?;
    let answer = w.seal_for(whose.as_deref(), text, TABLE, "answer", &row);
    w.execute(
        "UPDATE interactions SET answer = $2, shown = $2, citations = $3 WHERE id = $1",
        values![id, answer, json(&citations, "citations")?],
    )
    .await?;
    let withdrawn = before.filter(|before| !text.as_str().starts_with(before.as_str()));
    Ok(withdrawn.map_or(Part::Kept, Part::Instead))
}

/// What was shown of these records while they were made, once each: their completions hold their rows by now.
///
/// # Errors
/// When the database fails or a text does not open.
pub(crate) async fn shown(
    w: &mut Writer,
    records: &[&Record<Masked>],
) -> Result<Vec<(InteractionId, Masked)>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(w.is_postgres(), 1, records.len());
    let sql = format!("SELECT id, shown FROM interactions WHERE shown IS NOT NULL AND id IN {places}");
    let ids = records.iter().flat_map(|record| values![record.id]).collect();
    let mut parts = Vec::new();
    for row in w.rows_built(sql, ids, records.len()).await? {
        let id = row.text("id")?;
        // It is sealed as the answer that it began.
        let part = row.masked_as(TABLE, "shown", "answer", &id)?;
        parts.push((row.parsed("id")?, part.ok_or(StoreError::Corrupt { what: "shown" })?));
        w.execute("UPDATE interactions SET shown = NULL WHERE id = $1", values![id]).await?;
    }
    Ok(parts)
}

/// What keeps a record in its place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its texts were taken out.
    pub(crate) anonymised: bool,
    /// Somebody who asked again was told it.
    pub(crate) told_again: bool,
}

/// What keeps a record in its place. Changing nothing, it takes the row: nothing of this changes until it is saved.
///
/// # Errors
/// When the database fails.
pub(crate) async fn standing(w: &mut Writer, id: InteractionId) -> Result<Standing, StoreError> {
    let sql = "UPDATE interactions SET shown = shown WHERE id = $1 RETURNING anonymised_at, told_again_at";
    let Some(row) = w.row(sql, values![id]).await? else { return Ok(Standing::default()) };
    Ok(Standing {
        anonymised: row.moment_or_none("anonymised_at")?.is_some(),
        told_again: row.moment_or_none("told_again_at")?.is_some(),
    })
}

/// Notes that somebody who asked again is told what completed an interaction; nothing where nothing did.
///
/// # Errors
/// When the database fails.
pub(crate) async fn told_again(w: &mut Writer, id: InteractionId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE interactions SET told_again_at = $2 WHERE id = $1 AND completed_at IS NOT NULL";
    w.execute(sql, values![id, now]).await.map(drop)
}

/// Says that nobody was shown what completed an interaction: it was interrupted. One that was only started, or that
/// another completion ended, stays as it is (false); so does one that somebody who asked again was told.
///
/// # Errors
/// When the database fails.
pub(crate) async fn withdraw(
    w: &mut Writer,
    id: InteractionId,
    completed_at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE interactions SET outcome = 'interrupted'
               WHERE id = $1 AND completed_at = $2 AND told_again_at IS NULL";
    Ok(w.execute(sql, values![id, completed_at]).await? > 0)
}

/// What was started before `older_than` and is not finished: at most `limit`, by their ids, behind this one.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(
    c: &mut Connection,
    older_than: Timestamp,
    behind: Option<InteractionId>,
    limit: u32,
) -> Result<Vec<InteractionId>, StoreError> {
    let behind = behind.map_or_else(String::new, |id| id.to_string());
    let sql = "SELECT id FROM interactions WHERE completed_at IS NULL AND created_at < $1 AND id > $2
               ORDER BY id LIMIT $3";
    let rows = c.rows(sql, values![older_than, behind, limit]).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Marks those of these that are not finished as interrupted, and names them.
///
/// # Errors
/// When the database fails.
pub async fn interrupt(
    w: &mut Writer,
    ids: &[InteractionId],
    now: Timestamp,
) -> Result<Vec<InteractionId>, StoreError> {
    let sql = "UPDATE interactions SET outcome = 'interrupted', completed_at = $2
               WHERE id = $1 AND completed_at IS NULL";
    let mut marked = Vec::new();
    for id in ids {
        if w.execute(sql, values![*id, now]).await? > 0 {
            marked.push(*id);
        }
    }
    audit::interrupted(w, &marked, now).await?;
    Ok(marked)
}

/// How many interactions were started and are not finished.
///
/// # Errors
/// When the database fails.
pub async fn count_unfinished(c: &mut Connection) -> Result<u64, StoreError> {
    let row =
        c.row("SELECT COUNT(*) AS found FROM interactions WHERE completed_at IS NULL", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}
