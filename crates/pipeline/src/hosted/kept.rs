//! What a hosted store said a moment ago. Nobody tells us when it changes, so it is used again for a short while alone.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use contactiq_domain::{Document, Mode, Passage, Role};
use contactiq_guard::Published;
use contactiq_llm::VectorStores;
use hashlink::LruCache;
use sha2::{Digest, Sha256};
use time::Date;

use super::Told;
use crate::Knowledge;

/// A question's knowledge takes a few hundred kilobytes.
const MOST: usize = 64;

pub(super) type Key = [u8; 32];

/// When it was heard, what it came to, and what is told of it.
type Answer = (Instant, Arc<Knowledge>, Told);

/// The last answers.
pub(super) struct Kept {
    age: Duration,
    answers: Mutex<LruCache<Key, Answer>>,
}

impl Kept {
    pub(super) fn new(age: Duration) -> Kept {
        Kept { age, answers: Mutex::new(LruCache::new(MOST)) }
    }

    pub(super) fn get(&self, key: &Key) -> Option<(Arc<Knowledge>, Told)> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, knowledge, told) = answers.get(key)?;
        (since.elapsed() < self.age).then(|| (Arc::clone(knowledge), told.clone()))
    }

    pub(super) fn put(&self, key: Key, knowledge: Arc<Knowledge>, told: Told) {
        if self.age.is_zero() {
            return;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key, (Instant::now(), knowledge, told));
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept(for {:?})", self.age)
    }
}

/// What an answer of the stores depends on: which they are, who asks, and what.
pub(super) fn key(stores: &VectorStores, mode: Mode, role: Role, day: Date, queries: &[String]) -> Key {
    let mut hash = Sha256::new();
    let day = day.to_string();
    let fixed = [mode.as_str(), role.as_str(), &day].into_iter();
    let names = stores.stores().chain(["\u{0}"]);
    for part in fixed.chain(names).chain(queries.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// The name under which a record knows this knowledge: made of all that it says, in its order.
pub(super) fn version(documents: &[(Document<()>, Vec<Passage<Published>>)]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    };
    for (document, passages) in documents {
        for part in
            [&document.slug, &document.title, &document.url, &document.product, &document.content_hash]
        {
            add(part);
        }
        let words = [document.collection.as_str(), document.content_type.as_str()];
        let days = [document.valid_from, document.valid_until].map(|day| format!("{day:?}"));
        words.into_iter().for_each(&mut add);
        days.iter().map(String::as_str).for_each(&mut add);
        add(document.role.map_or("", Role::as_str));
        for passage in passages {
            passage.headings.iter().map(String::as_str).for_each(&mut add);
            add(passage.text.as_str());
        }
    }
    let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("hosted-{digest}")
}
