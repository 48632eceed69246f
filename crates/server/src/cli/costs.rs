//! `contactiq costs`: what language models cost, from the logged records, and how the budgets stand.

use std::process::ExitCode;

use contactiq_domain::{Clock, Mode};

use super::{Outcome, output};
use crate::{
    api::costs::{Asked, BudgetShape, CostShape, HOW, report},
    app,
    config::Config,
    wiring::SystemClock,
};

/// Options of `costs`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Break down by day, month, mode, model or key.
    #[arg(long, default_value = "mode")]
    by: String,
    /// The first day at the bank, as 2026-11-29; without it the first of the month.
    #[arg(long)]
    from: Option<String>,
    /// The last day; without it today.
    #[arg(long)]
    to: Option<String>,
    /// Only this assistant.
    #[arg(long)]
    mode: Option<Mode>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let settings = app::budget_settings(&config);
    let now = SystemClock.now();
    let words = (Some(args.by.as_str()), args.from.as_deref(), args.to.as_deref());
    let asked = Asked::of(words, args.mode, settings.zone.day(now)).ok_or(HOW)?;
    let store = app::open_store(&config).await?.at_work();
    let costs = report(&mut *store.read().await?, &settings, now, &asked).await;
    store.close().await;
    let costs = costs?;
    if args.json {
        output::json(&costs);
        return Ok(ExitCode::SUCCESS);
    }
    let header = ["budget", "a", "spent", "reserved", "of", "used", "state"];
    output::table(&header, costs.budgets.iter().map(budget_row).collect());
    output::line("");
    let header = [args.by.as_str(), "requests", "calls", "tokens in", "tokens out", "cost", "a request"];
    let total = CostShape { name: Some("all".to_owned()), ..costs.total };
    output::table(&header, costs.lines.iter().chain([&total]).map(cost_row).collect());
    output::note(format!("{} to {}", costs.from, costs.to));
    Ok(ExitCode::SUCCESS)
}

fn dollars(amount: f64) -> String {
    format!("${amount:.6}")
}

fn or_none(amount: Option<f64>, shown: impl Fn(f64) -> String) -> String {
    amount.map_or_else(|| "-".to_owned(), shown)
}

fn budget_row(of: &BudgetShape) -> Vec<String> {
    vec![
        of.scope.clone(),
        of.period.to_string(),
        dollars(of.spent_usd),
        dollars(of.reserved_usd),
        or_none(of.budget_usd, dollars),
        or_none(of.used, |share| format!("{:.1} %", share * 100.0)),
        of.state.to_owned(),
    ]
}

fn cost_row(of: &CostShape) -> Vec<String> {
    vec![
        of.name.clone().unwrap_or_default(),
        of.requests.to_string(),
        of.calls.to_string(),
        of.tokens_input.to_string(),
        of.tokens_output.to_string(),
        dollars(of.cost_usd),
        or_none(of.average_cost_usd, dollars),
    ]
}
