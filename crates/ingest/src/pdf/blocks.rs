//! Lines become blocks: headings by size or by their form, items by their marks, tables by their columns,
//! and what is left is running text.

use std::collections::HashMap;

use super::{edges::leave_out_edges, lines::Line};
use crate::{block::Block, table};

/// How much larger than the text a heading is.
const LARGER: f64 = 1.12;
/// The longest heading, in characters.
const MAX_HEADING: usize = 150;
/// The longest heading that is told by its form alone.
const MAX_FORMED: usize = 80;
/// Beginnings of words that keep their hyphen when a line ends in them.
const PREFIXES: &[&str] = &[
    "non", "self", "re", "pre", "co", "e", "on", "off", "post", "anti", "semi", "sub", "well", "long",
    "short", "high", "low", "one", "two", "three", "first", "second", "third", "day", "month", "year",
    "fixed", "part", "full", "in", "out", "up", "cross", "multi", "inter", "follow", "check",
];

/// Blocks of all pages.
pub(super) fn of_pages(mut pages: Vec<Vec<Line>>) -> Vec<Block> {
    leave_out_edges(&mut pages);
    let lines: Vec<(usize, Line)> = pages
        .into_iter()
        .enumerate()
        .flat_map(|(page, lines)| lines.into_iter().map(move |line| (page, line)))
        .collect();
    let mut walk =
        Walk { body: body_size(&lines), leading: leading(&lines), edges: edges(&lines), ..Walk::default() };
    let mut at = 0;
    while at < lines.len() {
        match table_at(&lines, at, walk.body) {
            Some((block, after)) => {
                walk.close();
                walk.found.push(Found::Block(block));
                at = after;
            }
            None => {
                walk.line(lines[at].0, &lines[at].1);
                at += 1;
            }
        }
    }
    walk.close();
    levels(walk.found)
}

enum Found {
    Block(Block),
    /// A heading that is larger than the text.
    Larger {
        size: f64,
        text: String,
    },
    /// A heading by its form, and how deep its number says it is.
    Formed {
        depth: usize,
        text: String,
    },
}

#[derive(Default)]
struct Walk {
    body: f64,
    leading: f64,
    edges: HashMap<(usize, usize), f64>,
    found: Vec<Found>,
    open: Option<Open>,
    last: Option<(usize, Line)>,
}

enum Open {
    Heading { size: f64, text: String },
    Paragraph { text: String, lines: usize },
    List { ordered: bool, items: Vec<String>, x: f64 },
}

impl Walk {
    fn line(&mut self, page: usize, line: &Line) {
        let text = line.text();
        let flows = self.flows(page, line, &text);
        let larger = line.size >= LARGER * self.body
            && text.chars().count() <= MAX_HEADING
            && text.chars().any(char::is_alphabetic);
        let mark = if larger { None } else { mark(&text) };
        match (&mut self.open, mark) {
            (Some(Open::List { ordered, items, x }), Some((number, words)))
                if *ordered == number.is_some() && number.is_none_or(|n| n == items.len() + 1) =>
            {
                items.push(words.to_owned());
                *x = line.x();
            }
            (_, Some((number, words))) if number.is_none_or(|n| n == 1) => {
                self.close();
                self.open = Some(Open::List {
                    ordered: number.is_some(),
                    items: vec![words.to_owned()],
                    x: line.x(),
                });
            }
            (Some(Open::List { items, x, .. }), None)
                if !larger && flows && line.x() > *x + 0.3 * line.size =>
            {
                if let Some(item) = items.last_mut() {
                    join(item, &text);
                }
            }
            (Some(Open::Heading { size, text: open }), None)
                if larger && flows && (*size - line.size).abs() < 0.5 =>
            {
                join(open, &text);
            }
            (Some(Open::Paragraph { text: open, lines }), None) if !larger && flows => {
                join(open, &text);
                *lines += 1;
            }
            _ => {
                self.close();
                self.open = Some(if larger {
                    Open::Heading { size: line.size, text }
                } else {
                    Open::Paragraph { text, lines: 1 }
                });
            }
        }
        self.last = Some((page, line.clone()));
    }

