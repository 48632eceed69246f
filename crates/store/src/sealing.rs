//! Rotation of the key-encryption key: every wrapped key is wrapped anew with the active one, in small transactions
//! while everybody goes on reading what either wrapped (A6, A8). Nothing that was sealed is touched.

use contactiq_domain::Timestamp;
use contactiq_guard::seal::{KeyEncryption, SealError};

use crate::{
    Connection, Store, StoreError, Writer,
    audit::{self, AuditKind, Event},
    data_keys::wrapped_at,
    keyring,
    value::{Value, places, values},
};

/// A list of key-encryption keys without the one that wraps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key-encryption key {active}, which wraps, is not in the list: name it behind the new one")]
pub struct WrappingKeyMissing {
    /// The id of the key that wraps.
    pub active: String,
}

/// Keys of one transaction.
pub const BATCH: usize = 500;

/// How many keys a key-encryption key wraps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Wrapped {
    /// Its fingerprint, 16 hexadecimal digits.
    pub kek: String,
    /// Whether new keys are wrapped by it.
    pub active: bool,
    /// Whether it is configured: without it those keys, and all that they sealed, can't be read.
    pub configured: bool,
    /// Keys of the installation.
    pub installation: u64,
    /// Keys of people.
    pub people: u64,
}

/// Which key-encryption keys wrap how many keys: the active one first, then those that are configured, then those that
/// are missing.
///
/// # Errors
/// When the database fails.
pub async fn status(store: &Store) -> Result<Vec<Wrapped>, StoreError> {
    let (kek, mut c) = (store.keys.kek(), store.read().await?);
    let none = |id: &str, configured| Wrapped {
        kek: id.to_owned(),
        active: id == kek.active(),
        configured,
        installation: 0,
        people: 0,
    };
    let mut all: Vec<Wrapped> = kek.ids().map(|id| none(id, true)).collect();
    for (sql, people) in [
        ("SELECT kek, COUNT(*) AS found FROM keyring GROUP BY kek ORDER BY kek", false),
        ("SELECT kek, COUNT(*) AS found FROM data_keys GROUP BY kek ORDER BY kek", true),
    ] {
        for row in c.rows(sql, Vec::new()).await? {
            let (id, found) = (row.text("kek")?, row.count("found")?);
            let at = match all.iter().position(|wrapped| wrapped.kek == id) {
                Some(at) => at,
                None => {
                    all.push(none(&id, false));
                    all.len() - 1
                }
            };
            if people {
                all[at].people = found;
            } else {
                all[at].installation = found;
            }
        }
    }
    Ok(all)
}

/// Wraps the next batch anew; how many keys, 0 when none waits that can be. Broken off, the next one goes on; two at
/// once share the work. The audit log has an entry of the beginning, in the transaction of the first batch, and one of the
/// end with the count, in that of the step that finds nothing left: so one that was broken off is a beginning without an
/// end, until somebody finishes it. Keys that are [`damaged`] are left out; while there are such a rotation has no end.
///
/// # Errors
/// When the database fails.
pub async fn rotate_step(store: &Store, by: &str, now: Timestamp) -> Result<u64, StoreError> {
    let kek = store.keys.kek();
    let mut w = store.at_work().write().await?;
    let rotated = keyring::rotate(&mut w, &kek).await?;
    if rotated > 0 {
        count(&mut w, &kek, rotated, by, now).await?;
        w.save().await?;
        return Ok(rotated);
    }
    let skips = if w.is_postgres() { " FOR NO KEY UPDATE SKIP LOCKED" } else { "" };
    for old in kek.ids().filter(|id| *id != kek.active()) {
        let mut bound = next(&mut w, &kek, old, skips).await?;
        if bound.is_empty() {
            continue;
        }
        let anew = bound.len() / 2;
        bound.extend(values![kek.active(), old]);
        let (active, before) = match w.is_postgres() {
            true => (format!("${}", anew * 2 + 1), format!("${}", anew * 2 + 2)),
            false => (format!("?{}", anew * 2 + 1), format!("?{}", anew * 2 + 2)),
        };
        let sql = format!(
            "WITH anew (id, wrapped) AS (VALUES {}) UPDATE data_keys SET kek = {active}, wrapped = anew.wrapped FROM anew
             WHERE data_keys.id = anew.id AND data_keys.kek = {before}",
            places(w.is_postgres(), anew, 2)
        );
        let rotated = w.execute_built(sql, bound).await?;
        count(&mut w, &kek, rotated, by, now).await?;
        w.save().await?;
        return Ok(rotated);
    }
    end(w, &kek, by, now).await?;
    Ok(0)
}

