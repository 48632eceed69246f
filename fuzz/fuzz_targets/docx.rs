//! A DOCX: its parts as a zip that is whole, so that the fuzzer writes XML and not check sums, and the bytes alone as a
//! file. What is read comes back from the process that read it as it went.
#![no_main]

use std::io::{Cursor, Write};

use contactiq_domain::Collection;
use contactiq_ingest::{Contents, FrontMatter, Kind, assemble, read};
use libfuzzer_sys::fuzz_target;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const PARTS: [&str; 5] =
    ["word/document.xml", "word/styles.xml", "word/numbering.xml", "word/footnotes.xml", "docProps/core.xml"];

/// Parts stand behind one another, with a zero byte between.
fn file(bytes: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in PARTS.iter().zip(bytes.split(|byte| *byte == 0)) {
        zip.start_file(*name, stored).expect("each part stands once");
        zip.write_all(part).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

fuzz_target!(|bytes: &[u8]| {
    let _ = read(Kind::Docx, bytes);
    let Ok(contents) = read(Kind::Docx, &file(bytes)) else { return };
    let sent = serde_json::to_string(&contents).expect("texts alone");
    assert_eq!(serde_json::from_str::<Contents>(&sent).expect("it was written here"), contents);
    let given = FrontMatter { collection: Some(Collection::Banker), ..FrontMatter::default() };
    let draft = assemble("a.docx", &contents, &given).map(|draft| draft.passages);
    assert!(draft.is_ok_and(|passages| !passages.is_empty()) || contents.blocks.iter().all(is_heading));
});

fn is_heading(block: &contactiq_ingest::block::Block) -> bool {
    matches!(block, contactiq_ingest::block::Block::Heading { .. })
}
