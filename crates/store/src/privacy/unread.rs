//! Erasing somebody whose name does not open, because the key or the name is damaged: by the keyed hashes that stand beside
//! it. Accesses and dead letters of which no interaction is kept can't be found without the name.

use contactiq_domain::{
    Timestamp,
    ids::{Ids, KeyId},
};

use super::{
    consent,
    erase::{self, By, Receipt},
    owner_key, turns,
};
use crate::{Store, StoreError, Writer, error::IN_THE_WAY, row::id_in, tickets, value::values};

/// Somebody whose name does not open.
pub(super) struct Unread {
    /// The subject as a keyed hash.
    pub(super) subject: String,
    /// The key that speaks for them.
    pub(super) key: Option<KeyId>,
    /// Who they are, as receipts name them.
    pub(super) person: String,
    /// The id of their key.
    pub(super) data_key: String,
    /// When their first conversation began.
    pub(super) began_at: Timestamp,
}

/// Erases them; false where a hold in force keeps them.
pub(super) async fn erase(
    store: &Store,
    of: &Unread,
    by: By<'_>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut tried = 1;
    loop {
        match begin(store, of, by, ids, now).await {
            // Whoever writes for the person at this moment may have been first.
            Err(StoreError::Unavailable { why: IN_THE_WAY }) if tried < erase::TRIES => tried += 1,
            Ok(true) => break,
            other => return other,
        }
    }
    erase::texts_left(store, now).await?;
    store.fold().await?;
    Ok(true)
}

/// The first transaction.
async fn begin(
    store: &Store,
    of: &Unread,
    by: By<'_>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let id = id_in(&of.data_key).ok_or(StoreError::Corrupt { what: "data key" })?;
    let mut w = store.write().await?;
    turns::alone(&mut w, std::iter::once(of.person.clone())).await?;
    let held = "SELECT 1 AS one FROM legal_holds WHERE subject = $1 AND owner_key = $2 AND lifted_at IS NULL LIMIT 1";
    if w.row(held, values![&of.subject, owner_key(of.key)]).await?.is_some() {
        return Ok(false);
    }
    let interactions = count(
        &mut w,
        "SELECT COUNT(*) AS found FROM interactions JOIN conversations ON conversations.id = interactions.conversation
         WHERE conversations.data_key = $1 AND interactions.anonymised_at IS NULL",
        &of.data_key,
    )
    .await?;
    let exports =
        count(&mut w, "SELECT COUNT(*) AS found FROM exports WHERE person = $1", &of.person).await?;
    let sql = "SELECT id, erasure FROM conversations WHERE data_key = $1".to_owned();
    let rows = w.rows_of_keys(sql, values![&of.data_key], 1).await?;
    let conversations = erase::mark_among(&mut w, &rows, now).await?;
    w.execute("UPDATE conversations SET data_key = NULL WHERE data_key = $1", values![&of.data_key]).await?;
    let destroyed = w.execute("DELETE FROM data_keys WHERE id = $1", values![&of.data_key]).await?;
    consent::forget_as_kept(&mut w, (&of.subject, &owner_key(of.key)), now).await?;
    tickets::let_go(&mut w, &of.person).await?;
    let receipt = Receipt {
        id: ids.next(),
        person: of.person.clone(),
        erased_by: by.name.to_owned(),
        erased_at: now,
        conversations,
        interactions,
        exports,
        held: 0,
        signed: None,
    };
    erase::record(&mut w, receipt, by, destroyed).await?;
    w.save().await?;
    store.keys.forget(&[id]);
    Ok(true)
}

async fn count(w: &mut Writer, sql: &'static str, of: &str) -> Result<u64, StoreError> {
    w.row(sql, values![of]).await?.map_or(Ok(0), |row| row.count("found"))
}
