//! Telephone numbers.

use super::{
    accounts::is_hotline,
    context::{nearest_is, strength},
    cues::Cue,
    numbers::{Numbers, Sep, Window},
    page::{Found, Gap, Kind, Page},
};
use crate::PersonalType as P;

/// Finds telephone numbers.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    for run in &numbers.runs {
        // No part of the bank's own number is somebody's.
        let whole = numbers.window(run.clone(), run);
        if !whole.is_some_and(|w| w.digits.len() >= 10 && is_hotline(&w)) {
            phones(page, numbers, run, out);
        }
    }
}

fn phones(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    for w in numbers.windows(run, 6..=15) {
        let begins = w.units[0].sep == Sep::Start || w.units[0].sep == Sep::Break || w.units[0].len > 2;
        // Single digits read out one by one, or proper groups, but no mixture of both.
        let singles = w.units.iter().filter(|u| u.len == 1 && !u.spoken).count();
        let even = singles <= 1 || w.units.iter().all(|u| u.len == 1);
        // "555-0147x22": only the extension touches it.
        let last = extension(page, w.last());
        let units = if last > w.last() { &w.units[..w.units.len() - 1] } else { w.units };
        if units.iter().any(|u| u.amount || u.glued) || !begins || !even {
            continue;
        }
        let (first, plus) = opening(page, w.first());
        let international = plus
            || (w.digits.starts_with(&[0, 0])
                && w.digits.get(2).is_some_and(|d| *d > 0)
                && w.units[0].sep == Sep::Start);
        let shape = shape(&w, international);
        if is_hotline(&w) && !international {
            continue;
        }
        let cue = strength(page, w.first(), w.last(), &[Cue::Phone]);
        let whole = if w.whole { 0.04 } else { 0.0 };
        let edge = w.whole || w.units[0].sep == Sep::Start;
        let reference = nearest_is(page, w.first(), 6, &[Cue::Reference, Cue::Version]);
        let score = match shape {
            Shape::Certain if !reference => 0.84 + 0.06 * cue,
            Shape::Certain | Shape::Likely if cue > 0.66 => 0.82 + 0.08 * cue,
            Shape::Likely if !reference => 0.55,
            Shape::Possible if cue > 0.78 && edge && w.digits.len() >= 7 => 0.74 + 0.06 * cue,
            _ => continue,
        };
        let spoken = if w.spoken() && cue < 0.6 { 0.2 } else { 0.0 };
        let end = page.end(last);
        out.push(Found {
            start: first,
            end,
            kind: P::Phone,
            score: score + whole - spoken,
            by: "contact: the shape of a telephone number, or its cue",
        });
    }
}

/// "ext 12" belongs to the number: the last token of both.
fn extension(page: &Page<'_>, last: usize) -> usize {
    let word = if page.slice(last + 1) == "," { last + 2 } else { last + 1 };
    let says = ["ext", "extn", "extension", "x"].iter().any(|w| page.is(word, w));
    let number = if page.slice(word + 1) == "." { word + 2 } else { word + 1 };
    if says && page.gap(word) != Gap::Break && page.is_digits(number) && page.slice(number).len() <= 6 {
        number
    } else {
        last
    }
}

/// Where the number really begins: its plus or its parenthesis.
fn opening(page: &Page<'_>, token: usize) -> (usize, bool) {
    let mut start = page.start(token);
    let mut plus = false;
    let mut at = token;
    while let Some(before) = at.checked_sub(1) {
        match page.slice(before) {
            "(" => start = page.start(before),
            "+" => {
                start = page.start(before);
                plus = true;
            }
            _ if page.is(before, "plus") && page.gap(at) == Gap::Space => {
                start = page.start(before);
                plus = true;
            }
            _ => break,
        }
        if page.tokens[before].kind != Kind::Mark {
            break;
        }
        at = before;
    }
    (start, plus)
}

enum Shape {
    None,
    Possible,
    Likely,
    Certain,
}

/// How much a window looks like a telephone number of Australia, Britain, the United States, India or Europe.
fn shape(w: &Window<'_>, international: bool) -> Shape {
    let d = w.digits;
    let n = d.len();
    let starts = |p: &[u8]| d.starts_with(p);
    if international {
        return match n {
            13 if starts(&[0, 0, 1]) && d[3] >= 2 && d[6] >= 2 && w.units.len() > 2 => Shape::Certain,
            8..=15 if starts(&[0, 0]) => Shape::Likely,
            8..=15 => Shape::Certain,
            _ => Shape::None,
        };
    }
    let grouped = w.units.len() > 1
        && w.units.len() <= 5
        && w.units.iter().all(|u| u.len >= 2 || u.len == 1 && d[0] == 1);
    let american = |d: &[u8]| d.len() == 10 && d[0] >= 2 && d[3] >= 2;
    match n {
        10 if starts(&[0, 4]) || starts(&[0, 5]) => Shape::Certain,
        10 if d[0] == 0 && matches!(d[1], 2 | 3 | 7 | 8) && (w.grouped(&[2, 4, 4]) || w.units.len() == 1) => {
            if w.units.len() == 1 {
                Shape::Likely
            } else {
                Shape::Certain
            }
        }
        10 if american(d) && (w.grouped(&[3, 3, 4]) || w.grouped(&[3, 7])) => Shape::Certain,
        10 if d[0] >= 6 && (w.grouped(&[5, 5]) || w.grouped(&[4, 3, 3])) => Shape::Certain,
        11 if starts(&[0, 7]) => Shape::Certain,
        11 if d[0] == 0 && matches!(d[1], 1 | 2) && (grouped || w.units.len() == 1) => Shape::Certain,
        11 if d[0] == 0 && d[1] >= 6 => Shape::Likely,
        11 if d[0] == 1 && american(&d[1..]) && grouped => Shape::Certain,
        10 if d[0] == 0 && grouped && w.units.len() >= 2 => Shape::Likely,
        10 if d[0] == 0 && d[1] != 0 => Shape::Possible,
        11..=12 if starts(&[6, 1, 4]) || starts(&[4, 4, 7]) || starts(&[9, 1]) => Shape::Possible,
        7..=13 => Shape::Possible,
        _ => Shape::None,
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn phones_of_five_regions() {
        for text in [
            "0412 345 678",
            "(02) 9374 4000",
            "+61 412 345 678",
            "07700 900123",
            "020 7946 0958",
            "+44 20 7946 0958",
            "(415) 555-2671",
            "1-415-555-2671",
            "98765-43210",
            "+91 98765 43210",
            "+33 1 70 18 99 00",
            "415-555-2671x22",
            "(415)555-2671x1123",
            "001-415-555-2671",
        ] {
            assert_eq!(probe(&format!("my mobile is {text}")), [(text.to_owned(), "PHONE")], "{text}");
        }
        assert_eq!(probe("call me on oh four one two three four five six seven eight").len(), 1);
    }

    #[test]
    fn the_banks_own_numbers_stay() {
        for text in [
            "call 13 22 65",
            "ring 1300 555 727",
            "is 1800 123 456 yours",
            "0800 123 4567 is busy",
            "dial 1-800-555-0199",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
