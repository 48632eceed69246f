//! `contactiq guard`: what the door finds in texts, why, its learned part, and the list of what is to be reviewed.

mod explain;
mod review;
mod train;

use std::sync::Arc;

use contactiq_guard::Raw;
use contactiq_pipeline::NotRead;
use serde::Deserialize;

use super::{Outcome, jsonl};
use crate::{app, config::Config};

/// Commands of `guard`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Scan texts: {"text"} a line in, spans, masked text and verdicts out.
    Scan,
    /// Train the recogniser of names, addresses and passwords on sentences that a generator makes of templates.
    Train(train::Args),
    /// Say why the guard judges a text as it does: recognisers, overlaps, rules and weights.
    Explain(explain::Args),
    /// List what the guard refused, flagged or kept back, masked.
    Review(review::Args),
    /// Say of an entry of the review list whether the guard was right.
    Decide(review::Decide),
}

#[derive(Deserialize)]
struct Line {
    text: Arc<Raw>,
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    match command {
        Command::Scan => scan(&config),
        Command::Explain(args) => explain::run(&config, args),
        Command::Review(args) => review::list(&config, args).await,
        Command::Decide(args) => review::decide(&config, args).await,
        Command::Train(args) => train::run(&config, &args),
    }
}

fn scan(config: &Config) -> Outcome {
    let door = app::door(config)?;
    jsonl::each(|line: Line| {
        let read = door.read_here(line.text.chars(), move |guard| guard.scan(&line.text));
        let read = read.map_err(NotRead::from).and_then(|read| read.map_err(NotRead::from));
        read.map_err(|why| (why.code(), why.to_string()))
    })
}
