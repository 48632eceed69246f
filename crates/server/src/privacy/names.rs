//! The names under which one person may be kept. Clients of OpenAI's shapes name a person in `user` or
//! `safety_identifier`, often by an address: what is kept of those is a name that stands for it, made with a key. Whoever
//! asks about a person says what the client sent.

use contactiq_domain::{
    Timestamp,
    ids::{Ids, KeyId},
};
use contactiq_store::{
    Store, StoreError, Writer,
    conversations::Owner,
    privacy::{
        erase::{self, By, Forgotten},
        holds::{self, Hold},
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
    let alias = key.map(|key| user(&store.derived_key(BODY_KEY), &key.subject(), subject));
    std::iter::once(subject.to_owned()).chain(alias).collect()
}

/// Erases a person under all names: the receipts are one a name, that of the name that was said first.
///
/// # Errors
/// When the database fails.
pub async fn erase_person(
    store: &Store,
    subject: &str,
    key: Option<KeyId>,
    by: By<'_>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Forgotten, StoreError> {
    let names = names(store, subject, key);
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    erase::people(store, &owners, by, ids, now).await
}

/// Holds a person under all names; the hold on the name that was said. Lifting it lifts all. Placed again in the same
/// matter it is the same hold.
///
/// # Errors
/// When a name or the matter is empty, or the database fails.
pub async fn hold_person(
    w: &mut Writer,
    owner: &Owner<'_>,
    names: &[String],
    (matter, by): (&str, &str),
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Hold, StoreError> {
    let others = names.iter().filter(|name| *name != owner.subject);
    let owners: Vec<Owner<'_>> =
        std::iter::once(*owner).chain(others.map(|subject| Owner { subject, key: owner.key })).collect();
    holds::place_on_all(w, &owners, matter, by, ids, now).await
}
