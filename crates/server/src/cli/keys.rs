//! `contactiq keys`: API keys, shown once, stored as a hash. Works on the data folder, before or
//! while the server runs; a running server refuses a revoked key within 5 seconds.

use std::process::ExitCode;

use contactiq_domain::{Budget, Clock, Mode, Role, Timestamp, ids::KeyId, interaction::NanoUsd};
use contactiq_store::{
    Store, StoreError, Writer,
    keys::{self, ApiKey},
};

use super::{Outcome, audit, key_text, output};
use crate::{
    app,
    config::Config,
    wiring::{SystemClock, SystemIds, sha256_hex},
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
    /// Revoke a key and make a new one with the same name, role and limits.
    Rotate {
        /// Its name or id.
        key: String,
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
        Command::Create { name, role, mode, rate_per_minute, budget, expires, json } => {
            let now = SystemClock.now();
            let expires_at =
                expires.as_deref().map(moment).transpose()?.map(|at| later(at, now)).transpose()?;
            let name = fit(&name)?;
            let budget = budget.into();
            create(&store, &config, Wanted { name, role, mode, rate_per_minute, budget, expires_at }, json)
                .await
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
        Command::Rotate { key, json } => rotate(&store, &config, &key, json).await,
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

struct Wanted {
    name: String,
    role: Role,
    mode: Option<Mode>,
    rate_per_minute: Option<u32>,
    budget: Budget,
    expires_at: Option<Timestamp>,
}

async fn create(store: &Store, config: &Config, wanted: Wanted, json: bool) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    let (key, record) = make(&mut w, config, wanted).await?;
    w.save().await?;
    show(&key, &record, json);
    Ok(())
}

/// The old secret ends and the new one begins in one statement, and the key stays the same: the
/// conversations and repeated requests of the back end that holds it go on.
async fn rotate(store: &Store, config: &Config, name_or_id: &str, json: bool) -> Result<(), StoreError> {
    let key = new_key(config);
    let mut w = store.write().await?;
    let record = keys::rotate(&mut w, name_or_id, &prefix(&key), &sha256_hex(key.as_bytes())).await?;
    audit::note(&mut w, "keys rotate", &record.id.to_string()).await?;
    w.save().await?;
    show(&key, &record, json);
    Ok(())
}

fn new_key(config: &Config) -> String {
    key_text::make(config.server.environment)
}

fn prefix(key: &str) -> String {
    key_text::beginning(key).to_owned()
}

async fn make(w: &mut Writer, config: &Config, wanted: Wanted) -> Result<(String, ApiKey), StoreError> {
    let key = new_key(config);
    let record = ApiKey {
        id: KeyId::new(&SystemIds),
        name: wanted.name,
        prefix: prefix(&key),
        hash: sha256_hex(key.as_bytes()),
        role: wanted.role,
        mode: wanted.mode,
        rate_per_minute: wanted.rate_per_minute,
        budget: wanted.budget,
        created_at: SystemClock.now(),
        expires_at: wanted.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    keys::create(w, &record).await?;
    audit::note(w, "keys create", &record.id.to_string()).await?;
    Ok((key, record))
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
    }
}

async fn list(store: &Store, json: bool) -> Result<(), StoreError> {
    let mut reader = store.read().await?;
    let found = keys::list(&mut reader).await?;
    let now = SystemClock.now();
    let state = |k: &ApiKey| match (k.revoked_at, k.is_active(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "active",
        (None, false) => "expired",
    };
    if json {
        for k in &found {
            output::json(&serde_json::json!({
                "id": k.id, "name": k.name, "prefix": k.prefix, "role": k.role, "mode": k.mode,
                "rate_per_minute": k.rate_per_minute, "budget_per_day": k.budget.day,
                "budget_per_month": k.budget.month, "state": state(k), "created_at": k.created_at,
                "expires_at": k.expires_at, "revoked_at": k.revoked_at, "last_used_at": k.last_used_at,
            }));
        }
        return Ok(());
    }
    let rows = found
        .iter()
        .map(|k| {
            let or = |v: Option<String>| v.unwrap_or_else(|| "-".to_owned());
            vec![
                k.name.clone(),
                k.prefix.clone(),
                k.role.to_string(),
                or(k.mode.map(|m| m.to_string())),
                or(k.rate_per_minute.map(|r| r.to_string())),
                or(k.budget.day.map(|b| b.dollars().to_string())),
                or(k.budget.month.map(|b| b.dollars().to_string())),
                state(k).to_owned(),
                or(k.expires_at.map(|t| t.to_string())),
                k.id.to_string(),
            ]
        })
        .collect();
    let header =
        ["name", "prefix", "role", "mode", "per minute", "$ a day", "$ a month", "state", "expires", "id"];
    output::table(&header, rows);
    Ok(())
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

fn fit(name: &str) -> Result<String, String> {
    let name = name.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err("--name: 1 to 64 characters without control characters".to_owned())
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    full.parse()
        .map_err(|_| "--expires: write a date as 2027-01-31 or a moment as 2027-01-31T12:00:00Z".to_owned())
}

fn later(at: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    if now < at { Ok(at) } else { Err("--expires lies in the past".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_date_or_a_moment_to_come() {
        assert_eq!(moment("2027-01-31").unwrap(), moment("2027-01-31T00:00:00Z").unwrap());
        assert!(moment("31.1.2027").is_err());
        assert!(later(moment("2020-01-01").unwrap(), moment("2021-01-01").unwrap()).is_err());
        assert!(fit("\u{7}").is_err());
        assert_eq!(dollars("0.25"), Ok(NanoUsd(250_000_000)));
        for wrong in ["-1", "much", "NaN", "1e12", ""] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }
}
