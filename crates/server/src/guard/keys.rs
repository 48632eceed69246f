//! The API keys as this process knows them: all of them, read anew every second, so that no request waits for the
//! database, a revoked key is refused within 5 seconds (A8), and callers are known while the database is away (R3).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use contactiq_domain::{Timestamp, ids::KeyId};
use contactiq_store::{Store, StoreError, keys::ApiKey};

/// How often they are read.
pub const READ_EVERY: Duration = Duration::from_secs(1);
/// A reading takes no longer.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// For so long what was read is all that there is: a key that is not in it is looked up once a time.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// From then on the database counts as away: an unknown key can't be told from one that was just made.
const AWAY_AFTER: Duration = Duration::from_secs(5);
/// Known keys are trusted for so long without the database: then nobody knows any more who was shut out meanwhile.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Uses are kept to within so many seconds.
const USES_WITHIN: i64 = 60;
/// Unknown keys that are remembered, so that guessing does not reach the database.
const MOST_UNKNOWN: usize = 10_000;

/// All keys.
#[derive(Default)]
pub struct KeyCache(Mutex<Known>);

#[derive(Default)]
struct Known {
    keys: HashMap<String, ApiKey>,
    /// When they were read; never, before the first time.
    read: Option<Instant>,
    unknown: HashMap<String, Instant>,
    used: HashMap<KeyId, Timestamp>,
    /// How far each key was seen to be changed, and when that was first known.
    seen: HashMap<KeyId, (i64, Instant)>,
}

impl Known {
    /// Takes in a key, under its secret and the one before.
    fn put(&mut self, key: &ApiKey) {
        for hash in std::iter::once(&key.hash).chain(key.before.as_ref().map(|before| &before.hash)) {
            self.keys.insert(hash.clone(), key.clone());
        }
    }

    /// Whether a key that was read from the database since then is as it was left: one that is behind what was known
    /// before that was put back from an older state, in which it may not have been revoked or rotated. That is told.
    fn is_as_left(&mut self, store: &Store, key: &ApiKey, since: Instant) -> bool {
        match self.seen.get(&key.id).copied() {
            Some((known, at)) if key.generation < known => {
                // What was changed while it was read is not in it.
                let is_put_back = at < since && key.revoked_at.is_none();
                if is_put_back {
                    contactiq_store::keys::tell_put_back(store, key);
                }
                // What is revoked opens nothing.
                key.revoked_at.is_some()
            }
            Some((known, _)) if key.generation == known => true,
            Some(_) | None => {
                self.seen.insert(key.id, (key.generation, Instant::now()));
                true
            }
        }
    }

    /// Keeps what the database said of a key that was looked up.
    fn keep(&mut self, name: String, found: Option<&ApiKey>) {
        if let Some(key) = found {
            self.put(key);
            return;
        }
        if self.unknown.len() >= MOST_UNKNOWN {
            self.unknown.clear();
        }
        self.unknown.insert(name, Instant::now());
    }
}

/// What is known of a key.
enum Look {
    Known(Box<ApiKey>),
    Unknown,
    /// The database has to be asked.
    Ask,
    Away,
}

const AWAY: StoreError = StoreError::Unavailable { why: "keys can't be checked while it is away" };

impl KeyCache {
    /// Reads all of them.
    ///
    /// # Errors
    /// When the database fails: what was known stays known for ten minutes.
    pub async fn read(&self, store: &Store) -> Result<(), StoreError> {
        let since = Instant::now();
        let mut reader = store.read().await?;
        let keys = contactiq_store::keys::list(&mut reader).await?;
        drop(reader);
        let mut known = self.lock();
        known.keys.clear();
        for key in &keys {
            if known.is_as_left(store, key, since) {
                known.put(key);
            }
        }
        // What changed while it was read is not in it.
        known.read = Some(since);
        Ok(())
    }

    /// Takes up how often keys had been changed when they were changed last, as the audit log says: one that the next
    /// reading finds behind that was put back while nobody looked.
    pub fn expect(&self, changes: HashMap<KeyId, i64>) {
        let (mut known, now) = (self.lock(), Instant::now());
        known.seen.extend(changes.into_iter().map(|(key, generation)| (key, (generation, now))));
    }

    /// Whether a key with this hash is known here, without asking anybody.
    pub(super) fn has(&self, hash: &str) -> bool {
        self.lock().keys.contains_key(hash)
    }

    /// The key with this hash, also when it is revoked or expired.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database is away and the key is not known, or nothing was read for ten
    /// minutes.
    pub(super) async fn find(&self, store: &Store, hash: &str) -> Result<Option<ApiKey>, StoreError> {
        match self.look(hash, Instant::now()) {
            Look::Known(key) => return Ok(Some(*key)),
            Look::Unknown => return Ok(None),
            Look::Away => return Err(AWAY),
            Look::Ask => {}
        }
        let since = Instant::now();
        let mut reader = store.read().await?;
        let found = contactiq_store::keys::find_by_hash(&mut reader, hash).await?;
        drop(reader);
        Ok(self.found(store, hash.to_owned(), found, since))
    }

