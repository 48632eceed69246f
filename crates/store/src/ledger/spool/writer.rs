//! The one thread that touches the folder. It takes what waits, writes it with one sync, and answers everybody.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{Depth, SpoolError, batch::Batch, disk::Disk, frame, segments::Segments};

/// A group ends when it has this many bytes: a caller is not kept waiting by ever more that come after it.
const GROUP_BYTES: u64 = 1 << 20;

pub(super) type Reply<T> = oneshot::Sender<Result<T, SpoolError>>;

/// A payload that waits to be written.
pub(super) struct Append {
    pub(super) payload: Vec<u8>,
    pub(super) reply: Reply<()>,
    /// Its part of the memory that what waits may take; given back once it was answered.
    pub(super) memory: OwnedSemaphorePermit,
}

/// What the thread is asked for.
pub(super) enum Command {
    Append(Append),
    Next(Reply<Option<Batch>>),
    Done(Batch, Reply<()>),
    Count(Reply<()>),
    Close(oneshot::Sender<()>),
}

/// What the thread tells without being asked.
#[derive(Debug, Default)]
pub(super) struct Published(Mutex<Depth>);

impl Published {
    pub(super) fn depth(&self) -> Depth {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, depth: Depth) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = depth;
    }
}

/// Works until every handle is gone or one was closed, and all that came before was answered.
pub(super) fn run<D: Disk>(
    mut segments: Segments<D>,
    mut commands: mpsc::Receiver<Command>,
    published: Arc<Published>,
) {
    let mut closing = Vec::new();
    let mut following = None;
    published.set(segments.depth());
    while let Some(command) = following.take().or_else(|| commands.blocking_recv()) {
        match command {
            Command::Append(first) => {
                let group;
                (group, following) = gather(first, &mut commands);
                commit(&mut segments, group, &published);
            }
            Command::Next(reply) => {
                let batch = segments.next();
                published.set(segments.depth());
                // Who does not wait any more lets go of the batch, and it comes again.
                let _ = reply.send(batch);
            }
            Command::Done(batch, reply) => {
                let done = segments.done(&batch);
                // Free before the answer: when it failed, the very next call may get it again.
                drop(batch);
                published.set(segments.depth());
                let _ = reply.send(done);
            }
            Command::Count(reply) => {
                let counted = segments.count();
                published.set(segments.depth());
                let _ = reply.send(counted);
            }
            Command::Close(reply) => {
                commands.close();
                closing.push(reply);
            }
        }
    }
    // With the engine goes the lock: only then may the folder be opened again.
    drop(segments);
    for reply in closing {
        let _ = reply.send(());
    }
}

/// What waits behind the first payload, up to the first command that is something else.
fn gather(first: Append, commands: &mut mpsc::Receiver<Command>) -> (Vec<Append>, Option<Command>) {
    let mut bytes = frame::size(&first.payload);
    let mut group = vec![first];
    while bytes < GROUP_BYTES {
        match commands.try_recv() {
            Ok(Command::Append(append)) => {
                bytes += frame::size(&append.payload);
                group.push(append);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

/// Writes the group, but for what has no room, and answers everybody.
fn commit<D: Disk>(segments: &mut Segments<D>, group: Vec<Append>, published: &Published) {
    let (mut payloads, mut replies, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut room = segments.room();
    for Append { payload, reply, memory } in group {
        match room.checked_sub(frame::size(&payload)) {
            Some(left) => {
                room = left;
                payloads.push(payload);
                replies.push((reply, memory));
            }
            None => refused.push(reply),
        }
    }
    let written = if payloads.is_empty() { Ok(()) } else { segments.append(&payloads) };
    if let Err(error) = &written {
        tracing::error!(entries = payloads.len(), %error, "the spool could not keep what it was given");
    }
    let full = if refused.is_empty() { None } else { Some(segments.full()) };
    published.set(segments.depth());
    for (reply, memory) in replies {
        let _ = reply.send(written.clone());
        drop(memory);
    }
    for (reply, error) in refused.into_iter().zip(full.into_iter().cycle()) {
        let _ = reply.send(Err(error));
    }
}
