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
    /// The share of questions in real traffic that the documents do not answer, 0 to 1. A labelled
    /// set has more of them than customers ask.
    #[arg(long, default_value_t = 0.1, value_parser = share)]
    unanswerable_share: f64,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v| (0.0..=1.0).contains(v))
        .ok_or_else(|| "write a number from 0 to 1".to_owned())
}

#[derive(Deserialize)]
struct Labelled {
    mode: Mode,
    question: String,
    documents: Vec<String>,
    facts: Vec<String>,
    answerable: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let text = std::fs::read_to_string(&args.questions)
        .map_err(|e| format!("{} can't be read: {e}", args.questions.display()))?;
    let mut config = config;
    // Nothing is withheld, so that every draft can be judged.
    config.customer.confidence_threshold = 0.0;
    config.banker.confidence_threshold = 0.0;
    let (house, _) = app::build_house(&config, output::progress()).await?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let bar = output::bar("asking", lines.len());
    let mut points: Vec<(Features, bool, bool)> = Vec::new();
    for line in lines {
        let labelled: Labelled = serde_json::from_str(line)?;
        let record = ask::ask(&house, labelled.mode, Raw::new(labelled.question), None).await?;
        if let Some(features) = record.steps.iter().find_map(|s| Features::from_trace(&s.detail)) {
            // Right: the asked facts, or the document that holds them, one click away.
            let stated = labelled.facts.iter().all(|f| states(record.answer.as_str(), f));
            let cited = record.citations.iter().any(|c| labelled.documents.contains(&c.document));
            let right = labelled.answerable && (stated || cited);
            points.push((features, right, labelled.answerable));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    house.store.close().await;
    if points.is_empty() {
        return Err("no question got as far as an answer: nothing to fit".into());
    }
    let date = contactiq_domain::Clock::now(&crate::wiring::SystemClock).date();
    let answerable = points.iter().filter(|(_, _, a)| *a).count() as f64;
    let others = points.len() as f64 - answerable;
    let of_others = if others > 0.0 {
        answerable * args.unanswerable_share / (1.0 - args.unanswerable_share).max(1e-6) / others
    } else {
        1.0
    };
    let weighted: Vec<(Features, bool, f64)> = points
        .iter()
        .map(|(f, right, answerable)| (*f, *right, if *answerable { 1.0 } else { of_others }))
        .collect();
    let fitted = Calibration::fit(&format!("fitted-{date}"), &weighted);
    output::note(format!(
        "{} labelled answers, {} right",
        points.len(),
        points.iter().filter(|(_, r, _)| *r).count()
    ));
    output::raw(
        "# How seven features become the confidence of an answer (step 5). Made by\n# `contactiq intents calibrate`; the weights are of similarity, coverage, margin, agreement,\n# both_views, intent and in_scope.\n",
    );
    output::raw(&toml::to_string(&fitted)?);
    Ok(ExitCode::SUCCESS)
}
