//! A file becomes a draft (P13). Text is read here; a PDF or DOCX can be hostile, so a process of its own
//! reads it, without an environment and under limits (docs/security.md).

mod apart;
pub mod child;
mod suspects;

pub use suspects::suspects;

use std::{
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use contactiq_ingest::{Draft, FrontMatter, IngestError, MAX_BYTES, Unreadable};
use tokio::sync::Semaphore;

/// How long one PDF or DOCX may take, in seconds, unless the caller says otherwise.
pub const DEFAULT_SECONDS: u64 = 20;

/// Why a file gives no draft. Each says what to do; none echoes what is in the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// The file itself can't be read.
    #[error("the file can't be read ({0}): look at its path and its permissions")]
    File(ErrorKind),
    /// Its content is not a document that is taken in.
    #[error(transparent)]
    Document(#[from] IngestError),
    /// It took longer than it may.
    #[error("reading took longer than {seconds} s: split the document, or allow more with --seconds")]
    TooSlow {
        /// What it was given.
        seconds: u64,
    },
    /// The process that reads could not be started or ended without a word.
    #[error(
        "the process that reads PDF and DOCX can't work here ({0}): start contactiq anew, then try again"
    )]
    Unavailable(&'static str),
}

impl ReadingError {
    /// The stable name of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ReadingError::File(_) => "document_unreadable",
            ReadingError::Document(why) => why.code(),
            ReadingError::TooSlow { .. } => "document_too_slow",
            ReadingError::Unavailable(_) => "reader_unavailable",
        }
    }
}

impl From<Unreadable> for ReadingError {
    fn from(why: Unreadable) -> ReadingError {
        ReadingError::Document(why.into())
    }
}

/// Reads files, at most as many PDF and DOCX at once as there are places. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    places: Arc<Semaphore>,
    seconds: u64,
}

impl Reader {
    /// With this many places, and this many seconds for one PDF or DOCX.
    #[must_use]
    pub fn new(places: usize, seconds: u64) -> Reader {
        Reader { places: Arc::new(Semaphore::new(places.max(1))), seconds }
    }

    /// The draft of a file. A larger one than is read is refused by its size, before it is read.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn file(&self, path: &Path, given: &FrontMatter) -> Result<Draft, ReadingError> {
        let name = path.to_string_lossy();
        contactiq_ingest::format_of(&name)?;
        let bytes = bytes_of(path)?;
        self.document(&name, bytes, given).await
    }

    /// The draft of a document with this name: a file name or path, whose ending says how it is read.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn document(
        &self,
        name: &str,
        bytes: Vec<u8>,
        given: &FrontMatter,
    ) -> Result<Draft, ReadingError> {
        if bytes.len() > MAX_BYTES {
            return Err(IngestError::TooLarge { got: bytes.len() }.into());
        }
        match contactiq_ingest::format_of(name)?.kind() {
            None => Ok(contactiq_ingest::parse_with(name, &bytes, given)?),
            Some(_) if bytes.is_empty() => Err(Unreadable::Empty.into()),
            Some(kind) => {
                let limit = Duration::from_secs(self.seconds);
                let _place =
                    self.places.acquire().await.map_err(|_| ReadingError::Unavailable("it is shut down"))?;
                let contents = apart::read(kind, bytes, limit).await?;
                Ok(contactiq_ingest::assemble(name, &contents, given)?)
            }
        }
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, ReadingError> {
    let failed = |e: std::io::Error| ReadingError::File(e.kind());
    let file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let too_large = |size: u64| IngestError::TooLarge { got: usize::try_from(size).unwrap_or(usize::MAX) };
    if size > MAX_BYTES as u64 {
        return Err(too_large(size).into());
    }
    // A file may grow while it is read.
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES { Err(too_large(bytes.len() as u64).into()) } else { Ok(bytes) }
}
