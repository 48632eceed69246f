//! How much of a sentence its evidence says: by words, and where there is an encoder by meaning.

use std::collections::BTreeSet;

use super::{Evidence, quantity::Quantities, vocabulary::keys};

/// The passages hold this share of the words of the sentence that say something…
const OF_THE_PASSAGES: f64 = 0.6;
/// …and one of their sentences this share.
const OF_A_SENTENCE: f64 = 0.4;
/// With an encoder a sentence of the passages is at least so near…
const NEAR: f64 = 0.4;
/// …and one that is so near carries other words too…
const VERY_NEAR: f64 = 0.8;
/// …as long as the passages hold this share of them: meaning alone takes "branch" for "app".
const SOME_WORDS: f64 = 0.4;

/// The place in the evidence that carries a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Number in the evidence.
    pub(crate) passage: usize,
    /// Number of the sentence in its passage.
    pub(crate) sentence: usize,
}

/// Where each piece of evidence carries the sentence best, if together they carry it at all.
pub(super) fn carried(
    claim: &str,
    vector: Option<&[f32]>,
    evidence: &[Evidence<'_>],
) -> Option<Vec<Carried>> {
    let words = keys(&Quantities::of(claim).words);
    let share = |held: &BTreeSet<String>| {
        if words.is_empty() { 1.0 } else { words.intersection(held).count() as f64 / words.len() as f64 }
    };
    let mut all: BTreeSet<String> = BTreeSet::new();
    let (mut most, mut nearest) = (0.0_f64, None::<f64>);
    let mut places = Vec::new();
    for (number, passage) in evidence.iter().enumerate() {
        let place = keys(&passage.place);
        let mut best: Option<(f64, usize)> = None;
        for (at, sentence) in passage.sentences.iter().enumerate() {
            let own = keys(&sentence.text);
            let with_place: BTreeSet<String> = own.union(&place).cloned().collect();
            let near = cosine(vector, sentence.vector.as_deref());
            nearest = near.map_or(nearest, |n| Some(nearest.map_or(n, |other| other.max(n))));
            most = most.max(share(&with_place));
            let score = share(&own) + 0.1 * near.unwrap_or(0.0);
            if best.is_none_or(|(other, _)| score > other) {
                best = Some((score, at));
            }
            all.extend(own);
        }
        all.extend(place);
        places.push(Carried { passage: number, sentence: best?.1 });
    }
    let held = share(&all);
    let by_words = held >= OF_THE_PASSAGES && most >= OF_A_SENTENCE;
    let by_meaning = nearest.is_some_and(|n| n >= VERY_NEAR) && held >= SOME_WORDS;
    let far = nearest.is_some_and(|n| n < NEAR);
    ((by_words && !far) || by_meaning).then_some(places)
}

fn cosine(a: Option<&[f32]>, b: Option<&[f32]>) -> Option<f64> {
    let (a, b) = (a?, b?);
    (a.len() == b.len()).then(|| a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum())
}
