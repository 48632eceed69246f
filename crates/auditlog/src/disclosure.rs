//! One entry, proved to be in the log: a file that can be given to somebody who has the public key and nothing else.
//! Where the entry commits to a record that was not erased, the file opens the commitment: it holds the record, and the
//! salt under which no other record fits.

use serde::{Deserialize, Serialize};

use crate::{
    Checkpoint, Entry, Hash, VerifyingKey, checkpoint::CheckpointError, entry::EntryError, hash, proof,
    proof::ProofError,
};

/// The form that this version writes and reads.
pub const FORM: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// [`FORM`].
    pub contactiq_audit_proof: u32,
    /// The entry, as its bytes.
    pub entry: String,
    /// The hashes beside its way to the root.
    pub inclusion: Vec<Hash>,
    /// The signed checkpoint of the tree.
    pub checkpoint: String,
    /// What the entry's commitment stands for; left out where the salt was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
}

/// A record and its salt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// 32 bytes of hex.
    pub salt: String,
    /// The record, as the bytes that the commitment is made of.
    pub record: String,
}

/// What a file proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The entry.
    pub entry: Entry,
    /// The tree that it is in.
    pub checkpoint: Checkpoint,
    /// What is known of the record that it commits to.
    pub record: Record,
}

/// The record that an entry commits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The entry commits to none.
    None,
    /// This is it.
    Opened(String),
    /// It was erased, or is not told: the entry is in the log, and nobody can find out from it what it stood for.
    Closed,
}

/// Why a file proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum DisclosureError {
    /// It is no such file.
    #[error("it is no proof of this form")]
    Shape,
    /// The entry.
    #[error("the entry: {0}")]
    Entry(#[from] EntryError),
    /// The checkpoint.
    #[error("the checkpoint is not accepted: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The way to the root.
    #[error("the entry is not in the tree that was signed: {0}")]
    Proof(#[from] ProofError),
    /// The record.
    #[error("the record is not the one that the entry commits to")]
    Record,
}

impl Disclosure {
    /// The file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Verifies a file with these keys.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify(text: &str, keys: &[VerifyingKey]) -> Result<Proved, DisclosureError> {
        let file: Disclosure = serde_json::from_str(text).map_err(|_| DisclosureError::Shape)?;
        if file.contactiq_audit_proof != FORM {
            return Err(DisclosureError::Shape);
        }
        let entry = Entry::from_bytes(file.entry.as_bytes())?;
        let checkpoint = Checkpoint::open(&file.checkpoint, keys)?;
        let leaf = Hash::leaf(file.entry.as_bytes());
        proof::verify_inclusion(entry.index, checkpoint.size, leaf, &file.inclusion, checkpoint.root)?;
        let record = match (entry.commitment, file.opened) {
            (None, None) => Record::None,
            (None, Some(_)) => return Err(DisclosureError::Record),
            (Some(_), None) => Record::Closed,
            (Some(commitment), Some(opened)) => {
                let salt = hash::bytes_from_hex(&opened.salt).ok_or(DisclosureError::Shape)?;
                if Hash::commitment(&salt, opened.record.as_bytes()) != commitment {
                    return Err(DisclosureError::Record);
                }
                Record::Opened(opened.record)
            }
        };
        Ok(Proved { entry, checkpoint, record })
    }
}
