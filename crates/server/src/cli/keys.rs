//! `contactiq keys`: API keys, shown once, stored as a hash. Works on the data folder, before or
//! while the server runs; a running server refuses a revoked key within 5 seconds.

use std::process::ExitCode;

use contactiq_domain::{Budget, Clock, Mode, Permission, Role, interaction::NanoUsd};
use contactiq_store::{
    Store, StoreError,
    keys::{self, ApiKey},
};

use super::{Outcome, audit, output};
use crate::{
    api, app,
    config::Config,
    guard::new_key::{self, Grace, Wanted},
    wiring::SystemClock,
};

/// Commands of `keys`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and print it once.
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
        /// customer, banker, supervisor, auditor, admin or service.
        #[arg(long)]
        role: Role,
        /// Only this assistant.
        #[arg(long)]
        mode: Option<Mode>,
        /// Only so much of what its role may, for instance ask,act_for_subject,feedback.
        #[arg(long = "scope", value_name = "SCOPES")]
        scopes: Option<String>,
        /// Questions a minute; such a key is not limited by address.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        rate_per_minute: Option<u32>,
        /// What its questions may cost.
        #[command(flatten)]
        budget: KeyBudget,
        /// When it ends: a date (2027-01-31) or a moment (2027-01-31T12:00:00Z).
        #[arg(long)]
        expires: Option<String>,
        /// Print {"id","name","key"}.
        #[arg(long)]
        json: bool,
    },
    /// List keys; the keys themselves are not kept.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Give a key another budget, at once; a limit that is not named is taken away.
    Budget {
        /// Its name or id.
        key: String,
        /// What its questions may cost.
        #[command(flatten)]
        budget: KeyBudget,
    },
    /// Revoke a key by name or id.
    Revoke {
        /// Its name or id.
        key: String,
        /// Print {"id","name","state"}.
        #[arg(long)]
        json: bool,
    },
    /// Give a key another secret; it stays the same key, with what it owns.
    Rotate {
        /// Its name or id.
        key: String,
        /// How long the old secret goes on beside the new one: 30m, 24h, 7d, at most 30d; 0 ends it now.
        #[arg(long, default_value = "0")]
        grace: String,
        /// Print {"id","name","key"} of the new key.
        #[arg(long)]
        json: bool,
    },
}

/// What the questions of a key may cost, in dollars.
#[derive(clap::Args)]
pub(super) struct KeyBudget {
    /// Dollars that language models may cost it in a day; 0 is no budget.
    #[arg(long, value_parser = dollars, allow_negative_numbers = true)]
    budget_per_day: Option<NanoUsd>,
    /// Dollars that language models may cost it in a month; 0 is no budget.
    #[arg(long, value_parser = dollars, allow_negative_numbers = true)]
    budget_per_month: Option<NanoUsd>,
}

impl From<KeyBudget> for Budget {
    fn from(of: KeyBudget) -> Budget {
        let some = |amount: Option<NanoUsd>| amount.filter(|amount| amount.0 > 0);
        Budget { day: some(of.budget_per_day), month: some(of.budget_per_month) }
    }
}

/// An amount of dollars.
fn dollars(text: &str) -> Result<NanoUsd, String> {
    let amount = text.parse().ok().and_then(NanoUsd::from_dollars);
    amount.ok_or_else(|| "write dollars from 0, which is no budget, to 1000000000".to_owned())
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?;
    let done = match command {
        Command::Create { name, role, mode, scopes, rate_per_minute, budget, expires, json } => {
            let scopes = new_key::scopes(role, scopes.as_deref()).map_err(|why| format!("--scope: {why}"))?;
            let expiry = |text: &str| new_key::expiry(text, SystemClock.now());
            let expires_at =
                expires.as_deref().map(expiry).transpose().map_err(|why| format!("--expires: {why}"))?;
            let name = new_key::name(&name).map_err(|why| format!("--name: {why}"))?;
            let budget = budget.into();
            let wanted = Wanted { name, role, mode, scopes, rate_per_minute, budget, expires_at };
            create(&store, &config, wanted, json).await
        }
        Command::List { json } => list(&store, json).await,
        Command::Budget { key, budget } => set_budget(&store, &key, budget.into()).await.map(|key| {
            let of = |amount: Option<NanoUsd>| {
                amount.map_or_else(|| "none".to_owned(), |amount| format!("${}", amount.dollars()))
            };
            output::line(format!(
                "budget of {}: a day {}, a month {}",
                key.name,
                of(key.budget.day),
                of(key.budget.month)
            ));
        }),
        Command::Revoke { key, json } => revoke(&store, &key).await.map(|old| {
            if json {
                output::json(&serde_json::json!({ "id": old.id, "name": old.name, "state": "revoked" }));
            } else {
                output::line(format!("revoked {} ({})", old.name, old.prefix));
            }
        }),
        Command::Rotate { key, grace, json } => {
            let grace = new_key::grace(&grace).map_err(|why| format!("--grace: {why}"))?;
            rotate(&store, &config, (&key, grace), json).await
        }
    };
    store.close().await;
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(StoreError::Conflict { .. }) => {
            Err("a key with this name is in use: choose another name, or `contactiq keys rotate` it".into())
        }
        Err(StoreError::NotFound { .. }) => {
            Err("no active key has this name or id: `contactiq keys list` shows them".into())
        }
        Err(e) => Err(e.into()),
    }
}

