//! Documents of a large run, brought in before they are in force (P13). On SQLite there is one writer: a run of
//! twenty thousand passages in one transaction would keep every question's record waiting. So their rows come in
//! not current, in short transactions, and become current together in one that touches nothing but flags.
//!
//! Nothing reads a staged document. A run that dies leaves rows that the next run, or the next start of a server,
//! takes out ([`sweep`]).

use contactiq_domain::{Document, Passage, Timestamp, ids::DocumentId};
use contactiq_guard::Published;
use sha2::{Digest, Sha256};

use crate::{
    Connection, StoreError, Writer,
    documents::{Place, insert_passages, insert_row},
    quarantine::{self, Suspect},
    sources,
    value::values,
    versions,
};

/// A run that was not touched for so many seconds has died.
pub const DEAD_AFTER: i64 = 300;
/// Documents that one transaction of a sweep takes out.
const AT_ONCE: i64 = 200;
/// Staged versions lie above every number that a document's versions reach, so that they take none of them.
const ABOVE: u32 = 1_000_000_000;

/// A document that is to be staged.
pub struct Staged<'a> {
    /// The document; its version is not read.
    pub document: &'a Document<Published>,
    /// Its passages.
    pub passages: &'a [Passage<Published>],
    /// What reads like instructions to a model in them.
    pub suspects: &'a [Suspect],
    /// The path or address that it comes from.
    pub source: &'a str,
}

/// Says that a run lives.
///
/// # Errors
/// When the database fails.
pub async fn touch(w: &mut Writer, run: &str, now: Timestamp) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO staging_runs (id, touched_at) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET touched_at = excluded.touched_at",
        values![run, now],
    )
    .await?;
    Ok(())
}

/// Brings a document in, not current: nothing finds or shows it. Gives the positions of its passages that will be
/// held in quarantine.
///
/// # Errors
/// [`StoreError::Conflict`] when the run has a document of this name, or when the database fails.
pub async fn add(w: &mut Writer, run: &str, staged: &Staged<'_>) -> Result<Vec<u32>, StoreError> {
    let id = staged.document.id;
    let place = Place { version: version_of(run), is_current: false, staged_by: Some(run) };
    insert_row(w, staged.document, &place).await?;
    insert_passages(w, id, staged.passages).await?;
    sources::keep(w, id, staged.source).await?;
    quarantine::keep_staged(w, id, staged.suspects).await
}

/// How many documents of a run are staged and as they came.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection, run: &str) -> Result<u64, StoreError> {
    let row = c
        .row(
            "SELECT COUNT(*) AS staged FROM documents WHERE staged_by = $1 AND erased_at IS NULL",
            values![run],
        )
        .await?;
    row.ok_or(StoreError::Corrupt { what: "staged documents" })?.count("staged")
}

/// Makes every document of a run current, each as the next version of its name, in the version of the knowledge that
/// this transaction makes. The run is over.
///
/// # Errors
/// When the database fails.
pub async fn flip(w: &mut Writer, run: &str) -> Result<u64, StoreError> {
    let number = versions::touch(w).await?;
    w.execute(
        "INSERT INTO knowledge_changes (version, collection, slug, kind, document)
         SELECT $1, s.collection, s.slug, CASE WHEN EXISTS (SELECT 1 FROM documents c WHERE c.is_current
                 AND c.collection = s.collection AND c.slug = s.slug) THEN 'changed' ELSE 'added' END, s.id
         FROM documents s WHERE s.staged_by = $2",
        values![number, run],
    )
    .await?;
    w.execute(
        "UPDATE documents SET is_current = FALSE WHERE is_current AND EXISTS (SELECT 1 FROM documents s
             WHERE s.staged_by = $1 AND s.collection = documents.collection AND s.slug = documents.slug)",
        values![run],
    )
    .await?;
    let flipped = w
        .execute(
            "UPDATE documents SET is_current = TRUE, staged_by = NULL,
                 version = 1 + (SELECT COALESCE(MAX(o.version), 0) FROM documents o
                     WHERE o.collection = documents.collection AND o.slug = documents.slug
                         AND o.staged_by IS NULL)
             WHERE staged_by = $1",
            values![run],
        )
        .await?;
    w.execute("DELETE FROM staging_runs WHERE id = $1", values![run]).await?;
    Ok(flipped)
}

/// Takes out some of what a run staged. True while there is more.
///
/// # Errors
/// When the database fails.
pub async fn discard(w: &mut Writer, run: &str) -> Result<bool, StoreError> {
    let rows =
        w.rows("SELECT id FROM documents WHERE staged_by = $1 LIMIT $2", values![run, AT_ONCE]).await?;
    for row in &rows {
        let id: DocumentId = row.parsed("id")?;
        w.execute("DELETE FROM suspect_passages WHERE document = $1", values![id]).await?;
        w.execute("DELETE FROM passages WHERE document = $1", values![id]).await?;
        w.execute("DELETE FROM documents WHERE id = $1", values![id]).await?;
    }
    let more = rows.len() as i64 == AT_ONCE;
    if !more {
        w.execute("DELETE FROM staging_runs WHERE id = $1", values![run]).await?;
    }
    Ok(more)
}

/// The runs that died: they were not touched since a while.
///
/// # Errors
/// When the database fails.
pub async fn dead(c: &mut Connection, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let before = now.plus_seconds(-DEAD_AFTER);
    c.rows("SELECT id FROM staging_runs WHERE touched_at < $1 ORDER BY id", values![before])
        .await?
        .iter()
        .map(|row| row.text("id"))
        .collect()
}

/// Takes out what dead runs left, in short transactions; how many runs there were.
///
/// # Errors
/// When the database fails.
pub async fn sweep(store: &crate::Store, now: Timestamp) -> Result<usize, StoreError> {
    let mut reader = store.read().await?;
    let runs = dead(&mut reader, now).await?;
    drop(reader);
    for run in &runs {
        loop {
            let mut w = store.write().await?;
            let more = discard(&mut w, run).await?;
            w.save().await?;
            if !more {
                break;
            }
        }
    }
    Ok(runs.len())
}

/// Two runs that stage documents of one name take two numbers.
fn version_of(run: &str) -> u32 {
    let digest = Sha256::digest(run.as_bytes());
    let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    ABOVE + number % ABOVE
}
