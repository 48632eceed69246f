//! `contactiq serve`: production and tests start the same function with listeners passed in.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use axum_server::Handle;
use contactiq_domain::Clock;
use contactiq_pipeline::House;
use contactiq_store::StoreError;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    app::{self, App, Gate, NoEncoder, Progress, Standing, StartError},
    config::{Config, ServerRole},
    guard::{self, admission::Priority},
    hands::Hands,
    jobs,
    secrets::Keeper,
    tls::{Front, Tls},
    web, wiring,
};

/// What is unusual of how keys were used waits so long for its place at the end.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Each thing that is done at the end has so long.
const DRAIN: Duration = Duration::from_secs(10);

/// The start waits this long for Redis, which need not be there.
const REDIS_PATIENCE: Duration = Duration::from_secs(1);

/// Buckets of every latency, in seconds.
const SECONDS: &[f64] =
    &[0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bounds of what a request may cost.
const DOLLARS: &[f64] =
    &[0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// Builds the house and what a server needs around it.
///
/// # Errors
/// [`StartError`] says what to do.
pub async fn build(config: Config, progress: Progress) -> Result<App, StartError> {
    build_with(config, progress, |_| ()).await
}

/// The same with a part of the house changed before anybody asks: a test puts one there that fails.
///
/// # Errors
/// [`StartError`] says what to do.
pub async fn build_with(
    config: Config,
    progress: Progress,
    change: impl FnOnce(&mut House),
) -> Result<App, StartError> {
    let metrics = recorder();
    let secrets = Keeper::new(&config, Arc::new(wiring::SystemClock));
    secrets.open().await?;
    let config = config.checked()?;
    for warning in config.secret_warnings() {
        tracing::warn!("{warning}");
    }
    // Before the long work: a pair that can't be used is a slip that is mended by hand.
    let tls = Tls::open(&config.server.tls, wiring::SystemClock.now()).map_err(StartError::Tls)?;
    app::await_store(&config).await?;
    app::adopt_vectors(&config).await?;
    let (mut house, mut standing) = app::build_house(&config, progress).await?;
    told(&standing);
    let audit = app::Audit::open(&house.store, &config).await?;
    // Before what waits is written: who was erased is known by marks and receipts that are proved here.
    match audit.log.take_over(&house.store, house.clock.now()).await {
        Ok(true) => tracing::info!("from here on the audit log tells which records are closed"),
        Ok(false) => {}
        // Nothing is taken over on its word; who serves customers goes on.
        Err(error @ StoreError::AuditChanged { .. }) => audit.tell_changed(&error, house.clock.now()),
        Err(error) => return Err(error.into()),
    }
    app::with_places(&mut house, &config).await?;
    change(&mut house);
    let shared = guard::limits::open(&config, REDIS_PATIENCE).await?.map(|(shared, answered)| {
        standing.redis = match answered {
            Ok(()) => Ok("limits are shared".to_owned()),
            Err(error) => Err(format!("{error}: limits are kept in this process until it answers")),
        };
        shared
    });
    let hands = Hands::of(&house, &config, app::answers_at_once(&config))?;
    let body_key = house.store.derived_key(app::BODY_KEY);
    let gate = Gate::open(&config, &house, tls)?;
    app::note_configuration(&house.store, &config).await?;
    let access_spool = app::access_spool(&config).await?;
    let keepers = (hands, secrets, audit, access_spool);
    let app = App::new(house, config, standing, shared, metrics, (body_key, gate), keepers);
    match app.audit.key_changes(&app.house.store.at_work(), app.house.clock.now()).await {
        Ok(changes) => app.keys.expect(changes),
        Err(StoreError::AuditChanged { .. }) => {
            tracing::error!(
                critical = true,
                "the audit log does not say which keys were revoked or rotated: none is accepted until it does, but for \
                 those that this server makes or rotates"
            );
            app.keys.doubt();
        }
        Err(error) if error.is_transient() => {
            tracing::error!(critical = true, %error, "the audit log can't be asked which keys were revoked: none is accepted until it can");
            app.keys.doubt();
        }
        Err(error) => return Err(error.into()),
    }
    Ok(app)
}

/// What a start says to the log of the encoder and the confidence: who reads it there may never see the start message.
fn told(standing: &Standing) {
    match (&standing.encoder, &standing.confidence) {
        (Err(NoEncoder::Off), Some(why)) => {
            tracing::info!(why, "there is no encoder, as it is set: the lexical model works alone");
        }
        (Err(lost), _) => {
            let confidence = standing.confidence.as_deref();
            tracing::warn!(why = %lost, confidence, "there is no encoder: the lexical model works alone");
        }
        (Ok(_), Some(why)) => tracing::warn!(why, "the confidence does not belong to this encoder"),
        (Ok(_), None) => {}
    }
}

/// One recorder a process: tests start several servers in one.
fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_cost_usd".to_owned()), DOLLARS))
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another part of the program collects metrics already");
            }
            handle
        })
        .clone()
}

/// Every route with its layers.
pub fn router(app: &App) -> Router {
    let routes = match app.config.server.role {
        // Nobody asks it but balancers and operators.
        ServerRole::Worker => api::health_routes(),
        ServerRole::All | ServerRole::Gateway => {
            api::routes().split_for_parts().0.merge(web::routes().done())
        }
    };
    let routes =
        routes.fallback(web::nowhere).method_not_allowed_fallback(|| async { api::error::ApiError::Method });
    guard::around(routes, app).with_state(app.clone())
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything accepted was written.
    Written,
    /// Some work did not end in time. Reconciliation marks it interrupted at the next start.
    WorkLeft,
}

