//! Checkpoints as C2SP writes them (<https://c2sp.org/tlog-checkpoint>): the name of the log, its size, its root, and
//! one line more, the time, in a signed note. One commits its signer to every entry before it.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Hash, SigningKey, VerifyingKey,
    note::{self, NoteError},
};

/// Begins the line of the time.
const TIME: &str = "time ";

/// A statement about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, for instance `bank.example/contactiq`.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// When it was made, in microseconds since 1970.
    pub made_at_us: i64,
}

/// Why a note is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not accepted as a note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its text is no checkpoint in the one spelling that this log writes.
    #[error("its text is no checkpoint of such a log")]
    Text,
}

impl Checkpoint {
    /// Its text, without signatures.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n{TIME}{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.0),
            self.made_at_us
        )
    }

    /// The checkpoint as a signed note.
    ///
    /// # Errors
    /// [`NoteError::Shape`] when the name of the log is empty or has a line break.
    pub fn sign(&self, key: &SigningKey) -> Result<String, NoteError> {
        if self.origin.is_empty() || self.origin.contains('\n') {
            return Err(NoteError::Shape);
        }
        key.sign(&self.text())
    }

    /// Reads a checkpoint that one of these keys signed.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn open(signed: &str, keys: &[VerifyingKey]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::read(note::open(signed, keys)?)
    }

    /// Reads the text of a checkpoint whose signature somebody else looks at.
    ///
    /// # Errors
    /// [`CheckpointError::Text`].
    pub fn read(text: &str) -> Result<Checkpoint, CheckpointError> {
        let parse = || {
            let mut lines = text.lines();
            let (origin, size, root, time) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
            let root: [u8; 32] = STANDARD.decode(root).ok()?.try_into().ok()?;
            Some(Checkpoint {
                origin: origin.to_owned(),
                size: size.parse().ok()?,
                root: Hash(root),
                made_at_us: time.strip_prefix(TIME)?.parse().ok()?,
            })
        };
        // One spelling: no sign, no leading zero, no line more.
        parse().filter(|read| read.text() == text).ok_or(CheckpointError::Text)
    }
}
