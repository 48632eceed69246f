//! `contactiq config`: check it, show it.

use std::{process::ExitCode, sync::Arc};

use super::{Outcome, output};
use crate::{
    config::{self, Config, ConfigError, DEFAULTS},
    secrets::{Keeper, Standing},
    wiring::SystemClock,
};

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

/// Reads every secret, says how it stands and what is wrong with it; never what it is.
fn check_secrets(config: Config) -> Outcome {
    let secrets = Keeper::new(&config, Arc::new(SystemClock));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(secrets.try_open());
    let standing = secrets.standing();
    for secret in &standing {
        output::note(format!("secret {}", in_words(secret)));
    }
    for warning in config.secret_warnings() {
        output::note(format!("warning: {warning}"));
    }
    let unread: Vec<String> = standing.iter().filter(|secret| !secret.resolves).map(in_words).collect();
    if !unread.is_empty() {
        return Err(ConfigError(unread).into());
    }
    config.checked()?;
    output::line("the configuration is valid");
    Ok(ExitCode::SUCCESS)
}

/// How a secret stands, on one line.
pub(super) fn in_words(secret: &Standing) -> String {
    let mut words = format!("{}: {}", secret.field, secret.places.join(", then "));
    match (&secret.error, secret.age_seconds) {
        (Some(error), None) => words.push_str(&format!("; can't be read: {error}")),
        (Some(error), Some(age)) => {
            words.push_str(&format!("; can't be read now: {error}; the value of {age} s ago is in force"));
        }
        (None, Some(age)) => words.push_str(&format!("; read {age} s ago")),
        (None, None) => words.push_str("; not read"),
    }
    for (id, word) in &secret.values {
        words.push_str(&format!("; {id} {word}"));
    }
    words
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
            output::note(format!("who gets in: {}", config.identity.in_words(&config.server)));
            return check_secrets(config);
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
