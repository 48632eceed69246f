//! The receipt of an erasure, as a signed note that whoever asked to be forgotten can keep: the key of the audit log
//! says that so much was erased then. It names nobody.

use serde::{Deserialize, Serialize};

use crate::{SigningKey, VerifyingKey, note, note::NoteError};

/// The first line of the note; the second is the receipt.
const HEADING: &str = "contactiq.erasure-receipt/v1";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Its id.
    pub id: String,
    /// The person as a keyed hash, 64 hexadecimal digits: only the bank can say whose it is.
    pub person: String,
    /// Who erased.
    pub erased_by: String,
    /// When, RFC 3339.
    pub erased_at: String,
    /// Conversations.
    pub conversations: u64,
    /// Interactions.
    pub interactions: u64,
    /// How often all of it was handed out before the erasure; left out where it never was.
    #[serde(default, skip_serializing_if = "is_none")]
    pub exports: u64,
    /// Interactions that it is not of, because a legal hold keeps them; left out where none is.
    #[serde(default, skip_serializing_if = "is_none")]
    pub held: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Why a text is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is a signed note of something else, or was written by another version.
    #[error("it is no receipt of an erasure in the form {HEADING}")]
    Shape,
    /// The note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Receipt {
    /// The note. The same receipt and key always give the same one.
    ///
    /// # Errors
    /// [`ReceiptError::Shape`] when it can't be written down.
    pub fn sign(&self, key: &SigningKey) -> Result<String, ReceiptError> {
        // Inside of JSON a line break is two characters, so that this is one line whatever the names hold.
        let line = serde_json::to_string(self).map_err(|_| ReceiptError::Shape)?;
        Ok(key.sign(&format!("{HEADING}\n{line}\n"))?)
    }

    /// The receipt that one of these keys signed.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn open(signed: &str, keys: &[VerifyingKey]) -> Result<Receipt, ReceiptError> {
        let text = note::open(signed, keys)?;
        let line = text.strip_prefix(HEADING).and_then(|rest| rest.strip_prefix('\n'));
        serde_json::from_str(line.ok_or(ReceiptError::Shape)?).map_err(|_| ReceiptError::Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            id: "0195b1a2-0000-7000-8000-000000000001".to_owned(),
            person: "ab".repeat(32),
            erased_by: "two\n\nlines".to_owned(),
            erased_at: "2026-11-29T10:00:00Z".to_owned(),
            conversations: 2,
            interactions: 7,
            exports: 1,
            held: 2,
        }
    }

    #[test]
    fn a_receipt_is_its_signers_and_no_character_of_it_may_change() {
        let key = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        let other = SigningKey::new("bank.example/audit", &[8; 32]).unwrap().verifying_key();
        let (own, signed) = (key.verifying_key(), receipt().sign(&key).unwrap());
        assert_eq!(Receipt::open(&signed, std::slice::from_ref(&own)), Ok(receipt()));
        assert_eq!(Receipt::open(&signed, &[other]), Err(ReceiptError::Note(NoteError::Unsigned)));
        for at in (0..signed.len()).filter(|at| signed.is_char_boundary(*at)) {
            let mut changed = signed.clone().into_bytes();
            changed[at] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(Receipt::open(&changed, std::slice::from_ref(&own)).is_err(), "{at}");
        }
    }

    #[test]
    fn what_else_the_key_signs_is_no_receipt() {
        let key = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        for text in ["bank.example/audit\n7\nAAAA\n", "contactiq.erasure-receipt/v1\n{}\n", "x\n"] {
            let signed = key.sign(text).unwrap();
            assert_eq!(Receipt::open(&signed, &[key.verifying_key()]), Err(ReceiptError::Shape), "{text}");
        }
    }
}
