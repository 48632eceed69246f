//! Where a document comes from: the path of its file or the address of its page. Another file of the same
//! name is another document, and must not take its place unseen (P13).

use contactiq_domain::{Collection, ids::DocumentId};

use crate::{Connection, StoreError, Writer, value::values};

/// Where the current document of this name comes from: `None` where there is no such document, inside it
/// `None` where its source is not known.
///
/// # Errors
/// When the database fails.
pub async fn current(
    c: &mut Connection,
    collection: Collection,
    slug: &str,
) -> Result<Option<Option<String>>, StoreError> {
    c.row(
        "SELECT source FROM documents WHERE is_current AND collection = $1 AND slug = $2",
        values![collection, slug],
    )
    .await?
    .map(|row| row.text_or_none("source"))
    .transpose()
}

/// Keeps where a version of a document comes from. It makes no version: nothing is found otherwise.
///
/// # Errors
/// When the database fails.
pub async fn keep(w: &mut Writer, document: DocumentId, source: &str) -> Result<(), StoreError> {
    w.execute("UPDATE documents SET source = $2 WHERE id = $1", values![document, source]).await?;
    Ok(())
}
