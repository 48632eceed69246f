//! The names under which one person may be kept. Clients of OpenAI's shapes name a person in `user` or
//! `safety_identifier`, often by an address: what is kept of those is a name that stands for it, made with a key. Whoever
//! asks about a person says what the client sent.

use contactiq_domain::{
    Timestamp,
    ids::{Ids, KeyId},
};
use contactiq_store::{
    Connection, Store, StoreError, conversations,
    conversations::Owner,
    privacy::{
        erase::{self, Erased},
        holds,
    },
};

use crate::{
    app::BODY_KEY,
    wiring::{hex, mac},
};

/// What stands for the person whom a caller of this identity calls so.
#[must_use]
pub fn user(body_key: &[u8; 32], identity: &str, called: &str) -> String {
    let caller = mac(body_key, &[b"names\0", identity.as_bytes()]);
    let mut digits = hex(&mac(&caller, &[called.as_bytes()]));
    digits.truncate(32);
    format!("user-{digits}")
}

/// All names of a person: the one that was said, and of a back end's person the one that stands for it.
#[must_use]
pub fn names(store: &Store, subject: &str, key: Option<KeyId>) -> Vec<String> {
    let alias = key.map(|key| user(&store.derived_key(BODY_KEY), &format!("key:{key}"), subject));
    std::iter::once(subject.to_owned()).chain(alias).collect()
}

/// Those of them under which something is kept, and the first in any case.
///
/// # Errors
/// When the database fails.
pub async fn kept(
    c: &mut Connection,
    names: Vec<String>,
    key: Option<KeyId>,
) -> Result<Vec<String>, StoreError> {
    let mut kept = Vec::with_capacity(names.len());
    for name in names {
        let is_first = kept.is_empty();
        if is_first || !conversations::list_of(c, &Owner { subject: &name, key }, 1).await?.is_empty() {
            kept.push(name);
        }
    }
    Ok(kept)
}

/// Erases a person under all names; the receipt is of the first one, and counts what was erased under all.
///
/// # Errors
/// When the database fails.
pub async fn erase_person(
    store: &Store,
    subject: &str,
    key: Option<KeyId>,
    by: &str,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Erased, StoreError> {
    let mut r = store.read().await?;
    let names = kept(&mut r, names(store, subject, key), key).await?;
    for name in &names {
        if let Some(hold) = holds::of(&mut r, &Owner { subject: name, key }).await? {
            return Ok(Erased::Held(hold.matter));
        }
    }
    drop(r);
    let mut all = None;
    for name in &names {
        let erased = erase::person(store, &Owner { subject: name, key }, by, ids, now).await?;
        let Erased::Now(receipt) = erased else { return Ok(erased) };
        let first = all.get_or_insert_with(|| erase::Receipt {
            conversations: 0,
            interactions: 0,
            ..receipt.clone()
        });
        first.conversations += receipt.conversations;
        first.interactions += receipt.interactions;
    }
    all.map(Erased::Now).ok_or(StoreError::NotFound { what: "person" })
}
