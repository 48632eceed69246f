//! The command line (contract). Tables for people, `--json` and JSONL for machines.

mod ask;
mod audit;
mod audit_log;
mod bench;
mod bench_audit;
mod bench_ledger;
mod bench_search;
mod bench_users;
mod calibrate;
mod costs;
mod doctor;
mod escalations;
mod eval;
mod guard;
mod intents;
mod jsonl;
mod judging;
mod keys;
mod knowledge;
mod ledger;
mod opening;
mod output;
mod page;
mod parse_document;
mod privacy;
mod report;
mod scratch;
mod sealing;
mod serve;
mod settings;
mod signature;
mod thresholds;
mod topic;
mod traffic;

use std::{io::ErrorKind, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};

use crate::{
    config::{self, Config},
    secrets::Keeper,
    wiring::SystemClock,
};

/// Exit status when some lines of a JSONL run gave an error (contract).
pub const SOME_FAILED: u8 = 3;

/// Answers questions of a bank's customers and staff from the bank's own documents, and hands over to
/// a person where one is needed.
#[derive(Parser)]
#[command(name = "contactiq", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server: API and pages.
    Serve(serve::Args),
    /// Ask a question.
    Ask(ask::Args),
    /// Documents: add, list, show, remove, search; conflicts and quarantine.
    #[command(subcommand)]
    Knowledge(knowledge::Command),
    /// The taxonomy: check it, classify, bench, calibrate.
    #[command(subcommand)]
    Intents(intents::Command),
    /// The guard: scan texts.
    #[command(subcommand)]
    Guard(guard::Command),
    /// Tickets of escalations.
    #[command(subcommand)]
    Escalations(escalations::Command),
    /// The record: what could not be written, and writing it after all.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// What is kept about a person, forgetting it, and how long anything is kept.
    #[command(subcommand)]
    Privacy(privacy::Command),
    /// The audit log: verify it, export it, prove an interaction.
    #[command(subcommand)]
    Audit(audit_log::Command),
    /// What language models cost, and how the budgets stand.
    Costs(costs::Args),
    /// API keys: create, list, budget, revoke, rotate.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Keys that wrap the keys of people: rotate, status.
    #[command(subcommand)]
    Sealing(sealing::Command),
    /// The demo bank.
    #[command(subcommand)]
    Demo(traffic::Command),
    /// The configuration: check it, show it.
    #[command(subcommand)]
    Config(settings::Command),
    /// Say what works, what is off, and what to do about it.
    Doctor(doctor::Args),
    /// Measure the answers on a set of questions.
    Eval(eval::Args),
    /// Measure how long the parts take on this machine.
    Bench(bench::Args),
    /// Print the OpenAPI description.
    Openapi,
    /// Read one document on standard input; the program starts itself with this.
    #[command(hide = true)]
    ParseDocument(parse_document::Args),
}

/// What a command came to.
pub type Outcome = Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>;

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // A server goes on when nobody reads its lines any more.
    let answers = !matches!(cli.command, Command::Serve(_));
    let done = match cli.command {
        Command::Openapi => {
            output::raw(&crate::api::openapi());
            Ok(ExitCode::SUCCESS)
        }
        Command::ParseDocument(args) => parse_document::run(&args),
        Command::Config(command) => settings::run(&command),
        // They read the secrets themselves: one goes on without, the other waits for them.
        Command::Doctor(args) => with_config(|config| doctor::run(config, args)),
        Command::Serve(args) => with_config(|config| serve::run(config, args)),
        Command::Ask(args) => with_runtime(|config| ask::run(config, args)),
        Command::Knowledge(command) => with_runtime(|config| knowledge::run(config, command)),
        Command::Intents(command) => with_runtime(|config| intents::run(config, command)),
        Command::Guard(command) => with_runtime(|config| guard::run(config, command)),
        Command::Escalations(command) => with_runtime(|config| escalations::run(config, command)),
        Command::Ledger(command) => with_runtime(|config| ledger::run(config, command)),
        Command::Privacy(command) => with_runtime(|config| privacy::run(config, command)),
        Command::Audit(command) => with_runtime(|config| audit_log::run(config, command)),
        Command::Costs(args) => with_runtime(|config| costs::run(config, args)),
        Command::Keys(command) => with_runtime(|config| keys::run(config, command)),
        Command::Sealing(command) => with_runtime(|config| sealing::run(config, command)),
        Command::Demo(command) => with_runtime(|config| traffic::run(config, command)),
        Command::Bench(args) => with_runtime(|config| bench::run(config, args)),
        Command::Eval(args) => with_runtime(|config| eval::run(config, args)),
    };
    match done {
        Ok(code) => match output::lost().filter(|_| answers) {
            None => code,
            // Whoever read has read enough.
            Some(ErrorKind::BrokenPipe) => ExitCode::FAILURE,
            Some(why) => {
                output::problem(&format!(
                    "what was to be printed can't be written ({why}): make room, then try again"
                ));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            output::problem(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// As [`with_config`], with the secrets read.
fn with_runtime<F: Future<Output = Outcome>>(command: impl FnOnce(Config) -> F) -> Outcome {
    with_config(async |config: Config| {
        Keeper::new(&config, Arc::new(SystemClock)).open().await?;
        command(config.checked()?).await
    })
}

/// Loads the configuration and runs on the runtime that the server uses too.
fn with_config<F: Future<Output = Outcome>>(command: impl FnOnce(Config) -> F) -> Outcome {
    let config = config::load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command(config))
}
