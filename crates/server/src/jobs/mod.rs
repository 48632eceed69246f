//! Work beside the requests: named, supervised, ended at shutdown.

mod audit;
mod budgets;
mod drift;
mod ledger;
mod rest;
mod retention;
mod sealing;
mod secrets;
mod tls;
mod vectors;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use contactiq_domain::BreakerState;
use contactiq_nlu::encoder::{CachedEncoder, Encoder};
use contactiq_pipeline::{House, Knowledge, KnowledgeError};
use contactiq_store::{
    StoreError, documents, idempotency, key_uses, ledger::purge_withdrawn, page_sessions, staging,
    transcripts,
};
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::{
    api::idempotency::{Leases, RENEWED_EVERY},
    app::{App, load_knowledge, look_at_clock, purge_quotas},
    guard::{damaged, guesses, keys, tokens::KEYS_LOOKED_AT, unusual},
};
use rest::Rest;

/// How often another process's changes to the knowledge are looked for.
const KNOWLEDGE_EVERY: Duration = Duration::from_secs(2);
/// How often the ledger shows that it takes writes, for `/health` and `/ready`.
const WRITE_CHECK_EVERY: Duration = Duration::from_secs(5);
/// How often spools of servers that ended, and how the queue keeps, are looked for.
const PLACES_EVERY: Duration = Duration::from_secs(5);
/// How often the spool is looked into.
const DRAIN_EVERY: Duration = Duration::from_secs(1);
/// How often unfinished interactions and old keys are looked for (B3).
const RECONCILE_EVERY: Duration = Duration::from_secs(60);
/// How often it is told who was turned away unheard.
const GUESSES_EVERY: Duration = Duration::from_secs(5);
/// How often live interactions are compared with the labelled ones (P8).
const DRIFT_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often leases of calls that nobody settled, and how the budgets stand, are looked at.
const BUDGETS_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked who wants nothing remembered.
const CONSENTS_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether the certificate of this server changed.
const TLS_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for what was kept long enough.
const RETENTION_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether texts of an earlier version are left, or keys in memory that nobody used for long.
const SEALING_EVERY: Duration = Duration::from_secs(1);
/// How often what waits is taken into the audit log.
const AUDIT_EVERY: Duration = Duration::from_secs(1);
/// How often the end of the audit log is verified.
const AUDIT_LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often shared vectors are looked through.
const VECTORS_EVERY: Duration = Duration::from_secs(60 * 60);
/// While one reads the queue another writes what it read.
const QUEUE_WRITERS: usize = 2;
/// Ended sessions of the pages are kept so many seconds, for whoever asks who was signed in.
const SESSIONS_KEPT: i64 = 90 * 24 * 3600;
/// An interaction that is this old and not finished was interrupted. The request timeout is at most 120.
const UNFINISHED_AFTER: i64 = 180;

