//! `contactiq knowledge add`: files and pages become documents, each on its own; what is skipped says why.

mod dangers;
mod web;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use contactiq_domain::{Clock, Collection, ContentType, Role, Standing, ids::DocumentId};
use contactiq_ingest::{Draft, FrontMatter};
use contactiq_pipeline::conflict::Survey;
use contactiq_store::{Store, StoreError, documents, quarantine};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use time::Date;

use super::super::{Outcome, SOME_FAILED, audit, output};
use crate::{
    app::cores,
    config::Config,
    reading::{DEFAULT_SECONDS, Reader, ReadingError, suspects},
    wiring::{SystemClock, SystemIds},
};
use dangers::Dangers;

/// Arguments of `knowledge add`.
#[derive(clap::Args)]
pub(in super::super) struct Args {
    /// customer or banker.
    #[arg(long)]
    collection: Collection,
    /// Files, folders or URLs (https://…) of the hosts in `knowledge.fetch.allow`.
    #[arg(required_unless_present = "sitemap", value_name = "PATH|URL")]
    paths: Vec<PathBuf>,
    /// A sitemap, whose pages are added.
    #[arg(long, value_name = "URL")]
    sitemap: Vec<String>,
    /// Also removes the documents of the sitemaps' hosts whose pages are gone or no longer listed.
    #[arg(long, requires = "sitemap")]
    prune: bool,
    #[command(flatten)]
    given: Given,
    /// How many seconds one PDF or DOCX may take.
    #[arg(long, default_value_t = DEFAULT_SECONDS, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// One JSON object a document.
    #[arg(long)]
    json: bool,
}

/// What is said of the documents here; the front matter of a file that says it itself stands.
#[derive(clap::Args)]
struct Given {
    /// Title of the one document.
    #[arg(long)]
    title: Option<String>,
    /// Where a person can read it.
    #[arg(long)]
    url: Option<String>,
    /// public or synthetic.
    #[arg(long)]
    content_type: Option<ContentType>,
    /// The product it speaks of.
    #[arg(long)]
    product: Option<String>,
    /// The team that answers for it.
    #[arg(long)]
    owner: Option<String>,
    /// The least role that may see it: customer, banker, supervisor or admin.
    #[arg(long, value_parser = contactiq_ingest::least_role)]
    role: Option<Role>,
    /// First day of validity, YYYY-MM-DD.
    #[arg(long, value_parser = day)]
    valid_from: Option<Date>,
    /// Last day of validity, YYYY-MM-DD.
    #[arg(long, value_parser = day)]
    valid_until: Option<Date>,
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    contactiq_ingest::day(text)?.ok_or_else(|| "write a date as YYYY-MM-DD".to_owned())
}

/// A file's line of the report.
struct Row {
    file: String,
    outcome: &'static str,
    detail: String,
    /// Why it was skipped, by its stable name.
    code: Option<&'static str>,
    /// The document that it became, `collection/slug`.
    document: Option<String>,
    dangers: Dangers,
}

/// What became of a file or page that was not skipped.
struct Done {
    outcome: &'static str,
    detail: String,
    document: Option<String>,
    dangers: Dangers,
    /// The document that says the same, where nothing was stored for that reason.
    twin: Option<String>,
}

impl Done {
    /// Where there is nothing more to say.
    fn plain(outcome: &'static str, detail: String) -> Done {
        Done { outcome, detail, document: None, dangers: Dangers::default(), twin: None }
    }
}

impl Row {
    fn new(file: String, put: Result<Done, Skipped>) -> Row {
        match put {
            Ok(Done { outcome, detail, document, dangers, .. }) => {
                Row { file, outcome, detail, code: None, document, dangers }
            }
            Err(Skipped { code, why }) => Row {
                file,
                outcome: "skipped",
                detail: why,
                code: Some(code),
                document: None,
                dangers: Dangers::default(),
            },
        }
    }

