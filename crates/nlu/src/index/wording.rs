//! A question as the index sees it: its words, and in which other words they may be said.

use super::{analysis::Phrase, lexical::Lexical, synonyms::Synonyms};
use std::collections::HashSet;

/// A content word of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Number of the stem; `None` when no passage holds it.
    pub stem: Option<u32>,
    /// Its inverse document frequency: near 0 for a stem in every passage, the larger the rarer; a stem
    /// that no passage holds weighs most.
    pub weight: f64,
    /// The stem itself.
    pub(super) word: String,
}

/// Some words of a question said in other words that documents use.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Content stems as they were typed.
    pub typed: Vec<String>,
    /// Content stems of the other wording.
    pub said: Vec<String>,
}

/// The same, in numbers.
#[derive(Debug)]
pub(super) struct Otherwise {
    /// Numbers of the terms.
    pub(super) of: Vec<usize>,
    /// What passages may say in their place.
    pub(super) phrase: Phrase,
}

/// A question.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) terms: Vec<Term>,
    pub(super) otherwise: Vec<Otherwise>,
}

impl Wording {
    /// Reads a question.
    pub(super) fn of(text: &str, lexical: &Lexical, synonyms: &Synonyms) -> Self {
        let terms = lexical.terms(text);
        let mut otherwise = Vec::new();
        for met in synonyms.met(text, lexical.vocabulary().small()) {
            let of: Vec<usize> =
                (0..terms.len()).filter(|term| met.typed.contains(&terms[*term].word)).collect();
            for other in met.others {
                let phrase = lexical.phrase(other.all, other.content);
                otherwise.extend(phrase.map(|phrase| Otherwise { of: of.clone(), phrase }));
            }
        }
        Self { terms, otherwise }
    }
}

/// The other wordings of a question that are made of words which passages hold.
pub(super) fn alternatives(text: &str, lexical: &Lexical, synonyms: &Synonyms) -> Vec<Alternative> {
    let mut found = Vec::new();
    for met in synonyms.met(text, lexical.vocabulary().small()) {
        for other in met.others.iter().filter(|o| lexical.phrase(o.all, o.content).is_some()) {
            found.push(Alternative { typed: met.typed.to_vec(), said: other.content.to_vec() });
        }
    }
    found
}

/// The question with abbreviations and bank's words beside them as the documents write them, for its
/// vector: an encoder knows no bank's abbreviations. Nothing is put beside what passages say as often
/// as the question does, nor where it could mean two things.
pub(super) fn written_out(text: &str, lexical: &Lexical, synonyms: &Synonyms) -> Option<String> {
    let holders = |all: &[String], content: &[String]| {
        lexical.phrase(all, content).map_or(0, |phrase| lexical.holders(&phrase).count())
    };
    let lower = text.to_lowercase();
    let mut added: HashSet<&str> = HashSet::new();
    let mut written = text.to_owned();
    for met in synonyms.met(text, lexical.vocabulary().small()) {
        let own = holders(met.all, met.typed);
        let held: Vec<_> =
            met.others.iter().map(|o| (*o, holders(o.all, o.content))).filter(|(_, n)| *n > 0).collect();
        let long: Vec<_> = held.iter().filter(|(o, _)| !o.short).collect();
        let better = match (&held[..], &long[..]) {
            // The one long form of an abbreviation, where the documents write it out as often.
            (_, [(long, n)]) if met.short && *n >= own => Some(long.text),
            // Words that no document uses: the only ones that documents use for it.
            ([(only, _)], _) if own == 0 => Some(only.text),
            _ => None,
        };
        let is_new = |better: &&str| !lower.contains(&better.to_lowercase());
        if let Some(better) = better.filter(is_new)
            && added.insert(better)
        {
            written.push_str(" (");
            written.push_str(better);
            written.push(')');
        }
    }
    (!added.is_empty()).then_some(written)
}

#[cfg(test)]
mod tests {
    use crate::index::{Entry, Index, Making, Query, Synonyms};
    use contactiq_domain::Collection;

