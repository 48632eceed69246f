//! Receipts as they come back after a restore: a line erases people, so it must be one of ours.

use contactiq_auditlog::{
    VerifyingKey,
    receipt::{Receipt as Note, ReceiptError},
};
use contactiq_store::privacy::erase::Receipt;

/// Why a line is not taken for a receipt.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It has another form.
    #[error("no receipt; write what `contactiq privacy receipts --json` printed")]
    Shape,
    /// It has no signature.
    #[error(
        "it is not signed; if it was made before receipts were, and nobody else wrote the file, add --unsigned"
    )]
    Unsigned,
    /// Its note is of another key, or was changed.
    #[error("{0}; only what this installation signed erases anybody, see `contactiq audit keys`")]
    Note(#[from] ReceiptError),
    /// The note is one, of another receipt.
    #[error("the signature is of another receipt")]
    Other,
}

/// The receipt in a line of JSON, if one of these keys signed it.
///
/// # Errors
/// `NotTaken`.
pub fn receipt_in(line: &str, keys: &[VerifyingKey], unsigned: bool) -> Result<Receipt, NotTaken> {
    let receipt: Receipt = serde_json::from_str(line).map_err(|_| NotTaken::Shape)?;
    match &receipt.signed {
        Some(signed) if Note::open(signed, keys)? != receipt.note() => Err(NotTaken::Other),
        None if !unsigned => Err(NotTaken::Unsigned),
        Some(_) | None => Ok(receipt),
    }
}
