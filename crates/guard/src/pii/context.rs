//! How strongly the words around a value say what it is.

use super::{cues::Cue, page::Page};

/// How far back a cue still speaks, in the units of [`Page::distance`].
pub(super) const REACH: u32 = 14;
/// And forward: "1234 is my pin".
pub(super) const REACH_AFTER: u32 = 4;

/// 0 when none of `wanted` stands near the tokens `first..=last`, up to 1 when one stands right
/// before them. Every other cue that stands closer takes some of it away.
pub(super) fn strength(page: &Page<'_>, first: usize, last: usize, wanted: &[Cue]) -> f64 {
    let before = before(page, first, wanted);
    before.max(after(page, last, wanted))
}

/// The same, looking back only.
pub(super) fn before(page: &Page<'_>, first: usize, wanted: &[Cue]) -> f64 {
    let mut closer = 0u32;
    let mut seen_last = usize::MAX;
    for (hit, distance) in page.cues_before(first, REACH) {
        if wanted.contains(&hit.cue) {
            // With another cue between, a cue whose own value stands right behind it has spoken.
            let spent = closer > 0 && (hit.last + 1..first.min(hit.last + 4)).any(|t| page.is_digits(t));
            let spent = if spent { 0.3 } else { 0.0 };
            return (1.0 - 0.02 * f64::from(distance) - 0.12 * f64::from(closer) - spent).max(0.0);
        }
        // Several cues of one phrase count once.
        if hit.first != seen_last {
            closer += 1;
            seen_last = hit.first;
        }
    }
    0.0
}

/// The same, looking forward only. A cue with its own value behind it speaks for that one.
pub(super) fn after(page: &Page<'_>, last: usize, wanted: &[Cue]) -> f64 {
    for (hit, distance) in page.cues_after(last, REACH_AFTER) {
        let next = hit.last + 1;
        let has_own = matches!(page.slice(next), ":" | "=" | "#")
            || page.is_digits(next)
            || page.is(next, "is")
            || page.is(next, "number")
            || page.is(next, "was")
            || page.entry(next).spoken.is_some();
        // "87654321 password hunter2": a cue right behind a value that goes on speaks for what follows.
        let has_own = has_own
            || (hit.first == last + 1
                && (page.is_word(next) || page.is_digits(next))
                && page.gap(next) == super::page::Gap::Space
                && !page.has(next, super::lexicon::traits::FUNCTION));
        // "482193 is your bank's code": what somebody relays speaks of what stands before.
        let has_own = has_own && hit.cue != Cue::Relayed;
        if wanted.contains(&hit.cue) && !has_own && !crosses_line(page, last, hit.first) {
            return 0.8 - 0.04 * f64::from(distance);
        }
    }
    0.0
}

fn crosses_line(page: &Page<'_>, from: usize, to: usize) -> bool {
    (from + 1..=to).any(|t| page.gap(t) == super::page::Gap::Break)
}

/// Whether the cue that stands closest before a token is one of these.
pub(super) fn nearest_is(page: &Page<'_>, first: usize, reach: u32, wanted: &[Cue]) -> bool {
    let mut hits = page.cues_before(first, reach);
    let Some((nearest, _)) = hits.next() else { return false };
    wanted.contains(&nearest.cue)
        || hits.take_while(|(h, _)| h.first == nearest.first).any(|(h, _)| wanted.contains(&h.cue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_cue_speaks_loudest() {
        let page = Page::new("account locked, my pin is 1234", &[]);
        let number = page.tokens.len() - 1;
        assert!(
            strength(&page, number, number, &[Cue::Pin]) > strength(&page, number, number, &[Cue::Account])
        );
        assert!(nearest_is(&page, number, 10, &[Cue::Pin]));
    }

    #[test]
    fn a_cue_behind_speaks_unless_it_has_its_own_value() {
        let page = Page::new("1234 is my pin", &[]);
        assert!(strength(&page, 0, 0, &[Cue::Pin]) > 0.5);
        let page = Page::new("4321 pin 1234", &[]);
        assert!(strength(&page, 0, 0, &[Cue::Pin]) == 0.0);
    }
}
