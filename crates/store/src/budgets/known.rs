//! Which API keys have a budget, as this process knows it: read anew every two seconds, so that a question of a key
//! without one waits for no database.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use contactiq_domain::ids::KeyId;

use super::PATIENCE;
use crate::{Store, StoreError, value::values};

/// How long what was read counts.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// After a reading that failed nobody tries again for so long.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);
/// Who knows them already waits no longer for another reading.
const AGAIN: Duration = Duration::from_millis(250);
/// What was read is believed for so long without the database; then every key may have a budget.
const KEPT_FOR: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Known {
    keys: Mutex<Keys>,
    /// One reads, the others wait for what it finds.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Keys {
    with_budget: HashSet<KeyId>,
    /// When they were read; never, before the first time.
    read: Option<Instant>,
    /// Until then nobody reads them again.
    rests_until: Option<Instant>,
}

impl Keys {
    fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    fn says(&self, key: KeyId, now: Instant) -> bool {
        match self.read {
            Some(read) if now.saturating_duration_since(read) < KEPT_FOR => self.with_budget.contains(&key),
            Some(_) | None => true,
        }
    }
}

impl Known {
    /// Whether this key has a budget, or may have one where nobody can be asked.
    pub(super) async fn has_a_budget(&self, store: &Store, key: KeyId) -> bool {
        let (rests, first) = {
            let keys = self.lock();
            (keys.rests(Instant::now()), keys.read.is_none())
        };
        // Who knows something does not wait for another one's reading.
        let turn = match (rests, first) {
            (true, _) => None,
            (false, true) => Some(self.turn.lock().await),
            (false, false) => self.turn.try_lock().ok(),
        };
        if turn.is_some() && !self.lock().rests(Instant::now()) {
            self.read(store, if first { PATIENCE } else { AGAIN }).await;
        }
        self.lock().says(key, Instant::now())
    }

    async fn read(&self, store: &Store, patience: Duration) {
        let since = Instant::now();
        let read = tokio::time::timeout(patience, keys_with_budget(store)).await;
        let mut keys = self.lock();
        match read {
            Ok(Ok(found)) => {
                keys.with_budget = found;
                keys.read = Some(since);
                keys.rests_until = Some(since + FRESH_FOR);
            }
            Ok(Err(_)) | Err(_) => keys.rests_until = Some(Instant::now() + AFTER_A_FAILURE),
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keys_with_budget(store: &Store) -> Result<HashSet<KeyId>, StoreError> {
    let sql = "SELECT id FROM api_keys WHERE budget_per_day IS NOT NULL OR budget_per_month IS NOT NULL";
    store.read().await?.rows(sql, values![]).await?.iter().map(|row| row.parsed("id")).collect()
}

#[cfg(test)]
mod tests {
    use contactiq_domain::ids::CountingIds;

    use super::*;

    #[test]
    fn a_key_of_which_nobody_knows_may_have_a_budget() {
        let ids = CountingIds::default();
        let (key, other, now) = (KeyId::new(&ids), KeyId::new(&ids), Instant::now());
        assert!(Keys::default().says(key, now));
        let keys = Keys { with_budget: [key].into(), read: Some(now), rests_until: None };
        assert!(keys.says(key, now) && !keys.says(other, now + Duration::from_secs(599)));
        assert!(keys.says(other, now + KEPT_FOR));
    }
}
