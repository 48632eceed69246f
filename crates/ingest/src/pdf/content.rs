//! What is drawn is reduced to what writes: images, paths and colours are taken out before the pages are
//! walked, because the library reads an image as if it were text and ends at a colour it does not know.

use pdf_extract::{Document, Object, ObjectId, content::Content};

/// Operators that place and show text, or call what does.
const KEPT: &[&str] = &[
    "BT", "ET", "Tf", "Tj", "TJ", "'", "\"", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz", "TL", "Ts", "cm", "q",
    "Q", "Do",
];

/// Leaves text in a document and nothing else. What can't be read is left as it is: the walk then says so.
pub(super) fn keep_text(document: &mut Document) {
    for page in document.get_pages().into_values().collect::<Vec<_>>() {
        let kept = document.get_page_content(page).ok().and_then(|content| reduced(&content));
        if let Some(content) = kept {
            let _ = document.change_page_content(page, content);
        }
    }
    let drawn: Vec<ObjectId> = document
        .objects
        .iter()
        .filter(|(_, object)| object.as_stream().is_ok_and(|s| s.dict.has(b"Subtype")))
        .map(|(id, _)| *id)
        .collect();
    for id in drawn {
        let Some(Object::Stream(stream)) = document.objects.get_mut(&id) else { continue };
        match stream.dict.get(b"Subtype").and_then(Object::as_name).unwrap_or_default() {
            b"Image" => stream.set_plain_content(Vec::new()),
            b"Form" => {
                let content = if stream.is_compressed() {
                    stream.decompressed_content().ok()
                } else {
                    Some(stream.content.clone())
                };
                if let Some(content) = content.and_then(|content| reduced(&content)) {
                    stream.set_plain_content(content);
                }
            }
            _ => {}
        }
    }
}

fn reduced(content: &[u8]) -> Option<Vec<u8>> {
    let mut content = Content::decode(content).ok()?;
    content.operations.retain(|operation| KEPT.contains(&operation.operator.as_str()));
    content.encode().ok()
}
