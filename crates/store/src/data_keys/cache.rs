//! Unwrapped data keys in memory: bounded, and believed for a second, so that a key that another process destroyed is
//! not used for longer. Nor does it stay: what nobody asks for is forgotten after a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use contactiq_guard::seal::{DataKey, DataKeyId};

/// A key that was seen in its table is believed for so long.
const BELIEVED: Duration = Duration::from_secs(1);
/// Keys of a generation; two of them are kept.
const MOST: usize = 4096;

type Seen = HashMap<DataKeyId, (Arc<DataKey>, Instant)>;

/// The keys that were used last.
#[derive(Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    now: Seen,
    before: Seen,
    looked_through: Option<Instant>,
}

impl Cache {
    /// Those of these keys that are believed, and the ids of the others.
    pub(super) fn get(&self, ids: &[DataKeyId]) -> (HashMap<DataKeyId, Arc<DataKey>>, Vec<DataKeyId>) {
        let (mut known, mut unknown) = (HashMap::with_capacity(ids.len()), Vec::new());
        let mut kept = self.lock();
        for id in ids {
            match kept.find(*id) {
                Some((key, seen)) if seen.elapsed() < BELIEVED => {
                    known.insert(*id, key);
                }
                _ => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// A key whose row was just seen.
    pub(super) fn confirmed(&self, id: DataKeyId) -> Option<Arc<DataKey>> {
        let mut kept = self.lock();
        let (key, _) = kept.find(id)?;
        kept.put(&key);
        Some(key)
    }

    /// Keeps a key that was just unwrapped.
    pub(super) fn put(&self, key: &Arc<DataKey>) {
        self.lock().put(key);
    }

    /// Forgets keys; they are wiped once nobody uses them.
    pub(super) fn forget(&self, ids: &[DataKeyId]) {
        let mut kept = self.lock();
        for id in ids {
            kept.now.remove(id);
            kept.before.remove(id);
        }
    }

    /// Forgets keys whose rows were not seen for `long`. Cheap to ask often: it looks through them that seldom.
    pub(super) fn forget_unused(&self, long: Duration) {
        let mut kept = self.lock();
        if kept.looked_through.is_some_and(|at| at.elapsed() < long) {
            return;
        }
        kept.looked_through = Some(Instant::now());
        kept.now.retain(|_, (_, seen)| seen.elapsed() < long);
        kept.before.retain(|_, (_, seen)| seen.elapsed() < long);
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(&mut self, id: DataKeyId) -> Option<(Arc<DataKey>, Instant)> {
        if let Some(found) = self.now.get(&id) {
            return Some(found.clone());
        }
        let found = self.before.remove(&id)?;
        self.now.insert(id, found.clone());
        Some(found)
    }

    fn put(&mut self, key: &Arc<DataKey>) {
        if self.now.len() >= MOST {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.insert(key.id(), (Arc::clone(key), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Arc<DataKey> {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        Arc::new(DataKey::new(id, [1; 32], Vec::new()))
    }

    #[test]
    fn it_is_bounded_and_keeps_what_was_used_last() {
        let cache = Cache::default();
        for number in 0..3 * MOST as u32 {
            cache.put(&key(number));
        }
        let (last, first) = (key(3 * MOST as u32 - 1).id(), key(0).id());
        assert_eq!(cache.get(&[last, first]).1, [first]);
        let kept = cache.lock();
        assert!(kept.now.len() + kept.before.len() <= 2 * MOST);
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let cache = Cache::default();
        cache.put(&key(1));
        assert!(cache.confirmed(key(1).id()).is_some());
        cache.forget(&[key(1).id()]);
        assert!(cache.confirmed(key(1).id()).is_none() && cache.get(&[key(1).id()]).1.len() == 1);
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let cache = Cache::default();
        cache.put(&key(1));
        cache.forget_unused(Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
        cache.put(&key(2));
        // It was looked through a moment ago.
        cache.forget_unused(Duration::from_secs(60));
        assert!(cache.confirmed(key(1).id()).is_some());
        std::thread::sleep(Duration::from_millis(20));
        cache.put(&key(2));
        cache.forget_unused(Duration::from_millis(20));
        assert!(cache.confirmed(key(1).id()).is_none() && cache.confirmed(key(2).id()).is_some());
    }
}
