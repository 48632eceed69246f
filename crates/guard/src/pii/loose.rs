//! Numbers whose groups something odd keeps apart or runs into: "4539, 1488, 0343, 6467", "4,7,2,2",
//! "IMG4539148803436467". What decides is the check digit, or a cue right before.

use super::{
    cards::{self, Issuer},
    check,
    context::before,
    cues::Cue,
    lexicon::traits as t,
    numbers::{Numbers, Unit},
    page::{Found, Gap, Kind, Page},
};
use crate::PersonalType as P;

/// Between two groups stand at most so many tokens.
const BETWEEN: usize = 4;
/// The most digits of a card.
const LONGEST: usize = 19;

/// Finds cards and short secrets written so.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    let units = &numbers.units;
    let mut digits = Vec::with_capacity(LONGEST);
    for begin in 0..units.len() {
        if page.is_digits(units[begin].first) {
            run_into(page, numbers, begin, out);
        }
        digits.clear();
        let mut odd = false;
        let mut previous: Option<&Unit> = None;
        for (end, unit) in units.iter().enumerate().skip(begin).take(LONGEST) {
            if let Some(previous) = previous {
                match between(page, previous.last + 1, unit.first) {
                    Between::Nothing => {}
                    Between::Odd => odd = true,
                    Between::Words => break,
                }
            }
            previous = Some(unit);
            // "next four 1488": how many, not which.
            if end > begin && is_count(page, unit) {
                odd = true;
                continue;
            }
            if unit.glued || digits.len() + unit.len > LONGEST {
                break;
            }
            digits.extend_from_slice(numbers.digits_of(unit));
            let group = Group { page, units: &units[begin..=end], digits: &digits };
            if odd && end > begin {
                card(&group, out);
                secret(&group, out);
            }
        }
    }
}

struct Group<'g> {
    page: &'g Page<'g>,
    units: &'g [Unit],
    digits: &'g [u8],
}

impl Group<'_> {
    fn push(&self, kind: P, score: f64, by: &'static str, out: &mut Vec<Found>) {
        let (first, last) = (self.units[0].first, self.units[self.units.len() - 1].last);
        out.push(Found { start: self.page.start(first), end: self.page.end(last), kind, score, by });
    }
}

enum Between {
    /// What any number has between its groups.
    Nothing,
    Odd,
    Words,
}

/// What stands between two groups.
fn between(page: &Page<'_>, from: usize, to: usize) -> Between {
    if from == to {
        return if page.gap(to) == Gap::Break { Between::Odd } else { Between::Nothing };
    }
    if to - from > BETWEEN {
        return Between::Words;
    }
    let passes = |token: usize| match page.tokens[token].kind {
        Kind::Mark => !matches!(page.slice(token), "$" | "£" | "€" | "₹" | "%" | "<" | "@" | "?"),
        Kind::Word => page.has(token, t::FILLER) || SAID.iter().any(|word| page.is(token, word)),
        Kind::Digits => false,
    };
    if (from..to).all(passes) { Between::Odd } else { Between::Words }
}

/// Said between the groups of a number.
const SAID: &[&str] = &[
    "yeah", "yes", "ok", "okay", "so", "like", "next", "last", "first", "middle", "the", "are", "is", "ends",
    "ending", "with", "in", "nbsp", "amp", "digits", "four", "and", "then", "finally", "starts", "begins",
];

/// "first four", "the last four digits".
fn is_count(page: &Page<'_>, unit: &Unit) -> bool {
    let which = ["first", "next", "last", "final", "middle", "other", "second", "third"];
    let small = unit.spoken && unit.len == 1 || page.slice(unit.first).len() == 1;
    small && unit.first > 0 && which.iter().any(|w| page.is(unit.first - 1, w))
}

/// Groups of a card, with its check digit.
fn card(group: &Group<'_>, out: &mut Vec<Found>) {
    let n = group.digits.len();
    if !(13..=LONGEST).contains(&n) || group.units[0].amount {
        return;
    }
    let lengths = || group.units.iter().filter(|u| !is_count(group.page, u)).map(|u| u.len);
    let shaped = lengths().eq([4, 4, 4, 4]) || lengths().eq([4, 6, 5]) || lengths().all(|n| n == 1);
    let cue = before(group.page, group.units[0].first, &[Cue::Card]);
    let certain = check::luhn(group.digits) && cards::issuer(group.digits) == Issuer::Certain;
    let score = if certain && (shaped || cue > 0.5) {
        0.92
    } else if cue > 0.7 && shaped && n >= 15 {
        0.74
    } else {
        return;
    };
    group.push(P::CreditCard, score, "loose: digits of a card with something odd between its groups", out);
}

