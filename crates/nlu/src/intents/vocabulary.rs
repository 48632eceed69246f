//! TF-IDF: which features a model knows, and what each weighs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::features::{self, Word};
use super::packing::Numbers;

/// The most weights (features times labels) that a lexical view may hold: 96 MB of f32.
const MOST_WEIGHTS: usize = 24_000_000;
/// From this many examples on, a feature must occur twice: the rest is typing errors and names.
const RARE_FROM_EXAMPLES: usize = 2_000;
/// Share of the squared length that the characters carry beside the words.
const CHARACTER_SHARE: f32 = 0.5;

/// A sparse vector: feature numbers in ascending order, and values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sparse {
    /// Feature numbers.
    pub(super) index: Vec<u32>,
    /// Values, as many.
    pub(super) value: Vec<f32>,
}

impl Sparse {
    /// Pairs of feature number and value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.index.iter().zip(&self.value).map(|(&index, &value)| (index as usize, value))
    }
}

/// The features known, with their inverse document frequencies. Words come first, then characters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Vocabulary {
    #[serde(with = "super::packing::map")]
    number: Numbers,
    #[serde(with = "super::packing::floats")]
    idf: Vec<f32>,
    words: u32,
}

impl Vocabulary {
    /// Learns the vocabulary of these utterances; `labels` bounds its size.
    pub(super) fn fit(texts: &[impl AsRef<[Word]>], labels: usize) -> Self {
        let mut word_documents: HashMap<u64, u32> = HashMap::new();
        let mut character_documents: HashMap<u64, u32> = HashMap::new();
        let mut seen: Vec<u64> = Vec::new();
        for words in texts {
            seen.clear();
            features::word_grams(words.as_ref(), |hash| seen.push(hash));
            count(&mut seen, &mut word_documents);
            seen.clear();
            features::character_grams(words.as_ref(), |hash| seen.push(hash));
            count(&mut seen, &mut character_documents);
        }
        let least = if texts.len() >= RARE_FROM_EXAMPLES { 2 } else { 1 };
        let most = MOST_WEIGHTS / labels.max(1);
        let word_list = keep(&word_documents, least, most / 2);
        let character_list = keep(&character_documents, least, most / 2);
        let mut number =
            Numbers::with_capacity_and_hasher(word_list.len() + character_list.len(), Default::default());
        let mut idf = Vec::with_capacity(word_list.len() + character_list.len());
        for &(hash, documents) in word_list.iter().chain(&character_list) {
            number.insert(hash, idf.len() as u32);
            idf.push(((1.0 + texts.len() as f32) / (1.0 + documents as f32)).ln() + 1.0);
        }
        Self { number, idf, words: word_list.len() as u32 }
    }

    /// How many features are known.
    pub(super) fn len(&self) -> usize {
        self.idf.len()
    }

    /// The number of a feature.
    pub(super) fn number(&self, hash: u64) -> Option<usize> {
        self.number.get(&hash).map(|&number| number as usize)
    }

    /// The unit vector of an utterance; empty when nothing in it is known.
    pub(super) fn vector(&self, words: &[Word]) -> Sparse {
        self.vector_of(&features::grams(words))
    }

    /// The same from the utterance's [`features::grams`], which several vocabularies share.
    pub(super) fn vector_of(&self, grams: &[u64]) -> Sparse {
        self.vector_numbered(grams.iter().filter_map(|hash| self.number.get(hash).copied()).collect())
    }

    /// The same from the numbers of those grams that are known, in any order.
    fn vector_numbered(&self, mut numbers: Vec<u32>) -> Sparse {
        numbers.sort_unstable();
        let mut row = Sparse::default();
        for &number in &numbers {
            if row.index.last() == Some(&number) {
                if let Some(count) = row.value.last_mut() {
                    *count += 1.0;
                }
            } else {
                row.index.push(number);
                row.value.push(1.0);
            }
        }
        for (number, value) in row.index.iter().zip(&mut row.value) {
            *value = (1.0 + value.ln()) * self.idf[*number as usize];
        }
        // Each block gets its own length: an utterance has five times more character grams than words,
        // which would drown them otherwise.
        let split = row.index.partition_point(|&number| number < self.words);
        let (words, characters) = row.value.split_at_mut(split);
        let both = !words.is_empty() && !characters.is_empty();
        scale_to(words, if both { (1.0 - CHARACTER_SHARE).sqrt() } else { 1.0 });
        scale_to(characters, if both { CHARACTER_SHARE.sqrt() } else { 1.0 });
        row
    }

