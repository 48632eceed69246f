//! Legal hold: what somebody may need as evidence is neither erased nor purged until the hold is lifted.

use contactiq_domain::{Timestamp, ids::Ids};
use uuid::Uuid;

use super::consent::named;
use crate::{Connection, StoreError, Writer, conversations::Owner, data_keys, row::Row, value::values};

/// A hold on everything of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// The person; `[erased]` where the person was forgotten after it was lifted.
    pub subject: String,
    /// The id of the key that speaks for the person; empty where the person signs in.
    pub owner_key: String,
    /// The bank's number of the case.
    pub matter: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: Timestamp,
    /// Who lifted it, and when.
    pub lifted: Option<(String, Timestamp)>,
}

/// Places a hold. A person may have several: each is lifted for itself.
///
/// # Errors
/// [`StoreError::Refused`] when matter or name is empty, or when the database fails.
pub async fn place(
    w: &mut Writer,
    owner: &Owner<'_>,
    matter: &str,
    by: &str,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Hold, StoreError> {
    let (subject, owner_key) = named(w, owner);
    // Who it is on is told by the person's own key, which the hold keeps from being destroyed.
    let key = data_keys::of_person(w, owner, now).await?;
    let hold = Hold {
        id: ids.next(),
        subject: owner.subject.to_owned(),
        owner_key,
        matter: matter.to_owned(),
        placed_by: by.to_owned(),
        placed_at: now,
        lifted: None,
    };
    w.execute(
        "INSERT INTO legal_holds (id, subject, owner_key, matter, placed_by, placed_at, data_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![hold.id, subject, &hold.owner_key, matter, by, now, key.map(|key| key.name())],
    )
    .await?;
    Ok(hold)
}

/// Lifts one.
///
/// # Errors
/// [`StoreError::NotFound`] when no hold in force has this id, or when the database fails.
pub async fn lift(w: &mut Writer, id: Uuid, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let lifted = w
        .execute(
            "UPDATE legal_holds SET lifted_by = $2, lifted_at = CASE WHEN placed_at > $3 THEN placed_at ELSE $3 END
             WHERE id = $1 AND lifted_at IS NULL",
            values![id, by, now],
        )
        .await?;
    if lifted == 0 { Err(StoreError::NotFound { what: "hold" }) } else { Ok(()) }
}

/// A hold in force on this person.
///
/// # Errors
/// When the database fails.
pub async fn of(c: &mut Connection, owner: &Owner<'_>) -> Result<Option<Hold>, StoreError> {
    let (subject, owner_key) = named(c, owner);
    c.row(
        "SELECT * FROM legal_holds WHERE subject = $1 AND owner_key = $2 AND lifted_at IS NULL
         ORDER BY placed_at, id LIMIT 1",
        values![subject, owner_key],
    )
    .await?
    .map(|row| hold(&row))
    .transpose()
}

/// All of them, those in force first, then the latest.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection) -> Result<Vec<Hold>, StoreError> {
    c.rows(
        "SELECT * FROM legal_holds ORDER BY CASE WHEN lifted_at IS NULL THEN 0 ELSE 1 END, placed_at DESC, id DESC",
        values![],
    )
    .await?
    .iter()
    .map(hold)
    .collect()
}

fn hold(row: &Row) -> Result<Hold, StoreError> {
    let lifted = match row.text_or_none("lifted_by")? {
        Some(by) => Some((by, row.moment("lifted_at")?)),
        None => None,
    };
    Ok(Hold {
        id: row.parsed("id")?,
        subject: row.person_by_key(|| "[erased]".to_owned())?,
        owner_key: row.text("owner_key")?,
        matter: row.text("matter")?,
        placed_by: row.text("placed_by")?,
        placed_at: row.moment("placed_at")?,
        lifted,
    })
}
