//! A document as a reader sees it: headings, paragraphs, lists and tables in order.

use serde::{Deserialize, Serialize};

/// One block of a document, as plain text without markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A heading of level 1 to 6.
    Heading {
        /// 1 is the outermost.
        level: u8,
        /// Its words.
        text: String,
    },
    /// Running text.
    Paragraph(String),
    /// A list; items of nested lists follow their parent.
    List {
        /// Whether the order matters: steps.
        ordered: bool,
        /// The items.
        items: Vec<String>,
    },
    /// A table.
    Table {
        /// Column names; may be empty.
        header: Vec<String>,
        /// Cells, row by row.
        rows: Vec<Vec<String>>,
    },
}

impl Block {
    /// The block as lines: a paragraph is one line, an item `- item` or `1. item`, a row
    /// `first cell | Header: cell | Header: cell`, so that each line can be read and cited alone.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Block::Heading { text, .. } | Block::Paragraph(text) => vec![text.clone()],
            Block::List { ordered: true, items } => {
                items.iter().enumerate().map(|(i, item)| format!("{}. {item}", i + 1)).collect()
            }
            Block::List { ordered: false, items } => items.iter().map(|item| format!("- {item}")).collect(),
            Block::Table { header, rows } => rows.iter().map(|row| row_line(header, row)).collect(),
        }
    }
}

fn row_line(header: &[String], row: &[String]) -> String {
    let mut line = String::new();
    for (i, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        if !line.is_empty() {
            line.push_str(" | ");
        }
        if let Some(name) = header.get(i).filter(|name| i > 0 && !name.is_empty()) {
            line.push_str(name);
            line.push_str(": ");
        }
        line.push_str(cell);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_carries_its_headers() {
        let table = Block::Table {
            header: vec!["Fee".into(), "Amount".into(), "When".into()],
            rows: vec![vec!["Replacement card".into(), "$10".into(), "when ordered".into()]],
        };
        assert_eq!(table.lines(), ["Replacement card | Amount: $10 | When: when ordered"]);
    }
}
