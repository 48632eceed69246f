//! Markdown (CommonMark with tables) as blocks.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{block::Block, html};

/// Whether there may be HTML in it, which is read as HTML is: in a process of its own.
pub(crate) fn holds_html(source: &str) -> bool {
    source.contains('<')
}

/// Reads Markdown. A block of HTML inside it gives what a reader would see of it.
#[cfg(test)]
pub(crate) fn blocks(source: &str) -> Vec<Block> {
    read(source).unwrap_or_default()
}

/// The same; none where text stands too deep in a block of HTML.
pub(crate) fn read(source: &str) -> Option<Vec<Block>> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        reader.take(event);
    }
    (!reader.too_deep).then_some(reader.blocks)
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    /// Open lists, outermost first: ordered?
    lists: Vec<bool>,
    items: Vec<String>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    cells: Vec<String>,
    /// How many marks of what is struck out are open.
    struck: usize,
    /// The block of HTML that is open.
    html: String,
    /// Whether a block of HTML nests deeper than is read.
    too_deep: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            // What is struck out does not hold any more.
            Event::Text(_) | Event::Code(_) if self.struck > 0 => {}
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            Event::Html(html) => self.html.push_str(&html),
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strikethrough => self.struck += 1,
            Tag::List(first) => {
                self.close_item();
                self.lists.push(first.is_some());
            }
            // The words of the item above a table are not the table's.
            Tag::Table(_) => self.close_item(),
            Tag::Heading { .. } | Tag::Item | Tag::TableCell => self.text.clear(),
            Tag::Paragraph if self.lists.is_empty() => self.text.clear(),
            // A second paragraph inside an item continues it.
            Tag::Paragraph if !self.text.is_empty() => self.text.push(' '),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Heading(level) => {
                let text = self.words();
                self.blocks.push(Block::Heading { level: depth(level), text });
            }
            TagEnd::Paragraph if self.lists.is_empty() => {
                let text = self.words();
                if !text.is_empty() {
                    self.blocks.push(Block::Paragraph(text));
                }
            }
            TagEnd::HtmlBlock => {
                let read = html::blocks(&std::mem::take(&mut self.html));
                self.too_deep |= read.is_none();
                self.close_item();
                self.blocks.extend(read.into_iter().flat_map(|(_, blocks)| blocks));
            }
            TagEnd::CodeBlock => {
                let text = self.words();
                if !text.is_empty() && self.lists.is_empty() {
                    self.blocks.push(Block::Paragraph(text));
                }
            }
            TagEnd::Item => self.close_item(),
            TagEnd::List(_) => {
                let ordered = self.lists.pop().unwrap_or_default();
                if self.lists.is_empty() && !self.items.is_empty() {
                    self.blocks.push(Block::List { ordered, items: std::mem::take(&mut self.items) });
                }
            }
            TagEnd::TableCell => {
                let text = self.words();
                self.cells.push(text);
            }
            TagEnd::TableHead => self.header = std::mem::take(&mut self.cells),
            TagEnd::TableRow => self.rows.push(std::mem::take(&mut self.cells)),
            TagEnd::Table => self.blocks.push(Block::Table {
                header: std::mem::take(&mut self.header),
                rows: std::mem::take(&mut self.rows),
            }),
            _ => {}
        }
    }

    fn close_item(&mut self) {
        if self.lists.is_empty() {
            return;
        }
        let text = self.words();
        if !text.is_empty() {
            self.items.push(text);
        }
    }

    fn words(&mut self) -> String {
        std::mem::take(&mut self.text).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

const fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_lists_and_tables_keep_their_order_and_words() {
        let source = "# Fees\n\nA *card* costs [$10](https://x.example).\n\n1. Open the app\n   - under Cards\n2. Tap **Lock**\n\n\
                      | Fee | Amount |\n|---|---|\n| Card | $10 |\n| Copy | `$5` |\n";
        assert_eq!(
            blocks(source),
            [
                Block::Heading { level: 1, text: "Fees".into() },
                Block::Paragraph("A card costs $10.".into()),
                Block::List {
                    ordered: true,
                    items: vec!["Open the app".into(), "under Cards".into(), "Tap Lock".into()]
                },
                Block::Table {
                    header: vec!["Fee".into(), "Amount".into()],
                    rows: vec![vec!["Card".into(), "$10".into()], vec!["Copy".into(), "$5".into()]],
                },
            ]
        );
    }

    #[test]
    fn markup_of_other_kinds_is_left_out() {
        assert_eq!(
            blocks("<script>alert(1)</script>\n\nText <b>bold</b>\n"),
            [Block::Paragraph("Text bold".into())]
        );
    }

    #[test]
    fn tables_in_html_and_in_lists_are_not_lost() {
        let source = "Fees:\n\n<table><tr><th>Fee</th><th>Amount</th></tr><tr><td>Card</td><td>$10</td></tr></table>\n\n\
            <!-- draft -->\n\n- Bring this:\n\n  | Paper | Copies |\n  |---|---|\n  | Passport | 2 |\n- Then wait.\n";
        let lines: Vec<String> = blocks(source).iter().flat_map(Block::lines).collect();
        assert_eq!(
            lines,
            ["Fees:", "Card | Amount: $10", "Passport | Copies: 2", "- Bring this:", "- Then wait."]
        );
    }
}
