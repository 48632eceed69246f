//! Finds the passages that may answer a question.
//!
//! An [`Index`] is a snapshot that never changes: it is built over all passages, shared in an `Arc`, and
//! replaced as a whole. Two views find passages, words (BM25) and meaning (vectors of the passage and of
//! its likely questions), and are fused; without an encoder words alone.

mod fusion;
mod lexical;
mod likely;
mod outside;
mod vectors;

pub use lexical::{Said, Term};
pub use likely::likely_questions;
pub use outside::near;

use crate::{
    encoder::{CachedEncoder, Encoder, EncoderError},
    text::{Kind, Span, sentences},
};
use contactiq_domain::Collection;
use fusion::{Candidate, fuse};
use lexical::Lexical;
use vectors::Vectors;

/// Passages that are encoded between two calls of `progress`.
const SLICE: usize = 32;

/// Sentences of an index that get a vector (150 MB at 384 dimensions). In a larger index sentences go
/// without, and whoever compares them has their stems, or encodes the few that were found.
const MOST_SENTENCE_VECTORS: usize = 100_000;

/// Likely questions of an index that get a vector; in a larger one passages are found by themselves.
const MOST_QUESTION_VECTORS: usize = 100_000;

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
    sentences: Vec<Vec<Sentence>>,
    lexical: Lexical,
    vectors: Option<Vectors>,
}

impl Index {
    /// Builds an index. `progress` hears the passages done and the passages in all, at least once.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn build(
        entries: Vec<Entry>,
        encoder: Option<&CachedEncoder>,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, EncoderError> {
        let lexical = Lexical::build(&entries);
        let sentences = entries.iter().map(|entry| split(entry, &lexical)).collect();
        let mut this = Self { entries, sentences, lexical, vectors: None };
        match encoder {
            Some(encoder) => this.encode(encoder, progress)?,
            None => progress(this.len(), this.len()),
        }
        Ok(this)
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
        let terms = self.lexical.terms(query.text);
        let words = self.lexical.scores(&terms);
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
                coverage: self.lexical.coverage(found.entry, &terms),
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
        self.sentences.get(entry).map_or(&[], Vec::as_slice)
    }

    /// Inverse document frequency of a word, in any form and case: 0 for a stop word, near 0 for a word
    /// that every passage holds, largest for a word that none holds.
    #[must_use]
    pub fn weight_of(&self, word: &str) -> f64 {
        self.lexical.weight_of(word)
    }

    /// How much a question says, and what of it these entries lack.
    #[must_use]
    pub fn said(&self, question: &str, entries: &[usize]) -> Said {
        self.lexical.said(&self.lexical.terms(question), entries)
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

    fn encode(
        &mut self,
        encoder: &CachedEncoder,
        progress: &dyn Fn(usize, usize),
    ) -> Result<(), EncoderError> {
        let all = self.len();
        progress(0, all);
        let (with_questions, with_sentences) = self.which_vectors();
        let asked = |entry: &Entry| if with_questions { entry.questions.clone() } else { Vec::new() };
        let mut vectors = Vectors::new(encoder.dimensions());
        let slices = self.entries.chunks(SLICE).zip(self.sentences.chunks_mut(SLICE));
        for (slice, (entries, sentences)) in slices.enumerate() {
            let mut texts: Vec<String> = Vec::new();
            for (entry, sentences) in entries.iter().zip(sentences.iter()) {
                texts.extend(outside::encoded(entry, sentences, with_questions, with_sentences));
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut encoded = encoder.encode_published(&texts)?.into_iter();
            for (at, (entry, sentences)) in entries.iter().zip(sentences).enumerate() {
                for vector in encoded.by_ref().take(1 + asked(entry).len()) {
                    vectors.push(slice * SLICE + at, &vector);
                }
                if with_sentences {
                    for sentence in sentences {
                        sentence.vector = encoded.next();
                        // A passage is found by its best sentence too: one fact in ten is enough.
                        if let Some(vector) = &sentence.vector {
                            vectors.push(slice * SLICE + at, vector);
                        }
                    }
                }
            }
            progress((slice * SLICE + SLICE).min(all), all);
        }
        vectors.finish();
        self.vectors = Some(vectors);
        Ok(())
    }
}

/// What the encoder reads of a passage: its title and headings often hold the very word that the
/// question has and the passage takes for granted.
fn with_its_headings(entry: &Entry) -> String {
    let mut text = entry.title.clone();
    for part in entry.headings.iter().chain([&entry.text]) {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// What the encoder reads of a sentence: the headings say what it speaks of ("It costs $10"), and
/// the lead-in of a list says what its items are ("A card is free when:").
fn in_its_place(entry: &Entry, sentences: &[Sentence], at: usize) -> String {
    let place = entry.headings.last().unwrap_or(&entry.title);
    match lead_in(sentences, at) {
        Some(lead) => format!("{place}: {} {}", sentences[lead].text, sentences[at].text),
        None => format!("{place}: {}", sentences[at].text),
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

fn split(entry: &Entry, lexical: &Lexical) -> Vec<Sentence> {
    sentences(&entry.text)
        .into_iter()
        .map(|span| {
            let text = span.of(&entry.text);
            Sentence {
                text: text.to_owned(),
                span,
                stems: lexical.known_stems(text),
                vector: None,
                is_row: span.kind == Kind::Row,
                is_step: span.kind == Kind::Step,
                is_item: span.kind == Kind::Item,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
