//! Forgetting once more whom a restored backup brought back (E7).

use std::collections::BTreeMap;

use contactiq_auditlog::SigningKey;
use contactiq_domain::{
    Timestamp,
    ids::{Ids, KeyId},
};
use uuid::Uuid;

use super::{
    blind,
    erase::{self, By, Erased, Receipt},
    holds, owner_key,
};
use crate::{Connection, Store, StoreError, conversations::Owner, page_sessions, value::values};

/// What became of whom a restored backup brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameBack {
    /// People who were erased again.
    pub erased: u64,
    /// Those who stay, because a legal hold is on them: the receipt of each.
    pub held: Vec<Uuid>,
}

/// Erases once more those whom a restored backup brought back: everybody whom one of these receipts names, unless the
/// conversation, sitting or hold began after the erasure. Whoever left nothing but a word on a purpose or an access is not
/// found: keyed hashes tell nobody's name. The receipts are kept here too.
///
/// # Errors
/// When the database fails.
pub async fn again(
    store: &Store,
    receipts: &[Receipt],
    signer: Option<&SigningKey>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<CameBack, StoreError> {
    let mut back = CameBack::default();
    // Who reads keeps the log of the file from being folded: what is erased below would stay in it.
    let people = everybody(&mut *store.read().await?).await?;
    for (subject, key, began_at) in people {
        let owner = Owner { subject: &subject, key };
        let person = blind(&*store.read().await?, &owner);
        let mut named = receipts.iter().filter(|receipt| receipt.person == person);
        // Who came again after having been forgotten is remembered.
        let Some(receipt) = named.find(|receipt| began_at <= receipt.erased_at) else {
            continue;
        };
        let by = By { name: &receipt.erased_by, signer, settles: None };
        match erase::person(store, &owner, by, ids, now).await? {
            Erased::Now(_) => back.erased += 1,
            Erased::Held(_) => back.held.push(receipt.id),
        }
    }
    let mut w = store.write().await?;
    for receipt in receipts {
        erase::keep(&mut w, receipt).await?;
    }
    w.save().await?;
    Ok(back)
}

/// Everybody whose conversations, sittings or holds are here, with the beginning of the first one.
async fn everybody(c: &mut Connection) -> Result<Vec<(String, Option<KeyId>, Timestamp)>, StoreError> {
    let mut all = of_conversations(c).await?;
    let sittings = page_sessions::everybody(c).await?;
    all.extend(sittings.into_iter().map(|(subject, began_at)| (subject, None, began_at)));
    all.extend(holds::people(c).await?);
    let mut first: BTreeMap<(String, String), (Option<KeyId>, Timestamp)> = BTreeMap::new();
    for (subject, key, began_at) in all {
        let known = first.entry((subject, owner_key(key))).or_insert((key, began_at));
        known.1 = known.1.min(began_at);
    }
    Ok(first.into_iter().map(|((subject, _), (key, began_at))| (subject, key, began_at)).collect())
}

async fn of_conversations(c: &mut Connection) -> Result<Vec<(String, Option<KeyId>, Timestamp)>, StoreError> {
    c.rows(
        "SELECT subject, owner_key, MIN(data_key) AS data_key, MIN(created_at) AS began_at FROM conversations
         WHERE data_key IS NOT NULL AND erased_at IS NULL GROUP BY subject, owner_key",
        values![],
    )
    .await?
    .iter()
    .map(|row| {
        let subject = row.person_by_key(String::new)?;
        Ok((subject, row.parsed_or_none("owner_key")?, row.moment("began_at")?))
    })
    .collect()
}
