//! The places of a server's record beside the database: the queue of a cluster, and a spool of its own.

use std::{path::PathBuf, sync::Arc};

use contactiq_pipeline::House;
use contactiq_store::{
    Ledger, StoreError,
    ledger::{
        Drained, Places,
        queue::Queue,
        spool::{Spool, SpoolError},
    },
};

use super::{StartError, make_private};
use crate::{
    config::Config,
    wiring::{self, SystemClock},
};

/// Servers that may share a data folder.
const PLACES: usize = 64;
const OFF: &str = "off";

/// Gives the house's ledger its places: with PostgreSQL and Redis the queue, and a spool. Each server on a data folder has one of its own, named by a number; what
/// one that died left is drained by the next that finds it.
///
/// # Errors
/// [`StartError`] when the folder can't be used.
pub(crate) async fn with_places(house: &mut House, config: &Config) -> Result<(), StartError> {
    let queue = queue(house, config)?;
    if config.ledger.spool.trim() == OFF {
        house.ledger = ledger(house, Places { queue, spool: None });
        return Ok(());
    }
    let folder = match config.ledger.spool.trim() {
        "" => config.server.data_dir.join("spool"),
        path => PathBuf::from(path),
    };
    make_private(&folder).map_err(|source| StartError::DataDir { path: folder.clone(), source })?;
    let most = config.ledger.spool_megabytes * 1_000_000;
    let (mut own, mut held) = (None, None);
    for place in 0..PLACES {
        let path = folder.join(place.to_string());
        if own.is_some() && !path.exists() {
            break;
        }
        match Spool::open(&path, most).await {
            Err(error @ SpoolError::Held) => held = Some(error),
            Err(error) => return Err(error.into()),
            Ok(spool) if own.is_none() => own = Some(spool),
            Ok(left) => take_over(house, left).await,
        }
    }
    let Some(own) = own else { return Err(held.unwrap_or(SpoolError::Closed).into()) };
    let left = own.depth().entries;
    house.ledger = ledger(house, Places { queue, spool: Some(own) });
    if left > 0 {
        // What was said before the last end is read before anything new is said.
        told(house.ledger.drain().await);
    }
    Ok(())
}

/// The queue of a cluster, where there is PostgreSQL and a Redis. On SQLite one process writes: there is nothing to
/// queue for. Replicas of one database have one sealing key, so that the names of its keys say whose they are.
fn queue(house: &House, config: &Config) -> Result<Option<Queue>, StartError> {
    let url = config.redis.url.expose();
    if url.trim().is_empty() || house.store.engine() == "sqlite" {
        return Ok(None);
    }
    let dir = &config.server.data_dir;
    let key = wiring::derived_key(dir, "queue")
        .map_err(|source| StartError::DataDir { path: dir.clone(), source })?;
    Ok(Some(Queue::connect(url, &wiring::hex(&key[..8]), house.ids.next().to_string())?))
}

fn ledger(house: &House, places: Places) -> Ledger {
    Ledger::new(house.store.clone(), places, Arc::new(SystemClock))
}

/// Drains what a server left that does not run any more.
async fn take_over(house: &House, left: Spool) {
    if left.depth().entries > 0 {
        let ledger = ledger(house, left.into());
        told(ledger.drain().await);
    }
}

/// What can't be drained now waits: a job of the ledger tries again, or the next start does.
fn told(drained: Result<Drained, StoreError>) {
    match drained {
        Ok(Drained { written, dead, .. }) => {
            tracing::info!(written, dead, "the spool of a server that ended was drained");
        }
        Err(error) => tracing::warn!(%error, "the spool of a server that ended waits"),
    }
}
