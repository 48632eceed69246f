//! PDF and DOCX files as the tests need them, written byte by byte: good ones, and ones that a reader must
//! survive.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

/// A zip of these parts.
pub(crate) fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A DOCX with this body, a title, and styles and lists as Word names them.
pub(crate) fn docx(title: &str, body: &str) -> Vec<u8> {
    let space = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let document = format!("<?xml version=\"1.0\"?><w:document {space}><w:body>{body}</w:body></w:document>");
    let style = |id: &str, name: &str| {
        format!("<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/></w:style>")
    };
    let styles = format!(
        "<w:styles {space}>{}{}{}</w:styles>",
        style("Titel", "Title"),
        style("berschrift1", "heading 1"),
        style("berschrift2", "heading 2")
    );
    let list = |id: u8, format: &str| {
        format!(
            "<w:abstractNum w:abstractNumId=\"{id}\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"{format}\"/></w:lvl></w:abstractNum>"
        )
    };
    let numbering = format!(
        "<w:numbering {space}>{}{}<w:num w:numId=\"1\"><w:abstractNumId w:val=\"1\"/></w:num>\
         <w:num w:numId=\"2\"><w:abstractNumId w:val=\"2\"/></w:num></w:numbering>",
        list(1, "bullet"),
        list(2, "decimal")
    );
    let core = format!(
        "<cp:coreProperties xmlns:cp=\"c\" xmlns:dc=\"d\"><dc:title>{title}</dc:title></cp:coreProperties>"
    );
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", document.as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("word/numbering.xml", numbering.as_bytes()),
        ("docProps/core.xml", core.as_bytes()),
    ])
}

/// A paragraph of a style; `""` is none.
pub(crate) fn paragraph(style: &str, text: &str) -> String {
    let style = if style.is_empty() { String::new() } else { format!("<w:pStyle w:val=\"{style}\"/>") };
    format!("<w:p><w:pPr>{style}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// An item of list 1 (bullets) or 2 (numbers).
pub(crate) fn item(list: u8, text: &str) -> String {
    format!(
        "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr>\
         <w:r><w:t>{text}</w:t></w:r></w:p>"
    )
}

/// A table whose first row is marked as its header.
pub(crate) fn table(rows: &[&[&str]]) -> String {
    let mut out = String::from("<w:tbl>");
    for (i, row) in rows.iter().enumerate() {
        let cells: String = row.iter().map(|cell| format!("<w:tc>{}</w:tc>", paragraph("", cell))).collect();
        let header = if i == 0 { "<w:trPr><w:tblHeader/></w:trPr>" } else { "" };
        out.push_str(&format!("<w:tr>{header}{cells}</w:tr>"));
    }
    out + "</w:tbl>"
}

/// A PDF with one content stream a page, more objects (their numbers begin at 10), and what is added to
/// the trailer.
pub(crate) fn pdf_of(pages: &[String], more: &[String], trailer: &str) -> Vec<u8> {
    let first = 10 + more.len();
    let numbers: Vec<usize> = (0..pages.len()).map(|i| first + 2 * i).collect();
    let kids: String = numbers.iter().map(|n| format!("{n} 0 R ")).collect();
    let mut objects = vec![
        (1, "<< /Type /Catalog /Pages 2 0 R >>".to_owned()),
        (2, format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len())),
        (3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned()),
    ];
    objects.extend(more.iter().enumerate().map(|(i, object)| (10 + i, object.clone())));
    let forms: String = (0..more.len()).map(|i| format!("/X{i} {} 0 R ", 10 + i)).collect();
    for (number, content) in numbers.iter().zip(pages) {
        objects.push((
            *number,
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
                 /Resources << /Font << /F1 3 0 R >> /XObject << {forms} >> >> >>",
                number + 1
            ),
        ));
        objects.push((*number + 1, stream("", content)));
    }
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in &objects {
        places.push((*number, out.len()));
        out.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = out.len();
    out.extend(b"xref\n0 1\n0000000000 65535 f \n");
    for (number, place) in places {
        out.extend(format!("{number} 1\n{place:010} 00000 n \n").bytes());
    }
    let size = first + 2 * pages.len();
    out.extend(
        format!("trailer\n<< /Root 1 0 R /Size {size} {trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    out
}

/// A stream object.
pub(crate) fn stream(dictionary: &str, content: &str) -> String {
    format!("<< {dictionary} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// Text at a place of a page, in this size.
pub(crate) fn at(x: u32, y: u32, size: u32, text: &str) -> String {
    let text = text.replace('(', "\\(").replace(')', "\\)");
    format!("BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n")
}

/// A PDF whose one page calls a form that calls the next ten times, and so on: small, and never read to
/// its end.
pub(crate) fn endless_pdf() -> Vec<u8> {
    let forms: Vec<String> = (0..14)
        .map(|i| {
            let calls = if i == 13 { at(50, 50, 10, "ha") } else { format!("/X{} Do\n", i + 1).repeat(10) };
            stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", &calls)
        })
        .collect();
    pdf_of(&[at(50, 700, 10, "Fees") + "/X0 Do\n"], &forms, "")
}
