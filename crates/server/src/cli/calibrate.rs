//! `contactiq intents calibrate`: fits the confidence of answers to labelled questions, or chooses the
//! thresholds that keep a promise.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use contactiq_nlu::risk::Promise;
use contactiq_pipeline::{BY_WORDS, Calibration};

use super::{
    Outcome,
    eval::second_bank::load,
    judging::{self, JudgedAnswer, Questions, judge, withholding_nothing},
    output,
    scratch::Scratch,
    thresholds::{self, Label},
};
use crate::{app, config::Config, wiring::sha256_hex};

/// Options of `intents calibrate`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Labelled questions: {"mode","question","documents","facts","answerable"} a line.
    #[arg(long, default_value = "demo/calibration.jsonl")]
    questions: PathBuf,
    /// Another bank's folder, with documents/ and questions.jsonl, to learn from too: a confidence that
    /// has seen one bank alone knows its wording rather than what evidence looks like.
    #[arg(long, conflicts_with = "alpha")]
    bank: Vec<PathBuf>,
    /// The share of questions in real traffic that the documents do not answer, 0 to 1. A labelled
    /// set has more of them than customers ask.
    #[arg(long, default_value_t = 0.1, value_parser = share)]
    unanswerable_share: f64,
    /// Count an answer as right also where it cites the right document and misses a fact: the confidence is
    /// then that the person is led to the right document, which separates what is answered from what is not
    /// best. Without it only an answer with every fact is right.
    #[arg(long, conflicts_with = "alpha")]
    document_is_enough: bool,
    /// Choose thresholds instead: at most this share of all interactions is answered though a person
    /// was needed. Above 0, below 1.
    #[arg(long, value_parser = open_share)]
    alpha: Option<f64>,
    /// Keep that for all but this share of the label sets that could have been drawn
    /// (Learn-then-Test); without it, it is kept in the mean (conformal risk control).
    #[arg(long, requires = "alpha", value_parser = open_share)]
    delta: Option<f64>,
    /// Labelled interactions in place of questions, one a line: {"mode","confidence","needs_person"} or
    /// {"mode","confidence","answerable"}, and "intent" for the baseline; confidence null where no answer could have
    /// been shown.
    #[arg(long, requires = "alpha", conflicts_with = "questions")]
    labels: Option<PathBuf>,
    /// Write the confidence in force into this file, with these labels as the baseline of each assistant that has some:
    /// named in the configuration, it lets the server watch whether live interactions drift from them.
    #[arg(long, requires = "alpha")]
    baseline: Option<PathBuf>,
    /// Print the thresholds as JSON, one mode a line.
    #[arg(long, requires = "alpha")]
    json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v| (0.0..=1.0).contains(v))
        .ok_or_else(|| "write a number from 0 to 1".to_owned())
}

fn open_share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v| *v > 0.0 && *v < 1.0)
        .ok_or_else(|| "write a number above 0 and below 1, for instance 0.02".to_owned())
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let Some(alpha) = args.alpha else { return fit(config, &args).await };
    let promise = Promise::new(alpha, args.delta)?;
    let (labels, calibration) = match &args.labels {
        Some(path) => (thresholds::read(path)?, in_force(&config)?),
        None => {
            let questions = Questions::read(&args.questions)?;
            let (judged, calibration, _) = ask_all(config.clone(), &questions).await?;
            if calibration.questions.as_ref() == Some(&questions.fingerprint) {
                output::note(
                    "the confidence was fitted on these very questions: they look easier than others will, and \
                     the promise is optimistic. Choose thresholds on questions that it has not seen.",
                );
            }
            let label =
                |j: &JudgedAnswer| Label { mode: j.mode, judged: j.judged(), intent: Some(j.intent.clone()) };
            (judged.iter().map(label).collect(), calibration)
        }
    };
    watch(&labels, calibration, args.baseline.as_deref())?;
    thresholds::print(&config, &labels, promise, args.json)
}

/// The confidence that judges the answers of this configuration.
fn in_force(config: &Config) -> Result<Calibration, app::StartError> {
    if app::open_encoder(config).is_ok() {
        app::calibration(config)
    } else {
        app::calibration_by_words(config)
    }
}

/// Which setting names a confidence file.
fn field(calibration: &Calibration) -> &'static str {
    if calibration.encoder.as_deref() == Some(BY_WORDS) {
        "files.confidence_words"
    } else {
        "files.confidence"
    }
}

