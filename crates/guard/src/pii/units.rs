//! One group of digits, written or spoken, and what joins it to the group before.

use super::{
    lexicon::{Spoken, traits as t},
    numbers::{Sep, Unit},
    page::{Gap, Kind, Page},
};

/// Appends the digits of the group at `token`; its last token and whether it was spoken.
pub(super) fn read(
    page: &Page<'_>,
    token: usize,
    previous: Option<&Unit>,
    digits: &mut Vec<u8>,
) -> Option<(usize, bool)> {
    if page.is_digits(token) {
        digits.extend(page.slice(token).bytes().map(|b| b - b'0'));
        let mut last = token;
        // A letter typed for a digit inside digits.
        while let Some(typed) = typed_between(page, last + 1) {
            digits.extend(typed);
            digits.extend(page.slice(last + 2).bytes().map(|b| b - b'0'));
            last += 2;
        }
        let length = page.end(last) - page.start(token);
        if let Some(typed) = typed_behind(page, last + 1, length, token, previous) {
            digits.extend(typed);
            last += 1;
        }
        return Some((last, false));
    }
    if let Some(typed) = typed_for(page, token).filter(|_| begins_group(page, token, previous)) {
        digits.extend(typed);
        let (last, _) = read(page, token + 1, previous, digits)?;
        return Some((last, false));
    }
    match page.entry(token).spoken? {
        Spoken::Digit(d) => {
            if let Some((last, said)) = said_whole(page, token) {
                digits.extend(said);
                return Some((last, true));
            }
            digits.push(d);
            Some((token, true))
        }
        Spoken::Teen(n) => {
            digits.extend([n / 10, n % 10]);
            Some((token, true))
        }
        Spoken::Ten(n) => {
            let next = if page.slice(token + 1) == "-" { token + 2 } else { token + 1 };
            // "twenty one" is 21; "twenty oh one" is 20, 0, 1.
            if let Some(Spoken::Digit(d @ 1..)) = page.entry(next).spoken {
                digits.extend([n / 10, d]);
                return Some((next, true));
            }
            digits.extend([n / 10, 0]);
            Some((token, true))
        }
        Spoken::Repeat(times) => {
            let next = token + 1;
            let digit = match page.entry(next).spoken {
                Some(Spoken::Digit(d)) => d,
                _ if page.is_digits(next) && page.slice(next).len() == 1 => {
                    page.slice(next).as_bytes()[0] - b'0'
                }
                _ => return None,
            };
            digits.extend(std::iter::repeat_n(digit, usize::from(times)));
            Some((next, true))
        }
        Spoken::Zeros(zeros) => {
            // "two hundred" only continues a number; alone it is an amount.
            let continues = previous.is_some_and(|u| u.spoken && u.last + 1 == token && u.len == 1);
            continues.then(|| {
                digits.extend(std::iter::repeat_n(0, usize::from(zeros)));
                (token, true)
            })
        }
        Spoken::Ordinal(_) => None,
    }
}

/// "four thousand seven hundred and twenty two" is 4722, where something stands behind the last zero.
fn said_whole(page: &Page<'_>, token: usize) -> Option<(usize, Vec<u8>)> {
    let digit = |i: usize| match page.entry(i).spoken {
        Some(Spoken::Digit(d @ 1..)) => Some(u32::from(d)),
        _ => None,
    };
    let zeros = |i: usize, n: u8| page.entry(i).spoken == Some(Spoken::Zeros(n));
    let over = |i: usize| if page.is(i, "and") { i + 1 } else { i };
    let (mut at, mut value, mut last) = (token, 0, None);
    if let Some(d) = digit(at).filter(|_| zeros(at + 1, 3)) {
        value += d * 1000;
        at = over(at + 2);
    }
    if let Some(d) = digit(at).filter(|_| zeros(at + 1, 2)) {
        value += d * 100;
        last = (at > token).then_some(at + 1);
        at = over(at + 2);
    }
    if at == token {
        return None;
    }
    let tens = match page.entry(at).spoken {
        Some(Spoken::Ten(n)) => {
            let next = if page.slice(at + 1) == "-" { at + 2 } else { at + 1 };
            match digit(next) {
                Some(one) => Some((next, u32::from(n) + one)),
                None => Some((at, u32::from(n))),
            }
        }
        Some(Spoken::Teen(n)) => Some((at, u32::from(n))),
        Some(Spoken::Digit(d @ 1..)) => Some((at, u32::from(d))),
        _ => None,
    };
    if let Some((end, rest)) = tens {
        value += rest;
        last = Some(end);
    }
    Some((last?, value.to_string().bytes().map(|b| b - b'0').collect()))
}

