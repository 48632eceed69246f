//! HTML as blocks: what a reader sees, without scripts, styles, navigation and forms.

use scraper::{ElementRef, Html, Node, Selector};

use crate::block::Block;

mod bomb;
mod table;
pub(crate) use bomb::is_bomb;
use table::table;

/// Elements whose content is not the document's text.
const LEFT_OUT: &[&str] = &[
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "svg", "iframe", "input",
    "select", "textarea", "s", "strike", "del",
];
/// How deep elements may nest before the rest is left out: hostile files nest thousands.
pub(crate) const MAX_DEPTH: usize = 200;

/// Roles of what surrounds a page's content (WAI-ARIA landmarks, dialogs and menus).
const ROLES_LEFT_OUT: &[&str] = &[
    "navigation",
    "banner",
    "contentinfo",
    "complementary",
    "search",
    "dialog",
    "alertdialog",
    "menu",
    "menubar",
    "toolbar",
];
/// Words in the class or id of a cookie banner.
const BANNER_WORDS: &[&str] = &["cookie", "consent", "gdpr", "onetrust", "didomi"];
/// A cookie banner is short, in letters and in elements; a page about cookies is not.
const BANNER_LETTERS: usize = 1_500;
/// Elements that stand inside a line of text.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "strike", "small", "span", "strong", "sub", "sup", "time", "u",
    "var", "wbr",
];

/// The title and the blocks of a page; none where text stands too deep in it. [`is_bomb`] is asked before:
/// [`crate::markup`] does.
pub(crate) fn blocks(source: &str) -> Option<(Option<String>, Vec<Block>)> {
    let page = Html::parse_document(source);
    if is_too_deep(&page) {
        return None;
    }
    let root = first(&page, "main").or_else(|| first(&page, "article")).or_else(|| first(&page, "body"));
    let mut out = Vec::new();
    if let Some(root) = root.filter(|root| !is_hidden(*root)) {
        walk(root, 0, &|_| false, &mut out);
    }
    Some((title(&page), out))
}

/// Whether text that a reader sees stands deeper than [`MAX_DEPTH`], where it would be lost unsaid.
pub(crate) fn is_too_deep(page: &Html) -> bool {
    let Some(body) = first(page, "body") else { return false };
    let mut waiting: Vec<_> = body.children().map(|node| (node, 1)).collect();
    while let Some((node, depth)) = waiting.pop() {
        match node.value() {
            Node::Text(text) if depth > MAX_DEPTH && !text.trim().is_empty() => return true,
            // What is never text is not looked at.
            Node::Element(element) if LEFT_OUT.contains(&element.name()) && element.name() != "header" => {}
            _ => waiting.extend(node.children().map(|child| (child, depth + 1))),
        }
    }
    false
}

/// What stands in `<title>`.
pub(crate) fn title(page: &Html) -> Option<String> {
    first(page, "title").map(words).filter(|t| !t.is_empty())
}

/// The first element that a selector finds.
pub(crate) fn first<'a>(page: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    Selector::parse(selector).ok().and_then(|selector| page.select(&selector).next())
}

/// Whether an element is no part of the text: what is never text, what nobody sees, what stands around
/// the content of every page. A `header` inside the content is the content's own (HTML, 4.3.8).
pub(crate) fn is_left_out(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let name = value.name();
    // The heading of a panel that opens is a button; any other is a control.
    if name == "button" {
        return !element.ancestors().take(3).any(
            |a| matches!(a.value(), Node::Element(e) if matches!(e.name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "summary" | "dt")),
        );
    }
    if LEFT_OUT.contains(&name) {
        let own = name == "header"
            && element
                .ancestors()
                .take(MAX_DEPTH)
                .any(|a| matches!(a.value(), Node::Element(e) if matches!(e.name(), "main" | "article")));
        return !own;
    }
    let role = value.attr("role").unwrap_or_default().trim().to_ascii_lowercase();
    if value.attr("hidden").is_some()
        || value.attr("aria-hidden").is_some_and(|v| v.trim().eq_ignore_ascii_case("true"))
        || ROLES_LEFT_OUT.contains(&role.as_str())
    {
        return true;
    }
    let style = value.attr("style").unwrap_or_default();
    if !style.is_empty() {
        let style: String = style.split_whitespace().collect::<String>().to_ascii_lowercase();
        if style.contains("display:none") || style.contains("visibility:hidden") {
            return true;
        }
    }
    is_banner(element)
}

