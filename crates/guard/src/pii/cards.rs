//! Payment cards: the long number, the month of expiry, the code on the back.

use super::{
    check,
    context::{after, before, strength},
    cues::Cue,
    lexicon::traits as t,
    numbers::{Numbers, Sep, Unit, Window},
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// Finds cards, expiries and security codes.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    let mut cards: Vec<(usize, usize)> = Vec::new();
    for run in &numbers.runs {
        for w in numbers.windows(run, 12..=19) {
            if let Some(score) = number_score(page, &w) {
                out.push(Found {
                    start: page.start(w.first()),
                    end: page.end(w.last()),
                    kind: P::CreditCard,
                    score,
                    by: "cards: digits of a card: issuer range, check digit, grouping or cue",
                });
                if score > 0.8 {
                    cards.push((w.first(), w.last()));
                }
            }
        }
        part_of_card(page, numbers, run, out);
    }
    cards.sort_unstable();
    for run in &numbers.runs {
        expiry(page, numbers, run, &cards, out);
        security_code(page, numbers, run, &cards, out);
    }
    month_word_expiry(page, &cards, out);
}

/// How surely a window is a card number; `None` when it is none.
fn number_score(page: &Page<'_>, w: &Window<'_>) -> Option<f64> {
    if w.amount() || w.glued() || page.has(w.first(), t::MONTH) {
        return None;
    }
    let issuer = issuer(w.digits);
    let lonely = w.units.iter().all(|u| u.len == 1) && !w.whole;
    if check::luhn(w.digits) && issuer != Issuer::None {
        let typical = matches!(w.digits.len(), 15 | 16) as u32;
        let base = match issuer {
            Issuer::Certain => 0.93,
            _ => 0.60,
        };
        let cue = strength(page, w.first(), w.last(), &[Cue::Card]);
        let score = base + 0.02 * f64::from(typical) + 0.02 * f64::from(u8::from(w.whole)) + 0.02 * cue;
        let score = if issuer == Issuer::Weak { score + 0.3 * cue } else { score };
        return Some(if lonely { score - 0.03 } else { score });
    }
    // A mistyped number is still a card when the words say so.
    if (13..=19).contains(&w.digits.len()) && w.units[0].sep == Sep::Start {
        let cue = before(page, w.first(), &[Cue::Card]);
        if cue > 0.6 {
            let shape = if w.digits.len() == 16 || w.grouped(&[4, 6, 5]) { 0.08 } else { 0.0 };
            let whole = if w.whole { 0.03 } else { 0.0 };
            return Some(0.72 + 0.08 * cue + shape + whole);
        }
        if w.grouped(&[4, 4, 4, 4]) && !w.spoken() {
            return Some(0.7);
        }
    }
    None
}

/// A card's number is taken to the end of what was said with it: of a mistyped or misheard one a window fits, and
/// the digits beside it are the card's too.
pub(super) fn to_the_end(page: &Page<'_>, numbers: &Numbers, found: &mut [Found]) {
    for index in 0..found.len() {
        let f = found[index];
        if f.kind != P::CreditCard {
            continue;
        }
        let first = numbers.units.partition_point(|u| page.start(u.first) < f.start);
        let last = numbers.units.partition_point(|u| page.end(u.last) <= f.end);
        let Some(run) = numbers.runs.iter().find(|run| run.contains(&first)) else { continue };
        if last <= first || last > run.end {
            continue;
        }
        let own = |unit: &Unit| {
            matches!(unit.sep, Sep::Space | Sep::Hyphen | Sep::Dot | Sep::Filler)
                && !unit.amount
                && !unit.glued
        };
        let (before, after) =
            (index.checked_sub(1).map_or(0, |i| found[i].end), found.get(index + 1).map(|n| n.start));
        let mut rest = 0;
        for unit in numbers.units[last..run.end].iter().take_while(|u| own(u)) {
            rest += unit.len;
            let free = after.is_none_or(|next| page.end(unit.last) <= next);
            if !free || rest > LONGEST_REST {
                break;
            }
            found[index].end = page.end(unit.last);
        }
        rest = 0;
        for at in (run.start..first).rev() {
            let unit = &numbers.units[at];
            rest += unit.len;
            let joined = own(&numbers.units[at + 1]) && !unit.amount && !unit.glued;
            if !joined || page.start(unit.first) < before || rest > LONGEST_REST {
                break;
            }
            found[index].start = page.start(unit.first);
        }
    }
}

