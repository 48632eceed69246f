//! Documents and their passages, every version of them (P13). What the bank wrote is not sealed.

use std::collections::HashMap;

use contactiq_domain::{Collection, Document, Passage, ids::DocumentId};
use contactiq_guard::Published;

use crate::{
    Connection, StoreError, Writer,
    row::{Row, json},
    value::{places, values},
    versions::{self, ChangeKind},
};

/// Passages that one statement carries at most: SQLite takes 32,766 values.
const PASSAGES: usize = 1_000;

/// Passages by their document.
pub(crate) type Contents = HashMap<DocumentId, Vec<Passage<Published>>>;

/// What became of a document that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The first text under this slug.
    Added,
    /// A new version of a known slug.
    Updated {
        /// Its number.
        version: u32,
    },
    /// The current version is the same, front matter included.
    Unchanged,
    /// The collection has the same content under another slug: the same content twice is one document.
    Duplicate {
        /// The other slug.
        slug: String,
    },
}

/// Keeps a document with its passages, and makes it the current one of its slug. The store counts
/// the versions; `document.version` is not read.
///
/// # Errors
/// [`StoreError::Conflict`] when the id is taken, or when the database fails.
pub async fn put(
    w: &mut Writer,
    document: &Document<Published>,
    passages: &[Passage<Published>],
) -> Result<Put, StoreError> {
    one_writer_at_a_time(w).await?;
    let current = get(w, document.collection, &document.slug).await?;
    if current.as_ref().is_some_and(|current| is_same(current, document)) {
        return Ok(Put::Unchanged);
    }
    // What stands under this name would go on answering with its old text: it gets its new version.
    if current.is_none()
        && let Some(slug) = twin(w, document).await?
    {
        return Ok(Put::Duplicate { slug });
    }
    let latest = w
        .row(
            "SELECT COALESCE(MAX(version), 0) AS latest FROM documents
             WHERE collection = $1 AND slug = $2 AND staged_by IS NULL",
            values![document.collection, &document.slug],
        )
        .await?
        .ok_or(StoreError::Corrupt { what: "version" })?
        .count::<u32>("latest")?;
    retire(w, document.collection, &document.slug).await?;
    insert_row(w, document, &Place { version: latest + 1, is_current: true, staged_by: None }).await?;
    insert_passages(w, document.id, passages).await?;
    let kind = if current.is_some() { ChangeKind::Changed } else { ChangeKind::Added };
    versions::note(w, document.collection, &document.slug, kind, Some(document.id)).await?;
    Ok(if latest == 0 { Put::Added } else { Put::Updated { version: latest + 1 } })
}

/// Takes a document out of use. Its versions stay, because answers cite them. True when there was one.
///
/// # Errors
/// When the database fails.
pub async fn remove(w: &mut Writer, collection: Collection, slug: &str) -> Result<bool, StoreError> {
    one_writer_at_a_time(w).await?;
    let removed = retire(w, collection, slug).await? > 0;
    if removed {
        versions::note(w, collection, slug, ChangeKind::Removed, None).await?;
    }
    Ok(removed)
}

/// Selects all of documents but their texts, which are large and which lists don't show.
macro_rules! select_titles {
    ($from:literal) => {
        concat!(
            "SELECT documents.id, documents.slug, documents.collection, documents.title, documents.url,
                 documents.content_type, documents.product, documents.owner, documents.role,
                 documents.valid_from, documents.valid_until, documents.version, documents.content_hash ",
            $from
        )
    };
}
pub(crate) use select_titles;

/// The current documents of one collection or of all, without their texts, by collection and slug.
///
/// # Errors
/// When the database fails.
pub async fn list(
    c: &mut Connection,
    collection: Option<Collection>,
) -> Result<Vec<Document<()>>, StoreError> {
    let sql = select_titles!(
        "FROM documents WHERE is_current AND ($1 IS NULL OR collection = $1) ORDER BY collection, slug"
    );
    c.rows(sql, values![collection]).await?.iter().map(titles).collect()
}

/// The current version of a document.
///
/// # Errors
/// When the database fails.
pub async fn get(
    c: &mut Connection,
    collection: Collection,
    slug: &str,
) -> Result<Option<Document<Published>>, StoreError> {
    c.row(
        "SELECT * FROM documents WHERE is_current AND collection = $1 AND slug = $2",
        values![collection, slug],
    )
    .await?
    .map(|row| document(&row))
    .transpose()
}