/// Starts every job.
pub fn start(app: &App, stop: &CancellationToken) {
    let rest = Arc::new(Mutex::new(Rest::default()));
    every(app, stop, "reload-knowledge", KNOWLEDGE_EVERY, move |app| {
        let rest = Arc::clone(&rest);
        async move { reload_knowledge(&app, &rest).await }
    });
    every(app, stop, "write-check", WRITE_CHECK_EVERY, |app| async move { check_writes(&app).await });
    every(app, stop, "drain", DRAIN_EVERY, |app| async move { ledger::drain(&app).await });
    let active = Arc::new(secrets::Active::default());
    every(app, stop, "secrets", secrets::LOOK_EVERY, move |app| {
        let active = Arc::clone(&active);
        async move { secrets::look(&app, &active).await }
    });
    if let Some(tls) = app.tls.clone() {
        every(app, stop, "tls", TLS_EVERY, move |app| {
            let tls = tls.clone();
            async move { tls::look(&app, &tls).await }
        });
    }
    damaged::watch();
    every(app, stop, "guesses", GUESSES_EVERY, |app| async move {
        guesses::tell(&app);
        Ok(())
    });
    every(app, stop, "unusual-use", unusual::SHARED_EVERY, |app| async move {
        unusual::tell(&app).await;
        Ok(())
    });
    every(app, stop, "keys", keys::READ_EVERY, |app| async move {
        let read = read_keys(&app).await;
        damaged::tell(&app);
        read
    });
    if app.tokens.provider().is_some() {
        every(app, stop, "provider-keys", KEYS_LOOKED_AT, |app| async move {
            // What goes wrong is logged and counted where it does; the last good keys count meanwhile.
            if let Some(provider) = app.tokens.provider() {
                let _kept = provider.tend().await;
            }
            Ok(())
        });
    }
    // What is answered after the stop still has its key.
    let answered = Leases::until_none_is_held(app, stop);
    every(app, &answered, "leases-in-queue", RENEWED_EVERY, |app| async move {
        app.leases.renew_in_queue(&app).await;
        Ok(())
    });
    every(app, &answered, "leases", RENEWED_EVERY, |app| async move { Ok(app.leases.renew(&app).await?) });
    every(app, stop, "places", PLACES_EVERY, |app| async move { ledger::look_at_places(&app).await });
    if app.house.ledger.has_queue() {
        for _ in 0..QUEUE_WRITERS {
            let (worker, stopped) = (app.clone(), stop.clone());
            app.tasks.spawn(async move { ledger::work(&worker, &stopped).await });
        }
    }
    every(app, stop, "audit", AUDIT_EVERY, |app| async move { audit::run(&app).await });
    let stopped = stop.clone();
    every(app, stop, "audit-anchor", AUDIT_EVERY, move |app| {
        let stopped = stopped.clone();
        async move { stopped.run_until_cancelled(audit::anchor(&app)).await.unwrap_or(Ok(())) }
    });
    every(app, stop, "audit-look", AUDIT_LOOK_EVERY, |app| async move { audit::look(&app).await });
    every(app, stop, "budgets", BUDGETS_EVERY, |app| async move { budgets::look(&app).await });
    every(app, stop, "reconcile", RECONCILE_EVERY, |app| async move { reconcile(&app).await });
    every(app, stop, "consents", CONSENTS_EVERY, |app| async move {
        match app.house.consents.read(&app.house.store).await {
            // Others tell that the database is away; who is known to refuse stays so.
            Err(StoreError::Unavailable { .. }) => Ok(()),
            read => Ok(read?),
        }
    });
    every(app, stop, "retention", RETENTION_EVERY, |app| async move { retention::purge(&app).await });
    let moving = Arc::new(sealing::Moving::default());
    every(app, stop, "sealing", SEALING_EVERY, move |app| {
        let moving = Arc::clone(&moving);
        async move {
            app.house.store.forget_unused_keys();
            match sealing::move_texts(&app, &moving).await {
                // Others tell that the database is away; it goes on where it was.
                Err(error) if error.downcast_ref().is_some_and(StoreError::is_transient) => Ok(()),
                done => done,
            }
        }
    });
    if vectors::are_shared(app) {
        let stopped = stop.clone();
        every(app, stop, "vectors", VECTORS_EVERY, move |app| {
            let stopped = stopped.clone();
            // PostgreSQL may make an index for minutes, and finishes it without us.
            async move { stopped.run_until_cancelled(vectors::tend(&app)).await.unwrap_or(Ok(())) }
        });
    }
    if drift::has_a_baseline(app) {
        every(app, stop, "drift", DRIFT_EVERY, |app| async move { drift::look(&app).await });
    }
}

type JobError = Box<dyn std::error::Error + Send + Sync>;

fn every<F>(
    app: &App,
    stop: &CancellationToken,
    name: &'static str,
    period: Duration,
    job: impl Fn(App) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<(), JobError>> + Send,
{
    let (app, stop) = (app.clone(), stop.clone());
    app.tasks.clone().spawn(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            // A job that panics must not end its loop in silence; the panic hook has told the place.
            let why = match AssertUnwindSafe(job(app.clone())).catch_unwind().await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            metrics::counter!("contactiq_job_failures_total", "job" => name).increment(1);
            tracing::error!(
                critical = true,
                job = name,
                error = why,
                "a job failed; it runs again at its next time"
            );
        }
    });
}