    fn index(texts: &[&str]) -> Index {
        let mut synonyms = Synonyms::default();
        synonyms.add_group(&["LVR", "loan-to-value ratio", "LTV"].map(str::to_owned));
        synonyms.add_group(&["cash machine", "ATM"].map(str::to_owned));
        synonyms.add("CC", "credit card");
        let entry = |text: &&str| Entry {
            document: 0,
            collection: Collection::Customer,
            title: String::new(),
            headings: Vec::new(),
            text: (*text).to_owned(),
            questions: Vec::new(),
        };
        let making = Making { synonyms, ..Making::default() };
        making.build(texts.iter().map(entry).collect(), &|_, _| ()).unwrap()
    }

    fn found(index: &Index, question: &str) -> Vec<usize> {
        let hits = index.search(&Query { text: question, vector: None, keep: &|_| true, k: 5 });
        hits.iter().map(|hit| hit.entry).collect()
    }

    const TEXTS: [&str; 5] = [
        "The highest loan-to-value ratio is 95 %.",
        "An ATM is free of charge.",
        "The ratio of a loan and the value of a car.",
        "A credit card costs $5.",
        "Staff complete know your customer (KYC) checks.",
    ];

    #[test]
    fn a_question_finds_what_says_it_in_other_words_as_a_whole_phrase() {
        let index = index(&TEXTS);
        assert_eq!(found(&index, "maximum LVR"), [0], "and not what has the words apart");
        assert_eq!(found(&index, "cash machines"), [1]);
        assert_eq!(found(&index, "what is my cc"), [3]);
        assert!(found(&index, "a PIN").is_empty());
        assert_eq!(found(&index, "customer checks"), [4]);
        let hit = index.search(&Query { text: "LTV", vector: None, keep: &|_| true, k: 1 })[0];
        assert_eq!(hit.coverage, 1.0, "it is said, if otherwise");
        assert_eq!(index.said("the LTV", &[0]).rarest_missing, 0.0);
        assert!(index.said("the LTV", &[1]).rarest_missing > 0.0);
    }

    #[test]
    fn what_is_typed_counts_more_than_what_means_the_same() {
        let index =
            index(&["A cash machine is free.", "An ATM is free.", "A branch is free.", "A till is free."]);
        let score = |question: &str, entry: usize| {
            let hits = index.search(&Query { text: question, vector: None, keep: &|e| e == entry, k: 1 });
            hits.first().map_or(0.0, |hit| hit.bm25)
        };
        let (typed, otherwise) = (score("an ATM", 1), score("a cash machine", 1));
        assert!(otherwise > 0.0 && otherwise < typed, "{otherwise} {typed}");
        assert_eq!(found(&index, "a cash machine"), [0, 1]);
    }

    #[test]
    fn a_question_without_a_synonym_is_as_it_was() {
        let with = index(&TEXTS);
        let entries = (0..with.len()).map(|entry| with.entry(entry).clone()).collect();
        let without = Index::build(entries, None, &|_, _| ()).unwrap();
        for question in ["the value of a car", "how much does a card cost", "is it free", "a loan"] {
            let search =
                |index: &Index| index.search(&Query { text: question, vector: None, keep: &|_| true, k: 5 });
            assert_eq!(search(&with), search(&without), "{question}");
            assert_eq!(with.written_out(question), None);
        }
    }

    #[test]
    fn an_abbreviation_is_written_out_as_the_documents_write_it() {
        let index = index(&TEXTS);
        let written = |question: &str| index.written_out(question);
        assert_eq!(written("The LVR?").as_deref(), Some("The LVR? (loan-to-value ratio)"));
        assert_eq!(written("a cash machine").as_deref(), Some("a cash machine (ATM)"));
        assert_eq!(written("kyc rules").as_deref(), Some("kyc rules (know your customer)"));
        assert_eq!(written("an ATM"), None, "the documents say it so themselves");
    }

    #[test]
    fn an_abbreviation_of_two_things_is_not_written_out() {
        let index = index(&[
            "An annual percentage rate (APR) of 5 %.",
            "An approved product register (APR) is kept.",
            "The APR is told.",
        ]);
        assert_eq!(index.written_out("what is the APR"), None);
        assert_eq!(found(&index, "approved product register").len(), 3);
    }
}
