//! Why a document can't be taken in: stable codes, and words that say what to do.

use contactiq_domain::Collection;

use crate::{MAX_BYTES, Unreadable};

/// Why a document can't be taken in. Each says what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IngestError {
    /// Larger than [`MAX_BYTES`].
    #[error("the document has {got} bytes; at most {MAX_BYTES} are read: split it")]
    TooLarge {
        /// Its size.
        got: usize,
    },
    /// Not UTF-8.
    #[error("the document is not UTF-8 text: save it as UTF-8")]
    NotUtf8,
    /// The ending names no format that is read.
    #[error("this kind of file is not read: use .md, .html, .txt, .pdf or .docx")]
    UnknownFormat,
    /// Nothing is left of the name.
    #[error(
        "the name of the file has no letter and no digit, and a document is named by it: rename the file"
    )]
    NoName,
    /// A PDF or DOCX came to [`crate::parse_with`]: its contents are read in a process of its own.
    #[error("this kind of file is read in a process of its own")]
    ReadApart,
    /// A PDF or DOCX gave no contents.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A mistake in the front matter.
    #[error("front matter, line {line}: {fix}")]
    FrontMatter {
        /// Line of the file, from 1.
        line: usize,
        /// What to do.
        fix: String,
    },
    /// No text after the front matter.
    #[error("the document has no text")]
    Empty,
    /// Neither the front matter nor the caller names a collection.
    #[error(
        "no collection: add `collection: customer` or `collection: banker` to the front matter, or pass --collection"
    )]
    NoCollection,
    /// The front matter names another collection than the caller.
    #[error("the front matter says collection {found}, the command says {asked}: make them agree")]
    OtherCollection {
        /// In the document.
        found: Collection,
        /// Asked for.
        asked: Collection,
    },
    /// The document ends before it begins.
    #[error("valid_until lies before valid_from")]
    Validity,
}

impl IngestError {
    /// The stable name of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            IngestError::TooLarge { .. } => "document_too_large",
            IngestError::NotUtf8 => "document_not_utf8",
            IngestError::NoName => "document_name_empty",
            IngestError::UnknownFormat | IngestError::ReadApart => "document_format_unknown",
            IngestError::Unreadable(why) => why.code(),
            IngestError::FrontMatter { .. } => "front_matter_invalid",
            IngestError::Empty => "document_empty",
            IngestError::NoCollection => "collection_missing",
            IngestError::OtherCollection { .. } => "collection_differs",
            IngestError::Validity => "validity_reversed",
        }
    }
}