    /// Whether a line goes on with the one before it.
    fn flows(&self, page: usize, line: &Line, text: &str) -> bool {
        let Some((last_page, last)) = &self.last else { return false };
        let ended = last.text().ends_with(['.', ':', '!', '?', ';']);
        if (*last_page, last.column) != (page, line.column) {
            return !ended && text.starts_with(char::is_lowercase);
        }
        let gap = last.y - line.y;
        let width = self.edges.get(&(page, line.column)).copied().unwrap_or_default();
        let short = last.end() < width - 0.2 * width.abs();
        gap > 0.0
            && gap <= 1.3 * self.leading * line.size
            && (last.size - line.size).abs() < 0.12 * line.size
            && !(ended && short)
    }

    fn close(&mut self) {
        match self.open.take() {
            Some(Open::Heading { size, text }) => self.found.push(Found::Larger { size, text }),
            Some(Open::Paragraph { text, lines: 1 }) if form(&text).is_some() => {
                let depth = form(&text).unwrap_or_default();
                self.found.push(Found::Formed { depth, text });
            }
            Some(Open::Paragraph { text, .. }) => self.found.push(Found::Block(Block::Paragraph(text))),
            Some(Open::List { ordered, items, .. }) => {
                self.found.push(Found::Block(Block::List { ordered, items }))
            }
            None => {}
        }
    }
}

/// How deep a line of its own is as a heading: `3.1 Fees`, or words in capitals.
fn form(text: &str) -> Option<usize> {
    if text.chars().count() > MAX_FORMED || text.ends_with(['.', ',', ';', ':', '!', '?']) {
        return None;
    }
    if let Some((number, words)) = text.split_once(' ') {
        let parts: Vec<&str> = number.trim_end_matches('.').split('.').collect();
        let numbered = parts.len() > 1
            && parts.iter().all(|p| !p.is_empty() && p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit()));
        if numbered && words.starts_with(char::is_uppercase) {
            return Some(parts.len() - 1);
        }
    }
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    (capitals >= 4 && letters.count() == capitals && !text.contains(|c: char| c.is_ascii_digit()))
        .then_some(0)
}

/// The mark of an item: its number if it counts, and the words after it.
fn mark(text: &str) -> Option<(Option<usize>, &str)> {
    let (mark, words) = text.split_once(' ')?;
    match mark {
        "•" | "-" | "–" | "*" | "·" | "o" => Some((None, words)),
        _ => {
            let number = mark.strip_suffix(['.', ')'])?;
            (number.len() <= 3).then(|| number.parse().ok()).flatten().map(|n| (Some(n), words))
        }
    }
}

/// Joins a line to the text before it. A word that was cut at the end of the line is whole again.
fn join(text: &mut String, line: &str) {
    let cut = text.strip_suffix('-').is_some_and(|t| t.ends_with(char::is_lowercase))
        && line.starts_with(char::is_lowercase);
    if !cut {
        text.push(' ');
    } else if !text
        .trim_end_matches('-')
        .rsplit(|c: char| !c.is_alphabetic())
        .next()
        .is_some_and(|word| PREFIXES.contains(&word.to_lowercase().as_str()))
    {
        text.pop();
    }
    text.push_str(line);
}

/// The size that most letters have.
fn body_size(lines: &[(usize, Line)]) -> f64 {
    let mut letters: HashMap<i64, usize> = HashMap::new();
    for (_, line) in lines {
        *letters.entry((line.size * 4.0).round() as i64).or_default() += line.text().len();
    }
    letters
        .into_iter()
        .max_by_key(|(size, count)| (*count, -*size))
        .map_or(10.0, |(size, _)| size as f64 / 4.0)
}

/// The usual distance of two lines, in sizes of the font.
fn leading(lines: &[(usize, Line)]) -> f64 {
    let mut gaps: Vec<f64> = lines
        .windows(2)
        .filter(|w| (w[0].0, w[0].1.column) == (w[1].0, w[1].1.column))
        .map(|w| (w[0].1.y - w[1].1.y) / w[1].1.size)
        .filter(|gap| (0.8..2.2).contains(gap))
        .collect();
    gaps.sort_by(f64::total_cmp);
    // Lines of a paragraph are the closest that are common.
    gaps.get(gaps.len() / 3).copied().unwrap_or(1.2).clamp(1.0, 1.8)
}

/// Where the lines of each column of each page end at the right.
fn edges(lines: &[(usize, Line)]) -> HashMap<(usize, usize), f64> {
    let mut edges = HashMap::new();
    for (page, line) in lines {
        let edge = edges.entry((*page, line.column)).or_insert(line.end());
        *edge = line.end().max(*edge);
    }
    edges
}