/// The digit that a letter looks like.
fn looks_like(letter: char) -> Option<u8> {
    match letter {
        'o' | 'O' | 'Q' | 'D' => Some(0),
        'l' | 'I' | 'i' => Some(1),
        'Z' | 'z' => Some(2),
        'S' | 's' => Some(5),
        'G' => Some(6),
        'B' => Some(8),
        _ => None,
    }
}

/// The digits that a word of one to three letters was typed for; only the usual ones where `usual`.
fn typed(page: &Page<'_>, token: usize, usual: bool) -> Option<Vec<u8>> {
    let word = page.slice(token);
    if !page.is_word(token) || word.len() > 3 {
        return None;
    }
    let usual_only = |c: char| !usual || matches!(c, 'o' | 'O' | 'l' | 'I');
    word.chars().map(|c| looks_like(c).filter(|_| usual_only(c))).collect()
}

/// The digits that letters in front of digits were typed for.
fn typed_for(page: &Page<'_>, token: usize) -> Option<Vec<u8>> {
    let glued = page.is_digits(token + 1) && page.gap(token + 1) == Gap::None;
    if glued { typed(page, token, true) } else { None }
}

/// The digits that letters between digits were typed for: the rarer ones where digits enough stand on both sides.
fn typed_between(page: &Page<'_>, token: usize) -> Option<Vec<u8>> {
    if page.gap(token) != Gap::None || !page.is_digits(token + 1) || page.gap(token + 1) != Gap::None {
        return None;
    }
    let sides = page.slice(token - 1).len().min(page.slice(token + 1).len());
    typed(page, token, page.slice(token).len() > 1 || sides < 2)
}

/// The digits that letters behind digits were typed for: at the end of a long number, or of a group beside others.
fn typed_behind(
    page: &Page<'_>,
    token: usize,
    length: usize,
    first: usize,
    previous: Option<&Unit>,
) -> Option<Vec<u8>> {
    if page.gap(token) != Gap::None || page.gap(token + 1) == Gap::None && page.is_digits(token + 1) {
        return None;
    }
    let whole = length + page.slice(token).len();
    let group = |i: usize| page.is_digits(i) && page.gap(i) == Gap::Space && page.slice(i).len() >= 3;
    let beside = length >= 3
        && (group(token + 1) || previous.is_some_and(|u| u.last + 1 == first && !u.spoken && u.len == whole));
    // A long number that lacks a digit of a card's, or a group of four.
    let long = (13..=19).contains(&whole) || length >= 8 && page.slice(token).len() == 1;
    if !(long || beside) {
        return None;
    }
    typed(page, token, !long)
}

