//! Finds the passages that may answer a question.
//!
//! An [`Index`] is a snapshot that never changes: it is built over all passages, shared in an `Arc`, and
//! replaced as a whole. Two views find passages, words (BM25) and meaning (vectors of the passage and of
//! its likely questions), and are fused; without an encoder words alone.

mod abbreviations;
mod analysis;
mod build;
mod fusion;
mod lexical;
mod likely;
mod outside;
mod synonyms;
mod vectors;
mod wording;

pub use build::Making;
pub use lexical::Said;
pub use likely::likely_questions;
pub use outside::near;
pub use synonyms::{LONGEST_PHRASE, Synonyms};
pub use wording::{Alternative, Term};

use crate::{
    encoder::{CachedEncoder, EncoderError},
    text::Span,
};
use analysis::fingerprint;
use contactiq_domain::Collection;
use fusion::{Candidate, fuse};
use lexical::Lexical;
use std::collections::HashMap;
use vectors::Vectors;
use wording::Wording;

/// A passage as it is indexed. All of it is text that the bank published.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Number of its document, the caller's own.
    pub document: usize,
    /// Who may read it. Searching doesn't look at it: [`Query::keep`] does.
    pub collection: Collection,
    /// Title of the document.
    pub title: String,
    /// Headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The passage itself, lines as ingestion writes them.
    pub text: String,
    /// Questions that it answers; found by, never quoted.
    pub questions: Vec<String>,
}

/// A sentence, list item or table row of a passage.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// Its words as published, list markers included.
    pub text: String,
    /// Where it stands in the passage's text, and what it is.
    pub span: Span,
    /// Numbers of its content stems, sorted, each once; compare with [`Term::stem`].
    pub stems: Vec<u32>,
    /// Its unit vector, if there is an encoder and the index is not very large.
    pub vector: Option<Vec<f32>>,
    /// Whether it is a row of a table.
    pub is_row: bool,
    /// Whether it is an item of a numbered list.
    pub is_step: bool,
    /// Whether it is an item of a list without numbers.
    pub is_item: bool,
}

/// What is searched for.
pub struct Query<'a> {
    /// The question.
    pub text: &'a str,
    /// Its unit vector by the encoder of the index; without one, or with one of another length, words
    /// alone find.
    pub vector: Option<&'a [f32]>,
    /// Whether an entry may be found at all (collection, validity). Called once an entry and search.
    pub keep: &'a dyn Fn(usize) -> bool,
    /// How many hits at most.
    pub k: usize,
}

/// A passage found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the entry.
    pub entry: usize,
    /// Fused score, 0 to 1: says which hit is better than another of the same search, not how good the
    /// best one is. `cosine` and `coverage` say that.
    pub score: f64,
    /// BM25, 0 or more.
    pub bm25: f64,
    /// Cosine of the question with the passage, and with the nearest of its sentences and likely
    /// questions, two to one, -1 to 1; 0 without vectors.
    pub cosine: f64,
    /// Share of the question's content words, weighted by rarity, that title, headings and text hold,
    /// 0 to 1; 0 for a question without content words.
    pub coverage: f64,
}

/// The passages and what finds them.
#[derive(Debug)]
pub struct Index {
    entries: Vec<Entry>,
    /// Where an entry of some content stands.
    contents: HashMap<u64, Vec<u32>>,
    lexical: Lexical,
    synonyms: Synonyms,
    vectors: Option<Vectors>,
    kind: build::Kind,
}

impl Index {
    /// Builds an index from nothing, without synonyms of a bank. `progress` hears the passages done and
    /// the passages in all, at least once.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn build(
        entries: Vec<Entry>,
        encoder: Option<&CachedEncoder>,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, EncoderError> {
        Making { encoder, ..Making::default() }.build(entries, progress)
    }

    /// The best entries that `keep` lets through, best first.
    #[must_use]
    pub fn search(&self, query: &Query<'_>) -> Vec<Hit> {
        self.ranked(query, self.meaning(query, Vectors::nearness))
    }

    /// The same with every vector compared exactly, which a large index otherwise leaves out: what its
    /// recall is measured against.
    #[must_use]
    pub fn search_exactly(&self, query: &Query<'_>) -> Vec<Hit> {
        self.ranked(query, self.meaning(query, Vectors::exact_nearness))
    }

    fn ranked(&self, query: &Query<'_>, meaning: Option<Vec<f32>>) -> Vec<Hit> {
        let wording = self.wording(query.text);
        let words = self.lexical.scores(&wording);
        let all = (0..self.len())
            .filter(|entry| (query.keep)(*entry))
            .map(|entry| Candidate {
                entry,
                bm25: f64::from(words[entry]),
                cosine: meaning.as_ref().map(|cosines| f64::from(cosines[entry])),
                score: 0.0,
            })
            .collect();
        fuse(all, query.k)
            .into_iter()
            .map(|found| Hit {
                entry: found.entry,
                score: found.score,
                bm25: found.bm25,
                cosine: found.cosine.unwrap_or(0.0),
                coverage: self.lexical.coverage(found.entry, &wording),
            })
            .collect()
    }

