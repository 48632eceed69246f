//! One entry: its line in an export, and the bytes that are hashed, are the same.
//!
//! The bytes are JSON in one spelling: the fields in the order of [`Entry`], no space, no field that says nothing, those
//! of `fields` sorted by name. Whoever reads bytes in another spelling refuses them, so that one entry has one hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;

/// The form that this version writes and reads.
pub const VERSION: u32 = 1;

/// What happened, as the log keeps it for ever: ids, keyed hashes, words of the contract and times, never a person's
/// name or words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`VERSION`].
    pub v: u32,
    /// Its place: 0, 1, 2 and on without a gap.
    pub index: u64,
    /// When it was written into the log, in microseconds since 1970; never before the entry before it.
    pub logged_at_us: i64,
    /// By how much the clock was behind the entry before it; 0 is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clock_back_us: i64,
    /// The id of what happened; in no two entries the same.
    pub event: String,
    /// When it happened, by the clock of the server where it did.
    pub at_us: i64,
    /// What it is, for instance `access` or `key`.
    pub kind: String,
    /// What else is known, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// What stands for a record that may be erased ([`Hash::commitment`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Hash>,
}

const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Why bytes are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// They are no JSON of an entry's shape.
    #[error("its bytes are no entry")]
    Shape,
    /// They are written in a form of another version.
    #[error("it has form {0}, and this version knows form {VERSION}")]
    Version(u32),
    /// They say the same as an entry in another spelling.
    #[error("its bytes are an entry in another spelling than the one that is hashed")]
    Spelling,
}

impl Entry {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts and numbers alone: there is nothing that JSON could refuse.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The entry of these bytes.
    ///
    /// # Errors
    /// When they are not the bytes of an entry, each of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Entry, EntryError> {
        let entry: Entry = serde_json::from_slice(bytes).map_err(|_| EntryError::Shape)?;
        if entry.v != VERSION {
            return Err(EntryError::Version(entry.v));
        }
        if entry.to_bytes() == bytes { Ok(entry) } else { Err(EntryError::Spelling) }
    }
}