    /// The key with this id, also when it is revoked or expired.
    ///
    /// # Errors
    /// As [`KeyCache::find`].
    pub(super) async fn find_by_id(&self, store: &Store, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        // A name that no hash has, so that an unknown id is looked up once a time too.
        let name = format!("id:{id}");
        let hash = self.lock().keys.values().find(|key| key.id == id).map(|key| key.hash.clone());
        match self.look(hash.as_deref().unwrap_or(&name), Instant::now()) {
            Look::Known(key) => return Ok(Some(*key)),
            Look::Unknown => return Ok(None),
            Look::Away => return Err(AWAY),
            Look::Ask => {}
        }
        let since = Instant::now();
        let mut reader = store.read().await?;
        let found = contactiq_store::keys::find_by_id(&mut reader, id).await?;
        drop(reader);
        Ok(self.found(store, name, found, since))
    }

    /// Keeps what the database said of a key that was looked up since then.
    fn found(&self, store: &Store, name: String, found: Option<ApiKey>, since: Instant) -> Option<ApiKey> {
        let mut known = self.lock();
        let found = found.filter(|key| known.is_as_left(store, key, since));
        known.keep(name, found.as_ref());
        found
    }

    /// Takes up what was just changed of a key, without waiting for the next reading.
    pub fn learn(&self, key: &ApiKey) {
        let mut known = self.lock();
        known.keys.retain(|_, other| other.id != key.id);
        known.seen.insert(key.id, (key.generation, Instant::now()));
        known.put(key);
    }

    fn look(&self, hash: &str, now: Instant) -> Look {
        let known = self.lock();
        let age = known.read.map(|read| now.saturating_duration_since(read));
        match (known.keys.get(hash), age) {
            (Some(_), Some(age)) if age >= KEPT_FOR => Look::Away,
            (Some(key), Some(_)) => Look::Known(Box::new(key.clone())),
            (None, Some(age)) if age >= AWAY_AFTER => Look::Away,
            (None, Some(_)) if known.unknown.get(hash).is_some_and(|at| now - *at < FRESH_FOR) => {
                Look::Unknown
            }
            (_, None) | (None, Some(_)) => Look::Ask,
        }
    }

    /// Whether callers with a key are known: the keys were read within the last ten minutes.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.lock().read.is_some_and(|read| read.elapsed() < KEPT_FOR)
    }

    /// Whether its use is worth keeping: the first within a minute.
    pub(super) fn is_first_use(&self, key: &ApiKey, now: Timestamp) -> bool {
        let is_old = |used: Timestamp| used.plus_seconds(USES_WITHIN) < now;
        let mut known = self.lock();
        let noted = known.used.get(&key.id).copied().or(key.last_used_at);
        if noted.is_none_or(is_old) {
            known.used.insert(key.id, now);
            return true;
        }
        false
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::{Role, ids::KeyId};

    use super::*;
    use crate::wiring::SystemIds;

    fn key(hash: &str) -> ApiKey {
        ApiKey {
            id: KeyId::new(&SystemIds),
            name: "shop".to_owned(),
            prefix: "ciq_test".to_owned(),
            hash: hash.to_owned(),
            role: Role::Service,
            mode: None,
            scopes: None,
            before: None,
            rate_per_minute: None,
            budget: Default::default(),
            created_at: Timestamp::from_micros(0),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            generation: 0,
        }
    }

    fn read_before(age: Duration) -> (KeyCache, Instant) {
        let cache = KeyCache::default();
        let read = Instant::now();
        let mut known = cache.lock();
        known.read = Some(read);
        known.keys.insert("known".to_owned(), key("known"));
        drop(known);
        (cache, read + age)
    }

    #[test]
    fn a_known_key_is_known_for_ten_minutes_without_the_database_and_no_longer() {
        for (seconds, is_known) in [(0, true), (3, true), (301, true), (599, true), (600, false)] {
            let (cache, now) = read_before(Duration::from_secs(seconds));
            match cache.look("known", now) {
                Look::Known(found) => assert!(is_known && found.hash == "known", "{seconds}"),
                Look::Away => assert!(!is_known, "{seconds}"),
                Look::Unknown | Look::Ask => panic!("{seconds}"),
            }
        }
    }

    #[test]
    fn an_unknown_key_is_looked_up_once_a_while_and_not_at_all_while_the_database_is_away() {
        let (cache, now) = read_before(Duration::from_secs(1));
        assert!(matches!(cache.look("other", now), Look::Ask), "it may have been made this second");
        cache.lock().unknown.insert("other".to_owned(), now);
        assert!(matches!(cache.look("other", now + Duration::from_secs(1)), Look::Unknown));
        assert!(matches!(cache.look("other", now + Duration::from_secs(3)), Look::Ask));
        assert!(matches!(cache.look("other", now + Duration::from_secs(4)), Look::Away));
        assert!(matches!(KeyCache::default().look("known", now), Look::Ask), "nothing was read yet");
    }

    #[test]
    fn a_use_is_kept_once_a_minute() {
        let (cache, _) = read_before(Duration::ZERO);
        let (key, at) = (key("known"), |seconds: i64| Timestamp::from_micros(seconds * 1_000_000));
        assert!(cache.is_first_use(&key, at(100)));
        assert!(!cache.is_first_use(&key, at(160)));
        assert!(cache.is_first_use(&key, at(161)));
        let used = ApiKey { last_used_at: Some(at(300)), id: KeyId::new(&SystemIds), ..key };
        assert!(!cache.is_first_use(&used, at(301)), "another process kept it");
    }
}
