//! Plain text with lines, as answers and documents keep it, becomes paragraphs, lists and tables.
//! `assets/answer.js` reads the same lines in the browser.

/// A piece of a line: words, or the `[1]` that points at a citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Text(String),
    /// The number of a citation.
    Marker(u32),
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Span::Text(words) => f.write_str(words),
            Span::Marker(number) => write!(f, "[{number}]"),
        }
    }
}

/// A line as spans.
pub type Line = Vec<Span>;

/// One block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prose {
    /// Running text.
    Paragraph(Line),
    /// Items without order.
    Bullets(Vec<Line>),
    /// Steps, counted from `start`.
    Steps {
        /// The first number: a long list may go on in the next passage.
        start: u32,
        /// The steps.
        items: Vec<Line>,
    },
    /// Rows that share their columns. The first column has no name in the text.
    Table {
        /// Names of the second and further columns.
        columns: Vec<String>,
        /// Cells; each row has one more than `columns`.
        rows: Vec<Vec<Line>>,
    },
}

/// What one line is by its beginning.
enum Kind<'a> {
    Bullet(&'a str),
    Step(u32, &'a str),
    Row,
    Words,
}

/// Reads a text. With `markers`, `[1]` to `[99]` become [`Span::Marker`]; a document's own brackets
/// stay words.
#[must_use]
pub fn read(text: &str, markers: bool) -> Vec<Prose> {
    let mut blocks: Vec<Prose> = Vec::new();
    let mut rows: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let kind = kind_of(line);
        let goes_on = rows.first().is_none_or(|first| is_framed(first) == is_framed(line));
        if !matches!(kind, Kind::Row) || !goes_on {
            close_rows(&mut blocks, &mut rows, markers);
        }
        match (kind, blocks.last_mut()) {
            (Kind::Row, _) => rows.push(line),
            (Kind::Words, _) if line.is_empty() => {}
            (Kind::Bullet(item), Some(Prose::Bullets(items))) => items.push(spans(item, markers)),
            (Kind::Bullet(item), _) => blocks.push(Prose::Bullets(vec![spans(item, markers)])),
            (Kind::Step(n, item), Some(Prose::Steps { start, items }))
                if n == *start + items.len() as u32 =>
            {
                items.push(spans(item, markers));
            }
            (Kind::Step(start, item), _) => {
                blocks.push(Prose::Steps { start, items: vec![spans(item, markers)] })
            }
            (Kind::Words, _) => blocks.push(Prose::Paragraph(spans(line, markers))),
        }
    }
    close_rows(&mut blocks, &mut rows, markers);
    blocks
}

fn kind_of(line: &str) -> Kind<'_> {
    if let Some(item) = line.strip_prefix("- ") {
        return Kind::Bullet(item);
    }
    if let Some((number, item)) = line.split_once(". ")
        && let Ok(n) = number.parse::<u32>()
        && (1..=999).contains(&n)
    {
        return Kind::Step(n, item);
    }
    if line.contains(" | ") || is_framed(line) { Kind::Row } else { Kind::Words }
}

/// Whether a row is one of a Markdown table, as answers have them; documents keep no frame.
fn is_framed(line: &str) -> bool {
    line.len() > 2 && line.starts_with('|') && line.ends_with('|')
}

/// A Markdown table: its first row names the columns, its second is the rule below it.
fn framed(lines: &[&str], markers: bool) -> Prose {
    let cells = |line: &str| -> Vec<String> {
        let inside = line.trim_start_matches('|').strip_suffix('|').unwrap_or(line).replace(r"\|", "\u{1}");
        inside.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
    };
    let is_rule = |line: &&str| line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let columns: Vec<String> =
        lines.first().map_or_else(Vec::new, |head| cells(head)).into_iter().skip(1).collect();
    let rows = lines.iter().skip(1).filter(|line| !is_rule(line)).map(|line| {
        let mut row: Vec<Line> = cells(line).iter().map(|cell| spans(cell, markers)).collect();
        row.resize(columns.len() + 1, Line::new());
        row
    });
    Prose::Table { rows: rows.collect(), columns }
}

/// Rows become one table; columns are named by the `Header: ` of their cells, in order of first
/// appearance, because an empty cell is left out of its row's line.
fn close_rows(blocks: &mut Vec<Prose>, rows: &mut Vec<&str>, markers: bool) {
    if rows.is_empty() {
        return;
    }
    let lines = std::mem::take(rows);
    if is_framed(lines[0]) {
        blocks.push(framed(&lines, markers));
        return;
    }
    let mut columns: Vec<String> = Vec::new();
    let mut cells: Vec<(usize, usize, &str)> = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        for (place, cell) in line.split(" | ").enumerate() {
            let (name, value) = match (place, cell.split_once(": ")) {
                (0, _) => {
                    cells.push((row, 0, cell));
                    continue;
                }
                (_, Some((name, value))) => (name, value),
                (_, None) => ("", cell),
            };
            let taken = |column: usize| cells.iter().any(|(r, c, _)| *r == row && *c == column);
            let known = columns.iter().position(|c| c == name).map(|i| i + 1).filter(|c| !taken(*c));
            let column = known.unwrap_or_else(|| {
                columns.push(name.to_owned());
                columns.len()
            });
            cells.push((row, column, value));
        }
    }
    let mut table = vec![vec![Line::new(); columns.len() + 1]; lines.len()];
    for (row, column, value) in cells {
        if let Some(cell) = table.get_mut(row).and_then(|r| r.get_mut(column)) {
            *cell = spans(value, markers);
        }
    }
    blocks.push(Prose::Table { columns, rows: table });
}

