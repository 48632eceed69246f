//! What a short message says of its own: "ATM withdrawal limit" after a question on passwords turns to another
//! topic, and "monthly fee?" after one on an account does not.

use super::{
    ARTICLES, ASKED_FOR, COURTESIES, FRAME, OPENINGS, PREPOSITIONS, STAND_INS, THINGS, bare, behind_opening,
    stands_in,
};

/// What tells of which kind something is, and of no thing.
const ASPECTS: &[&str] = &[
    "monthly",
    "annual",
    "yearly",
    "daily",
    "weekly",
    "quarterly",
    "interest",
    "minimum",
    "maximum",
    "min",
    "max",
    "total",
    "extra",
    "late",
    "early",
    "new",
    "old",
    "other",
    "another",
    "usual",
    "normal",
    "current",
    "exact",
    "same",
    "different",
    "any",
    "opening",
    "closing",
];

/// Whom a case is about is no thing: "and her brother?".
const PEOPLE: &[&str] = &[
    "brother",
    "sister",
    "mum",
    "mom",
    "mother",
    "dad",
    "father",
    "parent",
    "parents",
    "wife",
    "husband",
    "partner",
    "son",
    "daughter",
    "child",
    "children",
    "kid",
    "kids",
    "friend",
    "cousin",
    "uncle",
    "aunt",
    "nan",
    "gran",
    "grandson",
    "granddaughter",
    "boyfriend",
    "girlfriend",
    "flatmate",
    "colleague",
    "someone",
    "somebody",
    "people",
];
/// A figure is another case of the same thing: "and what if it was sixty?".
const NUMBERS: &[&str] = &[
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred",
    "thousand", "million", "half", "double", "twice",
];

/// Whether a fragment names a thing of its own and what is asked of it, so that the question before has nothing to add.
/// It does so for certain where that question is about another thing; where it is about a product whose aspect this may
/// be ("withdrawal limit" after "tell me about the Saver"), only a kind of product of its own tells.
/// Never of what opens with "and" and its like, or has a word that stands for something.
pub(crate) fn turns_to_another(question: &str, previous: &str) -> bool {
    let lower = question.to_lowercase();
    let words = plain(question);
    if OPENINGS.iter().any(|opening| lower.starts_with(opening)) || stands_in(question) {
        return false;
    }
    let asked = words.iter().any(|word| ASKED_FOR.contains(&word.as_str()));
    let names = words.iter().any(|word| tells(word));
    let does = match words.as_slice() {
        [verb, article, thing] => tells(verb) && ARTICLES.contains(&article.as_str()) && is_thing(thing),
        _ => false,
    };
    let own_product = words.iter().any(|word| is_thing(word));
    let before = plain(previous);
    let said_before = words.iter().filter(|word| tells(word)).all(|word| before.contains(word));
    does || (asked && names && !said_before && (own_product || !names_a_product(&before)))
}

/// The words of a message that name something: no question word, no aspect, nothing that is asked for.
pub(crate) fn own_words(question: &str) -> Vec<String> {
    let words = plain(question);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    behind_opening(&words).iter().filter(|word| tells(word)).map(|word| (*word).to_owned()).collect()
}

fn plain(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| bare(&word.replace(['\'', '\u{2019}'], "")))
        .filter(|w| !w.is_empty())
        .collect()
}

fn tells(word: &str) -> bool {
    let says_nothing = [ARTICLES, FRAME, ASKED_FOR, PREPOSITIONS, ASPECTS, STAND_INS, COURTESIES, PEOPLE]
        .iter()
        .any(|words| words.contains(&word));
    let number = NUMBERS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit());
    !says_nothing && !number && !contactiq_nlu::text::is_stop_word(word)
}

fn is_thing(word: &str) -> bool {
    THINGS.contains(&word) || word.strip_suffix('s').is_some_and(|one| THINGS.contains(&one))
}

/// "The Anchor Saver", "a replacement card": a kind of product behind a word that tells which.
fn names_a_product(words: &[String]) -> bool {
    words.windows(2).any(|pair| tells(&pair[0]) && is_thing(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_and_what_is_asked_of_it_turn_to_another_topic() {
        for (before, question) in [
            ("How do I reset my online banking password?", "ATM withdrawal limit"),
            ("How do I reset my online banking password?", "cheque book fee"),
            ("What is the foreign transaction fee on the Everyday Account debit card?", "home loan rates"),
            ("What does a replacement card cost?", "close my account"),
        ] {
            assert!(turns_to_another(question, before), "{before} {question}");
        }
    }

    #[test]
    fn an_aspect_or_another_kind_stays_with_the_question_before() {
        for (before, question) in [
            ("Tell me about the Anchor Saver account", "withdrawal limit?"),
            ("Does the Everyday Account have a card?", "monthly fee?"),
            ("What is the annual fee of the Platinum card?", "Gold card?"),
            ("What is the annual fee of the Platinum card?", "interest rate?"),
            ("How do I reset my password?", "by phone?"),
            ("How do I reset my password?", "and the ATM limit?"),
            ("What is the limit of a transfer?", "transfer fee?"),
            ("How do I close my account?", "how long?"),
        ] {
            assert!(!turns_to_another(question, before), "{before} {question}");
        }
    }

    #[test]
    fn own_words_name_something() {
        assert_eq!(own_words("and what is the monthly fee for students?"), ["students"]);
        assert_eq!(own_words("how long does it take?"), Vec::<String>::new());
        assert!(!own_words("ok and her brother, who's 17?").contains(&"brother".to_owned()));
        assert_eq!(own_words("and what about sixty or 500?"), Vec::<String>::new());
        assert_eq!(own_words("cheque book fee"), ["cheque", "book"]);
    }
}
