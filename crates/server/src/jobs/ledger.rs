//! The spool and the queue into the tables, and the figures of what waits (B3, B6).

use std::{panic::AssertUnwindSafe, time::Duration};

use contactiq_domain::BreakerState;
use contactiq_store::{StoreError, ledger::dead};
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::JobError;
use crate::app::{self, App};

/// A queue or a database that failed is left alone for so long.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// A record is looked for when it was acknowledged so long ago: most are in their table by then.
const COMPARED_AFTER: Duration = Duration::from_secs(30);

/// Writes what the spool holds. While the database is away that is no failure of the job: the gauges and
/// `/ready` say so.
pub(super) async fn drain(app: &App) -> Result<(), JobError> {
    let state = app.house.ledger.state();
    if let Some(depth) = state.spool {
        metrics::gauge!("contactiq_spool_entries").set(depth.entries as f64);
        metrics::gauge!("contactiq_spool_bytes").set(depth.bytes as f64);
        metrics::gauge!("contactiq_spool_damaged").set(depth.damaged_segments as f64);
    }
    match app.house.ledger.queued_entries().await {
        Ok(None) => {}
        Ok(Some(queued)) => metrics::gauge!("contactiq_queue_entries").set(queued as f64),
        // Nobody knows: an old figure would look like a good one.
        Err(_) => metrics::gauge!("contactiq_queue_entries").set(f64::NAN),
    }
    metrics::gauge!("contactiq_ledger_waiting").set(state.waiting as f64);
    metrics::gauge!("contactiq_ledger_first_place_left_alone").set(if state.first == BreakerState::Closed {
        0.0
    } else {
        1.0
    });
    if state.spool.is_none_or(|depth| depth.entries == 0) {
        return Ok(());
    }
    match app.house.ledger.drain().await {
        Ok(drained) => {
            if drained.written + drained.dead > 0 {
                tracing::info!(written = drained.written, dead = drained.dead, "the spool was drained");
            }
            if drained.damaged > 0 {
                tracing::error!(
                    critical = true,
                    bytes = drained.damaged,
                    "the spool was damaged: its files are kept"
                );
            }
            Ok(())
        }
        Err(StoreError::Unavailable { why }) => {
            tracing::warn!(
                why,
                entries = state.spool.map_or(0, |d| d.entries),
                "the spool waits for the database"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Works on the queue of the cluster until the stop: this process is one of its workers. What it was given and not
/// done is given to another.
pub(super) async fn work(app: &App, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        // An entry that makes it panic must not end the worker in silence.
        let why = match AssertUnwindSafe(app.house.ledger.work()).catch_unwind().await {
            Ok(Ok(done)) => {
                metrics::counter!("contactiq_queue_written_total").increment(done.written);
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        metrics::counter!("contactiq_job_failures_total", "job" => "queue").increment(1);
        tracing::warn!(why, "the queue waits");
        let _ended = stop.run_until_cancelled(tokio::time::sleep(AFTER_A_FAILURE)).await;
    }
}

/// Drains what servers left that ended, and looks how surely the queue keeps.
pub(super) async fn look_at_places(app: &App) -> Result<(), JobError> {
    app::drain_left(&app.house, &app.config).await;
    app::look_at_queue(&app.house).await;
    Ok(())
}

/// Looks whether all that was acknowledged is somewhere (B3). What can't be asked now is compared in a minute.
pub(super) async fn compare(app: &App) {
    if let Err(error) = app.house.ledger.compare(COMPARED_AFTER).await {
        tracing::warn!(%error, "what was acknowledged can't be compared with the tables now");
    }
}

/// Looks whether queue and spool hold what they were given (B3). What can't be asked now is counted in a minute.
pub(super) async fn count_places(app: &App) {
    if let Err(error) = app.house.ledger.count_places().await {
        tracing::warn!(%error, "queue and spool can't be counted now");
    }
}

/// Counts what waits for a person.
pub(super) async fn count(app: &App) -> Result<(), JobError> {
    let mut reader = app.house.store.read().await?;
    let letters = dead::count(&mut reader).await?;
    metrics::gauge!("contactiq_dead_letters").set(letters as f64);
    Ok(())
}
