//! Whether a secret is one: values that everybody knows, that are short, or that hold too little chance.

/// Values that stand in examples, tutorials and demos, one a line; a bank may read the list as we do.
const KNOWN: &str = include_str!("../../../../defaults/weak-secrets.txt");
/// Characters that a secret has at least.
const LEAST: usize = 16;
/// Bits of chance that a secret shows at least, by how often each of its characters stands in it.
const LEAST_BITS: f64 = 44.0;

/// What is wrong with a value, if anything: the end of a sentence that begins with "it".
#[must_use]
pub fn weakness(value: &str) -> Option<&'static str> {
    let value = value.trim();
    let lower = value.to_lowercase();
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let known = |text: &str| KNOWN.lines().map(str::trim).any(|line| !line.starts_with('#') && line == text);
    if known(&lower) || (!bare.is_empty() && known(bare)) || is_known_twice(&lower) {
        return Some("is one of the known weak and demo values (defaults/weak-secrets.txt)");
    }
    if value.chars().count() < LEAST {
        return Some("is shorter than 16 characters");
    }
    (bits(value) < LEAST_BITS).then_some("has too little chance in it: its characters repeat")
}

/// A known word written several times over.
fn is_known_twice(text: &str) -> bool {
    (1..=text.len() / 2)
        .filter(|length| text.len().is_multiple_of(*length) && text.is_char_boundary(*length))
        .any(|length| {
            let (word, rest) = text.split_at(length);
            rest.as_bytes().chunks(length).all(|chunk| chunk == word.as_bytes())
                && KNOWN.lines().any(|line| !word.is_empty() && line.trim() == word)
        })
}

/// Shannon's entropy of its characters, for all of them together.
fn bits(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, f64>::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let all: f64 = counts.values().sum();
    counts.values().map(|count| -count * (count / all).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wiring::{hex, random, random_text};

    #[test]
    fn what_everybody_knows_is_no_secret() {
        for weak in [
            "changeme",
            "ChangeMe123!",
            "password",
            "postgrespostgrespostgres",
            "0123456789abcdef0123456789abcdef",
            "contactiq",
            "short-1",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababab",
            "",
        ] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
    }

    #[test]
    fn chance_is_strong_enough() {
        for _ in 0..2000 {
            for strong in
                [hex(&random::<16>()), hex(&random::<32>()), random_text::<12>(), random_text::<24>()]
            {
                assert_eq!(weakness(&strong), None, "{strong}");
            }
        }
    }
}
