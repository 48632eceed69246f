//! `contactiq knowledge erase`: the text of a removed document goes for good, from every version of it.

use std::process::ExitCode;

use contactiq_domain::{Clock, Collection};
use contactiq_store::{
    Store,
    erase::{self, Erased},
    retry,
};
use serde_json::json;

use super::{Outcome, SOME_FAILED, audit, load, output};
use crate::{app, config::Config, wiring::SystemClock};

/// Arguments of `knowledge erase`.
#[derive(clap::Args)]
pub(in super::super) struct Args {
    /// Their collection.
    #[arg(long)]
    collection: Collection,
    /// Their names.
    #[arg(required = true)]
    slugs: Vec<String>,
    /// Yes, for good: what is erased can't be brought back.
    #[arg(long)]
    yes: bool,
    /// One JSON object a document: {"collection","slug","erased"}, and "code" where it was not.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, store: &Store, args: Args) -> Outcome {
    if !args.yes {
        return Err(
            "what is erased can't be brought back, by no `restore` and from no version: add --yes".into()
        );
    }
    let (mut failed, mut gone, mut broke) = (false, false, None);
    for slug in &args.slugs {
        let tried = retry(async || {
            let mut w = store.write().await?;
            audit::sign(&mut w, "knowledge erase");
            let now = SystemClock.now();
            let done = erase::document(&mut w, args.collection, slug, audit::ACTOR, now).await?;
            if matches!(done, Erased::Now { .. }) {
                audit::note(&mut w, "knowledge erase", &format!("{}/{slug}", args.collection)).await?;
            }
            w.save().await.map(|()| done)
        })
        .await;
        let done = match tried {
            Ok(done) => done,
            Err(error) => {
                // It may have been done before the connection broke.
                gone = true;
                broke = Some(error);
                break;
            }
        };
        // Whoever erased it before may have been cut off behind that.
        gone |= matches!(done, Erased::Now { .. } | Erased::Before);
        failed |= !matches!(done, Erased::Now { .. });
        report(args.collection, slug, done, args.json);
    }
    if gone {
        forget_vectors(config, store).await;
        if let Err(error) = app::forget_shared_answers(config, store).await {
            output::note(format!(
                "contactiq: Redis may hold answers that quote what was erased, until they are a day old ({error}): erase it once more"
            ));
        }
        if store.engine() != "sqlite" {
            output::note(
                "contactiq: PostgreSQL's files keep deleted rows until `VACUUM documents, passages, vectors, rulings`",
            );
        }
        // A database that fails here has not folded either: what may be left is told all the same.
        if !store.fold().await.unwrap_or(false) {
            output::note(
                "contactiq: somebody reads the database, and contactiq.db-wal may still hold what was erased: erase it once more, or stop the server once",
            );
        }
    }
    if let Some(error) = broke {
        return Err(error.into());
    }
    Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
}

fn report(collection: Collection, slug: &str, done: Erased, as_json: bool) {
    let (code, said) = match done {
        Erased::Now { versions } => (None, format!("erased, {versions} versions")),
        Erased::Before => (Some("document_erased"), "it was erased before".to_owned()),
        Erased::InUse => {
            (Some("document_in_use"), "it is in use: `contactiq knowledge remove` it first".to_owned())
        }
        Erased::Unknown => (Some("document_unknown"), "there is no such document".to_owned()),
    };
    if as_json {
        let mut line = json!({ "collection": collection, "slug": slug, "erased": code.is_none() });
        if let Some(code) = code {
            line["code"] = json!(code);
            line["detail"] = json!(said);
        }
        output::json(&line);
    } else {
        output::line(format!("{collection}/{slug}: {said}"));
    }
}

/// The file of vectors lets go of what was erased when the knowledge is loaded. A running server does so within
/// seconds, and the file is its own; without one it is done here.
async fn forget_vectors(config: &Config, store: &Store) {
    let loaded = load(config, store, None).await;
    if loaded.is_ok_and(|(_, encoder)| encoder.is_some_and(|encoder| encoder.erasures() > 0)) {
        return;
    }
    // Without the encoder nobody can say which vectors are whose.
    if let Err(error) = app::empty_vector_file(config) {
        output::note(format!(
            "contactiq: cache/vectors.bin still has vectors of what was erased ({error}): delete it; it is made again"
        ));
    }
}
