//! What can go wrong, in words that never quote a row, a question or a password.

use contactiq_domain::Timestamp;
use contactiq_guard::seal::SealError;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::secure_link::{self, OTHER_NAME, PLAIN, UNTRUSTED};

/// Another connection holds the lock that this one needs.
pub(crate) const BUSY: &str = "another process is writing";
/// Another transaction wanted the same rows, and one of the two had to give way.
pub(crate) const IN_THE_WAY: &str = "another transaction was in the way";
/// A key that is needed is wrapped by a key-encryption key that another process has, and this one not yet.
pub(crate) const LOCKED: &str =
    "a key is wrapped by a key-encryption key that is not configured here: add it to server.sealing_key";
/// All connections are in use.
pub(crate) const NO_CONNECTION: &str = "no connection became free in time";

/// Why the store could not do what it was asked. Laws of the schema are named (`rule`), values never.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, is too busy, or can't write. The same call may pass later.
    #[error("the database is not available: {why}")]
    Unavailable {
        /// What a person can act on.
        why: &'static str,
    },
    /// There is such a row already.
    #[error("there is one already ({rule})")]
    Conflict {
        /// The unique constraint.
        rule: String,
    },
    /// There is no such row.
    #[error("there is no such {what}")]
    NotFound {
        /// The noun.
        what: &'static str,
    },
    /// The database refused a value: out of range, missing, or without its parent (B7).
    #[error("the database refused a value ({rule})")]
    Refused {
        /// The constraint.
        rule: String,
    },
    /// What is wanted back was erased for good.
    #[error("{documents}: erased, and what is erased can't come back")]
    Erased {
        /// Collection and slug of each.
        documents: String,
    },
    /// The secret that a key had before its last rotation goes on, and nobody said that it ends.
    #[error(
        "a secret of an earlier rotation goes on until {until}, and a key has two at most: wait until then, or rotate with a grace of 0, which ends both at once"
    )]
    SecretOverlaps {
        /// Until when.
        until: Timestamp,
    },
    /// The keys of the installation are gone from the database, and what was sealed with them is there.
    #[error(
        "the table keyring has lost its keys, without which nobody's records are found: restore it from a backup"
    )]
    KeyringLost,
    /// A stored value is not what was stored there.
    #[error("the stored {what} is damaged")]
    Corrupt {
        /// The column.
        what: &'static str,
    },
    /// The audit log, or what is kept beside it, was changed by something else than the house: nothing is done on its
    /// word.
    #[error(
        "audit_log_changed: {what}{}. Nothing is done on its word: run `contactiq audit verify --records`, and put back what was changed (docs/runbook.md, \"The audit log does not verify\")",
        entry.map(|entry| format!(" (entry {entry})")).unwrap_or_default()
    )]
    AuditChanged {
        /// What is not as it was left.
        what: &'static str,
        /// At which entry, where it is known.
        entry: Option<u64>,
    },
    /// A newer version of ContactIQ has changed this database.
    #[error(
        "this database has schema {found}, and this version knows schema {known}: start the newer version of ContactIQ, or restore the backup from before the upgrade"
    )]
    NewerSchema {
        /// The schema in the database.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The keys of the database are wrapped by a key-encryption key that is not configured.
    #[error(
        "the database was sealed with another key: it needs the key-encryption key {needed}, which server.sealing_key does not hold; restore it from its backup"
    )]
    WrongKey {
        /// The fingerprint of the key.
        needed: String,
    },
    /// A sealed column did not open.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The address of the database can't be read as one.
    #[error("the database URL is not valid: it has the form postgres://user:password@host:5432/name")]
    BadUrl,
    /// An earlier statement of this transaction failed, so that saving it would save a half.
    #[error("the transaction was not saved, because one of its statements failed")]
    Spoilt,
    /// The search inside PostgreSQL needs what this database has not.
    #[error(transparent)]
    NoPgvector(#[from] crate::vectors::NoPgvector),
    /// A statement failed for a reason that none of the above covers.
    #[error("the database failed with code {code}")]
    Failed {
        /// The engine's own code: SQLSTATE, or SQLite's result code.
        code: String,
    },
}

/// What does not pass by itself.
const LASTING: &[&str] = &[
    DISK_FULL,
    READ_ONLY,
    FOLDER_READ_ONLY,
    DAMAGED,
    POOLED,
    NO_ROOM,
    NO_DATABASE,
    NO_ENTRY,
    NO_FILE,
    UNTRUSTED,
    OTHER_NAME,
    PLAIN,
];
/// SQLite writes a copy where temporary files are, and that back beside the file.
pub(crate) const NO_ROOM: &str = "the data folder has not as much free room as the database has bytes, which writing it anew needs there, and once more where temporary files are";
const NO_DATABASE: &str = "the server has no database of this name";
const NO_ENTRY: &str = "the server refused the user or the password";
const NO_FILE: &str = "the file can't be opened: check the data folder and its permissions";
const POOLED: &str =
    "a pooler gives each transaction another connection: add ?statement-cache-capacity=0 to its URL";
