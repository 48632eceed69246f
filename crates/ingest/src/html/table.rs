//! A table of HTML as rows that can be read alone.

use scraper::ElementRef;

use super::{is_left_out, words};
use crate::block::Block;

/// Rows stand below the table or one level deeper; a table inside a cell is text of that cell. Cells are laid
/// on a grid first: one that spans rows or columns says the same in each of them, so that each row can be read
/// alone and no figure slips under another column.
pub(super) fn table(table: ElementRef<'_>, out: &mut Vec<Block>) {
    let mut header = Vec::new();
    let mut rows = Vec::new();
    let parts = table.children().filter_map(ElementRef::wrap);
    let lines = parts.filter(|part| !is_left_out(*part)).flat_map(|part| match part.value().name() {
        "tr" => vec![part],
        "thead" | "tbody" | "tfoot" => part.children().filter_map(ElementRef::wrap).collect(),
        _ => Vec::new(),
    });
    let mut grid = Grid::default();
    for row in lines.filter(|l| l.value().name() == "tr" && !is_left_out(*l)) {
        let texts = grid.row(row);
        let heads = row.children().filter_map(ElementRef::wrap).all(|c| !matches!(c.value().name(), "td"));
        if header.is_empty() && rows.is_empty() && heads {
            header = texts;
        } else if texts.iter().any(|t| !t.is_empty()) {
            rows.push(texts);
        }
    }
    if !rows.is_empty() {
        out.push(Block::Table { header, rows });
    }
}

/// The most rows or columns that a cell spans.
const MOST_SPANNED: usize = 64;
/// A longer text stands in the first of the places that its cell spans alone: a page is bounded in size, and
/// stays so.
const LONGEST_REPEATED: usize = 200;

/// What reaches into the next rows from above, by column: its words, and for how many rows.
#[derive(Default)]
struct Grid(Vec<(String, usize)>);

impl Grid {
    /// The cells of a row, each in its column.
    fn row(&mut self, row: ElementRef<'_>) -> Vec<String> {
        let cells = row.children().filter_map(ElementRef::wrap);
        let mut cells = cells.filter(|c| matches!(c.value().name(), "th" | "td")).peekable();
        let mut texts = Vec::new();
        loop {
            if let Some((above, left)) = self.0.get_mut(texts.len()).filter(|(_, left)| *left > 0) {
                *left -= 1;
                texts.push(above.clone());
                continue;
            }
            let Some(cell) = cells.next() else {
                // What reaches down behind the last cell of this row.
                if self.0.iter().skip(texts.len()).any(|(_, left)| *left > 0) {
                    texts.push(String::new());
                    continue;
                }
                return texts;
            };
            let span = |name: &str| {
                let asked = cell.value().attr(name).and_then(|n| n.trim().parse().ok());
                asked.unwrap_or(1).clamp(1, MOST_SPANNED)
            };
            let (columns, below) = (span("colspan"), span("rowspan") - 1);
            let text = if is_left_out(cell) { String::new() } else { words(cell) };
            // A row of one wide cell is a title inside the table.
            let alone = texts.is_empty() && cells.peek().is_none() && below == 0;
            for at in 0..if alone { 1 } else { columns } {
                let own =
                    if at == 0 || text.len() <= LONGEST_REPEATED { text.clone() } else { String::new() };
                let column = texts.len();
                texts.push(own);
                if below > 0 {
                    let repeated = if text.len() <= LONGEST_REPEATED { text.clone() } else { String::new() };
                    self.0.resize(self.0.len().max(column + 1), (String::new(), 0));
                    self.0[column] = (repeated, below);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Block, blocks};

    fn rows(page: &str) -> Vec<Vec<String>> {
        match blocks(page).unwrap().1.as_slice() {
            [Block::Table { header, rows }] => {
                std::iter::once(header.clone()).chain(rows.iter().cloned()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cell_that_spans_rows_or_columns_stands_in_each_of_them() {
        assert_eq!(
            rows(
                "<table><tr><th>Service<th>Basic<th>Gold</tr>\
                 <tr><td>Transfer abroad<td rowspan=2>$20<td>$10</tr>\
                 <tr><td>Bank cheque<td>$0</tr>\
                 <tr><td>Statement<td colspan=2>free</tr>\
                 <tr><td colspan=3>Cards</tr></table>"
            ),
            [
                vec!["Service", "Basic", "Gold"],
                vec!["Transfer abroad", "$20", "$10"],
                vec!["Bank cheque", "$20", "$0"],
                vec!["Statement", "free", "free"],
                vec!["Cards"],
            ]
        );
        assert_eq!(
            rows("<table><tr><th>A<th>B</tr><tr><td rowspan=2>one<td>1</tr><tr><td>2</tr></table>"),
            [vec!["A", "B"], vec!["one", "1"], vec!["one", "2"]]
        );
    }
}