/// Whether a letter and the digits that touch it are one group of a number: "4539 l488", "o412 345 678". Alone
/// it is part of some code.
fn begins_group(page: &Page<'_>, token: usize, previous: Option<&Unit>) -> bool {
    let length = page.slice(token + 1).len() + 1;
    let length = length - 1 + page.slice(token).len();
    let goes_on = previous.is_some_and(|u| {
        let hyphen = u.last + 2 == token && page.slice(token - 1) == "-" && page.gap(token) == Gap::None;
        (hyphen || u.last + 1 == token && page.gap(token) == Gap::Space) && !u.spoken && u.len == length
    });
    let next = token + 2;
    let group = page.gap(next) == Gap::Space && page.is_digits(next) && page.slice(next).len() >= 3;
    let hyphen = page.slice(next) == "-"
        && page.gap(next) == Gap::None
        && page.gap(next + 1) == Gap::None
        && (page.is_digits(next + 1) || typed_for(page, next + 1).is_some());
    let free = token == 0 || page.gap(token) != Gap::None || matches!(page.slice(token - 1), ":" | "=" | "#");
    let begins = free && (length == 4 && group || (3..=4).contains(&length) && hyphen);
    goes_on || begins
}

/// What stands between the last group and the one at `token`; [`Sep::Start`] when they don't belong together.
pub(super) fn separator(page: &Page<'_>, previous: &Unit, token: usize, spoken: bool) -> Sep {
    let between = previous.last + 1..token;
    let both_spoken = spoken && previous.spoken;
    match between.len() {
        0 => match page.gap(token) {
            Gap::None | Gap::Space => Sep::Space,
            Gap::Break => Sep::Break,
        },
        1..=3 => {
            if page.gap(token) == Gap::Break || page.gap(previous.last + 1) == Gap::Break {
                return Sep::Start;
            }
            let mut sep = Sep::Filler;
            let mut marks = 0;
            for middle in between {
                if page.tokens[middle].kind == Kind::Mark {
                    marks += 1;
                    sep = match page.slice(middle) {
                        "-" | "_" => Sep::Hyphen,
                        "." if touching_mark(page, middle) || both_spoken => Sep::Dot,
                        "/" => Sep::Slash,
                        // Parentheses round an area code.
                        "(" | ")" => Sep::Space,
                        "*" | "+" | "|" => Sep::Start,
                        "," if both_spoken => Sep::Filler,
                        _ => Sep::Start,
                    };
                    if sep == Sep::Start {
                        return sep;
                    }
                } else if !page.has(middle, t::FILLER) || (!both_spoken && !is_dash_word(page, middle)) {
                    return Sep::Start;
                }
            }
            if marks > 2 { Sep::Start } else { sep }
        }
        _ => Sep::Start,
    }
}

fn touching_mark(page: &Page<'_>, mark: usize) -> bool {
    page.gap(mark) == Gap::None && page.gap(mark + 1) == Gap::None
}

/// Fillers that also join written groups.
fn is_dash_word(page: &Page<'_>, token: usize) -> bool {
    matches!(
        page.slice(token).to_ascii_lowercase().as_str(),
        "dash" | "hyphen" | "then" | "space" | "slash" | "stroke"
    )
}

/// A word of a script that puts no gap between words: it touches what stands beside it.
fn has_no_gaps(page: &Page<'_>, token: usize) -> bool {
    page.slice(token).chars().next().is_some_and(|c| c >= '\u{e00}')
}

/// Whether letters touch the digits, other than a cue's ("CIF023685" is a customer id by its cue).
pub(super) fn is_glued(page: &Page<'_>, token: usize, last: usize) -> bool {
    let before = token > 0 && page.gap(token) == Gap::None && page.is_word(token - 1);
    let cued = before && page.cues_before(token, 0).next().is_some();
    // "err-01213", "PAY_8610": the mark makes one code of both.
    let marked = token > 1
        && page.gap(token) == Gap::None
        && page.gap(token - 1) == Gap::None
        && matches!(page.slice(token - 1), "-" | "_" | "#")
        && page.is_word(token - 2)
        && page.entry(token - 2).spoken.is_none()
        && page.cues_before(token, 0).next().is_none();
    let after = page.gap(last + 1) == Gap::None && page.is_word(last + 1) && !has_no_gaps(page, last + 1);
    let before = before && !has_no_gaps(page, token - 1);
    (before && !cued) || after || marked
}