/// Writes the baseline beside the confidence; where nobody asked for it, says what is not watched then.
fn watch(labels: &[Label], mut calibration: Calibration, file: Option<&Path>) -> Result<(), String> {
    let counted = thresholds::baseline(labels);
    let Some(file) = file else {
        for mode in counted.keys().filter(|mode| !calibration.baseline.contains_key(mode)) {
            output::note(format!(
                "{mode}: nothing tells when live interactions drift from these labels and the promise ends; \
                 `--baseline FILE` writes what the server compares with"
            ));
        }
        return Ok(());
    };
    calibration.baseline.extend(counted);
    let text = toml::to_string(&calibration).map_err(|e| e.to_string())?;
    let field = field(&calibration);
    let header = format!(
        "# The confidence in force, and as its baseline the labels that a threshold was chosen from: {field}. Made by\n\
         # `contactiq intents calibrate --alpha … --baseline`.\n"
    );
    std::fs::write(file, header + &text)
        .map_err(|e| format!("{} can't be written: {e}. Name another file", file.display()))?;
    output::note(format!("{field} = {:?} watches for drift from these labels", file.display().to_string()));
    Ok(())
}

/// Every labelled question, asked in a scratch folder, the calibration that scored it and the encoder.
async fn ask_all(
    config: Config,
    questions: &Questions,
) -> Result<(Vec<JudgedAnswer>, Calibration, String), Box<dyn std::error::Error + Send + Sync>> {
    let scratch = Scratch::with_documents_of(&withholding_nothing(config)).await?;
    let (house, _) = app::build_house(&scratch.config, output::progress()).await?;
    let judged = judge(&house, questions).await?;
    house.budgets.flush().await;
    house.store.close().await;
    let encoder =
        house.encoder.as_ref().map_or_else(|| BY_WORDS.to_owned(), |encoder| app::label(&**encoder));
    Ok((judged, house.usual_calibration().clone(), encoder))
}

/// The same in the house of another bank.
async fn ask_bank(
    config: Config,
    folder: &Path,
) -> Result<Vec<JudgedAnswer>, Box<dyn std::error::Error + Send + Sync>> {
    let questions = Questions::read(&folder.join("questions.jsonl"))?;
    let mut scratch = Scratch::beside(&withholding_nothing(config))?;
    scratch.config.server.demo = false;
    load(&scratch.config, &folder.join("documents")).await?;
    let (house, _) = app::build_house(&scratch.config, output::progress()).await?;
    let judged = judge(&house, &questions).await?;
    house.budgets.flush().await;
    house.store.close().await;
    Ok(judged)
}

/// The confidence of all that was asked.
fn fit_to(judged: &[JudgedAnswer], unanswerable_share: f64, document_is_enough: bool) -> Calibration {
    let weight = judging::weights(judged, unanswerable_share);
    judging::fitted(judged.iter(), weight, |one| one.right || (document_is_enough && one.cited))
}

async fn fit(config: Config, args: &Args) -> Outcome {
    let questions = Questions::read(&args.questions)?;
    let mut others = Vec::new();
    for folder in &args.bank {
        others.extend(ask_bank(config.clone(), folder).await?);
    }
    let (mut judged, _, encoder) = ask_all(config, &questions).await?;
    let own = judged.len();
    judged.extend(others);
    let points: Vec<&JudgedAnswer> = judged.iter().filter(|j| j.features.is_some()).collect();
    if points.is_empty() {
        return Err("no question got as far as an answer: nothing to fit".into());
    }
    let date = contactiq_domain::Clock::now(&crate::wiring::SystemClock).date();
    let mut fitted = fit_to(&judged, args.unanswerable_share, args.document_is_enough);
    // Two fits of one day are two versions: the trace of step 5 names the weights by it.
    let weights = format!("{:?} {:?} {}", fitted.bias, fitted.weights, questions.fingerprint);
    fitted.version = format!("fitted-{date}-{}", &sha256_hex(weights.as_bytes())[..8]);
    fitted.encoder = Some(encoder);
    fitted.questions = Some(questions.fingerprint);
    // Traffic is compared with the bank's own questions alone.
    for one in &judged[..own] {
        let Some(features) = one.features else { continue };
        let confidence = fitted.confidence_of(features, one.vague);
        fitted.baseline.entry(one.mode).or_default().add(one.intent.as_str(), confidence);
    }
    output::note(format!(
        "{} labelled answers, {} state every fact, {} more cite a document that does",
        points.len(),
        points.iter().filter(|j| j.right).count(),
        points.iter().filter(|j| j.cited && !j.right).count()
    ));
    output::raw(&format!(
        "# How eleven features become the confidence of an answer (step 5): {}. Made by\n# `contactiq intents calibrate`. The baseline counts the labelled answers, for the drift alarm.\n",
        field(&fitted)
    ));
    output::raw(&toml::to_string(&fitted)?);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::{
        super::judging::tests::{ALIKE, asked},
        *,
    };

    #[test]
    fn questions_that_got_no_draft_count_for_the_share_without_an_answer() {
        let said = |judged: &[JudgedAnswer]| fit_to(judged, 0.1, false).confidence_of(ALIKE, false).get();
        // 90 to 90 * 0.1 / 0.9 / 50 * 10, not to 90 * 0.1 / 0.9.
        let most = said(&asked((90, 90), (50, 10)));
        assert!((most - 90.0 / 92.0).abs() < 0.005, "{most}");
        let all = said(&asked((90, 90), (10, 10)));
        assert!((all - 0.9).abs() < 0.005, "{all}");
    }
}
