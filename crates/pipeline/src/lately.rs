//! What was worked out in the last minutes for the same words (C3): what a question was understood as, and which
//! passages were found for it. Conversations, sensitive intents and personal data are no matter here, because nothing
//! that belongs to a person is kept: words in, the house's own judgement out, under a hash of the words.
//!
//! Both stay in the process: asking another machine takes longer than working them out.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role};
use contactiq_nlu::intents::Prediction;
use hashlink::LruCache;
use sha2::{Digest, Sha256};
use time::Date;

use crate::Found;

/// Passages that were found are found again for so long.
const PASSAGES_KEPT: Duration = Duration::from_secs(300);

type Key = [u8; 32];

/// The last predictions and searches.
pub struct Lately {
    intents: Mutex<LruCache<Key, Prediction>>,
    passages: Mutex<LruCache<Key, (Instant, Vec<Found>)>>,
}

/// What a search depends on beside its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Searched<'a> {
    pub(crate) mode: Mode,
    pub(crate) role: Role,
    pub(crate) version: &'a str,
    pub(crate) day: Date,
}

impl Lately {
    /// Keeps so many of each; 0 keeps none.
    #[must_use]
    pub fn new(capacity: usize) -> Lately {
        Lately { intents: Mutex::new(LruCache::new(capacity)), passages: Mutex::new(LruCache::new(capacity)) }
    }

    /// What a text was read as, or is now.
    pub(crate) fn intent(
        &self,
        mode: Mode,
        text: &str,
        vector: Option<&[f32]>,
        read: impl FnOnce() -> Prediction,
    ) -> Prediction {
        let key = key(&[mode.as_str(), text], vector);
        if let Some(found) = counted("intents", lock(&self.intents).get(&key).cloned()) {
            return found;
        }
        let read = read();
        lock(&self.intents).insert(key, read.clone());
        read
    }

    /// What a search found, or finds now.
    pub(crate) fn passages(
        &self,
        searched: Searched<'_>,
        text: &str,
        vector: Option<&[f32]>,
        search: impl FnOnce() -> Vec<Found>,
    ) -> Vec<Found> {
        let Searched { mode, role, version, day } = searched;
        let key = key(&[mode.as_str(), role.as_str(), version, &day.to_string(), text], vector);
        let fresh = |(since, _): &&(Instant, Vec<Found>)| since.elapsed() < PASSAGES_KEPT;
        let found = lock(&self.passages).get(&key).filter(fresh).map(|(_, found)| found.clone());
        if let Some(found) = counted("passages", found) {
            return found;
        }
        let found = search();
        lock(&self.passages).insert(key, (Instant::now(), found.clone()));
        found
    }
}

impl std::fmt::Debug for Lately {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lately({}, {})", lock(&self.intents).len(), lock(&self.passages).len())
    }
}

/// The vector takes part: a remote encoder that was away for a moment, or another text that was put in its place.
fn key(parts: &[&str], vector: Option<&[f32]>) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    for number in vector.into_iter().flatten() {
        hash.update(number.to_le_bytes());
    }
    hash.finalize().into()
}

fn counted<T>(cache: &'static str, found: Option<T>) -> Option<T> {
    let name = if found.is_some() { "contactiq_cache_hits_total" } else { "contactiq_cache_misses_total" };
    metrics::counter!(name, "cache" => cache).increment(1);
    found
}

// Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(passage: usize) -> Vec<Found> {
        vec![Found { passage, document: 0, score: 1.0, bm25: 1.0, cosine: 1.0, coverage: 1.0 }]
    }

    #[test]
    fn the_same_search_is_made_once_and_every_other_one_again() {
        let lately = Lately::new(8);
        let day = time::macros::date!(2026 - 11 - 29);
        let here = Searched { mode: Mode::Customer, role: Role::Customer, version: "v1", day };
        let vector = [1.0_f32, 0.0];
        let ask = |searched, text, vector: Option<&[f32]>, new| {
            lately.passages(searched, text, vector, || found(new))[0].passage
        };
        assert_eq!(ask(here, "the fee", Some(&vector), 1), 1);
        assert_eq!(ask(here, "the fee", Some(&vector), 2), 1);
        assert_eq!(ask(here, "the fees", Some(&vector), 3), 3);
        assert_eq!(ask(here, "the fee", None, 4), 4);
        assert_eq!(ask(Searched { role: Role::Banker, ..here }, "the fee", Some(&vector), 5), 5);
        assert_eq!(ask(Searched { mode: Mode::Banker, ..here }, "the fee", Some(&vector), 6), 6);
        assert_eq!(ask(Searched { version: "v2", ..here }, "the fee", Some(&vector), 7), 7);
        let tomorrow = day.next_day().unwrap();
        assert_eq!(ask(Searched { day: tomorrow, ..here }, "the fee", Some(&vector), 8), 8);
        let none = Lately::new(0);
        assert_eq!(none.passages(here, "the fee", None, || found(1))[0].passage, 1);
        assert_eq!(none.passages(here, "the fee", None, || found(2))[0].passage, 2);
    }
}