/// So many digits beside a card are its own; more are another number.
const LONGEST_REST: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Issuer {
    None,
    /// A range whose numbers are short or shared with others.
    Weak,
    Certain,
}

/// The issuer ranges in use, each with its lengths.
pub(super) fn issuer(digits: &[u8]) -> Issuer {
    let n = digits.len();
    let prefix = |k: usize| digits.iter().take(k).fold(0u32, |v, d| v * 10 + u32::from(*d));
    let (p1, p2, p3, p4, p6) = (prefix(1), prefix(2), prefix(3), prefix(4), prefix(6));
    let certain = match n {
        16 => {
            p1 == 4
                || matches!(p2, 51..=55)
                || matches!(p4, 2221..=2720 | 2200..=2204)
                || matches!(p4, 3528..=3589 | 6011)
                || matches!(p3, 644..=649 | 508 | 353 | 356 | 636 | 637..=639)
                || matches!(p2, 60 | 62 | 65 | 81 | 82)
                || matches!(
                    p4,
                    5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 | 6771 | 9792 | 8600 | 9860 | 5019
                )
                || matches!(p4, 5610)
                || matches!(p6, 506_099..=506_198 | 560_221..=560_225 | 606_282 | 636_368 | 636_297 | 627_780)
        }
        15 => matches!(p2, 34 | 37),
        14 => matches!(p2, 36 | 38 | 39) || matches!(p3, 300..=305 | 309),
        19 => p1 == 4 || p2 == 62 || matches!(p3, 644..=649) || p2 == 65 || matches!(p4, 6011 | 3528..=3589),
        17 | 18 => p2 == 62 || matches!(p4, 3528..=3589),
        _ => false,
    };
    if certain {
        return Issuer::Certain;
    }
    let weak = match n {
        13 => p1 == 4 || matches!(p2, 50 | 56..=58 | 60..=69),
        12 | 14 | 15 | 17..=19 => {
            matches!(p2, 50 | 56..=58 | 60..=69 | 36 | 38 | 39)
                || (n == 15 && (p1 == 1 || matches!(p4, 2014 | 2149)))
        }
        16 => matches!(p2, 30 | 36 | 38 | 39 | 50 | 56..=58 | 61 | 63 | 64 | 66..=69),
        _ => false,
    };
    if weak { Issuer::Weak } else { Issuer::None }
}

/// Part of a number: "card ending 1234 5678", and the beginning of one that goes on in the next message.
fn part_of_card(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    let Some(w) = numbers.window(run.clone(), run) else { return };
    if w.amount() || w.glued() {
        return;
    }
    let grouped = w.joined_by(Sep::Space) && (w.grouped(&[4, 4, 4]) || w.grouped(&[4, 4]));
    if grouped && before(page, w.first(), &[Cue::Card]) > 0.8 || begins_card(page, &w) {
        // Twelve digits in fours are an Aadhaar's too; behind a card they are the card's.
        let score = if w.grouped(&[4, 4, 4]) && (2..=6).contains(&w.digits[0]) { 0.9 } else { 0.6 };
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind: P::CreditCard,
            score,
            by: "cards: groups of four right after a cue of a card, or the beginning of a number",
        });
    }
}

