//! The program as a process, in a data folder of its own and an environment of its own.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::house::folder;

/// A person at a terminal.
pub(crate) struct Terminal {
    data: Arc<TempDir>,
    settings: Vec<(&'static str, String)>,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its output, when it went well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// Its output, when it ended with this status.
    pub(crate) fn failed(self, status: i32) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.out
    }

    /// Its output as JSON lines, when it ended with this status.
    pub(crate) fn lines(&self, status: i32) -> Vec<Value> {
        assert_eq!(self.status, status, "{self:?}");
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// Why it failed, in one message to a person.
    pub(crate) fn refused(&self) -> &str {
        assert_eq!((self.status, self.out.as_str()), (1, ""), "{self:?}");
        assert!(self.err.starts_with("contactiq: ") && !self.err.contains("panicked"), "{self:?}");
        &self.err
    }
}

impl Terminal {
    /// With the demo bank and lexical models.
    pub(crate) fn new() -> Terminal {
        Terminal { data: folder(), settings: vec![("CONTACTIQ_ENCODER", "off".to_owned())] }
    }

    /// In the folder of a server.
    pub(crate) fn of(data: Arc<TempDir>) -> Terminal {
        Terminal { data, settings: vec![("CONTACTIQ_ENCODER", "off".to_owned())] }
    }

    /// With one more environment variable.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Terminal {
        self.settings.push((name, value.into()));
        self
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The data folder, for a server to go on in.
    pub(crate) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.data)
    }

    /// A file beside the data, with this text.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.data().join("files").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command that is not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contactiq"));
        command.args(arguments).env_clear().env("CONTACTIQ_DATA_DIR", self.data());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.feed(arguments, b"")
    }

    /// Runs a command with this on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Beside reading: the command waits while nobody takes what it says. One that reads nothing may be gone
        // before all is written.
        let done = std::thread::scope(|all| {
            all.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { status: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
    }
}
