//! `contactiq guard train`: fit the recogniser of names, addresses and passwords to made-up sentences, and
//! say what it gives on templates and names that it never saw.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use contactiq_domain::{Mode, Trigger};
use contactiq_guard::{
    Learned, PersonalType,
    training::{FILES, Generator, Labelled, Measured, Part, Texts, measure, train},
};
use serde::Deserialize;

use crate::{
    app,
    cli::{Outcome, jsonl, output},
    config::Config,
};

/// Options of `guard train`.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The folder of templates, names and places; docs/guards.md says which files.
    #[arg(long, default_value = "training/personal")]
    texts: PathBuf,
    /// Write the model here, for `guard.learned`; the program ships crates/guard/src/pii/learned.model.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measure this model in place of training one.
    #[arg(long, conflicts_with = "out")]
    measure: Option<PathBuf>,
    /// Sentences to make.
    #[arg(long, default_value_t = 80_000)]
    sentences: usize,
    /// Times that each sentence is learned from.
    #[arg(long, default_value_t = 4)]
    passes: usize,
    /// The same seed makes the same model.
    #[arg(long, default_value_t = 11)]
    seed: u64,
    /// Show so many of the made-up sentences that measure and were not read right.
    #[arg(long, default_value_t = 0)]
    misses: usize,
    /// The folder of the public development sets: rows at even line numbers of pii_dev.jsonl train too, and of
    /// banking77_train.jsonl as messages without personal data.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Sentences that measure.
const MEASURED: usize = 4_000;
/// So many times a row of the development set counts.
const OF_DATA: usize = 6;

#[derive(Deserialize)]
struct Row {
    text: String,
    spans: Vec<RowSpan>,
}

#[derive(Deserialize)]
struct RowSpan {
    start: usize,
    end: usize,
    #[serde(rename = "type")]
    kind: PersonalType,
}

#[derive(Deserialize)]
struct Question {
    text: String,
}

pub(super) fn run(config: &Config, args: &Args) -> Outcome {
    let texts = read(&args.texts)?;
    let held: Vec<Labelled> = {
        let mut generator = Generator::new(&texts, Part::Held, args.seed ^ 0x5eed);
        (0..MEASURED).map(|_| generator.sentence()).collect()
    };
    let model = match &args.measure {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|e| format!("{} can't be read: {e}", path.display()))?;
            Learned::from_bytes(&bytes).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => {
            let mut generator = Generator::new(&texts, Part::Train, args.seed);
            let mut sentences: Vec<Labelled> = (0..args.sentences).map(|_| generator.sentence()).collect();
            sentences.extend(honest(config)?);
            if let Some(data) = &args.data {
                sentences.extend(of_data(data)?);
            }
            output::note(format!("{} sentences, {} passes", sentences.len(), args.passes));
            train(&sentences, args.passes, args.seed)
        }
    };
    table("rules alone", &measure(None, &held));
    table("with what was learned", &measure(Some(&model), &held));
    let wrong = |one: &&Labelled| {
        let of = |(_, m): &(PersonalType, Measured)| m.covered == m.there && m.right == m.found;
        !measure(Some(&model), std::slice::from_ref(*one)).iter().all(of)
    };
    for sentence in held.iter().filter(wrong).take(args.misses) {
        let there = sentence.spans.iter().map(|(start, end, _)| &sentence.text[*start..*end]);
        output::line(format!("{:?}: {:?}", sentence.text, there.collect::<Vec<_>>()));
    }
    if let Some(out) = &args.out {
        std::fs::write(out, model.to_bytes())
            .map_err(|e| format!("{} can't be written: {e}", out.display()))?;
        output::line(format!("written to {}", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(folder: &Path) -> Result<Texts, String> {
    let mut contents = BTreeMap::new();
    for file in FILES {
        let path = folder.join(file);
        let content = std::fs::read_to_string(&path).map_err(|e| {
            format!("{} can't be read ({e}): name the folder of the texts with --texts", path.display())
        })?;
        contents.insert(file.to_owned(), content);
    }
    Texts::read(&contents).map_err(|e| format!("{}: {e}", folder.display()))
}

/// What people ask a bank, in the bank's own files: nothing of it is personal.
fn honest(config: &Config) -> Result<Vec<Labelled>, Box<dyn std::error::Error + Send + Sync>> {
    let taxonomy = app::taxonomy(config)?;
    let rules = app::escalation_rules(config)?;
    let asked = Mode::ALL.iter().flat_map(|mode| taxonomy.of(*mode)).flat_map(|intent| &intent.examples);
    let said =
        Trigger::ALL.iter().map(|t| rules.of(*t)).flat_map(|r| r.examples.iter().chain(&r.look_alikes));
    let nothing = |text: &String| Labelled { text: text.clone(), spans: Vec::new() };
    // What a rule finds in them may be somebody's name in an example.
    let clean = |one: &Labelled| measure(None, std::slice::from_ref(one)).iter().all(|(_, m)| m.found == 0);
    Ok(asked.chain(said).map(nothing).filter(clean).collect())
}

fn of_data(folder: &Path) -> Result<Vec<Labelled>, String> {
    let rows: Vec<Row> = jsonl::file(&folder.join("pii_dev.jsonl"))?;
    let questions: Vec<Question> = jsonl::file(&folder.join("banking77_train.jsonl"))?;
    let even = rows.into_iter().skip(1).step_by(2).map(|row| {
        let places: Vec<usize> =
            row.text.char_indices().map(|(at, _)| at).chain(std::iter::once(row.text.len())).collect();
        let byte = |point: usize| places.get(point).copied().unwrap_or(row.text.len());
        let spans = row.spans.iter().map(|s| (byte(s.start), byte(s.end), s.kind)).collect();
        Labelled { text: row.text, spans }
    });
    let even: Vec<Labelled> = even.collect();
    let plain =
        questions.into_iter().skip(1).step_by(2).map(|q| Labelled { text: q.text, spans: Vec::new() });
    Ok(std::iter::repeat_n(even, OF_DATA).flatten().chain(plain).collect())
}

fn table(of: &str, measured: &[(PersonalType, Measured)]) {
    let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    for (kind, m) in measured {
        output::line(format!(
            "{of}: {kind} ({}): touched {:.1} %, whole {:.1} %, of what was found right {:.1} %",
            m.there,
            share(m.touched, m.there),
            share(m.covered, m.there),
            share(m.right, m.found),
        ));
    }
}
