//! HTML, pages and sitemaps are read by processes of their own as well. A site has thousands of small ones,
//! and starting a process costs more than reading one: a process reads many, one after the other, and is
//! ended after a large one, a slow one, or enough of them.

use std::{process::ExitStatus, sync::Mutex, time::Duration};

use contactiq_ingest::{Markup, Unreadable, Wanted};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{
    ReadingError,
    apart::{MAX_SAID, died, spawn},
    child::{Ask, SaidOfMarkup},
};

/// What is larger leaves a process with memory that it may not give back.
const LARGE: usize = 1024 * 1024;
/// So many documents a process reads.
const MOST_READ: usize = 500;
/// How long a process that said its last word may take to end.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The processes that wait for the next document.
#[derive(Debug, Default)]
pub(super) struct Processes {
    idle: Mutex<Vec<Process>>,
}

impl Processes {
    /// Reads markup, within this time.
    pub(super) async fn read(
        &self,
        wanted: &Wanted,
        bytes: &[u8],
        limit: Duration,
    ) -> Result<Markup, ReadingError> {
        let used = self.lock().pop();
        if let Some(process) = used {
            match self.within(process, wanted, bytes, limit).await {
                // It may have died of what it read before: who is refused had a process of its own.
                Err(Failed::Died(_)) => {}
                done => return done.map_err(|failed| failed.told(limit)),
            }
        }
        let process = Process::start()?;
        self.within(process, wanted, bytes, limit).await.map_err(|failed| failed.told(limit))
    }

    async fn within(
        &self,
        mut process: Process,
        wanted: &Wanted,
        bytes: &[u8],
        limit: Duration,
    ) -> Result<Markup, Failed> {
        let Ok(said) = tokio::time::timeout(limit, process.ask(wanted, bytes, limit)).await else {
            // Waits for its end, so that nothing of it is left.
            drop(process.child.kill().await);
            return Err(Failed::Slow);
        };
        let Ok(said) = said else { return Err(Failed::Died(process.end().await)) };
        let read = match serde_json::from_slice(&said) {
            Ok(SaidOfMarkup::Read(markup)) => Ok(markup),
            Ok(SaidOfMarkup::Refused(why)) => Err(Failed::Refused(why)),
            Err(_) if said.len() as u64 > MAX_SAID => return Err(Failed::Refused(Unreadable::TooHeavy)),
            Err(_) => return Err(Failed::Died(process.end().await)),
        };
        process.read += 1;
        if bytes.len() < LARGE && process.read < MOST_READ {
            self.lock().push(process);
        }
        read
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Why a process gave nothing.
enum Failed {
    Refused(Unreadable),
    Slow,
    /// Without a word, or in the middle of one.
    Died(Option<ExitStatus>),
}

impl Failed {
    fn told(self, limit: Duration) -> ReadingError {
        let too_slow = ReadingError::TooSlow { seconds: limit.as_secs() };
        match self {
            Failed::Refused(why) => why.into(),
            Failed::Slow => too_slow,
            Failed::Died(Some(status)) => died(status, too_slow),
            Failed::Died(None) => ReadingError::Unavailable("it ended early"),
        }
    }
}

/// One process that reads.
#[derive(Debug)]
struct Process {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    read: usize,
}

impl Process {
    fn start() -> Result<Process, ReadingError> {
        let mut child = spawn(&["--markup"])?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok(Process { child, to, from: BufReader::new(from), read: 0 }),
            _ => Err(ReadingError::Unavailable("it can't be talked to")),
        }
    }

    /// What it says of a document, one line.
    async fn ask(&mut self, wanted: &Wanted, bytes: &[u8], limit: Duration) -> std::io::Result<Vec<u8>> {
        // The wall's clock ends it first.
        let ask = Ask { wanted: wanted.clone(), seconds: limit.as_secs() + 1, bytes: bytes.len() };
        let mut head = serde_json::to_vec(&ask)?;
        head.push(b'\n');
        self.to.write_all(&head).await?;
        self.to.write_all(bytes).await?;
        self.to.flush().await?;
        let mut said = Vec::new();
        (&mut self.from).take(MAX_SAID + 1).read_until(b'\n', &mut said).await?;
        Ok(said)
    }

    async fn end(mut self) -> Option<ExitStatus> {
        match tokio::time::timeout(LAST_WORD, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                drop(self.child.kill().await);
                None
            }
        }
    }
}