/// Splits a line at its `[1]` markers.
fn spans(line: &str, markers: bool) -> Line {
    let mut out = Line::new();
    let mut words = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('[').filter(|_| markers) {
        let (before, after) = rest.split_at(open);
        words.push_str(before);
        let inside = after.get(1..).unwrap_or_default();
        let digits: String = inside.chars().take_while(char::is_ascii_digit).take(2).collect();
        let closed = inside.get(digits.len()..).is_some_and(|tail| tail.starts_with(']'));
        match digits.parse::<u32>() {
            Ok(n) if n > 0 && closed => {
                push_words(&mut out, &mut words);
                out.push(Span::Marker(n));
                rest = inside.get(digits.len() + 1..).unwrap_or_default();
            }
            _ => {
                words.push('[');
                rest = inside;
            }
        }
    }
    words.push_str(rest);
    push_words(&mut out, &mut words);
    out
}

fn push_words(out: &mut Line, words: &mut String) {
    if !words.is_empty() {
        out.push(Span::Text(std::mem::take(words)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Line {
        vec![Span::Text(words.into())]
    }

    #[test]
    fn an_answer_has_paragraphs_lists_and_markers() {
        let blocks =
            read("It costs $10 [1].\n\nYou can:\n- ask in the app\n- call [2]\n1. Open\n2. Tap", true);
        assert_eq!(
            blocks,
            [
                Prose::Paragraph(vec![
                    Span::Text("It costs $10 ".into()),
                    Span::Marker(1),
                    Span::Text(".".into())
                ]),
                Prose::Paragraph(text("You can:")),
                Prose::Bullets(vec![
                    text("ask in the app"),
                    vec![Span::Text("call ".into()), Span::Marker(2)]
                ]),
                Prose::Steps { start: 1, items: vec![text("Open"), text("Tap")] },
            ]
        );
    }

    #[test]
    fn brackets_that_point_nowhere_stay_words() {
        for odd in ["[", "[]", "[0]", "[123]", "[a]", "[1", "x [CARD] y", "[é]"] {
            assert_eq!(read(odd, true), [Prose::Paragraph(text(odd))], "{odd}");
        }
        assert_eq!(read("see [1]", false), [Prose::Paragraph(text("see [1]"))]);
        assert_eq!(read("", true), []);
    }

    #[test]
    fn rows_share_one_table_also_when_a_cell_is_missing() {
        let blocks = read("Card | Fee: $10 | Time: 5 days\nPIN | Time: 1 day\nBank cheque | Fee: $10", false);
        assert_eq!(
            blocks,
            [Prose::Table {
                columns: vec!["Fee".into(), "Time".into()],
                rows: vec![
                    vec![text("Card"), text("$10"), text("5 days")],
                    vec![text("PIN"), vec![], text("1 day")],
                    vec![text("Bank cheque"), text("$10"), vec![]],
                ],
            }]
        );
    }

    #[test]
    fn a_table_of_an_answer_is_read_as_markdown() {
        let blocks = read(
            "They differ:\n|  | Low | Gold |\n|---|---|---|\n| Fee [1] | $48 | a\\|b |\n| Rate | 3% |\nCard | Fee: $10",
            true,
        );
        let columns = vec!["Low".into(), "Gold".into()];
        let fee = vec![Span::Text("Fee ".into()), Span::Marker(1)];
        assert_eq!(
            blocks,
            [
                Prose::Paragraph(text("They differ:")),
                Prose::Table {
                    columns,
                    rows: vec![vec![fee, text("$48"), text("a|b")], vec![text("Rate"), text("3%"), vec![]],],
                },
                Prose::Table { columns: vec!["Fee".into()], rows: vec![vec![text("Card"), text("$10")]] },
            ]
        );
    }

    #[test]
    fn two_cells_of_one_name_keep_both_values() {
        let blocks = read("a | x | y\nb | z", false);
        assert_eq!(
            blocks,
            [Prose::Table {
                columns: vec![String::new(), String::new()],
                rows: vec![vec![text("a"), text("x"), text("y")], vec![text("b"), text("z"), vec![]]],
            }]
        );
    }
}