/// A table that begins at this line, and the line after it.
fn table_at(lines: &[(usize, Line)], at: usize, body: f64) -> Option<(Block, usize)> {
    let (page, first) = &lines[at];
    if first.cells.len() < 2 {
        return None;
    }
    let mut second = first.cells[1].x;
    let mut end = at + 1;
    let rows_follow = |from: usize| lines.get(from).is_some_and(|(p, l)| p == page && l.cells.len() > 1);
    while let Some((_, line)) = lines.get(end).filter(|(p, l)| p == page && l.column == first.column) {
        let gap = lines[end - 1].1.y - line.y;
        if gap > 3.5 * line.size || gap <= 0.0 || line.size >= LARGER * LARGER * body.max(first.size) {
            break;
        }
        if line.cells.len() > 1 {
            second = second.min(line.cells[1].x);
        } else {
            // What stands under a cell goes on with it; what stands under the first only between rows.
            let goes_on = line.x() > second - 0.5 * line.size && gap < 1.6 * line.size;
            let between = line.end() < second && rows_follow(end + 1);
            if !goes_on && !between {
                break;
            }
        }
        end += 1;
    }
    let run: Vec<&Line> = lines[at..end].iter().map(|(_, line)| line).collect();
    if run.iter().filter(|line| line.cells.len() > 1).count() < 2 {
        return None;
    }
    let columns = columns(&run);
    if columns.len() < 2 {
        return None;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (i, line) in run.iter().enumerate() {
        let mut row = vec![String::new(); columns.len()];
        for cell in &line.cells {
            let middle = f64::midpoint(cell.x, cell.end);
            let column = columns.iter().rposition(|(from, _)| *from <= middle).unwrap_or(0);
            if !row[column].is_empty() {
                row[column].push(' ');
            }
            row[column].push_str(&cell.text);
        }
        let close = i > 0 && run[i - 1].y - line.y < 1.35 * line.size;
        let wraps = row[0].is_empty() || (line.cells.len() == 1 && close);
        match rows.last_mut().filter(|_| wraps) {
            Some(above) => {
                for (cell, more) in above.iter_mut().zip(row).filter(|(_, more)| !more.is_empty()) {
                    if cell.is_empty() { *cell = more } else { join(cell, &more) }
                }
            }
            None => rows.push(row),
        }
    }
    table::of_rows(rows, false).map(|block| (block, end))
}

/// Where columns lie: what cells of several rows cover together.
fn columns(run: &[&Line]) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> =
        run.iter().filter(|l| l.cells.len() > 1).flat_map(|l| l.cells.iter().map(|c| (c.x, c.end))).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut columns: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match columns.last_mut() {
            Some((_, end)) if from <= *end => *end = end.max(to),
            _ => columns.push((from, to)),
        }
    }
    columns
}

/// Headings get their levels: the largest is the title where it stands once, before all others.
fn levels(found: Vec<Found>) -> Vec<Block> {
    let mut sizes: Vec<f64> = Vec::new();
    for one in &found {
        if let Found::Larger { size, .. } = one
            && !sizes.iter().any(|s| (s - size).abs() < 0.5)
        {
            sizes.push(*size);
        }
    }
    sizes.sort_by(|a, b| b.total_cmp(a));
    let largest = |one: &&Found| matches!(one, Found::Larger { size, .. } if sizes.first().is_some_and(|s| (s - size).abs() < 0.5));
    let headings = found.iter().filter(|one| !matches!(one, Found::Block(_)));
    let titled =
        found.iter().filter(largest).count() == 1 && headings.clone().next().as_ref().is_some_and(largest);
    let first = if titled { 1 } else { 2 };
    let below = (first + sizes.len()).max(2);
    let count = found.len();
    found
        .into_iter()
        .enumerate()
        .map(|(i, one)| match one {
            Found::Block(block) => block,
            Found::Larger { size, text } => {
                let rank = sizes.iter().position(|s| (s - size).abs() < 0.5).unwrap_or_default();
                Block::Heading { level: (first + rank).min(6) as u8, text }
            }
            // The last line of a document heads nothing.
            Found::Formed { text, .. } if i + 1 == count => Block::Paragraph(text),
            Found::Formed { depth, text } => {
                Block::Heading { level: (below + depth.saturating_sub(1)).min(6) as u8, text }
            }
        })
        .collect()
}
