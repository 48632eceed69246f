//! Hashes as RFC 6962, section 2.1 defines them: a leaf begins with 0x00 and a node with 0x01, so that neither can be
//! taken for the other.

use sha2::{Digest, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// Separates commitments from every other use of SHA-256 here.
const COMMITMENT: &[u8] = b"contactiq audit commitment 1\n";

impl Hash {
    /// The hash of one entry's bytes.
    #[must_use]
    pub fn leaf(bytes: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
    }

    /// The hash of two subtrees.
    #[must_use]
    pub fn node(left: Hash, right: Hash) -> Hash {
        Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// The root of the tree without an entry.
    #[must_use]
    pub fn empty() -> Hash {
        Hash(Sha256::digest(b"").into())
    }

    /// What stands for a record in the log: under a random salt of 32 bytes it says nothing about the record, and no
    /// other record fits it. Once the salt is destroyed nobody can find out what it stood for.
    #[must_use]
    pub fn commitment(salt: &[u8; 32], record: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update(COMMITMENT).chain_update(salt).chain_update(record).finalize().into())
    }

    /// From 64 digits of lower-case hex.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Hash> {
        bytes_from_hex(text).map(Hash)
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Hash::from_hex(&text).ok_or_else(|| serde::de::Error::custom("64 digits of lower-case hex"))
    }
}

/// 32 bytes from 64 digits of lower-case hex: one spelling for each value.
#[must_use]
pub fn bytes_from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
