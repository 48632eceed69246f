//! `contactiq intents report`: what the taxonomy's own examples say of it: which intents are taken for
//! which, and where examples are missing. Cross-validated, so that no model judges what it has learned.

use std::{collections::BTreeMap, process::ExitCode};

use contactiq_domain::{IntentName, Mode, Trigger};
use contactiq_nlu::{
    encoder::Encoder,
    intents::{CrossValidated, Example, TrainOptions, cross_validate},
};
use contactiq_pipeline::{
    EscalationRules,
    taxonomy::check::{Finding, THIN, check},
};
use serde::Serialize;

use super::{Outcome, opening, output};
use crate::{app, config::Config};

/// Options of `intents report`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only this assistant.
    #[arg(long)]
    mode: Option<Mode>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// An intent that finds fewer of its own than this needs examples, or is two intents, or half of one.
const WEAK: f64 = 0.6;
/// Confusions that are listed, the most frequent first.
const LISTED: usize = 15;

/// What was found in one assistant's intents.
#[derive(Debug, Serialize)]
struct Report {
    mode: Mode,
    /// Share of examples that came out right.
    accuracy: f64,
    intents: Vec<Row>,
    confusions: Vec<Confusion>,
    /// Why what is called a probability here is none, and how many examples make it one.
    #[serde(skip_serializing_if = "Option::is_none")]
    uncalibrated: Option<String>,
    /// Utterances that stand twice, in two intents, or nearly the same in two.
    repeated: Vec<Repeated>,
}

/// Utterances that are the same, or nearly.
#[derive(Debug, Serialize)]
struct Repeated {
    what: &'static str,
    intents: String,
    examples: String,
}

