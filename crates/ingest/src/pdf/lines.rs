//! Pieces become lines in reading order: columns of running text one after the other, rows of a table
//! across the page.

use super::glyphs::{CLOSE, PERHAPS_SPACE, PagePieces, Piece};
use crate::contents::squeeze;

/// A gutter between columns of text, in sizes of the font.
const GUTTER: f64 = 1.2;
/// Columns are cut at most this often, one inside the other.
const MAX_CUTS: usize = 4;

/// Pieces on one baseline, from left to right, each at least a gap apart: more than one is a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) cells: Vec<Piece>,
    pub(super) y: f64,
    pub(super) size: f64,
    /// Which column of the page it stands in, counted in reading order.
    pub(super) column: usize,
}

impl Line {
    /// Its words.
    pub(super) fn text(&self) -> String {
        self.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn x(&self) -> f64 {
        self.cells.first().map_or(0.0, |cell| cell.x)
    }

    pub(super) fn end(&self) -> f64 {
        self.cells.last().map_or(0.0, |cell| cell.end)
    }
}

/// The lines of a page. Writing across the direction of most of it (a stamp, a margin) is left out.
pub(super) fn of_page(page: PagePieces, writes_spaces: bool) -> Vec<Line> {
    let letters = |pieces: &Vec<Piece>| pieces.iter().map(|p| p.text.len()).sum::<usize>();
    let most = page.turned.into_iter().max_by_key(letters).unwrap_or_default();
    let pieces: Vec<Piece> = most
        .into_iter()
        .map(|piece| {
            let gap = if writes_spaces { "" } else { " " };
            Piece { text: ligatures(&piece.text).replace(PERHAPS_SPACE, gap), ..piece }
        })
        .filter(|piece| !piece.text.trim().is_empty())
        .collect();
    let mut out = Vec::new();
    let mut columns = 0;
    cut(pieces, 0, &mut columns, if writes_spaces { CLOSE } else { 1.0 }, &mut out);
    for cell in out.iter_mut().flat_map(|line: &mut Line| &mut line.cells) {
        cell.text = squeeze(&cell.text);
    }
    out
}

/// Cuts a region where a gutter parts two columns of running text; above and below stay above and below.
fn cut(pieces: Vec<Piece>, depth: usize, columns: &mut usize, close: f64, out: &mut Vec<Line>) {
    let lines = rows(pieces, *columns, close);
    let gutter = if depth < MAX_CUTS { gutter(&lines) } else { None };
    let Some((first, last, at)) = gutter else {
        out.extend(lines);
        *columns += 1;
        return;
    };
    let mut lines = lines.into_iter();
    let above: Vec<Piece> = lines.by_ref().take(first).flat_map(|line| line.cells).collect();
    let within: Vec<Piece> = lines.by_ref().take(last + 1 - first).flat_map(|line| line.cells).collect();
    let below: Vec<Piece> = lines.flat_map(|line| line.cells).collect();
    let (left, right): (Vec<Piece>, Vec<Piece>) = within.into_iter().partition(|piece| piece.end <= at);
    for part in [above, left, right, below] {
        if !part.is_empty() {
            cut(part, depth + 1, columns, close, out);
        }
    }
}

/// The longest run of lines that a gutter parts into two columns of sentences: first line, last line, and
/// where the gutter is. A table has a gutter, too, but its cells are short.
fn gutter(lines: &[Line]) -> Option<(usize, usize, f64)> {
    let mut best: Option<(usize, usize, f64)> = None;
    for (start, line) in lines.iter().enumerate().filter(|(_, line)| line.cells.len() == 2) {
        if best.is_some_and(|(_, last, _)| start <= last) {
            continue;
        }
        let (mut from, mut to) = (line.cells[0].end, line.cells[1].x);
        let mut last = start;
        for (i, next) in lines.iter().enumerate().skip(start) {
            let (mut left, mut right) = (from, to);
            for cell in &next.cells {
                if cell.x < f64::midpoint(from, to) {
                    left = left.max(cell.end)
                } else {
                    right = right.min(cell.x)
                }
            }
            if right - left < GUTTER * next.size {
                break;
            }
            (from, to, last) = (left, right, i);
        }
        let at = f64::midpoint(from, to);
        // One column may begin above the other.
        let aside = |line: &Line| line.cells.iter().all(|c| c.end <= from || c.x >= to);
        let start = start - lines[..start].iter().rev().take_while(|line| aside(line)).count();
        let wide = |side: fn(&Piece, f64) -> bool| {
            let mut lengths: Vec<usize> = lines[start..=last]
                .iter()
                .flat_map(|l| &l.cells)
                .filter(|c| side(c, at))
                .map(|c| c.text.chars().count())
                .collect();
            lengths.sort_unstable();
            lengths.len() >= 3 && lengths[lengths.len() / 2] >= 25
        };
        let both = wide(|c, at| c.end <= at) && wide(|c, at| c.x >= at);
        if both && best.is_none_or(|(first, end, _)| last - start > end - first) {
            best = Some((start, last, at));
        }
    }
    best
}

/// Pieces on one baseline become a line; what stands close is one cell.
fn rows(mut pieces: Vec<Piece>, column: usize, close: f64) -> Vec<Line> {
    pieces.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            // A raised figure stands a little above its line.
            Some(line) if (line.y - piece.y).abs() < 0.4 * line.size.max(piece.size) => {
                if piece.size > line.size {
                    (line.y, line.size) = (piece.y, piece.size);
                }
                line.cells.push(piece);
            }
            _ => lines.push(Line { y: piece.y, size: piece.size, column, cells: vec![piece] }),
        }
    }
    for line in &mut lines {
        line.cells.sort_by(|a, b| a.x.total_cmp(&b.x));
        let mut cells: Vec<Piece> = Vec::new();
        for piece in line.cells.drain(..) {
            match cells.last_mut() {
                Some(last)
                    if piece.x - last.end < last.reach(close) * piece.size || is_mark(last.text.trim()) =>
                {
                    if piece.x - last.end > 0.18 * piece.size {
                        last.text.push(' ');
                    }
                    if piece.text.len() > last.text.len() {
                        last.size = piece.size;
                    }
                    last.text.push_str(&piece.text);
                    last.end = last.end.max(piece.end);
                }
                _ => cells.push(piece),
            }
        }
        // A bullet or a raised figure has a size of its own; the line's is that of its words.
        line.size = cells.iter().max_by_key(|cell| cell.text.len()).map_or(line.size, |cell| cell.size);
        line.cells = cells;
    }
    lines
}

/// Whether this is a bullet or the number of an item, which stands apart from its words.
fn is_mark(text: &str) -> bool {
    matches!(text, "•" | "-" | "–" | "*" | "·" | "o")
        || text.strip_suffix(['.', ')']).is_some_and(|n| {
            !n.is_empty()
                && n.len() <= 3
                && (n.bytes().all(|b| b.is_ascii_digit())
                    || (n.len() == 1 && n.as_bytes()[0].is_ascii_lowercase()))
        })
}

fn ligatures(text: &str) -> String {
    if !text.contains(|c: char| ('\u{fb00}'..='\u{fb06}').contains(&c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => out.push_str("st"),
            c => out.push(c),
        }
    }
    out
}
