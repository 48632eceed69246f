//! Sealing: masked text enters as ciphertext, and only what entered can come out as [`Masked`].
//!
//! AES-256-GCM-SIV (RFC 8452) authenticates the text together with where it belongs, so a value
//! that was not sealed here, or was moved to another row or column, does not open. That is what
//! lets the store give back `Masked` without a way to forge it (requirement A6).
//!
//! Three kinds of keys (docs/adr/0023): a [`KeyEncryption`] key wraps the others and stands outside the database; the
//! [`Sealer`] seals what only passes through, with the keys of the installation; a [`DataKey`] seals what is kept of one
//! person, who is forgotten when it is destroyed.

mod authority;
mod encryption;
mod person;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use authority::Cell;
pub use encryption::KeyEncryption;
pub use person::{DataKey, DataKeyId, key_of};

use crate::{Masked, Placeholders};

/// Where fresh bytes come from: 12 at each call.
pub type Nonces = Arc<dyn Fn() -> [u8; 12] + Send + Sync>;

/// Format byte of a text that passes through: `format (1) | key id (4) | nonce (12) | ciphertext and tag`.
const TEXT: u8 = 1;
/// The same with the placeholders of a conversation in place of masked text.
const VALUES: u8 = 2;
/// The same with what somebody is called.
const NAME: u8 = 6;
/// What begins a sealed name where a column holds text.
const SEALED: &str = "sealed:";
/// What stands in a sealed column whose text was erased: it opens as [`Masked::erased`] at every place, because it says
/// nothing of anybody.
pub const ERASED: &[u8] = &[0];
const HEADER: usize = 1 + 4 + 12;

/// Why a seal did not open. It never carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of an unknown version.
    #[error("the sealed value is damaged or of an unknown version")]
    Malformed,
    /// Sealed with a key that is not at hand.
    #[error("the sealed value needs a key that is not configured: add it to server.sealing_key")]
    UnknownKey,
    /// Tampered with, moved to another row or column, or sealed with another key.
    #[error("the sealed value does not belong here or was changed")]
    NotAuthentic,
}

/// Seals and opens what passes through, and makes keyed hashes, with the two keys of the installation.
pub struct Sealer {
    cipher: Aes256GcmSiv,
    key_id: [u8; 4],
    /// Every key for one purpose is made of it. Versions before there were keys of people sealed with it.
    root: Zeroizing<[u8; 32]>,
    root_id: [u8; 4],
    /// Keyed for pseudonyms alone.
    pseudonyms: Hmac<Sha256>,
    /// Keyed for rows that open a door alone.
    rows: Hmac<Sha256>,
    nonces: Nonces,
}

impl Sealer {
    /// A sealer with one key for all. `nonce` gives 12 fresh random bytes at each call.
    #[must_use]
    pub fn new(key: &[u8; 32], nonce: impl Fn() -> [u8; 12] + Send + Sync + 'static) -> Self {
        Self::of(key, key, Arc::new(nonce))
    }

    /// A sealer with the root of this installation's keyed hashes, and the key that seals what passes through.
    #[must_use]
    pub fn of(root: &[u8; 32], passage: &[u8; 32], nonces: Nonces) -> Self {
        let own = |purpose: &[u8]| {
            let key = Sha256::new().chain_update(purpose).chain_update(root).finalize();
            keyed(&*Zeroizing::new(<[u8; 32]>::from(key)))
        };
        Self {
            cipher: Aes256GcmSiv::new(passage.into()),
            key_id: short_id(passage),
            root: Zeroizing::new(*root),
            root_id: short_id(root),
            pseudonyms: own(b"contactiq pseudonyms\n"),
            rows: own(b"contactiq rows of authority\n"),
            nonces,
        }
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
        if *text == Masked::erased() {
            return ERASED.to_vec();
        }
        self.seal_bytes(TEXT, text.as_str().as_bytes(), place)
    }

    /// Opens what [`Sealer::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when the value is too short or of an unknown version,
    /// [`SealError::UnknownKey`] when it was sealed with another key, and [`SealError::NotAuthentic`]
    /// when it was changed or sealed for another place.
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Masked, SealError> {
        if sealed == ERASED {
            return Ok(Masked::erased());
        }
        let text = self.open_bytes(TEXT, sealed, place)?;
        String::from_utf8(text).map(Masked::by_guard).map_err(|_| SealError::NotAuthentic)
    }

    /// A blind index: HMAC-SHA256 of a text, 64 hexadecimal digits. The same text has the same one with this key; without
    /// the key nobody can try texts out.
    #[must_use]
    pub fn blind(&self, text: &str) -> String {
        let mut index = self.pseudonyms.clone();
        index.update(b"blind index\0");
        index.update(text.as_bytes());
        hex(&index.finalize().into_bytes())
    }

