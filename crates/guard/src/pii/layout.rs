//! Where a text may be cut, and which of its words may still become personal data: for the stream.

use super::{
    lexicon::traits as t,
    numbers::Numbers,
    page::{Gap, Kind, Page},
    placeholders,
};
use crate::normal::Normal;

/// Between two groups of one number stand at most as many tokens.
const BETWEEN: usize = 3;

/// A word, a group of digits or a mark; code points of the original.
pub(crate) struct Piece {
    /// Its first code point.
    pub(crate) start: usize,
    /// White space stands before it.
    pub(crate) spaced: bool,
    /// It may be personal by itself: no word of everyday English, and no sentence mark.
    pub(crate) open: bool,
}

/// A text as the stream sees it.
pub(crate) struct Layout {
    /// In order.
    pub(crate) pieces: Vec<Piece>,
    /// Numbers, group by group, each from its first code point to one past its last.
    pub(crate) runs: Vec<Vec<(usize, usize)>>,
    /// Whether more text could go on with the last of them.
    pub(crate) grows: bool,
}

impl Layout {
    /// Lays a text out.
    pub(crate) fn new(normal: &Normal) -> Layout {
        let text = normal.text();
        let page = Page::new(text, &placeholders(text));
        let numbers = Numbers::read(&page);
        let pieces = (0..page.tokens.len()).map(|token| {
            let open = match page.tokens[token].kind {
                Kind::Digits => true,
                Kind::Word => page.entry(token).spoken.is_some() || !page.has(token, t::FUNCTION | t::COMMON),
                Kind::Mark => {
                    let mark = page.slice(token);
                    "<@+=".contains(mark) || !mark.is_ascii() && !"–—•…“”‘’".contains(mark)
                }
            };
            let start = page.start(token);
            Piece { start: normal.original(start, start + 1).0, spaced: page.gap(token) != Gap::None, open }
        });
        let runs = numbers.runs.iter().map(|run| {
            let groups = numbers.units[run.clone()].iter();
            groups.map(|u| normal.original(page.start(u.first), page.end(u.last))).collect()
        });
        let grows = numbers.units.last().is_some_and(|u| u.last + BETWEEN + 1 >= page.tokens.len());
        Layout { pieces: pieces.collect(), runs: runs.collect(), grows }
    }
}
