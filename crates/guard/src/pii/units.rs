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
        // The letter O typed for a zero inside digits.
        while page.gap(last + 1) == Gap::None
            && matches!(page.slice(last + 1), "o" | "O")
            && page.is_digits(last + 2)
            && page.gap(last + 2) == Gap::None
        {
            digits.push(0);
            digits.extend(page.slice(last + 2).bytes().map(|b| b - b'0'));
            last += 2;
        }
        return Some((last, false));
    }
    match page.entry(token).spoken? {
        Spoken::Digit(d) => {
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

/// Whether letters touch the digits, other than a cue's ("CIF023685" is a customer id by its cue).
pub(super) fn is_glued(page: &Page<'_>, token: usize) -> bool {
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
    let after = page.gap(token + 1) == Gap::None && page.is_word(token + 1);
    (before && !cued) || after || marked
}
