//! `contactiq eval`: every figure that can be measured here, its target, what is reached now.

mod conversations;
mod escalation;
mod guard;
mod halves;
mod kinds;
pub(super) mod questions;
mod retrieval;
mod risk;
pub(super) mod second_bank;
mod structure;
mod targets;
mod understanding;

use std::{path::PathBuf, process::ExitCode};

use contactiq_nlu::intents::interval;
use serde::Serialize;

use super::{Outcome, output, scratch::Scratch};
use crate::{app, config::Config};

/// Options of `eval`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The project's own questions (JSONL).
    #[arg(long, default_value = "evals/questions.jsonl")]
    questions: PathBuf,
    /// Folder of the public development sets (docs/evaluation.md says where they come from).
    #[arg(long)]
    data: Option<PathBuf>,
    /// Labelled questions that split into choosing and measuring (row U12; JSONL as for `intents
    /// calibrate`). Without it demo/calibration.jsonl, where it is there.
    #[arg(long)]
    labelled: Option<PathBuf>,
    /// Another bank: a folder with `documents` and `questions.jsonl` (row U16).
    #[arg(long, default_value = "evals/second-bank")]
    second_bank: PathBuf,
    /// Questions on the demo bank by kind, in two halves.
    #[arg(long, default_value = "evals/kinds.jsonl")]
    kinds: PathBuf,
    /// Attacks on a model that obeys every instruction it sees (row G9).
    #[arg(long, default_value = "evals/attacks.jsonl")]
    attacks: PathBuf,
    /// Print every question that was not answered as expected.
    #[arg(long)]
    misses: bool,
    /// Print rows as JSON.
    #[arg(long)]
    json: bool,
    /// Fail when a row marked as a gate does not reach its target.
    #[arg(long)]
    gate: bool,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    /// Row of the targets, or `own`.
    pub(super) id: &'static str,
    /// What is measured.
    pub(super) measure: String,
    /// What it is to reach.
    pub(super) target: String,
    /// What it reaches now.
    pub(super) now: String,
    /// Whether it does.
    pub(super) reached: Option<bool>,
    /// Whether a miss fails the run.
    pub(super) gate: bool,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share(usize, usize);

impl Share {
    pub(super) const fn new(hits: usize, of: usize) -> Share {
        Share(hits, of)
    }

    pub(super) fn count(&mut self, hit: bool) {
        self.0 += usize::from(hit);
        self.1 += 1;
    }

    pub(super) fn add(&mut self, other: Share) {
        self.0 += other.0;
        self.1 += other.1;
    }

    pub(super) fn value(self) -> f64 {
        // Nothing measured is nothing reached: a gate must not pass on no rows.
        if self.1 == 0 { f64::NAN } else { self.0 as f64 / self.1 as f64 }
    }

    fn of(self) -> String {
        format!("({} of {})", self.0, self.1)
    }

    /// With its 95 % interval.
    fn told(self) -> String {
        let (low, high) = interval::wilson(self.0, self.1);
        format!("{:.1} % [{:.1}, {:.1}]", self.value() * 100.0, low * 100.0, high * 100.0)
    }
}

impl Figure {
    /// A counted share that must be at least `target`, with its interval.
    pub(super) fn share_at_least(
        id: &'static str,
        measure: impl Into<String>,
        share: Share,
        target: f64,
    ) -> Figure {
        Self::at_least(id, measure, share.value(), target).counted(share)
    }

    /// A counted share that must be at most `target`, with its interval.
    pub(super) fn share_at_most(
        id: &'static str,
        measure: impl Into<String>,
        share: Share,
        target: f64,
    ) -> Figure {
        Self::at_most(id, measure, share.value(), target).counted(share)
    }

    fn counted(self, share: Share) -> Figure {
        if share.1 == 0 {
            return self;
        }
        Figure { measure: format!("{} {}", self.measure, share.of()), now: share.told(), ..self }
    }

    /// The same with a 95 % interval.
    pub(super) fn within(self, (low, high): (f64, f64)) -> Figure {
        Figure { now: format!("{} [{low:.3}, {high:.3}]", self.now), ..self }
    }

    /// A share that must be at least `target`.
    pub(super) fn at_least(id: &'static str, measure: impl Into<String>, value: f64, target: f64) -> Figure {
        Figure {
            id,
            measure: measure.into(),
            target: format!("≥ {:.1} %", target * 100.0),
            now: if value.is_nan() { "no rows".to_owned() } else { format!("{:.1} %", value * 100.0) },
            reached: Some(value >= target - 1e-9),
            gate: false,
        }
    }

    /// A share that must be at most `target`.
    pub(super) fn at_most(id: &'static str, measure: impl Into<String>, value: f64, target: f64) -> Figure {
        Figure {
            target: format!("≤ {:.1} %", target * 100.0),
            reached: Some(value <= target + 1e-9),
            ..Self::at_least(id, measure, value, target)
        }
    }

    /// A number that must be at least `target`.
    pub(super) fn number(id: &'static str, measure: impl Into<String>, value: f64, target: f64) -> Figure {
        Figure {
            id,
            measure: measure.into(),
            target: format!("≥ {target:.3}"),
            now: format!("{value:.3}"),
            reached: Some(value >= target),
            gate: false,
        }
    }

    /// A gate: `eval --gate` fails when it is missed.
    pub(super) fn gated(self) -> Figure {
        Figure { gate: true, ..self }
    }
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let scratch = Scratch::beside(&config)?;
    let other = second_bank::figures(&config, &args.second_bank, args.misses).await?;
    let config = &scratch.config;
    let mut figures = questions::figures(config, &args.questions, args.misses).await?;
    figures.extend(kinds::figures(config, &args.kinds, args.misses).await?);
    figures.extend(other);
    figures.extend(escalation::figures(config, args.misses).await?);
    figures.extend(conversations::figures(config, args.misses).await?);
    figures.extend(structure::figures(config, &args.attacks, args.misses).await?);
    figures.extend(risk::figures(config, args.labelled.as_deref()).await?);
    if let Some(data) = &args.data {
        figures.extend(guard::figures(config, data)?);
        figures.extend(understanding::figures(config, data)?);
    }
    let figures = targets::complete(figures);
    if args.json {
        figures.iter().for_each(output::json);
    } else {
        let mark = |f: &Figure| match f.reached {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "",
        };
        let rows = figures
            .iter()
            .map(|f| {
                vec![f.id.to_owned(), f.measure.clone(), f.target.clone(), f.now.clone(), mark(f).to_owned()]
            })
            .collect();
        output::table(&["row", "measure", "target", "now", ""], rows);
    }
    let missed = figures.iter().any(|f| f.gate && f.reached == Some(false));
    if args.gate && missed {
        return Err("a gate is missed".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// A house in the scratch folder.
pub(super) async fn house(config: &Config) -> Result<contactiq_pipeline::House, app::StartError> {
    Ok(app::build_house(config, output::progress()).await?.0)
}