/// The version in force, or the one that was last in force: what says who may read the document. It may be
/// erased.
///
/// # Errors
/// When the database fails.
pub async fn latest(
    c: &mut Connection,
    collection: Collection,
    slug: &str,
) -> Result<Option<Document<Published>>, StoreError> {
    c.row(
        "SELECT * FROM documents WHERE collection = $1 AND slug = $2 AND staged_by IS NULL
         ORDER BY CASE WHEN is_current THEN 0
             WHEN id = (SELECT c.document FROM knowledge_changes c
                 WHERE c.collection = $1 AND c.slug = $2 AND c.document IS NOT NULL
                 ORDER BY c.version DESC LIMIT 1) THEN 1
             ELSE 2 END, version DESC LIMIT 1",
        values![collection, slug],
    )
    .await?
    .map(|row| document(&row))
    .transpose()
}

/// One version of a document, current or not: what a citation points at. None where it was erased.
///
/// # Errors
/// When the database fails.
pub async fn get_version(
    c: &mut Connection,
    collection: Collection,
    slug: &str,
    version: u32,
) -> Result<Option<Document<Published>>, StoreError> {
    c.row(
        "SELECT * FROM documents
         WHERE collection = $1 AND slug = $2 AND version = $3 AND erased_at IS NULL AND staged_by IS NULL",
        values![collection, slug, version],
    )
    .await?
    .map(|row| document(&row))
    .transpose()
}

/// The title of one version of a document.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none, or when the database fails.
pub async fn title(c: &mut Connection, document: DocumentId) -> Result<String, StoreError> {
    let row = c.row("SELECT title FROM documents WHERE id = $1", values![document]).await?;
    row.ok_or(StoreError::NotFound { what: "document" })?.text("title")
}

/// The passages of one version of a document, in order.
///
/// # Errors
/// When the database fails.
pub async fn passages(
    c: &mut Connection,
    document: DocumentId,
) -> Result<Vec<Passage<Published>>, StoreError> {
    c.rows("SELECT * FROM passages WHERE document = $1 ORDER BY position", values![document])
        .await?
        .iter()
        .map(passage)
        .collect()
}

/// Everything that may be retrieved: what the index is built from, documents with their passages and without
/// the text that these are cut from. Passages in quarantine are left out.
///
/// # Errors
/// When the database fails.
pub async fn all_current(
    c: &mut Connection,
) -> Result<Vec<(Document<()>, Vec<Passage<Published>>)>, StoreError> {
    let documents = list(c, None).await?;
    let mut of = Contents::with_capacity(documents.len());
    let rows = c
        .rows(
            "SELECT passages.* FROM passages JOIN documents ON documents.id = passages.document
             WHERE documents.is_current AND NOT EXISTS (
                 SELECT 1 FROM held_passages AS held WHERE held.document = passages.document
                     AND held.position = passages.position)
             ORDER BY passages.document, passages.position",
            values![],
        )
        .await?;
    for row in &rows {
        of.entry(row.parsed("document")?).or_default().push(passage(row)?);
    }
    Ok(documents
        .into_iter()
        .map(|document| {
            let passages = of.remove(&document.id).unwrap_or_default();
            (document, passages)
        })
        .collect())
}

/// The version of the whole knowledge, for instance `k17`. It moves with every transaction that changes
/// documents.
///
/// # Errors
/// When the database fails.
pub async fn version(c: &mut Connection) -> Result<String, StoreError> {
    let row = c.row("SELECT value FROM counters WHERE name = 'knowledge'", values![]).await?;
    let value = row.ok_or(StoreError::Corrupt { what: "knowledge version" })?.int("value")?;
    Ok(versions::name(value))
}

/// The version of the knowledge, which nobody else can change until this transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn locked_version(w: &mut Writer) -> Result<String, StoreError> {
    one_writer_at_a_time(w).await?;
    version(w).await
}

/// The current version of a document, when it says the same, front matter included.
///
/// # Errors
/// When the database fails.
pub async fn unchanged(
    c: &mut Connection,
    document: &Document<Published>,
) -> Result<Option<DocumentId>, StoreError> {
    let current = get(c, document.collection, &document.slug).await?;
    Ok(current.filter(|current| is_same(current, document)).map(|current| current.id))
}

/// Locks the counter's row. On PostgreSQL two imports would else both read the same latest version
/// and one would fail; on SQLite there is one writer anyway.
pub(crate) async fn one_writer_at_a_time(w: &mut Writer) -> Result<(), StoreError> {
    w.execute("UPDATE counters SET value = value WHERE name = 'knowledge'", values![]).await?;
    Ok(())
}

async fn retire(w: &mut Writer, collection: Collection, slug: &str) -> Result<u64, StoreError> {
    w.execute(
        "UPDATE documents SET is_current = FALSE WHERE is_current AND collection = $1 AND slug = $2",
        values![collection, slug],
    )
    .await
}

/// What the row of a document says beside the document.
pub(crate) struct Place<'a> {
    pub(crate) version: u32,
    pub(crate) is_current: bool,
    /// The run that brings it in before it is in force.
    pub(crate) staged_by: Option<&'a str>,
}

