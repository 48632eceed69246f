//! `contactiq guard explain`: why the guard judges a text as it does. It is printed for whoever typed the
//! text, and stands in no log and no record.

use std::{io::Read, process::ExitCode};

use contactiq_guard::{Explanation, Raw, Recognised, RuleWeight};
use contactiq_pipeline::NotRead;
use serde_json::json;

use super::super::{Outcome, output};
use crate::{app, config::Config};

/// The most that is read of standard input, in bytes: more than the guard reads.
const LARGEST: u64 = 4_100_000;
/// Characters of a decoded reading that are shown.
const SHOWN: usize = 160;

/// Options of `explain`.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The text, or - for standard input.
    text: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, args: Args) -> Outcome {
    let text = if args.text == "-" { standard_input()? } else { args.text };
    let raw = Raw::new(text.clone());
    let read = app::door(config)?.read_here(raw.chars(), move |guard| guard.explain(&raw));
    let told = read.map_err(NotRead::from).and_then(|read| read.map_err(NotRead::from))?;
    let words = Words::of(&text);
    if args.json {
        output::json(&shape(&told, &words));
    } else {
        print(&told, &words);
    }
    Ok(ExitCode::SUCCESS)
}

fn standard_input() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| "standard input is not UTF-8")?;
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

/// The text by code points, as the guard's places count.
struct Words(Vec<char>);

impl Words {
    fn of(text: &str) -> Words {
        Words(text.chars().collect())
    }

    fn between(&self, start: usize, end: usize) -> String {
        self.0.get(start..end).unwrap_or_default().iter().collect()
    }

    fn of_finding(&self, found: &Recognised) -> String {
        self.between(found.start, found.end)
    }

    fn cue(&self, found: &Recognised) -> Option<String> {
        found.cue.map(|cue| self.between(cue.start, cue.end))
    }
}

fn shape(told: &Explanation, words: &Words) -> serde_json::Value {
    let finding = |found: &Recognised| {
        let (recogniser, why) = found.by.split_once(": ").unwrap_or((found.by, ""));
        json!({
            "start": found.start, "end": found.end, "type": found.kind, "score": found.score,
            "text": words.of_finding(found), "recogniser": recogniser, "why": why, "cue": words.cue(found),
        })
    };
    json!({
        "masked": told.masked,
        "personal_data": told.personal_data.iter().map(finding).collect::<Vec<_>>(),
        "overlapped": told.overlapped.iter()
            .map(|o| json!({ "lost": finding(&o.lost), "against": finding(&o.against) }))
            .collect::<Vec<_>>(),
        "injection": told.injection,
        "moderation": told.moderation,
        "pattern": told.pattern.as_ref().map(|hit| json!({
            "kind": hit.kind, "number": hit.number, "start": hit.start, "end": hit.end,
            "text": words.between(hit.start, hit.end),
        })),
        "refusal": told.refusal,
        "not_read": told.not_read,
    })
}

fn print(told: &Explanation, words: &Words) {
    let none = |what: &str| output::line(format!("  no {what}"));
    output::line("Personal data");
    for found in &told.personal_data {
        let cue = words.cue(found).map_or_else(String::new, |cue| format!("; nearest cue {cue:?}"));
        output::line(format!(
            "  {:<15} {:.2}  {:?}  {}{cue}",
            found.kind.as_str(),
            found.score,
            words.of_finding(found),
            found.by
        ));
    }
    if told.personal_data.is_empty() {
        none("personal data");
    }
    for o in &told.overlapped {
        output::line(format!(
            "  gave way: {} {:.2} {:?} ({}) to {} {:.2} {:?}",
            o.lost.kind,
            o.lost.score,
            words.of_finding(&o.lost),
            o.lost.by,
            o.against.kind,
            o.against.score,
            words.of_finding(&o.against)
        ));
    }
    output::line(format!("  masked: {}", told.masked.as_str()));

    let injection = &told.injection;
    output::line(format!(
        "Prompt injection: {:.4}, {} (threshold {})",
        injection.score,
        if injection.blocked { "refused" } else { "not refused" },
        injection.threshold
    ));
    output::line(format!("  {:>6.2}  where every text begins", injection.bias));
    rules(&injection.rules, "  ");
    if !injection.rules.iter().any(|r| r.rule == "learned") {
        output::line(format!("  {:>6.2}  learned", injection.learned));
    }
    for reading in &injection.readings {
        let text: String = reading.text.for_who_typed_it().chars().take(SHOWN).collect();
        output::line(format!("  read without {}: {text:?}", reading.disguise));
        rules(&reading.rules, "    ");
    }
    if injection.hidden_characters > 0 {
        output::line(format!("  {} characters that can't be seen", injection.hidden_characters));
    }

    output::line("Moderation");
    for found in &told.moderation {
        output::line(format!("  {:<10} {}", found.category.as_str(), found.rule));
    }
    if told.moderation.is_empty() {
        none("category");
    }
    output::line("SQL and script");
    match &told.pattern {
        Some(hit) => {
            let text = words.between(hit.start, hit.end);
            output::line(format!("  {} number {}: {text:?}", hit.kind, hit.number));
        }
        None => none("pattern"),
    }
    output::line(match (told.not_read, told.refusal) {
        (Some(code), _) => format!("A message like this is not read: {code}"),
        (None, Some(refusal)) => format!("A message like this is refused: {refusal}"),
        (None, None) => "A message like this goes on".to_owned(),
    });
}

fn rules(rules: &[RuleWeight], indent: &str) {
    for rule in rules {
        output::line(format!("{indent}{:>6.2}  {}", rule.weight, rule.rule));
    }
}
