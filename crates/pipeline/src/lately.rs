//! What was worked out in the last minutes for the same words (C3): what a question was understood as, which triggers
//! were read in it, and which passages were found for it. Conversations, sensitive intents and personal data are no matter here, because nothing
//! that belongs to a person is kept: words in, the house's own judgement out, under a hash of the words.
//!
//! All stay in the process: asking another machine takes longer than working them out.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role, Trigger, TriggerHit};
use contactiq_nlu::intents::{Neighbour, Prediction};
use hashlink::LruCache;
use sha2::{Digest, Sha256};
use time::Date;

use crate::Found;

/// Passages that were found are found again for so long.
const PASSAGES_KEPT: Duration = Duration::from_secs(300);
/// The most that are kept of each, however many answers a bank remembers: a prediction has a number for every intent,
/// so that with 1,000 of them these are 100 MB.
const MOST: usize = 4_096;

type Key = [u8; 32];

/// The triggers of a text: what fires, and how probable each is.
pub(crate) type Triggers = (Vec<TriggerHit>, Vec<(Trigger, f64)>);

/// The last predictions and searches.
pub struct Lately {
    intents: Mutex<Intents>,
    triggers: Mutex<LruCache<Key, Triggers>>,
    passages: Mutex<LruCache<Key, (Instant, Vec<Found>)>>,
}

/// Predictions, and the names of labels once for all of them.
struct Intents {
    kept: LruCache<Key, Kept>,
    names: HashSet<Arc<str>>,
}

/// A prediction.
struct Kept {
    ranked: Vec<(Arc<str>, f64)>,
    in_scope: f64,
    nearest: Vec<Neighbour>,
}

/// What a search depends on beside its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Searched<'a> {
    pub(crate) mode: Mode,
    pub(crate) role: Role,
    pub(crate) version: &'a str,
    /// Whether the index had vectors: of one version there is one without while a remote encoder is away.
    pub(crate) by_meaning: bool,
    pub(crate) day: Date,
}

impl Lately {
    /// Keeps so many of each, 4,096 at most; 0 keeps none.
    #[must_use]
    pub fn new(capacity: usize) -> Lately {
        let capacity = capacity.min(MOST);
        let intents = Intents { kept: LruCache::new(capacity), names: HashSet::new() };
        let (triggers, passages) = (LruCache::new(capacity), LruCache::new(capacity));
        Lately {
            intents: Mutex::new(intents),
            triggers: Mutex::new(triggers),
            passages: Mutex::new(passages),
        }
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
        if let Some(found) = counted("intents", lock(&self.intents).get(&key)) {
            return found;
        }
        let read = read();
        lock(&self.intents).keep(key, &read);
        read
    }

    /// The triggers that were read in a text and its lines, or are now.
    pub(crate) fn triggers(
        &self,
        (text, lines): (&str, &str),
        vector: Option<&[f32]>,
        read: impl FnOnce() -> Triggers,
    ) -> Triggers {
        let key = key(&[text, lines], vector);
        let found = lock(&self.triggers).get(&key).cloned();
        if let Some(found) = counted("triggers", found) {
            return found;
        }
        let read = read();
        lock(&self.triggers).insert(key, read.clone());
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
        let Searched { mode, role, version, by_meaning, day } = searched;
        let by = if by_meaning { "meaning" } else { "words" };
        let key = key(&[mode.as_str(), role.as_str(), version, by, &day.to_string(), text], vector);
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
        let (triggers, passages) = (lock(&self.triggers).len(), lock(&self.passages).len());
        write!(f, "Lately({}, {triggers}, {passages})", lock(&self.intents).kept.len())
    }
}

impl Intents {
    fn get(&mut self, key: &Key) -> Option<Prediction> {
        let Kept { ranked, in_scope, nearest } = self.kept.get(key)?;
        let ranked = ranked.iter().map(|(label, share)| (label.as_ref().to_owned(), *share)).collect();
        Some(Prediction { ranked, in_scope: *in_scope, nearest: nearest.clone() })
    }

    fn keep(&mut self, key: Key, read: &Prediction) {
        // The labels belong to the process, so the names never grow beyond them.
        let ranked = read.ranked.iter().map(|(label, share)| (self.name(label), *share)).collect();
        self.kept.insert(key, Kept { ranked, in_scope: read.in_scope, nearest: read.nearest.clone() });
    }

    fn name(&mut self, label: &str) -> Arc<str> {
        if let Some(known) = self.names.get(label) {
            return Arc::clone(known);
        }
        let name: Arc<str> = label.into();
        self.names.insert(Arc::clone(&name));
        name
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

/// Counts what was found, or not, in one of the caches.
pub(crate) fn counted<T>(cache: &'static str, found: Option<T>) -> Option<T> {
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
        let here =
            Searched { mode: Mode::Customer, role: Role::Customer, version: "v1", by_meaning: true, day };
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
        assert_eq!(
            ask(Searched { by_meaning: false, ..here }, "the fee", Some(&vector), 9),
            9,
            "what words alone found does not outlive the repair of the index"
        );
        let tomorrow = day.next_day().unwrap();
        assert_eq!(ask(Searched { day: tomorrow, ..here }, "the fee", Some(&vector), 8), 8);
        let none = Lately::new(0);
        assert_eq!(none.passages(here, "the fee", None, || found(1))[0].passage, 1);
        assert_eq!(none.passages(here, "the fee", None, || found(2))[0].passage, 2);
    }

    #[test]
    fn the_triggers_of_the_same_words_are_read_once_and_those_of_others_again() {
        let lately = Lately::new(2);
        let fraud = |score: f64| {
            let hit = TriggerHit {
                trigger: Trigger::SecurityFraud,
                rule: "security_fraud/learned".to_owned(),
                score,
            };
            (vec![hit], vec![(Trigger::SecurityFraud, score)])
        };
        let vector = [1.0_f32, 0.0];
        let read =
            |texts, vector: Option<&[f32]>, score| lately.triggers(texts, vector, || fraud(score)).1[0].1;
        assert_eq!(read(("my card is gone", "my card is gone"), Some(&vector), 0.9), 0.9);
        assert_eq!(read(("my card is gone", "my card is gone"), Some(&vector), 0.1), 0.9);
        assert_eq!(
            read(("my card is gone", "my card\nis gone"), Some(&vector), 0.2),
            0.2,
            "lines are requests"
        );
        assert_eq!(read(("my card is gone", "my card is gone"), None, 0.3), 0.3, "without the encoder");
        assert_eq!(read(("my card is gone", "my card is gone"), Some(&vector), 0.4), 0.4, "the oldest went");
    }

    #[test]
    fn predictions_have_a_bound_of_their_own_and_their_labels_are_kept_once() {
        let lately = Lately::new(1_000_000);
        let read = |n: usize| Prediction {
            ranked: (0..100).map(|label| (format!("intent_{label}"), (n + label) as f64)).collect(),
            in_scope: n as f64,
            nearest: vec![Neighbour { text: "e".to_owned(), label: "intent_1".to_owned(), similarity: 0.5 }],
        };
        for n in 0..MOST + 10 {
            lately.intent(Mode::Customer, &n.to_string(), None, || read(n));
        }
        let last = MOST + 9;
        let again = lately.intent(Mode::Customer, &last.to_string(), None, || panic!("it is kept"));
        assert_eq!(again, read(last));
        let intents = lock(&lately.intents);
        assert_eq!((intents.kept.len(), intents.names.len()), (MOST, 100));
        let shared = intents.names.get("intent_1").map(Arc::strong_count);
        assert_eq!(shared, Some(MOST + 1), "one name for all of them");
    }
}
