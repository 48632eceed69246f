//! A disk of tests: it keeps in a crash what was synced and what the test says, and fails when it is told to.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use super::disk::Disk;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The disk is full.
    NoSpace,
    /// The disk fails.
    Broken,
    /// The folder became read-only.
    ReadOnly,
    /// Half of the bytes are written; any other call succeeds.
    Short,
}

/// What a crash leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crash {
    /// How much of each file's bytes that were not synced, in thousandths.
    pub(super) keeps: usize,
    /// Whether the rest of them stays as zeros: the length was written, the bytes were not.
    pub(super) zeros: bool,
    /// Whether files that were created, renamed or removed without a sync of the folder are so.
    pub(super) names: bool,
}

#[derive(Default)]
struct File {
    /// The first so many bytes are synced.
    synced: usize,
    bytes: Vec<u8>,
    /// A sync failed. Linux then forgets what it could not write, and a later sync succeeds without it.
    forgets: bool,
}

#[derive(Default)]
struct State {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    faults: VecDeque<Option<Fault>>,
    syncs: usize,
}

/// All clones are the same disk: one stays with the test.
#[derive(Clone, Default)]
pub(super) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    /// The power goes.
    pub(super) fn crash(&self, crash: Crash) {
        let mut state = self.lock();
        state.faults.clear();
        if crash.names {
            state.synced_names = state.names.clone();
        }
        state.names = state.synced_names.clone();
        for file in &mut state.files {
            let kept = file.synced + (file.bytes.len() - file.synced) * crash.keeps / 1000;
            if crash.zeros {
                file.bytes[kept..].fill(0);
            } else {
                file.bytes.truncate(kept);
            }
            file.synced = file.bytes.len();
        }
    }

    /// The calls to come, one after the other; those behind them succeed.
    pub(super) fn will(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.lock().faults.extend(faults);
    }

    pub(super) fn recovers(&self) {
        self.lock().faults.clear();
    }

    /// Of files, not of the folder.
    pub(super) fn syncs(&self) -> usize {
        self.lock().syncs
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.lock().names.keys().cloned().collect()
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.lock();
        state.files[state.names[name]].bytes.clone()
    }

    /// Puts a file there, synced.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.lock();
        let file = state.files.len();
        state.files.push(File { synced: bytes.len(), bytes, forgets: false });
        state.names.insert(name.to_owned(), file);
        state.synced_names.insert(name.to_owned(), file);
    }

    pub(super) fn flip(&self, name: &str, at: usize, flip: u8) {
        let mut state = self.lock();
        let file = state.names[name];
        state.files[file].bytes[at] ^= flip;
    }

    /// Moves a file away behind the back of the spool.
    pub(super) fn take(&self, name: &str) {
        let mut state = self.lock();
        state.names.remove(name).unwrap();
        state.synced_names.remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The state, when this call is not to fail; and whether it is to be short.
    fn call(&self) -> io::Result<(MutexGuard<'_, State>, bool)> {
        let mut state = self.lock();
        match state.faults.pop_front().flatten() {
            Some(Fault::NoSpace) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Broken) => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::ReadOnly) => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            short => Ok((state, short.is_some())),
        }
    }
}

impl State {
    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        let file = self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.files[*file])
    }
}

impl Disk for SimulatedDisk {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.call()?.0;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(File::default());
        state.names.insert(name.to_owned(), file);
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        let (mut state, short) = self.call()?;
        let written = if short { bytes.len() / 2 } else { bytes.len() };
        state.file(name)?.bytes.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        if let Err(error) = self.call() {
            self.lock().file(name)?.forgets = true;
            return Err(error);
        }
        let mut state = self.lock();
        state.syncs += 1;
        let file = state.file(name)?;
        if !file.forgets {
            file.synced = file.bytes.len();
        }
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        let mut state = self.call()?.0;
        state.synced_names = state.names.clone();
        Ok(())
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        let mut state = self.call()?.0;
        let file = state.file(name)?;
        file.bytes.truncate(length as usize);
        assert!(file.synced <= file.bytes.len(), "bytes that were promised are cut off");
        Ok(())
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        Ok(self.call()?.0.file(name)?.bytes.clone())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.call()?.0;
        state.names.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?.0;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(state.names.insert(to.to_owned(), file), None, "a file is written over");
        Ok(())
    }

    fn list(&mut self) -> io::Result<Vec<(String, u64)>> {
        let state = self.call()?.0;
        Ok(state
            .names
            .iter()
            .map(|(name, file)| (name.clone(), state.files[*file].bytes.len() as u64))
            .collect())
    }
}
