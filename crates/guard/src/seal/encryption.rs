//! Key-encryption keys: they wrap the other keys, and stand outside the database.

use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Nonces, SealError, decrypted, encrypted, fresh, hex};

const NONCE: usize = 12;

struct Kek {
    id: String,
    key: Zeroizing<[u8; 32]>,
}

/// The key-encryption keys of an installation: the active one wraps, every one unwraps what it wrapped.
pub struct KeyEncryption {
    active: Kek,
    others: Vec<Kek>,
    nonces: Nonces,
}

impl KeyEncryption {
    /// Of these keys, the active one first; none where there is no key.
    #[must_use]
    pub fn new(keys: &[[u8; 32]], nonces: Nonces) -> Option<Self> {
        let mut all = keys.iter().map(|key| Kek { id: id_of(key), key: Zeroizing::new(*key) });
        Some(Self { active: all.next()?, others: all.collect(), nonces })
    }

    /// These keys, and behind them those of `before` that are not among them: they unwrap.
    #[must_use]
    pub fn and_all_of(mut self, before: &Self) -> Self {
        for kek in before.all() {
            if self.ids().all(|id| id != kek.id) {
                self.others.push(Kek { id: kek.id.clone(), key: kek.key.clone() });
            }
        }
        self
    }

    /// The id of the key that wraps: 16 hexadecimal digits of a hash.
    #[must_use]
    pub fn active(&self) -> &str {
        &self.active.id
    }

    /// The ids of all keys, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.all().map(|kek| kek.id.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Kek> {
        std::iter::once(&self.active).chain(&self.others)
    }

    /// The key that an earlier version knew by this fingerprint: with it alone it sealed all texts.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: &str) -> Option<Zeroizing<[u8; 32]>> {
        let is = |key: &[u8; 32]| {
            let hash = Sha256::new().chain_update(key).chain_update(b"fingerprint").finalize();
            hex(&hash[..8]) == fingerprint
        };
        self.all().find(|kek| is(&kek.key)).map(|kek| kek.key.clone())
    }

    /// The active key itself, for a database of before there were wrapped keys.
    #[must_use]
    pub fn own(&self) -> Zeroizing<[u8; 32]> {
        self.active.key.clone()
    }

    /// Wraps a key for one place with the active key.
    #[must_use]
    pub fn wrap(&self, key: &[u8; 32], place: &str) -> Vec<u8> {
        let nonce = (self.nonces)();
        let mut wrapped = nonce.to_vec();
        wrapped.extend(encrypted(&cipher(&self.active.key), nonce, key, &wrapped_at(place)));
        wrapped
    }

    /// Unwraps what the key of this id wrapped for the same place.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when the key is not configured, [`SealError::NotAuthentic`] when the wrapped key was
    /// changed or moved, [`SealError::Malformed`] when it is none.
    pub fn unwrap(&self, id: &str, wrapped: &[u8], place: &str) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let kek = self.all().find(|kek| kek.id == id).ok_or(SealError::UnknownKey)?;
        let (nonce, text) = wrapped.split_at_checked(NONCE).ok_or(SealError::Malformed)?;
        let key = Zeroizing::new(decrypted(&cipher(&kek.key), nonce, text, &wrapped_at(place))?);
        let mut own = Zeroizing::new([0; 32]);
        if key.len() != own.len() {
            return Err(SealError::Malformed);
        }
        own.copy_from_slice(&key);
        Ok(own)
    }

    /// 32 fresh random bytes.
    #[must_use]
    pub fn fresh(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(fresh(&self.nonces))
    }

    /// Where its fresh bytes come from.
    #[must_use]
    pub fn nonces(&self) -> Nonces {
        Nonces::clone(&self.nonces)
    }
}

fn cipher(key: &[u8; 32]) -> Aes256GcmSiv {
    Aes256GcmSiv::new(key.into())
}

/// Keys are wrapped for other places than anything is sealed for.
fn wrapped_at(place: &str) -> String {
    format!("key\0{place}")
}

fn id_of(key: &[u8; 32]) -> String {
    hex(&Sha256::new().chain_update(b"contactiq key-encryption key\n").chain_update(key).finalize()[..8])
}

impl std::fmt::Debug for KeyEncryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyEncryption({} keys)", 1 + self.others.len())
    }
}
