//! Passages that read like instructions to a model (P13): kept and listed, and left out of what is
//! indexed until an owner releases them.
//!
//! What was found is kept with each version of a document. What an owner decided is kept with the words, under
//! the document's name: the last word counts in every version, whatever position they stand at.

use std::collections::{BTreeSet, HashMap};

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
    /// SHA-256 of its words, hex: title, headings and text. What is decided is decided on these.
    pub text_hash: String,
    /// The headings above it.
    pub headings: Vec<String>,
    /// Its text.
    pub text: Published,
    /// Who released it, and when.
    pub released: Option<(String, Timestamp)>,
}

/// What an owner says of words that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whether answers may use them.
    pub released: bool,
    /// Who says so.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
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
        .rows("SELECT position FROM suspect_passages WHERE document = $1", values![document])
        .await?
        .iter()
        .map(|row| row.count("position"))
        .collect::<Result<Vec<u32>, _>>()?;
    let changed = put(w, document, suspects, &known).await?;
    if changed {
        versions::touch(w).await?;
    }
    held(w, document).await
}

/// The same for a document that is not in force yet: nothing is found otherwise by it.
pub(crate) async fn keep_staged(
    w: &mut Writer,
    document: DocumentId,
    suspects: &[Suspect],
) -> Result<Vec<u32>, StoreError> {
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    put(w, document, suspects, &[]).await?;
    held(w, document).await
}

/// The positions that are held, where this is what is known of the document already: then there is nothing to keep.
///
/// # Errors
/// When the database fails.
pub async fn kept(
    c: &mut Connection,
    document: DocumentId,
    suspects: &[Suspect],
) -> Result<Option<Vec<u32>>, StoreError> {
    let known = c
        .rows("SELECT position FROM suspect_passages WHERE document = $1", values![document])
        .await?
        .iter()
        .map(|row| row.count("position"))
        .collect::<Result<BTreeSet<u32>, _>>()?;
    if known != suspects.iter().map(|s| s.position).collect() {
        return Ok(None);
    }
    if known.is_empty() { Ok(Some(Vec::new())) } else { held(c, document).await.map(Some) }
}

/// Whether something had to be written.
async fn put(
    w: &mut Writer,
    document: DocumentId,
    suspects: &[Suspect],
    known: &[u32],
) -> Result<bool, StoreError> {
    let wanted: Vec<u32> = suspects.iter().map(|s| s.position).collect();
    let mut changed = false;
    for position in known.iter().filter(|p| !wanted.contains(p)) {
        w.execute(
            "DELETE FROM suspect_passages WHERE document = $1 AND position = $2",
            values![document, *position],
        )
        .await?;
        changed = true;
    }
    if suspects.iter().any(|s| !known.contains(&s.position)) {
        let texts = hashes(w, document).await?;
        for suspect in suspects.iter().filter(|s| !known.contains(&s.position)) {
            let text_hash = texts.get(&suspect.position).map_or("", String::as_str);
            w.execute(
                "INSERT INTO suspect_passages (document, position, text_hash, score, reasons)
                 VALUES ($1, $2, $3, $4, $5)",
                values![
                    document,
                    suspect.position,
                    text_hash,
                    suspect.score,
                    json(&suspect.reasons, "reasons")?
                ],
            )
            .await?;
        }
        changed = true;
    }
    Ok(changed)
}

/// The positions that are held in quarantine, of one version of a document.
///
/// # Errors
/// When the database fails.
pub async fn held(c: &mut Connection, document: DocumentId) -> Result<Vec<u32>, StoreError> {
    c.rows("SELECT position FROM held_passages WHERE document = $1 ORDER BY position", values![document])
        .await?
        .iter()
        .map(|row| row.count("position"))
        .collect()
}

/// Keeps the last word on words that were found in the document in force: releases them, or puts them back.
/// False when it is no news, or there are no such words.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    w: &mut Writer,
    collection: Collection,
    slug: &str,
    text_hash: &str,
    decision: Decision<'_>,
) -> Result<bool, StoreError> {
    documents::one_writer_at_a_time(w).await?;
    let done = w
        .execute(
            "INSERT INTO quarantine_decisions (collection, slug, text_hash, released, decided_by, decided_at)
             SELECT DISTINCT $1, $2, $3, $4, $5, $6 FROM suspect_passages s
                 JOIN documents d ON d.id = s.document
                 LEFT JOIN quarantine_decisions q
                     ON q.collection = d.collection AND q.slug = d.slug AND q.text_hash = s.text_hash
             WHERE d.is_current AND d.collection = $1 AND d.slug = $2 AND s.text_hash = $3
                 AND COALESCE(q.released, FALSE) <> $4
             ON CONFLICT (collection, slug, text_hash) DO UPDATE SET released = excluded.released,
                 decided_by = excluded.decided_by, decided_at = excluded.decided_at",
            values![collection, slug, text_hash, decision.released, decision.by, decision.at],
        )
        .await?;
    if done > 0 {
        versions::touch(w).await?;
    }
    Ok(done > 0)
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
             found.position, found.text_hash, found.score, found.reasons,
             CASE WHEN q.released THEN q.decided_by END AS released_by,
             CASE WHEN q.released THEN q.decided_at END AS released_at
         FROM suspect_passages AS found
             JOIN documents ON documents.id = found.document
             JOIN passages ON passages.document = found.document AND passages.position = found.position
             LEFT JOIN quarantine_decisions AS q ON q.collection = documents.collection
                 AND q.slug = documents.slug AND q.text_hash = found.text_hash
         WHERE documents.is_current AND ($1 IS NULL OR documents.collection = $1)
         ORDER BY documents.collection, documents.slug, found.position",
        values![collection],
    )
    .await?
    .iter()
    .map(quarantined)
    .collect()
}

/// What names the words of each passage: title and headings go to a model too, and count as its words.
async fn hashes(c: &mut Connection, document: DocumentId) -> Result<HashMap<u32, String>, StoreError> {
    let title = documents::title(c, document).await?;
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
        text_hash: row.text("text_hash")?,
        headings: row.list("headings")?,
        text: Published::by_bank(row.text("text")?),
        released: row.text_or_none("released_by")?.zip(row.moment_or_none("released_at")?),
    })
}
