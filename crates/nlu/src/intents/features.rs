//! From an utterance to words, and from words to hashed n-grams.
//!
//! Two blocks: word 1- and 2-grams (surface and stem) carry meaning, character 3- to 5-grams within
//! words forgive typing errors. A feature is known by the hash of its text alone, so that a model
//! stores no strings and `"words that decided"` are read off the utterance itself.

use rust_stemmers::{Algorithm, Stemmer};

/// Words past this many are ignored: noise of thousands of words must not cost more than a question.
const MOST_WORDS: usize = 256;
/// Characters of a word past this many are ignored.
const LONGEST_WORD: usize = 32;

/// One word as it was typed (lower case) and its stem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, without apostrophes; digits become `#`.
    pub(super) surface: String,
    /// Snowball's English stem.
    pub(super) stem: String,
}

/// Short forms and what they stand for, so that "don't", "dont" and "do not" meet.
/// "cant", "wont" and so on are typed without the apostrophe more often than with it.
const SHORT_FORMS: &[(&str, &[&str])] = &[
    ("cant", &["can", "not"]),
    ("cannot", &["can", "not"]),
    ("wont", &["will", "not"]),
    ("dont", &["do", "not"]),
    ("doesnt", &["does", "not"]),
    ("didnt", &["did", "not"]),
    ("isnt", &["is", "not"]),
    ("arent", &["are", "not"]),
    ("wasnt", &["was", "not"]),
    ("werent", &["were", "not"]),
    ("havent", &["have", "not"]),
    ("hasnt", &["has", "not"]),
    ("hadnt", &["had", "not"]),
    ("couldnt", &["could", "not"]),
    ("wouldnt", &["would", "not"]),
    ("shouldnt", &["should", "not"]),
    ("im", &["i", "am"]),
    ("ive", &["i", "have"]),
    ("whats", &["what", "is"]),
    ("wheres", &["where", "is"]),
    ("hows", &["how", "is"]),
    ("thats", &["that", "is"]),
    ("theres", &["there", "is"]),
    ("youre", &["you", "are"]),
    ("theyre", &["they", "are"]),
    ("pls", &["please"]),
    ("plz", &["please"]),
    ("u", &["you"]),
    ("ur", &["your"]),
    ("acct", &["account"]),
    ("acc", &["account"]),
];

/// The words of an utterance.
pub(super) fn words(text: &str) -> Vec<Word> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut found = Vec::new();
    let mut push = |surface: &str| {
        if found.len() < MOST_WORDS {
            let stem = stemmer.stem(surface).into_owned();
            found.push(Word { surface: surface.to_owned(), stem });
        }
    };
    let mut current = String::new();
    let mut length = 0;
    let mut close = |current: &mut String| {
        if current.is_empty() {
            return;
        }
        match SHORT_FORMS.iter().find(|(short, _)| short == current) {
            Some((_, long)) => long.iter().for_each(|word| push(word)),
            None => push(current),
        }
        current.clear();
    };
    for letter in text.chars() {
        match letter {
            // "don't" becomes "dont"; a possessive "bank's" becomes "banks", whose stem is "bank".
            '\'' | '\u{2019}' | '\u{2018}' | '`' if !current.is_empty() => {}
            _ if letter.is_numeric() => {
                // An amount or a number says "a number stood here"; which one is not an intent's matter.
                if current != "#" {
                    close(&mut current);
                    current.push('#');
                }
                length = 1;
            }
            _ if letter.is_alphabetic() || is_mark(letter) => {
                if current == "#" {
                    close(&mut current);
                }
                if current.is_empty() {
                    length = 0;
                }
                if length < LONGEST_WORD {
                    current.extend(letter.to_lowercase());
                }
                length += 1;
            }
            '$' | '\u{a3}' | '\u{20ac}' | '\u{20b9}' => {
                close(&mut current);
                push_symbol(&mut current);
                close(&mut current);
            }
            _ => close(&mut current),
        }
    }
    close(&mut current);
    found
}

