//! The words that decided: what each contributed to one label against another. They are spelled as the training set
//! spells them, so that a reason never holds what only the person wrote.

use std::collections::HashMap;

use super::features::{self, Word};
use super::views::Views;
use super::vocabulary::Sparse;

/// How many words are named.
const MOST: usize = 5;

/// How the training set spells a stem: the wording that it uses most.
#[derive(Debug, Clone, Default)]
pub(super) struct Spellings(HashMap<String, String>);

impl Spellings {
    /// Of these texts.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut seen: HashMap<String, HashMap<String, u32>> = HashMap::new();
        for word in texts.flat_map(features::words) {
            *seen.entry(word.stem).or_default().entry(word.surface).or_default() += 1;
        }
        let most_used = |surfaces: HashMap<String, u32>| {
            surfaces
                .into_iter()
                .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
                .map(|(word, _)| word)
        };
        Self(seen.into_iter().filter_map(|(stem, surfaces)| Some((stem, most_used(surfaces)?))).collect())
    }

    /// The word as the training set has it: in this form where that was seen, else in the form that was.
    fn name(&self, views: &Views, word: &Word) -> Option<String> {
        match views.vocabulary.number(features::surface_hash(word)) {
            Some(_) => Some(word.surface.clone()),
            None => self.0.get(&word.stem).cloned(),
        }
    }
}

/// The words and pairs of words that speak most for `first` against `second`, strongest first.
pub(super) fn deciding(
    (views, spellings): (&Views, &Spellings),
    words: &[Word],
    row: &Sparse,
    (first, second): (usize, usize),
) -> Vec<String> {
    let values: HashMap<usize, f32> = row.iter().collect();
    let share = |hash: u64| -> f32 {
        let Some(number) = views.vocabulary.number(hash) else { return 0.0 };
        let Some(value) = values.get(&number) else { return 0.0 };
        let weights = views.lexical.sparse.row(number);
        value * (weights[first] - weights[second])
    };
    let mut named: Vec<(f32, String)> = Vec::new();
    let mut add = |share: f32, name: &dyn Fn() -> Option<String>| {
        if share > 0.0
            && let Some(name) = name()
            && !named.iter().any(|(_, known)| *known == name)
        {
            named.push((share, name));
        }
    };
    for (place, word) in words.iter().enumerate() {
        let alone = share(features::surface_hash(word)) + share(features::stem_hash(word));
        add(alone, &|| spellings.name(views, word));
        if let Some(next) = words.get(place + 1) {
            let pair = || Some(format!("{} {}", spellings.name(views, word)?, spellings.name(views, next)?));
            add(share(features::bigram_hash(word, next)), &pair);
        }
    }
    named.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    named.into_iter().take(MOST).map(|(_, name)| name).collect()
}
