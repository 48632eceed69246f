//! Numbers spelled out before what they count: "five days" is `5 days`, "thirty dollars" `30 dollars`.
//! Alone a number word counts nothing: "one of them", "two-factor".

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// Number words and their values; tens take a unit ("twenty-one").
pub(super) const WORDS: &[(&str, u32)] = &[
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static SPELLED: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    let word = words.join("|");
    let counted = r"(?:business|working|calendar)[\s-]|seconds?\b|minutes?\b|hours?\b|days?\b|weeks?\b|fortnights?\b|months?\b|years?\b|per\s?cent\b|percent\b|dollars?\b|cents?\b|euros?\b|pounds?\b|percentage\b|hundred\b|thousand\b|million\b";
    let range = format!(r"(?:\s(?:to|or|and)\s(?:{word}|\d+))?");
    Regex::new(&format!(
        r"(?i)\b(?P<number>(?:{word})(?:-(?:{word}))?)(?P<range>{range})(?P<gap>[\s-])(?P<what>{counted})"
    ))
    .expect("a constant pattern")
});

/// The text with such numbers in digits.
pub(super) fn in_digits(text: &str) -> Cow<'_, str> {
    SPELLED.replace_all(text, |found: &Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |m| m.as_str());
        let range = part("range").split(' ').map(|w| value(w).map_or(w.to_owned(), |n| n.to_string()));
        let range = range.collect::<Vec<_>>().join(" ");
        let number = value(part("number")).map_or_else(|| part("number").to_owned(), |n| n.to_string());
        match part("what").to_lowercase().as_str() {
            "hundred" => format!("{number}00{range}"),
            what => format!("{number}{range}{}{what}", part("gap")),
        }
    })
}

fn value(words: &str) -> Option<u32> {
    let of = |word: &str| WORDS.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, n)| *n);
    match words.split_once('-') {
        Some((tens, unit)) => Some(of(tens).filter(|n| *n >= 20)? + of(unit).filter(|n| *n < 10)?),
        None => of(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_something_is_a_figure() {
        for (spelled, digits) in [
            ("It takes five days.", "It takes 5 days."),
            ("Within five to seven business days.", "Within 5 to 7 business days."),
            ("Within Twenty-one days.", "Within 21 days."),
            ("It costs thirty dollars.", "It costs 30 dollars."),
            ("Five per cent a year.", "5 per cent a year."),
            ("A two-week notice.", "A 2-week notice."),
            ("One of them has two-factor sign-in.", "One of them has two-factor sign-in."),
            ("Someone paid.", "Someone paid."),
        ] {
            assert_eq!(in_digits(spelled), digits);
        }
    }
}
