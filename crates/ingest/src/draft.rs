//! A file's bytes become a draft: everything of a document but its id and version.

use contactiq_domain::{Collection, ContentType, Document, Passage, ids::DocumentId};
use contactiq_guard::Published;
use sha2::{Digest, Sha256};

use crate::{FrontMatter, block::Block, html, markdown, passages};

/// The largest document that is read, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

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
    #[error("this kind of file is not read: use .md, .html or .txt")]
    UnknownFormat,
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

contactiq_domain::words! {
    /// How a file is read, by its ending.
    Format as "format" {
        /// `.md`, `.markdown`
        Markdown => "markdown",
        /// `.html`, `.htm`
        Html => "html",
        /// `.txt`, `.text`
        Text => "text",
    }
}

/// A document that was read but not yet stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Stable name inside the collection.
    pub slug: String,
    /// Whose document it is.
    pub collection: Collection,
    /// What the document says of itself.
    pub matter: FrontMatter,
    /// Title: from the front matter, else the first heading, else the slug.
    pub title: String,
    /// SHA-256 of front matter and body, hex.
    pub content_hash: String,
    /// The body as the bank wrote it.
    pub text: Published,
    /// Its passages, at least one.
    pub passages: Vec<Passage<Published>>,
}

impl Draft {
    /// The draft as a document with this id; the store sets the version.
    #[must_use]
    pub fn into_document(self, id: DocumentId) -> (Document<Published>, Vec<Passage<Published>>) {
        let document = Document {
            id,
            slug: self.slug,
            collection: self.collection,
            title: self.title,
            url: self.matter.url.unwrap_or_default(),
            content_type: self.matter.content_type.unwrap_or(ContentType::Public),
            product: self.matter.product.unwrap_or_default(),
            owner: self.matter.owner.unwrap_or_default(),
            valid_from: self.matter.valid_from,
            valid_until: self.matter.valid_until,
            version: 1,
            content_hash: self.content_hash,
            text: self.text,
        };
        (document, self.passages)
    }
}

/// Reads one document. `name` is a file name or path; its last part without ending is the slug.
/// `collection` is what the caller asks for; the front matter may name it instead.
///
/// # Errors
/// See [`IngestError`].
pub fn parse(name: &str, bytes: &[u8], collection: Option<Collection>) -> Result<Draft, IngestError> {
    if bytes.len() > MAX_BYTES {
        return Err(IngestError::TooLarge { got: bytes.len() });
    }
    let (slug, format) = slug_and_format(name)?;
    let source = std::str::from_utf8(bytes).map_err(|_| IngestError::NotUtf8)?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(source).replace("\r\n", "\n").replace('\0', "");
    let (matter, body) = FrontMatter::split(&source)?;
    if let (Some(from), Some(until)) = (matter.valid_from, matter.valid_until)
        && until < from
    {
        return Err(IngestError::Validity);
    }
    let collection = match (matter.collection, collection) {
        (Some(found), Some(asked)) if found != asked => {
            return Err(IngestError::OtherCollection { found, asked });
        }
        (Some(c), _) | (None, Some(c)) => c,
        (None, None) => return Err(IngestError::NoCollection),
    };
    let (page_title, blocks) = match format {
        Format::Markdown => (None, markdown::blocks(body)),
        Format::Html => html::blocks(body),
        Format::Text => (None, text_blocks(body)),
    };
    let passages = passages::cut(&blocks);
    if passages.is_empty() {
        return Err(IngestError::Empty);
    }
    let heading = blocks.iter().find_map(|b| match b {
        Block::Heading { level: 1, text } => Some(text.clone()),
        _ => None,
    });
    let title = matter.title.clone().or(page_title).or(heading).unwrap_or_else(|| slug.clone());
    let content_hash = hex(&Sha256::digest(source.trim().as_bytes()));
    Ok(Draft {
        slug,
        collection,
        title,
        content_hash,
        text: Published::by_bank(body.trim()),
        passages,
        matter,
    })
}

fn text_blocks(body: &str) -> Vec<Block> {
    body.split("\n\n")
        .map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|p| !p.is_empty())
        .map(Block::Paragraph)
        .collect()
}

fn slug_and_format(name: &str) -> Result<(String, Format), IngestError> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, ending) = file.rsplit_once('.').ok_or(IngestError::UnknownFormat)?;
    let format = match ending.to_ascii_lowercase().as_str() {
        "md" | "markdown" => Format::Markdown,
        "html" | "htm" => Format::Html,
        "txt" | "text" => Format::Text,
        _ => return Err(IngestError::UnknownFormat),
    };
    let mut slug = String::new();
    for c in stem.to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-').to_owned();
    if slug.is_empty() { Err(IngestError::UnknownFormat) } else { Ok((slug, format)) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_hash_whatever_its_line_ends() {
        let a = parse("a.md", b"# T\n\nText.\n", Some(Collection::Customer)).unwrap();
        let b = parse("dir/A.MD", b"# T\r\n\r\nText.", Some(Collection::Customer)).unwrap();
        assert_eq!(a.content_hash, b.content_hash);
        assert_eq!((a.slug.as_str(), a.title.as_str()), ("a", "T"));
    }

    #[test]
    fn bad_documents_say_what_to_do() {
        let c = Some(Collection::Customer);
        assert_eq!(parse("a.md", b"", c), Err(IngestError::Empty));
        assert_eq!(parse("a.md", b"---\ntitle: x\n---\n", c), Err(IngestError::Empty));
        assert_eq!(parse("a.md", b"\xff\xfe", c), Err(IngestError::NotUtf8));
        assert_eq!(parse("a.exe", b"x", c), Err(IngestError::UnknownFormat));
        assert_eq!(parse("a", b"x", c), Err(IngestError::UnknownFormat));
        assert_eq!(parse("a.md", b"x", None), Err(IngestError::NoCollection));
        assert_eq!(
            parse("a.md", b"---\ncollection: banker\n---\nx", c),
            Err(IngestError::OtherCollection { found: Collection::Banker, asked: Collection::Customer })
        );
        assert_eq!(
            parse("a.md", b"---\nvalid_from: 2026-02-01\nvalid_until: 2026-01-01\n---\nx", c),
            Err(IngestError::Validity)
        );
        assert!(matches!(parse("a.md", &vec![b'x'; MAX_BYTES + 1], c), Err(IngestError::TooLarge { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            for name in ["a.md", "a.html", "a.txt"] {
                let _ = parse(name, &bytes, Some(Collection::Banker));
            }
        }
    }
}
