//! PDF: letters at places on pages become lines, and lines become blocks. A PDF says where each letter
//! stands and nothing of headings, lists or tables: these are told by size, place and marks, and where
//! that is not sure the text is a paragraph. Nothing that is on the pages is left out, except what
//! repeats at their edges, and writing across the direction of the rest.

mod blocks;
mod content;
mod edges;
mod glyphs;
mod lines;

use pdf_extract::{Dictionary, Document, Object, output_doc_page};

use crate::contents::{Contents, Unreadable, written_title};

/// The share of letters without a known meaning from which a file counts as one without text.
const UNKNOWN: f64 = 0.3;

/// Reads a file.
pub(crate) fn contents(bytes: &[u8]) -> Result<Contents, Unreadable> {
    // Some programs write a few bytes before the header; readers look for it in the first kilobyte.
    if !bytes[..bytes.len().min(1024)].windows(5).any(|w| w == b"%PDF-") {
        return Err(Unreadable::Damaged);
    }
    let mut document = Document::load_mem(bytes).map_err(|e| refused(&e))?;
    // One that opens without a password was opened by the library, which then forgets that it was sealed.
    if document.trailer.has(b"Encrypt") {
        return Err(Unreadable::Encrypted);
    }
    content::keep_text(&mut document);
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    if numbers.is_empty() {
        return Err(Unreadable::Damaged);
    }
    let mut found = glyphs::Glyphs::default();
    for number in numbers {
        match output_doc_page(&document, &mut found, number) {
            Ok(()) => {}
            Err(_) if found.is_full() => return Err(Unreadable::TooHeavy),
            Err(_) => return Err(Unreadable::Damaged),
        }
    }
    if found.unknown_share() > UNKNOWN || found.is_empty() {
        return Err(Unreadable::NoText);
    }
    let writes_spaces = found.writes_spaces();
    let pages: Vec<_> = found.pages.into_iter().map(|page| lines::of_page(page, writes_spaces)).collect();
    Ok(Contents {
        title: title(&document).as_deref().and_then(written_title),
        blocks: blocks::of_pages(pages),
    })
}

fn refused(error: &pdf_extract::Error) -> Unreadable {
    use pdf_extract::Error;
    match error {
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => {
            Unreadable::Encrypted
        }
        _ => Unreadable::Damaged,
    }
}

fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let info: &Dictionary = match info {
        Object::Reference(id) => document.get_dictionary(*id).ok()?,
        other => other.as_dict().ok()?,
    };
    match info.get(b"Title").ok()? {
        Object::Reference(id) => pdf_extract::decode_text_string(document.get_object(*id).ok()?).ok(),
        other => pdf_extract::decode_text_string(other).ok(),
    }
}
