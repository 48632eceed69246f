//! Passages that read like instructions to a model (P13): kept and listed, and left out of what is
//! indexed until an owner releases them.

use std::collections::HashMap;

use contactiq_domain::{Collection, Passage, Timestamp, ids::DocumentId};
use contactiq_guard::Published;
use sha2::{Digest, Sha256};

use crate::{
    Connection, StoreError, Writer, documents,
    row::{Row, json},
    value::values,
    versions,
};

/// A passage that was judged to instruct.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Its position in its document.
    pub position: u32,
    /// How sure the guard is, 0 to 1.
    pub score: f64,
    /// Ids of the rules that spoke.
    pub reasons: Vec<String>,
}

/// A passage in quarantine, or released from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// Its document's collection.
    pub collection: Collection,
    /// Its document's slug.
    pub slug: String,
    /// Its document's title.
    pub title: String,
    /// What was found.
    pub suspect: Suspect,
    /// The headings above it.
    pub headings: Vec<String>,
    /// Its text.
    pub text: Published,
    /// Who released it, and when.
    pub released: Option<(String, Timestamp)>,
}

/// Keeps what was found in the passages of a document, in place of what was found before. A passage
/// whose words an owner has released under this slug stays released. Gives the positions that are held.
///
/// # Errors
/// [`StoreError::Refused`] when there is no such passage, or when the database fails.
pub async fn keep(
    w: &mut Writer,
    document: DocumentId,
    suspects: &[Suspect],
) -> Result<Vec<u32>, StoreError> {
    let known = w
        .rows("SELECT position FROM quarantined_passages WHERE document = $1", values![document])
        .await?
        .iter()
        .map(|row| row.count("position"))
        .collect::<Result<Vec<u32>, _>>()?;
    let wanted: Vec<u32> = suspects.iter().map(|s| s.position).collect();
    let mut changed = false;
    for position in known.iter().filter(|p| !wanted.contains(p)) {
        w.execute(
            "DELETE FROM quarantined_passages WHERE document = $1 AND position = $2",
            values![document, *position],
        )
        .await?;
        changed = true;
    }
    if suspects.iter().any(|s| !known.contains(&s.position)) {
        let texts = hashes(w, document).await?;
        for suspect in suspects.iter().filter(|s| !known.contains(&s.position)) {
            insert(w, document, suspect, texts.get(&suspect.position).map_or("", String::as_str)).await?;
        }
        changed = true;
    }
    if changed {
        versions::touch(w).await?;
    }
    held(w, document).await
}

/// The positions that are held in quarantine, of one version of a document.
///
/// # Errors
/// When the database fails.
pub async fn held(c: &mut Connection, document: DocumentId) -> Result<Vec<u32>, StoreError> {
    c.rows(
        "SELECT position FROM quarantined_passages WHERE document = $1 AND released_at IS NULL ORDER BY position",
        values![document],
    )
    .await?
    .iter()
    .map(|row| row.count("position"))
    .collect()
}

/// Releases a passage of a document in force, so that answers may use it. False when it is not in
/// quarantine.
///
/// # Errors
/// When the database fails.
pub async fn release(
    w: &mut Writer,
    collection: Collection,
    slug: &str,
    position: u32,
    by: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let done = w
        .execute(
            "UPDATE quarantined_passages SET released_by = $4, released_at = $5
             WHERE position = $3 AND released_at IS NULL AND document = (
                 SELECT id FROM documents WHERE is_current AND collection = $1 AND slug = $2)",
            values![collection, slug, position, by, at],
        )
        .await?;
    moved(w, done).await
}

/// Puts a released passage back. False when it is not released.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    w: &mut Writer,
    collection: Collection,
    slug: &str,
    position: u32,
) -> Result<bool, StoreError> {
    let done = w
        .execute(
            "UPDATE quarantined_passages SET released_by = NULL, released_at = NULL
             WHERE position = $3 AND released_at IS NOT NULL AND document = (
                 SELECT id FROM documents WHERE is_current AND collection = $1 AND slug = $2)",
            values![collection, slug, position],
        )
        .await?;
    moved(w, done).await
}

/// The quarantined passages of the documents in force, released ones too, by document and position.
///
/// # Errors
/// When the database fails.
pub async fn list(
    c: &mut Connection,
    collection: Option<Collection>,
) -> Result<Vec<Quarantined>, StoreError> {
    c.rows(
        "SELECT documents.collection, documents.slug, documents.title, passages.headings, passages.text,
             quarantined_passages.*
         FROM quarantined_passages
             JOIN documents ON documents.id = quarantined_passages.document
             JOIN passages ON passages.document = quarantined_passages.document
                 AND passages.position = quarantined_passages.position
         WHERE documents.is_current AND ($1 IS NULL OR documents.collection = $1)
         ORDER BY documents.collection, documents.slug, quarantined_passages.position",
        values![collection],
    )
    .await?
    .iter()
    .map(quarantined)
    .collect()
}

async fn moved(w: &mut Writer, rows: u64) -> Result<bool, StoreError> {
    if rows > 0 {
        versions::touch(w).await?;
    }
    Ok(rows > 0)
}

async fn insert(
    w: &mut Writer,
    document: DocumentId,
    suspect: &Suspect,
    text_hash: &str,
) -> Result<(), StoreError> {
    // The last word on these words under this name, in whichever version it was said.
    w.execute(
        "INSERT INTO quarantined_passages (document, position, text_hash, score, reasons, released_by, released_at)
         SELECT $1, $2, $3, $4, $5, earlier.released_by, earlier.released_at
         FROM (SELECT 1 AS one) AS this LEFT JOIN (
             SELECT was.released_by, was.released_at
             FROM quarantined_passages AS was
                 JOIN documents AS older ON older.id = was.document
                 JOIN documents AS newer ON newer.collection = older.collection AND newer.slug = older.slug
             WHERE newer.id = $1 AND older.id <> $1 AND was.text_hash = $3
             ORDER BY older.version DESC LIMIT 1) AS earlier ON 1 = 1",
        values![document, suspect.position, text_hash, suspect.score, json(&suspect.reasons, "reasons")?],
    )
    .await?;
    Ok(())
}

/// What names the words of each passage: title and headings go to a model too, and count as its words.
async fn hashes(c: &mut Connection, document: DocumentId) -> Result<HashMap<u32, String>, StoreError> {
    let row = c.row("SELECT title FROM documents WHERE id = $1", values![document]).await?;
    let title = row.ok_or(StoreError::NotFound { what: "document" })?.text("title")?;
    let passages = documents::passages(c, document).await?;
    Ok(passages.iter().map(|passage| (passage.position, hash(&title, passage))).collect())
}

fn hash(title: &str, passage: &Passage<Published>) -> String {
    let mut sha = Sha256::new();
    for part in std::iter::once(title)
        .chain(passage.headings.iter().map(String::as_str))
        .chain([passage.text.as_str()])
    {
        sha.update(part.as_bytes());
        sha.update([0]);
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quarantined(row: &Row) -> Result<Quarantined, StoreError> {
    Ok(Quarantined {
        collection: row.parsed("collection")?,
        slug: row.text("slug")?,
        title: row.text("title")?,
        suspect: Suspect {
            position: row.count("position")?,
            score: row.real_or_none("score")?.ok_or(StoreError::Corrupt { what: "score" })?,
            reasons: row.list("reasons")?,
        },
        headings: row.list("headings")?,
        text: Published::by_bank(row.text("text")?),
        released: row.text_or_none("released_by")?.zip(row.moment_or_none("released_at")?),
    })
}
