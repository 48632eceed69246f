//! `contactiq serve`: production and tests start the same function with listeners passed in.

use std::{net::SocketAddr, sync::OnceLock, time::Duration};

use axum::{Router, extract::State, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    app::{self, App, Progress, StartError},
    config::Config,
    guard, jobs, web, wiring,
};

/// After the stop signal, requests have this long to finish.
const DRAIN: Duration = Duration::from_secs(10);

/// The start waits this long for Redis, which need not be there.
const REDIS_PATIENCE: Duration = Duration::from_secs(1);

/// Buckets of every latency, in seconds.
const SECONDS: &[f64] =
    &[0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Builds the house and what a server needs around it.
///
/// # Errors
/// [`StartError`] says what to do.
pub async fn build(config: Config, progress: Progress) -> Result<App, StartError> {
    let metrics = recorder();
    let (house, mut standing) = app::build_house(&config, progress).await?;
    let shared = guard::limits::open(&config, REDIS_PATIENCE).await?.map(|(shared, answered)| {
        standing.redis = match answered {
            Ok(()) => Ok("limits are shared".to_owned()),
            Err(error) => Err(format!("{error}: limits are kept in this process until it answers")),
        };
        shared
    });
    let dir = config.server.data_dir.clone();
    let body_key = wiring::derived_key(&dir, "idempotency")
        .map_err(|source| StartError::DataDir { path: dir, source })?;
    Ok(App::new(house, config, standing, shared, metrics, body_key))
}

/// One recorder a process: tests start several servers in one.
fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
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
    let (api, _) = api::routes().split_for_parts();
    let routes = api
        .merge(web::routes())
        .fallback(web::nowhere)
        .method_not_allowed_fallback(|| async { api::error::ApiError::Method });
    guard::around(routes, app).with_state(app.clone())
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
) -> std::io::Result<()> {
    jobs::start(&app, &stop);
    if let Some(listener) = metrics_listener {
        let routes = Router::new().route("/metrics", get(metrics_text)).with_state(app.clone());
        let stop = stop.clone();
        app.tasks.spawn(async move {
            if let Err(error) =
                axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
            {
                tracing::error!(error = %error, "the metrics listener ended");
            }
        });
    }
    let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served?,
        () = drained => tracing::warn!("some requests did not end in time"),
    }
    finish(app).await;
    Ok(())
}

/// Waits for work that outlives its request, then closes the ledger.
async fn finish(app: App) {
    let (tasks, store) = (app.tasks.clone(), app.house.store.clone());
    // The access log's job ends when the last handle to it is dropped, and then it has written all.
    drop(app);
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        tracing::error!(critical = true, "some work did not end in time; reconciliation will find it");
    }
    store.close().await;
}

async fn metrics_text(State(app): State<App>) -> String {
    let connections = app.house.store.connections();
    metrics::gauge!("contactiq_db_connections_open").set(f64::from(connections.open));
    metrics::gauge!("contactiq_db_connections_idle").set(f64::from(connections.idle));
    metrics::gauge!("contactiq_db_connections_most").set(f64::from(connections.most));
    app.metrics.run_upkeep();
    app.metrics.render()
}
