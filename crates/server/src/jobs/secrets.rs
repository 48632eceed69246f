//! Secrets are read again: by the schedule, when told, and when something refused what we have (A8).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::JobError;
use crate::{
    app::{self, App},
    secrets::Standing,
};

/// How often it is looked whether it is time to read.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reads where it is time, and hands on what changed. Keys of providers and the address of Redis are asked for at each
/// use; PostgreSQL is told here.
pub(super) async fn look(app: &App, active: &Active) -> Result<(), JobError> {
    if app.limits.take_refused() {
        app.secrets.was_refused();
    }
    if app.secrets.is_due() {
        if app.secrets.is_asked() {
            noted(app, None, "told_to_read").await;
        }
        for field in app.secrets.refresh().await {
            noted(app, Some(&field), "read_again").await;
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
    for (field, place) in active.changed(&app.secrets.standing()) {
        noted(app, Some(&field), if place == 0 { "active_in_force" } else { "standby_in_force" }).await;
    }
    app.secrets.measure();
    Ok(())
}

/// While the database is away the log has it alone.
async fn noted(app: &App, field: Option<&str>, how: &'static str) {
    if let Err(error) = app::note_secret(&app.house.store.at_work(), field, how).await {
        tracing::warn!(%error, field, how, "a change of a secret is not in the audit log");
    }
}

/// Which of its values is in force, of each secret that has several.
#[derive(Default)]
pub(super) struct Active(Mutex<BTreeMap<String, usize>>);

impl Active {
    /// Those of which another one is in force than at the last look.
    fn changed(&self, standing: &[Standing]) -> Vec<(String, usize)> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for of in standing {
            let Some(place) = of.values.iter().position(|(_, state)| *state == "active") else { continue };
            let before = known.insert(of.field.clone(), place);
            if before.is_some_and(|before| before != place) {
                changed.push((of.field.clone(), place));
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(active: usize) -> Standing {
        let state = |place| if place == active { "active" } else { "standby" };
        Standing {
            field: "llm.api_key".to_owned(),
            places: Vec::new(),
            resolves: true,
            error: None,
            age_seconds: None,
            values: vec![("a".to_owned(), state(0)), ("b".to_owned(), state(1))],
        }
    }

    #[test]
    fn it_is_told_once_that_another_value_is_in_force() {
        let active = Active::default();
        assert_eq!(active.changed(&[standing(0)]), []);
        assert_eq!(active.changed(&[standing(1)]), [("llm.api_key".to_owned(), 1)]);
        assert_eq!(active.changed(&[standing(1)]), []);
        assert_eq!(active.changed(&[standing(0)]), [("llm.api_key".to_owned(), 0)]);
    }
}
