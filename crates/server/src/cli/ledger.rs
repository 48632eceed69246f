//! `contactiq ledger`: dead letters, and what never finished.

use std::process::ExitCode;

use contactiq_domain::Clock;
use contactiq_store::{
    Store, interactions,
    ledger::dead::{self, DeadLetter, Replayed},
};
use serde_json::json;

use super::{Outcome, audit, output, page::Page};
use crate::{api::ledger::told, app, config::Config, wiring::SystemClock};

/// Commands of `ledger`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Say how many interactions are under way, what waits in the queue and in the spools of this data folder, and
    /// how many entries could not be written.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Entries that could not be written.
    #[command(subcommand)]
    Dead(Dead),
}

/// Commands of `ledger dead`.
#[derive(clap::Subcommand)]
pub(super) enum Dead {
    /// List them, the oldest first.
    List(Page),
    /// Show one with what it holds, masked.
    Show {
        /// Its id, as `ledger dead list` shows it.
        id: String,
    },
    /// Write them where they belong. What is refused still stays, with the reason.
    Replay {
        /// Their ids.
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Drop them for good: what they hold is lost.
    Drop {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?.at_work();
    let done = match command {
        Command::Status { json } => status(&store, &config, json).await,
        Command::Dead(Dead::List(page)) => list(&store, &page).await,
        Command::Dead(Dead::Show { id }) => show(&store, &id).await,
        Command::Dead(Dead::Replay { ids, all }) => replay(&store, ids, all).await,
        Command::Dead(Dead::Drop { ids }) => discard(&store, ids).await,
    };
    store.close().await;
    done
}

async fn status(store: &Store, config: &Config, json: bool) -> Outcome {
    let mut reader = store.read().await?;
    let (letters, unfinished) =
        (dead::count(&mut reader).await?, interactions::count_unfinished(&mut reader).await?);
    drop(reader);
    let waiting = app::waiting(store, config).await?;
    let queued = waiting.queue.as_ref().and_then(|queue| queue.as_ref().ok());
    if json {
        let spools = waiting.spools.iter().map(
            |(place, seen)| json!({ "place": place, "bytes": seen.bytes, "damaged_files": seen.damaged }),
        );
        output::json(&json!({
            "dead_letters": letters,
            "unfinished": unfinished,
            "queue_entries": queued,
            "spools": spools.collect::<Vec<_>>(),
        }));
    } else {
        output::line(format!("{unfinished} interactions under way, {letters} dead letters"));
        match &waiting.queue {
            None => {}
            Some(Ok(queued)) => output::line(format!("{queued} entries in the queue")),
            Some(Err(error)) => output::problem(&format!("the queue can't be asked: {error}")),
        }
        for (place, seen) in &waiting.spools {
            let damaged =
                if seen.damaged > 0 { format!(", {} damaged files", seen.damaged) } else { String::new() };
            output::line(format!("spool {place}: {} bytes wait{damaged}", seen.bytes));
        }
        if letters > 0 {
            output::note("`contactiq ledger dead list` shows them".to_owned());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, page: &Page) -> Outcome {
    let mut reader = store.read().await?;
    let found = dead::list(&mut reader, page.limit(), page.skip()).await?;
    let all = dead::count(&mut reader).await?;
    if page.json {
        found.iter().for_each(|letter| output::json(&shape(letter)));
    } else {
        let header = ["letter", "phase", "buried", "tries", "reason"];
        output::table(&header, found.iter().map(row).collect());
    }
    output::note(format!("{} of {all}", found.len()));
    Ok(ExitCode::SUCCESS)
}

fn shape(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "interaction": letter.interaction,
        "phase": letter.phase,
        "reason": letter.reason,
        "tries": letter.tries,
        "created_at": letter.created_at,
        "last_tried_at": letter.last_tried_at,
        "bytes": letter.bytes,
    })
}

fn row(letter: &DeadLetter) -> Vec<String> {
    vec![
        letter.id.clone(),
        letter.phase.map_or_else(|| "-".to_owned(), |phase| phase.to_string()),
        letter.created_at.to_string(),
        letter.tries.to_string(),
        letter.reason.clone(),
    ]
}

const MISSING: &str = "there is no such dead letter: `contactiq ledger dead list` shows the ids";

async fn show(store: &Store, id: &str) -> Outcome {
    let (letter, entry) = dead::get(&mut *store.read().await?, id).await?.ok_or(MISSING)?;
    let mut shown = shape(&letter);
    match entry {
        Ok(entry) => shown["entry"] = told(&entry),
        Err(why) => output::note(why.to_string()),
    }
    output::json(&shown);
    Ok(ExitCode::SUCCESS)
}

async fn replay(store: &Store, ids: Vec<String>, all: bool) -> Outcome {
    let ids = if all {
        let found = dead::list(&mut *store.read().await?, u32::MAX >> 1, 0).await?;
        found.into_iter().map(|letter| letter.id).collect()
    } else {
        ids
    };
    let mut failed = 0;
    for id in &ids {
        match dead::replay_in(store, id, None, SystemClock.now()).await? {
            Ok(Replayed::Written) => {
                note(store, "ledger dead replay", id).await?;
                output::line(format!("{id} is written"));
                continue;
            }
            Ok(Replayed::Overtaken) => {
                note(store, "ledger dead replay", id).await?;
                output::line(format!(
                    "{id} is dropped: nobody was shown it, and its request was answered again"
                ));
                continue;
            }
            Ok(Replayed::Missing) => output::problem(MISSING),
            Ok(Replayed::Unreadable(why)) => output::problem(&format!("{id} stays: {why}")),
            Err(why) => output::problem(&format!("{id} stays: it is refused still: {why}")),
        }
        failed += 1;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn discard(store: &Store, ids: Vec<String>) -> Outcome {
    let mut missing = 0;
    for id in &ids {
        let mut w = store.write().await?;
        if dead::discard(&mut w, id).await? {
            audit::note(&mut w, "ledger dead drop", id).await?;
            w.save().await?;
            output::line(format!("{id} is gone"));
        } else {
            output::problem(MISSING);
            missing += 1;
        }
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn note(store: &Store, command: &str, id: &str) -> Result<(), contactiq_store::StoreError> {
    let mut w = store.write().await?;
    audit::note(&mut w, command, id).await?;
    w.save().await
}
