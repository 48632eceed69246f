//! The spool: a folder of this machine that keeps what can't be written to the database or the queue now, and
//! gives it back when they are there again. Nothing said is ever lost.
//!
//! It takes payloads that the caller has encrypted, and knows nothing of what is in them. [`Spool::append`] returns
//! once the bytes are on the disk; all that wait share one sync. [`Spool::next`] gives the oldest back, in order,
//! and [`Spool::done`] removes them. What was given and not done comes again, after a crash too, so each payload
//! comes at least once and whoever takes it must not mind a second time.
//!
//! The folder holds segments, `00000000000000000001.spool` and on. A segment begins with `CIQSPOOL`, a version and
//! four reserved bytes; then follow frames of a magic, a length, a CRC-32 of length and payload, and the payload.
//! Every start begins a new segment, so that the end of an old one, which a crash may have torn, is never
//! written again. A segment of which a part can't be read gives back all others and is kept as
//! `….spool.damaged`, for a person to look at.
//!
//! ```no_run
//! # async fn example(encrypted: Vec<u8>) -> Result<(), contactiq_store::ledger::spool::SpoolError> {
//! use contactiq_store::ledger::spool::{DEFAULT_MAX_BYTES, Spool};
//! let spool = Spool::open("data/spool".as_ref(), DEFAULT_MAX_BYTES).await?;
//! spool.append(encrypted).await?;
//! while let Some(batch) = spool.next().await? {
//!     // … write `batch.payloads` where they belong, then:
//!     spool.done(batch).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod batch;
mod disk;
mod error;
mod frame;
mod segments;
mod writer;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use tokio::sync::{Semaphore, mpsc, oneshot};

pub use batch::Batch;
pub use error::SpoolError;

use batch::Holds;
use disk::Folder;
use segments::{Limits, Segments};
use writer::{Append, Command, Published};

/// What stands in a spool's folder, seen from outside and without its lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes of payloads that wait, their frames included.
    pub bytes: u64,
    /// Files of which a part could not be read.
    pub damaged: u64,
}

/// Looks at a spool's folder, whoever holds it.
///
/// # Errors
/// When the folder can't be read.
pub fn seen(folder: &Path) -> std::io::Result<Seen> {
    let mut seen = Seen::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match segments::parse(&entry.file_name().to_string_lossy()) {
            Some((_, true)) => seen.damaged += 1,
            Some((_, false)) => {
                seen.bytes += entry.metadata()?.len().saturating_sub(frame::SEGMENT_HEADER.len() as u64);
            }
            None => {}
        }
    }
    Ok(seen)
}

/// The folder holds 1 GiB, unless it is told otherwise.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

/// A segment is closed before it has more than 4 MiB: what is drained at once fits into memory.
const SEGMENT_BYTES: u64 = 4 << 20;
/// As many calls may wait for the disk.
const WAITING: usize = 1024;
/// Their payloads together, in bytes.
const WAITING_BYTES: usize = 32 << 20;

/// What is in the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Payloads that wait to be drained or are given out.
    pub entries: u64,
    /// Bytes of all segments, with those that were set aside.
    pub bytes: u64,
    /// Files that wait to be drained or are given out.
    pub segments: u64,
    /// Segments with a part that can't be read, waiting or set aside. Zero again after a start without them.
    pub damaged_segments: u64,
    /// Payloads that were kept since the start and were not in their file any more when it was counted.
    pub missing: u64,
}

/// The spool of one folder. Cloning it is cheap; all clones share the one thread that writes.
///
/// When the last clone is dropped the thread ends by itself, a moment later; [`Spool::close`] waits for it.
#[derive(Clone)]
pub struct Spool {
    commands: mpsc::Sender<Command>,
    memory: Arc<Semaphore>,
    published: Arc<Published>,
}

