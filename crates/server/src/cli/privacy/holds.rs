//! `contactiq privacy hold`: keep everything of a person until that is lifted.

use std::process::ExitCode;

use contactiq_store::{
    Store,
    conversations::Owner,
    privacy::holds::{self, Hold},
};
use serde_json::json;
use uuid::Uuid;

use super::{NOBODY, Person};
use crate::{
    cli::{Outcome, audit, output, signature},
    privacy,
    wiring::SystemIds,
};

/// Commands of `privacy hold`.
#[derive(clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Keep everything of a person until the hold is lifted.
    Place {
        #[command(flatten)]
        person: Person,
        /// The bank's number of the case.
        #[arg(long)]
        matter: String,
        /// Also on somebody of whom nothing is kept yet; without it such a name is refused.
        #[arg(long)]
        ahead: bool,
    },
    /// Lift one.
    Lift {
        /// Its id.
        id: Uuid,
        /// The audit log tells of it and no backup has its row: it is lifted on the record, without a row.
        #[arg(long)]
        gone: bool,
    },
    /// List them, those in force first.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(store: &Store, command: Command) -> Outcome {
    match command {
        Command::Place { person, matter, ahead } => place(store, &person, &matter, ahead).await,
        Command::Lift { id, gone } => lift(store, id, gone).await,
        Command::List { json } => held(store, json).await,
    }
}

async fn place(store: &Store, person: &Person, matter: &str, ahead: bool) -> Outcome {
    let matter =
        signature::name(matter).map_err(|_| "--matter: 1 to 64 characters without control characters")?;
    let mut w = store.write().await?;
    let key = person.key(&mut w).await?;
    let (owner, now) = (Owner { subject: &person.subject, key }, super::now(store));
    let names = privacy::names(store, &person.subject, key);
    if !ahead && !Person::is_known(&mut w, &names, key).await? {
        return Err(format!("{NOBODY}; for somebody who is still to come add --ahead").into());
    }
    let hold = privacy::hold_person(&mut w, &owner, &names, (matter, audit::ACTOR), &SystemIds, now).await?;
    audit::note(&mut w, "privacy hold place", &hold.id.to_string()).await?;
    w.save().await?;
    output::line(hold.id);
    Ok(ExitCode::SUCCESS)
}

async fn lift(store: &Store, id: Uuid, gone: bool) -> Outcome {
    let mut w = store.write().await?;
    let became = if gone {
        holds::lift_without_a_row(&mut w, id, super::now(store)).await?;
        format!("{id}, of which no row stands")
    } else {
        holds::lift(&mut w, id, audit::ACTOR, super::now(store)).await?;
        id.to_string()
    };
    audit::note(&mut w, "privacy hold lift", &became).await?;
    w.save().await?;
    Ok(ExitCode::SUCCESS)
}

async fn held(store: &Store, json: bool) -> Outcome {
    let found = holds::list(&mut *store.read().await?).await?;
    if json {
        for hold in &found {
            output::json(&json!({
                "id": hold.id, "subject": hold.subject, "key": hold.owner_key, "matter": hold.matter,
                "placed_by": hold.placed_by, "placed_at": hold.placed_at,
                "lifted_by": hold.lifted.as_ref().map(|(by, _)| by), "lifted_at": hold.lifted.as_ref().map(|(_, at)| at),
            }));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let row = |hold: &Hold| {
        let lifted =
            hold.lifted.as_ref().map_or_else(|| "in force".to_owned(), |(by, at)| format!("by {by}, {at}"));
        vec![
            hold.id.to_string(),
            hold.matter.clone(),
            hold.placed_by.clone(),
            hold.placed_at.to_string(),
            lifted,
        ]
    };
    output::table(&["hold", "matter", "placed by", "on", "lifted"], found.iter().map(row).collect());
    Ok(ExitCode::SUCCESS)
}
