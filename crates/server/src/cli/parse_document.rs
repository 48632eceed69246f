//! `contactiq parse-document`: what the program starts itself as to read documents. Hidden, because it is of
//! no use to a person; it needs no configuration and finds no environment.

use std::process::ExitCode;

use contactiq_ingest::Kind;

use super::{Outcome, output};
use crate::reading::child;

/// Arguments of `parse-document`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// What the one document on standard input is.
    #[arg(long, requires = "seconds", required_unless_present = "markup")]
    kind: Option<Kind>,
    /// The time of the processor that it may use.
    #[arg(long)]
    seconds: Option<u64>,
    /// HTML, pages and sitemaps on standard input, each behind a line that asks.
    #[arg(long, conflicts_with = "kind")]
    markup: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    match args.kind.zip(args.seconds) {
        Some((kind, seconds)) => output::json(&child::run(kind, seconds)?),
        None => child::serve()?,
    }
    Ok(ExitCode::SUCCESS)
}
