//! How keys are used, as all replicas know it (A3, A8): in Redis where there is one, else in the database. What it says
//! is for whoever keeps it; here it is a sealed text under a keyed hash of the name.
//!
//! It is changed by comparing: whoever read it writes it only where nobody else did meanwhile, so that two replicas lose
//! nothing of each other's and only one of them is told that something is news.

use std::{collections::HashMap, time::Duration};

use contactiq_domain::Timestamp;
use redis::Script;
use tokio::time::timeout;

use crate::{
    Store, StoreError, Writer,
    redis_link::{RedisAddress, RedisLink, SharedError},
    row::place,
    value::{Value, places, values},
};

const TABLE: &str = "key_uses";
/// How a sealed state begins: what does not was not written here.
const SEALED: &str = "sealed:";
/// Callers of one round trip.
pub const TOGETHER: usize = 200;
/// Nobody waits for it but a job.
const PATIENCE: Duration = Duration::from_secs(2);
/// Writes each state whose key still holds what was read, and says of which that was so.
const COMPARE_AND_SET: &str = "
local done = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key) or ''
  if held == ARGV[i * 3 - 2] then
    redis.call('SET', key, ARGV[i * 3 - 1], 'EX', ARGV[i * 3])
    done[i] = 1
  else
    done[i] = 0
  end
end
return done
";

/// Why it can't be read or written now.
#[derive(Debug, thiserror::Error)]
pub enum UsesError {
    /// Redis.
    #[error("{0}")]
    Shared(#[from] SharedError),
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// It does not answer in time.
    #[error("the database or Redis does not answer within {} s", PATIENCE.as_secs())]
    Slow,
}

/// What was kept of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    whom: String,
    /// As it stands there; nothing where there is none.
    sealed: String,
    /// What it says; none where there is none, or where it was not written here.
    pub state: Option<String>,
}

/// What is to be kept in its place.
#[derive(Debug, Clone)]
pub struct Change {
    /// What was read.
    pub of: Kept,
    /// What is written.
    pub state: String,
    /// How long it is kept from now on, in seconds.
    pub seconds: u32,
}

/// Where the uses of keys are kept.
pub struct KeyUses {
    store: Store,
    redis: Option<(RedisLink, Script)>,
}

impl KeyUses {
    /// In Redis where there is an address, else in this database. Nothing is sent before the first question.
    ///
    /// # Errors
    /// When the address can't be read as one.
    pub fn new(store: Store, redis: Option<RedisAddress>) -> Result<KeyUses, SharedError> {
        let redis = match redis {
            Some(address) => Some((RedisLink::new(address, PATIENCE)?, Script::new(COMPARE_AND_SET))),
            None => None,
        };
        Ok(KeyUses { store: store.at_work(), redis })
    }

    /// In this database.
    #[must_use]
    pub fn in_database(store: Store) -> KeyUses {
        KeyUses { store: store.at_work(), redis: None }
    }

    /// What is kept of these callers, in their order; at most [`TOGETHER`].
    ///
    /// # Errors
    /// When Redis or the database can't be asked, or does not answer within two seconds.
    pub async fn read(&self, names: &[&str]) -> Result<Vec<Kept>, UsesError> {
        timeout(PATIENCE, self.find(names)).await.map_err(|_| UsesError::Slow)?
    }

    async fn find(&self, names: &[&str]) -> Result<Vec<Kept>, UsesError> {
        let all: Vec<String> =
            names.iter().map(|name| self.store.pseudonym(&format!("{TABLE}\0{name}"))).collect();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let mut held: HashMap<String, String> = HashMap::new();
        match &self.redis {
            Some((redis, _)) => {
                let keys: Vec<String> = all.iter().map(|whom| key_of(whom)).collect();
                let get = async |mut redis| {
                    redis::cmd("MGET").arg(&keys).query_async::<Vec<Option<String>>>(&mut redis).await
                };
                let found = redis.ask(get).await?;
                held.extend(all.iter().cloned().zip(found).filter_map(|(whom, text)| Some((whom, text?))));
            }
            None => {
                let mut r = self.store.read().await?;
                let sql = format!(
                    "SELECT whom, state FROM key_uses WHERE whom IN {}",
                    places(r.is_postgres(), 1, all.len())
                );
                let bound: Vec<Value> = all.iter().flat_map(|whom| values![whom]).collect();
                for row in r.rows_built(sql, bound, all.len()).await? {
                    held.insert(row.text("whom")?, row.text("state")?);
                }
            }
        }
        Ok(all.into_iter().map(|whom| self.kept(&mut held, whom)).collect())
    }

    fn kept(&self, held: &mut HashMap<String, String>, whom: String) -> Kept {
        let sealed = held.get(&whom).cloned().unwrap_or_default();
        let opened = || self.store.sealer().reveal(&sealed, &at(&whom)).ok();
        let state = sealed.starts_with(SEALED).then(opened).flatten();
        Kept { whom, sealed, state }
    }

    /// Writes these, each where it still stands as it was read; whether it did, in their order. At most [`TOGETHER`].
    ///
    /// # Errors
    /// When Redis or the database can't be asked, or does not answer within two seconds.
    pub async fn write(&self, changes: &[Change], now: Timestamp) -> Result<Vec<bool>, UsesError> {
        timeout(PATIENCE, self.put(changes, now)).await.map_err(|_| UsesError::Slow)?
    }

    async fn put(&self, changes: &[Change], now: Timestamp) -> Result<Vec<bool>, UsesError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let sealed = |change: &Change| self.store.sealer().hide(&change.state, &at(&change.of.whom));
        if let Some((redis, script)) = &self.redis {
            let mut invocation = script.prepare_invoke();
            for change in changes {
                invocation.key(key_of(&change.of.whom));
                invocation.arg(&change.of.sealed).arg(sealed(change)).arg(change.seconds.max(1));
            }
            let asked = redis.ask(async |mut manager| invocation.invoke_async::<Vec<u8>>(&mut manager).await);
            return Ok(asked.await?.into_iter().map(|done| done == 1).collect());
        }
        let mut done = vec![false; changes.len()];
        // In one order, so that two replicas don't wait for each other.
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_unstable_by_key(|place| &changes[*place].of.whom);
        let mut w = self.store.write().await?;
        for place in order {
            let change = &changes[place];
            let until = now.plus_seconds(i64::from(change.seconds));
            let (whom, state) = (&change.of.whom, sealed(change));
            let written = if change.of.sealed.is_empty() {
                w.execute(
                    "INSERT INTO key_uses (whom, state, kept_until) VALUES ($1, $2, $3)
                     ON CONFLICT (whom) DO NOTHING",
                    values![whom, state, until],
                )
                .await?
            } else {
                w.execute(
                    "UPDATE key_uses SET state = $2, kept_until = $3 WHERE whom = $1 AND state = $4",
                    values![whom, state, until, &change.of.sealed],
                )
                .await?
            };
            done[place] = written > 0;
        }
        w.save().await?;
        Ok(done)
    }
}

/// Forgets those in the database whose time is over; how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(w: &mut Writer, now: Timestamp) -> Result<u64, StoreError> {
    w.execute("DELETE FROM key_uses WHERE kept_until < $1", values![now]).await
}

fn at(whom: &str) -> String {
    place(TABLE, "state", whom)
}

fn key_of(whom: &str) -> String {
    format!("contactiq:use:{whom}")
}

impl std::fmt::Debug for KeyUses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.redis.is_some() { "KeyUses(Redis)" } else { "KeyUses(database)" })
    }
}
