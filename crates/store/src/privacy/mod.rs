//! Privacy (A7, E7): texts go when their time is over or their person asks, figures stay, and nobody can tell whose they
//! were.
//!
//! - [`erase`]: all texts of one person, with a receipt; [`restored`]: again after a backup was restored.
//! - [`purge`]: the texts of interactions that are older than the retention, and later the rows themselves.
//! - [`holds`]: what a court or an authority wants kept is neither erased nor purged.
//! - [`consent`]: what a person agreed to.
//! - [`named`]: people whom a banker's conversation names.
//! - [`exports`]: who was handed all that is kept about a person.
//! - [`is_known`]: whether anything is kept of somebody.
//!
//! A person is an [`Owner`]: the subject and the key that speaks for it. In `anonymise` it is written what "without
//! texts" means, once for both; `turns` keeps them and whoever writes apart; `proofs` tells what the house erased from
//! what somebody marked by hand.

use contactiq_domain::ids::KeyId;

use crate::{Connection, Store, conversations::Owner};

mod anonymise;
pub mod consent;
pub mod erase;
pub mod exports;
pub mod holds;
mod known;
pub mod named;
mod own;
pub(crate) mod proofs;
pub mod purge;
pub mod restored;
pub(crate) mod turns;
mod unread;

pub(crate) use anonymise::{
    among as without_texts_among, entry as without_texts, interaction_of as without_own_texts, nobody,
};

pub use known::is_known;

/// The key that speaks for a person as these tables keep it: '' where the person signed in.
fn owner_key(key: Option<KeyId>) -> String {
    key.map(|key| key.to_string()).unwrap_or_default()
}

/// A person as receipts, entries of the audit log and access events name them: a keyed hash, 64 hexadecimal digits.
#[must_use]
pub fn person(store: &Store, owner: &Owner<'_>) -> String {
    store.keys.sealer.blind(&told(owner))
}

/// The same inside a transaction.
#[must_use]
pub fn hashed(c: &Connection, owner: &Owner<'_>) -> String {
    blind(c, owner)
}

fn told(owner: &Owner<'_>) -> String {
    format!("person\0{}\0{}", owner_key(owner.key), owner.subject)
}

/// The person as a keyed hash: the same person has the same one, and nobody turns it back without the root key.
pub(crate) fn blind(c: &Connection, owner: &Owner<'_>) -> String {
    c.blind(&told(owner))
}
