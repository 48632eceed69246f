//! What can go wrong, in words that say what to do.

use std::io;

/// Why the spool could not do something. No text here holds a payload or a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// The payload is empty or too long.
    #[error("a payload of {bytes} bytes can't be spooled: it must have 1 byte to 1 MiB, so split it")]
    Size {
        /// As long as it was.
        bytes: usize,
    },
    /// More waits to be written than may wait. The same call may pass a moment later.
    #[error("the spool's disk is slower than what arrives: wait a moment and try again")]
    Busy,
    /// The folder holds as much as it may. The same call may pass once something was drained.
    #[error(
        "the spool holds {bytes} of at most {max_bytes} bytes: bring back the database or the queue so that it is drained, move its *.damaged files away, or raise its limit"
    )]
    Full {
        /// In the folder now.
        bytes: u64,
        /// As many as may be.
        max_bytes: u64,
    },
    /// The file system is full. The same call may pass once there is room.
    #[error("the disk of the spool is full: free some space on it")]
    DiskFull,
    /// The operating system lets us not write or read there.
    #[error(
        "the spool's folder can't be used: make its owner the user that runs this program, and its disk writable"
    )]
    Denied,
    /// Another process has the folder, or this one has it twice.
    #[error("the spool's folder is in use: stop the other process, or give each its own folder")]
    Held,
    /// A segment was written by a newer version of this program.
    #[error(
        "the spool holds a segment of format version {version}, and this program reads up to {}: start the newer version, which drains it",
        super::frame::VERSION
    )]
    Newer {
        /// The one of the segment.
        version: u32,
    },
    /// The spool was closed, or its thread ended.
    #[error("the spool is closed: open it again")]
    Closed,
    /// A batch was given to a spool that it does not come from.
    #[error("the batch comes from another spool: give it to its own")]
    OtherSpool,
    /// The operating system failed for a reason that none of the above covers.
    #[error("the spool could not {doing} ({kind}): check its disk, and the system's log for errors of it")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// What the operating system said.
        kind: io::ErrorKind,
    },
}

impl SpoolError {
    /// What the operating system said while we did something.
    pub(super) fn of(doing: &'static str) -> impl Fn(io::Error) -> SpoolError {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SpoolError::DiskFull,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => SpoolError::Denied,
            kind => SpoolError::Disk { doing, kind },
        }
    }
}