/// What a trigger learns from, beside the intents that name it.
#[derive(Debug, Serialize)]
struct TriggerRow {
    trigger: Trigger,
    examples: usize,
    look_alikes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

/// A trigger with fewer examples than this is thin: people say it in more ways than any intent.
const THIN_TRIGGER: usize = 150;
/// One with fewer look-alikes than this catches who only asks about the subject.
const FEW_LOOK_ALIKES: usize = 40;

/// One intent.
#[derive(Debug, Serialize)]
struct Row {
    intent: String,
    examples: usize,
    /// Share of its examples that were found, 0 to 1.
    recall: f64,
    /// Share of what was taken for it that was it, 0 to 1.
    precision: f64,
    /// What to do, when there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

/// One intent's examples taken for another's.
#[derive(Debug, Serialize)]
struct Confusion {
    intent: String,
    taken_for: String,
    times: usize,
    /// The example that was taken for it most surely.
    example: String,
}

pub(super) fn run(config: &Config, args: &Args) -> Outcome {
    let taxonomy = app::taxonomy(config)?;
    let encoder = opening::encoder(config);
    let bar = output::bar("comparing examples", 1);
    let findings = check(&taxonomy, encoder.as_deref().map(|e| e as &dyn Encoder), &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let mut reports = Vec::new();
    for mode in Mode::ALL.iter().filter(|mode| args.mode.is_none_or(|only| only == **mode)) {
        let intents = taxonomy.of(*mode);
        let examples: Vec<Example<'_>> = intents
            .iter()
            .flat_map(|intent| {
                intent.examples.iter().map(|text| Example { text, label: intent.name.as_str() })
            })
            .collect();
        let bar = output::bar("cross-validating", 1);
        let judged = cross_validate(
            &examples,
            &[IntentName::UNKNOWN],
            encoder.as_deref().map(|e| e as &dyn Encoder),
            &TrainOptions::default(),
            &|done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            },
        );
        bar.finish_and_clear();
        let judged = judged.map_err(|e| e.to_string())?;
        reports.push(Report {
            repeated: repeated(*mode, &findings),
            uncalibrated: uncalibrated(*mode, &findings),
            ..report(*mode, &examples, &judged)
        });
    }
    let triggers = triggers(&app::escalation_rules(config)?);
    if args.json {
        reports.iter().for_each(output::json);
        triggers.iter().for_each(output::json);
    } else {
        reports.iter().for_each(show);
        show_triggers(triggers);
    }
    Ok(ExitCode::SUCCESS)
}

fn uncalibrated(mode: Mode, findings: &[Finding]) -> Option<String> {
    let mut of_all = findings.iter().filter(|finding| matches!(finding, Finding::Uncalibrated { .. }));
    of_all.find_map(|finding| Some(finding.words()).filter(|(_, own, ..)| *own == mode).map(|words| words.3))
}

fn repeated(mode: Mode, findings: &[Finding]) -> Vec<Repeated> {
    let repeats = |finding: &&Finding| {
        !matches!(
            finding,
            Finding::Thin { .. } | Finding::Uncalibrated { .. } | Finding::NothingGreets { .. }
        )
    };
    let of_mode = findings.iter().filter(repeats);
    of_mode
        .map(Finding::words)
        .filter(|(_, own, ..)| *own == mode)
        .map(|(what, _, intents, examples)| Repeated { what, intents, examples })
        .collect()
}

fn triggers(rules: &EscalationRules) -> Vec<TriggerRow> {
    let read = Trigger::ALL.iter().copied().filter(|trigger| trigger.is_read_from_text());
    read.map(|trigger| {
        let own = rules.of(trigger);
        let advice = if own.examples.len() < THIN_TRIGGER {
            Some("thin: write more examples")
        } else if own.look_alikes.len() < FEW_LOOK_ALIKES {
            Some("write what only resembles it")
        } else {
            None
        };
        TriggerRow { trigger, examples: own.examples.len(), look_alikes: own.look_alikes.len(), advice }
    })
    .collect()
}

fn show_triggers(triggers: Vec<TriggerRow>) {
    output::line("triggers: what each learns from");
    let cells = |row: TriggerRow| {
        vec![
            row.trigger.to_string(),
            row.examples.to_string(),
            row.look_alikes.to_string(),
            row.advice.unwrap_or_default().to_owned(),
        ]
    };
    output::table(
        &["trigger", "examples", "look-alikes", "to do"],
        triggers.into_iter().map(cells).collect(),
    );
}

fn report(mode: Mode, examples: &[Example<'_>], judged: &CrossValidated) -> Report {
    let count = judged.labels.len();
    let (mut given, mut found, mut all) = (vec![0_usize; count], vec![0_usize; count], vec![0_usize; count]);
    let mut confused: BTreeMap<(usize, usize), (usize, f64, usize)> = BTreeMap::new();
    for (row, (target, shares)) in judged.targets.iter().zip(&judged.probabilities).enumerate() {
        let best = (0..count).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or_default();
        all[*target] += 1;
        given[best] += 1;
        if best == *target {
            found[best] += 1;
            continue;
        }
        let entry = confused.entry((*target, best)).or_insert((0, -1.0, row));
        entry.0 += 1;
        if shares[best] > entry.1 {
            (entry.1, entry.2) = (shares[best], row);
        }
    }
    let share = |part: usize, of: usize| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    let intents = (0..count)
        .map(|label| {
            let recall = share(found[label], all[label]);
            Row {
                intent: judged.labels[label].clone(),
                examples: all[label],
                recall,
                precision: share(found[label], given[label]),
                advice: if all[label] < THIN {
                    Some("thin: write more examples")
                } else if recall < WEAK {
                    Some("weak: write more, or draw its border again (see confusions)")
                } else {
                    None
                },
            }
        })
        .collect();
    let mut confusions: Vec<Confusion> = confused
        .into_iter()
        .map(|((intent, taken_for), (times, _, row))| Confusion {
            intent: judged.labels[intent].clone(),
            taken_for: judged.labels[taken_for].clone(),
            times,
            example: examples[row].text.to_owned(),
        })
        .collect();
    confusions.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.intent.cmp(&b.intent)));
    confusions.truncate(LISTED);
    let right: usize = found.iter().sum();
    let accuracy = share(right, judged.targets.len());
    Report { mode, accuracy, intents, confusions, uncalibrated: None, repeated: Vec::new() }
}

fn show(report: &Report) {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    output::line(format!("{}: {} of its own examples come out right", report.mode, percent(report.accuracy)));
    if let Some(why) = &report.uncalibrated {
        output::line(format!("too few examples to calibrate: {why}"));
    }
    let rows = report
        .intents
        .iter()
        .map(|row| {
            let advice = row.advice.unwrap_or_default().to_owned();
            vec![
                row.intent.clone(),
                row.examples.to_string(),
                percent(row.recall),
                percent(row.precision),
                advice,
            ]
        })
        .collect();
    output::table(&["intent", "examples", "found", "right when named", "to do"], rows);
    let rows = report
        .confusions
        .iter()
        .map(|c| vec![c.intent.clone(), c.taken_for.clone(), c.times.to_string(), c.example.clone()])
        .collect();
    output::table(&["intent", "taken for", "times", "for instance"], rows);
    let rows = report
        .repeated
        .iter()
        .map(|one| vec![one.what.to_owned(), one.intents.clone(), one.examples.clone()])
        .collect();
    output::table(&["repeated", "intents", "examples"], rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusions_are_counted_with_the_surest_example() {
        let texts = ["a1", "a2", "a3", "b1"];
        let examples: Vec<Example<'_>> =
            texts.iter().map(|text| Example { text, label: &text[..1] }).collect();
        let judged = CrossValidated {
            labels: vec!["a".to_owned(), "b".to_owned()],
            targets: vec![0, 0, 0, 1],
            probabilities: vec![vec![0.9, 0.1], vec![0.4, 0.6], vec![0.2, 0.8], vec![0.3, 0.7]],
        };
        let found = report(Mode::Customer, &examples, &judged);
        assert!((found.accuracy - 0.5).abs() < 1e-9);
        assert_eq!((found.confusions.len(), found.confusions[0].times), (1, 2));
        assert_eq!(found.confusions[0].example, "a3");
        let row = &found.intents[0];
        assert!((row.recall - 1.0 / 3.0).abs() < 1e-9 && (row.precision - 1.0).abs() < 1e-9);
        assert!(row.advice.is_some());
    }
}
