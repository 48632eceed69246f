//! Starts the process that reads, hands it the document, and ends it when it takes too long, says too
//! much, or nobody waits for it any more.

use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use contactiq_ingest::{Contents, Kind, Unreadable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::{ReadingError, child::Said};

/// The most that the process may say, in bytes: four times the text of the largest document.
pub(super) const MAX_SAID: u64 = 32 * 1024 * 1024;
/// Signals that the limits end in: the processor's time is over; no memory; no more stack; the system
/// itself had no memory left.
const XCPU: i32 = 24;

/// Reads a document in a process of its own.
pub(super) async fn read(kind: Kind, bytes: Vec<u8>, limit: Duration) -> Result<Contents, ReadingError> {
    let mut child = start(kind, limit)?;
    let too_slow = ReadingError::TooSlow { seconds: limit.as_secs() };
    let Ok(ended) = tokio::time::timeout(limit, talk(&mut child, bytes)).await else {
        // Waits for its end, so that nothing of it is left.
        drop(child.kill().await);
        return Err(too_slow);
    };
    let (said, status) = ended.map_err(|_| ReadingError::Unavailable("it can't be talked to"))?;
    if said.len() as u64 > MAX_SAID {
        return Err(Unreadable::TooHeavy.into());
    }
    match serde_json::from_slice(&said) {
        Ok(Said::Contents(contents)) if status.success() => Ok(contents),
        Ok(Said::Refused(why)) if status.success() => Err(why.into()),
        _ => Err(died(status, too_slow)),
    }
}

fn start(kind: Kind, limit: Duration) -> Result<Child, ReadingError> {
    // The wall's clock ends it first, unless it computes on several threads.
    let seconds = limit.as_secs() + 1;
    spawn(&["--kind", kind.as_str(), "--seconds", &seconds.to_string()])
}

/// A process of this program that reads what it is handed: without an environment, ended with whoever waits
/// for it.
pub(super) fn spawn(what: &[&str]) -> Result<Child, ReadingError> {
    let program = std::env::current_exe().map_err(|_| ReadingError::Unavailable("its program is gone"))?;
    Command::new(program)
        .arg("parse-document")
        .args(what)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| ReadingError::Unavailable("it can't be started"))
}

async fn talk(child: &mut Child, bytes: Vec<u8>) -> std::io::Result<(Vec<u8>, ExitStatus)> {
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::ErrorKind::BrokenPipe.into());
    };
    let tell = async move {
        // One that refuses early may be gone before all is written; what it said counts.
        drop(to.write_all(&bytes).await);
        drop(to);
    };
    let mut said = Vec::new();
    let mut from = from.take(MAX_SAID + 1);
    let ((), heard) = tokio::join!(tell, from.read_to_end(&mut said));
    heard?;
    if said.len() as u64 > MAX_SAID {
        child.start_kill()?;
    }
    Ok((said, child.wait().await?))
}

/// Why the process ended without a word.
pub(super) fn died(status: ExitStatus, too_slow: ReadingError) -> ReadingError {
    match (status.signal(), status.code()) {
        (Some(XCPU), _) => too_slow,
        (Some(_), _) => Unreadable::TooHeavy.into(),
        // A panic of a library.
        (None, Some(101)) => Unreadable::Damaged.into(),
        (None, _) => ReadingError::Unavailable("it ended early"),
    }
}
