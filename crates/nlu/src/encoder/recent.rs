//! The recently used vectors, bounded.

use std::{collections::HashMap, sync::Arc};

pub(crate) use contactiq_domain::VectorKey as Key;

/// A map that forgets what has not been asked for lately.
///
/// Two generations instead of a list in order of use: when the younger one is half of the capacity it
/// becomes the older one, and the older one is dropped whole. What is asked for moves to the younger
/// one. So an entry outlives at least half a capacity of others, at the cost of a plain hash map.
#[derive(Debug)]
pub(crate) struct Recent {
    young: HashMap<Key, Arc<[f32]>>,
    old: HashMap<Key, Arc<[f32]>>,
    half: usize,
}

impl Recent {
    /// At most `capacity` vectors; 0 keeps none.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: capacity.div_ceil(2) }
    }

    /// The vector of this key, now young again.
    pub(crate) fn get(&mut self, key: &Key) -> Option<Arc<[f32]>> {
        if let Some(vector) = self.young.get(key) {
            return Some(Arc::clone(vector));
        }
        let vector = self.old.remove(key)?;
        self.put(*key, Arc::clone(&vector));
        Some(vector)
    }

    /// Remembers a vector.
    pub(crate) fn put(&mut self, key: Key, vector: Arc<[f32]>) {
        if self.half == 0 {
            return;
        }
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, vector);
    }

    /// Vectors held.
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        [n; 16]
    }

    #[test]
    fn keeps_what_is_used_and_stays_within_its_capacity() {
        let mut recent = Recent::new(4);
        for n in 0..100 {
            recent.put(key(n), Arc::from([f32::from(n)]));
            assert!(recent.len() <= 4);
            // The first is asked for each time, so it is never forgotten.
            assert_eq!(recent.get(&key(0)).unwrap()[0], 0.0);
        }
        assert!(recent.get(&key(50)).is_none());
        assert_eq!(recent.get(&key(99)).unwrap()[0], 99.0);
    }

    #[test]
    fn a_capacity_of_nothing_keeps_nothing() {
        let mut recent = Recent::new(0);
        recent.put(key(1), Arc::from([1.0]));
        assert!(recent.get(&key(1)).is_none());
    }
}
