//! The places of a server's record beside the database: the queue of a cluster, and a spool of its own.

use std::{io::Read, path::PathBuf, sync::Arc, time::Duration};

use contactiq_domain::Ids;
use contactiq_pipeline::{House, Recall};
use contactiq_store::{
    Ledger, SharedAnswers, Store, StoreError,
    ledger::{
        Drained, Places,
        queue::{Durability, Queue},
        spool::{self, Seen, Spool, SpoolError},
    },
    meta,
};
use sha2::{Digest, Sha256};

use super::{StartError, make_private};
use crate::{
    config::Config,
    wiring::{self, SystemClock, SystemIds},
};

/// Servers that may share a data folder.
pub(super) const PLACES: usize = 64;
const OFF: &str = "off";
/// The name under which a database keeps an id of its own.
const DATABASE: &str = "database";

/// Gives the house's ledger its places: with PostgreSQL and Redis the queue, and a spool. Each server on a data
/// folder has one of its own, named by a number.
///
/// # Errors
/// [`StartError`] when the folder can't be used.
pub(crate) async fn with_places(house: &mut House, config: &Config) -> Result<(), StartError> {
    let queue = queue(&house.store, &*house.ids, config).await?;
    if let Some(queue) = &queue
        && config.limits.remembered_answers > 0
    {
        share_answers(house, config, queue).await?;
    }
    let own = match folder(config) {
        Some(folder) => Some(own_spool(folder, config).await?),
        None => None,
    };
    let left = own.as_ref().map_or(0, |spool| spool.depth().entries);
    house.ledger = ledger(house, Places { queue, spool: own });
    if left > 0 {
        // What was said before the last end is read before anything new is said.
        told(house.ledger.drain().await);
    }
    look_at_queue(house).await;
    Ok(())
}

/// Looks how surely the queue keeps what it takes, and says so when that is not at all: once, until it changes.
pub(crate) async fn look_at_queue(house: &House) {
    let before = house.ledger.durability();
    match house.ledger.look_at_queue().await {
        Err(error) => tracing::debug!(%error, "the queue does not answer"),
        Ok(()) if house.ledger.durability() == before => {}
        Ok(()) => match house.ledger.durability() {
            Some(Durability::None) => {
                tracing::error!(critical = true, "Redis keeps nothing over a restart: set appendonly yes");
            }
            Some(Durability::Evicts) => tracing::error!(
                critical = true,
                "Redis may evict records that wait: set maxmemory-policy noeviction"
            ),
            Some(Durability::Synced | Durability::EverySecond) | None => {}
        },
    }
}

/// The folder of all spools; none where there are none.
pub(super) fn folder(config: &Config) -> Option<PathBuf> {
    match config.ledger.spool.trim() {
        off if off.eq_ignore_ascii_case(OFF) => None,
        "" => Some(config.server.data_dir.join("spool")),
        path => Some(PathBuf::from(path)),
    }
}

pub(super) const fn most(config: &Config) -> u64 {
    config.ledger.spool_megabytes * 1_000_000
}

/// The first spool that no other server holds.
pub(super) async fn own_spool(folder: PathBuf, config: &Config) -> Result<Spool, StartError> {
    make_private(&folder).map_err(|source| StartError::SpoolDir { path: folder.clone(), source })?;
    for place in 0..PLACES {
        match Spool::open(&folder.join(place.to_string()), most(config)).await {
            Err(SpoolError::Held) => {}
            opened => return Ok(opened?),
        }
    }
    Err(SpoolError::Held.into())
}

/// Drains what servers left that do not run any more; those that run hold theirs.
pub(crate) async fn drain_left(house: &House, config: &Config) {
    let Some(folder) = folder(config) else { return };
    for place in 0..PLACES {
        let path = folder.join(place.to_string());
        if !path.exists() {
            continue;
        }
        match Spool::open(&path, most(config)).await {
            Err(SpoolError::Held) => {}
            Err(error) => tracing::warn!(%error, place, "the spool of a server that ended can't be opened"),
            Ok(left) => {
                if left.depth().entries > 0 {
                    told(ledger(house, left.clone().into()).drain().await);
                }
                left.close().await;
            }
        }
    }
}

/// What waits outside the tables, for an operator.
pub(crate) struct Waiting {
    /// Entries in the queue, or that it can't be asked; none where there is none.
    pub(crate) queue: Option<Result<u64, contactiq_store::SharedError>>,
    /// Each spool by its number; those that can't be read are left out, and told.
    pub(crate) spools: Vec<(usize, Seen)>,
}

