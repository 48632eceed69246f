//! `contactiq intents topic`: train the gate that tells banking from the rest, from the bank's own
//! files and the rows at even line numbers of the public development sets.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use contactiq_domain::{Mode, Trigger};
use contactiq_nlu::{
    encoder::Encoder,
    intents::topic::{Topic, train::TopicExample},
};
use contactiq_pipeline::EscalationRules;
use serde::Deserialize;

use super::{Outcome, jsonl, output};
use crate::{app, config::Config};

/// Options of `intents topic`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder of the public development sets (docs/evaluation.md).
    #[arg(long)]
    data: PathBuf,
    /// Write the model here; the program ships crates/nlu/src/intents/topic/banking.model.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Deserialize)]
struct Question {
    text: String,
}

#[derive(Deserialize)]
struct Scope {
    text: String,
    oos: bool,
}

/// A bank's own wording counts twice the public sets, and its few examples of the outside three times.
const OWN: f32 = 2.0;
const OWN_OUTSIDE: f32 = 3.0;
const PUBLIC_OUTSIDE: f32 = 2.0;

pub(super) fn run(config: &Config, args: &Args) -> Outcome {
    let encoder = app::open_encoder(config).map_err(|why| format!("the topic needs the encoder: {why}"))?;
    let taxonomy = app::taxonomy(config)?;
    let rules = app::escalation_rules(config)?;
    let (questions, scope) = public(&args.data)?;

    let of = |text, inside, weight| TopicExample { text, inside, weight };
    let mut examples = Vec::new();
    for intent in Mode::ALL.iter().flat_map(|mode| taxonomy.of(*mode)) {
        let inside = !intent.name.is_unknown();
        let weight = if inside { OWN } else { OWN_OUTSIDE };
        examples.extend(intent.examples.iter().map(|text| of(text, inside, weight)));
    }
    examples.extend(trigger_texts(&rules).map(|text| of(text, true, OWN)));
    examples.extend(questions.iter().map(|q| of(&q.text, true, 1.0)));
    examples.extend(
        scope.iter().map(|s| if s.oos { of(&s.text, false, PUBLIC_OUTSIDE) } else { of(&s.text, true, 1.0) }),
    );

    let bar = output::bar("training", 1);
    let topic = Topic::train(&examples, &*encoder as &dyn Encoder, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .map_err(|e| e.to_string())?;
    bar.finish_and_clear();
    topic.save(&args.out).map_err(|e| format!("{} can't be written: {e}", args.out.display()))?;
    output::line(format!(
        "{} sentences, {} of them about banking; {} support vectors; written to {}",
        examples.len(),
        examples.iter().filter(|e| e.inside).count(),
        topic.size(),
        args.out.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Rows at even line numbers; the others only measure.
fn public(data: &Path) -> Result<(Vec<Question>, Vec<Scope>), String> {
    fn even<T>(rows: Vec<T>) -> Vec<T> {
        rows.into_iter().skip(1).step_by(2).collect()
    }
    let questions = jsonl::file(&data.join("banking77_train.jsonl"))?;
    let scope = jsonl::file(&data.join("oos_dev.jsonl"))?;
    Ok((even(questions), even(scope)))
}

/// What people say when a person is needed, and what only sounds like it: both are said to a bank.
fn trigger_texts(rules: &EscalationRules) -> impl Iterator<Item = &str> {
    Trigger::ALL
        .iter()
        .map(|trigger| rules.of(*trigger))
        .flat_map(|rules| rules.examples.iter().chain(&rules.look_alikes))
        .map(String::as_str)
}
