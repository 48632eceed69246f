//! A file's bytes become a draft: everything of a document but its id and version.

use contactiq_domain::{Collection, ContentType, Document, Passage, ids::DocumentId};
use contactiq_guard::Published;
use sha2::{Digest, Sha256};

use crate::{
    Contents, FrontMatter, IngestError, Kind, Wanted,
    block::Block,
    front_matter::{MAX_TITLE, plain},
    markdown, markup, passages,
};

/// The largest document that is read, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

contactiq_domain::words! {
    /// How a file is read, by its ending.
    Format as "format" {
        /// `.md`, `.markdown`
        Markdown => "markdown",
        /// `.html`, `.htm`
        Html => "html",
        /// `.txt`, `.text`
        Text => "text",
        /// `.pdf`
        Pdf => "pdf",
        /// `.docx`
        Docx => "docx",
    }
}

impl Format {
    /// The kind, when it is one that is read in a process of its own.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Format::Pdf => Some(Kind::Pdf),
            Format::Docx => Some(Kind::Docx),
            Format::Markdown | Format::Html | Format::Text => None,
        }
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
    /// How often text without an end of a sentence had to be cut where it stood.
    pub cut: usize,
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
            role: self.matter.role,
            valid_from: self.matter.valid_from,
            valid_until: self.matter.valid_until,
            version: 1,
            content_hash: self.content_hash,
            text: self.text,
        };
        (document, self.passages)
    }
}

/// Reads one document of text. `collection` is what the caller asks for; the front matter may name it
/// instead. For more that a caller may say, see [`parse_with`].
///
/// # Errors
/// See [`IngestError`].
pub fn parse(name: &str, bytes: &[u8], collection: Option<Collection>) -> Result<Draft, IngestError> {
    parse_with(name, bytes, &FrontMatter { collection, ..FrontMatter::default() })
}

/// Reads one document of text. `name` is a file name or path; its last part without ending is the slug.
/// `given` is what the caller says of the document; the front matter may say it instead, and what the
/// document says of itself stands. Collections must agree.
///
/// # Errors
/// See [`IngestError`].
pub fn parse_with(name: &str, bytes: &[u8], given: &FrontMatter) -> Result<Draft, IngestError> {
    let opened = Opened::new(name, bytes, given)?;
    let contents = match opened.format {
        Format::Html => markup::contents(&opened.body)?,
        Format::Markdown => markup::markdown(&opened.body)?,
        _ => opened.contents(),
    };
    opened.into_draft(contents)
}

/// A document of text between its front matter and its blocks: HTML is read in a process of its own, its
/// front matter is not.
#[derive(Debug)]
pub struct Opened {
    slug: String,
    format: Format,
    matter: FrontMatter,
    body: String,
    content_hash: String,
}

impl Opened {
    /// Reads the front matter. `name` and `given` are those of [`parse_with`].
    ///
    /// # Errors
    /// See [`IngestError`].
    pub fn new(name: &str, bytes: &[u8], given: &FrontMatter) -> Result<Opened, IngestError> {
        if bytes.len() > MAX_BYTES {
            return Err(IngestError::TooLarge { got: bytes.len() });
        }
        let (slug, format) = slug_and_format(name)?;
        if format.kind().is_some() {
            return Err(IngestError::ReadApart);
        }
        let source = std::str::from_utf8(bytes).map_err(|_| IngestError::NotUtf8)?;
        let source = plain(source);
        let (matter, body) = FrontMatter::split(&source)?;
        let matter = matter.or(given)?;
        Ok(Opened { slug, format, matter, body: body.to_owned(), content_hash: hash(&source) })
    }

    /// The body, when it is HTML or holds HTML, and what is wanted of it: [`crate::Markup::read`] reads it.
    #[must_use]
    pub fn markup(&self) -> Option<(Wanted, &str)> {
        match self.format {
            Format::Html => Some((Wanted::File, &self.body)),
            Format::Markdown if markdown::holds_html(&self.body) => Some((Wanted::Markdown, &self.body)),
            _ => None,
        }
    }

    /// The blocks of plain Markdown or text.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let blocks = match self.format {
            // Without HTML in it nothing is too deep.
            Format::Markdown => markdown::read(&self.body).unwrap_or_default(),
            Format::Text => text_blocks(&self.body),
            Format::Html | Format::Pdf | Format::Docx => Vec::new(),
        };
        Contents { title: None, blocks }
    }

    /// The draft, of what was read of the body.
    ///
    /// # Errors
    /// See [`IngestError`].
    pub fn into_draft(self, contents: Contents) -> Result<Draft, IngestError> {
        draft(self.slug, self.matter, contents.title, &contents.blocks, &self.body, self.content_hash)
    }
}

/// Makes the draft of a PDF or DOCX from what was read of it. `given` is what the caller says of it.
///
/// # Errors
/// See [`IngestError`].
pub fn assemble(name: &str, contents: &Contents, given: &FrontMatter) -> Result<Draft, IngestError> {
    let (slug, _) = slug_and_format(name)?;
    let mut body = String::new();
    for block in &contents.blocks {
        if let Block::Heading { level, .. } = block {
            body.extend(std::iter::repeat_n('#', usize::from(*level)));
            body.push(' ');
        }
        body.push_str(&block.lines().join("\n"));
        body.push_str("\n\n");
    }
    // The same words saved again are the same document: a file's bytes also hold times and ids.
    let content_hash = hash(&body);
    draft(slug, given.clone(), contents.title.clone(), &contents.blocks, &body, content_hash)
}

/// How a file of this name is read.
///
/// # Errors
/// [`IngestError::UnknownFormat`].
pub fn format_of(name: &str) -> Result<Format, IngestError> {
    slug_and_format(name).map(|(_, format)| format)
}

fn draft(
    slug: String,
    matter: FrontMatter,
    own_title: Option<String>,
    blocks: &[Block],
    body: &str,
    content_hash: String,
) -> Result<Draft, IngestError> {
    if let (Some(from), Some(until)) = (matter.valid_from, matter.valid_until)
        && until < from
    {
        return Err(IngestError::Validity);
    }
    let collection = matter.collection.ok_or(IngestError::NoCollection)?;
    let passages = passages::cut(blocks);
    if passages.is_empty() {
        return Err(IngestError::Empty);
    }
    let heading = blocks.iter().find_map(|b| match b {
        Block::Heading { level: 1, text } => Some(text.clone()),
        _ => None,
    });
    let own = own_title.or(heading).map(short_title);
    let title = matter.title.clone().or(own).unwrap_or_else(|| slug.clone());
    Ok(Draft {
        slug,
        collection,
        title,
        content_hash,
        text: Published::by_bank(body.trim()),
        cut: passages::cut_anywhere(blocks),
        passages,
        matter,
    })
}

/// A title goes into every passage that is found, and into every citation.
pub(crate) fn short_title(title: String) -> String {
    match title.char_indices().nth(MAX_TITLE) {
        Some((end, _)) => format!("{}…", title[..end].trim_end()),
        None => title,
    }
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
        "pdf" => Format::Pdf,
        "docx" => Format::Docx,
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
    if slug.is_empty() { Err(IngestError::NoName) } else { Ok((slug, format)) }
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.trim().as_bytes()))
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
        assert_eq!(parse("+++.md", b"x", c), Err(IngestError::NoName));
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

    #[test]
    fn a_title_is_not_longer_than_a_person_reads() {
        let page = format!("<title>{}</title><p>x", "long ".repeat(20_000));
        let draft = parse("a.html", page.as_bytes(), Some(Collection::Customer)).unwrap();
        assert_eq!(draft.title.chars().count(), MAX_TITLE);
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
