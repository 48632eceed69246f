//! `contactiq knowledge quarantine` and `release`: passages that read like instructions to a model.

use std::process::ExitCode;

use contactiq_domain::{Clock, Collection};
use contactiq_store::{
    Store,
    quarantine::{self, Quarantined},
};
use serde_json::{Value, json};

use super::super::{Outcome, SOME_FAILED, audit, output, signature};
use crate::wiring::SystemClock;

/// Characters of a passage in the table.
const SHOWN: usize = 160;

/// Arguments of `knowledge quarantine`.
#[derive(clap::Args)]
pub(in super::super) struct List {
    /// Only this collection.
    #[arg(long)]
    collection: Option<Collection>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Arguments of `knowledge release`.
#[derive(clap::Args)]
pub(in super::super) struct Release {
    /// The document's collection.
    #[arg(long)]
    collection: Collection,
    /// Its name.
    slug: String,
    /// The positions of its passages, as `knowledge quarantine` shows them.
    #[arg(required = true)]
    passages: Vec<u32>,
    /// Put released passages back into quarantine.
    #[arg(long)]
    undo: bool,
    /// Who releases.
    #[arg(long, default_value = "command-line")]
    by: String,
}

pub(super) async fn list(store: &Store, wanted: List) -> Outcome {
    let found = quarantine::list(&mut *store.read().await?, wanted.collection).await?;
    if wanted.json {
        for one in &found {
            let mut line = as_json(one);
            line["document"] = json!(format!("{}/{}", one.collection, one.slug));
            line["text"] = json!(one.text);
            output::json(&line);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows = found
        .iter()
        .map(|one| {
            vec![
                format!("{}/{}", one.collection, one.slug),
                one.suspect.position.to_string(),
                one.released
                    .as_ref()
                    .map_or_else(|| "held".to_owned(), |(by, _)| format!("released by {by}")),
                one.suspect.reasons.join(", "),
                one.text.as_str().chars().take(SHOWN).collect(),
            ]
        })
        .collect();
    output::table(&["document", "passage", "state", "found", "text"], rows);
    let held = found.iter().filter(|one| one.released.is_none()).count();
    output::line(format!("{held} passages in quarantine; no answer uses them"));
    Ok(ExitCode::SUCCESS)
}

/// What was found in a passage, and whether it was released.
pub(super) fn as_json(one: &Quarantined) -> Value {
    json!({
        "passage": one.suspect.position, "score": one.suspect.score, "reasons": one.suspect.reasons,
        "released_by": one.released.as_ref().map(|(by, _)| by),
        "released_at": one.released.as_ref().map(|(_, at)| at),
    })
}

pub(super) async fn release(store: &Store, wanted: Release) -> Outcome {
    let by = signature::name(&wanted.by)?;
    let mut failed = false;
    for position in &wanted.passages {
        let name = format!("{}/{}#{position}", wanted.collection, wanted.slug);
        let mut w = store.write().await?;
        audit::sign(&mut w, "knowledge release");
        let done = if wanted.undo {
            quarantine::hold(&mut w, wanted.collection, &wanted.slug, *position).await?
        } else {
            let now = SystemClock.now();
            quarantine::release(&mut w, wanted.collection, &wanted.slug, *position, by, now).await?
        };
        let command = if wanted.undo { "knowledge release undo" } else { "knowledge release" };
        if done {
            audit::note(&mut w, command, &name).await?;
        }
        w.save().await?;
        failed |= !done;
        output::line(match (done, wanted.undo) {
            (true, false) => format!("{name}: released; answers may use it"),
            (true, true) => format!("{name}: in quarantine again"),
            (false, false) => format!("{name}: not in quarantine"),
            (false, true) => format!("{name}: not released"),
        });
    }
    Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
}