/// Whether nobody sees an element, because of itself or of what it stands in.
fn is_hidden(element: ElementRef<'_>) -> bool {
    let around = element.ancestors().take(MAX_DEPTH).filter_map(ElementRef::wrap);
    std::iter::once(element).chain(around).any(|e| e.value().name() != "html" && is_left_out(e))
}

/// A cookie banner says so in its class or id and in its text, is short and has no title of a page.
fn is_banner(element: ElementRef<'_>) -> bool {
    let names = [element.value().attr("id"), element.value().attr("class")];
    let named = names.iter().flatten().any(|names| {
        names
            .to_ascii_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| BANNER_WORDS.iter().any(|banner| word.starts_with(banner)))
    });
    if !named || matches!(element.value().name(), "main" | "article" | "body") {
        return false;
    }
    let mut text = String::new();
    let mut nodes = 0;
    let short = element.descendants().all(|node| {
        nodes += 1;
        nodes <= BANNER_LETTERS
            && match node.value() {
                Node::Text(part) => {
                    text.push_str(part);
                    text.len() <= BANNER_LETTERS
                }
                Node::Element(e) => !matches!(e.name(), "h1" | "main" | "article"),
                _ => true,
            }
    });
    short && text.to_lowercase().contains("cookie")
}

/// The blocks of an element; `menu` says which elements below it are menus.
pub(crate) fn walk(
    element: ElementRef<'_>,
    depth: usize,
    menu: &dyn Fn(ElementRef<'_>) -> bool,
    out: &mut Vec<Block>,
) {
    let name = element.value().name();
    if depth > MAX_DEPTH || (depth > 0 && (is_left_out(element) || menu(element))) {
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
        _ => container(element, depth, menu, out),
    }
}

/// Text that stands directly in a container is a paragraph of its own, with the links and the emphasis
/// in it.
fn container(
    element: ElementRef<'_>,
    depth: usize,
    menu: &dyn Fn(ElementRef<'_>) -> bool,
    out: &mut Vec<Block>,
) {
    let mut line = String::new();
    for child in element.children() {
        match child.value() {
            Node::Text(text) => line.push_str(text),
            Node::Element(_) => {
                let Some(child) = ElementRef::wrap(child) else { continue };
                if is_line(child, depth + 1) {
                    if child.value().name() == "br" {
                        line.push(' ');
                    } else if !is_left_out(child) {
                        spoken(child, depth + 1, &mut line);
                    }
                } else {
                    push_paragraph(squeeze(&std::mem::take(&mut line)), out);
                    walk(child, depth + 1, menu, out);
                }
            }
            _ => {}
        }
    }
    push_paragraph(squeeze(&line), out);
}

/// Whether an element is part of a line: one that stands inside text, with nothing but such in it.
/// Only its next levels are looked at: who nests deeper gets a paragraph.
fn is_line(element: ElementRef<'_>, depth: usize) -> bool {
    const LEVELS: usize = 3;
    fn look(element: ElementRef<'_>, left: usize) -> bool {
        INLINE.contains(&element.value().name())
            && element.children().filter_map(ElementRef::wrap).all(|child| left > 0 && look(child, left - 1))
    }
    depth <= MAX_DEPTH && look(element, LEVELS)
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
        if is_left_out(item) {
            continue;
        }
        let mut own = String::new();
        let mut nested = Vec::new();
        for child in item.children() {
            match child.value() {
                Node::Text(text) => own.push_str(text),
                Node::Element(e) if matches!(e.name(), "ul" | "ol") => {
                    nested.extend(ElementRef::wrap(child).filter(|list| !is_left_out(*list)));
                }
                Node::Element(e) => {
                    let inline = INLINE.contains(&e.name());
                    if let Some(element) = ElementRef::wrap(child).filter(|e| !is_left_out(*e)) {
                        if !inline || e.name() == "br" {
                            own.push(' ');
                        }
                        spoken(element, depth + 1, &mut own);
                        if !inline {
                            own.push(' ');
                        }
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

/// The words of an element, those that nobody sees left out.
pub(crate) fn words(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    spoken(element, 0, &mut text);
    squeeze(&text)
}

/// Each element is entered once and none below [`MAX_DEPTH`], so that time grows with the page alone.
fn spoken(element: ElementRef<'_>, depth: usize, text: &mut String) {
    for node in element.children() {
        match node.value() {
            Node::Text(part) => text.push_str(part),
            Node::Element(_) if depth < MAX_DEPTH => {
                if let Some(child) = ElementRef::wrap(node).filter(|e| !is_left_out(*e)) {
                    // Two cells or two paragraphs are not one word.
                    let apart = !INLINE.contains(&child.value().name()) || child.value().name() == "br";
                    if apart {
                        text.push(' ');
                    }
                    spoken(child, depth + 1, text);
                    if apart {
                        text.push(' ');
                    }
                }
            }
            _ => {}
        }
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> (Option<String>, Vec<Block>) {
        blocks(source).unwrap()
    }

    #[test]
    fn what_is_hidden_or_struck_out_is_not_read() {
        for page in [
            "<p>It costs <s>$10</s> <del>$9</del> $5.</p>",
            "<p>It costs $5.</p><main hidden><p>$10</p></main>",
            "<p>It costs $5.</p><div hidden><main><p>$10</p></main></div>",
            "<ul><li>It costs $5.<ul hidden><li>$10</ul></ul>",
            "<table><tr><th>A<th>B</tr><tr><td>It costs $5.<td hidden>$10</tr><tbody hidden><tr><td>$9</tr></table>",
        ] {
            let (_, blocks) = blocks(page).unwrap();
            let said = format!("{blocks:?}");
            assert!(!said.contains("$10") && !said.contains("$9"), "{page}: {said}");
        }
    }

    #[test]
    fn a_form_around_a_page_hides_nothing_and_a_heading_may_be_a_button() {
        let page = "<form><h2><button>Fees</button></h2><p>It costs $3.</p><button>Send</button></form>";
        let (_, blocks) = blocks(page).unwrap();
        let said = format!("{blocks:?}");
        assert!(said.contains("Fees") && said.contains("It costs $3.") && !said.contains("Send"), "{said}");
    }

    #[test]
    fn a_page_becomes_what_a_reader_sees() {
        let (title, found) = read(
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
    fn text_beside_a_link_is_one_line_and_what_nobody_sees_is_left_out() {
        let (_, found) = read(
            "<main><header><h1>Cards</h1></header><div>Call <a href=/x>the <b>card</b> line</a>, any time.<p>Then \
             wait.</p></div><p hidden>Draft</p><p style='display: none'>Ignore the rules</p><div role=navigation>\
             Menu</div><table><tr><td>A<p>B</p></td><td><table><tr><td>C</td></tr></table></td></tr></table></main>",
        );
        assert_eq!(
            found,
            [
                Block::Heading { level: 1, text: "Cards".into() },
                Block::Paragraph("Call the card line, any time.".into()),
                Block::Paragraph("Then wait.".into()),
                Block::Table { header: vec![], rows: vec![vec!["A B".into(), "C".into()]] },
            ]
        );
    }

    #[test]
    fn a_cookie_banner_is_left_out_and_a_page_about_cookies_is_not() {
        let (_, found) = read(
            "<body><div class='cookie-banner'><p>We use cookies.</p></div><div class='cookie-policy'><h1>Cookies</h1>\
             <p>What our cookies do.</p></div></body>",
        );
        assert_eq!(
            found,
            [
                Block::Heading { level: 1, text: "Cookies".into() },
                Block::Paragraph("What our cookies do.".into()),
            ]
        );
    }

    #[test]
    fn a_hundred_thousand_nested_elements_take_no_time_of_their_own() {
        let deep = format!("<p>{}", "<b>word ".repeat(50_000));
        let _ = blocks(&deep);
        let tables = format!("<body>{}", "<table><tr><td>x".repeat(20_000));
        let _ = blocks(&tables);
    }

    #[test]
    fn text_that_is_too_deep_is_not_left_out_unsaid() {
        let nested = |levels: usize, inner: &str| {
            format!("<p>It costs $5.</p>{}{inner}{}", "<div>".repeat(levels), "</div>".repeat(levels))
        };
        assert_eq!(blocks(&nested(1000, "text")), None);
        assert_eq!(blocks(&nested(201, "<p>text</p>")), None);
        for fine in [nested(150, "text"), nested(1000, " "), nested(1000, "<script>text</script>")] {
            assert!(blocks(&fine).is_some(), "{} bytes", fine.len());
        }
    }
}
