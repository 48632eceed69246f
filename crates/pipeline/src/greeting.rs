//! Whether a message greets: a courtesy answers nothing and ends the search, and so it has to be made of words of
//! courtesy. An encoder alone finds a name, another language and a stroke of the keyboard near to "hi".

use std::collections::{BTreeMap, BTreeSet};

use contactiq_nlu::text;

use crate::taxonomy::Intent;

/// What greets and thanks in any bank.
const COURTEOUS: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "hiya",
    "howdy",
    "greetings",
    "morning",
    "afternoon",
    "evening",
    "goodnight",
    "welcome",
    "thanks",
    "thank",
    "thankyou",
    "thx",
    "ty",
    "ta",
    "cheers",
    "appreciated",
    "bye",
    "goodbye",
    "cya",
    "farewell",
];
/// What stands beside such words and asks for nothing.
const AROUND: &[&str] = &[
    "a", "again", "all", "and", "day", "everyone", "for", "good", "great", "have", "lot", "many", "much",
    "nice", "now", "so", "the", "there", "to", "very", "you",
];
/// A word greets when it stands in so many examples of greetings…
const SEEN: u32 = 2;
/// …and so many times more often there than elsewhere.
const LIFT: f64 = 5.0;
/// A word that greets must have so many words of greetings beside it; the rest is a name, or the weather.
const KNOWN: f64 = 1.0 / 3.0;
/// A slip is looked for in words of so many letters.
const LONG_ENOUGH: usize = 5;

/// The words of a mode's greetings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Greetings {
    known: BTreeSet<String>,
    telling: BTreeSet<String>,
}

impl Greetings {
    /// Of the examples of the intents that greet; without one no message greets.
    pub(crate) fn of(intents: &[Intent]) -> Greetings {
        if !intents.iter().any(|intent| intent.greets) {
            return Greetings::default();
        }
        let greetings = Counted::of(intents.iter().filter(|intent| intent.greets));
        let elsewhere = Counted::of(intents.iter().filter(|intent| !intent.greets));
        let tells = |word: &&String| {
            greetings.seen(word) >= SEEN && greetings.share(word, 0.0) >= LIFT * elsewhere.share(word, 0.5)
        };
        let telling = greetings.words.keys().filter(tells).cloned();
        let telling = telling.chain(COURTEOUS.iter().map(|word| (*word).to_owned())).collect();
        Greetings { telling, known: greetings.words.into_keys().collect() }
    }

    /// Whether a text is made of what greets: one such word and not much beside it, or nothing but words of greetings.
    pub(crate) fn greets(&self, text: &str) -> bool {
        let words = squeezed(text);
        if words.is_empty() || self.known.is_empty() {
            return false;
        }
        let greets = |word: &String| {
            self.telling.contains(word)
                || (word.chars().count() >= LONG_ENOUGH
                    && self.telling.iter().any(|t| t.chars().count() >= LONG_ENOUGH && one_slip(word, t)))
        };
        let known = words.iter().filter(|word| self.known.contains(*word) || greets(word)).count();
        let share = known as f64 / words.len() as f64;
        known == words.len() || (share >= KNOWN && words.iter().any(greets))
    }
}

/// Whether a text is nothing but a courtesy in any bank: where a taxonomy has few greetings, words alone don't know
/// "good evening" from them.
pub(crate) fn is_nothing_else(text: &str) -> bool {
    let words = squeezed(text);
    let courteous = |word: &String| COURTEOUS.contains(&word.as_str());
    words.iter().any(courteous) && words.iter().all(|word| courteous(word) || AROUND.contains(&word.as_str()))
}

/// In how many examples each word stands.
struct Counted {
    words: BTreeMap<String, u32>,
    examples: usize,
}

impl Counted {
    fn of<'a>(intents: impl Iterator<Item = &'a Intent>) -> Counted {
        let mut counted = Counted { words: BTreeMap::new(), examples: 0 };
        for example in intents.flat_map(|intent| &intent.examples) {
            counted.examples += 1;
            for word in squeezed(example).into_iter().collect::<BTreeSet<_>>() {
                *counted.words.entry(word).or_default() += 1;
            }
        }
        counted
    }

    fn seen(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// The share of the examples that have a word, as if it stood in some more.
    fn share(&self, word: &str, more: f64) -> f64 {
        (f64::from(self.seen(word)) + more) / self.examples.max(1) as f64
    }
}

