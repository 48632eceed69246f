//! PDF and DOCX: formats whose files can be hostile. Reading them is pure, too, but it may panic, ask for
//! much memory or take long: a caller reads them in a process of its own (P13, docs/security.md).

use serde::{Deserialize, Serialize};

use crate::{block::Block, docx, pdf};

/// The most text that one document may hold, in bytes.
pub(crate) const MAX_TEXT: usize = 8 * 1024 * 1024;

contactiq_domain::words! {
    /// A format that is read in a process of its own.
    Kind as "kind" {
        /// `.pdf`
        Pdf => "pdf",
        /// `.docx`
        Docx => "docx",
    }
}

/// What was read of a file: what a [`crate::Draft`] is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The title in the file's own metadata, when it is one that a person wrote.
    pub title: Option<String>,
    /// Its blocks in reading order.
    pub blocks: Vec<Block>,
}

/// Why a file gives no contents. Each says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// It needs a password.
    #[error("the file is protected by a password: save it without one and add it again")]
    Encrypted,
    /// It is not what its ending says, or it is damaged.
    #[error(
        "the file is damaged or not what its ending says: open it, save it again as .pdf or .docx, or save its text as .md"
    )]
    Damaged,
    /// Pages without letters: scanned, or with fonts that don't say which letters they draw.
    #[error(
        "the pages hold no text that can be read (a scan, or fonts without letters): run text recognition (OCR) on it, or add the original"
    )]
    NoText,
    /// Nothing in it.
    #[error("the document has no text")]
    Empty,
    /// It unpacks to more than is read, or needs more memory than it gets.
    #[error(
        "reading the file needs more memory than it may take: split the document, or save it again without what it embeds"
    )]
    TooHeavy,
    /// Not UTF-8.
    #[error("the page is not UTF-8 text: save it as UTF-8")]
    NotUtf8,
    /// HTML that opens formatting without ever closing it: a parser would open it anew in each paragraph.
    #[error(
        "the page opens bold, italic and their like hundreds of times without closing them: save it anew"
    )]
    TooComplex,
    /// Nested deeper than documents are.
    #[error("the file nests tables, elements or objects deeper than is read: save it in a simpler form")]
    TooDeep,
}

impl Unreadable {
    /// The stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Unreadable::Encrypted => "document_encrypted",
            Unreadable::Damaged => "document_damaged",
            Unreadable::NoText => "document_no_text",
            Unreadable::Empty => "document_empty",
            Unreadable::TooHeavy => "document_too_heavy",
            Unreadable::NotUtf8 => "document_not_utf8",
            Unreadable::TooComplex => "document_too_complex",
            Unreadable::TooDeep => "document_too_deep",
        }
    }
}

/// Reads a file. It may panic on a damaged one, because the libraries below do.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Contents, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::Empty);
    }
    let contents = match kind {
        Kind::Pdf => pdf::contents(bytes),
        Kind::Docx => docx::contents(bytes),
    }?;
    match size(&contents.blocks) {
        0 => Err(Unreadable::Empty),
        size if size > MAX_TEXT => Err(Unreadable::TooHeavy),
        _ => Ok(contents),
    }
}

/// How much text these blocks hold, in bytes.
pub(crate) fn size(blocks: &[Block]) -> usize {
    blocks.iter().flat_map(Block::lines).map(|line| line.len()).sum()
}

/// A title from metadata, unless a program left it there.
pub(crate) fn written_title(title: &str) -> Option<String> {
    let title = squeeze(title);
    let lower = title.to_lowercase();
    let by_program = lower.starts_with("microsoft ")
        || lower.starts_with('(')
        || ["untitled", "document", "presentation", "title", "print"]
            .iter()
            .any(|w| lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace()) == *w)
        || [".doc", ".docx", ".pdf", ".odt", ".indd", ".rtf", ".dotx", ".tmp"]
            .iter()
            .any(|e| lower.ends_with(e));
    (!by_program && title.chars().any(char::is_alphabetic) && title.chars().count() <= 200).then_some(title)
}

/// Words with one space between them, without control characters.
pub(crate) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        // A soft hyphen shows only at the end of a line; the others show never.
        out.extend(word.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}')));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_a_program_left_is_none() {
        for left in ["Microsoft Word - fees v3", "Untitled", "Document1", "fees.docx", "", "12", "untitled 2"]
        {
            assert_eq!(written_title(left), None, "{left}");
        }
        assert_eq!(written_title(" Card  fees ").as_deref(), Some("Card fees"));
    }

    #[test]
    fn what_is_no_such_file_is_told_apart() {
        for kind in [Kind::Pdf, Kind::Docx] {
            assert_eq!(read(kind, b""), Err(Unreadable::Empty));
            assert_eq!(read(kind, b"hello"), Err(Unreadable::Damaged));
        }
    }

    #[test]
    fn contents_go_through_json() {
        let contents = Contents {
            title: None,
            blocks: vec![
                Block::List { ordered: true, items: vec!["Open".into()] },
                Block::Paragraph("x".into()),
            ],
        };
        let line = serde_json::to_string(&contents).unwrap();
        assert_eq!(serde_json::from_str::<Contents>(&line).unwrap(), contents);
    }
}