/// Single digits right behind the word for what they are.
fn secret(group: &Group<'_>, out: &mut Vec<Found>) {
    let n = group.digits.len();
    let singles = group.units.iter().all(|u| u.len == 1 && !u.amount);
    if !singles || !(3..=8).contains(&n) {
        return;
    }
    let first = group.units[0].first;
    let kinds = [(Cue::Pin, P::Pin, 4), (Cue::Otp, P::Otp, 4), (Cue::Code, P::Otp, 4), (Cue::Cvv, P::Cvv, 3)];
    for (cue, kind, least) in kinds {
        if n >= least && before(group.page, first, &[cue]) > 0.85 {
            let score = 0.84 + 0.01 * f64::from(u32::try_from(n).unwrap_or(0));
            group.push(kind, score, "loose: single digits after a cue of a secret", out);
            return;
        }
    }
}

/// A card's digits that letters or a currency touch: no other number is so long and has its check digit.
fn run_into(page: &Page<'_>, numbers: &Numbers, index: usize, out: &mut Vec<Found>) {
    let unit = &numbers.units[index];
    let digits = numbers.digits_of(unit);
    if !(unit.glued || unit.amount) || !(13..=LONGEST).contains(&digits.len()) {
        return;
    }
    let touches = |token: usize, gap_at: usize| page.is_word(token) && page.gap(gap_at) == Gap::None;
    // "a1b2…": letters and digits in turn are a key or a hash.
    let before = unit.first.checked_sub(1).filter(|b| touches(*b, unit.first));
    let hash = before.is_some_and(|b| b > 0 && page.gap(b) == Gap::None && page.is_digits(b - 1));
    if !hash && check::luhn(digits) && cards::issuer(digits) == Issuer::Certain {
        out.push(Found {
            start: page.start(unit.first),
            end: page.end(unit.last),
            kind: P::CreditCard,
            score: 0.9,
            by: "loose: the digits of a card, run into a word or a currency",
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    const CARD: [&str; 4] = ["4539", "1488", "0343", "6467"];

    #[test]
    fn a_card_is_found_whatever_stands_between_its_groups() {
        for between in [
            ", ",
            " * ",
            "|",
            " : ",
            "; ",
            " ~ ",
            "=",
            " + ",
            " & ",
            " . ",
            "...",
            " and then ",
            " um ",
            " yeah ",
        ] {
            let text = format!("my card is {} ok", CARD.join(between));
            let found = probe(&text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(found[0].1, "CREDIT_CARD", "{text}");
            assert!(found[0].0.starts_with("4539") && found[0].0.ends_with("6467"), "{text}: {found:?}");
        }
        assert_eq!(probe("4,5,3,9,1,4,8,8,0,3,4,3,6,4,6,7")[0].1, "CREDIT_CARD");
    }

    #[test]
    fn a_card_in_described_parts_is_one() {
        for text in [
            "first four 4539 next four 1488 then 0343 last four 6467",
            "card starts 4539, middle 1488 0343, ends with 6467",
        ] {
            assert!(probe(text).iter().any(|f| f.0.starts_with("4539") && f.0.ends_with("6467")), "{text}");
        }
    }

    #[test]
    fn a_card_that_letters_touch_is_found() {
        for text in [
            "n4539148803436467",
            "CARDNUMBER4539148803436467",
            "IMG4539148803436467.jpg",
            "file_4539148803436467.pdf",
            "$4539148803436467",
            "4539148803436467exp 09/27",
            "4539148803436467cvv123",
        ] {
            assert!(probe(text).iter().any(|f| f.1 == "CREDIT_CARD"), "{text}: {:?}", probe(text));
        }
    }

    #[test]
    fn single_digits_of_a_secret_are_read_over_anything() {
        for (text, kind) in [
            ("my pin is 4,7,2,2", "PIN"),
            ("pin 4*7*2*2", "PIN"),
            ("my pin is 4 and 7 and 2 and 2", "PIN"),
            ("otp: 4.8.2.1.9.3", "OTP"),
            ("cvv is 1, 2, 3", "CVV"),
        ] {
            assert_eq!(probe(text).first().map(|f| f.1), Some(kind), "{text}");
        }
    }

    #[test]
    fn lists_of_figures_are_no_cards() {
        for text in [
            "the fees are 10, 20, 30 and 4500 or 1200 or 1100, 5000",
            "call 1300, then 4, then 2, then 1",
            "in 2019, 2020, 2021 and 2022",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
