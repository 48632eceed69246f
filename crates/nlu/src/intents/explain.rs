//! The words that decided: what each contributed to the first label against the second.

use std::collections::HashMap;

use super::features::{self, Word};
use super::views::Views;
use super::vocabulary::Sparse;

/// How many words are named.
const MOST: usize = 5;

/// The words and pairs of words that speak most for `first` against `second`, strongest first.
pub(super) fn deciding(
    views: &Views,
    words: &[Word],
    row: &Sparse,
    first: usize,
    second: usize,
) -> Vec<String> {
    let values: HashMap<usize, f32> = row.iter().collect();
    let share = |hash: u64| -> f32 {
        let Some(number) = views.vocabulary.number(hash) else { return 0.0 };
        let Some(value) = values.get(&number) else { return 0.0 };
        let weights = views.lexical.sparse.row(number);
        value * (weights[first] - weights[second])
    };
    let mut named: Vec<(f32, String)> = Vec::new();
    let mut add = |share: f32, name: String| {
        if share > 0.0 && !named.iter().any(|(_, known)| *known == name) {
            named.push((share, name));
        }
    };
    for (place, word) in words.iter().enumerate() {
        let alone = share(features::surface_hash(word)) + share(features::stem_hash(word));
        add(alone, word.surface.clone());
        if let Some(next) = words.get(place + 1) {
            add(share(features::bigram_hash(word, next)), format!("{} {}", word.surface, next.surface));
        }
    }
    named.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    named.into_iter().take(MOST).map(|(_, name)| name).collect()
}