    /// The word part of a vector alone, as a unit vector: what lexical neighbours are compared by.
    pub(super) fn word_part(&self, row: &Sparse) -> Sparse {
        let split = row.index.partition_point(|&number| number < self.words);
        let mut part = Sparse { index: row.index[..split].to_vec(), value: row.value[..split].to_vec() };
        scale_to(&mut part.value, 1.0);
        part
    }

    /// The share of the utterance's words that were seen in training, 0 when it has none.
    pub(super) fn known_share(&self, words: &[Word]) -> f64 {
        let known = words.iter().filter(|word| self.number.contains_key(&features::stem_hash(word))).count();
        if words.is_empty() { 0.0 } else { known as f64 / words.len() as f64 }
    }
}

/// Several vocabularies that know much the same: a gram is looked up once for all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Joined {
    rows: Numbers,
    /// For each gram its number in each vocabulary, one behind the other.
    numbers: Vec<u32>,
}

/// The number of a gram that a vocabulary does not know.
const UNKNOWN: u32 = u32::MAX;

impl Joined {
    /// Joins them.
    pub(super) fn of(all: &[&Vocabulary]) -> Self {
        let mut this = Self::default();
        for (place, vocabulary) in all.iter().enumerate() {
            for (hash, number) in &vocabulary.number {
                let next = this.rows.len() as u32;
                let row = *this.rows.entry(*hash).or_insert(next) as usize;
                if this.numbers.len() <= row * all.len() {
                    this.numbers.resize((row + 1) * all.len(), UNKNOWN);
                }
                this.numbers[row * all.len() + place] = *number;
            }
        }
        this
    }

    /// The unit vector of an utterance in each of the vocabularies that were joined, given in the same order.
    pub(super) fn vectors_of(&self, all: &[&Vocabulary], grams: &[u64]) -> Vec<Sparse> {
        let mut known: Vec<Vec<u32>> = vec![Vec::with_capacity(grams.len()); all.len()];
        for row in grams.iter().filter_map(|hash| self.rows.get(hash)) {
            let numbers = &self.numbers[*row as usize * all.len()..][..all.len()];
            for (own, number) in known.iter_mut().zip(numbers).filter(|(_, number)| **number != UNKNOWN) {
                own.push(*number);
            }
        }
        all.iter().zip(known).map(|(vocabulary, numbers)| vocabulary.vector_numbered(numbers)).collect()
    }
}

fn count(seen: &mut Vec<u64>, documents: &mut HashMap<u64, u32>) {
    seen.sort_unstable();
    seen.dedup();
    for &hash in seen.iter() {
        *documents.entry(hash).or_default() += 1;
    }
}

/// The features of enough documents, at most `most` of them, the most frequent kept; sorted by hash so
/// that the same data give the same numbers.
fn keep(documents: &HashMap<u64, u32>, least: u32, most: usize) -> Vec<(u64, u32)> {
    let mut list: Vec<(u64, u32)> =
        documents.iter().map(|(&hash, &count)| (hash, count)).filter(|&(_, count)| count >= least).collect();
    list.sort_unstable_by_key(|&(hash, count)| (std::cmp::Reverse(count), hash));
    list.truncate(most);
    list.sort_unstable();
    list
}

fn scale_to(values: &mut [f32], length: f32) {
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        values.iter_mut().for_each(|value| *value *= length / norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_unit_and_unknown_is_empty() {
        let texts: Vec<_> =
            ["open an account", "close an account"].iter().map(|text| features::words(text)).collect();
        let vocabulary = Vocabulary::fit(&texts, 2);
        let row = vocabulary.vector(&texts[0]);
        let norm: f32 = row.value.iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-5, "{norm}");
        assert!(row.index.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(vocabulary.vector(&features::words("zzyzx")), Sparse::default());
        let other = Vocabulary::fit(&[features::words("close the branch on an account")], 2);
        let joined = Joined::of(&[&vocabulary, &other]);
        for text in ["open an account", "close the branch", "zzyzx", ""] {
            let grams = features::grams(&features::words(text));
            let alone = [&vocabulary, &other].map(|v| v.vector_of(&grams));
            assert_eq!(joined.vectors_of(&[&vocabulary, &other], &grams), alone, "{text}");
        }
        assert!((vocabulary.known_share(&features::words("open zzyzx")) - 0.5).abs() < 1e-9);
    }
}
