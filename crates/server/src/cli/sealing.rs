//! `contactiq sealing`: which key-encryption keys wrap the keys of people, and wrapping them anew after a new one was put
//! first in `server.sealing_key`. The server goes on meanwhile.

use std::process::ExitCode;

use contactiq_domain::Clock;
use contactiq_store::{
    Store,
    moved::{self, Moved},
    sealing::{self, Wrapped},
};
use serde_json::json;

use super::{Outcome, audit, output};
use crate::{
    app,
    config::{Config, Environment},
    wiring::{self, SystemClock},
};

/// Commands of `sealing`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Wrap every key anew with the first key of `server.sealing_key`; broken off, it goes on at the next try. Keys that are
    /// damaged are named and left out.
    Rotate {
        /// One JSON object at the end.
        #[arg(long)]
        json: bool,
    },
    /// How many keys each key-encryption key wraps, how many are damaged, and whether texts of an earlier version are left.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// So many damaged keys are named in one message; as JSON all of them are.
const SHOWN: usize = 20;

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?.at_work();
    let done = match command {
        Command::Rotate { json } => rotate(&store, json).await,
        Command::Status { json } => status(&store, json).await,
    };
    store.close().await;
    done
}

async fn rotate(store: &Store, json: bool) -> Outcome {
    let waiting: u64 =
        sealing::status(store).await?.iter().filter(|w| !w.active && w.configured).map(keys).sum();
    let bar =
        (!json).then(|| output::bar("keys wrapped anew", usize::try_from(waiting).unwrap_or(usize::MAX)));
    if waiting > 0 {
        let active = sealing::status(store).await?.into_iter().find(|wrapped| wrapped.active);
        let mut w = store.write().await?;
        audit::note(&mut w, "sealing rotate", &active.map(|wrapped| wrapped.kek).unwrap_or_default()).await?;
        w.save().await?;
    }
    let mut rotated = 0;
    loop {
        let now = sealing::rotate_step(store, audit::ACTOR, SystemClock.now()).await?;
        if now == 0 {
            break;
        }
        rotated += now;
        if let Some(bar) = &bar {
            bar.inc(now);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if rotated > 0 {
        // No older wrapping of a key stays beside the file.
        store.fold().await?;
    }
    let left: Vec<Wrapped> =
        sealing::status(store).await?.into_iter().filter(|w| !w.active && keys(w) > 0).collect();
    let damaged = sealing::damaged(store).await?;
    if json {
        output::json(&json!({ "rotated": rotated, "left": left, "damaged": damaged }));
    } else {
        output::line(format!("{rotated} keys were wrapped anew"));
    }
    if !damaged.is_empty() {
        let shown: Vec<&str> = damaged.iter().take(SHOWN).map(String::as_str).collect();
        let more = if damaged.len() > SHOWN { ", …" } else { "" };
        return Err(format!(
            "{} keys of people are damaged and were left out: restore these rows of data_keys from a \
             backup, then rotate again, and keep every key-encryption key until then: {}{more}",
            damaged.len(),
            shown.join(", ")
        )
        .into());
    }
    match left.first() {
        None => Ok(ExitCode::SUCCESS),
        Some(wrapped) if wrapped.configured => Err(format!(
            "{} keys are wrapped by {} still: a server that puts it first makes them; start it anew, then rotate again",
            keys(wrapped),
            wrapped.kek
        )
        .into()),
        Some(wrapped) => Err(format!(
            "{} keys are wrapped by {}, which is not configured: add it behind the first of server.sealing_key, then rotate again",
            keys(wrapped),
            wrapped.kek
        )
        .into()),
    }
}

fn keys(wrapped: &Wrapped) -> u64 {
    wrapped.installation + wrapped.people
}

async fn status(store: &Store, json: bool) -> Outcome {
    let all = sealing::status(store).await?;
    let mut reader = store.read().await?;
    let (moved, unread) = (moved::state(&mut reader).await?, moved::unread(&mut reader).await?);
    drop(reader);
    let damaged = sealing::damaged(store).await?;
    if json {
        let at = match moved {
            Moved::All => None,
            Moved::At(table) => Some(table),
            Moved::File => Some("file"),
        };
        output::json(&json!({ "keys": all, "sealing_anew": at, "unread": unread, "damaged": damaged.len() }));
        return Ok(ExitCode::SUCCESS);
    }
    let row = |wrapped: &Wrapped| {
        vec![
            wrapped.kek.clone(),
            said(wrapped).to_owned(),
            wrapped.installation.to_string(),
            wrapped.people.to_string(),
        ]
    };
    output::table(
        &["key-encryption key", "", "of the installation", "of people"],
        all.iter().map(row).collect(),
    );
    match moved {
        Moved::All => {}
        Moved::At(table) => output::line(format!(
            "texts of an earlier version are sealed anew by a running server; it is at {table}"
        )),
        Moved::File => output::line(
            "texts of an earlier version are sealed anew; the database file waits to be written anew by a running server",
        ),
    }
    if !damaged.is_empty() {
        output::line(format!(
            "{} keys of people are damaged, and what they sealed can't be read: `contactiq sealing rotate` names them",
            damaged.len()
        ));
    }
    if unread > 0 {
        output::line(format!(
            "{unread} rows of an earlier version could not be read and stay as it wrote them: the log of the server names them"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// How the keys stand, for `doctor`; an error is what has to be mended. In production no key may wrap anything that lies
/// beside the data, or that is not the active one, for longer than a rotation takes.
pub(super) async fn standing(store: &Store, config: &Config) -> Result<String, String> {
    if app::is_key_beside_data(store, config).await.map_err(|error| error.to_string())? {
        return Err(format!(
            "{} still wraps keys: whoever copies the data folder reads all of it. Run `contactiq sealing rotate`, then \
             take the file away, out of backups too",
            wiring::key_path(&config.server.data_dir).display()
        ));
    }
    let all = sealing::status(store).await.map_err(|error| error.to_string())?;
    let people: u64 = all.iter().map(|wrapped| wrapped.people).sum();
    let others: Vec<_> = all.iter().filter(|wrapped| !wrapped.active && keys(wrapped) > 0).collect();
    let detail = match others.first() {
        None => format!("{people} keys of people, all wrapped by the active key"),
        Some(wrapped) => format!("{} keys wrapped by {}: {}", keys(wrapped), wrapped.kek, said(wrapped)),
    };
    let strict = config.server.environment == Environment::Production;
    if others.iter().any(|wrapped| strict || !wrapped.configured) { Err(detail) } else { Ok(detail) }
}

/// What there is to say of a key-encryption key.
fn said(wrapped: &Wrapped) -> &'static str {
    match (wrapped.active, wrapped.configured, keys(wrapped)) {
        (true, ..) => "active",
        (false, true, 0) => "may be taken out of the configuration",
        (false, true, _) => "wait for `contactiq sealing rotate`: run it",
        (false, false, _) => "missing: what these keys sealed can't be read",
    }
}
