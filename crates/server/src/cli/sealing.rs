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
    config::Config,
    wiring::{SystemClock, SystemIds},
};

/// Commands of `sealing`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Wrap every key anew with the first key of `server.sealing_key`; broken off, it goes on at the next try.
    Rotate {
        /// One JSON object at the end.
        #[arg(long)]
        json: bool,
    },
    /// How many keys each key-encryption key wraps, and whether texts of an earlier version are left.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

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
    let mut rotated = 0;
    loop {
        let now = sealing::rotate_step(store).await?;
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
        sealing::note_rotation(store, rotated, audit::ACTOR, &SystemIds, SystemClock.now()).await?;
        let mut w = store.write().await?;
        audit::note(&mut w, "sealing rotate", &format!("{rotated} keys")).await?;
        w.save().await?;
        // No older wrapping of a key stays beside the file.
        store.fold().await?;
    }
    let left: Vec<Wrapped> =
        sealing::status(store).await?.into_iter().filter(|w| !w.active && keys(w) > 0).collect();
    if json {
        output::json(&json!({ "rotated": rotated, "left": left }));
    } else {
        output::line(format!("{rotated} keys were wrapped anew"));
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
    let moved = moved::state(&mut *store.read().await?).await?;
    if json {
        let at = match moved {
            Moved::All => None,
            Moved::At(table) => Some(table),
        };
        output::json(&json!({ "keys": all, "sealing_anew": at }));
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
    if let Moved::At(table) = moved {
        output::line(format!(
            "texts of an earlier version are sealed anew by a running server; it is at {table}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is to say of a key-encryption key.
pub(super) fn said(wrapped: &Wrapped) -> &'static str {
    match (wrapped.active, wrapped.configured, keys(wrapped)) {
        (true, ..) => "active",
        (false, true, 0) => "may be taken out of the configuration",
        (false, true, _) => "wait for `contactiq sealing rotate`",
        (false, false, _) => "missing: what these keys sealed can't be read",
    }
}
