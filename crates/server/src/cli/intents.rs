//! `contactiq intents`: check the taxonomy, classify, bench on any CSV, calibrate the confidence.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Instant};

use contactiq_domain::Mode;
use contactiq_guard::Raw;
use contactiq_nlu::{
    encoder::Encoder,
    intents::{
        Example, TrainOptions,
        bench::{Bench, BenchReport, ScopeExample, run_bench, sample_shots},
    },
};
use contactiq_pipeline::{
    RuleFinding, classify, on_two_sides, read_of, rule_findings,
    taxonomy::check::{Finding, check},
    unheard,
};
use serde::Deserialize;
use serde_json::json;

use super::{Outcome, calibrate, jsonl, opening, output, report, topic};
use crate::{app, config::Config};

/// Commands of `intents`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Find duplicates, near-duplicates across intents, thin intents, and messages on two sides of a trigger.
    Check {
        /// Print findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Which intents are taken for which, and where examples are missing.
    Report(report::Args),
    /// Classify texts: {"text"} a line in, the intent and how probable each trigger is out.
    Classify {
        /// Which assistant.
        #[arg(long)]
        mode: Mode,
    },
    /// Train on one CSV (header text,category), measure on another.
    Bench(BenchArgs),
    /// Fit the confidence to labelled questions and print confidence.toml.
    Calibrate(calibrate::Args),
    /// Train the gate that tells banking from the rest (for those who build the program).
    Topic(topic::Args),
}

/// Options of `intents bench`.
#[derive(clap::Args)]
pub(super) struct BenchArgs {
    /// Learn from this CSV.
    #[arg(long)]
    train: PathBuf,
    /// Measure on this CSV.
    #[arg(long)]
    test: PathBuf,
    /// Only this many examples an intent.
    #[arg(long)]
    shots: Option<usize>,
    /// Chooses the examples and the folds.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// JSONL of {"text","oos"}: measure the scope gate too.
    #[arg(long)]
    oos: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    match command {
        Command::Check { json } => check_taxonomy(&config, json),
        Command::Report(args) => report::run(&config, &args),
        Command::Classify { mode } => classify_lines(&config, mode).await,
        Command::Bench(args) => bench(&config, &args),
        Command::Calibrate(args) => calibrate::run(config, args).await,
        Command::Topic(args) => topic::run(&config, &args),
    }
}