/// Serves until `stop`; then requests finish, and what was accepted is written.
///
/// # Errors
/// When a listener fails.
pub async fn run(
    app: App,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    stop: CancellationToken,
) -> io::Result<Ended> {
    jobs::start(&app, &stop);
    Hands::start(&app, &stop);
    let patience = Duration::from_secs(app.config.server.client_timeout_seconds);
    if let Some(listener) = metrics_listener {
        let routes = Router::new().route("/metrics", get(metrics_text)).with_state(app.clone());
        let stop = stop.clone();
        app.tasks.spawn(async move {
            // Plain: it has no personal data, and a listener of its own that others need not reach.
            if let Err(error) = listen(listener, routes, (patience, DRAIN), None, stop).await {
                tracing::error!(error = %error, "the metrics listener ended");
            }
        });
    }
    let tls = app.tls.clone();
    // No question is given longer: what was taken in at the stop has ended by then.
    let drain = Duration::from_secs(app.config.server.request_timeout_seconds);
    let serving = listen(listener, router(&app), (patience, drain), tls.as_ref(), stop.clone());
    tokio::pin!(serving);
    let latest = tokio::select! {
        biased;
        () = stop.cancelled() => {
            let latest = tokio::time::Instant::now() + drain;
            serving.await?;
            latest
        }
        served = &mut serving => {
            served?;
            tokio::time::Instant::now()
        }
    };
    Ok(finish(app, latest).await)
}

/// Serves these routes until `stop`; requests under way then have the second of these times to finish. A client that
/// needs longer than the first for the head of a request is closed, and so is an idle connection and one that takes
/// nothing of an answer for as long.
async fn listen(
    listener: TcpListener,
    routes: Router,
    (patience, drain): (Duration, Duration),
    tls: Option<&Arc<Tls>>,
    stop: CancellationToken,
) -> io::Result<()> {
    let handle = Handle::new();
    // A silent client is closed, and one that sends its head a byte a minute. HTTP/1 alone, with TLS too: each bound on
    // a client's patience is one on a connection, and in HTTP/2 a connection carries many requests.
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .handle(handle.clone())
        .acceptor(Front::new(patience, tls))
        .http1_only()
        .first_request_timeout(patience);
    server.http_builder().http1().header_read_timeout(patience);
    let serving = server.serve(routes.into_make_service_with_connect_info::<SocketAddr>());
    let stopped = async {
        stop.cancelled().await;
        handle.graceful_shutdown(None);
        tokio::time::sleep(drain).await;
        // Idle connections were closed at the stop: each that is left has a request under way.
        let cut = handle.connection_count();
        if cut > 0 {
            tracing::warn!(requests = cut, "requests did not end in time and were cut");
        }
        handle.shutdown();
        std::future::pending().await
    };
    // The server ends by itself: when it fails, or when what was under way at the stop is drained.
    tokio::select! {
        served = serving => served,
        never = stopped => never,
    }
}

/// Waits for work that outlives its request, and in a worker for the questions that it has, until this moment and for
/// some seconds in any case; then closes the ledger.
async fn finish(app: App, latest: tokio::time::Instant) -> Ended {
    let (tasks, store, ledger) = (app.tasks.clone(), app.house.store.clone(), app.house.ledger.clone());
    let (budgets, audit) = (app.house.budgets.clone(), Arc::clone(&app.audit));
    guard::guesses::tell(&app);
    guard::damaged::tell(&app);
    // What was seen since the last time; without it the next start knows a few seconds less.
    let _late = tokio::time::timeout(LAST_WORDS, guard::unusual::tell(&app)).await;
    // The access log's job ends when the last handle to it is dropped, and then it has written all.
    drop(app);
    tasks.close();
    let latest = latest.max(tokio::time::Instant::now() + DRAIN);
    let ended = if tokio::time::timeout_at(latest, tasks.wait()).await.is_ok() {
        Ended::Written
    } else {
        tracing::error!(critical = true, "some work did not end in time; reconciliation will find it");
        Ended::WorkLeft
    };
    // A long spool is for the next start: whoever stopped us does not wait for ever.
    if !matches!(tokio::time::timeout(DRAIN, ledger.drain()).await, Ok(Ok(_))) {
        tracing::warn!("the spool keeps its records until the next start");
    }
    // What is not counted in time is charged in full when its leases end.
    let _late = tokio::time::timeout(DRAIN, budgets.flush()).await;
    // The last events are signed, and another process need not wait for our lease to end.
    if !matches!(tokio::time::timeout(DRAIN, audit.run(true)).await, Ok(Ok(_))) {
        tracing::warn!("what waits for the audit log waits until the next start");
    }
    let _kept = tokio::time::timeout(DRAIN, audit.stop()).await;
    audit.log.close().await;
    store.close().await;
    ended
}

async fn metrics_text(State(app): State<App>) -> String {
    let connections = app.house.store.connections();
    metrics::gauge!("contactiq_db_connections_open").set(f64::from(connections.open));
    metrics::gauge!("contactiq_db_connections_idle").set(f64::from(connections.idle));
    metrics::gauge!("contactiq_db_connections_most").set(f64::from(connections.most));
    let (at_work, waiting) = app.admission.depth();
    metrics::gauge!("contactiq_answers_at_work").set(at_work as f64);
    for (priority, waiting) in Priority::ALL.iter().zip(waiting) {
        metrics::gauge!("contactiq_questions_waiting", "priority" => priority.as_str()).set(waiting as f64);
    }
    app.metrics.run_upkeep();
    app.metrics.render()
}
