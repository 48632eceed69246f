//! How similar the examples of a taxonomy are: one with many at a time, since a large one has hundreds of millions of
//! pairs.

use std::collections::{BTreeSet, HashMap};

use contactiq_nlu::encoder::{Encoder, dots};

use super::{NEAR, wording};

/// Examples that are encoded at once, between two words of progress.
const BATCH: usize = 32;

/// What examples are compared by.
pub(super) enum Alike {
    /// Their vectors, one behind the other, and the length of one.
    Meaning(Vec<f32>, usize),
    /// Their words, each a number, sorted, each once.
    Words(Vec<Vec<u32>>),
}

impl Alike {
    /// None where the encoder fails.
    pub(super) fn by_meaning(
        texts: &[&str],
        encoder: &dyn Encoder,
        step: &mut dyn FnMut(usize),
    ) -> Option<Alike> {
        let length = encoder.dimensions();
        let mut vectors = Vec::with_capacity(texts.len() * length);
        let mut encoded = 0;
        for batch in texts.chunks(BATCH) {
            let Ok(some) = encoder.encode(batch) else {
                step(texts.len() - encoded);
                return None;
            };
            some.iter().for_each(|vector| vectors.extend_from_slice(vector));
            encoded += batch.len();
            step(batch.len());
        }
        // Of a server that gives vectors of another length nothing is compared.
        (vectors.len() == texts.len() * length).then_some(Alike::Meaning(vectors, length))
    }

    /// By words alone.
    pub(super) fn by_words(texts: &[&str]) -> Alike {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut number = |word: &str| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(word.to_owned()).or_insert(next)
        };
        let words = texts.iter().map(|text| {
            let words: BTreeSet<u32> = wording(text).split(' ').map(&mut number).collect();
            words.into_iter().collect()
        });
        Alike::Words(words.collect())
    }

    /// How similar one is to each of those from a place on: the cosine, or the share of common words.
    pub(super) fn to_those_from(&self, one: usize, from: usize, similar: &mut [f32]) {
        match self {
            Alike::Meaning(vectors, length) => {
                dots(&vectors[one * length..][..*length], &vectors[from * length..], similar);
            }
            Alike::Words(words) => {
                for (other, similar) in words[from..].iter().zip(similar) {
                    *similar = common(&words[one], other);
                }
            }
        }
    }
}

/// The share of common words of two sorted lists: twice their number by that of all.
fn common(one: &[u32], other: &[u32]) -> f32 {
    let (shorter, all) = (one.len().min(other.len()), one.len() + other.len());
    let share = |both: usize| 2.0 * both as f32 / all as f32;
    // Most pairs differ in their length alone by more than is looked for.
    if f64::from(share(shorter)) < NEAR {
        return 0.0;
    }
    let (mut a, mut b, mut both) = (0, 0, 0);
    while let (Some(left), Some(right)) = (one.get(a), other.get(b)) {
        both += usize::from(left == right);
        a += usize::from(left <= right);
        b += usize::from(right <= left);
    }
    share(both)
}
