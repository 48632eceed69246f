//! `contactiq knowledge versions` and `restore`: what the knowledge was, and making it so again.

use std::{process::ExitCode, time::Duration};

use contactiq_store::{
    Store, StoreError, documents, quarantine, retry,
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

pub(super) async fn restore(store: &Store, version: &str, without_erased: bool, as_json: bool) -> Outcome {
    let mut tried = 0;
    let Restored { now, changes, held } = loop {
        match retry(async || restore_once(store, version, without_erased).await).await {
            Ok(Some(done)) => break done,
            // Somebody changed the knowledge while it was judged.
            Ok(None) if tried < TRIES => {
                tried += 1;
                tokio::time::sleep(PAUSE * tried).await;
            }
            Ok(None) => {
                return Err("other processes keep changing the knowledge: wait for them, then restore".into());
            }
            Err(StoreError::NotFound { .. }) => return Err(MISSING.into()),
            Err(error @ StoreError::Erased { .. }) => {
                return Err(format!("{error}: add --without-erased to restore the rest of {version}").into());
            }
            Err(error) => return Err(error.into()),
        }
    };
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

/// How often a restore begins anew because somebody else changed the knowledge meanwhile.
const TRIES: u32 = 20;
/// How long it waits before it does, once more each time.
const PAUSE: Duration = Duration::from_millis(50);

struct Restored {
    /// The version that it made, or that stands where nothing changed.
    now: String,
    changes: Vec<Change>,
    /// Passages of what came back that are held in quarantine.
    held: usize,
}

/// What comes back may be from before there was a quarantine, or before the guard knew an attack. Judging takes
/// its time, so it is done before the transaction begins, which checks that the knowledge is still the one that
/// was judged; none where it is not.
async fn restore_once(
    store: &Store,
    version: &str,
    without_erased: bool,
) -> Result<Option<Restored>, StoreError> {
    let mut reader = store.read().await?;
    let judged = documents::version(&mut reader).await?;
    let mut found = Vec::new();
    for step in versions::plan(&mut reader, version, without_erased).await? {
        if let Some(document) = step.document {
            let title = documents::title(&mut reader, document).await?;
            found.push((document, title, documents::passages(&mut reader, document).await?));
        }
    }
    drop(reader);
    let found: Vec<_> = found
        .into_iter()
        .map(|(document, title, passages)| (document, suspects(&title, &passages)))
        .collect();
    let mut w = store.write().await?;
    audit::sign(&mut w, &format!("knowledge restore {version}"));
    let changes = versions::restore_judged(&mut w, version, without_erased, &judged).await?;
    let Some(changes) = changes else { return Ok(None) };
    let mut held = 0;
    for (document, suspects) in &found {
        held += quarantine::keep(&mut w, *document, suspects).await?.len();
    }
    if !changes.is_empty() {
        audit::note(&mut w, "knowledge restore", version).await?;
    }
    let now = documents::version(&mut w).await?;
    w.save().await?;
    Ok(Some(Restored { now, changes, held }))
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
