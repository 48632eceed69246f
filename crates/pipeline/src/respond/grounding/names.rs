//! Names in a sentence: products, documents, forms, systems, schemes, places and people are written
//! with a capital letter inside a sentence, codes with capitals and digits. One that the evidence does
//! not hold was made up, or belongs to something else.

use std::collections::BTreeSet;

/// Written with a capital everywhere.
const NO_NAMES: &[&str] = &["i", "i'm", "i've", "i'll", "i'd", "ok"];

/// Held with the figures of a sentence.
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The names of a sentence that the evidence does not hold. `evidence` is the passages with their titles
/// and headings; `around` other text of the bank, which tells whether the first word of a sentence is a
/// name; `bank` the bank's own name, which needs no evidence.
pub(super) fn unknown(sentence: &str, evidence: &[&str], around: &[&str], bank: &str) -> Vec<String> {
    let held: BTreeSet<String> =
        evidence.iter().chain([&bank]).flat_map(|e| tokens(e)).map(|t| known_as(t.word)).collect();
    let mut missing = Vec::new();
    let all: Vec<Token<'_>> = tokens(sentence).collect();
    for (at, token) in all.iter().enumerate() {
        let next_is_name = all.get(at + 1).is_some_and(|next| !next.opens && is_capitalised(next.word));
        let name = if is_code(token.word) {
            true
        } else if token.opens {
            is_capitalised(token.word) && (is_name_in(token.word, around) || next_is_name)
        } else {
            is_capitalised(token.word)
        };
        let lower = token.word.to_lowercase();
        // A month is a figure, and held as one.
        let said = contactiq_nlu::text::is_stop_word(&lower)
            || NO_NAMES.contains(&lower.as_str())
            || MONTHS.contains(&lower.as_str());
        if name && !said && !held.contains(&known_as(token.word)) {
            missing.push(token.word.to_owned());
        }
    }
    missing
}

/// A word with its place: whether it opens a sentence, a quotation or an item.
struct Token<'a> {
    word: &'a str,
    opens: bool,
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'' | '’' | '&');
    let mut opens = true;
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(inside)?;
        let between = &rest[..start];
        opens |= between.contains(['.', '!', '?', ':', '"', '“', '(', '|', '\n', '*']);
        let from = &rest[start..];
        let end = from.find(|c| !inside(c)).unwrap_or(from.len());
        let word = from[..end].trim_matches(['-', '\'', '’', '&']);
        rest = &from[end..];
        let token = Token { word, opens };
        opens = word.is_empty() && opens;
        Some(token)
    })
}

fn is_capitalised(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// `KYC-7`, `MP-2`, `BSB`, `NPP2`: two capitals, or capitals with a digit.
fn is_code(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let lower = word.chars().any(char::is_lowercase);
    let digits = word.chars().any(|c| c.is_ascii_digit());
    !lower && (capitals >= 2 || (capitals == 1 && digits))
}

/// Whether the bank writes this word as a name: with a capital inside a sentence, and never without.
fn is_name_in(word: &str, around: &[&str]) -> bool {
    let mut named = false;
    for token in around.iter().flat_map(|text| tokens(text)) {
        if token.word.eq_ignore_ascii_case(word) {
            if !is_capitalised(token.word) {
                return false;
            }
            named |= !token.opens;
        }
    }
    named
}

/// One spelling: the owner's `'s`, a plural and the case are not part of a name.
fn known_as(word: &str) -> String {
    let lower = word.to_lowercase().replace('’', "'");
    let own = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("s'")).unwrap_or(&lower);
    let single = own.strip_suffix('s').filter(|w| w.chars().count() > 2).unwrap_or(own);
    single.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIDENCE: &str = "Premier Saver Account\nHand form KYC-7 to the Identity Desk in Carrick. Deposits are held under the Guarantee Scheme.";

    fn missing(sentence: &str) -> Vec<String> {
        unknown(
            sentence,
            &[EVIDENCE],
            &["Staff log it in Finmark before noon. We open on a Monday."],
            "Brookvale Bank",
        )
    }

    #[test]
    fn names_of_the_evidence_pass_in_any_case_and_number() {
        for sentence in [
            "Hand form KYC-7 to the identity desk.",
            "The Premier Saver Account's deposits are held under the Guarantee Scheme.",
            "Premier Savers keep form KYC-7.",
            "At Brookvale Bank the Identity Desk in Carrick takes it.",
            "Deposits are held, and I hand over the form.",
            "If you ask: The desk takes it. Hand it over.",
        ] {
            assert_eq!(missing(sentence), Vec::<String>::new(), "{sentence}");
        }
    }

    #[test]
    fn a_name_that_the_evidence_lacks_is_found() {
        for (sentence, name) in [
            ("Hand form KYC-9 to the desk.", "KYC-9"),
            ("Hand form MP-2 to the desk.", "MP-2"),
            ("The Platinum account has it.", "Platinum"),
            ("Deposits are held under the Deposit Protection Scheme.", "Deposit Protection"),
            ("The desk is in Harbourtown.", "Harbourtown"),
            ("Finmark takes the form.", "Finmark"),
            ("Platinum Account holders hand over the form.", "Platinum"),
            ("ATO takes the form.", "ATO"),
            ("Hand it over on Sunday.", "Sunday"),
        ] {
            let found = missing(sentence);
            assert!(found.iter().any(|f| name.contains(f.as_str())), "{sentence}: {found:?}");
        }
    }

    #[test]
    fn the_first_word_of_a_sentence_is_a_name_only_where_the_bank_writes_it_so() {
        assert_eq!(missing("Closing takes a form."), Vec::<String>::new());
        assert_eq!(missing("Monday is when the desk takes it."), ["Monday"]);
    }

    proptest::proptest! {
        #[test]
        fn a_sentence_of_the_evidence_is_known(text in "\\PC{0,80}") {
            proptest::prop_assert!(unknown(&text, &[&text], &[&text], "").is_empty());
        }
    }
}