    /// Seals the placeholders of a conversation for one place. What is sealed so never opens as masked text.
    #[must_use]
    pub fn seal_placeholders(&self, placeholders: &Placeholders, place: &str) -> Vec<u8> {
        self.seal_bytes(VALUES, &placeholders.to_bytes(), &values_at(place))
    }

    /// Opens what [`Sealer::seal_placeholders`] sealed for the same place.
    ///
    /// # Errors
    /// As [`Sealer::open`].
    pub fn open_placeholders(&self, sealed: &[u8], place: &str) -> Result<Placeholders, SealError> {
        let bytes = self.open_bytes(VALUES, sealed, &values_at(place))?;
        Placeholders::from_bytes(&bytes).ok_or(SealError::Malformed)
    }

    /// What somebody is called, sealed for one place, as text: where that place may hold it in the clear too, because an
    /// earlier version wrote it.
    #[must_use]
    pub fn hide(&self, name: &str, place: &str) -> String {
        hidden(&self.seal_bytes(NAME, name.as_bytes(), &name_at(place)))
    }

    /// What [`Sealer::hide`] hid for the same place; of what is in the clear, that.
    ///
    /// # Errors
    /// As [`Sealer::open`].
    pub fn reveal(&self, hidden: &str, place: &str) -> Result<String, SealError> {
        match shown(hidden) {
            None => Ok(hidden.to_owned()),
            Some(sealed) => name(self.open_bytes(NAME, &sealed, &name_at(place))?),
        }
    }

    /// 32 fresh random bytes, made of three nonces: 288 bits of the same randomness.
    #[must_use]
    pub fn fresh(&self) -> [u8; 32] {
        fresh(&self.nonces)
    }

    /// A key of its own for one purpose: it survives a restart, and a rotation of the key-encryption key.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(
            Sha256::new().chain_update(self.root.as_slice()).chain_update(purpose).finalize().into(),
        )
    }

    /// What stands for a word that is kept nowhere: the same for the same word, and without the key nobody finds the
    /// word. 32 digits of hex.
    #[must_use]
    pub fn pseudonym(&self, word: &str) -> String {
        let mut mac = self.pseudonyms.clone();
        mac.update(word.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }

    fn seal_bytes(&self, format: u8, bytes: &[u8], place: &str) -> Vec<u8> {
        let nonce = (self.nonces)();
        let mut sealed = Vec::with_capacity(HEADER + bytes.len() + 16);
        sealed.push(format);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&encrypted(&self.cipher, nonce, bytes, place));
        sealed
    }

    fn open_bytes(&self, format: u8, sealed: &[u8], place: &str) -> Result<Vec<u8>, SealError> {
        if sealed.len() < HEADER || sealed[0] != format {
            return Err(SealError::Malformed);
        }
        let (nonce, text) = (&sealed[5..HEADER], &sealed[HEADER..]);
        if sealed[1..5] == self.key_id {
            decrypted(&self.cipher, nonce, text, place)
        } else if sealed[1..5] == self.root_id {
            decrypted(&Aes256GcmSiv::new((&*self.root).into()), nonce, text, place)
        } else {
            Err(SealError::UnknownKey)
        }
    }
}

fn short_id(key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::digest(key);
    [digest[0], digest[1], digest[2], digest[3]]
}

fn fresh(nonces: &Nonces) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(b"contactiq fresh bytes\n");
    (0..3).for_each(|_| hash.update(nonces()));
    hash.finalize().into()
}

fn encrypted(cipher: &Aes256GcmSiv, nonce: [u8; 12], bytes: &[u8], place: &str) -> Vec<u8> {
    cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: bytes, aad: place.as_bytes() })
        .expect("encryption fails only past 64 GiB of text, and no text here is longer than a few pages")
}

fn decrypted(cipher: &Aes256GcmSiv, nonce: &[u8], text: &[u8], place: &str) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| SealError::Malformed)?;
    let payload = Payload { msg: text, aad: place.as_bytes() };
    cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::NotAuthentic)
}

fn hidden(sealed: &[u8]) -> String {
    format!("{SEALED}{}", BASE64.encode(sealed))
}

/// The sealed bytes of a hidden name; none of what is in the clear.
fn shown(hidden: &str) -> Option<Vec<u8>> {
    BASE64.decode(hidden.strip_prefix(SEALED)?).ok()
}

fn name(bytes: Vec<u8>) -> Result<String, SealError> {
    String::from_utf8(bytes).map_err(|_| SealError::NotAuthentic)
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Values are sealed for another place than masked text, so that neither opens as the other.
fn values_at(place: &str) -> String {
    format!("values\0{place}")
}

/// So are names.
fn name_at(place: &str) -> String {
    format!("name\0{place}")
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}