impl Spool {
    /// Opens the folder, makes it when it is missing, locks it, and reads what an earlier run left. It may hold
    /// as many bytes as said, damaged files with it ([`DEFAULT_MAX_BYTES`] is a good number).
    ///
    /// # Errors
    /// [`SpoolError::Held`] when another process has it, [`SpoolError::Newer`] when a newer version has written
    /// there, and what the operating system refuses.
    pub async fn open(folder: &Path, max_bytes: u64) -> Result<Spool, SpoolError> {
        let (spool, commands) = Spool::with_waiting(WAITING, WAITING_BYTES);
        let (opened, is_open) = oneshot::channel();
        let folder = folder.to_owned();
        let published = Arc::clone(&spool.published);
        let work = move || {
            let limits = Limits { max_bytes, segment_bytes: SEGMENT_BYTES };
            let segments =
                Folder::open(&folder).and_then(|disk| Segments::open(disk, limits, Holds::default()));
            match segments {
                Ok(segments) => {
                    published.set(segments.depth());
                    let _ = opened.send(Ok(()));
                    writer::run(segments, commands, published);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
        };
        // The disk may be slow, and a thread of the runtime must not wait for it.
        let named = std::thread::Builder::new().name("spool".to_owned());
        named.spawn(work).map_err(SpoolError::of("start its thread"))?;
        is_open.await.unwrap_or(Err(SpoolError::Closed))?;
        Ok(spool)
    }

    /// Keeps a payload of 1 byte to 1 MiB. It is on the disk when this returns. Who stops waiting does not take
    /// it back: it may be kept all the same, and so it may after an error of the disk.
    ///
    /// # Errors
    /// [`SpoolError::Size`], [`SpoolError::Busy`] and [`SpoolError::Full`] for what was not even tried; otherwise
    /// what the disk said. Then nobody may rely on its being kept.
    pub async fn append(&self, payload: Vec<u8>) -> Result<(), SpoolError> {
        let bytes = payload.len();
        let permits = u32::try_from(bytes).ok().filter(|_| (1..=frame::MOST_PAYLOAD).contains(&bytes));
        let permits = permits.ok_or(SpoolError::Size { bytes })?;
        let memory =
            Arc::clone(&self.memory).try_acquire_many_owned(permits).map_err(|_| SpoolError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let append = Command::Append(Append { payload, reply, memory });
        self.commands.try_send(append).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SpoolError::Busy,
            mpsc::error::TrySendError::Closed(_) => SpoolError::Closed,
        })?;
        answer.await.unwrap_or(Err(SpoolError::Closed))
    }

    /// The oldest payloads that nobody else holds, or nothing when there are none. Drop the batch to have it
    /// come again.
    ///
    /// # Errors
    /// When its segment can't be read. After three times it is passed over until the next start, and stays.
    pub async fn next(&self) -> Result<Option<Batch>, SpoolError> {
        self.ask(Command::Next).await
    }

    /// Removes what is safe elsewhere, or sets it aside when a part could not be read.
    ///
    /// # Errors
    /// When that failed; the batch may come again.
    pub async fn done(&self, batch: Batch) -> Result<(), SpoolError> {
        self.ask(|reply| Command::Done(batch, reply)).await
    }

    /// Looks whether the files hold what they were given, for [`Depth::missing`].
    ///
    /// # Errors
    /// When the folder, or a file that lacks something, can't be read.
    pub async fn count(&self) -> Result<(), SpoolError> {
        self.ask(Command::Count).await
    }

    /// The figures of now, without asking the disk.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.published.depth()
    }

    /// Writes what waits, ends the thread and unlocks the folder, for all clones.
    pub async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_ok() {
            // No answer means that the thread is gone already.
            answer.await.unwrap_or_default();
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(writer::Reply<T>) -> Command) -> Result<T, SpoolError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| SpoolError::Closed)?;
        answer.await.unwrap_or(Err(SpoolError::Closed))
    }

    /// A handle without a thread yet.
    fn with_waiting(calls: usize, bytes: usize) -> (Spool, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(calls);
        let memory = Arc::new(Semaphore::new(bytes));
        (Spool { commands, memory, published: Arc::default() }, receiver)
    }
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Spool").field(&self.depth()).finish()
    }
}
