//! Rotation of the key-encryption key: every wrapped key is wrapped anew with the active one, in small transactions
//! while everybody goes on reading what either wrapped (A6, A8). Nothing that was sealed is touched.

use std::sync::Arc;

use contactiq_domain::{Timestamp, ids::Ids};

use crate::{
    Connection, Store, StoreError,
    audit::{self, AuditKind, Event},
    data_keys::wrapped_at,
    keyring,
    value::{Value, places, values},
};

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
    let (kek, mut c) = (&store.keys.kek, store.read().await?);
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
/// once share the work.
///
/// # Errors
/// When the database fails or a wrapped key was changed.
pub async fn rotate_step(store: &Store) -> Result<u64, StoreError> {
    let kek = Arc::clone(&store.keys.kek);
    let mut w = store.at_work().write().await?;
    let rotated = keyring::rotate(&mut w, &kek).await?;
    if rotated > 0 {
        w.save().await?;
        return Ok(rotated);
    }
    let skips = if w.is_postgres() { " FOR NO KEY UPDATE SKIP LOCKED" } else { "" };
    for old in kek.ids().filter(|id| *id != kek.active()) {
        let sql =
            format!("SELECT id, person, wrapped FROM data_keys WHERE kek = $1 ORDER BY id LIMIT $2{skips}");
        let rows = w.rows_of_keys(sql, values![old, BATCH as i64], 2).await?;
        if rows.is_empty() {
            continue;
        }
        let mut bound: Vec<Value> = Vec::with_capacity(rows.len() * 2 + 2);
        for row in &rows {
            let id = row.text("id")?;
            let place = wrapped_at(&id, &row.text("person")?);
            let key = kek.unwrap(old, &row.bytes("wrapped")?, &place)?;
            bound.extend(values![id, kek.wrap(&key, &place)]);
        }
        bound.extend(values![kek.active(), old]);
        let (active, before) = match w.is_postgres() {
            true => (format!("${}", rows.len() * 2 + 1), format!("${}", rows.len() * 2 + 2)),
            false => (format!("?{}", rows.len() * 2 + 1), format!("?{}", rows.len() * 2 + 2)),
        };
        let sql = format!(
            "WITH anew (id, wrapped) AS (VALUES {}) UPDATE data_keys SET kek = {active}, wrapped = anew.wrapped FROM anew
             WHERE data_keys.id = anew.id AND data_keys.kek = {before}",
            places(w.is_postgres(), rows.len(), 2)
        );
        let rotated = w.execute_built(sql, bound).await?;
        w.save().await?;
        return Ok(rotated);
    }
    Ok(0)
}

/// Notes in the audit log that keys were wrapped anew.
///
/// # Errors
/// When the database fails.
pub async fn note_rotation(
    store: &Store,
    rotated: u64,
    by: &str,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<(), StoreError> {
    let fields = [
        ("keys_rotated", Some(rotated.to_string())),
        ("to", Some(store.keys.kek.active().to_owned())),
        ("actor", Some(store.pseudonym(by))),
    ];
    let mut w = store.write().await?;
    audit::note(&mut w, &Event::new(ids.next(), now, AuditKind::Key, &fields)).await?;
    w.save().await
}

/// How many people have a key.
///
/// # Errors
/// When the database fails.
pub async fn count_people(c: &mut Connection) -> Result<u64, StoreError> {
    let row = c.row("SELECT COUNT(*) AS found FROM data_keys", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}
