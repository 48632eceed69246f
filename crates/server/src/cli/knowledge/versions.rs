//! `contactiq knowledge versions` and `restore`: what the knowledge was, and making it so again.

use std::process::ExitCode;

use contactiq_store::{
    Store, StoreError, Writer, documents, quarantine,
    versions::{self, Change, ChangeKind},
};
use serde_json::json;

use super::{super::audit, Outcome, output};
use crate::reading::suspects;

/// What is said of a version that is not there.
pub(super) const MISSING: &str = "there is no such version: `contactiq knowledge versions` lists them";

/// Documents that a line of the table names.
const NAMED: usize = 3;

pub(super) async fn list(store: &Store, last: Option<u32>, as_json: bool) -> Outcome {
    let mut reader = store.read().await?;
    let found = versions::list(&mut reader, last).await?;
    if as_json {
        found.iter().for_each(output::json);
        return Ok(ExitCode::SUCCESS);
    }
    let rows = found
        .into_iter()
        .map(|v| {
            let made = v.made_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let changes = in_words(&v.changes);
            vec![v.version, made, v.made_by, v.command, changes]
        })
        .collect();
    output::table(&["version", "made", "by", "command", "changes"], rows);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(store: &Store, version: &str, as_json: bool) -> Outcome {
    let mut w = store.write().await?;
    audit::sign(&mut w, &format!("knowledge restore {version}"));
    let changes = match versions::restore(&mut w, version).await {
        Err(StoreError::NotFound { .. }) => {
            return Err(MISSING.into());
        }
        done => done?,
    };
    let held = judge(&mut w, &changes).await?;
    if !changes.is_empty() {
        audit::note(&mut w, "knowledge restore", version).await?;
    }
    let now = documents::version(&mut w).await?;
    w.save().await?;
    if as_json {
        output::json(&json!({
            "restored": version, "version": now, "changes": changes, "quarantined": held,
        }));
    } else if changes.is_empty() {
        output::line(format!("the documents are those of {version} already; the version is {now}"));
    } else {
        output::line(format!("{now} has the documents of {version}: {}", in_words(&changes)));
        if held > 0 {
            output::line(format!(
                "{held} passages of them are in quarantine: `contactiq knowledge quarantine` shows them"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How many passages of what came back are held. They may be from before there was a quarantine, or
/// before the guard knew an attack.
async fn judge(w: &mut Writer, changes: &[Change]) -> Result<usize, StoreError> {
    let mut held = 0;
    for change in changes.iter().filter(|change| change.kind != ChangeKind::Removed) {
        if let Some(document) = documents::get(w, change.collection, &change.slug).await? {
            let passages = documents::passages(w, document.id).await?;
            held += quarantine::keep(w, document.id, &suspects(&document.title, &passages)).await?.len();
        }
    }
    Ok(held)
}

/// For instance `2 added, 1 removed (customer/fees, customer/limits, banker/desk)`.
fn in_words(changes: &[Change]) -> String {
    let counts: Vec<String> = ChangeKind::ALL
        .iter()
        .map(|kind| (kind, changes.iter().filter(|c| c.kind == *kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut names: Vec<String> =
        changes.iter().take(NAMED).map(|c| format!("{}/{}", c.collection, c.slug)).collect();
    if changes.len() > NAMED {
        names.push("…".to_owned());
    }
    if counts.is_empty() { "-".to_owned() } else { format!("{} ({})", counts.join(", "), names.join(", ")) }
}