/// Looks what waits outside the tables, beside the servers that work on it.
///
/// # Errors
/// When the URL of Redis or the database can't be used.
pub(crate) async fn waiting(store: &Store, config: &Config) -> Result<Waiting, StartError> {
    let queue = match queue(store, &SystemIds, config).await? {
        Some(queue) => Some(queue.depth().await),
        None => None,
    };
    let mut spools = Vec::new();
    for (place, path) in
        folder(config).into_iter().flat_map(|f| (0..PLACES).map(move |p| (p, f.join(p.to_string()))))
    {
        match spool::seen(&path) {
            Ok(seen) => spools.push((place, seen)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, place, "a spool can't be looked at"),
        }
    }
    Ok(Waiting { queue, spools })
}

/// The queue of a cluster, where there is PostgreSQL and a Redis. On SQLite one process writes: there is nothing to
/// queue for.
async fn queue(store: &Store, ids: &dyn Ids, config: &Config) -> Result<Option<Queue>, StartError> {
    if config.redis.url.is_empty() || store.engine() == "sqlite" {
        return Ok(None);
    }
    let queue =
        Queue::connect(config.redis_address(), &namespace(store, ids).await?, ids.next().to_string())?;
    Ok(Some(queue.with_patience(patience(config))))
}

/// What replicas with the same files, settings, models and program answered, each of them remembers.
async fn share_answers(house: &mut House, config: &Config, queue: &Queue) -> Result<(), StartError> {
    let (address, clock) = (config.redis_address(), Arc::new(SystemClock));
    let shared = SharedAnswers::connect(address, patience(config), queue.namespace(), &house.store, clock)?;
    let recall = Recall::new(config.limits.remembered_answers);
    house.recall = recall.shared_as(fingerprint(house, config).await?, shared);
    Ok(())
}

/// Forgets what the replicas remember for each other, where there is a cluster.
///
/// # Errors
/// When the database or Redis fails.
pub(crate) async fn forget_shared_answers(config: &Config, store: &Store) -> Result<(), StartError> {
    if config.redis.url.is_empty() || store.engine() == "sqlite" {
        return Ok(());
    }
    let (address, clock) = (config.redis_address(), Arc::new(SystemClock));
    let namespace = namespace(store, &SystemIds).await?;
    SharedAnswers::connect(address, patience(config), &namespace, store, clock)?.forget_all().await?;
    Ok(())
}

/// The program itself, as its bytes: what two builds of one version do differently nobody can tell otherwise. Where it
/// can't be read it shares with nobody.
fn program() -> Vec<u8> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(std::env::current_exe()?)?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hash.finalize().to_vec()),
                read => hash.update(&piece[..read]),
            }
        }
    };
    read().unwrap_or_else(|_| wiring::random::<32>().to_vec())
}

/// Stands for everything that an answer depends on beside the documents.
async fn fingerprint(house: &House, config: &Config) -> Result<String, StartError> {
    let program = match tokio::task::spawn_blocking(program).await {
        Ok(program) => program,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let mut hash = Sha256::new();
    hash.update(&program);
    for part in [
        &super::bank_files::texts(config)?,
        &format!("{:?} {:?} {:?}", house.settings, house.with_meaning, house.by_words),
        &house.encoder.as_ref().map_or_else(String::new, |encoder| super::in_words(&**encoder)),
        &models(config),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Ok(wiring::hex(&hash.finalize()[..16]))
}

/// Who may write answers, in order, whether a model is asked twice, and what it may judge.
fn models(config: &Config) -> String {
    let all = config.llm.in_order();
    let each =
        all.iter().map(|provider| format!("{} {} {}", provider.kind, provider.base_url, provider.model));
    let llm = &config.llm;
    let judges = (llm.judges_intents, llm.judges_agreement);
    format!("{} {} {judges:?}", each.collect::<Vec<_>>().join("\n"), llm.repair)
}

/// An answer waits no longer for Redis.
pub(crate) const fn patience(config: &Config) -> Duration {
    Duration::from_millis(config.redis.patience_milliseconds)
}

/// What the names of this bank's keys in Redis have in common. It belongs to one database and its root key: what
/// another database's servers queue must never be written here, also where a stage has the key of another.
async fn namespace(store: &Store, ids: &dyn Ids) -> Result<String, StartError> {
    let mut w = store.write().await?;
    let database = meta::first_meta(&mut w, DATABASE, &ids.next().to_string()).await?;
    w.save().await?;
    Ok(wiring::hex(&store.derived_key(&format!("queue {database}"))[..8]))
}

fn ledger(house: &House, places: Places) -> Ledger {
    Ledger::new(house.store.clone(), places, Arc::clone(&house.clock))
}

/// What can't be drained now waits: a job tries again.
fn told(drained: Result<Drained, StoreError>) {
    match drained {
        Ok(Drained { written, dead, damaged }) => {
            tracing::info!(written, dead, damaged, "the spool of a server that ended was drained");
        }
        Err(error) => tracing::warn!(%error, "the spool of a server that ended waits"),
    }
}