async fn create(store: &Store, config: &Config, wanted: Wanted, json: bool) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    let (key, record) = new_key::make(&mut w, config, &SystemClock, wanted).await?;
    audit::note(&mut w, "keys create", &record.id.to_string()).await?;
    w.save().await?;
    show(&key, &record, json);
    Ok(())
}

async fn rotate(
    store: &Store,
    config: &Config,
    (name_or_id, grace): (&str, Grace),
    json: bool,
) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    let (key, record) = new_key::rotate(&mut w, config, name_or_id, (grace, SystemClock.now())).await?;
    audit::note(&mut w, "keys rotate", &record.id.to_string()).await?;
    w.save().await?;
    show(&key, &record, json);
    Ok(())
}

fn show(key: &str, record: &ApiKey, json: bool) {
    if json {
        output::json(&serde_json::json!({ "id": record.id, "name": record.name, "key": key }));
    } else {
        output::line(key);
        output::note(format!(
            "key {} for role {}; it is shown this once and not kept",
            record.name, record.role
        ));
        if let Some(end) = record.overlaps_until(SystemClock.now()) {
            output::note(format!("the secret before goes on until {end}"));
        }
    }
}

async fn list(store: &Store, json: bool) -> Result<(), StoreError> {
    let mut reader = store.read().await?;
    let sound = keys::list(&mut reader).await?.into_iter();
    let now = SystemClock.now();
    let sound = sound.map(|key| (api::keys::state(&key, now), key));
    let damaged = keys::damaged(&mut reader).await?.into_iter().map(|key| (api::keys::DAMAGED, key));
    let found: Vec<(&str, ApiKey)> = sound.chain(damaged).collect();
    if json {
        for (state, k) in &found {
            output::json(&serde_json::json!({
                "id": k.id, "name": k.name, "prefix": k.prefix, "role": k.role, "mode": k.mode,
                "rate_per_minute": k.rate_per_minute, "budget_per_day": k.budget.day,
                "budget_per_month": k.budget.month, "state": state, "created_at": k.created_at,
                "expires_at": k.expires_at, "revoked_at": k.revoked_at, "last_used_at": k.last_used_at,
                "scopes": k.scopes, "previous_ends_at": k.overlaps_until(now),
            }));
        }
        return Ok(());
    }
    let rows = found
        .iter()
        .map(|(state, k)| {
            let or = |v: Option<String>| v.unwrap_or_else(|| "-".to_owned());
            vec![
                k.name.clone(),
                k.prefix.clone(),
                k.role.to_string(),
                or(k.mode.map(|m| m.to_string())),
                or(k.scopes.as_deref().map(words)),
                or(k.rate_per_minute.map(|r| r.to_string())),
                or(k.budget.day.map(|b| b.dollars().to_string())),
                or(k.budget.month.map(|b| b.dollars().to_string())),
                (*state).to_owned(),
                or(k.expires_at.map(|t| t.to_string())),
                or(k.overlaps_until(now).map(|t| t.to_string())),
                k.id.to_string(),
            ]
        })
        .collect();
    let header = [
        "name",
        "prefix",
        "role",
        "mode",
        "scopes",
        "per minute",
        "$ a day",
        "$ a month",
        "state",
        "expires",
        "old secret until",
        "id",
    ];
    output::table(&header, rows);
    Ok(())
}

fn words(scopes: &[Permission]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

async fn set_budget(store: &Store, key: &str, budget: Budget) -> Result<ApiKey, StoreError> {
    let mut w = store.write().await?;
    let changed = keys::set_budget(&mut w, key, budget).await?;
    audit::note(&mut w, "keys budget", &changed.id.to_string()).await?;
    w.save().await?;
    Ok(changed)
}

async fn revoke(store: &Store, key: &str) -> Result<ApiKey, StoreError> {
    let mut w = store.write().await?;
    let old = keys::revoke(&mut w, key, SystemClock.now()).await?;
    audit::note(&mut w, "keys revoke", &old.id.to_string()).await?;
    w.save().await?;
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_dollars() {
        assert_eq!(dollars("0.25"), Ok(NanoUsd(250_000_000)));
        for wrong in ["-1", "much", "NaN", "1e12", ""] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }
}
