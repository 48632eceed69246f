//! Legal hold: what somebody may need as evidence is neither erased nor purged until the hold is lifted.

use contactiq_domain::{Timestamp, ids::Ids};
use uuid::Uuid;

use super::{blind, consent::named, turns};
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

/// Places a hold on a person of one name: [`place_on_all`].
///
/// # Errors
/// As there.
pub async fn place(
    w: &mut Writer,
    owner: &Owner<'_>,
    matter: &str,
    by: &str,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Hold, StoreError> {
    place_on_all(w, std::slice::from_ref(owner), matter, by, ids, now).await
}

/// Places a hold on all these names of a person; that on the first name. A person may have several holds, each of a
/// matter of its own: placed again in the same matter, the hold in force is that hold.
///
/// # Errors
/// [`StoreError::Refused`] when matter or name is empty, [`StoreError::NotFound`] when there is no name, or when the
/// database fails.
pub async fn place_on_all(
    w: &mut Writer,
    names: &[Owner<'_>],
    matter: &str,
    by: &str,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Hold, StoreError> {
    // An erasure under way is over before it, or sees it.
    let all: Vec<String> = names.iter().map(|owner| blind(w, owner)).collect();
    turns::alone(w, all.into_iter()).await?;
    let mut first: Option<Hold> = None;
    for owner in names {
        let hold = match in_force(w, owner, matter).await? {
            Some(hold) => hold,
            // What belongs to one that was there before is lifted with it.
            None => {
                let (by, at) = first.as_ref().map_or((by, now), |first| (&first.placed_by, first.placed_at));
                insert(w, owner, matter, (by, at), ids.next(), now).await?
            }
        };
        first.get_or_insert(hold);
    }
    first.ok_or(StoreError::NotFound { what: "person" })
}

/// The hold in force on this person in this matter that was placed first.
async fn in_force(c: &mut Connection, owner: &Owner<'_>, matter: &str) -> Result<Option<Hold>, StoreError> {
    let (subject, owner_key) = named(c, owner);
    c.row(
        "SELECT * FROM legal_holds WHERE subject = $1 AND owner_key = $2 AND matter = $3 AND lifted_at IS NULL
         ORDER BY placed_at, id LIMIT 1",
        values![subject, owner_key, matter],
    )
    .await?
    .map(|row| hold(&row))
    .transpose()
}

async fn insert(
    w: &mut Writer,
    owner: &Owner<'_>,
    matter: &str,
    (by, at): (&str, Timestamp),
    id: Uuid,
    now: Timestamp,
) -> Result<Hold, StoreError> {
    let (subject, owner_key) = named(w, owner);
    // Who it is on is told by the person's own key, which the hold keeps from being destroyed.
    let key = data_keys::of_person(w, owner, now).await?;
    let hold = Hold {
        id,
        subject: owner.subject.to_owned(),
        owner_key,
        matter: matter.to_owned(),
        placed_by: by.to_owned(),
        placed_at: at,
        lifted: None,
    };
    w.execute(
        "INSERT INTO legal_holds (id, subject, owner_key, matter, placed_by, placed_at, data_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![hold.id, subject, &hold.owner_key, matter, by, at, key.map(|key| key.name())],
    )
    .await?;
    Ok(hold)
}

/// The hold with this id, in force or lifted.
///
/// # Errors
/// When the database fails.
pub async fn get(c: &mut Connection, id: Uuid) -> Result<Option<Hold>, StoreError> {
    c.row("SELECT * FROM legal_holds WHERE id = $1", values![id]).await?.map(|row| hold(&row)).transpose()
}

/// Lifts one, and what was placed with it on the other names of the person.
///
/// # Errors
/// [`StoreError::NotFound`] when no hold in force has this id, or when the database fails.
pub async fn lift(w: &mut Writer, id: Uuid, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let lifted = w
        .execute(
            "UPDATE legal_holds SET lifted_by = $2, lifted_at = CASE WHEN placed_at > $3 THEN placed_at ELSE $3 END
             WHERE lifted_at IS NULL AND EXISTS (SELECT 1 FROM legal_holds named WHERE named.id = $1
                 AND named.lifted_at IS NULL AND named.matter = legal_holds.matter
                 AND named.owner_key = legal_holds.owner_key AND named.placed_by = legal_holds.placed_by
                 AND named.placed_at = legal_holds.placed_at)",
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

/// Everybody on whom a hold is in force, as a keyed hash of the person, with the name.
pub(crate) async fn everybody(c: &mut Connection) -> Result<Vec<(String, String)>, StoreError> {
    let rows = c.rows("SELECT * FROM legal_holds WHERE lifted_at IS NULL", values![]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let hold = hold(row)?;
        let key = Some(hold.owner_key.as_str()).filter(|key| !key.is_empty()).map(str::parse);
        let key = key.transpose().map_err(|_| StoreError::Corrupt { what: "owner_key" })?;
        found.push((blind(c, &Owner { subject: &hold.subject, key }), hold.subject));
    }
    Ok(found)
}

/// All of them, those in force first, then the latest. One that was placed on several names of a person is one: that of
/// the name that was said, which was placed first.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection) -> Result<Vec<Hold>, StoreError> {
    let all: Vec<Hold> = c
        .rows(
            "SELECT * FROM legal_holds ORDER BY CASE WHEN lifted_at IS NULL THEN 0 ELSE 1 END, placed_at DESC, id DESC",
            values![],
        )
        .await?
        .iter()
        .map(hold)
        .collect::<Result<_, _>>()?;
    let together = |a: &Hold, b: &Hold| {
        (&a.matter, &a.owner_key, &a.placed_by, a.placed_at)
            == (&b.matter, &b.owner_key, &b.placed_by, b.placed_at)
    };
    // Those of one moment stand together, the first one last.
    let is_first = |at: usize| all.get(at + 1).is_none_or(|next| !together(&all[at], next));
    Ok((0..all.len()).filter(|at| is_first(*at)).map(|at| all[at].clone()).collect())
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
