//! Forgetting once more whom a restored backup brought back (E7).

use std::collections::{BTreeMap, HashSet};

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
    unread::{self, Unread},
};
use crate::{Connection, Store, StoreError, conversations::Owner, page_sessions, row::Row, value::values};

/// What became of whom a restored backup brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameBack {
    /// People who were erased again.
    pub erased: u64,
    /// Those who stay, because a legal hold is on them: the receipt of each.
    pub held: Vec<Uuid>,
    /// Those who stay, because a legal hold is on them whose row does not open: the receipt of each.
    pub hold_unread: Vec<Uuid>,
    /// Those whose name does not open and whom no receipt names, so that nobody can tell whether they were erased: the id
    /// of the key of each, 32 hexadecimal digits.
    pub unread: Vec<String>,
    /// Those who stay because their receipt is kept here already and is dated later than now: they may have returned after
    /// an erasure by a clock that was ahead, or the receipt may have come by an earlier run. The receipt of each.
    pub undecided: Vec<Uuid>,
}

/// Erases once more those whom a restored backup brought back: everybody whom one of these receipts names, unless the
/// conversation, sitting or hold began after the erasure. Whoever left nothing but a word on a purpose or an access is not
/// found: keyed hashes tell nobody's name. Whose name does not open is found by the hash beside their key, or counted. The
/// receipts are kept here too.
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
    let before = made_before(&mut *store.read().await?, receipts, now).await?;
    let undecided = |person: &str, began_at: Timestamp| {
        let named = |receipt: &&Receipt| receipt.person == person && began_at <= receipt.erased_at;
        receipts.iter().filter(named).find(|receipt| before.contains(&receipt.id)).map(|receipt| receipt.id)
    };
    // Who came again after having been forgotten is remembered.
    let naming = |person: &str, began_at: Timestamp| {
        let mut named = receipts.iter().filter(|receipt| receipt.person == person);
        named.find(|receipt| began_at <= receipt.erased_at && !before.contains(&receipt.id))
    };
    // Who reads keeps the log of the file from being folded: what is erased below would stay in it.
    let (people, unread) = everybody(&mut *store.read().await?).await?;
    let mut dealt_with = HashSet::new();
    for (subject, key, began_at) in people {
        let owner = Owner { subject: &subject, key };
        let person = blind(&*store.read().await?, &owner);
        let Some(receipt) = naming(&person, began_at) else {
            back.undecided.extend(undecided(&person, began_at));
            continue;
        };
        let by = By { name: &receipt.erased_by, signer, settles: None };
        match erase::person(store, &owner, by, ids, now).await {
            Ok(Erased::Now(_)) => back.erased += 1,
            // A hold that does not open holds too.
            Ok(Erased::Held(_)) => back.held.push(receipt.id),
            Err(StoreError::Sealed(_)) => back.hold_unread.push(receipt.id),
            Err(error) => return Err(error),
        }
        dealt_with.insert(person);
    }
    for of in unread {
        // Whose name a sitting or a hold told was erased by it, with one receipt, or stays.
        if dealt_with.contains(&of.person) {
            continue;
        }
        if receipts.iter().all(|receipt| receipt.person != of.person) {
            back.unread.push(of.data_key);
            continue;
        }
        let Some(receipt) = naming(&of.person, of.began_at) else {
            back.undecided.extend(undecided(&of.person, of.began_at));
            continue;
        };
        let by = By { name: &receipt.erased_by, signer, settles: None };
        match unread::erase(store, &of, by, ids, now).await? {
            true => back.erased += 1,
            false => back.held.push(receipt.id),
        }
    }
    let mut w = store.write().await?;
    for receipt in receipts {
        if receipt.signed.is_some() {
            erase::let_go_of_forged(&mut w, receipt.id).await?;
        }
        erase::keep(&mut w, receipt).await?;
    }
    w.save().await?;
    Ok(back)
}