const DISK_FULL: &str = "the disk is full";
const READ_ONLY: &str = "it is read-only";
const FOLDER_READ_ONLY: &str = "the file or its folder is read-only";
const DAMAGED: &str = "the file is damaged, or no database";

impl StoreError {
    /// Whether somebody else writes just now: the database is well.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, StoreError::Unavailable { why } if *why == BUSY || *why == IN_THE_WAY)
    }

    /// Whether a key of somebody can't be unwrapped here.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, StoreError::Unavailable { why } if *why == LOCKED)
    }

    /// The same of whoever writes: what a key-encryption key is missing for can be written once it is configured, so it
    /// waits and is not refused.
    pub(crate) fn of_a_writer(self) -> StoreError {
        match self {
            StoreError::Sealed(SealError::UnknownKey) => StoreError::Unavailable { why: LOCKED },
            other => other,
        }
    }

    /// Whether the same call may pass a moment later: the failures that a retry is for (B4).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Unavailable { why } if !LASTING.contains(why))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => from_database(&*error),
            E::PoolTimedOut => Self::Unavailable { why: NO_CONNECTION },
            E::PoolClosed | E::WorkerCrashed => Self::Unavailable { why: "it was closed" },
            // A handshake that fails is told as a connection that did.
            E::Io(error) => {
                let why = secure_link::why(&format!("{error} {error:?}"));
                Self::Unavailable { why: why.unwrap_or("the connection to it failed") }
            }
            E::Tls(error) => {
                let why = secure_link::why(&format!("{error} {error:?}"));
                Self::Unavailable { why: why.unwrap_or("no secure connection to it can be made") }
            }
            E::Configuration(_) => Self::BadUrl,
            E::RowNotFound => Self::NotFound { what: "row" },
            E::ColumnDecode { .. } | E::ColumnNotFound(_) | E::Decode(_) => Self::Corrupt { what: "column" },
            // What SQLite undid by itself (a full disk) is told by its driver as a broken protocol.
            E::Protocol(_) => Self::Unavailable { why: "it did not keep to the transaction" },
            E::BeginFailed | E::InvalidSavePointStatement => {
                Self::Unavailable { why: "it did not begin a transaction" }
            }
            _ => Self::Failed { code: "sqlx".to_owned() },
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation => return StoreError::Conflict { rule: rule(error) },
        ErrorKind::CheckViolation | ErrorKind::NotNullViolation | ErrorKind::ForeignKeyViolation => {
            return StoreError::Refused { rule: rule(error) };
        }
        _ => {}
    }
    let code = error.code().unwrap_or_default().into_owned();
    match why(&code) {
        Some(why) => StoreError::Unavailable { why },
        None => StoreError::Failed { code },
    }
}

/// The constraint's name, as our migrations gave it. SQLite tells it at the end of its message
/// (`CHECK constraint failed: interactions_mode`), which holds words of the schema alone.
fn rule(error: &dyn DatabaseError) -> String {
    if let Some(name) = error.constraint() {
        return name.to_owned();
    }
    match error.message().split_once(" constraint failed: ") {
        Some((_, name)) => name.to_owned(),
        None if error.kind() == ErrorKind::ForeignKeyViolation => "foreign key".to_owned(),
        None => "constraint".to_owned(),
    }
}

/// What the codes mean that a person or a retry can do something about. SQLSTATE has five
/// characters; SQLite's codes are small numbers, extended ones with the primary in their low byte.
fn why(code: &str) -> Option<&'static str> {
    if code.len() == 5 {
        return match code {
            "57014" => Some("a statement took too long"),
            "40001" | "40P01" | "55P03" => Some(IN_THE_WAY),
            "26000" | "42P05" => Some(POOLED),
            "53100" => Some(DISK_FULL),
            "25006" => Some(READ_ONLY),
            "3D000" => Some(NO_DATABASE),
            _ if code.starts_with("28") => Some(NO_ENTRY),
            _ if code.starts_with("53") => Some("the server is out of resources"),
            _ if code.starts_with("08") || code.starts_with("57") => Some("the server closed the connection"),
            _ => None,
        };
    }
    match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => Some(BUSY),
        8 => Some(FOLDER_READ_ONLY),
        10 => Some("reading or writing the file failed"),
        11 | 26 => Some(DAMAGED),
        13 => Some(DISK_FULL),
        14 => Some(NO_FILE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::why;

    #[test]
    fn codes_of_both_engines_become_words() {
        assert_eq!(why("5"), Some("another process is writing"));
        assert_eq!(why("517"), Some("another process is writing"));
        assert_eq!(why("13"), Some("the disk is full"));
        assert_eq!(why("28P01"), Some("the server refused the user or the password"));
        assert_eq!(why("42601"), None);
        assert_eq!(why(""), None);
    }
}
