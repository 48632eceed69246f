//! DOCX (ECMA-376): a zip of XML parts. Read are the body, its styles and numbering, footnotes where they
//! are referred to, and the title. Headers, footers, comments, hidden and deleted text are not.

mod body;
mod numbering;
mod styles;
mod xml;

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::contents::{Contents, Unreadable, written_title};

/// The most that is unpacked of one part, and of all parts together, in bytes: a bomb ends here.
const MAX_PART: u64 = 64 * 1024 * 1024;
/// The most parts of one file.
const MAX_PARTS: usize = 10_000;
/// How an OLE file begins: an old `.doc`, or a DOCX under a password.
const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Reads a file.
pub(crate) fn contents(bytes: &[u8]) -> Result<Contents, Unreadable> {
    if bytes.starts_with(OLE) {
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let sealed = bytes.windows(name.len()).any(|w| w == name);
        return Err(if sealed { Unreadable::Encrypted } else { Unreadable::Damaged });
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    if zip.len() > MAX_PARTS {
        return Err(Unreadable::TooHeavy);
    }
    let main = part(&mut zip, "word/document.xml")?.ok_or(Unreadable::Damaged)?;
    let styles = part(&mut zip, "word/styles.xml")?.unwrap_or_default();
    let numbering = part(&mut zip, "word/numbering.xml")?.unwrap_or_default();
    let footnotes = part(&mut zip, "word/footnotes.xml")?.unwrap_or_default();
    let core = part(&mut zip, "docProps/core.xml")?.unwrap_or_default();

    let styles = styles::Styles::read(&styles)?;
    let numbering = numbering::Numbering::read(&numbering)?;
    let notes = body::notes(&footnotes, &styles, &numbering)?;
    let blocks = body::blocks(&main, &styles, &numbering, notes)?;
    Ok(Contents { title: title(&core)?.as_deref().and_then(written_title), blocks })
}

/// One part as text; none when the file has no such part.
fn part(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<String>, Unreadable> {
    let file = match zip.by_name(name) {
        Ok(file) => file,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(zip::result::ZipError::UnsupportedArchive(_)) => return Err(Unreadable::Encrypted),
        Err(_) => return Err(Unreadable::Damaged),
    };
    // The size in its header is only what the file says of itself: what comes out is counted.
    let mut text = Vec::new();
    file.take(MAX_PART + 1).read_to_end(&mut text).map_err(|_| Unreadable::Damaged)?;
    if text.len() as u64 > MAX_PART {
        return Err(Unreadable::TooHeavy);
    }
    let text = String::from_utf8(text).map_err(|_| Unreadable::Damaged)?;
    Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}

fn title(core: &str) -> Result<Option<String>, Unreadable> {
    let mut within = false;
    let mut found = String::new();
    xml::walk(core, |event| {
        match event {
            xml::Event::Open(tag) if tag.is("title") => within = true,
            xml::Event::Close("title") => within = false,
            xml::Event::Text(text) if within => found.push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(Some(found).filter(|t| !t.is_empty()))
}