/// "my card number is 4111 11 and": the message ends before the number does.
fn begins_card(page: &Page<'_>, w: &Window<'_>) -> bool {
    let Some((hit, distance)) = page.cues_before(w.first(), 3).next() else { return false };
    let number = ["number", "no", "num"].iter().any(|word| page.is(hit.last, word));
    let stops = |token: usize| {
        !page.is_word(token) && !page.is_digits(token) || page.is(token, "and") || page.is(token, "then")
    };
    hit.cue == Cue::Card
        && number
        && distance <= 3
        && (4..=12).contains(&w.digits.len())
        && w.digits[0] >= 2
        && (w.last() + 1..page.tokens.len()).all(stops)
}

/// Whether a card number ended right before this token: next to it, after a comma or a line end.
fn follows_card(page: &Page<'_>, token: usize, cards: &[(usize, usize)]) -> bool {
    let index = cards.partition_point(|(first, _)| *first < token);
    cards[..index].iter().rev().take(3).any(|(_, last)| *last < token && page.distance(*last + 1, token) <= 6)
}

fn month_year(digits: &[u8], split: usize) -> bool {
    let number = |d: &[u8]| d.iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
    let (month, year) = (number(&digits[..split]), number(&digits[split..]));
    matches!(month, 1..=12) && matches!((digits.len() - split, year), (2, 15..=49) | (4, 2015..=2049))
}

/// "2027-09".
fn year_month(digits: &[u8]) -> bool {
    digits.len() == 6 && month_year(&[&digits[4..], &digits[..4]].concat(), 2)
}

fn expiry(
    page: &Page<'_>,
    numbers: &Numbers,
    run: &std::ops::Range<usize>,
    cards: &[(usize, usize)],
    out: &mut Vec<Found>,
) {
    for w in numbers.windows(run, 3..=6) {
        if w.amount() || w.glued() || w.units.len() > 6 {
            continue;
        }
        let n = w.digits.len();
        let shaped = match w.units.len() {
            1 => n >= 4 && month_year(w.digits, 2),
            2 if !w.spoken() && w.units[0].len == 4 => year_month(w.digits),
            2 if !w.spoken() => w.units[0].len <= 2 && month_year(w.digits, w.units[0].len),
            _ => w.spoken() && (month_year(w.digits, n - 2) || (n > 4 && month_year(w.digits, n - 4))),
        };
        if !shaped || (w.spoken() && !w.whole) {
            continue;
        }
        let cue = strength(page, w.first(), w.last(), &[Cue::Expiry]);
        let bare_word =
            page.cues_before(w.first(), 6).any(|(c, _)| c.cue == Cue::Expiry && page.is(c.first, "expires"));
        let carded = !bare_word
            || !cards.is_empty()
            || page.cues.iter().any(|c| matches!(c.cue, Cue::Card | Cue::Cvv));
        let slashed = w.units.len() == 2 && matches!(w.units[1].sep, Sep::Slash | Sep::Hyphen);
        let score = if cue > 0.7 && carded {
            0.90 + 0.02 * cue + if slashed || w.whole { 0.03 } else { 0.0 }
        } else if follows_card(page, w.first(), cards) || after_card_in_run(page, &w, cards) {
            0.86 + if slashed { 0.06 } else { 0.0 }
        } else {
            continue;
        };
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind: P::CardExpiry,
            score,
            by: "cards: month and year after a cue of expiry, or right behind a card",
        });
    }
}

/// "4111 1111 1111 1111 09 28": the card is a window of the same run.
fn after_card_in_run(page: &Page<'_>, w: &Window<'_>, cards: &[(usize, usize)]) -> bool {
    cards.iter().any(|(_, last)| *last < w.first() && page.distance(*last + 1, w.first()) == 0)
}

/// "expires June 2027" beside a card.
fn month_word_expiry(page: &Page<'_>, cards: &[(usize, usize)], out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        if !page.has(token, t::MONTH) || !page.is_digits(token + 1) || page.gap(token + 1) == Gap::Break {
            continue;
        }
        let year = page.slice(token + 1).parse::<u32>().unwrap_or(0);
        let carded = !cards.is_empty() || page.cues.iter().any(|c| matches!(c.cue, Cue::Card | Cue::Cvv));
        let date = token > 0 && page.is_digits(token - 1);
        if matches!(year, 20..=49 | 2020..=2049)
            && !date
            && carded
            && before(page, token, &[Cue::Expiry]) > 0.75
        {
            out.push(Found {
                start: page.start(token),
                end: page.end(token + 1),
                kind: P::CardExpiry,
                score: 0.85,
                by: "cards: month in words and year after a cue of expiry",
            });
        }
    }
}

