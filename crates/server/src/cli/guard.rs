//! `contactiq guard`: what the door finds in texts, as JSONL, and its learned part.

mod train;

use contactiq_guard::{Guard, Raw};
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
}

#[derive(Deserialize)]
struct Line {
    text: Raw,
}

#[expect(clippy::unused_async, reason = "every command has the same shape")]
pub(super) async fn run(config: Config, command: Command) -> Outcome {
    match command {
        Command::Scan => {
            let guard = Guard::new(app::guard_settings(&config));
            jsonl::each(|line: Line| guard.scan(&line.text).map_err(|e| (e.code(), e.to_string())))
        }
        Command::Train(args) => train::run(&config, &args),
    }
}
