//! Data keys: what is kept of one person is sealed with that person's key.

use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use zeroize::Zeroizing;

use super::{ERASED, SealError, Sealer, decrypted, encrypted, hex, hidden, name, name_at, shown, values_at};
use crate::{Masked, Placeholders};

/// Format byte of a person's text: `format (1) | data key id (16) | nonce (12) | ciphertext and tag`. The place and the
/// id are the associated data.
const TEXT: u8 = 3;
/// The same with the placeholders of a conversation.
const VALUES: u8 = 4;
/// The same with what somebody is called.
const NAME: u8 = 5;
const HEADER: usize = 1 + 16 + 12;

/// What a data key is known by.
pub type DataKeyId = [u8; 16];

/// The key of one person. It can't be printed, and is wiped when it is dropped.
pub struct DataKey {
    id: DataKeyId,
    key: Zeroizing<[u8; 32]>,
    /// What the bank calls the person, sealed with this key.
    named: Vec<u8>,
    /// The keyed hash of the person, for whom it was wrapped.
    person: String,
}

impl DataKey {
    /// A key of this id. `named` is what [`Sealer::seal_name_for`] made of the person's name with it.
    #[must_use]
    pub fn new(id: DataKeyId, key: impl Into<Zeroizing<[u8; 32]>>, named: Vec<u8>) -> Self {
        Self { id, key: key.into(), named, person: String::new() }
    }

    /// The same of the person with this keyed hash: say so only of one that it was wrapped for.
    #[must_use]
    pub fn of(self, person: String) -> Self {
        Self { person, ..self }
    }

    /// The keyed hash of the person for whom it was wrapped; empty where nobody said.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// What it is known by.
    #[must_use]
    pub fn id(&self) -> DataKeyId {
        self.id
    }

    /// The same as 32 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex(&self.id)
    }

    /// The key itself, to be wrapped.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.key
    }

    /// What the bank calls the person, sealed.
    #[must_use]
    pub fn named(&self) -> &[u8] {
        &self.named
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.key).into())
    }

    fn place(&self, place: &str) -> String {
        format!("{place}\0{}", hex(&self.id))
    }

    fn open(&self, format: u8, sealed: &[u8], place: &str) -> Result<Vec<u8>, SealError> {
        if sealed.len() < HEADER || sealed[0] != format {
            return Err(SealError::Malformed);
        }
        if sealed[1..17] != self.id {
            return Err(SealError::NotAuthentic);
        }
        decrypted(&self.cipher(), &sealed[17..HEADER], &sealed[HEADER..], &self.place(place))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(hidden)")
    }
}

/// With whose key a value is sealed; none where it is not sealed for a person.
#[must_use]
pub fn key_of(sealed: &[u8]) -> Option<DataKeyId> {
    match sealed.first() {
        Some(&(TEXT | VALUES | NAME)) if sealed.len() >= HEADER => sealed[1..17].try_into().ok(),
        _ => None,
    }
}

impl Sealer {
    /// Seals a person's text for one place, as [`Sealer::seal`].
    #[must_use]
    pub fn seal_for(&self, key: &DataKey, text: &Masked, place: &str) -> Vec<u8> {
        if *text == Masked::erased() {
            return ERASED.to_vec();
        }
        self.seal_bytes_for(key, TEXT, text.as_str().as_bytes(), place)
    }

    /// Opens what [`Sealer::seal_for`] sealed with the same key for the same place.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when the value is none, [`SealError::NotAuthentic`] when it was changed, or sealed for
    /// another place or person.
    pub fn open_for(&self, key: &DataKey, sealed: &[u8], place: &str) -> Result<Masked, SealError> {
        if sealed == ERASED {
            return Ok(Masked::erased());
        }
        name(key.open(TEXT, sealed, place)?).map(Masked::by_guard)
    }

    /// Seals the placeholders of a person's conversation for one place.
    #[must_use]
    pub fn seal_placeholders_for(&self, key: &DataKey, placeholders: &Placeholders, place: &str) -> Vec<u8> {
        self.seal_bytes_for(key, VALUES, &placeholders.to_bytes(), &values_at(place))
    }

    /// Opens what [`Sealer::seal_placeholders_for`] sealed with the same key for the same place.
    ///
    /// # Errors
    /// As [`Sealer::open_for`].
    pub fn open_placeholders_for(
        &self,
        key: &DataKey,
        sealed: &[u8],
        place: &str,
    ) -> Result<Placeholders, SealError> {
        let bytes = key.open(VALUES, sealed, &values_at(place))?;
        Placeholders::from_bytes(&bytes).ok_or(SealError::Malformed)
    }

    /// What somebody is called, sealed for one place.
    #[must_use]
    pub fn seal_name_for(&self, key: &DataKey, called: &str, place: &str) -> Vec<u8> {
        self.seal_bytes_for(key, NAME, called.as_bytes(), &name_at(place))
    }

    /// Opens what [`Sealer::seal_name_for`] sealed with the same key for the same place.
    ///
    /// # Errors
    /// As [`Sealer::open_for`].
    pub fn open_name_for(&self, key: &DataKey, sealed: &[u8], place: &str) -> Result<String, SealError> {
        name(key.open(NAME, sealed, &name_at(place))?)
    }

    /// The same as text: see [`Sealer::hide`].
    #[must_use]
    pub fn hide_for(&self, key: &DataKey, called: &str, place: &str) -> String {
        hidden(&self.seal_name_for(key, called, place))
    }

    /// What [`Sealer::hide_for`] hid with the same key for the same place; of what is in the clear, that.
    ///
    /// # Errors
    /// As [`Sealer::open_for`].
    pub fn reveal_for(&self, key: &DataKey, hidden: &str, place: &str) -> Result<String, SealError> {
        match shown(hidden) {
            None => Ok(hidden.to_owned()),
            Some(sealed) => self.open_name_for(key, &sealed, place),
        }
    }

    fn seal_bytes_for(&self, key: &DataKey, format: u8, bytes: &[u8], place: &str) -> Vec<u8> {
        let nonce = (self.nonces)();
        let mut sealed = Vec::with_capacity(HEADER + bytes.len() + 16);
        sealed.push(format);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend(encrypted(&key.cipher(), nonce, bytes, &key.place(place)));
        sealed
    }
}
