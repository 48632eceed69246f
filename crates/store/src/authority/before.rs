//! Rows of before there were MACs: signed once, in one transaction with the word of it in the keyring.
//!
//! That it was done is bound to the wrapping of the installation's root, so nobody without the key-encryption key can
//! say that it was not; but for who kept the wrapping of before, until that key-encryption key is retired
//! (docs/security.md). Each time it is done the audit log says how many rows there were.

use contactiq_domain::Timestamp;
use contactiq_guard::seal::KeyEncryption;

use super::{KEYS, SESSIONS, Signed, TICKETS, moment};
use crate::{
    Connection, Store, StoreError, Writer,
    audit::{self, AuditKind, Event},
    keyring,
    value::{Value, places, values},
};

/// Rows of one statement.
const TOGETHER: i64 = 500;

/// Whether there is a row that would have to be signed.
pub(crate) async fn is_anything(c: &mut Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM api_keys UNION ALL SELECT 1 AS one FROM page_sessions
         UNION ALL SELECT 1 AS one FROM tickets LIMIT 1";
    Ok(c.row(sql, Vec::new()).await?.is_some())
}

/// Signs what has no MAC, unless another process has done so.
///
/// # Errors
/// When the database fails.
pub(crate) async fn sign(store: &Store, kek: &KeyEncryption) -> Result<(), StoreError> {
    let mut w = store.at_work().write().await?;
    // Held until this is saved: of several that start at once one signs, and the others find it done.
    if keyring::is_signed(&mut w, kek).await? {
        return Ok(());
    }
    let mut signed = Vec::new();
    for (table, sql) in [
        (&KEYS, "SELECT * FROM api_keys WHERE mac IS NULL AND id > $1 ORDER BY id LIMIT $2"),
        (&SESSIONS, "SELECT * FROM page_sessions WHERE mac IS NULL AND id > $1 ORDER BY id LIMIT $2"),
        (
            &TICKETS,
            "SELECT id, interaction, conversation, mode, taken_by FROM tickets
             WHERE mac IS NULL AND id > $1 ORDER BY id LIMIT $2",
        ),
    ] {
        signed.push((table.table, all_of(&mut w, table, sql).await?));
    }
    keyring::mark_signed(&mut w, kek).await?;
    if signed.iter().any(|(_, rows)| *rows > 0) {
        note(&mut w, &signed, moment()).await?;
    }
    w.save().await
}

async fn all_of(w: &mut Writer, of: &Signed, sql: &'static str) -> Result<u64, StoreError> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let rows = w.rows(sql, values![&after, TOGETHER]).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = last.text("id")?;
        let mut bound: Vec<Value> = Vec::with_capacity(rows.len() * 2);
        for row in &rows {
            let mac = w.sealer().mac_of_row(of.table, &of.readable(row)).to_vec();
            bound.extend(values![row.text("id")?, mac]);
        }
        let anew = places(w.is_postgres(), rows.len(), 2);
        let table = of.table;
        let sql = format!(
            "WITH anew (id, mac) AS (VALUES {anew}) UPDATE {table} SET mac = anew.mac FROM anew WHERE {table}.id = anew.id"
        );
        count += w.execute_built(sql, bound).await?;
    }
}

async fn note(w: &mut Writer, signed: &[(&str, u64)], at: Timestamp) -> Result<(), StoreError> {
    let mut fields = vec![("rows", Some("signed".to_owned()))];
    fields.extend(signed.iter().map(|(table, rows)| (*table, Some(rows.to_string()))));
    tracing::info!(?signed, "rows that give authority were signed, as the first start of this version does");
    audit::note(w, &Event::new(audit::fresh_id(w), at, AuditKind::Key, &fields)).await
}
