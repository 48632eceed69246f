//! `contactiq knowledge quarantine` and `release`: passages that read like instructions to a model.

use std::process::ExitCode;

use contactiq_domain::{Clock, Collection};
use contactiq_store::{
    Store, StoreError,
    quarantine::{self, Decision, Quarantined},
    retry,
};
use serde_json::{Value, json};

use super::super::{Outcome, SOME_FAILED, audit, output, signature};
use crate::wiring::SystemClock;

/// Characters of a passage in the table.
const SHOWN: usize = 160;
/// Hex digits that name the words of a passage; so many are shown.
const NAMED: usize = 12;

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
    /// Its passages as `knowledge quarantine` shows them: position and words, for instance 3:9f86d081884c.
    #[arg(required = true, value_parser = named)]
    passages: Vec<Named>,
    /// Put released passages back into quarantine.
    #[arg(long)]
    undo: bool,
    /// Who releases.
    #[arg(long, default_value = "command-line")]
    by: String,
}

/// A passage as it was named: position, words, or both. Of words that were read the position may have changed
/// since; at a position other words may stand by now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    position: Option<u32>,
    words: Option<String>,
}

fn named(text: &str) -> Result<Named, String> {
    let (position, words) = match text.split_once(':') {
        Some((position, words)) => (Some(position), Some(words)),
        None if text.len() < NAMED => (Some(text), None),
        None => (None, Some(text)),
    };
    let fits =
        |words: &str| (NAMED..=64).contains(&words.len()) && words.bytes().all(|b| b.is_ascii_hexdigit());
    let position = position.map(|p| p.parse::<u32>()).transpose();
    match (position, words) {
        (Ok(position), words) if words.is_none_or(fits) => {
            Ok(Named { position, words: words.map(str::to_ascii_lowercase) })
        }
        _ => Err("name it as `contactiq knowledge quarantine` does, for instance 3:9f86d081884c".to_owned()),
    }
}

/// As `release` takes it.
fn name(one: &Quarantined) -> String {
    format!("{}:{}", one.suspect.position, one.text_hash.get(..NAMED).unwrap_or(&one.text_hash))
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
                name(one),
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
        "passage": one.suspect.position, "words": one.text_hash, "score": one.suspect.score, "reasons": one.suspect.reasons,
        "released_by": one.released.as_ref().map(|(by, _)| by),
        "released_at": one.released.as_ref().map(|(_, at)| at),
    })
}

pub(super) async fn release(store: &Store, wanted: Release) -> Outcome {
    let by = signature::name(&wanted.by)?;
    let mut found = quarantine::list(&mut *store.read().await?, Some(wanted.collection)).await?;
    found.retain(|one| one.slug == wanted.slug);
    let mut failed = false;
    for passage in &wanted.passages {
        let (done, said) = decide(store, &wanted, by, &found, passage).await?;
        failed |= !done;
        output::line(said);
    }
    Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
}

const MISSING: &str =
    "no passage of it in quarantine has these words: it was changed, or they were never held";

/// The one hash that begins so. Whoever writes a document can make two passages whose hashes begin alike, and
/// have the one released that nobody read.
fn only<'a>(hashes: impl Iterator<Item = &'a str>, begins: &str) -> Result<&'a str, &'static str> {
    let mut found: Vec<&str> = hashes.filter(|hash| hash.starts_with(begins)).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Err(MISSING),
        [hash] => Ok(hash),
        _ => Err(
            "other words of it begin alike: name all 64 digits, as `knowledge quarantine --json` shows them",
        ),
    }
}

/// Whether it was done, and what to say of it.
async fn decide(
    store: &Store,
    wanted: &Release,
    by: &str,
    found: &[Quarantined],
    passage: &Named,
) -> Result<(bool, String), StoreError> {
    let target = |position: u32| format!("{}/{}#{position}", wanted.collection, wanted.slug);
    let Some(words) = &passage.words else {
        let position = passage.position.unwrap_or(0);
        let said = match found.iter().find(|one| one.suspect.position == position) {
            // What was read may have been other words: they have to be named.
            Some(one) => {
                format!("nothing was done: once you have read its words, name them too: {}", name(one))
            }
            None => "not in quarantine".to_owned(),
        };
        return Ok((false, format!("{}: {said}", target(position))));
    };
    let hash = only(found.iter().map(|one| one.text_hash.as_str()), words);
    let one = hash.and_then(|hash| found.iter().find(|one| one.text_hash == hash).ok_or(MISSING));
    let one = match one {
        Ok(one) => one,
        Err(said) => return Ok((false, format!("{}/{}, {words}: {said}", wanted.collection, wanted.slug))),
    };
    let target = target(one.suspect.position);
    let done = retry(async || {
        let mut w = store.write().await?;
        audit::sign(&mut w, "knowledge release");
        let decision = Decision { released: !wanted.undo, by, at: SystemClock.now() };
        let done =
            quarantine::decide(&mut w, wanted.collection, &wanted.slug, &one.text_hash, decision).await?;
        if done {
            let command = if wanted.undo { "knowledge release undo" } else { "knowledge release" };
            audit::note(&mut w, command, &target).await?;
        }
        w.save().await.map(|()| done)
    })
    .await?;
    let said = match (done, wanted.undo) {
        (true, false) => "released; answers may use it",
        (true, true) => "in quarantine again",
        (false, false) => "not in quarantine",
        (false, true) => "not released",
    };
    Ok((done, format!("{target}: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_alike_are_not_told_apart_by_chance() {
        let (one, other) = ("a".repeat(64), format!("{}b", "a".repeat(63)));
        let all = || [other.as_str(), one.as_str(), other.as_str()].into_iter();
        assert!(only(all(), &one[..12]).is_err_and(|said| said.contains("64 digits")));
        assert_eq!(only(all(), &one), Ok(one.as_str()));
        assert_eq!(only(all(), &other), Ok(other.as_str()), "the same words in two places are one");
        assert_eq!(only(all(), "bbbbbbbbbbbb"), Err(MISSING));
    }

    #[test]
    fn passages_are_named_by_position_words_or_both() {
        let of = |text| named(text).map(|n| (n.position, n.words)).ok();
        assert_eq!(of("3"), Some((Some(3), None)));
        assert_eq!(of("3:9F86D081884C"), Some((Some(3), Some("9f86d081884c".to_owned()))));
        assert_eq!(of("9f86d081884c"), Some((None, Some("9f86d081884c".to_owned()))));
        for wrong in ["", "-1", "3:", "3:9f86", "x:9f86d081884c", "9f86d081884g", &"9".repeat(65)] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
