//! Abbreviations that a text explains: "know your customer (KYC)", "KYC (know your customer)".
//!
//! The long form is found as Schwartz and Hearst do (2003): the letters of the short one are met from
//! its end to its beginning, and the first of them begins a word.

/// Letters and digits of an abbreviation.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=8;

/// The abbreviations of a text, each with its long form, in order.
pub(super) fn explained(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once('(') {
            let Some((inside, after)) = behind.split_once(')') else { break };
            found.extend(pair(before, inside.trim()));
            rest = after;
        }
    }
    found
}

fn pair(before: &str, inside: &str) -> Option<(String, String)> {
    if is_short(inside) {
        let short = singular(inside);
        return long_form(&short, before).map(|long| (short, long));
    }
    let short = before.split_whitespace().next_back()?.trim_matches(|c: char| !c.is_alphanumeric());
    let whole = |long: &String| long.split_whitespace().count() == inside.split_whitespace().count();
    let short = is_short(short).then(|| singular(short))?;
    long_form(&short, inside).filter(whole).map(|long| (short, long))
}

/// One word, nearly all of it capitals.
fn is_short(word: &str) -> bool {
    let bare = singular(word);
    LETTERS.contains(&bare.chars().count())
        && bare.chars().all(char::is_alphanumeric)
        && bare.chars().all(|c| !c.is_lowercase())
        && bare.chars().filter(|c| c.is_uppercase()).count() > 1
}

fn singular(word: &str) -> String {
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// The end of `before` that the letters stand for.
fn long_form(short: &str, before: &str) -> Option<String> {
    let letters: Vec<char> = short.to_lowercase().chars().collect();
    // At most twice as many words as letters, and at most five more.
    let most = (letters.len() + 5).min(letters.len() * 2);
    let words: Vec<&str> = before.split_whitespace().collect();
    let text = words[words.len().saturating_sub(most)..].join(" ");
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let chars: Vec<char> = text.chars().collect();
    let mut at = chars.len();
    for (number, letter) in letters.iter().enumerate().rev() {
        at = (0..at).rev().find(|i| {
            let begins = *i == 0 || !chars[*i - 1].is_alphanumeric();
            chars[*i].to_lowercase().eq([*letter]) && (number > 0 || begins)
        })?;
    }
    let long: String = chars[at..].iter().collect();
    let count = long.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count();
    // One word is another spelling, and a clause in between ends the name.
    (count > 1 && !long.contains([',', ';', ':', '.', '|'])).then_some(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_read_with_their_long_forms() {
        for (text, short, long) in [
            ("Staff complete know your customer (KYC) checks.", "KYC", "know your customer"),
            ("The highest loan-to-value ratio (LVR) is 95 %.", "LVR", "loan-to-value ratio"),
            ("Ask for an LMI (lenders mortgage insurance) quote.", "LMI", "lenders mortgage insurance"),
            ("Term deposits (TDs) end on a day.", "TD", "Term deposits"),
            ("Report it to the Financial Ombudsman Service (FOS).", "FOS", "Financial Ombudsman Service"),
        ] {
            assert_eq!(explained(text), [(short.to_owned(), long.to_owned())], "{text}");
        }
    }

    #[test]
    fn other_brackets_explain_nothing() {
        for text in [
            "The fee is $5 (GST included).",
            "Call us (24 hours a day).",
            "Open Monday (AEST).",
            "A card (see below) is free.",
            "One (A) and two (B).",
            "half open (KYC",
            "()",
            "(ABC)",
            "A word, then a pause, be careful (WP).",
        ] {
            assert!(explained(text).is_empty(), "{text}: {:?}", explained(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|([A-Za-z]{0,4}[ (),.]{0,2}){0,12}") {
            for (short, long) in explained(&text) {
                proptest::prop_assert!(LETTERS.contains(&short.chars().count()) && !long.is_empty());
            }
        }
    }
}