/// The next keys that this key-encryption key wraps, each with its new wrapping; none where none is left that opens. One
/// that is damaged is left out, and looked behind.
async fn next(w: &mut Writer, kek: &KeyEncryption, old: &str, skips: &str) -> Result<Vec<Value>, StoreError> {
    let mut after = String::new();
    loop {
        let sql = format!(
            "SELECT id, person, wrapped FROM data_keys WHERE kek = $1 AND id > $3 ORDER BY id LIMIT $2{skips}"
        );
        let rows = w.rows_of_keys(sql, values![old, BATCH as i64, &after], 1).await?;
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        after = last.text("id")?;
        let mut bound: Vec<Value> = Vec::with_capacity(rows.len() * 2 + 2);
        for row in &rows {
            let id = row.text("id")?;
            let place = wrapped_at(&id, &row.text("person")?);
            match kek.unwrap(old, &row.bytes("wrapped")?, &place) {
                Ok(key) => bound.extend(values![id, kek.wrap(&key, &place)]),
                Err(SealError::Malformed | SealError::NotAuthentic) => {}
                Err(SealError::UnknownKey) => return Err(SealError::UnknownKey.into()),
            }
        }
        if !bound.is_empty() {
            return Ok(bound);
        }
    }
}

/// The keys of people that a configured key-encryption key wraps and that don't unwrap: the id of each, in their order.
/// What they sealed can't be read, and [`rotate_step`] leaves them as they are. Every key is tried.
///
/// # Errors
/// When the database fails.
pub async fn damaged(store: &Store) -> Result<Vec<String>, StoreError> {
    let (kek, store) = (store.keys.kek(), store.at_work());
    let (mut damaged, mut after) = (Vec::new(), String::new());
    loop {
        let sql = "SELECT id, person, kek, wrapped FROM data_keys WHERE id > $1 ORDER BY id LIMIT $2";
        let mut reader = store.read().await?;
        let rows = reader.rows_of_keys(sql.to_owned(), values![&after, BATCH as i64], 1).await?;
        drop(reader);
        let Some(last) = rows.last() else { return Ok(damaged) };
        after = last.text("id")?;
        for row in &rows {
            let id = row.text("id")?;
            let place = wrapped_at(&id, &row.text("person")?);
            match kek.unwrap(&row.text("kek")?, &row.bytes("wrapped")?, &place) {
                Err(SealError::Malformed | SealError::NotAuthentic) => damaged.push(id),
                // Of one that is not configured nothing can be said.
                Ok(_) | Err(SealError::UnknownKey) => {}
            }
        }
    }
}

/// Under which name the keys are counted that were wrapped anew with this key-encryption key.
fn counted_at(kek: &KeyEncryption) -> String {
    format!("rotation_{}", kek.active())
}

/// Counts what this step wraps; with the first one a rotation begins.
async fn count(
    w: &mut Writer,
    kek: &KeyEncryption,
    rotated: u64,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = counted_at(kek);
    let begins = w
        .execute(
            "INSERT INTO meta (name, value) VALUES ($1, '0') ON CONFLICT (name) DO NOTHING",
            values![&name],
        )
        .await?;
    if begins > 0 {
        note(w, kek, ("rotation", "begun"), None, by, now).await?;
    }
    w.execute(
        "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + $2 AS TEXT) WHERE name = $1",
        values![&name, rotated],
    )
    .await?;
    Ok(())
}

/// Ends a rotation, unless somebody else is at the last keys of it, or has ended it.
async fn end(mut w: Writer, kek: &KeyEncryption, by: &str, now: Timestamp) -> Result<(), StoreError> {
    for old in kek.ids().filter(|id| *id != kek.active()) {
        let left = "SELECT 1 AS one FROM data_keys WHERE kek = $1 LIMIT 1";
        if w.row(left, values![old]).await?.is_some() {
            return Ok(());
        }
    }
    let sql = "DELETE FROM meta WHERE name = $1 RETURNING value";
    let Some(row) = w.row(sql, values![counted_at(kek)]).await? else { return Ok(()) };
    note(&mut w, kek, ("rotation", "ended"), Some(row.text("value")?), by, now).await?;
    w.save().await
}

async fn note(
    w: &mut Writer,
    kek: &KeyEncryption,
    (what, became): (&str, &str),
    keys_rotated: Option<String>,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let fields = [
        (what, Some(became.to_owned())),
        ("keys_rotated", keys_rotated),
        ("to", Some(kek.active().to_owned())),
        ("actor", Some(w.sealer().pseudonym(by))),
    ];
    let event = Event::new(audit::fresh_id(w), now, AuditKind::Key, &fields);
    audit::note(w, &event).await
}

/// Whether a key-encryption key wraps anything.
///
/// # Errors
/// When the database fails.
pub async fn wraps(c: &mut Connection, kek: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM keyring WHERE kek = $1)
         OR EXISTS (SELECT 1 FROM data_keys WHERE kek = $1)";
    Ok(c.row(sql, values![kek]).await?.is_some())
}

/// How many people have a key.
///
/// # Errors
/// When the database fails.
pub async fn count_people(c: &mut Connection) -> Result<u64, StoreError> {
    let row = c.row("SELECT COUNT(*) AS found FROM data_keys", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}
