//! Sealing: masked text enters as ciphertext, and only what entered can come out as [`Masked`].
//!
//! AES-256-GCM-SIV (RFC 8452) authenticates the text together with where it belongs, so a value
//! that was not sealed here, or was moved to another row or column, does not open. That is what
//! lets the store give back `Masked` without a way to forge it (requirement A6).

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};

use crate::Masked;

/// Format byte of a sealed value: 1 is `version (1) | key id (4) | nonce (12) | ciphertext and tag`.
const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + 12;

/// Why a seal did not open. It never carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of an unknown version.
    #[error("the sealed value is damaged or of an unknown version")]
    Malformed,
    /// Sealed with a key that is not at hand.
    #[error("the sealed value needs a key that is not configured")]
    UnknownKey,
    /// Tampered with, moved to another row or column, or sealed with another key.
    #[error("the sealed value does not belong here or was changed")]
    NotAuthentic,
}

/// Seals and opens masked text with one 256-bit key.
pub struct Sealer {
    cipher: Aes256GcmSiv,
    key_id: [u8; 4],
    nonce: Box<dyn Fn() -> [u8; 12] + Send + Sync>,
}

impl Sealer {
    /// A sealer with this key. `nonce` gives 12 fresh random bytes at each call.
    #[must_use]
    pub fn new(key: &[u8; 32], nonce: impl Fn() -> [u8; 12] + Send + Sync + 'static) -> Self {
        let digest = Sha256::digest(key);
        let mut key_id = [0; 4];
        key_id.copy_from_slice(&digest[..4]);
        Self { cipher: Aes256GcmSiv::new(key.into()), key_id, nonce: Box::new(nonce) }
    }

    /// Seals `text` for one place, for instance `interactions.question/0198…`: it opens there alone.
    /// Two seals of the same text differ, because each has a nonce of its own. There is no error to
    /// handle: sealing needs nothing but memory.
    ///
    /// # Panics
    /// When `text` is longer than 64 GiB, the bound of the cipher; a message has at most 2,000
    /// characters (`guard::refuse`), and an answer a few pages.
    #[must_use]
    pub fn seal(&self, text: &Masked, place: &str) -> Vec<u8> {
        let nonce = (self.nonce)();
        let payload = Payload { msg: text.as_str().as_bytes(), aad: place.as_bytes() };
        let ciphertext = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .expect("encryption fails only past 64 GiB of text, and no text here is longer than a few pages");
        let mut sealed = Vec::with_capacity(HEADER + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what [`Sealer::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when the value is too short or of an unknown version,
    /// [`SealError::UnknownKey`] when it was sealed with another key, and [`SealError::NotAuthentic`]
    /// when it was changed or sealed for another place.
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Masked, SealError> {
        if sealed.len() < HEADER || sealed[0] != VERSION {
            return Err(SealError::Malformed);
        }
        if sealed[1..5] != self.key_id {
            return Err(SealError::UnknownKey);
        }
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&sealed[5..HEADER]);
        let payload = Payload { msg: &sealed[HEADER..], aad: place.as_bytes() };
        let text = self.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::NotAuthentic)?;
        String::from_utf8(text).map(Masked::by_guard).map_err(|_| SealError::NotAuthentic)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&[key; 32], || [7; 12])
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_only() {
        let text = Masked::by_guard("where is my <CARD_1>".into());
        let sealed = sealer(1).seal(&text, "interactions.question/a");
        assert_eq!(sealer(1).open(&sealed, "interactions.question/a").unwrap(), text);
        assert_eq!(sealer(1).open(&sealed, "interactions.question/b"), Err(SealError::NotAuthentic));
        assert_eq!(sealer(2).open(&sealed, "interactions.question/a"), Err(SealError::UnknownKey));
        assert!(!sealed.windows(5).any(|w| w == b"where"));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let sealed = sealer(1).seal(&Masked::by_guard("abc".into()), "p");
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(sealer(1).open(&bad, "p").is_err(), "byte {i}");
        }
        assert_eq!(sealer(1).open(&sealed[..10], "p"), Err(SealError::Malformed));
    }
}
