//! What owners ruled on sentences that contradict each other (P13). A ruling is by the sentences
//! themselves: its id is made of both, so that it ends when either changes.

use contactiq_domain::{Collection, Timestamp};
use contactiq_guard::Masked;

use crate::{Connection, StoreError, Writer, row::Row, value::values, versions};

pub(crate) const TABLE: &str = "rulings";

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Slug of the document; with its collection before a slash where the two sides are of two collections.
    pub document: String,
    /// The sentence or row, word for word.
    pub sentence: String,
}

impl Side {
    /// `collection/slug` of its document, in a ruling of this collection.
    #[must_use]
    pub fn full_name(&self, of_ruling: Collection) -> String {
        if self.document.contains('/') {
            self.document.clone()
        } else {
            format!("{of_ruling}/{}", self.document)
        }
    }
}

/// What was ruled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The document with this slug is right; the other sentence is not used.
    Prefer(String),
    /// Both may stand.
    NotAConflict,
}

impl Verdict {
    /// The stable word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Verdict::Prefer(_) => "prefer",
            Verdict::NotAConflict => "not_a_conflict",
        }
    }

    /// The slug of the document that is right.
    #[must_use]
    pub fn preferred(&self) -> Option<&str> {
        match self {
            Verdict::Prefer(slug) => Some(slug),
            Verdict::NotAConflict => None,
        }
    }
}

/// An owner's word on a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Id of the conflict: 16 hex digits made of both sides.
    pub conflict: String,
    /// Whose documents they are.
    pub collection: Collection,
    /// One side.
    pub one: Side,
    /// The other.
    pub other: Side,
    /// What was ruled.
    pub verdict: Verdict,
    /// Why, in the owner's words.
    pub note: Option<Masked>,
    /// Who ruled.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps a ruling, in place of an earlier one on the same conflict.
///
/// # Errors
/// [`StoreError::Refused`] when the preferred document is on neither side, or when the database fails.
pub async fn put(w: &mut Writer, ruling: &Ruling) -> Result<(), StoreError> {
    let note = ruling.note.as_ref().map(|note| w.seal(note, TABLE, "note", &ruling.conflict));
    w.execute(
        "INSERT INTO rulings (conflict, collection, one_document, one_sentence, other_document, other_sentence,
             verdict, preferred, note, ruled_by, ruled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (conflict) DO UPDATE SET verdict = excluded.verdict, preferred = excluded.preferred,
             note = excluded.note, ruled_by = excluded.ruled_by, ruled_at = excluded.ruled_at",
        values![
            &ruling.conflict,
            ruling.collection,
            &ruling.one.document,
            &ruling.one.sentence,
            &ruling.other.document,
            &ruling.other.sentence,
            ruling.verdict.as_str(),
            ruling.verdict.preferred(),
            note,
            &ruling.by,
            ruling.at,
        ],
    )
    .await?;
    versions::touch(w).await?;
    Ok(())
}

/// Takes a ruling back. True when there was one.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(w: &mut Writer, conflict: &str) -> Result<bool, StoreError> {
    let gone = w.execute("DELETE FROM rulings WHERE conflict = $1", values![conflict]).await? > 0;
    if gone {
        versions::touch(w).await?;
    }
    Ok(gone)
}

/// Every ruling, by id. Whether both sentences still stand is for the caller to see.
///
/// # Errors
/// When the database fails or a sealed note does not open.
pub async fn list(c: &mut Connection) -> Result<Vec<Ruling>, StoreError> {
    c.rows("SELECT * FROM rulings ORDER BY conflict", values![]).await?.iter().map(ruling).collect()
}

fn ruling(row: &Row) -> Result<Ruling, StoreError> {
    let conflict = row.text("conflict")?;
    Ok(Ruling {
        collection: row.parsed("collection")?,
        one: Side { document: row.text("one_document")?, sentence: row.text("one_sentence")? },
        other: Side { document: row.text("other_document")?, sentence: row.text("other_sentence")? },
        verdict: match row.text_or_none("preferred")? {
            Some(slug) => Verdict::Prefer(slug),
            None => Verdict::NotAConflict,
        },
        note: row.masked_or_none(TABLE, "note", &conflict)?,
        by: row.text("ruled_by")?,
        at: row.moment("ruled_at")?,
        conflict,
    })
}
