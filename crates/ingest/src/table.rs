//! Rows of cells become a table: which row names the columns is told by what stands in it.

use crate::block::Block;

/// What a value may be without a figure: a row with one of these is no header.
const VALUES: &[&str] = &[
    "free",
    "none",
    "nil",
    "no",
    "yes",
    "n/a",
    "na",
    "-",
    "–",
    "—",
    "included",
    "no charge",
    "no fee",
    "waived",
    "unlimited",
    "not available",
    "variable",
    "✓",
    "✗",
    "x",
];

/// A table of rows, its first row taken as the header when the file says so (`marked`) or when it reads
/// like one: all named, without figures, above a column that has one in every row. Where that is not
/// sure there is no header, because a value taken for a column's name would say something false.
pub(crate) fn of_rows(mut rows: Vec<Vec<String>>, marked: bool) -> Option<Block> {
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    let header =
        if rows.len() > 1 && (marked || reads_like_a_header(&rows)) { rows.remove(0) } else { Vec::new() };
    (!rows.is_empty()).then_some(Block::Table { header, rows })
}

fn reads_like_a_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let figure = |cell: &str| cell.chars().any(|c| c.is_ascii_digit());
    let named = first.iter().skip(1).all(|cell| {
        !cell.is_empty()
            && !figure(cell)
            && cell.chars().count() <= 60
            && !VALUES.contains(&cell.to_lowercase().as_str())
    });
    let figures_below = (1..first.len()).any(|column| {
        rest.iter().all(|row| row.get(column).is_some_and(|cell| figure(cell) || is_value(cell)))
    });
    first.len() > 1
        && named
        && !figure(&first[0])
        && figures_below
        && rest.iter().any(|row| row.iter().skip(1).any(|c| figure(c)))
}

fn is_value(cell: &str) -> bool {
    VALUES.contains(&cell.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(rows: &[&[&str]]) -> Vec<String> {
        let rows = rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect();
        match of_rows(rows, false) {
            Some(Block::Table { header, .. }) => header,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_header_is_taken_only_where_it_is_sure() {
        assert_eq!(header(&[&["Fee", "Amount"], &["Card", "$10"], &["Copy", "free"]]), ["Fee", "Amount"]);
        assert!(header(&[&["Card", "free"], &["Copy", "$5"]]).is_empty());
        assert!(header(&[&["Card", "$10"], &["Copy", "$5"]]).is_empty());
        assert!(header(&[&["Opening", "Any branch"], &["Closing", "By phone"]]).is_empty());
    }
}
