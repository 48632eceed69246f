//! Secrets are read again: by the schedule, when told, and when something refused what we have (A8).

use std::time::Duration;

use super::JobError;
use crate::app::App;

/// How often it is looked whether it is time to read.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reads where it is time, and hands on what changed. Keys of providers and the address of Redis are asked for at each
/// use; PostgreSQL is told here.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    if app.limits.take_refused() {
        app.secrets.was_refused();
    }
    if app.secrets.is_due() {
        for field in app.secrets.refresh().await {
            match field.as_str() {
                "database.url" | "database.password" => app.house.store.renew(&app.config.database_url())?,
                "server.sealing_key" => tracing::error!(
                    critical = true,
                    "the key-encryption keys were changed: they are taken at the next start; it needs those that wrap keys still, as `contactiq sealing status` says"
                ),
                "guard.token_key" => {
                    tracing::warn!("the key of tokens was changed: it is in force from the next start on");
                }
                _ => {}
            }
        }
    }
    app.secrets.measure();
    Ok(())
}