pub(crate) async fn insert_row(
    w: &mut Writer,
    document: &Document<Published>,
    place: &Place<'_>,
) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO documents (id, slug, collection, title, url, content_type, product, owner, valid_from,
             valid_until, version, content_hash, text, role, is_current, staged_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        values![
            document.id,
            &document.slug,
            document.collection,
            &document.title,
            &document.url,
            document.content_type,
            &document.product,
            &document.owner,
            document.valid_from,
            document.valid_until,
            place.version,
            &document.content_hash,
            document.text.as_str(),
            document.role,
            place.is_current,
            place.staged_by,
        ],
    )
    .await?;
    Ok(())
}

/// Many passages with each statement: over a network a large document is not thousands of round trips, during
/// which no other import can begin.
pub(crate) async fn insert_passages(
    w: &mut Writer,
    document: DocumentId,
    passages: &[Passage<Published>],
) -> Result<(), StoreError> {
    const COLUMNS: usize = 4;
    for passages in passages.chunks(PASSAGES) {
        let mut all = Vec::with_capacity(passages.len() * COLUMNS);
        for passage in passages {
            all.extend(values![
                document,
                passage.position,
                json(&passage.headings, "headings")?,
                passage.text.as_str(),
            ]);
        }
        let places = places(w.is_postgres(), passages.len(), COLUMNS);
        let sql = format!("INSERT INTO passages (document, position, headings, text) VALUES {places}");
        w.execute_built(sql, all).await?;
    }
    Ok(())
}

/// Whether another document in force says the same words, and the latest version of this name: what a document needs
/// to know to be staged.
///
/// # Errors
/// When the database fails.
pub async fn standing(c: &mut Connection, document: &Document<Published>) -> Result<(bool, u32), StoreError> {
    let row = c
        .row(
            "SELECT (SELECT COUNT(*) FROM documents t WHERE t.is_current AND t.collection = $1
                     AND t.content_hash = $2 AND t.slug <> $3) AS twins,
                 (SELECT COALESCE(MAX(v.version), 0) FROM documents v WHERE v.collection = $1 AND v.slug = $3
                     AND v.staged_by IS NULL) AS latest",
            values![document.collection, &document.content_hash, &document.slug],
        )
        .await?
        .ok_or(StoreError::Corrupt { what: "version" })?;
    Ok((row.count::<u64>("twins")? > 0, row.count("latest")?))
}

/// Another document of the collection that says the same to the same people on the same days.
async fn twin(w: &mut Writer, document: &Document<Published>) -> Result<Option<String>, StoreError> {
    let rows = w
        .rows(
            "SELECT * FROM documents WHERE is_current AND collection = $1 AND content_hash = $2 AND slug <> $3 ORDER BY slug",
            values![document.collection, &document.content_hash, &document.slug],
        )
        .await?;
    for row in &rows {
        let other = self::document(row)?;
        let covers = other.valid_from == document.valid_from && other.valid_until == document.valid_until;
        if covers
            && other.role == document.role
            && other.product == document.product
            && other.content_type == document.content_type
        {
            return Ok(Some(other.slug));
        }
    }
    Ok(None)
}

/// Front matter counts too: a document whose last day of validity changed has changed.
fn is_same(a: &Document<Published>, b: &Document<Published>) -> bool {
    a.content_hash == b.content_hash
        && a.title == b.title
        && a.url == b.url
        && a.content_type == b.content_type
        && a.product == b.product
        && a.owner == b.owner
        && a.role == b.role
        && a.valid_from == b.valid_from
        && a.valid_until == b.valid_until
}

fn document(row: &Row) -> Result<Document<Published>, StoreError> {
    Ok(titles(row)?.with_text(Published::by_bank(row.text("text")?)))
}

pub(crate) fn titles(row: &Row) -> Result<Document<()>, StoreError> {
    Ok(Document {
        id: row.parsed("id")?,
        slug: row.text("slug")?,
        collection: row.parsed("collection")?,
        title: row.text("title")?,
        url: row.text("url")?,
        content_type: row.parsed("content_type")?,
        product: row.text("product")?,
        owner: row.text("owner")?,
        role: row.parsed_or_none("role")?,
        valid_from: row.date_or_none("valid_from")?,
        valid_until: row.date_or_none("valid_until")?,
        version: row.count("version")?,
        content_hash: row.text("content_hash")?,
        text: (),
    })
}

pub(crate) fn passage(row: &Row) -> Result<Passage<Published>, StoreError> {
    Ok(Passage {
        position: row.count("position")?,
        headings: row.list("headings")?,
        text: Published::by_bank(row.text("text")?),
    })
}