fn security_code(
    page: &Page<'_>,
    numbers: &Numbers,
    run: &std::ops::Range<usize>,
    cards: &[(usize, usize)],
    out: &mut Vec<Found>,
) {
    for w in numbers.windows(run, 3..=4) {
        let shaped =
            w.units.len() == 1 || w.units.iter().all(|u| u.len == 1 || u.spoken) || w.grouped(&[2, 2]);
        if w.amount() || w.glued() || !shaped {
            continue;
        }
        let cue = before(page, w.first(), &[Cue::Cvv]).max(after(page, w.last(), &[Cue::Cvv]));
        let ends_run = w.units.last().map(|u| u.last) == numbers.units.get(run.end - 1).map(|u| u.last);
        let edge = if w.whole {
            0.03
        } else if ends_run {
            0.01
        } else {
            0.0
        };
        let begins = w.units[0].sep == Sep::Start || w.units[0].sep == Sep::Break;
        let score = if cue > 0.7 && (w.whole || begins) {
            0.86 + 0.08 * cue + edge
        } else if cards.is_empty() {
            continue;
        } else if ends_run && follows_expiry(page, w.first(), cards) {
            0.84 + edge
        } else if w.whole && w.digits.len() == 3 && follows_card(page, w.first(), cards) {
            0.6
        } else {
            continue;
        };
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind: P::Cvv,
            score,
            by: "cards: three or four digits after a cue, or behind card and expiry",
        });
    }
}

/// Card, then month and year, then this: the order in which people copy a card.
fn follows_expiry(page: &Page<'_>, token: usize, cards: &[(usize, usize)]) -> bool {
    let index = cards.partition_point(|(first, _)| *first < token);
    cards[..index].iter().rev().take(3).any(|(_, last)| {
        *last < token && (4..=14).contains(&page.distance(*last + 1, token)) && {
            let between: String =
                (*last + 1..token).filter(|t| page.is_digits(*t)).map(|t| page.slice(t)).collect();
            matches!(between.len(), 3..=6)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn card_numbers_in_every_grouping() {
        for text in [
            "4111 1111 1111 1111",
            "my visa 4111-1111-1111-1111 is lost",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "6011.0009.9013.9424",
            "3530111333300000",
            "41 11 11 11 11 11 11 11",
            "5105 1051051051 00",
            "card four one one one, one one one one, one one one one, one one one one",
        ] {
            assert!(probe(text).iter().any(|f| f.1 == "CREDIT_CARD"), "{text}");
        }
    }

    #[test]
    fn other_long_numbers_are_no_cards() {
        for text in ["4111 1111 1111 1112", "receipt 99999999999999", "€4.111.111"] {
            assert!(
                probe(text).iter().all(|f| f.1 != "CREDIT_CARD" || f.0 == "4111 1111 1111 1112"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_card_with_month_and_code() {
        for text in [
            "4111111111111111, 09/28, 123",
            "4111111111111111\n09/2028\n123",
            "4111 1111 1111 1111 09/28 1-2-3",
        ] {
            let kinds: Vec<_> = probe(text).into_iter().map(|f| f.1).collect();
            assert_eq!(kinds, ["CREDIT_CARD", "CARD_EXPIRY", "CVV"], "{text}");
        }
        assert_eq!(probe("cvv 123 exp 0928"), [("123".into(), "CVV"), ("0928".into(), "CARD_EXPIRY")]);
    }

    #[test]
    fn dates_without_a_card_are_no_expiry() {
        assert_eq!(probe("my term deposit expires 09/28"), []);
        assert_eq!(probe("charged on 03/26 at the station"), []);
    }
}