/// Takes up documents that the command line or another replica changed.
async fn reload_knowledge(app: &App, rest: &Mutex<Rest>) -> Result<(), JobError> {
    let mut reader = app.house.store.read().await?;
    let version = documents::version(&mut reader).await?;
    drop(reader);
    let (house, current) = (Arc::clone(&app.house), app.house.shelf.current());
    let due = rest.lock().unwrap_or_else(PoisonError::into_inner).is_due(&current.version, &version);
    if version == current.version {
        return match &house.encoder {
            Some(encoder) if !current.index.has_vectors() => add_vectors(&house, encoder).await,
            _ => Ok(()),
        };
    }
    if !due {
        return Ok(());
    }
    let knowledge = load_knowledge(&house.store, house.means(), |_, _| {}).await?;
    tracing::info!(knowledge_version = %knowledge.version, documents = knowledge.documents.len(), "the knowledge was loaded anew");
    house.shelf.swap(knowledge);
    house.recall.let_go_of_all_but(&house.shelf.current());
    Ok(())
}

/// Finds by meaning again what was loaded while the remote encoder was away.
async fn add_vectors(house: &House, encoder: &Arc<CachedEncoder>) -> Result<(), JobError> {
    if encoder.breaker() == BreakerState::Open {
        return Ok(());
    }
    match Knowledge::load(&house.store, house.means(), |_, _| {}).await {
        // It is still away, or no budget has room for it, and the log has been told.
        Err(KnowledgeError::Encoder(error)) if error.may_pass() => Ok(()),
        loaded => {
            house.shelf.swap(loaded?);
            house.recall.let_go_of_all_but(&house.shelf.current());
            tracing::info!("the remote encoder is back: passages are found by meaning again");
            Ok(())
        }
    }
}

/// Reads the API keys. A database that is away is told by others, and `/ready` says for how long they are known.
async fn read_keys(app: &App) -> Result<(), JobError> {
    // A connection that died without a word must not keep it for ever.
    match tokio::time::timeout(keys::PATIENCE, app.keys.read(&app.house.store)).await {
        Err(_) | Ok(Err(StoreError::Unavailable { .. })) => Ok(()),
        Ok(read) => Ok(read?),
    }
}

/// A ledger that can't write must not get questions: the balancer sees it in `/ready`. One whose lock another
/// process holds, an import for instance, takes them while the spool keeps their records.
async fn check_writes(app: &App) -> Result<(), JobError> {
    let written = app.house.store.can_write(app.house.clock.now()).await;
    if written.as_ref().is_err_and(StoreError::is_busy) && app.house.ledger.state().spool.is_some() {
        return Ok(written?);
    }
    app.ledger_writes.store(written.is_ok(), Ordering::Relaxed);
    metrics::gauge!("contactiq_ledger_writable").set(if written.is_ok() { 1.0 } else { 0.0 });
    if written.is_err() {
        // Its password may be another one by now.
        app.secrets.was_refused();
    }
    Ok(written?)
}

async fn reconcile(app: &App) -> Result<(), JobError> {
    // First, because it needs no database.
    ledger::count_places(app).await;
    ledger::drain(app).await?;
    ledger::count(app).await?;
    ledger::compare(app).await;
    look_at_clock(&app.house.store).await?;
    purge_quotas(&app.config, &app.house.store).await?;
    let dead = staging::sweep(&app.house.store, app.house.clock.now()).await?;
    if dead > 0 {
        tracing::info!(runs = dead, "what interrupted imports left was taken out");
    }
    let mut w = app.house.store.write().await?;
    idempotency::purge(&mut w, app.house.clock.now()).await?;
    purge_withdrawn(&mut w, app.house.clock.now()).await?;
    transcripts::purge(&mut w, app.house.clock.now()).await?;
    key_uses::purge(&mut w, app.house.clock.now()).await?;
    page_sessions::forget(&mut w, app.house.clock.now().plus_seconds(-SESSIONS_KEPT)).await?;
    w.save().await?;
    let long_ago = app.house.clock.now().plus_seconds(-UNFINISHED_AFTER);
    let interrupted = app.house.ledger.interrupt_unfinished(long_ago).await?;
    if !interrupted.is_empty() {
        metrics::counter!("contactiq_interrupted_total").increment(interrupted.len() as u64);
        tracing::warn!(
            critical = true,
            interrupted = interrupted.len(),
            "interactions that never finished were marked interrupted"
        );
    }
    Ok(())
}
