//! A text with its figures in plain digits: full-width signs, digits of other scripts, fractions and number
//! words read as what they say. And what can't be read so, which hides a figure from every reader but a person.

use std::sync::LazyLock;

use regex::Regex;

/// Zeros of digit ranges, each followed by one to nine.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
    0x1040, 0x17e0, 0x1810, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
];

/// The text in plain signs and digits.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        let behind = plain.ends_with(|c: char| c.is_ascii_digit());
        match c {
            '\u{ff01}'..='\u{ff5e}' => plain.extend(char::from_u32(u32::from(c) - 0xfee0)),
            '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{a0}' => plain.push(' '),
            '\u{2010}' | '\u{2011}' | '\u{2212}' => plain.push('-'),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' => plain.push('\''),
            '\u{fe69}' => plain.push('$'),
            '\u{ffe0}' => plain.push('\u{a2}'),
            '\u{ffe1}' => plain.push('£'),
            '\u{ffe5}' => plain.push('¥'),
            '\u{66a}' | '\u{fe6a}' => plain.push('%'),
            '\u{66b}' => plain.push('.'),
            '\u{66c}' => plain.push(','),
            '¼' => plain.push_str(if behind { ".25" } else { "0.25" }),
            '½' => plain.push_str(if behind { ".5" } else { "0.5" }),
            '¾' => plain.push_str(if behind { ".75" } else { "0.75" }),
            _ => {
                let code = u32::from(c);
                let digit = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
                plain.push(digit.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c));
            }
        }
    }
    plain
}

/// A number with everything that is joined to it.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"[\p{N}\p{Alphabetic}]*[0-9][\p{N}\p{Alphabetic}\p{M}]*",
        r"(?:[.,'_][\p{N}\p{M}]+|\s?[\^*×=~+÷/]\s?[\p{N}\p{M}]+)*",
    ))
    .expect("a constant pattern")
});

/// What may be joined to a number: an ordinal, a scale, a time of day, a currency's code.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:A|AU|US|NZ|C|CA|S|HK|AUD|USD|NZD|CAD|SGD|HKD|GBP|EUR|JPY|CHF|INR|CNY)?(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2}|\.\d{4,})?)(?:(?i)st|nd|rd|th|k|m|am|pm)?$",
    )
    .expect("a constant pattern")
});

/// Whether a sentence (plain) has a sign or a number that only a person reads as a figure, and that its
/// evidence (plain) does not write in the same way: a superscript or a letter behind a digit, a digit in a
/// circle, a power, a dot for thousands, a currency's sign that nobody here knows.
pub(super) fn veils(sentence: &str, evidence: &str) -> bool {
    let sign = |c: char| c.is_numeric() && !c.is_ascii_digit() || is_enclosed(c) || is_currency(c);
    if sentence.chars().any(|c| sign(c) && !evidence.contains(c)) {
        return true;
    }
    let known = evidence.to_lowercase();
    RUN.find_iter(sentence)
        .any(|run| !WHOLE.is_match(run.as_str()) && !stands_in(&run.as_str().to_lowercase(), &known))
}

/// Whether a run stands in a text, and no longer one.
fn stands_in(run: &str, text: &str) -> bool {
    text.match_indices(run).any(|(at, found)| {
        let joins = |c: char| c.is_alphanumeric() || is_mark(c);
        !text[..at].ends_with(joins) && !text[at + found.len()..].starts_with(joins)
    })
}

/// Marks that are set on the sign before them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}' | '\u{fe00}'..='\u{fe0f}')
}

/// Letters and numbers in circles, squares and brackets, keycaps, and numbers as pictures.
fn is_enclosed(c: char) -> bool {
    matches!(c,
        '\u{20d0}'..='\u{20f0}' | '\u{2460}'..='\u{24ff}' | '\u{2776}'..='\u{2793}' | '\u{3200}'..='\u{33ff}'
        | '\u{1f100}'..='\u{1f1e5}' | '\u{1f51f}' | '\u{1f4af}')
}

/// Signs of currencies that are not read.
fn is_currency(c: char) -> bool {
    matches!(c,
        '¢' | '¤' | '\u{192}' | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}' | '\u{af1}' | '\u{bf9}' | '\u{e3f}'
        | '\u{17db}' | '\u{20a0}'..='\u{20ab}' | '\u{20ad}'..='\u{20b8}' | '\u{20ba}'..='\u{20cf}' | '\u{fdfc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_digits_are_read_as_what_they_say() {
        for (text, read) in [
            ("costs ＄１０００", "costs $1000"),
            ("costs $١٠٠٠", "costs $1000"),
            ("costs $𝟏𝟎", "costs $10"),
            ("10½ or ½ per cent", "10.5 or 0.5 per cent"),
            ("5‑day notice", "5-day notice"),
            ("It costs $10 – for now.", "It costs $10 – for now."),
        ] {
            assert_eq!(plain(text), read, "{text}");
        }
    }

    #[test]
    fn what_only_a_person_reads_as_a_figure_is_veiled() {
        let evidence =
            "A card costs $10 and arrives in 5-7 business days. Call 1300 975 707, 24/7, option 4.";
        for sentence in [
            "It costs $10⁰⁰.",
            "It costs ①⓪⓪⓪ dollars.",
            "It costs $10OO.",
            "It costs $1OO.",
            "It costs $10\u{336}0.",
            "It costs $1\u{fe0f}\u{20e3}0\u{fe0f}\u{20e3}.",
            "It costs $10^2.",
            "It costs $10*10.",
            "It costs $10.000.",
            "It costs 10¢.",
            "It costs ₿10.",
            "It costs 🔟 dollars.",
            "It costs $10e3.",
            "It costs 10x more.",
        ] {
            assert!(veils(&plain(sentence), evidence), "{sentence}");
        }
        for sentence in [
            "It costs $10.",
            "It costs $10, and it is sent.",
            "It costs $1,000.50 or $2.5k on the 1st, at 8:30 or 9am.",
            "It takes 5-7 days, 5 to 7 days or 5–7 days.",
            "Call 1300 975 707, 24/7.",
            "It costs AUD10, A$10 or 10.0000 dollars.",
            "A 30-day notice, 2.5%.",
            "See 4.",
        ] {
            assert!(!veils(&plain(sentence), evidence), "{sentence}");
        }
        assert!(!veils("Hand in form LN3 and 2FA.", "Form LN3, then 2FA."));
        assert!(veils("Hand in form LN33.", "Form LN3."));
    }
}