/// Those of these receipts that are kept here and are dated later than now: they were made here, by a clock that was set
/// back since, and whoever is here came after them.
async fn made_before(
    c: &mut Connection,
    receipts: &[Receipt],
    now: Timestamp,
) -> Result<HashSet<Uuid>, StoreError> {
    let mut made = HashSet::new();
    for receipt in receipts.iter().filter(|receipt| receipt.erased_at > now) {
        if erase::receipt_of(c, receipt.id).await?.is_some() {
            made.insert(receipt.id);
        }
    }
    Ok(made)
}

/// Somebody as the bank names them, the key that speaks for them, and when the first thing of theirs began.
type Named = (String, Option<KeyId>, Timestamp);

/// Everybody whose conversations, sittings or holds are here, with the beginning of the first one; and those whose name
/// does not open.
async fn everybody(c: &mut Connection) -> Result<(Vec<Named>, Vec<Unread>), StoreError> {
    let (mut all, unread) = of_conversations(c).await?;
    let sittings = page_sessions::everybody(c).await?;
    all.extend(sittings.into_iter().map(|(subject, began_at)| (subject, None, began_at)));
    all.extend(holds::people(c).await?);
    let mut first: BTreeMap<(String, String), (Option<KeyId>, Timestamp)> = BTreeMap::new();
    for (subject, key, began_at) in all {
        let known = first.entry((subject, owner_key(key))).or_insert((key, began_at));
        known.1 = known.1.min(began_at);
    }
    let named = first.into_iter().map(|((subject, _), (key, began_at))| (subject, key, began_at)).collect();
    Ok((named, unread))
}

/// Who was erased has no key: a mark of erasure beside a key was made by hand, and hides nobody.
async fn of_conversations(c: &mut Connection) -> Result<(Vec<Named>, Vec<Unread>), StoreError> {
    let rows = c
        .rows(
            "SELECT subject, owner_key, MIN(data_key) AS data_key, MIN(created_at) AS began_at FROM conversations
             WHERE data_key IS NOT NULL GROUP BY subject, owner_key",
            values![],
        )
        .await?;
    let (mut named, mut unread) = (Vec::new(), Vec::new());
    for row in &rows {
        let (key, began_at) = (row.parsed_or_none::<KeyId>("owner_key")?, row.moment("began_at")?);
        match row.person_by_key(String::new) {
            Ok(subject) => named.push((subject, key, began_at)),
            Err(StoreError::Sealed(_)) => match by_any_key(c, &row.text("subject")?, key).await? {
                Ok(subject) => named.push((subject, key, began_at)),
                Err(of) => unread.extend(of),
            },
            Err(error) => return Err(error),
        }
    }
    Ok((named, unread))
}

/// The name of whom a back end does not name, by any of the keys of their conversations; else all of them as they stand.
async fn by_any_key(
    c: &mut Connection,
    subject: &str,
    key: Option<KeyId>,
) -> Result<Result<String, Vec<Unread>>, StoreError> {
    let rows = c
        .rows(
            "SELECT data_keys.id AS data_key, data_keys.person, MIN(conversations.created_at) AS began_at
             FROM conversations JOIN data_keys ON data_keys.id = conversations.data_key
             WHERE conversations.subject = $1 AND conversations.owner_key IS NOT DISTINCT FROM $2
             GROUP BY data_keys.id, data_keys.person ORDER BY data_keys.id",
            values![subject, key],
        )
        .await?;
    if let Some(name) = rows.iter().find_map(|row| row.person_by_key(String::new).ok()) {
        return Ok(Ok(name));
    }
    let unread = |row: &Row| {
        Ok::<_, StoreError>(Unread {
            subject: subject.to_owned(),
            key,
            person: row.text("person")?,
            data_key: row.text("data_key")?,
            began_at: row.moment("began_at")?,
        })
    };
    Ok(Err(rows.iter().map(unread).collect::<Result<_, StoreError>>()?))
}
