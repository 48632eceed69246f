//! `contactiq serve`: the start as one readable story; it refuses to limp.

use std::process::ExitCode;

use contactiq_pipeline::Trained;
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;

use super::{Outcome, output};
use crate::{
    app::{App, absolute},
    config::{Config, ServerRole},
    logging, serve, wiring,
};

/// Options of `serve`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Which part of the work this process does: all, gateway or worker. Gateways and workers share PostgreSQL and
    /// Redis.
    #[arg(long)]
    role: Option<ServerRole>,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let config = match args.role {
        Some(role) => config.with_role(role)?,
        None => config,
    };
    logging::start(&config.log);
    let listener = bind("server.listen", &config.server.listen.to_string()).await?;
    let metrics = match config.server.metrics_listen.as_str() {
        "" => None,
        address => Some(bind("server.metrics_listen", address).await?),
    };
    let address = listener.local_addr()?;
    let metrics_address = metrics.as_ref().and_then(|m| m.local_addr().ok());

    let app = serve::build(config, output::progress()).await?;
    let code = app.config.identity.local_sign_in().then(|| app.sessions.new_code());
    let host = if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    };
    let metrics_address = metrics_address.map(|a| a.to_string());
    for field in app.config.still_of_the_demo() {
        output::note(format!("contactiq: {field} is the demo bank's: customers would read it; set your own"));
    }
    announce(&app, &host, code.as_deref(), metrics_address.as_deref());
    if address.ip().is_loopback() || app.config.server.environment == crate::config::Environment::Development
    {
        note_key(&app.config);
    }

    let stop = CancellationToken::new();
    read_secrets_when_told(&app, &stop);
    let signalled = stop.clone();
    app.tasks.spawn(async move {
        ended().await;
        signalled.cancel();
    });
    match serve::run(app, listener, metrics, stop).await? {
        serve::Ended::Written => {
            output::note("contactiq: stopped; everything accepted was written");
            Ok(ExitCode::SUCCESS)
        }
        serve::Ended::WorkLeft => {
            output::note(
                "contactiq: stopped, but some work did not end in time; the next start marks it interrupted",
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn bind(field: &str, address: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|e| format!("{field}: {address} can't be used: {e}. Stop what uses it, or choose another (port 0 takes a free one)"))
}

fn announce(app: &App, host: &str, code: Option<&str>, metrics: Option<&str>) {
    let (standing, data) = (&app.standing, &app.config.server.data_dir);
    fn part(name: &str, state: &Result<String, impl std::fmt::Display>) {
        match state {
            Ok(on) => output::line(format!("  {name:<10} on: {on}")),
            Err(why) => output::line(format!("  {name:<10} off: {why}")),
        }
    }
    let scheme = if app.tls.is_some() { "https" } else { "http" };
    output::line(format!("ContactIQ {} listens on {scheme}://{host}", env!("CARGO_PKG_VERSION")));
    match code {
        Some(code) => output::line(format!("  Sign in    {scheme}://{host}/signin?code={code}")),
        None => output::line(format!("  Sign in    {}", sign_in_elsewhere(&app.config))),
    }
    output::line("  API key    contactiq keys create --name me --role admin");
    part("tls", &tls(app));
    part("encoder", &standing.encoder);
    if let Some(misfit) = &standing.confidence {
        output::line(format!("  confidence {misfit}"));
    }
    part("model", &standing.llm);
    output::line(format!("  data       {}", absolute(data).display()));
    output::line(format!("  database   {}", standing.database));
    part("redis", &standing.redis);
    if let Some(metrics) = metrics {
        output::line(format!("  metrics    http://{metrics}/metrics"));
    }
    output::line(format!("  knowledge  {} documents, {} passages", standing.documents, standing.passages));
    let Trained { trained, read, unkept } = standing.trained;
    let unkept = match unkept {
        0 => String::new(),
        some => format!("; {some} can't be kept there: each start trains them again"),
    };
    output::line(format!("  models     {trained} trained now, {read} read from the data folder{unkept}"));
}

/// How this server is spoken to.
fn tls(app: &App) -> Result<String, &'static str> {
    let tls =
        app.tls.as_ref().ok_or("plain HTTP (server.tls); a proxy ends TLS where others reach this server")?;
    Ok(format!("version 1.3, {} until {}", tls.certificate().display(), tls.ends().date()))
}

/// Where people sign in when there is no link.
fn sign_in_elsewhere(config: &Config) -> String {
    if config.identity.oidc.signs_in() {
        format!("{}/signin, by {}", config.server.public_url, config.identity.oidc.issuer)
    } else {
        "nowhere: identity.local_sign_in is off and there is no identity provider for the pages".to_owned()
    }
}

/// On SIGHUP the secrets are read again.
fn read_secrets_when_told(app: &App, stop: &CancellationToken) {
    #[cfg(unix)]
    {
        let (secrets, stop) = (app.secrets.clone(), stop.clone());
        app.tasks.spawn(async move {
            let Ok(mut told) = signal::unix::signal(signal::unix::SignalKind::hangup()) else { return };
            while let Some(Some(())) = stop.run_until_cancelled(told.recv()).await {
                tracing::info!("told to read the secrets again");
                secrets.ask();
            }
        });
    }
    #[cfg(not(unix))]
    let _ = (app, stop);
}

fn note_key(config: &Config) {
    tracing::info!(sealing_key = %wiring::key_place(config), "back up the sealing key apart from the database: without it nothing sealed can be read");
}

/// Ctrl-C or a polite kill.
async fn ended() {
    let interrupted = signal::ctrl_c();
    #[cfg(unix)]
    {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminated) => {
                tokio::select! {
                    _ = interrupted => {}
                    _ = terminated.recv() => {}
                }
            }
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}
