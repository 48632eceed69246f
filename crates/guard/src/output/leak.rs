//! What must not come out of a model: the words of its instructions and the marks that stand in them, plain
//! or in the usual disguises.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{Published, injection};

/// So many letters of the instructions in a row, white space and signs left out: five or six words.
const LETTERS: usize = 30;
/// A run of words that texts don't share by chance, and how many of them an answer may share.
const WORDS: usize = 5;
const SHARED: usize = 2;
/// So much of a mark gives it away.
const OF_A_MARK: usize = 10;

/// Whether a text repeats the instructions. What the evidence says too is no leak.
pub(super) fn repeats(text: &str, instructions: &[Published], evidence: &[&str]) -> bool {
    if instructions.is_empty() {
        return false;
    }
    let known: String = evidence.iter().map(|e| letters(e)).collect::<Vec<_>>().join("|");
    let mut secret: HashSet<Vec<char>> = HashSet::new();
    for told in instructions {
        let told: Vec<char> = letters(told.as_str()).chars().collect();
        secret.extend(told.windows(LETTERS).map(<[char]>::to_vec));
    }
    secret.retain(|run| !known.contains(&run.iter().collect::<String>()));
    let readings = readings(text);
    let letter_for_letter = readings.iter().any(|reading| {
        letters(reading).chars().collect::<Vec<char>>().windows(LETTERS).any(|run| secret.contains(run))
    });
    letter_for_letter || shared_runs(text, instructions, evidence) > SHARED
}

/// Runs of words that a text has from the instructions: pieces of them, with other words between.
fn shared_runs(text: &str, instructions: &[Published], evidence: &[&str]) -> usize {
    let runs = |text: &str| -> HashSet<String> {
        let lower = text.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        words.windows(WORDS).map(|run| run.join(" ")).collect()
    };
    let mut told: HashSet<String> = instructions.iter().flat_map(|i| runs(i.as_str())).collect();
    for known in evidence {
        for run in runs(known) {
            told.remove(&run);
        }
    }
    runs(text).intersection(&told).count()
}

/// Whether a mark comes out, or enough of it: also spaced, reversed, shifted, in hex, base64 or as numbers.
pub(super) fn shows(text: &str, mark: &str) -> bool {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if in_base64(mark).iter().any(|part| plain.contains(part)) {
        return true;
    }
    let mark = letters(mark);
    let parts = |whole: &str| -> Vec<String> {
        let whole: Vec<char> = whole.chars().collect();
        whole.windows(OF_A_MARK.min(whole.len()).max(1)).map(|part| part.iter().collect()).collect()
    };
    let numbers = |part: &str| part.chars().map(|c| u32::from(c).to_string()).collect::<String>();
    let hex = |part: &str| part.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let pieces = parts(&mark);
    readings(text).iter().any(|reading| {
        let seen = letters(reading);
        let digits: String = seen.chars().filter(char::is_ascii_digit).collect();
        pieces
            .iter()
            .any(|part| seen.contains(part) || seen.contains(&hex(part)) || digits.contains(&numbers(part)))
    })
}

/// Parts of a mark's base64, wherever in an encoded text it begins.
fn in_base64(mark: &str) -> Vec<String> {
    (0..3)
        .flat_map(|before| {
            let shifted = [&[0; 2][..before], mark.as_bytes()].concat();
            let all: Vec<char> = STANDARD_NO_PAD.encode(shifted).chars().collect();
            // The first and the last letter hold bits of what stands beside the mark.
            let own = all.get(before * 8 / 6 + 1..all.len().saturating_sub(1)).unwrap_or_default();
            own.windows(OF_A_MARK * 4 / 3).map(|part| part.iter().collect()).collect::<Vec<String>>()
        })
        .collect()
}

/// Letters and digits in lower case, without anything between them.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The text, and what it may be under a disguise.
fn readings(text: &str) -> Vec<String> {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut all: Vec<String> = injection::readings(text, "").into_iter().map(|r| r.text).collect();
    all.extend(injection::readings(&joined, "").into_iter().map(|r| r.text));
    let shifted = injection::rot13(text);
    let turned = [text, &*shifted].map(|t| t.chars().rev().collect::<String>());
    all.extend(turned);
    all.push(shifted);
    all.push(text.to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "You answer for a bank. The numbered passages are the only source of facts. Every sentence ends \
                        with the number of the passage that carries it. Never promise anything to anybody.";
    const MARK: &str = "9f31c7ab20de46518b0c";

    fn leaks(text: &str) -> bool {
        repeats(
            text,
            &[Published::by_bank(TOLD)],
            &["The number of the passage that carries it is printed below."],
        )
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|b| format!("{b:02x} ")).collect()
    }

    #[test]
    fn instructions_are_known_in_every_disguise() {
        let piece = "The numbered passages are the only source of facts.";
        for text in [
            piece.to_owned(),
            piece.to_uppercase(),
            piece.chars().map(|c| format!("{c} ")).collect(),
            piece.chars().map(|c| format!("{c}-")).collect(),
            piece.chars().rev().collect(),
            injection::rot13(piece),
            hex(piece).replace(' ', ""),
            "VGhlIG51bWJlcmVkIHBhc3NhZ2VzIGFyZSB0aGUgb25seSBzb3VyY2Ugb2YgZmFjdHMu".to_owned(),
            // In pieces, with words of its own between.
            "I answer for a bank, yes; the only source of facts is paper, and I never promise anything to anybody."
                .to_owned()
                + " With the number of the passage I end.",
        ] {
            assert!(leaks(&text), "{text}");
        }
    }

    #[test]
    fn an_answer_and_what_the_evidence_says_are_no_leak() {
        for text in [
            "A replacement card costs $10 and arrives in 5 to 7 business days.",
            "The number of the passage that carries it is printed below.",
            "Never promise a refund.",
            "",
        ] {
            assert!(!leaks(text), "{text}");
        }
    }

    #[test]
    fn a_mark_is_known_in_every_disguise_and_in_part() {
        let spaced = |with: &str| MARK.chars().map(|c| format!("{c}{with}")).collect::<String>();
        let numbers = MARK.bytes().map(|b| format!("{b} ")).collect::<String>();
        for text in [
            format!("it is {MARK}"),
            MARK.to_uppercase(),
            spaced(" "),
            spaced(". "),
            MARK.chars().rev().collect(),
            MARK[..12].to_owned(),
            MARK[8..].to_owned(),
            hex(MARK),
            hex(MARK).replace(' ', ""),
            numbers,
            "OWYzMWM3YWIyMGRlNDY1MThiMGM=".to_owned(),
            injection::rot13(MARK),
        ] {
            assert!(shows(&text, MARK), "{text}");
        }
        for text in ["The fee is $10 [1].", "9f31c7ab", "0123456789abcdef0123456789abcdef", ""] {
            assert!(!shows(text, MARK), "{text}");
        }
    }
}
