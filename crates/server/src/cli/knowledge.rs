//! `contactiq knowledge`: documents in and out. A running server takes changes up within seconds.

mod add;
mod conflicts;
mod erase;
mod find;
mod quarantine;
mod versions;

use std::{
    collections::{HashMap, HashSet},
    process::ExitCode,
    sync::Arc,
};

use contactiq_domain::{Clock, Collection, Standing};
use contactiq_nlu::encoder::CachedEncoder;
use contactiq_pipeline::{Knowledge, KnowledgeError, Means};
use contactiq_store::{Store, StoreError, documents, quarantine::Quarantined, retry};
use serde_json::json;
use time::Date;

use super::{Outcome, SOME_FAILED, audit, opening, output};
use crate::{
    app::{self, StartError},
    config::Config,
    demo,
    wiring::{SystemClock, SystemIds},
};

/// Commands of `knowledge`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add documents (.md, .html, .txt, .pdf, .docx): files, folders with all that is in them, pages of the web.
    Add(add::Args),
    /// List documents.
    List {
        /// Only this collection.
        #[arg(long)]
        collection: Option<Collection>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one document with its passages.
    Show {
        /// Its collection.
        #[arg(long)]
        collection: Collection,
        /// Its name.
        slug: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove documents.
    Remove {
        /// Their collection.
        #[arg(long)]
        collection: Collection,
        /// Their names.
        #[arg(required = true)]
        slugs: Vec<String>,
        /// One JSON object a document: {"collection","slug","removed"}.
        #[arg(long)]
        json: bool,
    },
    /// Take the text of removed documents out for good, from all their versions.
    Erase(erase::Args),
    /// List where documents state different figures for the same thing.
    Conflicts(conflicts::List),
    /// Rule a conflict: which document is right, or that it is none.
    Rule(conflicts::Rule),
    /// List passages that read like instructions to a model; they are kept and not used.
    Quarantine(quarantine::List),
    /// Release passages from quarantine.
    Release(quarantine::Release),
    /// Find passages: {"question"} a line in, {"passages":[…]} out.
    Search(find::Args),
    /// List the versions of the knowledge: when, who, what changed.
    Versions {
        /// Only so many of the latest.
        #[arg(long)]
        last: Option<u32>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make the documents of a version current again, as a new version.
    Restore {
        /// Its name, for instance k17.
        version: String,
        /// Without the documents of it that were erased since.
        #[arg(long)]
        without_erased: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?.at_work();
    let done = match command {
        Command::Add(args) => add::run(&config, &store, args).await,
        Command::List { collection, json } => {
            ready(&config, &store).await?;
            list(&store, collection, today(&config), json).await
        }
        Command::Show { collection, slug, json } => {
            ready(&config, &store).await?;
            show(&store, (collection, &slug), today(&config), json).await
        }
        Command::Remove { collection, slugs, json } => {
            ready(&config, &store).await?;
            remove(&store, collection, &slugs, json).await
        }
        Command::Erase(args) => {
            ready(&config, &store).await?;
            erase::run(&config, &store, args).await
        }
        Command::Conflicts(wanted) => {
            ready(&config, &store).await?;
            conflicts::list(&store, wanted, today(&config)).await
        }
        Command::Rule(wanted) => {
            ready(&config, &store).await?;
            conflicts::rule(&config, &store, wanted).await
        }
        Command::Quarantine(wanted) => {
            ready(&config, &store).await?;
            quarantine::list(&store, wanted).await
        }
        Command::Release(wanted) => {
            ready(&config, &store).await?;
            quarantine::release(&store, wanted).await
        }
        Command::Search(args) => {
            ready(&config, &store).await?;
            find::run(&config, &store, args).await
        }
        Command::Versions { last, json } => {
            ready(&config, &store).await?;
            versions::list(&store, last, json).await
        }
        Command::Restore { version, without_erased, json } => {
            ready(&config, &store).await?;
            versions::restore(&store, &version, without_erased, json).await
        }
    };
    store.close().await;
    done
}

/// The demo bank is there from the first command on, not only after the first start.
async fn ready(config: &Config, store: &Store) -> Result<(), StoreError> {
    if config.server.demo {
        demo::load_documents(store, &SystemIds).await?;
    }
    Ok(())
}

/// How many passages of a document are held back, by its name.
async fn held(
    store: &Store,
    collection: Option<Collection>,
) -> Result<HashMap<(Collection, String), Vec<Quarantined>>, StoreError> {
    let mut held: HashMap<(Collection, String), Vec<Quarantined>> = HashMap::new();
    for one in contactiq_store::quarantine::list(&mut *store.read().await?, collection).await? {
        held.entry((one.collection, one.slug.clone())).or_default().push(one);
    }
    Ok(held)
}

/// What keeps a document, or some of it, from answers; empty where nothing does.
fn in_words(standing: Standing, quarantined: usize) -> String {
    let mut said = match standing {
        Standing::Current => String::new(),
        Standing::Expired => "expired".to_owned(),
        Standing::NotYet => "not yet in force".to_owned(),
    };
    if quarantined > 0 {
        let with = if said.is_empty() { "" } else { "; " };
        said.push_str(&format!("{with}{quarantined} in quarantine"));
    }
    said
}

/// Today where the bank is: its documents come into force and expire by its own calendar.
fn today(config: &Config) -> Date {
    app::zone(config).day(SystemClock.now())
}

async fn list(store: &Store, collection: Option<Collection>, today: Date, as_json: bool) -> Outcome {
    let found = documents::list(&mut *store.read().await?, collection).await?;
    let held = held(store, collection).await?;
    let quarantined = |collection, slug: &str| {
        let own = held.get(&(collection, slug.to_owned())).map_or(&[][..], Vec::as_slice);
        own.iter().filter(|one| one.released.is_none()).count()
    };
    if as_json {
        for d in &found {
            output::json(&json!({
                "collection": d.collection, "slug": d.slug, "title": d.title, "url": d.url, "version": d.version,
                "content_type": d.content_type, "product": d.product, "owner": d.owner, "role": d.role,
                "valid_from": d.valid_from.map(|v| v.to_string()), "valid_until": d.valid_until.map(|v| v.to_string()),
                "standing": d.standing_on(today), "quarantined": quarantined(d.collection, &d.slug),
            }));
        }
    } else {
        let day = |d: Option<Date>| d.map_or_else(|| "-".to_owned(), |d| d.to_string());
        let rows = found
            .iter()
            .map(|d| {
                vec![
                    d.collection.to_string(),
                    d.slug.clone(),
                    d.title.clone(),
                    d.version.to_string(),
                    d.content_type.to_string(),
                    day(d.valid_until),
                    in_words(d.standing_on(today), quarantined(d.collection, &d.slug)),
                ]
            })
            .collect();
        output::table(
            &["collection", "document", "title", "version", "content", "valid until", "not used"],
            rows,
        );
        output::line(format!("{} documents", found.len()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(store: &Store, (collection, slug): (Collection, &str), today: Date, as_json: bool) -> Outcome {
    let mut reader = store.read().await?;
    let document = documents::get(&mut reader, collection, slug)
        .await?
        .ok_or("there is no such document: `contactiq knowledge list` shows the names")?;
    let passages = documents::passages(&mut reader, document.id).await?;
    drop(reader);
    let found =
        held(store, Some(collection)).await?.remove(&(collection, slug.to_owned())).unwrap_or_default();
    let standing = document.standing_on(today);
    if as_json {
        let quarantined: Vec<_> = found.iter().map(quarantine::as_json).collect();
        output::json(&json!({
            "document": document, "passages": passages, "standing": standing, "quarantined": quarantined,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let held: HashSet<u32> =
        found.iter().filter(|one| one.released.is_none()).map(|one| one.suspect.position).collect();
    output::line(format!(
        "{} ({collection}/{slug}, version {})\n{}",
        document.title, document.version, document.url
    ));
    let unused = in_words(standing, held.len());
    if !unused.is_empty() {
        output::line(format!("Not used in answers: {unused}"));
    }
    for passage in passages {
        let mark = if held.contains(&passage.position) { " (in quarantine)" } else { "" };
        output::line(format!(
            "\n[{}]{mark} {}\n{}",
            passage.position,
            passage.headings.join(" > "),
            passage.text.as_str()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(store: &Store, collection: Collection, slugs: &[String], as_json: bool) -> Outcome {
    let mut failed = false;
    for slug in slugs {
        let removed = retry(async || {
            let mut w = store.write().await?;
            audit::sign(&mut w, "knowledge remove");
            let removed = documents::remove(&mut w, collection, slug).await?;
            if removed {
                audit::note(&mut w, "knowledge remove", &format!("{collection}/{slug}")).await?;
            }
            w.save().await.map(|()| removed)
        })
        .await?;
        failed |= !removed;
        if as_json {
            output::json(&json!({ "collection": collection, "slug": slug, "removed": removed }));
        } else {
            let what = if removed { "removed" } else { "there is no such document" };
            output::line(format!("{collection}/{slug}: {what}"));
        }
    }
    Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
}

/// The knowledge, as it is or as a version of this name was, and the encoder that indexed it.
async fn load(
    config: &Config,
    store: &Store,
    version: Option<&str>,
) -> Result<(Knowledge, Option<Arc<CachedEncoder>>), StartError> {
    let encoder = opening::encoder(config);
    app::share_vectors(store, encoder.as_deref()).await;
    let progress = output::progress();
    let means = Means { encoder: encoder.clone(), synonyms: app::synonyms(config)?, before: None };
    let told = move |done, all| progress("encoding passages", done, all);
    let knowledge = match version {
        Some(version) => match Knowledge::load_version(store, version, means, told).await {
            Err(KnowledgeError::Store(StoreError::NotFound { .. })) => {
                return Err(StartError::File(versions::MISSING.to_owned()));
            }
            loaded => loaded?,
        },
        None => app::load_knowledge(store, means, told).await?,
    };
    Ok((knowledge, encoder))
}