/// The words of a text, letters that were held down once: "helloooo".
fn squeezed(said: &str) -> Vec<String> {
    let squeeze = |word: String| {
        let letters: Vec<char> = word.chars().collect();
        let held = |at: usize| {
            let same = |other: usize| letters.get(other) == Some(&letters[at]);
            (at >= 2 && same(at - 1) && same(at - 2)) || (at >= 1 && same(at - 1) && same(at + 1))
        };
        (0..letters.len()).filter(|at| !held(*at)).map(|at| letters[at]).collect::<String>()
    };
    text::words(said).into_iter().map(squeeze).collect()
}

/// One letter more, less or other, or two swapped.
fn one_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[front..], &b[front..]);
    let swapped = |a: &[char], b: &[char]| {
        a.len() == b.len() && a.len() >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]
    };
    match (a, b) {
        ([], [_]) | ([_], []) | ([], []) => true,
        ([_, a_rest @ ..], [_, b_rest @ ..]) => {
            a_rest == b_rest || a_rest == b || a == b_rest || swapped(a, b)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::Taxonomy;

    fn shipped() -> Taxonomy {
        Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap()
    }

    #[test]
    fn a_greeting_is_made_of_words_that_greet() {
        let taxonomy = shipped();
        for mode in Mode::ALL {
            for greeting in [
                "hello",
                "Hellooooo!",
                "hi Zorblat",
                "good mornng to you",
                "thanks a lot, Quimby",
                "thnaks",
                "bye bye",
                "how are you",
                "hey there, lovely day for it",
            ] {
                assert!(taxonomy.greets(*mode, greeting), "{mode}: {greeting}");
            }
            for other in [
                "",
                "?!",
                "q",
                "zz",
                "Ferdinand Okonkwo",
                "cartera perdida",
                "vol",
                "tarjeta",
                "pomoc",
                "wallet",
                "1234",
                "qpwoeiruty",
                "\u{1f995}\u{1f995}",
            ] {
                assert!(!taxonomy.greets(*mode, other), "{mode}: {other}");
            }
        }
    }

    #[test]
    fn nothing_but_courtesy_asks_for_nothing() {
        for courtesy in
            ["good evening", "Thanks a lot!", "hellooo", "good morning to you all", "bye for now", "cheers"]
        {
            assert!(is_nothing_else(courtesy), "{courtesy}");
        }
        for other in [
            "",
            "good",
            "have a day",
            "hello help",
            "thanks, and the fee?",
            "evening opening hours",
            "ty card",
        ] {
            assert!(!is_nothing_else(other), "{other}");
        }
    }

    #[test]
    fn every_intent_that_says_so_greets_whatever_its_name() {
        let intent = |mode: &str, name: &str, more: &str, example: &str| {
            format!(
                "[{mode}.{name}]\ncategory = \"automatable\"\n{more}role = \"customer\"\ndescription = \"\"\n\
                 examples = [{example:?}]\n"
            )
        };
        let file = |more: &str, named: &str| {
            [
                "version = 1\n".to_owned(),
                intent("customer", "salutation", more, "servus mitnand"),
                intent("customer", "farewell", more, "pfiat di"),
                intent("customer", "unknown", "", "tell me a joke"),
                intent("banker", "greeting", named, "hello"),
                intent("banker", "unknown", "", "tell me a joke"),
            ]
            .concat()
        };
        let said = Taxonomy::parse(&file("greets = true\nguide = \"Hello.\"\n", "")).unwrap();
        for courtesy in ["servus mitnand", "pfiat di", "hello"] {
            assert!(said.greets(Mode::Customer, courtesy), "{courtesy}");
        }
        assert!(said.is_courtesy(Mode::Customer, "farewell") && said.is_courtesy(Mode::Banker, "greeting"));
        assert!(!said.is_courtesy(Mode::Customer, "greeting"), "there is none of this name");
        let unsaid = Taxonomy::parse(&file("", "greets = false\n")).unwrap();
        assert!(!unsaid.greets(Mode::Customer, "servus mitnand") && !unsaid.greets(Mode::Customer, "hello"));
        assert!(!unsaid.is_courtesy(Mode::Banker, "greeting") && !unsaid.greets(Mode::Banker, "hello"));
    }

    #[test]
    fn one_slip_is_a_letter_more_less_other_or_two_swapped() {
        for (a, b) in [
            ("hello", "hllo"),
            ("hello", "helllo"),
            ("hello", "hallo"),
            ("hello", "hlelo"),
            ("hello", "hell"),
        ] {
            assert!(one_slip(a, b) && one_slip(b, a), "{a} {b}");
        }
        assert!(!one_slip("hello", "hola") && !one_slip("thanks", "tanker"));
    }
}
