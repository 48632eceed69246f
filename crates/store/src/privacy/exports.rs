//! Exports of all that is kept about a person: who was handed one, and when. The files themselves are out of reach, so
//! that the receipt of an erasure says how many there are.

use contactiq_domain::{Timestamp, ids::Ids};
use uuid::Uuid;

use super::blind;
use crate::{
    Connection, StoreError, Writer,
    audit::{self, AuditKind, Event},
    conversations::Owner,
    value::values,
};

contactiq_domain::words! {
    /// The form of an export.
    Form as "form" {
        /// One object, for programs.
        Json => "json",
        /// A page, for the person.
        Html => "html",
    }
}

/// One export.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Export {
    /// Its id.
    pub id: Uuid,
    /// In which form.
    pub form: Form,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
}

/// Notes an export under the person's first name, in the transaction that reads it, and for the audit log.
///
/// # Errors
/// When the database fails.
pub async fn note(
    w: &mut Writer,
    owner: &Owner<'_>,
    (form, by): (Form, &str),
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Export, StoreError> {
    let person = blind(w, owner);
    let export = Export { id: ids.next(), form, made_by: by.to_owned(), made_at: now };
    w.execute(
        "INSERT INTO exports (id, person, form, made_by, made_at) VALUES ($1, $2, $3, $4, $5)",
        values![export.id, &person, form.as_str(), by, now],
    )
    .await?;
    let fields = [("person", Some(person)), ("form", Some(form.to_string()))];
    audit::note(w, &Event::new(export.id, now, AuditKind::Export, &fields)).await?;
    Ok(export)
}

/// The exports of a person, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn of(c: &mut Connection, owner: &Owner<'_>) -> Result<Vec<Export>, StoreError> {
    let person = blind(c, owner);
    c.rows("SELECT * FROM exports WHERE person = $1 ORDER BY made_at DESC, id DESC", values![person])
        .await?
        .iter()
        .map(|row| {
            Ok(Export {
                id: row.parsed("id")?,
                form: row.parsed("form")?,
                made_by: row.text("made_by")?,
                made_at: row.moment("made_at")?,
            })
        })
        .collect()
}

/// How many there are.
pub(super) async fn count(c: &mut Connection, owner: &Owner<'_>) -> Result<u64, StoreError> {
    let person = blind(c, owner);
    let row = c.row("SELECT COUNT(*) AS found FROM exports WHERE person = $1", values![person]).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}
