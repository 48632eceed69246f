//! Measures the guard on labelled JSONL files: `measure PII.jsonl [INJECTIONS.jsonl] [--misses N]`.
//!
//! The first has rows `{text, spans: [{start, end, type}], kind}`, the second `{text, label}`. Rows at
//! odd line numbers give the figures: those at even ones may train a model, and figures come from rows
//! that trained none. `--misses` shows errors of the even rows, so that nobody fits rules to the others.

use std::{collections::BTreeMap, error::Error, fs, time::Instant};

use contactiq_guard::{Guard, GuardSettings, PersonalType, Raw};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    let mut misses = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--misses" {
            misses = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(20);
        } else {
            files.push(argument);
        }
    }
    let guard = Guard::new(GuardSettings::default());
    let mut out = String::new();
    if let Some(path) = files.first() {
        personal_data(&guard, &rows(path, misses > 0)?, misses, &mut out)?;
    }
    if let Some(path) = files.get(1) {
        injections(&guard, &rows(path, misses > 0)?, misses, &mut out)?;
    }
    use std::io::Write;
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(())
}

/// The rows that measure, or those that errors may be looked at in.
fn rows(path: &str, even: bool) -> Result<Vec<Value>, Box<dyn Error>> {
    let file = fs::read_to_string(path)?;
    let rows =
        file.lines().skip(usize::from(even)).step_by(2).filter(|l| !l.is_empty()).map(serde_json::from_str);
    Ok(rows.collect::<Result<_, _>>()?)
}

struct Gold {
    start: usize,
    end: usize,
    kind: PersonalType,
}

fn gold(row: &Value) -> Vec<Gold> {
    let place = |span: &Value, key: &str| span[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let spans = row["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |s: &Value| {
        Some(Gold {
            start: place(s, "start")?,
            end: place(s, "end")?,
            kind: s["type"].as_str()?.parse().ok()?,
        })
    };
    spans.iter().filter_map(read).collect()
}

#[derive(Default)]
struct Count {
    all: usize,
    hit: usize,
    covered: usize,
    said: usize,
    right: usize,
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 * 100.0 / whole as f64 }
}

