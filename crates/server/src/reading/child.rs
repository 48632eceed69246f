//! The process that reads a PDF, a DOCX or markup: `contactiq parse-document`, documents on standard input,
//! one line of JSON for each on standard output. It takes everything away from itself that reading does not
//! need.

use std::io::{BufRead, Read, Write};

use contactiq_ingest::{Contents, Kind, MAX_BYTES, Markup, Unreadable, Wanted};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use serde::{Deserialize, Serialize};

/// The memory that it may ask for, in bytes: its own program takes about a quarter.
pub const MAX_MEMORY: u64 = 512 * 1024 * 1024;
/// The most markup that is read: a sitemap of the largest size.
const MAX_MARKUP: usize = 50 * 1024 * 1024;
/// The longest line that asks.
const MAX_ASK: u64 = 4096;

/// What it says of a PDF or DOCX.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// What it read.
    Contents(Contents),
    /// Why it read nothing.
    Refused(Unreadable),
}

/// The line before markup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ask {
    /// What is wanted of it.
    pub(super) wanted: Wanted,
    /// The time of the processor that reading it may take.
    pub(super) seconds: u64,
    /// How long it is.
    pub(super) bytes: usize,
}

/// What it says of markup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SaidOfMarkup {
    /// What it read.
    Read(Markup),
    /// Why it read nothing.
    Refused(Unreadable),
}

/// Limits this process, for good, and reads the document on its standard input. `seconds` is the time of
/// the processor that it may use.
///
/// # Errors
/// When the limits can't be set: then nothing is read.
pub fn run(kind: Kind, seconds: u64) -> std::io::Result<Said> {
    set(Resource::Cpu, seconds)?;
    limit()?;
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Ok(Said::Refused(Unreadable::TooHeavy));
    }
    Ok(match contactiq_ingest::read(kind, &bytes) {
        Ok(contents) => Said::Contents(contents),
        Err(why) => Said::Refused(why),
    })
}

/// Limits this process, for good, and reads markup until nobody asks any more. Each document has its own
/// time of the processor.
///
/// # Errors
/// When the limits can't be set, or an ask is none.
pub fn serve() -> std::io::Result<()> {
    limit()?;
    let mut from = std::io::stdin().lock();
    let mut to = std::io::stdout().lock();
    loop {
        let mut line = Vec::new();
        (&mut from).take(MAX_ASK).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let ask: Ask = serde_json::from_slice(&line)?;
        if ask.bytes > MAX_MARKUP {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = vec![0; ask.bytes];
        from.read_exact(&mut bytes)?;
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
        let most = getrlimit(Resource::Cpu).maximum;
        let current = Some((used + 1 + ask.seconds).min(most.unwrap_or(u64::MAX)));
        setrlimit(Resource::Cpu, Rlimit { current, maximum: most })?;
        let said = match Markup::read(&ask.wanted, &bytes) {
            Ok(read) => SaidOfMarkup::Read(read),
            Err(why) => SaidOfMarkup::Refused(why),
        };
        serde_json::to_writer(&mut to, &said)?;
        to.write_all(b"\n")?;
        to.flush()?;
    }
}

fn set(resource: Resource, most: u64) -> rustix::io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

fn limit() -> std::io::Result<()> {
    // No file can grow; none can be opened, nor a connection, beside the three streams; no core is left
    // behind. A process or thread can't be started, except by root.
    set(Resource::Fsize, 0)?;
    set(Resource::Core, 0)?;
    set(Resource::Nproc, 0)?;
    set(Resource::Nofile, 3)?;
    let memory = set(Resource::As, MAX_MEMORY);
    // Where a system reserves more than that for every process, the other limits hold alone.
    if cfg!(target_os = "linux") {
        memory?;
        // A parent that is killed can't end it. The signal is bound to the thread that started this process.
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    }
    Ok(())
}
