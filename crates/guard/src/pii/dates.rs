//! Days of birth. Other dates are everyday matter of a bank and stay.

use super::{
    context::{nearest_is, strength},
    cues::Cue,
    lexicon::{Spoken, traits as t},
    numbers::{Numbers, Sep, Window},
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// A date in the text: its tokens and its year, where it has one of four digits.
struct Date {
    first: usize,
    last: usize,
    year: Option<u32>,
}

/// Finds dates of birth.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    let mut dates = Vec::new();
    for token in 0..page.tokens.len() {
        if page.has(token, t::MONTH) {
            dates.extend(month_date(page, numbers, token));
        }
    }
    for run in &numbers.runs {
        for w in numbers.windows(run, 4..=8) {
            dates.extend(digit_date(page, &w));
        }
    }
    for date in dates {
        let cue = strength(page, date.first, date.last, &[Cue::Birth]);
        let length = f64::from(u32::try_from(date.last - date.first).unwrap_or(0).min(6)) * 0.005;
        let score = if cue > 0.6 {
            0.88 + 0.06 * cue + length
        } else if date.year.is_some_and(|y| matches!(y, 1915..=2012)) && stands_with_identity(page, &date) {
            0.75
        } else {
            continue;
        };
        out.push(Found {
            start: page.start(date.first),
            end: page.end(date.last),
            kind: P::DateOfBirth,
            score,
            by: "dates: a date after a cue of birth, or with other data of identity",
        });
    }
}

/// A full date long ago that is nobody's transaction: words of time and money say otherwise.
fn stands_with_identity(page: &Page<'_>, date: &Date) -> bool {
    let other = [
        "since", "opened", "from", "until", "till", "joined", "between", "dated", "by", "after", "before",
        "and",
    ];
    let said = (date.first.saturating_sub(3)..date.first).any(|i| other.iter().any(|o| page.is(i, o)));
    let last = date.last - date.first >= 2;
    last && !said && !nearest_is(page, date.first, 6, &[Cue::Reference, Cue::Version, Cue::Expiry])
}

/// "2 jan 1977", "jan 2nd, 1977", "5th of august 2011", "second of march nineteen eighty".
fn month_date(page: &Page<'_>, numbers: &Numbers, month: usize) -> Option<Date> {
    let day_before = day_before(page, month);
    let after = month + 1;
    let (first, mut last) = match day_before {
        Some(first) => (first, month),
        None => (month, day_after(page, after)?),
    };
    let mut next = last + 1;
    while matches!(page.slice(next), "," | "-" | "/" | ".") || page.is(next, "of") {
        next += 1;
    }
    let year = year_at(page, numbers, next);
    if let Some((end, _)) = year {
        last = end;
    } else if page.entry(month).traits & t::GIVEN != 0
        && !page.is_capital(month)
        && day_before.is_none()
        && !nearest_is(page, month, 4, &[Cue::Birth])
    {
        return None;
    }
    Some(Date { first, last, year: year.map(|y| y.1) })
}

fn is_day(page: &Page<'_>, token: usize) -> bool {
    page.is_digits(token)
        && page.slice(token).len() <= 2
        && page.slice(token).parse::<u8>().is_ok_and(|d| (1..=31).contains(&d))
}

fn is_suffix(page: &Page<'_>, token: usize) -> bool {
    ["st", "nd", "rd", "th"].iter().any(|s| page.is(token, s))
}

/// The first token of a day that ends right before the month.
fn day_before(page: &Page<'_>, month: usize) -> Option<usize> {
    let mut token = month.checked_sub(1)?;
    if page.gap(month) == Gap::Break {
        return None;
    }
    while matches!(page.slice(token), "-" | "/" | ",") || page.is(token, "of") || page.is(token, "day") {
        token = token.checked_sub(1)?;
    }
    if is_suffix(page, token) && token > 0 && is_day(page, token - 1) {
        return Some(token - 1);
    }
    if is_day(page, token) {
        return Some(token);
    }
    match page.entry(token).spoken? {
        Spoken::Ordinal(_) => {
            let tens =
                token.checked_sub(1).filter(|t| matches!(page.entry(*t).spoken, Some(Spoken::Ten(20 | 30))));
            let hyphen = token.checked_sub(2).filter(|t| {
                page.slice(token - 1) == "-" && matches!(page.entry(*t).spoken, Some(Spoken::Ten(20 | 30)))
            });
            Some(tens.or(hyphen).unwrap_or(token))
        }
        Spoken::Digit(1..) | Spoken::Teen(_) => {
            let tens =
                token.checked_sub(1).filter(|t| matches!(page.entry(*t).spoken, Some(Spoken::Ten(20 | 30))));
            Some(tens.unwrap_or(token))
        }
        Spoken::Ten(20 | 30) => Some(token),
        _ => None,
    }
}

/// The last token of a day that stands behind the month.
fn day_after(page: &Page<'_>, token: usize) -> Option<usize> {
    let token = if page.is(token, "the") || page.slice(token) == "." { token + 1 } else { token };
    if is_day(page, token) {
        return Some(if is_suffix(page, token + 1) && page.gap(token + 1) == Gap::None {
            token + 1
        } else {
            token
        });
    }
    match page.entry(token).spoken? {
        Spoken::Ordinal(_) => Some(token),
        Spoken::Ten(20 | 30) if matches!(page.entry(token + 1).spoken, Some(Spoken::Ordinal(_))) => {
            Some(token + 1)
        }
        _ => None,
    }
}