/// All currencies read the same: an amount of money.
fn push_symbol(current: &mut String) {
    current.push('$');
}

/// Combining marks belong to the letter before them (Devanagari vowel signs, accents typed apart).
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{b80}'..='\u{bff}')
}

/// A hash of the wording after normalising: equal for texts that differ in case or punctuation only.
pub(super) fn wording(text: &str) -> u64 {
    words(text).iter().fold(Hash::new(b'='), |hash, word| hash.text(&word.surface).byte(b' ')).0
}

/// Calls `each(hash)` for every word 1- and 2-gram.
pub(super) fn word_grams(words: &[Word], mut each: impl FnMut(u64)) {
    for (place, word) in words.iter().enumerate() {
        each(surface_hash(word));
        each(stem_hash(word));
        if let Some(next) = words.get(place + 1) {
            each(bigram_hash(word, next));
        }
    }
}

/// Calls `each(hash)` for every character 3- to 5-gram within a word, the word's ends marked.
pub(super) fn character_grams(words: &[Word], mut each: impl FnMut(u64)) {
    let mut padded: Vec<char> = Vec::with_capacity(LONGEST_WORD + 2);
    for word in words {
        padded.clear();
        padded.push(' ');
        padded.extend(word.surface.chars());
        padded.push(' ');
        for size in 3..=5_usize {
            for gram in padded.windows(size) {
                each(gram.iter().fold(Hash::new(b'c'), |hash, &letter| hash.letter(letter)).0);
            }
        }
    }
}

/// The hashes of all n-grams: those of words first.
pub(super) fn grams(words: &[Word]) -> Vec<u64> {
    let mut all = Vec::with_capacity(32 * words.len());
    word_grams(words, |hash| all.push(hash));
    character_grams(words, |hash| all.push(hash));
    all
}

/// Hash of a word as typed.
pub(super) fn surface_hash(word: &Word) -> u64 {
    Hash::new(b'w').text(&word.surface).0
}

/// Hash of a word's stem; another number than the surface's even when both read the same.
pub(super) fn stem_hash(word: &Word) -> u64 {
    Hash::new(b's').text(&word.stem).0
}

/// Hash of two stems in a row.
pub(super) fn bigram_hash(first: &Word, second: &Word) -> u64 {
    Hash::new(b'b').text(&first.stem).byte(b' ').text(&second.stem).0
}

/// FNV-1a with a final mix; 64 bits make a collision among 100,000 features a matter of 1 in 10^9.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    const fn new(kind: u8) -> Self {
        Self(0xCBF2_9CE4_8422_2325).byte(kind)
    }

    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01B3))
    }

    fn text(self, text: &str) -> Self {
        text.bytes().fold(self, Self::byte)
    }

    fn letter(self, letter: char) -> Self {
        (letter as u32).to_le_bytes().into_iter().fold(self, Self::byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surfaces(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.surface).collect()
    }

    #[test]
    fn short_forms_meet() {
        assert_eq!(
            surfaces("I don't, I DONT; I do not"),
            ["i", "do", "not", "i", "do", "not", "i", "do", "not"]
        );
        assert_eq!(surfaces("I\u{2019}m"), ["i", "am"]);
    }

    #[test]
    fn numbers_and_money_are_one_word() {
        assert_eq!(surfaces("$1,200.50 on 3rd"), ["$", "#", "#", "#", "on", "#", "rd"]);
    }

    #[test]
    fn noise_is_bounded_and_empty_is_empty() {
        assert!(words("").is_empty());
        assert!(words("!?! \u{1f600}").is_empty());
        assert_eq!(words(&"a b ".repeat(5_000)).len(), MOST_WORDS);
        assert_eq!(words(&"x".repeat(5_000))[0].surface.len(), LONGEST_WORD);
    }

    #[test]
    fn wording_ignores_case_and_punctuation() {
        assert_eq!(wording("Who keeps the purple ledger?"), wording("who keeps the purple LEDGER"));
        assert_ne!(wording("who keeps the purple ledger"), wording("who keeps the purple ledge"));
    }
}
