//! Taking the text of a removed document out for good (P13): what must go, goes from every version of it.
//!
//! Slug, version and hash stay with who erased it and when, because answers name them. What an answer quoted
//! stays in the ledger of interactions.

use contactiq_domain::{Collection, Timestamp};

use crate::{Connection, StoreError, Writer, documents, value::values, vectors, versions};

/// What became of a document that was to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Its text is gone from so many versions.
    Now {
        /// How many.
        versions: u64,
    },
    /// Somebody did so before.
    Before,
    /// It is in use, and must be removed first.
    InUse,
    /// There never was one.
    Unknown,
}

/// Erases all versions of a document: text, title and address, passages, what was found in them and decided
/// on them, its sentences in rulings, and the vectors that replicas share of them. It is a version of the
/// knowledge, so that whoever serves it lets go of what it holds in memory.
///
/// # Errors
/// When the database fails.
pub async fn document(
    w: &mut Writer,
    collection: Collection,
    slug: &str,
    by: &str,
    at: Timestamp,
) -> Result<Erased, StoreError> {
    documents::one_writer_at_a_time(w).await?;
    let row = w
        .row(
            "SELECT COUNT(*) AS all_versions, COUNT(erased_at) AS erased,
                 SUM(CASE WHEN is_current THEN 1 ELSE 0 END) AS current
             FROM documents WHERE collection = $1 AND slug = $2",
            values![collection, slug],
        )
        .await?
        .ok_or(StoreError::Corrupt { what: "versions" })?;
    let (all, erased): (u64, u64) = (row.count("all_versions")?, row.count("erased")?);
    if all == 0 {
        return Ok(Erased::Unknown);
    }
    if row.count_or_zero::<u64>("current")? > 0 {
        return Ok(Erased::InUse);
    }
    if erased == all {
        return Ok(Erased::Before);
    }
    vectors::erase(w, collection, slug).await?;
    for sql in [
        "DELETE FROM suspect_passages WHERE document IN
             (SELECT id FROM documents WHERE collection = $1 AND slug = $2)",
        "DELETE FROM quarantine_decisions WHERE collection = $1 AND slug = $2",
        "DELETE FROM passages WHERE document IN
             (SELECT id FROM documents WHERE collection = $1 AND slug = $2)",
        // A ruling against what is erased has nothing left to hold back.
        // Where its sides are of two collections it names both: `customer/fees`.
        "DELETE FROM rulings WHERE ((collection = $1 AND $2 IN (one_document, other_document))
                 OR $1 || '/' || $2 IN (one_document, other_document))
             AND (preferred IS NULL OR preferred NOT IN ($2, $1 || '/' || $2))",
        // One that preferred it goes on holding the other sentence back, as after its removal.
        "UPDATE rulings SET one_sentence = CASE WHEN one_document = preferred THEN '' ELSE one_sentence END,
             other_sentence = CASE WHEN other_document = preferred THEN '' ELSE other_sentence END
         WHERE (collection = $1 AND preferred = $2) OR preferred = $1 || '/' || $2",
    ] {
        w.execute(sql, values![collection, slug]).await?;
    }
    let versions = w
        .execute(
            "UPDATE documents SET title = '', url = '', product = '', owner = '', text = '',
                 source = NULL, erased_by = $3, erased_at = $4
             WHERE collection = $1 AND slug = $2 AND erased_at IS NULL",
            values![collection, slug, by, at],
        )
        .await?;
    versions::touch(w).await?;
    Ok(Erased::Now { versions })
}

/// How many versions of documents were ever erased: it moves when a cache of their vectors must be tidied.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection) -> Result<u64, StoreError> {
    let row =
        c.row("SELECT COUNT(*) AS erased FROM documents WHERE erased_at IS NOT NULL", values![]).await?;
    row.ok_or(StoreError::Corrupt { what: "versions" })?.count("erased")
}
