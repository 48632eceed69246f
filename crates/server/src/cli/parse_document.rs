//! `contactiq parse-document`: what the program starts itself as to read one PDF or DOCX. Hidden, because
//! it is of no use to a person; it needs no configuration and finds no environment.

use std::process::ExitCode;

use contactiq_ingest::Kind;

use super::{Outcome, output};
use crate::reading::child;

/// Arguments of `parse-document`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// What the document on standard input is.
    #[arg(long)]
    kind: Kind,
    /// The time of the processor that it may use.
    #[arg(long)]
    seconds: u64,
}

pub(super) fn run(args: &Args) -> Outcome {
    output::json(&child::run(args.kind, args.seconds)?);
    Ok(ExitCode::SUCCESS)
}
