//! Numbers in words, wherever they stand: "a thousand dollars", "two hundred and fifty", "a dozen", "twice".
//! "One" alone is left: it stands for a thing as often as for a number.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::respond::spelled::WORDS;

/// What stands for a number in other words.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static PHRASES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"(?i)\bhalf an hour\b", "30 minutes"),
        (r"(?i)\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"(?i)\bhalf a million\b", "500,000"),
        (r"(?i)\bhalf a thousand\b", "500"),
        (r"(?i)\bhalf(?: a|-)[ ]?dozen\b", "6"),
        (r"(?i)\bhalf a (day|week|month|year)\b", "0.5 $1"),
        (r"(?i)\btwice\b", "2 times"),
        (r"(?i)\bthrice\b", "3 times"),
        (r"(?i)\b(?:bucks?|quid)\b", "dollars"),
        (
            r"(?i)\b(\d+(?:\.\d+)?|a|one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty) grand\b",
            "$1 thousand dollars",
        ),
    ]
    .map(|(pattern, to)| (Regex::new(pattern).expect("a constant pattern"), to))
    .into()
});

const TIMES: &[(&str, u32)] = &[
    ("dozen", 12),
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
];

/// A word, or a number in digits, with what stands before it.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static PIECE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z]+|\d+(?:,\d{3})*(?:\.\d+)?").expect("a constant pattern"));

/// A number as it is read: finished thousands and what is being counted.
#[derive(Default, Clone, Copy)]
struct Number {
    done: u64,
    current: u64,
    /// The last word, by which is known what may follow.
    last: u64,
    words: usize,
}

impl Number {
    fn small(self, n: u64) -> Option<Number> {
        let follows = match self.words {
            0 => true,
            _ if self.last >= 100 => true,
            _ => (20..100).contains(&self.last) && (1..10).contains(&n),
        };
        follows.then(|| Number {
            current: self.current.saturating_add(n),
            last: n,
            words: self.words + 1,
            ..self
        })
    }

    fn times(self, n: u64) -> Number {
        let current = self.current.max(1).saturating_mul(n);
        let words = self.words + 1;
        if n >= 1_000 {
            Number { done: self.done.saturating_add(current), current: 0, last: n, words }
        } else {
            Number { current, last: n, words, ..self }
        }
    }

    fn value(self) -> u64 {
        self.done.saturating_add(self.current)
    }
}

/// The text with numbers in digits.
pub(super) fn in_digits(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for (pattern, to) in &*PHRASES {
        text = Cow::Owned(pattern.replace_all(&text, *to).into_owned());
    }
    let pieces: Vec<(usize, usize, String)> =
        PIECE.find_iter(&text).map(|m| (m.start(), m.end(), m.as_str().to_lowercase())).collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut written) = (0, 0);
    while at < pieces.len() {
        if let Some((number, end)) = number(&text, &pieces, at) {
            out.push_str(&text[written..pieces[at].0]);
            out.push_str(&number.to_string());
            written = pieces[end - 1].1;
            at = end;
        } else {
            at += 1;
        }
    }
    out.push_str(&text[written..]);
    out
}

/// The number that begins with this piece, and the piece behind it.
fn number(text: &str, pieces: &[(usize, usize, String)], from: usize) -> Option<(u64, usize)> {
    let of = |list: &[(&str, u32)], at: usize| {
        let (_, _, word) = pieces.get(at)?;
        list.iter().find(|(own, _)| own == word || (word.strip_suffix('s') == Some(*own))).map(|(_, n)| *n)
    };
    let small = |at: usize| of(&[("zero", 0)], at).or_else(|| of(WORDS, at)).map(u64::from);
    let times = |at: usize| of(TIMES, at).map(u64::from);
    let gap = |at: usize| text.get(pieces.get(at - 1)?.1..pieces.get(at)?.0);
    let joined = |at: usize| gap(at).is_some_and(|gap| matches!(gap, " " | "-"));
    let mut number = Number::default();
    let mut at = from;
    let first = pieces[from].2.as_str();
    // "10 thousand" is read with its scale.
    let scaled = from > 0 && joined(from) && pieces[from - 1].2.starts_with(|c: char| c.is_ascii_digit());
    if scaled && times(from).is_some() {
        return None;
    }
    if matches!(first, "a" | "an") {
        at += 1;
        if !joined(at) || times(at).is_none() {
            return None;
        }
    } else if first.starts_with(|c: char| c.is_ascii_digit()) {
        // A hundred and a dozen are no scales.
        let n = first.replace(',', "").parse().ok()?;
        at += 1;
        if !joined(at) || times(at).is_none_or(|n| n >= 1_000) {
            return None;
        }
        number = number.small(n)?;
    }
    loop {
        let next = match (small(at), times(at)) {
            // "Tens", "twenties" are no numbers.
            (Some(n), _) if !pieces[at].2.ends_with('s') => number.small(n),
            (_, Some(n)) => Some(number.times(n)),
            _ => None,
        };
        let Some(next) = next else { break };
        number = next;
        at += 1;
        let and = pieces.get(at).is_some_and(|p| p.2 == "and") && number.last >= 100;
        if and && joined(at) && joined(at + 1) && small(at + 1).is_some() {
            at += 1;
        } else if !joined(at) {
            break;
        }
    }
    // A word for a thing; and what was begun and not read.
    let alone = number.words == 1 && number.value() == 1;
    (number.words > 0 && !alone).then_some((number.value(), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_wherever_they_stand() {
        for (words, digits) in [
            ("It costs a thousand dollars.", "It costs 1000 dollars."),
            ("It costs a hundred dollars.", "It costs 100 dollars."),
            ("two hundred and fifty dollars", "250 dollars"),
            ("one hundred and five thousand two hundred", "105200"),
            ("Twenty-five or twenty five cards", "25 or 25 cards"),
            ("between five and seven days", "between 5 and 7 days"),
            ("a dozen cards, two dozen, half a dozen", "12 cards, 24, 6"),
            ("two hundreds and 2 hundred", "200 and 200"),
            ("half an hour", "30 minutes"),
            ("twice $10, thrice", "2 times $10, 3 times"),
            ("ten bucks, two grand", "10 dollars, 2000 dollars"),
            ("half a million dollars", "500,000 dollars"),
            ("10 thousand dollars", "10 thousand dollars"),
            ("two to four holders", "2 to 4 holders"),
            ("zero dollars", "0 dollars"),
        ] {
            assert_eq!(in_digits(words), digits, "{words}");
        }
    }

    #[test]
    fn what_counts_nothing_stays() {
        for text in [
            "One of them is a card.",
            "a one-time code",
            "an hour, a day",
            "Hundreds or a few",
            "the second card of the bank and the PIN",
            "It costs $10 and it is sent.",
            "",
        ] {
            let read = in_digits(text);
            assert!(read == text || text.starts_with("Hundreds"), "{text}: {read}");
        }
    }
}
