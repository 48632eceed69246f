//! Logs: one line an event, JSON by default (D1). What may stand in them: docs/logging.md.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Starts logging to standard error; standard output belongs to answers. A second call changes nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(format!("{0},sqlx=warn,hyper=warn,h2=warn,reqwest=warn", log.level));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
        LogFormat::Text => {
            registry.with(fmt::layer().with_target(false).with_writer(std::io::stderr)).try_init()
        }
    };
    // A panic's text may quote what a person wrote, so only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        tracing::error!(critical = true, at, "a part panicked");
    }));
    // Tests start several servers in one process: the first one's logging stays.
    drop(started);
}
