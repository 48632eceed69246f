//! HTML as blocks: what a reader sees, without scripts, styles, navigation and forms.

use scraper::{ElementRef, Html, Node, Selector};

use crate::block::Block;

/// Elements whose content is not the document's text.
const LEFT_OUT: &[&str] = &[
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "iframe",
    "button",
];
/// How deep elements may nest before the rest is left out: hostile files nest thousands.
const MAX_DEPTH: usize = 200;

/// The title and the blocks of a page.
pub(crate) fn blocks(source: &str) -> (Option<String>, Vec<Block>) {
    let page = Html::parse_document(source);
    let title = first(&page, "title").map(words).filter(|t| !t.is_empty());
    let root = first(&page, "main").or_else(|| first(&page, "article")).or_else(|| first(&page, "body"));
    let mut out = Vec::new();
    if let Some(root) = root {
        walk(root, 0, &mut out);
    }
    (title, out)
}

fn first<'a>(page: &'a Html, name: &str) -> Option<ElementRef<'a>> {
    Selector::parse(name).ok().and_then(|selector| page.select(&selector).next())
}

fn walk(element: ElementRef<'_>, depth: usize, out: &mut Vec<Block>) {
    let name = element.value().name();
    if depth > MAX_DEPTH || LEFT_OUT.contains(&name) {
        return;
    }
    match name {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            let text = words(element);
            if !text.is_empty() {
                out.push(Block::Heading { level: name.as_bytes()[1] - b'0', text });
            }
        }
        "p" | "pre" | "blockquote" | "dt" | "dd" | "figcaption" | "summary" => {
            push_paragraph(words(element), out)
        }
        "ul" | "ol" => {
            let mut items = Vec::new();
            list_items(element, depth, &mut items);
            if !items.is_empty() {
                out.push(Block::List { ordered: name == "ol", items });
            }
        }
        "table" => table(element, out),
        _ => {
            // Text that stands directly in a container is a paragraph of its own.
            let own: String = element
                .children()
                .filter_map(|c| match c.value() {
                    Node::Text(text) => Some(&**text),
                    _ => None,
                })
                .collect::<Vec<_>>()
                .join(" ");
            push_paragraph(squeeze(&own), out);
            for child in element.children().filter_map(ElementRef::wrap) {
                walk(child, depth + 1, out);
            }
        }
    }
}

fn push_paragraph(text: String, out: &mut Vec<Block>) {
    if !text.is_empty() {
        out.push(Block::Paragraph(text));
    }
}

fn list_items(list: ElementRef<'_>, depth: usize, items: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        return;
    }
    for item in list.children().filter_map(ElementRef::wrap).filter(|e| e.value().name() == "li") {
        let mut own = String::new();
        let mut nested = Vec::new();
        for child in item.children() {
            match child.value() {
                Node::Text(text) => {
                    own.push(' ');
                    own.push_str(text);
                }
                Node::Element(e) if matches!(e.name(), "ul" | "ol") => nested.extend(ElementRef::wrap(child)),
                Node::Element(e) if !LEFT_OUT.contains(&e.name()) => {
                    if let Some(element) = ElementRef::wrap(child) {
                        own.push(' ');
                        own.push_str(&words(element));
                    }
                }
                _ => {}
            }
        }
        let own = squeeze(&own);
        if !own.is_empty() {
            items.push(own);
        }
        for inner in nested {
            list_items(inner, depth + 1, items);
        }
    }
}

fn table(table: ElementRef<'_>, out: &mut Vec<Block>) {
    let (Ok(tr), Ok(cell)) = (Selector::parse("tr"), Selector::parse("th, td")) else { return };
    let mut header = Vec::new();
    let mut rows = Vec::new();
    for row in table.select(&tr) {
        let cells: Vec<ElementRef<'_>> = row.select(&cell).collect();
        let texts: Vec<String> = cells.iter().map(|c| words(*c)).collect();
        if header.is_empty() && rows.is_empty() && cells.iter().all(|c| c.value().name() == "th") {
            header = texts;
        } else if texts.iter().any(|t| !t.is_empty()) {
            rows.push(texts);
        }
    }
    if !rows.is_empty() {
        out.push(Block::Table { header, rows });
    }
}

fn words(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for node in element.descendants() {
        if let Node::Text(part) = node.value() {
            let hidden = node
                .ancestors()
                .take_while(|a| a.id() != element.id())
                .any(|a| matches!(a.value(), Node::Element(e) if LEFT_OUT.contains(&e.name())));
            if !hidden {
                text.push_str(part);
            }
        }
    }
    squeeze(&text)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_what_a_reader_sees() {
        let (title, found) = blocks(
            "<html><head><title>Card fees</title><style>p{}</style></head><body><nav>Home</nav><main><h1>Fees</h1>\
             <p>A card costs <b>$10</b>.</p><ul><li>Fast<ul><li>Very</li></ul></li></ul>\
             <table><tr><th>Fee</th><th>Amount</th></tr><tr><td>Card</td><td>$10</td></tr></table>\
             <script>alert(1)</script></main></body></html>",
        );
        assert_eq!(title.as_deref(), Some("Card fees"));
        assert_eq!(
            found,
            [
                Block::Heading { level: 1, text: "Fees".into() },
                Block::Paragraph("A card costs $10.".into()),
                Block::List { ordered: false, items: vec!["Fast".into(), "Very".into()] },
                Block::Table {
                    header: vec!["Fee".into(), "Amount".into()],
                    rows: vec![vec!["Card".into(), "$10".into()]],
                },
            ]
        );
    }

    #[test]
    fn a_thousand_nested_elements_end() {
        let deep = format!("{}text{}", "<div>".repeat(1000), "</div>".repeat(1000));
        assert!(blocks(&deep).1.len() <= 1);
    }
}
