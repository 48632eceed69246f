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
        erase::{self, By, Erased, Receipt},
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

/// What became of a wish to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// The receipts, one a name, that of the name that was said first. Also of a name under which nothing is kept yet:
    /// a question may be on its way.
    Now(Vec<Receipt>),
    /// A legal hold keeps the person; this is its matter.
    Held(String),
}

/// Erases a person under all names.
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
    let mut r = store.read().await?;
    for name in &names {
        if let Some(hold) = holds::of(&mut r, &Owner { subject: name, key }).await? {
            return Ok(Forgotten::Held(hold.matter));
        }
    }
    drop(r);
    let mut receipts = Vec::with_capacity(names.len());
    for name in &names {
        match erase::person(store, &Owner { subject: name, key }, by, ids, now).await? {
            Erased::Now(receipt) => receipts.push(receipt),
            Erased::Held(matter) => return Ok(Forgotten::Held(matter)),
        }
    }
    Ok(Forgotten::Now(receipts))
}

/// Holds a person under all names; the hold on the name that was said. Lifting it lifts all.
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
    let hold = holds::place(w, owner, matter, by, ids, now).await?;
    for subject in names.iter().filter(|name| *name != owner.subject) {
        holds::place(w, &Owner { subject, key: owner.key }, matter, by, ids, now).await?;
    }
    Ok(hold)
}
