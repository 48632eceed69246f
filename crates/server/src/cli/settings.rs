//! `contactiq config`: check it, show it.

use std::process::ExitCode;

use super::{Outcome, output};
use crate::config::{self, DEFAULTS};

/// Commands of `config`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Say what is wrong, or that nothing is.
    Check,
    /// Print what is in force, secrets left out.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the commented default file.
    Default,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Default => output::raw(DEFAULTS),
        Command::Check => {
            let config = config::load()?;
            for warning in crate::app::check_files(&config)? {
                output::note(format!("warning: {warning}"));
            }
            for doubt in config.identity.doubts(&config.server) {
                output::note(format!("warning: {doubt}"));
            }
            output::line("the configuration is valid");
            output::note(format!("who gets in: {}", config.identity.in_words(&config.server)));
        }
        Command::Show { json } => {
            let config = config::load()?;
            if *json {
                output::json(&config);
            } else {
                output::raw(&toml::to_string_pretty(&config)?);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
