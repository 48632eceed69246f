//! What the spool needs of a folder, and the folder itself. Tests put a disk in its place that loses, fails and
//! damages what they say.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::SpoolError;

/// No segment of ours is longer, in bytes; a file that is would not fit into memory beside everything else.
const MOST_READ: u64 = 16 << 20;
const LOCK: &str = "lock";

/// One flat folder of files.
pub(super) trait Disk: Send + 'static {
    /// Makes an empty file; fails when there is one.
    fn create(&mut self, name: &str) -> io::Result<()>;
    /// Adds to the end of a file; how many of the bytes, which may be fewer than all.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize>;
    /// What was added is on the disk when it returns.
    fn sync(&mut self, name: &str) -> io::Result<()>;
    /// What was created, renamed or removed is on the disk when it returns.
    fn sync_folder(&mut self) -> io::Result<()>;
    /// Cuts a file to this many bytes.
    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()>;
    /// A whole file.
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// The files and their lengths in bytes, in any order.
    fn list(&mut self) -> io::Result<Vec<(String, u64)>>;
}

/// A folder of the file system, locked for as long as it is held.
pub(super) struct Folder {
    path: PathBuf,
    /// The file written last. Reopening it for each sync could miss an error that the system tells only once.
    open: Option<(String, File)>,
    /// The system unlocks it when the process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder when it is missing, for its owner alone, and locks it.
    pub(super) fn open(path: &Path) -> Result<Folder, SpoolError> {
        create_folder(path).map_err(SpoolError::of("make its folder"))?;
        let lock = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(path.join(LOCK))
            .map_err(SpoolError::of("make its lock file"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), open: None, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(SpoolError::Held),
            Err(TryLockError::Error(error)) => Err(SpoolError::of("lock its folder")(error)),
        }
    }

    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        let file = match self.open.take() {
            Some((open, file)) if open == name => file,
            _ => OpenOptions::new().append(true).open(self.path.join(name))?,
        };
        Ok(&mut self.open.insert((name.to_owned(), file)).1)
    }

    fn leave(&mut self, name: &str) {
        self.open.take_if(|(open, _)| open == name);
    }
}

impl Disk for Folder {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let file = private(OpenOptions::new().append(true).create_new(true)).open(self.path.join(name))?;
        self.open = Some((name.to_owned(), file));
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<usize> {
        self.file(name)?.write(bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        let file = self.file(name)?;
        file.sync_data()?;
        is_found(file, &path)
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        self.file(name)?.set_len(length)
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path.join(name))?.take(MOST_READ + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_READ {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.leave(name);
        fs::remove_file(self.path.join(name))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.leave(from);
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn list(&mut self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A name that is no text is none of ours.
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                files.push((name, entry.metadata()?.len()));
            }
        }
        Ok(files)
    }
}

/// Makes the folder and those above it that are missing. Each is synced into the one above it: a spool that was
/// written to and can't be found after a crash would be a lost one.
fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = match path.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    if above != path {
        create_folder(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => sync_folder(above),
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere a folder can't be opened as a file, and its entries are written with the file's own.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that was removed, with its folder or alone, takes all that is written to it and keeps nothing.
#[cfg(unix)]
fn is_found(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (open, found) = (file.metadata()?, fs::metadata(path)?);
    if (open.dev(), open.ino()) == (found.dev(), found.ino()) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "the file was put aside while it was written"))
}

#[cfg(not(unix))]
fn is_found(_file: &File, path: &Path) -> io::Result<()> {
    fs::metadata(path).map(drop)
}

/// New files are their owner's alone.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
