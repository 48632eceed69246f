//! Other phrases of the same thing: what a bank says are synonyms, and the abbreviations that its
//! documents explain themselves.

use crate::text::{is_stop_word, stem, words};
use std::collections::{HashMap, HashSet};

/// A phrase of more words is a sentence.
pub const LONGEST_PHRASE: usize = 8;

/// One way to say something.
#[derive(Debug, Clone)]
struct Phrase {
    /// As somebody wrote it.
    text: String,
    /// The stems of all its words.
    all: Vec<String>,
    /// Its stems without stop words, in order.
    content: Vec<String>,
    /// Whether it is one word in capitals.
    short: bool,
    /// What means the same, by number.
    others: Vec<usize>,
}

/// Wordings and what else each may be said as.
#[derive(Debug, Clone, Default)]
pub struct Synonyms {
    phrases: Vec<Phrase>,
    /// By the stems of all words, stop words too: "know your customer" has one content word.
    numbers: HashMap<Vec<String>, usize>,
}

/// A phrase that stands in a text.
pub(super) struct Met<'a> {
    /// The stems of all its words.
    pub(super) all: &'a [String],
    /// Its content stems.
    pub(super) typed: &'a [String],
    /// Whether it is one word in capitals.
    pub(super) short: bool,
    /// What means the same.
    pub(super) others: Vec<Other<'a>>,
}

/// A phrase that means the same.
#[derive(Clone, Copy)]
pub(super) struct Other<'a> {
    /// As the bank writes it.
    pub(super) text: &'a str,
    /// The stems of all its words.
    pub(super) all: &'a [String],
    /// Its content stems, at least one.
    pub(super) content: &'a [String],
    /// Whether it is one word in capitals.
    pub(super) short: bool,
}

impl Synonyms {
    /// Wordings of which each stands for each other one.
    pub fn add_group(&mut self, phrases: &[String]) {
        for one in phrases {
            for other in phrases {
                self.add(one, other);
            }
        }
    }

    /// `from` may be said as `to`, and not the other way round.
    pub fn add(&mut self, from: &str, to: &str) {
        let (Some(from), Some(to)) = (self.number(from), self.number(to)) else { return };
        if from != to && !self.phrases[from].others.contains(&to) {
            self.phrases[from].others.push(to);
        }
    }

    /// Whether a word, in lower case, is part of a phrase.
    #[must_use]
    pub fn uses(&self, word: &str) -> bool {
        let stem = stem(word);
        self.phrases.iter().any(|w| w.content.contains(&stem))
    }

    /// The phrases that stand in a text, the longest at each place, none within another. A word of
    /// `small`, which the documents write in small letters too, is an abbreviation in capitals alone:
    /// an APP is no app.
    pub(super) fn met(&self, text: &str, small: &HashSet<String>) -> Vec<Met<'_>> {
        if self.phrases.is_empty() {
            return Vec::new();
        }
        let words = words(text);
        let stems: Vec<String> = words.iter().map(|w| stem(w)).collect();
        let mut found = Vec::new();
        let mut at = 0;
        while at < stems.len() {
            let longest = (1..=LONGEST_PHRASE.min(stems.len() - at)).rev().find_map(|length| {
                let number = *self.numbers.get(&stems[at..at + length])?;
                let phrase = &self.phrases[number];
                let plain = phrase.short && small.contains(&words[at]) && !has_in_capitals(text, &words[at]);
                (!phrase.others.is_empty() && !plain).then_some((phrase, length))
            });
            match longest {
                Some((phrase, length)) => {
                    let others = phrase.others.iter().map(|other| {
                        let other = &self.phrases[*other];
                        Other {
                            text: &other.text,
                            all: &other.all,
                            content: &other.content,
                            short: other.short,
                        }
                    });
                    found.push(Met {
                        all: &phrase.all,
                        typed: &phrase.content,
                        short: phrase.short,
                        others: others.collect(),
                    });
                    at += length;
                }
                None => at += 1,
            }
        }
        found
    }

    /// None for a phrase that can't be looked for: nothing but stop words, or a sentence.
    fn number(&mut self, text: &str) -> Option<usize> {
        let words = words(text);
        let content: Vec<String> = words.iter().filter(|w| !is_stop_word(w)).map(|w| stem(w)).collect();
        if content.is_empty() || words.len() > LONGEST_PHRASE {
            return None;
        }
        let stems: Vec<String> = words.iter().map(|w| stem(w)).collect();
        if let Some(number) = self.numbers.get(&stems) {
            return Some(*number);
        }
        let short = words.len() == 1 && text.chars().filter(|c| c.is_uppercase()).count() > 1;
        let number = self.phrases.len();
        let all = stems.clone();
        self.phrases.push(Phrase { text: text.to_owned(), all, content, short, others: Vec::new() });
        self.numbers.insert(stems, number);
        Some(number)
    }
}

fn has_in_capitals(text: &str, word: &str) -> bool {
    let capitals = |piece: &str| {
        let bare = piece.strip_suffix('s').unwrap_or(piece);
        bare.chars().all(|c| !c.is_lowercase()) && bare.chars().any(char::is_uppercase)
    };
    text.split(|c: char| !c.is_alphanumeric()).any(|piece| piece.to_lowercase() == word && capitals(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synonyms() -> Synonyms {
        let mut synonyms = Synonyms::default();
        let group = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        synonyms.add_group(&group(&["LVR", "loan-to-value ratio", "LTV"]));
        synonyms.add_group(&group(&["KYC", "know your customer"]));
        synonyms.add("APP", "authorised push payment");
        synonyms
    }

    fn others(text: &str, small: &[&str]) -> Vec<Vec<String>> {
        let small = small.iter().map(|w| (*w).to_owned()).collect();
        let synonyms = synonyms();
        let met = synonyms.met(text, &small);
        met.iter().map(|m| m.others.iter().map(|o| o.text.to_owned()).collect()).collect()
    }

    #[test]
    fn a_group_goes_every_way_and_an_arrow_one() {
        assert_eq!(others("What is the maximum LVR?", &[]), [["loan-to-value ratio", "LTV"]]);
        assert_eq!(others("highest loan to value ratios", &[]), [["LVR", "LTV"]]);
        assert_eq!(others("must I know your customer rules", &[]), [["KYC"]]);
        assert_eq!(others("an app scam", &[]), [["authorised push payment"]]);
        assert!(others("an authorised push payment", &[]).is_empty());
        assert!(others("the value of a loan", &[]).is_empty());
    }

    #[test]
    fn an_abbreviation_that_is_also_a_word_counts_in_capitals_only() {
        assert!(others("how do I install the app", &["app"]).is_empty());
        assert_eq!(others("what is APP fraud", &["app"]), [["authorised push payment"]]);
    }

    #[test]
    fn what_cannot_be_looked_for_is_left_out() {
        let mut synonyms = Synonyms::default();
        synonyms.add("the", "which");
        synonyms.add("", "card");
        synonyms.add("card", "a b c d e f g h i j k");
        assert!(synonyms.met("the card", &HashSet::new()).is_empty());
        assert!(!synonyms.uses("loan") && self::synonyms().uses("loans"));
    }
}
