//! Passages that disagree: two documents state different figures for the same thing (P9).

use std::collections::BTreeSet;

use contactiq_domain::{Collection, ContentType};
use contactiq_nlu::{index::Sentence, text};

use super::{choose::Chosen, figure::figures, grounding};
use crate::{Found, Knowledge, products::product};

/// Two sentences speak of the same thing when at least this share of their content words is common…
const SAME_WORDS: f64 = 0.7;
/// …and at most so many words stand in only one of them, none of which names what its document is
/// about: "the *business* account has a monthly fee" is another account's fee, while "a copy
/// *ordered* at a branch" is the same copy. A word in place of another names another thing: "the
/// *branch* manager", "the *regional* manager".
const OTHER_WORDS: usize = 2;
/// A shorter sentence does not say what it speaks of.
const FEWEST: usize = 3;

/// Two sentences of different documents that state different figures for the same thing.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// One place: number of the passage, number of the sentence in it.
    pub one: (usize, usize),
    /// The other.
    pub other: (usize, usize),
}

/// Every conflict of a version of the knowledge, inside each collection, among documents that
/// `valid` lets through.
#[must_use]
pub fn all(knowledge: &Knowledge, valid: &dyn Fn(usize) -> bool) -> Vec<Conflict> {
    let index = &knowledge.index;
    let claims: Vec<Claim<'_>> = (0..knowledge.passages.len())
        .filter(|p| valid(knowledge.passages[*p].0))
        .flat_map(|p| index.sentences(p).iter().enumerate().map(move |(s, sentence)| (p, s, sentence)))
        .filter_map(|(p, s, sentence)| Claim::of(knowledge, p, s, sentence))
        .collect();
    let mut found = Vec::new();
    for (i, a) in claims.iter().enumerate() {
        for b in &claims[i + 1..] {
            if a.contradicts(b) {
                found.push(Conflict { one: (a.passage, a.sentence), other: (b.passage, b.sentence) });
            }
        }
    }
    found
}

/// What contradicts the best sentence, if anything does.
pub(crate) fn between(knowledge: &Knowledge, found: &[Found], best: &Chosen) -> Option<Conflict> {
    let index = &knowledge.index;
    let own =
        Claim::of(knowledge, best.passage, best.sentence, &index.sentences(best.passage)[best.sentence])?;
    found
        .iter()
        .flat_map(|f| {
            index.sentences(f.passage).iter().enumerate().map(move |(s, sentence)| (f.passage, s, sentence))
        })
        .filter_map(|(p, s, sentence)| Claim::of(knowledge, p, s, sentence))
        .find(|other| own.contradicts(other))
        .map(|other| Conflict { one: (own.passage, own.sentence), other: (other.passage, other.sentence) })
}

/// A sentence that states figures.
struct Claim<'a> {
    passage: usize,
    sentence: usize,
    document: usize,
    collection: Collection,
    text: &'a str,
    words: BTreeSet<String>,
    /// What its document and its headings are about.
    about: BTreeSet<String>,
    /// The document's product; empty where it speaks of many.
    product: &'a str,
}

impl<'a> Claim<'a> {
    fn of(
        knowledge: &'a Knowledge,
        passage: usize,
        number: usize,
        sentence: &'a Sentence,
    ) -> Option<Claim<'a>> {
        let document = knowledge.passages[passage].0;
        let of = &knowledge.documents[document];
        // Illustrations invent figures, and a row means nothing without its table.
        if sentence.is_row || of.content_type == ContentType::Synthetic || figures(&sentence.text).is_empty()
        {
            return None;
        }
        Some(Claim {
            passage,
            sentence: number,
            document,
            collection: of.collection,
            text: &sentence.text,
            words: words(&sentence.text),
            about: words(&format!("{} {}", of.title, knowledge.passages[passage].1.headings.join(" "))),
            product: product(of).unwrap_or_default(),
        })
    }

    fn contradicts(&self, other: &Claim<'_>) -> bool {
        if self.document == other.document || self.collection != other.collection || self.words.len() < FEWEST
        {
            return false;
        }
        let other_product =
            !self.product.is_empty() && !other.product.is_empty() && self.product != other.product;
        let common = self.words.intersection(&other.words).count() as f64
            / self.words.union(&other.words).count().max(1) as f64;
        let apart: Vec<&String> = self.words.symmetric_difference(&other.words).collect();
        let substituted = !self.words.is_subset(&other.words) && !other.words.is_subset(&self.words);
        let names_another = apart.iter().any(|w| self.about.contains(*w) || other.about.contains(*w));
        let same = !other_product
            && !substituted
            && common >= SAME_WORDS
            && apart.len() <= OTHER_WORDS
            && !names_another;
        same && grounding::disagree(self.text, other.text)
    }
}

/// Content words without figures: what the sentence speaks of.
fn words(sentence: &str) -> BTreeSet<String> {
    text::content_stems(sentence).into_iter().filter(|w| !w.bytes().any(|b| b.is_ascii_digit())).collect()
}
