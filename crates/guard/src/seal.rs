//! Sealing: masked text enters as ciphertext, and only what entered can come out as [`Masked`].
//!
//! AES-256-GCM-SIV (RFC 8452) authenticates the text together with where it belongs, so a value
//! that was not sealed here, or was moved to another row or column, does not open. That is what
//! lets the store give back `Masked` without a way to forge it (requirement A6).

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::{Masked, Placeholders};

/// Format byte of a sealed text, which is `format (1) | key id (4) | nonce (12) | ciphertext and tag`.
const TEXT: u8 = 1;
/// The same with the placeholders of a conversation in place of masked text.
const VALUES: u8 = 2;
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
    /// Keyed for pseudonyms alone.
    pseudonyms: Hmac<Sha256>,
    nonce: Box<dyn Fn() -> [u8; 12] + Send + Sync>,
}

impl Sealer {
    /// A sealer with this key. `nonce` gives 12 fresh random bytes at each call.
    #[must_use]
    pub fn new(key: &[u8; 32], nonce: impl Fn() -> [u8; 12] + Send + Sync + 'static) -> Self {
        let digest = Sha256::digest(key);
        let mut key_id = [0; 4];
        key_id.copy_from_slice(&digest[..4]);
        let own = Sha256::new().chain_update(b"contactiq pseudonyms\n").chain_update(key).finalize();
        let pseudonyms = keyed(&own);
        Self { cipher: Aes256GcmSiv::new(key.into()), key_id, pseudonyms, nonce: Box::new(nonce) }
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
        index.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
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

    /// 32 fresh random bytes, made of three nonces: 288 bits of the same randomness.
    #[must_use]
    pub fn fresh(&self) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(b"contactiq fresh bytes\n");
        (0..3).for_each(|_| hash.update((self.nonce)()));
        hash.finalize().into()
    }

    /// What stands for a word that is kept nowhere: the same for the same word, and without the key nobody finds the
    /// word. 32 digits of hex.
    #[must_use]
    pub fn pseudonym(&self, word: &str) -> String {
        use std::fmt::Write;
        let mut mac = self.pseudonyms.clone();
        mac.update(word.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes[..16].iter().fold(String::with_capacity(32), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }

    fn seal_bytes(&self, format: u8, bytes: &[u8], place: &str) -> Vec<u8> {
        let nonce = (self.nonce)();
        let payload = Payload { msg: bytes, aad: place.as_bytes() };
        let ciphertext = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .expect("encryption fails only past 64 GiB of text, and no text here is longer than a few pages");
        let mut sealed = Vec::with_capacity(HEADER + ciphertext.len());
        sealed.push(format);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    fn open_bytes(&self, format: u8, sealed: &[u8], place: &str) -> Result<Vec<u8>, SealError> {
        if sealed.len() < HEADER || sealed[0] != format {
            return Err(SealError::Malformed);
        }
        if sealed[1..5] != self.key_id {
            return Err(SealError::UnknownKey);
        }
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&sealed[5..HEADER]);
        let payload = Payload { msg: &sealed[HEADER..], aad: place.as_bytes() };
        self.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::NotAuthentic)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)")
}

/// Values are sealed for another place than masked text, so that neither opens as the other.
fn values_at(place: &str) -> String {
    format!("values\0{place}")
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
    fn a_blind_index_is_the_same_with_the_same_key_alone() {
        let one = sealer(1).blind("person");
        assert_eq!((one.len(), &one), (64, &sealer(1).blind("person")));
        assert!(one != sealer(2).blind("person") && one != sealer(1).blind("persons"));
    }

    #[test]
    fn what_was_erased_says_so_and_nothing_else_does() {
        assert_eq!(sealer(1).open(ERASED, "anywhere"), Ok(Masked::erased()));
        assert_eq!(sealer(1).seal(&Masked::erased(), "anywhere"), ERASED);
        assert_eq!(sealer(1).open(&[0, 0], "anywhere"), Err(SealError::Malformed));
        assert!(sealer(1).open_placeholders(ERASED, "anywhere").is_err());
    }

    #[test]
    fn a_pseudonym_stands_for_its_word_and_needs_the_key() {
        let one = sealer(1).pseudonym("person@bank.example");
        assert_eq!(one, sealer(1).pseudonym("person@bank.example"));
        assert!(one.len() == 32 && one != sealer(1).pseudonym("person@bank.exampl"), "{one}");
        assert_ne!(one, sealer(2).pseudonym("person@bank.example"));
        let next = std::sync::atomic::AtomicU8::new(0);
        let counting =
            Sealer::new(&[1; 32], move || [next.fetch_add(1, std::sync::atomic::Ordering::SeqCst); 12]);
        assert_ne!(counting.fresh(), counting.fresh());
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

    #[test]
    fn placeholders_open_at_their_place_and_never_as_text() {
        let mut placeholders = Placeholders::default();
        assert!(placeholders.take(crate::PersonalType::Person, "Zorblat Quimby", 1, true));
        assert!(placeholders.take(crate::PersonalType::CreditCard, "4111 1111 1111 1111", 1, false));
        let sealed = sealer(1).seal_placeholders(&placeholders, "c/a");
        assert!(sealer(1).open(&sealed, "c/a").is_err() && sealer(1).open(&sealed, "values\0c/a").is_err());
        assert!(sealer(1).open_placeholders(&sealed, "c/b").is_err());
        assert!(sealer(1).open_placeholders(&sealer(1).seal(&Masked::empty(), "c/a"), "c/a").is_err());
        let opened = sealer(1).open_placeholders(&sealed, "c/a").unwrap();
        assert!(!String::from_utf8(opened.to_bytes()).unwrap().contains("4111"), "a card is not kept at all");
        let mut numbering = opened.numbering();
        assert_eq!(numbering.number(crate::PersonalType::Person, "zorblat quimby"), (1, false));
        assert_eq!(numbering.number(crate::PersonalType::CreditCard, "4111 1111 1111 1111"), (2, true));
        assert_eq!(format!("{opened:?}"), "Placeholders(1 values)");
    }
}