fn check_taxonomy(config: &Config, as_json: bool) -> Outcome {
    let taxonomy = app::taxonomy(config)?;
    let encoder = opening::encoder(config);
    let progress = output::progress();
    let told = |done, all| progress("comparing examples", done, all);
    let findings = check(&taxonomy, encoder.as_deref().map(|e| e as &dyn Encoder), &told);
    let rules = app::escalation_rules(config)?;
    let of_rules: Vec<RuleFinding> =
        [unheard(&rules, &taxonomy), rule_findings(&rules), on_two_sides(&rules, &taxonomy)].concat();
    let wrong = findings.iter().any(Finding::is_error);
    if as_json {
        let rules = of_rules.iter().map(serde_json::to_value);
        let all = findings.iter().map(serde_json::to_value).chain(rules).collect::<Result<Vec<_>, _>>()?;
        output::json(&all);
    } else {
        let rows = findings.iter().map(row).chain(of_rules.iter().map(rule_row)).collect();
        output::table(&["finding", "mode", "intent", "what"], rows);
        let intents: usize = Mode::ALL.iter().map(|m| taxonomy.of(*m).len()).sum();
        let examples: usize = Mode::ALL.iter().flat_map(|m| taxonomy.of(*m)).map(|i| i.examples.len()).sum();
        output::line(format!(
            "{intents} intents, {examples} examples, {} findings",
            findings.len() + of_rules.len()
        ));
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn row(finding: &Finding) -> Vec<String> {
    let (kind, mode, place, what) = finding.words();
    vec![kind.to_owned(), mode.to_string(), place, what]
}

fn rule_row(finding: &RuleFinding) -> Vec<String> {
    let (kind, place, what) = finding.words();
    vec![kind.to_owned(), "both".to_owned(), place, what]
}

#[derive(Deserialize)]
struct Line {
    text: Raw,
}

async fn classify_lines(config: &Config, mode: Mode) -> Outcome {
    let house = opening::house(config).await?;
    let door = app::door(config)?;
    let done = jsonl::each(|line: Line| {
        let masked = jsonl::inspected(&door, line.text)?.masked;
        let text = read_of(masked.as_str());
        let vector = opening::vector(house.encoder.as_ref(), &text);
        let prediction = house.models.intent(mode, &text, vector.as_deref());
        let leanings = house.models.trigger_scores(&text, vector.as_deref());
        let found = classify(&house.taxonomy, &house.models, mode, &prediction, &leanings, &text);
        let thousandths = |p: f64| (p * 1000.0).round() / 1000.0;
        let triggers: BTreeMap<&str, f64> =
            leanings.iter().map(|(trigger, p)| (trigger.as_str(), thousandths(*p))).collect();
        Ok(json!({
            "intent": found.intent,
            "category": found.category,
            "probability": found.probability,
            "in_scope_probability": found.in_scope,
            "reason": found.reason,
            "triggers": triggers,
        }))
    });
    house.budgets.flush().await;
    house.store.close().await;
    done
}

#[derive(Deserialize)]
struct CsvRow {
    text: String,
    category: String,
}

#[derive(Deserialize)]
struct ScopeRow {
    text: String,
    oos: bool,
}

fn bench(config: &Config, args: &BenchArgs) -> Outcome {
    let train = read_csv(&args.train)?;
    let test = read_csv(&args.test)?;
    let scope = match &args.oos {
        Some(path) => read_scope(path)?,
        None => Vec::new(),
    };
    let encoder = app::open_encoder(config);
    if let Err(why) = &encoder {
        output::note(format!("contactiq: {why}"));
    }
    let report = measure(
        &train,
        &test,
        &scope,
        encoder.as_deref().ok().map(|e| e as &dyn Encoder),
        args.shots,
        args.seed,
    )?;
    if args.json {
        output::json(&report);
    } else {
        let share = |v: f64| format!("{:.1} %", v * 100.0);
        let mut rows = vec![
            vec!["accuracy".to_owned(), share(report.accuracy)],
            vec!["macro-F1".to_owned(), share(report.macro_f1)],
            vec!["calibration error (ECE, 15 bins)".to_owned(), format!("{:.4}", report.ece)],
            vec!["coverage at 2 % error".to_owned(), share(report.coverage_at_2)],
            vec!["coverage at 5 % error".to_owned(), share(report.coverage_at_5)],
            vec!["time per utterance".to_owned(), format!("{:.0} µs", report.us_per_utterance)],
        ];
        if let (Some(auroc), Some(accepted)) = (report.oos_auroc, report.in_scope_accepted) {
            rows.push(vec!["out-of-scope AUROC".to_owned(), format!("{auroc:.4}")]);
            rows.push(vec!["in scope accepted at 95 % recall of out-of-scope".to_owned(), share(accepted)]);
        }
        output::table(&["measure", "value"], rows);
    }
    Ok(ExitCode::SUCCESS)
}

/// Trains and measures with a stopwatch.
pub(super) fn measure(
    train: &[(String, String)],
    test: &[(String, String)],
    scope: &[(String, bool)],
    encoder: Option<&dyn Encoder>,
    shots: Option<usize>,
    seed: u64,
) -> Result<BenchReport, String> {
    fn examples(rows: &[(String, String)]) -> Vec<Example<'_>> {
        rows.iter().map(|(text, label)| Example { text, label }).collect()
    }
    let mut learn = examples(train);
    if let Some(shots) = shots {
        learn = sample_shots(&learn, shots, seed);
    }
    let test = examples(test);
    let scope: Vec<ScopeExample<'_>> =
        scope.iter().map(|(text, oos)| ScopeExample { text, oos: *oos }).collect();
    let options = TrainOptions { seed, ..TrainOptions::default() };
    let bench = Bench {
        train: &learn,
        test: &test,
        oos: (!scope.is_empty()).then_some(scope.as_slice()),
        outside: &[],
        options,
    };
    let since = Instant::now();
    let bar = output::bar("training", 1);
    let report = run_bench(&bench, encoder, &|| since.elapsed().as_micros() as u64, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    report.map_err(|e| e.to_string())
}

fn read_csv(path: &std::path::Path) -> Result<Vec<(String, String)>, String> {
    let name = path.display();
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{name} can't be read: {e}"))?;
    let header = reader.headers().map_err(|e| format!("{name} can't be read: {e}"))?;
    for column in ["text", "category"] {
        if !header.iter().any(|h| h == column) {
            return Err(format!("{name} has no column `{column}`: the header is text,category"));
        }
    }
    let mut rows = Vec::new();
    for (number, row) in reader.deserialize::<CsvRow>().enumerate() {
        let row = row.map_err(|e| format!("{name}: row {} can't be read: {}", number + 2, why_unread(&e)))?;
        if row.category.trim().is_empty() {
            return Err(format!("{name}: row {} has no category: give it one, or remove it", number + 2));
        }
        let lines = row.text.lines().count().max(row.category.lines().count());
        if lines > MOST_LINES {
            return Err(format!("{name}: row {} has {lines} lines: a quote is not closed", number + 2));
        }
        rows.push((row.text, row.category));
    }
    if rows.is_empty() { Err(format!("{name} has no rows")) } else { Ok(rows) }
}

/// An utterance of more lines is the rest of a file behind a quote that nobody closed.
const MOST_LINES: usize = 100;

/// What is wrong with a row, without its words.
fn why_unread(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} columns, and the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => "it is no row of the header's columns".to_owned(),
    }
}

fn read_scope(path: &std::path::Path) -> Result<Vec<(String, bool)>, String> {
    Ok(jsonl::file::<ScopeRow>(path)?.into_iter().map(|r| (r.text, r.oos)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_no_row_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for (text, why) in [
            ("text,category\na,b,c\n", "row 2 can't be read: it has 3 columns, and the header has 2"),
            ("text,category\na,b\nc,\n", "row 3 has no category"),
            ("text\na\n", "no column `category`"),
            ("text,category\n", "no rows"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read_csv(&path).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        std::fs::write(&path, format!("text,category\na,\"b\n{}", "c,d\n".repeat(200))).unwrap();
        assert!(read_csv(&path).unwrap_err().contains("quote"));
        std::fs::write(&path, b"text,category\n\xff,b\n").unwrap();
        assert!(read_csv(&path).unwrap_err().contains("not UTF-8"));
    }

    #[test]
    fn a_finding_says_which_words_and_what_to_do() {
        let twice = |first: &str, example: &str| {
            row(&Finding::Duplicate {
                mode: Mode::Banker,
                intent: "unknown".to_owned(),
                example: example.to_owned(),
                first: first.to_owned(),
            })
            .join(" | ")
        };
        assert_eq!(twice("??", "??"), "an example twice | banker | unknown | \"??\": remove one");
        assert_eq!(
            twice("hi", "Hi!"),
            "an example twice | banker | unknown | \"hi\" and \"Hi!\" are read as the same: remove one"
        );
    }
}
