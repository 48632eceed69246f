//! Legal hold: what somebody may need as evidence is neither erased nor purged until the hold is lifted.

use std::collections::HashSet;

use contactiq_domain::{
    Timestamp,
    ids::{Ids, KeyId},
};
use contactiq_guard::seal::{Cell, SealError};
use uuid::Uuid;

use super::{blind, consent::named, turns};
use crate::{
    Connection, StoreError, Writer, access, audit, authority::DamagedKind, conversations::Owner, data_keys,
    row::Row, value::values,
};

const TABLE: &str = "legal_holds";
/// What stands in the place of what went with a person.
const GONE: &str = "[erased]";

/// A hold on everything of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// The person; `[erased]` where the person was forgotten after it was lifted.
    pub subject: String,
    /// The id of the key that speaks for the person; empty where the person signs in.
    pub owner_key: String,
    /// The bank's number of the case, which may be a name: sealed at rest with the person's key, `[erased]` where the
    /// person was forgotten after it was lifted.
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
    tend(w).await?;
    let first = names.first().ok_or(StoreError::NotFound { what: "person" })?;
    let Some(hold) = in_force(w, first, matter).await? else {
        // A set of its own for all names: what another hold of the matter has on one of them is lifted with that one.
        let mut placed = Vec::with_capacity(names.len());
        for owner in names {
            placed.push(insert(w, owner, matter, (by, now), ids.next(), now).await?);
        }
        return Ok(placed.swap_remove(0));
    };
    for owner in &names[1..] {
        if !is_in(w, owner, &hold).await? {
            insert(w, owner, matter, (&hold.placed_by, hold.placed_at), ids.next(), now).await?;
        }
    }
    Ok(hold)
}

/// Whether this name is held together with a hold in force.
async fn is_in(c: &mut Connection, owner: &Owner<'_>, hold: &Hold) -> Result<bool, StoreError> {
    let (subject, owner_key) = named(c, owner);
    let sql =
        "SELECT id FROM legal_holds WHERE subject = $1 AND owner_key = $2 AND matter = $3 AND placed_by = $4
         AND placed_at = $5 AND lifted_at IS NULL LIMIT 1";
    let values = values![subject, owner_key, hashed(c, &hold.matter), &hold.placed_by, hold.placed_at];
    Ok(c.row(sql, values).await?.is_some())
}

/// The hold in force on this person in this matter that was placed first.
async fn in_force(c: &mut Connection, owner: &Owner<'_>, matter: &str) -> Result<Option<Hold>, StoreError> {
    let (subject, owner_key) = named(c, owner);
    let matter = hashed(c, matter);
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
    if matter.is_empty() {
        return Err(StoreError::Refused { rule: "legal_holds_matter_given".to_owned() });
    }
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
    let (words, matter) =
        (w.hide_for(key.as_deref(), matter, TABLE, "words", &id.to_string()), hashed(w, matter));
    w.execute(
        "INSERT INTO legal_holds (id, subject, owner_key, matter, placed_by, placed_at, data_key, words)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![hold.id, subject, &hold.owner_key, matter, by, at, key.map(|key| key.name()), words],
    )
    .await?;
    trace(w, owner, id).await?;
    audit::hold_placed(w, id, now).await?;
    Ok(hold)
}

/// What stands for the number of a case in its column, to be found again.
fn hashed(c: &Connection, matter: &str) -> String {
    c.blind(&format!("matter\0{matter}"))
}

/// Keeps by what the access events of whom a hold is on are found, and those of the hold itself.
async fn trace(w: &mut Writer, owner: &Owner<'_>, hold: Uuid) -> Result<(), StoreError> {
    let mut traces = access::traces_of(w, owner);
    traces.push(hold.to_string());
    for trace in traces {
        w.execute(
            "INSERT INTO hold_traces (hold, trace) VALUES ($1, $2) ON CONFLICT (trace, hold) DO NOTHING",
            values![hold, trace],
        )
        .await?;
    }
    Ok(())
}

