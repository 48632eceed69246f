//! `contactiq eval`: every figure that can be measured here, its target, what is reached now.

mod escalation;
mod guard;
pub(super) mod questions;
mod risk;
mod targets;
mod understanding;

pub(super) use understanding::lines;

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::{Outcome, output};
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

impl Figure {
    /// A share that must be at least `target`.
    pub(super) fn at_least(id: &'static str, measure: impl Into<String>, value: f64, target: f64) -> Figure {
        Figure {
            id,
            measure: measure.into(),
            target: format!("≥ {:.1} %", target * 100.0),
            now: format!("{:.1} %", value * 100.0),
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
    let config = &scratch.config;
    let mut figures = questions::figures(config, &args.questions, args.misses).await?;
    figures.extend(escalation::figures(config, args.misses).await?);
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

/// A data folder for one run, removed afterwards. Trained models and vectors come from the real one.
pub(super) struct Scratch {
    folder: PathBuf,
    /// The configuration with the scratch folder in place of the real one.
    pub(super) config: Config,
}

impl Scratch {
    /// Questions of a measurement are not a bank's interactions: they get a ledger of their own.
    pub(super) fn beside(config: &Config) -> std::io::Result<Scratch> {
        let folder =
            std::env::temp_dir().join(format!("contactiq-scratch-{}", crate::wiring::random_text::<9>()));
        std::fs::create_dir_all(&folder)?;
        let mut own = config.clone();
        own.database.url = crate::config::SecretText::default();
        own.server.data_dir.clone_from(&folder);
        let scratch = Scratch { folder, config: own };
        scratch.share(&config.server.data_dir)?;
        Ok(scratch)
    }

    fn share(&self, from: &std::path::Path) -> std::io::Result<()> {
        for folder in ["models/encoder", "models/lexical", "cache"] {
            let target = self.folder.join(folder);
            std::fs::create_dir_all(&target)?;
            let Ok(files) = std::fs::read_dir(from.join(folder)) else { continue };
            for file in files.flatten() {
                std::fs::copy(file.path(), target.join(file.file_name()))?;
            }
        }
        let encoder = from.join("encoder");
        if encoder.exists() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(std::fs::canonicalize(encoder)?, self.folder.join("encoder"))?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A house in the scratch folder.
pub(super) async fn house(config: &Config) -> Result<contactiq_pipeline::House, app::StartError> {
    let (house, standing) = app::build_house(config, output::progress()).await?;
    // Figures without the encoder are another program's: whoever reads them must know.
    if let Err(why) = &standing.encoder {
        output::note(format!("encoder off: {why}"));
    }
    Ok(house)
}
