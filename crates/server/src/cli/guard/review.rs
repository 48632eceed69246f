//! `contactiq guard review` and `decide`: what the guard refused, flagged or kept back.

use std::process::ExitCode;

use contactiq_domain::{Clock, Mode, Timestamp};
use contactiq_guard::{ReviewDecision, ReviewKind};
use contactiq_store::review::{self, Decided, Filter, Listed};
use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::super::{Outcome, audit, output, page::Page, signature};
use crate::{app, config::Config, guard::seen, wiring::SystemClock};

/// A day as the options take it.
fn day(text: &str) -> Result<Date, String> {
    contactiq_ingest::day(text)?.ok_or_else(|| "write a date as YYYY-MM-DD".to_owned())
}

/// Which entries.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Only this kind: injection, moderation, sql_pattern, script_pattern, flagged or output.
    #[arg(long)]
    kind: Option<ReviewKind>,
    /// Only since this day (YYYY-MM-DD, UTC).
    #[arg(long, value_parser = day)]
    since: Option<Date>,
    /// Only this assistant's.
    #[arg(long)]
    mode: Option<Mode>,
    /// Only those that nobody has decided.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    page: Page,
}

/// A decision on an entry.
#[derive(clap::Args)]
pub(in crate::cli) struct Decide {
    /// The entry's id, as `guard review` shows it.
    id: Uuid,
    /// right, or false_alarm for an honest text.
    decision: ReviewDecision,
    /// Who decides, as the entry shall name them.
    #[arg(long, default_value = "command-line")]
    by: String,
}

pub(super) async fn list(config: &Config, args: Args) -> Outcome {
    let store = app::open_store(config).await?;
    let since =
        args.since.map(|d| Timestamp::from_micros(d.midnight().assume_utc().unix_timestamp() * 1_000_000));
    let filter = Filter { kind: args.kind, mode: args.mode, since, decided: args.open.then_some(false) };
    // Nobody is shown what a person said before that is on record.
    let mut w = store.write().await?;
    audit::note(&mut w, "guard review", &filter_of(&args)).await?;
    w.save().await?;
    let mut r = store.read().await?;
    let found = review::list(&mut r, &filter, args.page.limit(), args.page.skip()).await?;
    let tally = review::tally(&mut r, &filter).await?;
    drop(r);
    store.close().await;
    if args.page.json {
        found.iter().for_each(|listed| output::json(&shape(listed)));
    } else {
        let header = ["entry", "when", "mode", "kind", "rules", "decision", "text (masked)"];
        output::table(&header, found.iter().map(row).collect());
    }
    output::note(format!(
        "{} of {}: {} right, {} false alarms, {} to decide",
        found.len(),
        tally.all,
        tally.right,
        tally.false_alarms,
        tally.all - tally.right - tally.false_alarms
    ));
    Ok(ExitCode::SUCCESS)
}

fn filter_of(args: &Args) -> String {
    seen::list(&[
        ("kind", args.kind.map(|kind| kind.to_string())),
        ("mode", args.mode.map(|mode| mode.to_string())),
        ("since", args.since.map(|day| day.to_string())),
        ("decided", args.open.then(|| "false".to_owned())),
        ("page", Some(args.page.number.to_string())),
    ])
}

fn shape(listed: &Listed) -> serde_json::Value {
    let Listed { entry, mode, demo } = listed;
    json!({
        "id": entry.id,
        "interaction": entry.interaction,
        "mode": mode,
        "kind": entry.kind,
        "rules": entry.rules,
        "message": entry.message,
        "demo": demo,
        "at": entry.at,
        "decided": entry.decided.as_ref().map(|d| json!({ "decision": d.decision, "by": d.by, "at": d.at })),
    })
}

fn row(listed: &Listed) -> Vec<String> {
    let entry = &listed.entry;
    let text: String = entry.message.as_str().chars().take(80).collect();
    let kind = if listed.demo { format!("{} (demo)", entry.kind) } else { entry.kind.to_string() };
    vec![
        entry.id.to_string(),
        entry.at.to_string(),
        listed.mode.to_string(),
        kind,
        entry.rules.join(", "),
        entry.decided.as_ref().map_or_else(|| "-".to_owned(), |d| format!("{} by {}", d.decision, d.by)),
        text,
    ]
}

pub(super) async fn decide(config: &Config, args: Decide) -> Outcome {
    let by = signature::name(&args.by)?.to_owned();
    let store = app::open_store(config).await?;
    let mut w = store.write().await?;
    let decided = Decided { decision: args.decision, by, at: SystemClock.now() };
    match review::decide(&mut w, args.id, &decided).await {
        Ok(()) => {}
        Err(contactiq_store::StoreError::NotFound { .. }) => {
            return Err("there is no such entry: `contactiq guard review` shows the ids".into());
        }
        Err(other) => return Err(other.into()),
    }
    audit::note(&mut w, &format!("guard decide {}", args.decision), &args.id.to_string()).await?;
    w.save().await?;
    store.close().await;
    output::line(format!("{} is {}", args.id, args.decision));
    Ok(ExitCode::SUCCESS)
}
