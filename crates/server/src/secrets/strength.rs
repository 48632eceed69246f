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
    if is_a_row(&lower) {
        return Some("is a row of numbers, as the examples of standards are");
    }
    if value.chars().count() < LEAST {
        return Some("is shorter than 16 characters");
    }
    (bits(value) < LEAST_BITS).then_some("has too little chance in it: its characters repeat")
}

/// Bytes as hex, each as far from the one before as that from the one before it: "000102030405…".
fn is_a_row(text: &str) -> bool {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() >= LEAST && digits.len().is_multiple_of(2)) else {
        return false;
    };
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let step = bytes[1].wrapping_sub(bytes[0]);
    step != 0 && bytes.windows(2).all(|two| two[1].wrapping_sub(two[0]) == step)
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
            "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
            "fefcfaf8f6f4f2f0eeeceae8e6e4e2e0",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
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
