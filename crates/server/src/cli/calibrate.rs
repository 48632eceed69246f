//! `contactiq intents calibrate`: fits the confidence of answers to labelled questions.

use std::{path::PathBuf, process::ExitCode};

use contactiq_domain::Mode;
use contactiq_guard::Raw;
use contactiq_pipeline::{Calibration, Features};
use serde::Deserialize;

use super::{Outcome, ask, eval::questions::states, output};
use crate::{app, config::Config};

/// Options of `intents calibrate`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Labelled questions: {"mode","question","documents","facts","answerable"} a line.
    #[arg(long, default_value = "demo/calibration.jsonl")]
    questions: PathBuf,
}

#[derive(Deserialize)]
struct Labelled {
    mode: Mode,
    question: String,
    facts: Vec<String>,
    answerable: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let text = std::fs::read_to_string(&args.questions).map_err(|e| format!("{} can't be read: {e}", args.questions.display()))?;
    let mut config = config;
    // Nothing is withheld, so that every draft can be judged.
    config.customer.confidence_threshold = 0.0;
    config.banker.confidence_threshold = 0.0;
    let (house, _) = app::build_house(&config, output::progress()).await?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let bar = output::bar("asking", lines.len());
    let mut points: Vec<(Features, bool)> = Vec::new();
    for line in lines {
        let labelled: Labelled = serde_json::from_str(line)?;
        let record = ask::ask(&house, labelled.mode, Raw::new(labelled.question), None).await?;
        if let Some(features) = record.steps.iter().find_map(|s| Features::from_trace(&s.detail)) {
            let right = labelled.answerable && labelled.facts.iter().all(|f| states(record.answer.as_str(), f));
            points.push((features, right));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    house.store.close().await;
    let date = contactiq_domain::Clock::now(&crate::wiring::SystemClock).date();
    let fitted = Calibration::fit(&format!("fitted-{date}"), &points);
    output::note(format!("{} labelled answers, {} right", points.len(), points.iter().filter(|(_, r)| *r).count()));
    output::raw("# How five features become the confidence of an answer (step 5). Made by\n# `contactiq intents calibrate`; the weights are of similarity, coverage, margin, intent, in_scope.\n");
    output::raw(&toml::to_string(&fitted)?);
    Ok(ExitCode::SUCCESS)
}
