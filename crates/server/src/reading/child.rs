//! The process that reads one PDF or DOCX: `contactiq parse-document`, a document on standard input, one
//! line of JSON on standard output. It takes everything away from itself that reading does not need.

use std::io::Read;

use contactiq_ingest::{Contents, Kind, MAX_BYTES, Unreadable};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The memory that it may ask for, in bytes: its own program takes about a quarter.
pub const MAX_MEMORY: u64 = 512 * 1024 * 1024;

/// What it says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// What it read.
    Contents(Contents),
    /// Why it read nothing.
    Refused(Unreadable),
}

/// Limits this process, for good, and reads the document on its standard input. `seconds` is the time of
/// the processor that it may use.
///
/// # Errors
/// When the limits can't be set: then nothing is read.
pub fn run(kind: Kind, seconds: u64) -> std::io::Result<Said> {
    limit(seconds)?;
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

fn limit(seconds: u64) -> std::io::Result<()> {
    let set = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    set(Resource::Cpu, seconds)?;
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
