//! PDF: letters at places on pages become lines, and lines become blocks. A PDF says where each letter
//! stands and nothing of headings, lists or tables: these are told by size, place and marks, and where
//! that is not sure the text is a paragraph. Nothing that is on the pages is left out, except what
//! repeats at their edges, and writing across the direction of the rest.

mod blocks;
mod content;
mod edges;
mod glyphs;
mod lines;

use pdf_extract::{Dictionary, Document, Object, ObjectId, output_doc_page};

use crate::contents::{Contents, Unreadable, written_title};

/// The share of letters without a known meaning from which a file counts as one without text.
const UNKNOWN: f64 = 0.3;

/// The most nodes above a page. A balanced tree of a million pages has a few.
const MAX_LEVELS: usize = 64;

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
    let pages = document.get_pages();
    if pages.is_empty() || !pages.values().all(|page| ends(&document, *page)) {
        return Err(Unreadable::Damaged);
    }
    let numbers: Vec<u32> = pages.into_keys().collect();
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

/// Whether the nodes above a page have an end: the library goes up to it for what a page inherits, and would go round
/// for ever where a node stands above itself.
fn ends(document: &Document, page: ObjectId) -> bool {
    let mut node = page;
    for _ in 0..MAX_LEVELS {
        let above =
            document.get_dictionary(node).and_then(|node| node.get(b"Parent")).and_then(Object::as_reference);
        match above {
            Ok(above) => node = above,
            Err(_) => return true,
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these objects, of which the first is the catalogue.
    fn file(objects: &[&str]) -> Vec<u8> {
        let (mut text, mut places) = ("%PDF-1.4\n".to_owned(), Vec::new());
        for (at, object) in objects.iter().enumerate() {
            places.push(text.len());
            text.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
        }
        let (table, count) = (text.len(), objects.len() + 1);
        text.push_str(&format!("xref\n0 {count}\n0000000000 65535 f \n"));
        places.iter().for_each(|place| text.push_str(&format!("{place:010} 00000 n \n")));
        text.push_str(&format!("trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"));
        text.into_bytes()
    }

    #[test]
    fn a_page_that_stands_above_itself_is_damage() {
        let with_parent = |parent: &str| {
            let page = format!("<</Type/Page/Parent {parent}/MediaBox[0 0 300 300]/Contents 4 0 R>>");
            let pages = "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>>>>>";
            let drawn = "BT /F1 12 Tf 20 200 Td (A card costs $10.) Tj ET";
            let stream = format!("<</Length {}>>stream\n{drawn}\nendstream", drawn.len());
            let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
            contents(&file(&["<</Type/Catalog/Pages 2 0 R>>", pages, &page, &stream, font]))
        };
        assert_eq!(with_parent("3 0 R"), Err(Unreadable::Damaged));
        let blocks = with_parent("2 0 R").map(|contents| contents.blocks);
        assert_eq!(blocks, Ok(vec![crate::block::Block::Paragraph("A card costs $10.".to_owned())]));
    }
}
