//! What reading a passage gives: done once for each content, and shared by every version of the index
//! that holds it.

use super::{Entry, Sentence, abbreviations::explained};
use crate::text::{Kind, content_stems, is_stop_word, sentences, stem, words};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

/// Words that are noted as written in small letters: abbreviations are not longer.
const SMALL: usize = 8;

/// Between the fields of a passage: no phrase goes from one to the next.
pub(crate) const BORDER: u32 = u32::MAX;

/// Title, headings and text of a passage, as the words of a search see them.
pub(crate) const FIELDS: usize = 3;

/// Numbers of stems. It only grows, so that what was read for an earlier version stays true.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    numbers: HashMap<String, u32>,
    /// Short words that somewhere are written in small letters.
    small: HashSet<String>,
}

impl Vocabulary {
    /// The number of a stem.
    pub(crate) fn get(&self, stem: &str) -> Option<u32> {
        self.numbers.get(stem).copied()
    }

    /// How many stems there are, also of passages that are gone.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Short words that somewhere are written in small letters.
    pub(crate) fn small(&self) -> &HashSet<String> {
        &self.small
    }

    /// The numbers of a text's words in order, stop words too, and whether each is one.
    fn numbered(&mut self, text: &str) -> Vec<(u32, bool)> {
        let short = |w: &&str| w.len() <= SMALL && w.chars().all(char::is_lowercase);
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).filter(short) {
            if !self.small.contains(word) {
                self.small.insert(word.to_owned());
            }
        }
        let number = |word: &String| {
            let next = self.numbers.len() as u32;
            (*self.numbers.entry(stem(word)).or_insert(next), is_stop_word(word))
        };
        words(text).iter().map(number).collect()
    }
}

/// Some words in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// All stems in order.
    pub(crate) all: Vec<u32>,
    /// Those of them that are no stop words, at least one.
    pub(crate) content: Vec<u32>,
}

/// A passage as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    /// Its sentences, items and rows, with their vectors where there are any.
    pub(crate) sentences: Vec<Sentence>,
    /// Content stems of each field, sorted, with how often each stands there.
    pub(crate) counts: Vec<(u32, [u16; FIELDS])>,
    /// Content stems of each field.
    pub(crate) lengths: [usize; FIELDS],
    /// All stems in their order, stop words too, fields apart by [`BORDER`].
    pub(crate) order: Vec<u32>,
    /// Content stems of the text alone, sorted, each once.
    pub(crate) own: Vec<u32>,
    /// Abbreviations that it explains.
    pub(crate) abbreviations: Vec<(String, String)>,
}

impl Analysis {
    /// Reads a passage.
    pub(crate) fn of(entry: &Entry, vocabulary: &mut Vocabulary) -> Self {
        let read = [entry.title.clone(), entry.headings.join("\n"), entry.text.clone()]
            .map(|text| vocabulary.numbered(&text));
        let order: Vec<Vec<u32>> =
            read.iter().map(|field| field.iter().map(|(stem, _)| *stem).collect()).collect();
        let fields = read.map(|field| -> Vec<u32> {
            field.into_iter().filter(|(_, stop)| !stop).map(|(stem, _)| stem).collect()
        });
        let mut counted: HashMap<u32, [u16; FIELDS]> = HashMap::new();
        for (field, stems) in fields.iter().enumerate() {
            for stem in stems {
                let count = &mut counted.entry(*stem).or_default()[field];
                *count = count.saturating_add(1);
            }
        }
        let mut counts: Vec<_> = counted.into_iter().collect();
        counts.sort_unstable_by_key(|(stem, _)| *stem);
        let mut own = fields[FIELDS - 1].clone();
        own.sort_unstable();
        own.dedup();
        Self {
            sentences: split(entry, vocabulary),
            counts,
            lengths: [fields[0].len(), fields[1].len(), fields[2].len()],
            order: order.join(&BORDER),
            own,
            abbreviations: explained(&entry.text),
        }
    }

    /// Whether title, headings or text hold a stem.
    pub(crate) fn holds(&self, stem: u32) -> bool {
        self.counts.binary_search_by_key(&stem, |(own, _)| *own).is_ok()
    }

    /// The content stems of title and headings, sorted.
    pub(crate) fn around(&self) -> Vec<u32> {
        let above = |counts: &[u16; FIELDS]| counts[..FIELDS - 1].iter().any(|count| *count > 0);
        self.counts.iter().filter(|(_, counts)| above(counts)).map(|(stem, _)| *stem).collect()
    }

    /// Whether a phrase stands here as a whole.
    pub(crate) fn says(&self, phrase: &Phrase) -> bool {
        let all = &phrase.all;
        phrase.content.iter().all(|stem| self.holds(*stem))
            && (all.len() == 1 || self.order.windows(all.len()).any(|window| window == all))
    }

    /// The same without vectors.
    pub(crate) fn without_vectors(&self) -> Self {
        let mut this = self.clone();
        this.sentences.iter_mut().for_each(|sentence| sentence.vector = None);
        this
    }
}

/// The number under which a passage of this content may be found; equal ones are compared as a whole.
pub(crate) fn fingerprint(title: &str, headings: &[String], text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((title, headings, text))
}

fn split(entry: &Entry, vocabulary: &Vocabulary) -> Vec<Sentence> {
    sentences(&entry.text)
        .into_iter()
        .map(|span| {
            let text = span.of(&entry.text);
            let mut stems: Vec<u32> = content_stems(text).iter().filter_map(|s| vocabulary.get(s)).collect();
            stems.sort_unstable();
            stems.dedup();
            Sentence {
                text: text.to_owned(),
                span,
                stems,
                vector: None,
                is_row: span.kind == Kind::Row,
                is_step: span.kind == Kind::Step,
                is_item: span.kind == Kind::Item,
            }
        })
        .collect()
}