    /// As a line for programs; what there is nothing of is left out.
    fn as_json(&self) -> Value {
        let mut line = json!({ "file": self.file, "outcome": self.outcome, "detail": self.detail });
        if let Some(code) = self.code {
            line["code"] = json!(code);
        }
        if let Some(standing) = self.dangers.standing.filter(|s| *s != Standing::Current) {
            line["standing"] = json!(standing);
        }
        if !self.dangers.quarantined.is_empty() {
            let each = |s: &quarantine::Suspect| json!({ "passage": s.position, "score": s.score, "reasons": s.reasons });
            line["quarantined"] = self.dangers.quarantined.iter().map(each).collect();
        }
        if !self.dangers.conflicts.is_empty() {
            line["conflicts"] = json!(self.dangers.conflicts);
        }
        line
    }
}

/// Why a file or page was skipped.
struct Skipped {
    code: &'static str,
    why: String,
}

impl From<ReadingError> for Skipped {
    fn from(why: ReadingError) -> Skipped {
        Skipped { code: why.code(), why: why.to_string() }
    }
}

pub(super) async fn run(config: &Config, store: &Store, args: Args) -> Outcome {
    let mut files = Vec::new();
    let mut addresses = Vec::new();
    for path in &args.paths {
        match path.to_str().filter(|text| web::is_url(text)) {
            Some(address) => addresses.push(address.to_owned()),
            None => {
                gather(path, 0, &mut files).map_err(|e| format!("{} can't be read: {e}", path.display()))?
            }
        }
    }
    if files.is_empty() && addresses.is_empty() && args.sitemap.is_empty() {
        return Err("no documents there: .md, .html, .txt, .pdf and .docx files are read".into());
    }
    let several = files.len() + addresses.len() > 1 || !args.sitemap.is_empty();
    if several && (args.given.title.is_some() || args.given.url.is_some()) {
        return Err(
            "--title is the title of one document, and --url its address: name one file or page".into()
        );
    }
    files.sort();
    let given = FrontMatter {
        title: args.given.title,
        url: args.given.url,
        collection: Some(args.collection),
        content_type: args.given.content_type,
        product: args.given.product,
        owner: args.given.owner,
        role: args.given.role,
        valid_from: args.given.valid_from,
        valid_until: args.given.valid_until,
    };
    let reader = Reader::new(cores(), args.seconds);
    let before = Survey::of(&mut *store.read().await?).await?;
    let mut names = HashMap::new();
    let mut rows = put_all(store, &reader, &files, &given, &mut names).await;
    if !addresses.is_empty() || !args.sitemap.is_empty() {
        let asked = web::Asked { addresses, sitemaps: args.sitemap, prune: args.prune };
        rows.extend(web::put_all(config, store, &reader, &given, asked, &mut names).await?);
    }
    let brought = report_conflicts(store, &before, &mut rows).await?;
    let failed = rows.iter().any(|row| row.code.is_some());
    if args.json {
        rows.iter().for_each(|row| output::json(&row.as_json()));
    } else {
        let detail = |row: &Row| format!("{}{}", row.detail, row.dangers.in_words());
        let rows =
            rows.iter().map(|row| vec![row.file.clone(), row.outcome.to_owned(), detail(row)]).collect();
        output::table(&["file", "outcome", "detail"], rows);
        if brought > 0 {
            output::line(format!(
                "{brought} new conflicts: `contactiq knowledge conflicts` shows them; questions on them go to a \
                 person until an owner rules"
            ));
        }
    }
    Ok(if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS })
}

/// Puts the conflicts that this run brought beside the documents that they lie in; how many there are.
async fn report_conflicts(store: &Store, before: &Survey, rows: &mut [Row]) -> Result<usize, StoreError> {
    if !rows.iter().any(|row| matches!(row.outcome, "added" | "updated")) {
        return Ok(0);
    }
    let after = Survey::of(&mut *store.read().await?).await?;
    let brought = dangers::brought(before, &after, SystemClock.now().date());
    for conflict in &brought {
        let sides = [after.name(&conflict.one), after.name(&conflict.other)];
        for row in rows.iter_mut().filter(|row| row.document.as_ref().is_some_and(|own| sides.contains(own)))
        {
            row.dangers.conflicts.push(conflict.id.clone());
        }
    }
    Ok(brought.len())
}

