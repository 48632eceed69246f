//! Takes out what was kept long enough (A7).

use std::{sync::atomic::Ordering, time::Duration};

use contactiq_store::privacy::erase;

use super::JobError;
use crate::{
    app::{self, App},
    privacy::{self, PurgeError},
};

/// Between two batches, so that questions come first.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn purge(app: &App) -> Result<(), JobError> {
    let beside = app::is_key_beside_data(&app.house.store, &app.config).await;
    if let Ok(beside) = &beside {
        // Where nobody can say, what was found last counts.
        app.key_beside_data.store(*beside, Ordering::Relaxed);
    }
    if matches!(beside, Ok(true)) {
        tracing::error!(
            critical = true,
            "a key in the data folder still wraps keys: run `contactiq sealing rotate`, then take the file away"
        );
    }
    let (store, now) = (app.house.store.at_work(), app.house.clock.now());
    let apart = privacy::look_before_purging(&app.audit.log, &store).await?;
    app.audit.tell_of_tables(&apart);
    if privacy::keep_from_purging(&apart.holds) {
        // Whom a hold was taken from is not to lose what it kept before somebody has looked. An erasure that has begun is
        // one of the house's own.
        erase::sweep(&store, now).await?;
        return Ok(());
    }
    // Also where nothing is purged: whoever turns it on later must not be told that the clock jumped.
    let believed = privacy::believable(&store, &app.config.retention, now).await;
    let ahead = matches!(believed, Err(PurgeError::ClockAhead { .. }));
    metrics::gauge!("contactiq_retention_clock_ahead").set(f64::from(u8::from(ahead)));
    match believed {
        Ok(()) => {}
        Err(PurgeError::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(critical = true, %error, "nothing is purged: the clock jumped ahead");
            // Who asked to be forgotten is, whatever the clock says.
            erase::sweep(&store, now).await?;
            return Ok(());
        }
    }
    if !app.config.retention.purge {
        // Who asked to be forgotten is, whatever was kept long enough.
        erase::sweep(&store, now).await?;
        return Ok(());
    }
    let before = privacy::before(&app.config.retention, now);
    let done = privacy::purge(&store, &before, now, || tokio::time::sleep(PAUSE)).await?;
    metrics::counter!("contactiq_purged_texts_total").increment(done.texts);
    metrics::counter!("contactiq_purged_figures_total").increment(done.figures);
    metrics::gauge!("contactiq_retention_held").set(done.held as f64);
    metrics::gauge!("contactiq_retention_waiting_for_a_person").set(done.waiting_for_a_person as f64);
    if done.texts + done.figures + done.access_events > 0 {
        tracing::info!(
            texts = done.texts,
            figures = done.figures,
            access_events = done.access_events,
            held = done.held,
            waiting_for_a_person = done.waiting_for_a_person,
            "what was kept long enough was taken out"
        );
    }
    Ok(())
}