/// Seals the numbers of cases that an earlier version left in the clear, and keeps the traces of its holds in force. How
/// many rows were changed. What can't be read stays as it is: such a hold keeps every access event.
///
/// # Errors
/// When the database fails.
pub(crate) async fn tend(w: &mut Writer) -> Result<u64, StoreError> {
    let mut tended = 0;
    for row in w.rows("SELECT * FROM legal_holds WHERE words IS NULL", values![]).await? {
        let Ok(key) = row.data_key() else { continue };
        if key.is_none() && row.int_or_none("lifted_at")?.is_none() {
            // Nothing to seal it with: the number is needed as long as the hold is in force.
            continue;
        }
        let (id, matter) = (row.text("id")?, row.text("matter")?);
        let words = w.hide_for(key.as_deref(), &matter, TABLE, "words", &id);
        let hash = hashed(w, &matter);
        let sql = "UPDATE legal_holds SET matter = $2, words = $3 WHERE id = $1";
        tended += w.execute(sql, values![id, hash, words]).await?;
    }
    let untraced = "SELECT * FROM legal_holds WHERE lifted_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM hold_traces WHERE hold_traces.hold = legal_holds.id)";
    for row in w.rows(untraced, values![]).await? {
        let (Ok(Some(_)), Ok(subject)) = (row.data_key(), row.person_by_key(String::new)) else { continue };
        let (Ok(key), Ok(id)) = (key_of(&row), row.parsed("id")) else { continue };
        trace(w, &Owner { subject: &subject, key }, id).await?;
        tended += 1;
    }
    Ok(tended)
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
        .rows(
            "UPDATE legal_holds SET lifted_by = $2, lifted_at = CASE WHEN placed_at > $3 THEN placed_at ELSE $3 END
             WHERE lifted_at IS NULL AND EXISTS (SELECT 1 FROM legal_holds named WHERE named.id = $1
                 AND named.lifted_at IS NULL AND named.matter = legal_holds.matter
                 AND named.owner_key = legal_holds.owner_key AND named.placed_by = legal_holds.placed_by
                 AND named.placed_at = legal_holds.placed_at)
             RETURNING id",
            values![id, by, now],
        )
        .await?;
    if lifted.is_empty() {
        return Err(StoreError::NotFound { what: "hold" });
    }
    for row in &lifted {
        audit::hold_lifted(w, row.parsed("id")?, now).await?;
    }
    // By what the person's accesses are found stays no longer than the hold.
    w.execute(
        "DELETE FROM hold_traces WHERE hold IN (SELECT id FROM legal_holds WHERE lifted_at IS NOT NULL)",
        values![],
    )
    .await?;
    Ok(())
}

