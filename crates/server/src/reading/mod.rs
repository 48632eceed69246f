//! A file becomes a draft (P13). Markdown and text are read here; a PDF, a DOCX and HTML can be hostile, so
//! processes of their own read them, without an environment and under limits (docs/security.md).

mod apart;
pub mod child;
mod markup;
mod personal;
mod suspects;

pub use personal::{Personal, personal};
pub use suspects::suspects;

use std::{
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use contactiq_ingest::{
    Draft, FrontMatter, IngestError, MAX_BYTES, Markup, Opened, Unreadable, Wanted,
    web::{Page, Sitemap, SitemapError},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long one file may take, in seconds, unless the caller says otherwise.
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
    #[error("the process that reads documents can't work here ({0}): start contactiq anew, then try again")]
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

/// A process that answers another question than it was asked is not ours.
const OTHER: ReadingError = ReadingError::Unavailable("another program answers in its place");

/// Reads files, in at most as many processes at once as there are places. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    places: Arc<Semaphore>,
    processes: Arc<markup::Processes>,
    seconds: u64,
}

impl Reader {
    /// With this many places, and this many seconds for one file.
    #[must_use]
    pub fn new(places: usize, seconds: u64) -> Reader {
        Reader { places: Arc::new(Semaphore::new(places.max(1))), processes: Arc::default(), seconds }
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
            None => {
                let opened = Opened::new(name, &bytes, given)?;
                let contents = match opened.markup() {
                    None => opened.contents(),
                    Some((wanted, body)) => {
                        match self.markup(&wanted, body.as_bytes(), self.limit()).await? {
                            Markup::File(contents) => contents,
                            Markup::Page(_) | Markup::Sitemap(_) => return Err(OTHER),
                        }
                    }
                };
                Ok(opened.into_draft(contents)?)
            }
            Some(_) if bytes.is_empty() => Err(Unreadable::Empty.into()),
            Some(kind) => {
                let _place = self.place().await?;
                let contents = apart::read(kind, bytes, self.limit()).await?;
                Ok(contactiq_ingest::assemble(name, &contents, given)?)
            }
        }
    }

    /// What a page of the web says to this robot. A page that takes longer than `limit` is given up.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn page(&self, bytes: &[u8], robot: &str, limit: Duration) -> Result<Page, ReadingError> {
        let wanted = Wanted::Page { robot: robot.to_owned() };
        match self.markup(&wanted, bytes, limit).await? {
            Markup::Page(page) => Ok(page),
            Markup::File(_) | Markup::Sitemap(_) => Err(OTHER),
        }
    }

    /// What a sitemap lists.
    ///
    /// # Errors
    /// See [`ReadingError`]; inside, that it is none.
    pub async fn sitemap(
        &self,
        bytes: &[u8],
        limit: Duration,
    ) -> Result<Result<Sitemap, SitemapError>, ReadingError> {
        match self.markup(&Wanted::Sitemap, bytes, limit).await? {
            Markup::Sitemap(read) => Ok(read),
            Markup::File(_) | Markup::Page(_) => Err(OTHER),
        }
    }

    async fn markup(&self, wanted: &Wanted, bytes: &[u8], limit: Duration) -> Result<Markup, ReadingError> {
        let _place = self.place().await?;
        self.processes.read(wanted, bytes, limit).await
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, ReadingError> {
        self.places.acquire().await.map_err(|_| ReadingError::Unavailable("it is shut down"))
    }

    const fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
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
