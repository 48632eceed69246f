//! What others need who keep an index's vectors elsewhere: which texts they are of, and a search whose
//! cosines come from there.

use super::{Hit, Index, Query, build::encoded, fusion::CANDIDATES};
use std::collections::HashMap;

impl Index {
    /// The texts that an index with an encoder has vectors of, for each entry in order, that of the whole
    /// passage first.
    pub fn encoded_texts(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let each = self.entries.iter().enumerate();
        each.map(|(at, entry)| encoded(entry, self.sentences(at), &self.kind).collect())
    }

    /// The entries that [`Index::search_among`] must know the cosine of, because their words may bring
    /// them among the best.
    #[must_use]
    pub fn best_by_words(&self, query: &Query<'_>) -> Vec<usize> {
        let words = self.lexical.scores(&self.wording(query.text));
        let mut best: Vec<usize> =
            (0..self.len()).filter(|entry| words[*entry] > 0.0 && (query.keep)(*entry)).collect();
        best.sort_unstable_by(|a, b| words[*b].total_cmp(&words[*a]).then(a.cmp(b)));
        best.truncate(CANDIDATES.max(query.k));
        best
    }

    /// As [`Index::search`] among these entries alone, with cosines that were computed elsewhere
    /// ([`near`]); `query.vector` is not looked at.
    #[must_use]
    pub fn search_among(&self, query: &Query<'_>, near: &HashMap<usize, f32>) -> Vec<Hit> {
        let keep = |entry: usize| near.contains_key(&entry) && (query.keep)(entry);
        let cosines = (0..self.len()).map(|entry| near.get(&entry).copied().unwrap_or(-1.0)).collect();
        self.ranked(&Query { text: query.text, vector: None, keep: &keep, k: query.k }, Some(cosines))
    }
}

/// How near a passage is whose own vector and nearest vector have these cosines.
#[must_use]
pub fn near(own: f32, best: f32) -> f32 {
    (2.0 * own + best) / 3.0
}
