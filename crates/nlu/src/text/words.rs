//! Text to words, words to stems.

use std::{cell::RefCell, collections::HashMap};

use super::{irregular::base_form, is_stop_word};
use rust_stemmers::{Algorithm, Stemmer};

/// The words of a text in order, in lower case.
///
/// A word is a run of letters and digits of any script. Inside a word, an apostrophe stays (`don't`;
/// a typographic one becomes a plain one) and a closing `'s` goes (`card's` is `card`). A number keeps
/// its decimal point and loses its thousands commas (`$1,234.50` is `1234.50`), so that an amount is one
/// word however it is grouped. `e-mail` is `email`; any other hyphen parts.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let between = |test: fn(char) -> bool| before.is_some_and(test) && next.is_some_and(test);
        if is_word_char(c) {
            word.extend(c.to_lowercase());
        } else if is_apostrophe(c) && between(char::is_alphabetic) {
            word.push('\'');
        } else if c == '.' && between(|c| c.is_ascii_digit()) {
            word.push('.');
        } else if c == ',' && between(|c| c.is_ascii_digit()) && has_three_digits(chars.clone()) {
            // A thousands comma: the digits go on.
        } else if c == '-' && between(char::is_alphabetic) && word == "e" {
            // e-mail, e-statement.
        } else {
            finish(&mut word, &mut words);
        }
        before = Some(c);
    }
    finish(&mut word, &mut words);
    words
}

/// The stem of a word in lower case (Snowball English, after irregular verbs: `stolen` is `steal`). What
/// holds a digit stays as it is.
#[must_use]
pub fn stem(word: &str) -> String {
    if word.contains(|c: char| c.is_ascii_digit()) {
        return word.to_owned();
    }
    if word.len() > LONGEST_REMEMBERED {
        return stemmed(word);
    }
    STEMS.with_borrow_mut(|stems| {
        if let Some(known) = stems.get(word) {
            return known.clone();
        }
        let made = stemmed(word);
        // Rather begun anew than kept in order: the usual words are back at once.
        if stems.len() >= MOST_REMEMBERED {
            stems.clear();
        }
        stems.insert(word.into(), made.clone());
        made
    })
}

/// Words whose stems a thread remembers, and their length in bytes: the same few thousand come with every question
/// and every passage.
const MOST_REMEMBERED: usize = 8192;
const LONGEST_REMEMBERED: usize = 24;

thread_local! {
    static STEMS: RefCell<HashMap<Box<str>, String>> = RefCell::default();
}

fn stemmed(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(base_form(word)).into_owned()
}

/// The stems of a text's words in order, without stop words.
#[must_use]
pub fn content_stems(text: &str) -> Vec<String> {
    words(text).iter().filter(|word| !is_stop_word(word)).map(|word| stem(word)).collect()
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    let whole = word.strip_suffix("'s").unwrap_or(word);
    if !whole.is_empty() {
        words.push(whole.to_owned());
    }
    word.clear();
}

fn is_word_char(c: char) -> bool {
    // Combining marks belong to the letter before them.
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}')
}

/// Whether exactly three digits follow, as after a thousands comma.
fn has_three_digits(rest: impl Iterator<Item = char>) -> bool {
    rest.take(4).take_while(char::is_ascii_digit).count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_as_documented() {
        let cases: [(&str, &[&str]); 12] = [
            ("Don't block my CARD!", &["don't", "block", "my", "card"]),
            ("Don\u{2019}t", &["don't"]),
            ("the bank's customers' cards", &["the", "bank", "customers", "cards"]),
            ("It costs $1,234.50 or 1.5 %.", &["it", "costs", "1234.50", "or", "1.5"]),
            ("1,000,000 and 1,2,3 and 1234,567", &["1000000", "and", "1", "2", "3", "and", "1234567"]),
            ("E-mail or e-statement, top-up", &["email", "or", "estatement", "top", "up"]),
            ("24/7", &["24", "7"]),
            ("Größe ÉTÉ карта 銀行", &["größe", "été", "карта", "銀行"]),
            ("cafe\u{301}", &["cafe\u{301}"]),
            ("version 1.2. Next", &["version", "1.2", "next"]),
            ("'quoted' --- ", &["quoted"]),
            ("", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn stems_join_forms_and_leave_numbers() {
        assert_eq!(stem("cards"), stem("card"));
        assert_eq!(stem("replacing"), stem("replaced"));
        assert_eq!(stem("forgot"), stem("forgotten"));
        assert_eq!(stem("1234.50"), "1234.50");
        assert_eq!(content_stems("What are the fees for replacing a card?"), ["fee", "replac", "card"]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_right() {
        let word = |n: usize| n.to_string().bytes().map(|b| char::from(b - b'0' + b'a')).collect::<String>();
        for n in 0..MOST_REMEMBERED + 10 {
            assert_eq!(stem(&word(n)), stemmed(&word(n)));
        }
        assert!(STEMS.with_borrow(HashMap::len) <= MOST_REMEMBERED);
        let long = "counterrevolutionaries".repeat(2);
        assert_eq!(stem(&long), stemmed(&long));
        assert!(!STEMS.with_borrow(|stems| stems.contains_key(long.as_str())));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,60}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
                prop_assert!(!stem(&word).is_empty());
            }
        }
    }
}
