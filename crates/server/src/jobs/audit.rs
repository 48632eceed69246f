//! The sequencer of the audit log, its anchors, and a look at its end (E6).

use contactiq_store::{StoreError, audit};

use super::JobError;
use crate::app::{self, App};

/// Takes what waits into the log. While the database is away the figures say so.
pub(super) async fn run(app: &App) -> Result<(), JobError> {
    metrics::gauge!("contactiq_audit_spool_entries").set(app.access.spooled() as f64);
    let store = app.house.store.at_work();
    let done = async {
        app.access.drain(&store).await?;
        app.audit.run_as_wanted(&store).await
    };
    let done = done.await;
    let waiting = audit::waiting(&mut *store.read().await?).await?;
    let since = waiting.oldest.map_or(0, |oldest| app.house.clock.now().micros() - oldest.micros());
    app.audit.tell_of_letters(waiting.letters);
    metrics::gauge!("contactiq_audit_waiting").set(waiting.events as f64);
    metrics::gauge!("contactiq_audit_lag_seconds").set(since.max(0) as f64 / 1e6);
    match done {
        Ok(ran) => {
            metrics::counter!("contactiq_audit_entries_total").increment(ran.entries);
            Ok(())
        }
        Err(StoreError::Unavailable { why }) => {
            tracing::warn!(why, "the audit log waits for its database");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends checkpoints to where they are anchored, beside the writing of the log: who witnesses may hang.
pub(super) async fn anchor(app: &App) -> Result<(), JobError> {
    if app.audit.leads() {
        let failed = app.audit.anchor(&app.house.store.at_work()).await?;
        metrics::counter!("contactiq_audit_anchor_failures_total").increment(failed.into());
    }
    Ok(())
}

/// Looks whether the end of the log verifies.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    app::drain_left_access(&app.house.store, &app.config).await;
    if let Err(fault) = app.audit.look(app.house.clock.now()).await {
        tracing::warn!(%fault, "the end of the audit log was looked at");
    }
    match app.audit.key_changes(&app.house.store.at_work(), app.house.clock.now()).await {
        Ok(changes) => app.keys.expect(changes),
        // It was told. What is known of keys stays known.
        Err(StoreError::AuditChanged { .. } | StoreError::Unavailable { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let looked = app.audit.looked();
    if let Some(fault) = &looked.fault {
        tracing::error!(critical = true, fault, "the audit log does not verify");
    }
    metrics::gauge!("contactiq_audit_verified").set(if looked.fault.is_none() { 1.0 } else { 0.0 });
    metrics::gauge!("contactiq_audit_size").set(app.audit.log.size().await? as f64);
    Ok(())
}
