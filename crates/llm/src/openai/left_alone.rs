//! What a call came to, told to the breaker of its server and to the log.

use std::sync::atomic::{AtomicBool, Ordering};

use contactiq_domain::{
    BreakerState,
    breaker::{Breaker, Permit},
};
use tokio::time::Instant;

use crate::ModelError;

/// What the log says of a server.
pub(super) struct Words {
    /// Of each call.
    pub(super) call: &'static str,
    /// That it is left alone from now on, and what goes on without it.
    pub(super) left_alone: &'static str,
    /// That it answers again.
    pub(super) back: &'static str,
}

/// Tells the breaker and the log: each try that failed, but a warning only when the server begins to be left alone (then
/// `told` is set), because then nothing is tried for a while and somebody has to look.
pub(super) fn settle(
    (breaker, told): (&Breaker, &AtomicBool),
    permit: Permit<'_>,
    since: Instant,
    error: Option<&ModelError>,
    words: &Words,
) {
    let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    match error {
        None => permit.success(),
        Some(error) if error.counts_against_provider() => permit.failure(),
        // It answered, and was right to refuse.
        Some(ModelError::Refused(_)) => permit.success(),
        Some(_) => drop(permit),
    }
    match error {
        None => tracing::debug!(millis, outcome = "ok", "{}", words.call),
        Some(error) => tracing::info!(millis, outcome = error.code(), %error, "{}", words.call),
    }
    match (breaker.state(), error) {
        (BreakerState::Open, Some(error)) if !told.swap(true, Ordering::SeqCst) => {
            tracing::warn!(outcome = error.code(), %error, "{}", words.left_alone);
        }
        (BreakerState::Closed, _) if told.swap(false, Ordering::SeqCst) => tracing::info!("{}", words.back),
        _ => {}
    }
}