/// Notes that a hold is lifted whose row is lost: of one that stands in its table, [`lift`] is asked.
///
/// # Errors
/// [`StoreError::Conflict`] when its row stands, or when the database fails.
pub async fn lift_without_a_row(w: &mut Writer, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    if w.row("SELECT id FROM legal_holds WHERE id = $1", values![id]).await?.is_some() {
        return Err(StoreError::Conflict { rule: "legal_holds_id".into() });
    }
    audit::hold_lifted(w, id, now).await
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

/// Everybody on whom a hold is in force, as [`super::consent::as_kept`]. Nothing is opened for it: a damaged row holds
/// its person too.
pub(crate) async fn everybody(c: &mut Connection) -> Result<HashSet<(String, String)>, StoreError> {
    c.rows("SELECT subject, owner_key FROM legal_holds WHERE lifted_at IS NULL", values![])
        .await?
        .iter()
        .map(|row| Ok((row.text("subject")?, row.text("owner_key")?)))
        .collect()
}

/// Everybody on whom a hold is or was, with when it was placed. A row that does not open names nobody.
pub(super) async fn people(
    c: &mut Connection,
) -> Result<Vec<(String, Option<KeyId>, Timestamp)>, StoreError> {
    let mut people = Vec::new();
    for row in c.rows("SELECT * FROM legal_holds", values![]).await? {
        let (Ok(Some(_)), Ok(subject)) = (row.data_key(), row.person_by_key(String::new)) else { continue };
        if let Ok(key) = key_of(&row) {
            people.push((subject, key, row.moment("placed_at")?));
        }
    }
    Ok(people)
}

/// The key that speaks for whom a hold is on.
fn key_of(row: &Row) -> Result<Option<KeyId>, StoreError> {
    let owner_key = row.text("owner_key")?;
    let key = (!owner_key.is_empty()).then(|| owner_key.parse()).transpose();
    key.map_err(|_| StoreError::Corrupt { what: "owner_key" })
}

/// All of them, those in force first, then the latest. One that was placed on several names of a person is one: that of
/// the name that was said, which was placed first. One that is not as it was written, so that not even its id or its person
/// can be read, is told as damaged (`damaged_hold`) and hides no other.
///
/// # Errors
/// When the database fails, or a key is wrapped by one that is not configured here.
pub async fn list(c: &mut Connection) -> Result<Vec<Hold>, StoreError> {
    let rows = c
        .rows(
            "SELECT * FROM legal_holds ORDER BY CASE WHEN lifted_at IS NULL THEN 0 ELSE 1 END, placed_at DESC, id DESC",
            values![],
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        match hold(row) {
            Ok(hold) => all.push(hold),
            Err(
                StoreError::Corrupt { .. }
                | StoreError::Sealed(SealError::Malformed | SealError::NotAuthentic),
            ) => tell(c, row),
            Err(error) => return Err(error),
        }
    }
    let together = |a: &Hold, b: &Hold| {
        (&a.matter, &a.owner_key, &a.placed_by, a.placed_at)
            == (&b.matter, &b.owner_key, &b.placed_by, b.placed_at)
    };
    // Those of one moment stand together, the first one last.
    let is_first = |at: usize| all.get(at + 1).is_none_or(|next| !together(&all[at], next));
    Ok((0..all.len()).filter(|at| is_first(*at)).map(|at| all[at].clone()).collect())
}

/// Whether the key that a hold names is that of the person on whom it is: it keeps that key from being destroyed.
pub(crate) fn names_its_person(c: &Connection, row: &Row) -> bool {
    let is_in_force = !matches!(row.int_or_none("lifted_at"), Ok(Some(_)));
    match (row.data_key(), row.person_by_key(|| GONE.to_owned())) {
        // Of a version that named no key.
        (Ok(None), _) => true,
        (Ok(Some(_)), Ok(name)) if name == GONE => !is_in_force,
        (Ok(Some(_)), Ok(name)) => {
            let key = key_of(row).ok().flatten();
            row.text("subject").is_ok_and(|subject| named(c, &Owner { subject: &name, key }).0 == subject)
        }
        // With a wrapping key that is not configured here nobody can say.
        (Ok(Some(_)), Err(StoreError::Sealed(SealError::UnknownKey))) => true,
        _ => false,
    }
}

/// Tells that a row is not as it was written.
fn tell(c: &Connection, row: &Row) {
    let id = row.text("id").unwrap_or_default();
    let cells = ["subject", "owner_key", "matter", "placed_by"]
        .map(|column| row.text(column).map_or(Cell::Missing, Cell::Text));
    c.keys.damaged.report(&c.sealer(), DamagedKind::Hold, &id, &cells);
}

fn hold(row: &Row) -> Result<Hold, StoreError> {
    let lifted = match row.text_or_none("lifted_by")? {
        Some(by) => Some((by, row.moment("lifted_at")?)),
        None => None,
    };
    Ok(Hold {
        id: row.parsed("id")?,
        subject: row.person_by_key(|| GONE.to_owned())?,
        owner_key: row.text("owner_key")?,
        matter: matter(row)?,
        placed_by: row.text("placed_by")?,
        placed_at: row.moment("placed_at")?,
        lifted,
    })
}

/// The number of the case as it was said.
fn matter(row: &Row) -> Result<String, StoreError> {
    match row.text_or_none("words")? {
        // Of an earlier version.
        None => row.text("matter"),
        Some(_) if row.data_key()?.is_none() => Ok(GONE.to_owned()),
        Some(_) => row.name(TABLE, "words", &row.text("id")?),
    }
}