    /// An entry by its number.
    ///
    /// # Panics
    /// When there is no such entry.
    #[must_use]
    pub fn entry(&self, entry: usize) -> &Entry {
        &self.entries[entry]
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether passages are found by meaning too: the encoder was there when the index was built.
    #[must_use]
    pub fn has_vectors(&self) -> bool {
        self.vectors.is_some()
    }

    /// Whether there is nothing to find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sentences, items and rows of an entry's text, in order; none for a number without entry.
    #[must_use]
    pub fn sentences(&self, entry: usize) -> &[Sentence] {
        self.lexical.passage(entry).map_or(&[], |passage| passage.sentences.as_slice())
    }

    /// Numbers of the content stems of an entry's text, sorted, each once.
    #[must_use]
    pub fn stems(&self, entry: usize) -> &[u32] {
        self.lexical.passage(entry).map_or(&[], |passage| passage.own.as_slice())
    }

    /// Numbers of the content stems of an entry's title and headings, sorted, each once.
    #[must_use]
    pub fn stems_around(&self, entry: usize) -> Vec<u32> {
        self.lexical.passage(entry).map_or_else(Vec::new, |passage| passage.around())
    }

    /// The number of a content stem, to be compared with [`Sentence::stems`]; none where no passage ever held it.
    #[must_use]
    pub fn number_of(&self, stem: &str) -> Option<u32> {
        self.lexical.vocabulary().get(stem)
    }

    /// Inverse document frequency of a word, in any form and case: 0 for a stop word, near 0 for a word
    /// that every passage holds, largest for a word that none holds.
    #[must_use]
    pub fn weight_of(&self, word: &str) -> f64 {
        self.lexical.weight_of(word)
    }

    /// The entries that hold a word, in any form and case; none for a stop word.
    pub fn entries_with(&self, word: &str) -> impl Iterator<Item = usize> + '_ {
        self.lexical.entries_with(word)
    }

    /// How much a question says, and what of it these entries lack.
    #[must_use]
    pub fn said(&self, question: &str, entries: &[usize]) -> Said {
        self.lexical.said(&self.wording(question), entries)
    }

    /// Whether these entries hold one of the content words of a text, in these words or in others; none where no entry
    /// of all knows any of them.
    #[must_use]
    pub fn holds_any(&self, text: &str, entries: &[usize]) -> Option<bool> {
        self.lexical.holds_any(&self.wording(text), entries)
    }

    /// The distinct content words of a text, to be compared with [`Sentence::stems`].
    #[must_use]
    pub fn terms(&self, text: &str) -> Vec<Term> {
        self.lexical.terms(text)
    }

    fn meaning(
        &self,
        query: &Query<'_>,
        nearness: impl Fn(&Vectors, &[f32], usize) -> Vec<f32>,
    ) -> Option<Vec<f32>> {
        let (vectors, vector) = (self.vectors.as_ref()?, query.vector?);
        // A vector of another encoder, or a damaged one, must not find at random.
        let usable = vector.len() == vectors.dimensions() && vector.iter().all(|x| x.is_finite());
        usable.then(|| nearness(vectors, vector, self.len()))
    }

    fn wording(&self, text: &str) -> Wording {
        Wording::of(text, &self.lexical, &self.synonyms)
    }

    /// In which other words that the passages hold parts of a question may be said.
    #[must_use]
    pub fn alternatives(&self, question: &str) -> Vec<Alternative> {
        wording::alternatives(question, &self.lexical, &self.synonyms)
    }

    /// The same whether or not passages hold the words, in content stems: a product may be named where
    /// no passage is.
    #[must_use]
    pub fn synonyms_in(&self, question: &str) -> Vec<Vec<String>> {
        let met = self.synonyms.met(question, self.lexical.vocabulary().small());
        met.iter().flat_map(|met| &met.others).map(|other| other.content.to_vec()).collect()
    }

    /// The question as its vector should be made, where that is not as it was asked: an abbreviation
    /// with its long form, a word that no document uses with the one that they use.
    #[must_use]
    pub fn written_out(&self, question: &str) -> Option<String> {
        wording::written_out(question, &self.lexical, &self.synonyms)
    }

    /// Whether a word, in lower case, is part of a synonym or an abbreviation.
    #[must_use]
    pub fn is_in_a_synonym(&self, word: &str) -> bool {
        self.synonyms.uses(word)
    }

    /// The entry with this very content.
    #[must_use]
    pub fn find(&self, title: &str, headings: &[String], text: &str) -> Option<usize> {
        let same = |entry: &Entry| entry.title == title && entry.headings == headings && entry.text == text;
        let found = self.contents.get(&fingerprint(title, headings, text))?;
        found.iter().map(|at| *at as usize).find(|at| same(&self.entries[*at]))
    }

    /// The same for one whose likely questions are the same too: they have vectors.
    fn same_as(&self, entry: &Entry) -> Option<usize> {
        self.find(&entry.title, &entry.headings, &entry.text)
            .filter(|at| self.entries[*at].questions == entry.questions)
    }
}

/// The sentence that introduces the list in which the sentence `at` is an item: the last one before
/// the list, if it ends with a colon.
#[must_use]
pub fn lead_in(sentences: &[Sentence], at: usize) -> Option<usize> {
    let is_item = |s: &Sentence| s.is_step || s.is_item;
    if !sentences.get(at).is_some_and(is_item) {
        return None;
    }
    let before = (0..at).rev().find(|i| !is_item(&sentences[*i]))?;
    sentences[before].text.trim_end().ends_with(':').then_some(before)
}

#[cfg(test)]
mod tests;