/// A year at a token: its last token and value.
fn year_at(page: &Page<'_>, numbers: &Numbers, token: usize) -> Option<(usize, u32)> {
    if page.is_digits(token) {
        let slice = page.slice(token);
        let value = slice.parse::<u32>().ok()?;
        return match slice.len() {
            4 if matches!(value, 1900..=2099) => Some((token, value)),
            2 if page.gap(token) <= Gap::Space => Some((token, 1900 + value)),
            _ => None,
        };
    }
    // "nineteen eighty two", "two thousand and five", "twenty oh one".
    let index = numbers.units.binary_search_by_key(&token, |u| u.first).ok()?;
    let run = index..numbers.units.len();
    (1..=4).rev().find_map(|count| {
        let w = numbers.window(index..index + count, &run)?;
        let joined = w.units[1..].iter().all(|u| matches!(u.sep, Sep::Space | Sep::Filler | Sep::Hyphen));
        let value = match w.digits {
            [2, 0, 0, 0, rest @ ..] if rest.len() <= 2 => {
                2000 + rest.iter().fold(0, |n, d| n * 10 + u32::from(*d))
            }
            _ if w.digits.len() == 4 => w.value(),
            // "eighty five".
            [3..=9, _] if w.spoken() => 1900 + w.value(),
            _ => return None,
        };
        (joined && w.spoken() && matches!(value, 1900..=2099)).then_some((w.last(), value))
    })
}

/// Dates of digits alone.
fn digit_date(page: &Page<'_>, w: &Window<'_>) -> Option<Date> {
    if w.glued() || w.amount() || w.spoken() && w.units.len() > 4 {
        return None;
    }
    // "three four nineteen eighty five".
    if let [day, month, century, rest] = w.units {
        let value = |u: &super::numbers::Unit| {
            let at = w.units.iter().take_while(|v| v.first < u.first).map(|v| v.len).sum::<usize>();
            w.digits[at..at + u.len].iter().fold(0u32, |n, d| n * 10 + u32::from(*d))
        };
        let said =
            w.spoken() && w.whole && century.len == 2 && rest.len == 2 && matches!(value(century), 19 | 20);
        let (a, b) = (value(day), value(month));
        let fits =
            (1..=31).contains(&a) && (1..=12).contains(&b) || (1..=12).contains(&a) && (1..=31).contains(&b);
        return (said && fits).then(|| Date {
            first: w.first(),
            last: w.last(),
            year: Some(value(century) * 100 + value(rest)),
        });
    }
    let number = |d: &[u8]| d.iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
    let d = w.digits;
    let date = |year: Option<u32>| Some(Date { first: w.first(), last: w.last(), year });
    let month_day = |a: u32, b: u32| {
        (1..=31).contains(&a) && (1..=12).contains(&b) || (1..=12).contains(&a) && (1..=31).contains(&b)
    };
    if w.units.len() == 3 {
        let (a, b, c) = (w.units[0].len, w.units[1].len, w.units[2].len);
        let (x, y, z) = (number(&d[..a]), number(&d[a..a + b]), number(&d[a + b..]));
        let tight = w.units[1].sep == w.units[2].sep;
        return match (a, b, c) {
            (1..=2, 1..=2, 4) if tight && month_day(x, y) && matches!(z, 1900..=2099) => date(Some(z)),
            (4, 1..=2, 1..=2) if tight && month_day(y, z) && matches!(x, 1900..=2099) => date(Some(x)),
            (1..=2, 1..=2, 2) if tight && month_day(x, y) => date(None),
            _ => None,
        };
    }
    // "25091997" and "250997" only where the words say so; the caller asks for a cue since the year is unknown.
    if w.units.len() == 1 && (w.whole || w.units[0].sep == Sep::Start) {
        let plausible = match d.len() {
            8 => {
                (month_day(number(&d[..2]), number(&d[2..4])) && matches!(number(&d[4..]), 1900..=2099))
                    || (month_day(number(&d[4..6]), number(&d[6..]))
                        && matches!(number(&d[..4]), 1900..=2099))
            }
            6 => month_day(number(&d[..2]), number(&d[2..4])) || month_day(number(&d[2..4]), number(&d[4..])),
            // "born in 1984".
            4 => {
                matches!(number(d), 1900..=2015)
                    && page.cues_before(w.first(), 3).any(|(c, _)| c.cue == Cue::Birth)
            }
            _ => false,
        };
        return if plausible { date(None) } else { None };
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn days_of_birth_in_many_forms() {
        for text in [
            "dob 14/02/1990",
            "date of birth: 1990-02-14",
            "born on 14 feb 1990",
            "born February 14th, 1990",
            "my birthday is the 14th of February 1990",
            "d.o.b. 14.02.90",
            "dob 14021990",
            "born on the fourteenth of february nineteen ninety",
        ] {
            let found = probe(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(found[0].1, "DATE_OF_BIRTH", "{text}");
            assert!(text.ends_with(&found[0].0), "{text}: {found:?}");
        }
    }

    #[test]
    fn other_dates_stay() {
        for text in [
            "charged on 14/02/2026",
            "statement of 3 march",
            "customer since 14 february 2001",
            "will it arrive by 5 may",
            "the payment from 12/03/2025",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
