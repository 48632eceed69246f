//! `contactiq knowledge add`: files and pages become documents, read and judged first, then stored at once;
//! what is skipped says why.

mod dangers;
mod gather;
mod intake;
mod judged;
mod prune;
mod row;
mod staging;
mod web;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use contactiq_domain::{Collection, ContentType, Role};
use contactiq_ingest::{Draft, FrontMatter};
use contactiq_pipeline::conflict::Survey;
use contactiq_store::{Store, StoreError};
use futures_util::{StreamExt, stream};
use time::Date;

use super::{
    super::{Outcome, SOME_FAILED, audit, output},
    today,
};
use crate::{
    app::cores,
    config::Config,
    reading::{DEFAULT_SECONDS, Reader},
};
use gather::Gathered;
use intake::{GivenUp, Intake, Pruning};
use judged::{How, Judged};
use row::{Row, Skipped};

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
    /// Prunes also where more than a fifth of a host's documents would go.
    #[arg(long, requires = "prune")]
    yes: bool,
    /// Replaces documents of the same name that came from another file or page.
    #[arg(long)]
    replace: bool,
    /// Stores each document as it is read, for imports that are too large to be stored at once.
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    given: Given,
    /// How many seconds reading one file may take.
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
    #[arg(long, value_parser = contactiq_ingest::title)]
    title: Option<String>,
    /// Where a person can read it.
    #[arg(long, value_parser = contactiq_ingest::address)]
    url: Option<String>,
    /// public or synthetic.
    #[arg(long)]
    content_type: Option<ContentType>,
    /// The product it speaks of.
    #[arg(long, value_parser = contactiq_ingest::short_name)]
    product: Option<String>,
    /// The team that answers for it.
    #[arg(long, value_parser = contactiq_ingest::short_name)]
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

pub(super) async fn run(config: &Config, store: &Store, args: Args) -> Outcome {
    let mut gathered = Gathered::default();
    let mut addresses = Vec::new();
    for path in &args.paths {
        match path.to_str().filter(|text| web::is_url(text)) {
            Some(address) => addresses.push(address.to_owned()),
            None => gathered.path(path),
        }
    }
    let Gathered { mut files, left_out } = gathered;
    if files.is_empty()
        && left_out.iter().all(|row| !row.fails)
        && addresses.is_empty()
        && args.sitemap.is_empty()
    {
        return Err("no documents there: .md, .html, .txt, .pdf and .docx files are read".into());
    }
    let several = files.len() + addresses.len() > 1 || !args.sitemap.is_empty();
    if several && (args.given.title.is_some() || args.given.url.is_some()) {
        return Err(
            "--title is the title of one document, and --url its address: name one file or page".into()
        );
    }
    files.sort();
    // One file under two spellings is one file.
    let mut known = HashSet::new();
    files.retain(|file| known.insert(std::fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
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
    let before = Survey::of(store).await?;
    let today = today(config);
    let mut intake = Intake::new(store, How { replace: args.replace, today }, args.each);
    let stopped = match take_files(&reader, &files, &given, &mut intake).await {
        Err(GivenUp::Stopped) => true,
        taken => {
            taken?;
            false
        }
    };
    left_out.into_iter().for_each(|row| intake.say(row));
    let pruning = if stopped || (addresses.is_empty() && args.sitemap.is_empty()) {
        Pruning::No
    } else {
        let asked = web::Asked { addresses, sitemaps: args.sitemap, prune: args.prune, yes: args.yes };
        web::take_all(config, &reader, &given, asked, &mut intake).await?
    };
    let mut rows = intake.finish(pruning).await;
    let brought = report_conflicts(store, (&before, today), &mut rows).await?;
    let failed = rows.iter().any(|row| row.fails);
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
async fn report_conflicts(
    store: &Store,
    (before, today): (&Survey, Date),
    rows: &mut [Row],
) -> Result<usize, StoreError> {
    if !rows.iter().any(|row| matches!(row.outcome, "added" | "updated")) {
        return Ok(0);
    }
    let after = Survey::of(store).await?;
    let brought = dangers::brought(before, &after, today);
    for conflict in &brought {
        let sides = [after.name(&conflict.one), after.name(&conflict.other)];
        for row in rows.iter_mut().filter(|row| row.document.as_ref().is_some_and(|own| sides.contains(own)))
        {
            row.dangers.conflicts.push(conflict.id.clone());
        }
    }
    Ok(brought.len())
}

/// Reads and judges several files at once, and takes them in order.
async fn take_files(
    reader: &Reader,
    files: &[PathBuf],
    given: &FrontMatter,
    intake: &mut Intake<'_>,
) -> Result<(), GivenUp> {
    let bar = output::bar("reading documents", files.len());
    let each = files.iter().map(async |file| (file, read(reader, file, given).await));
    let mut reading = stream::iter(each).buffered(cores());
    while let Some((file, judged)) = reading.next().await {
        bar.inc(1);
        intake.take(file.display().to_string(), judged).await?;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn read(reader: &Reader, file: &Path, given: &FrontMatter) -> Result<Judged, Skipped> {
    let draft = reader.file(file, given).await?;
    let source = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    Ok(judge(draft, source.to_string_lossy().into_owned()).await)
}

/// Judging computes: never on an async thread.
async fn judge(draft: Draft, source: String) -> Judged {
    match tokio::task::spawn_blocking(move || Judged::new(draft, source)).await {
        Ok(judged) => judged,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
