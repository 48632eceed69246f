//! Secrets are read again: by the schedule, when told, and when something refused what we have (A8).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contactiq_guard::TokenKey;

use super::JobError;
use crate::{
    app::{self, App},
    secrets::Standing,
    wiring,
};

/// How often it is looked whether it is time to read.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reads where it is time, hands on what changed, and then notes it: a database that refuses the old password is told the
/// new one before anything is written there. Keys of providers and the address of Redis are asked for at each use;
/// PostgreSQL is told here.
pub(super) async fn look(app: &App, active: &Active) -> Result<(), JobError> {
    let mut handed_on = Ok(());
    if app.limits.take_refused() {
        app.secrets.was_refused();
    }
    // Another server wraps with a key that this one does not have yet.
    if app.house.store.take_missed_key() {
        app.secrets.was_refused();
    }
    if app.secrets.is_due() {
        if app.secrets.is_asked() {
            active.wants_noted(None, "told_to_read");
        }
        for field in app.secrets.refresh().await {
            active.wants_noted(Some(&field), "read_again");
            match field.as_str() {
                "database.url" | "database.password" => {
                    handed_on = app.house.store.renew(&app.config.database_url());
                }
                "server.sealing_key" => take_sealing_keys(app),
                "guard.token_key" => take_token_key(app),
                "identity.session_key" => take_session_keys(app),
                _ => {}
            }
        }
    }
    for (field, place) in active.changed(&app.secrets.standing()) {
        active.wants_noted(Some(&field), if place == 0 { "active_in_force" } else { "standby_in_force" });
    }
    app.secrets.measure();
    let store = app.house.store.at_work();
    while let Some(change) = active.next() {
        let (field, how) = (change.0.as_deref(), change.1);
        if let Err(error) = app::note_secret(&store, field, how).await {
            // While the database is away the log has it alone.
            tracing::warn!(%error, field, how, "a change of a secret is not in the audit log yet");
            active.not_yet(change);
            break;
        }
    }
    Ok(handed_on?)
}

/// New keys of people are wrapped by the first key-encryption key from now on; those of before go on to unwrap.
fn take_sealing_keys(app: &App) {
    let named = match wiring::key_encryption(&app.config) {
        Ok(named) => named,
        Err(error) => {
            tracing::error!(critical = true, %error, "the key-encryption keys were changed and can't be used: those of before stay in force");
            return;
        }
    };
    let active = named.active().to_owned();
    match app.house.store.change_key_encryption(named) {
        Ok(true) => tracing::warn!(
            critical = true,
            key = active,
            "another key-encryption key wraps from now on: `contactiq sealing rotate` wraps anew what the others wrap; the next start needs each of them that still wraps something"
        ),
        Ok(false) => {}
        Err(error) => tracing::error!(
            critical = true,
            %error,
            "server.sealing_key was changed and does not hold the key that wraps: those of before stay in force"
        ),
    }
}

/// Sessions of customers are signed by the first of the new keys from now on.
fn take_session_keys(app: &App) {
    if !app.tokens.take_session_keys() {
        tracing::error!(
            critical = true,
            "identity.session_key was changed and is too short: those of before stay in force"
        );
    }
}

/// Values that are found from now on have tokens by the new key.
fn take_token_key(app: &App) {
    match TokenKey::new(app.config.guard.token_key.expose().as_bytes()) {
        Some(key) => app.house.guard.change_token_key(key),
        None => tracing::error!(
            critical = true,
            "guard.token_key was changed and is too short: the one of before stays in force"
        ),
    }
}

/// Which secret, none for all of them, and what became of it.
type Change = (Option<String>, &'static str);

/// Which of its values is in force, of each secret that has several; and what is to be noted.
#[derive(Default)]
pub(super) struct Active {
    known: Mutex<BTreeMap<String, usize>>,
    unnoted: Mutex<VecDeque<Change>>,
}

impl Active {
    /// What waits to be noted waits once, so that no more waits than there are secrets, however long the database is away.
    fn wants_noted(&self, field: Option<&str>, how: &'static str) {
        let mut unnoted = self.unnoted.lock().unwrap_or_else(PoisonError::into_inner);
        let change = (field.map(str::to_owned), how);
        if !unnoted.contains(&change) {
            unnoted.push_back(change);
        }
    }

    /// What is to be noted next.
    fn next(&self) -> Option<Change> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// It could not be noted: the next look tries again, with this one first.
    fn not_yet(&self, change: Change) {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner).push_front(change);
    }

    /// Those of which another one is in force than at the last look.
    fn changed(&self, standing: &[Standing]) -> Vec<(String, usize)> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn what_could_not_be_noted_comes_first_at_the_next_look_and_waits_once() {
        let active = Active::default();
        let changed = |active: &Active| active.wants_noted(Some("database.password"), "read_again");
        active.wants_noted(None, "told_to_read");
        changed(&active);
        let first = active.next().unwrap();
        assert_eq!(first, (None, "told_to_read"));
        active.not_yet(first.clone());
        changed(&active);
        let all: Vec<Change> = std::iter::from_fn(|| active.next()).collect();
        assert_eq!(all, [first, (Some("database.password".to_owned()), "read_again")]);
        changed(&active);
        assert!(active.next().is_some(), "once it is noted, the same change is another one");
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