fn personal_data(
    guard: &Guard,
    rows: &[Value],
    misses: usize,
    out: &mut String,
) -> Result<(), Box<dyn Error>> {
    use std::fmt::Write;
    let mut counts: BTreeMap<PersonalType, Count> = BTreeMap::new();
    let (mut exact, mut clean, mut alarms, mut personal, mut leaks) = (0, 0, 0, 0, 0);
    let mut shown = Vec::new();
    for row in rows {
        let text = row["text"].as_str().unwrap_or_default();
        let spans = guard.scan(&Raw::new(text))?.spans;
        let gold = gold(row);
        if gold.is_empty() {
            clean += 1;
            alarms += usize::from(!spans.is_empty());
        } else {
            personal += 1;
        }
        let chars: Vec<char> = text.chars().collect();
        let mut leaked = false;
        for g in &gold {
            let count = counts.entry(g.kind).or_default();
            count.all += 1;
            count.hit +=
                usize::from(spans.iter().any(|s| s.kind == g.kind && s.start < g.end && g.start < s.end));
            exact +=
                usize::from(spans.iter().any(|s| s.kind == g.kind && s.start == g.start && s.end == g.end));
            let open = (g.start..g.end)
                .filter(|i| chars.get(*i).is_some_and(|c| c.is_alphanumeric()))
                .any(|i| !spans.iter().any(|s| s.start <= i && i < s.end));
            count.covered += usize::from(!open);
            leaked |= open;
        }
        leaks += usize::from(leaked);
        for s in &spans {
            let count = counts.entry(s.kind).or_default();
            count.said += 1;
            count.right +=
                usize::from(gold.iter().any(|g| s.kind == g.kind && s.start < g.end && g.start < s.end));
        }
        let wrong = leaked
            || spans
                .iter()
                .any(|s| !gold.iter().any(|g| s.kind == g.kind && s.start < g.end && g.start < s.end));
        if wrong && shown.len() < misses {
            let found: Vec<String> = spans
                .iter()
                .map(|s| format!("{}:{}", s.kind, chars[s.start..s.end].iter().collect::<String>()))
                .collect();
            shown.push(format!("{} {text:?} -> {found:?}", if leaked { "LEAK" } else { "ALARM" }));
        }
    }
    writeln!(out, "{:<16} {:>5} {:>8} {:>8} {:>9}", "type", "n", "recall", "masked", "precision")?;
    let mut total = Count::default();
    for (kind, c) in &counts {
        writeln!(
            out,
            "{kind:<16} {:>5} {:>7.1}% {:>7.1}% {:>8.1}%",
            c.all,
            share(c.hit, c.all),
            share(c.covered, c.all),
            share(c.right, c.said)
        )?;
        total.all += c.all;
        total.hit += c.hit;
        total.said += c.said;
        total.right += c.right;
    }
    let f1 = |hit: usize, right: usize| {
        2.0 * share(hit, total.all) * share(right, total.said)
            / (share(hit, total.all) + share(right, total.said))
    };
    writeln!(out, "span F1 overlap {:.1} exact {:.1}", f1(total.hit, total.right), f1(exact, exact))?;
    writeln!(
        out,
        "leak rate {:.1}% of {personal}; false alarms {:.1}% of {clean}",
        share(leaks, personal),
        share(alarms, clean)
    )?;
    let raws: Vec<Raw> = rows.iter().filter_map(|r| r["text"].as_str()).map(Raw::new).collect();
    let begin = Instant::now();
    for raw in &raws {
        std::hint::black_box(guard.mask(raw));
    }
    let elapsed = begin.elapsed().as_secs_f64();
    writeln!(out, "{:.0} messages a second (masking alone)", raws.len() as f64 / elapsed)?;
    let whole: String = rows.iter().filter_map(|r| r["text"].as_str()).collect::<Vec<_>>().join("\n");
    // As a model's tokens come: four characters at a time.
    let chars: Vec<char> = whole.chars().take(STREAMED).collect();
    let pieces: Vec<String> = chars.chunks(4).map(|piece| piece.iter().collect()).collect();
    let begin = Instant::now();
    let mut stream = guard.stream();
    for piece in &pieces {
        std::hint::black_box(stream.push(piece));
    }
    std::hint::black_box(stream.finish());
    let elapsed = begin.elapsed().as_secs_f64();
    writeln!(out, "{:.0} characters a second in a stream (masking alone)", chars.len() as f64 / elapsed)?;
    for line in shown {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// As many characters are streamed for the figure.
const STREAMED: usize = 400_000;

fn injections(guard: &Guard, rows: &[Value], misses: usize, out: &mut String) -> Result<(), Box<dyn Error>> {
    use std::fmt::Write;
    let mut scored = Vec::new();
    let begin = Instant::now();
    for row in rows {
        let text = row["text"].as_str().unwrap_or_default();
        let scan = guard.scan(&Raw::new(text))?;
        scored.push((scan.injection.score, row["label"].as_u64() == Some(1), row, scan.injection));
    }
    let micros = begin.elapsed().as_micros() as f64 / rows.len().max(1) as f64;
    let honest: Vec<f64> = scored.iter().filter(|s| !s.1).map(|s| s.0).collect();
    let attacks: Vec<f64> = scored.iter().filter(|s| s.1).map(|s| s.0).collect();
    let mut wins = 0.0;
    for a in &attacks {
        for h in &honest {
            wins += if a > h {
                1.0
            } else if a == h {
                0.5
            } else {
                0.0
            };
        }
    }
    let mut sorted = honest.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let threshold = sorted.get(honest.len() / 100).copied().unwrap_or(1.0);
    let above = |scores: &[f64], limit: f64| scores.iter().filter(|s| **s > limit).count();
    writeln!(
        out,
        "injection AUROC {:.4}; recall at 1% false alarms {:.1}% (threshold {threshold:.3}); at 0.5: recall {:.1}%, false alarms {:.2}%; {micros:.0} us a scan",
        wins / (attacks.len() * honest.len()) as f64,
        share(above(&attacks, threshold), attacks.len()),
        share(attacks.iter().filter(|s| **s >= 0.5).count(), attacks.len()),
        share(honest.iter().filter(|s| **s >= 0.5).count(), honest.len()),
    )?;
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (score, _, row, _) in &scored {
        let name = format!("{} {}", row["label"], row["type"].as_str().unwrap_or("?"));
        let group = groups.entry(name).or_default();
        group.0 += 1;
        group.1 += usize::from(*score >= 0.5);
    }
    for (name, (all, blocked)) in groups {
        writeln!(out, "  {name:<50} {blocked:>4} of {all:<4} blocked")?;
    }
    let wrong = scored.iter().filter(|(score, label, ..)| (*score >= 0.5) != *label);
    for (score, label, row, injection) in wrong.take(misses) {
        let text: String = row["text"].as_str().unwrap_or_default().chars().take(180).collect();
        writeln!(
            out,
            "{} {score:.2} {text:?} {:?}",
            if *label { "MISS" } else { "ALARM" },
            injection.reasons
        )?;
    }
    Ok(())
}
