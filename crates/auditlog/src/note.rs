//! Signed notes as C2SP writes them (<https://c2sp.org/signed-note>): a text, an empty line, and lines of signatures,
//! each with the name and a short hash of its key. The keys are Ed25519.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer};
use sha2::{Digest, Sha256};

/// The algorithm Ed25519 in keys and their hashes.
const ED25519: u8 = 1;
/// Begins a line of a signature: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// Signatures that are looked at; a note of ours has one or two.
const MOST_SIGNATURES: usize = 16;

/// Why a note or a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not built as a signed note is.
    #[error("it is no signed note")]
    Shape,
    /// None of its signatures is of a key that is known here.
    #[error("it has no signature of a known key")]
    Unsigned,
    /// A signature in the name of a known key does not fit.
    #[error("its signature is not of the key that it names")]
    Forged,
    /// The text is no key in the form `name+hash+key`.
    #[error("a public key has the form name+hash+key")]
    Key,
    /// A name is empty or has a space or a plus sign.
    #[error("a name of a key has no space and no plus sign")]
    Name,
}

fn key_hash(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A key that signs.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

impl SigningKey {
    /// The key of these 32 bytes, under the name that its signatures carry.
    ///
    /// # Errors
    /// [`NoteError::Name`].
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<SigningKey, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name);
        }
        Ok(SigningKey { name: name.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    /// Its public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The note of this text, which ends with a line break.
    ///
    /// # Errors
    /// [`NoteError::Shape`] when it does not, or when it could not be told from its signatures.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') || text.contains("\n\n") || text.starts_with('\n') {
            return Err(NoteError::Shape);
        }
        let mut signed = self.verifying_key().hash().to_vec();
        signed.extend(self.key.sign(text.as_bytes()).to_bytes());
        Ok(format!("{text}\n{DASH}{} {}\n", self.name, STANDARD.encode(signed)))
    }
}

/// A key that signatures are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn hash(&self) -> [u8; 4] {
        key_hash(&self.name, self.key.as_bytes())
    }
}

impl std::fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.key.as_bytes());
        write!(f, "{}+", self.name)?;
        self.hash().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "+{}", STANDARD.encode(bytes))
    }
}

impl std::str::FromStr for VerifyingKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Key)?;
        let [ED25519, public @ ..] = bytes.as_slice() else { return Err(NoteError::Key) };
        let public: &[u8; 32] = public.try_into().map_err(|_| NoteError::Key)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| NoteError::Key)?;
        if !is_name(name) || key.is_weak() {
            return Err(NoteError::Key);
        }
        let key = VerifyingKey { name: name.to_owned(), key };
        // The hash between the plus signs, and everything else, in the one spelling.
        if key.to_string() == text { Ok(key) } else { Err(NoteError::Key) }
    }
}

/// The keys in a text, one a line; empty lines and those that begin with `#` are left out.
///
/// # Errors
/// [`NoteError::Key`] when a line is none, or there is none.
pub fn keys(text: &str) -> Result<Vec<VerifyingKey>, NoteError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<VerifyingKey> = lines.map(str::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(NoteError::Key) } else { Ok(keys) }
}

/// The text of a note that at least one of these keys signed. A signature that names one of them and does not fit
/// refuses the note; those of other keys are passed over, as the format wants it.
///
/// # Errors
/// Why it is not accepted.
pub fn open<'n>(note: &'n str, keys: &[VerifyingKey]) -> Result<&'n str, NoteError> {
    let end = note.rfind("\n\n").ok_or(NoteError::Shape)? + 1;
    let (text, signatures) = (&note[..end], &note[end + 1..]);
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Shape)?;
    if lines.split('\n').count() > MOST_SIGNATURES {
        return Err(NoteError::Shape);
    }
    let mut signed = false;
    for line in lines.split('\n') {
        let (name, encoded) =
            line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Shape)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Shape)?;
        let (hash, signature) = bytes.split_at_checked(4).ok_or(NoteError::Shape)?;
        if !is_name(name) {
            return Err(NoteError::Shape);
        }
        for key in keys.iter().filter(|key| key.name == name && key.hash() == hash) {
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::Forged)?;
            key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Forged)?;
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned) }
}