/// Reads several files at once and stores them one after the other, in order.
async fn put_all(
    store: &Store,
    reader: &Reader,
    files: &[PathBuf],
    given: &FrontMatter,
    names: &mut HashMap<String, PathBuf>,
) -> Vec<Row> {
    let bar = output::bar("reading documents", files.len());
    let mut drafts =
        stream::iter(files.iter().map(async |file| (file, reader.file(file, given).await))).buffered(cores());
    let mut rows = Vec::new();
    while let Some((file, draft)) = drafts.next().await {
        let put = match draft {
            Ok(draft) => match taken(names, &draft, file) {
                None => put(store, draft).await,
                Some(skipped) => Err(skipped),
            },
            Err(why) => Err(why.into()),
        };
        bar.inc(1);
        rows.push(Row::new(file.display().to_string(), put));
    }
    bar.finish_and_clear();
    rows
}

/// A document often lies beside its PDF, and `fees.md` in more than one folder. Both would have one name:
/// the second would silently be a new version of the first, and at the next run the other way round.
fn taken(names: &mut HashMap<String, PathBuf>, draft: &Draft, file: &Path) -> Option<Skipped> {
    let key = format!("{}/{}", draft.matter.collection.map_or("", |c| c.as_str()), draft.slug);
    match names.get(&key) {
        Some(first) if first != file => Some(Skipped {
            code: "document_name_taken",
            why: format!("{} has the same name {}: rename one, or add only one", first.display(), draft.slug),
        }),
        _ => {
            names.insert(key, file.to_owned());
            None
        }
    }
}

async fn put(store: &Store, draft: Draft) -> Result<Done, Skipped> {
    let (document, passages) = draft.into_document(DocumentId::new(&SystemIds));
    let name = format!("{}/{}", document.collection, document.slug);
    // Judged before the transaction begins: nobody waits for it.
    let mut found = suspects(&document.title, &passages);
    let stored = async {
        let mut w = store.write().await?;
        audit::sign(&mut w, "knowledge add");
        let put = documents::put(&mut w, &document, &passages).await?;
        let mut held = Vec::new();
        match &put {
            documents::Put::Added | documents::Put::Updated { .. } => {
                held = quarantine::keep(&mut w, document.id, &found).await?;
                audit::note(&mut w, "knowledge add", &name).await?;
            }
            // It may have come in before there was a quarantine, or before the guard knew an attack.
            documents::Put::Unchanged => {
                if let Some(kept) = documents::get(&mut w, document.collection, &document.slug).await? {
                    let own = documents::passages(&mut w, kept.id).await?;
                    found = suspects(&kept.title, &own);
                    held = quarantine::keep(&mut w, kept.id, &found).await?;
                }
            }
            documents::Put::Duplicate { .. } => {}
        }
        w.save().await?;
        // What an owner has released is no news.
        found.retain(|suspect| held.contains(&suspect.position));
        Ok::<_, StoreError>((put, found))
    };
    let (put, quarantined) = stored.await.map_err(|e| Skipped { code: "unavailable", why: e.to_string() })?;
    let (outcome, detail) = match put {
        documents::Put::Added => ("added", format!("{name}, {} passages", passages.len())),
        documents::Put::Updated { version } => ("updated", format!("{name}, version {version}")),
        documents::Put::Unchanged => ("unchanged", name.clone()),
        documents::Put::Duplicate { slug } => {
            let detail = format!("same content as {}/{slug}", document.collection);
            return Ok(Done { twin: Some(slug), ..Done::plain("duplicate", detail) });
        }
    };
    let standing = Some(document.standing_on(SystemClock.now().date()));
    let dangers = Dangers { quarantined, standing, conflicts: Vec::new() };
    Ok(Done { outcome, detail, document: Some(name), dangers, twin: None })
}

/// Files of a folder and of the folders in it; links are not followed.
fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let kind = std::fs::symlink_metadata(path)?;
    if kind.is_file() {
        // A file that was named is tried whatever its ending; one found in a folder only if known. Word
        // leaves `~$name.docx` beside a document that is open.
        let known = contactiq_ingest::format_of(&path.to_string_lossy()).is_ok();
        let lock = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("~$"));
        if depth == 0 || (known && !lock) {
            files.push(path.to_owned());
        }
    } else if kind.is_dir() && depth < 20 {
        for entry in std::fs::read_dir(path)? {
            gather(&entry?.path(), depth + 1, files)?;
        }
    }
    Ok(())
}
