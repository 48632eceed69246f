//! Receipts as they leave the house: signed with the key of the audit log.

use contactiq_auditlog::{
    SigningKey, VerifyingKey,
    receipt::{Receipt as Note, ReceiptError},
};
use contactiq_store::privacy::erase::Receipt;

/// A receipt with its signed note, for `contactiq-verify receipt`.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Signed {
    /// What it says.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The note, as whoever was forgotten may keep it.
    pub signed: String,
}

/// Why a line is not taken for a receipt.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It has another form.
    #[error("no receipt; write what `contactiq privacy receipts --json` printed")]
    Shape,
    /// Its note is of another key, or was changed.
    #[error("{0}; only what this installation signed erases anybody, see `contactiq audit keys`")]
    Note(#[from] ReceiptError),
    /// The note is one, of another receipt.
    #[error("the signature is of another receipt")]
    Other,
}

impl Signed {
    /// Signs a receipt.
    ///
    /// # Errors
    /// When it can't be written down.
    pub fn of(receipt: Receipt, key: &SigningKey) -> Result<Signed, ReceiptError> {
        let signed = note(&receipt).sign(key)?;
        Ok(Signed { receipt, signed })
    }

    /// The receipt in a line of JSON, if one of these keys signed it: a line erases people.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn read(line: &str, keys: &[VerifyingKey]) -> Result<Receipt, NotTaken> {
        let Signed { receipt, signed } = serde_json::from_str(line).map_err(|_| NotTaken::Shape)?;
        if Note::open(&signed, keys)? == note(&receipt) { Ok(receipt) } else { Err(NotTaken::Other) }
    }
}

fn note(receipt: &Receipt) -> Note {
    Note {
        id: receipt.id.to_string(),
        person: receipt.person.clone(),
        erased_by: receipt.erased_by.clone(),
        erased_at: receipt.erased_at.to_string(),
        conversations: receipt.conversations,
        interactions: receipt.interactions,
    }
}
