//! The one place that prints: answers to standard output, everything else to standard error.

use std::{
    io::{IsTerminal, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::app::Progress;

/// A line for a person.
pub(crate) fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Text as it is.
pub(crate) fn raw(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A value on one line, for programs.
pub(crate) fn json(value: &impl Serialize) {
    line(serde_json::to_string(value).unwrap_or_default());
}

/// Something that a person should know, beside the answer.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Why the command could not be done.
pub(crate) fn problem(text: &str) {
    let _ = writeln!(std::io::stderr(), "contactiq: {text}");
}

/// A table for people.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    line(table);
}

/// What takes longer is said where there is no bar.
const NOTICEABLE: Duration = Duration::from_secs(2);

/// A bar for anything that takes more than a second; without a terminal one line for what takes long,
/// so that nobody takes a first start for one that hangs.
pub(crate) fn progress() -> Progress {
    if !std::io::stderr().is_terminal() {
        let running: Mutex<Option<(String, Instant)>> = Mutex::new(None);
        return Arc::new(move |what, done, all| {
            let mut running = running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match running.as_ref() {
                Some((name, since)) if name == what => {
                    if done == 1 && since.elapsed() > NOTICEABLE {
                        note(format!("contactiq: {what}, {done} of {all} done; the next start is quick"));
                    }
                }
                _ => *running = Some((what.to_owned(), Instant::now())),
            }
        });
    }
    let bars: Mutex<Option<(String, ProgressBar)>> = Mutex::new(None);
    Arc::new(move |what, done, all| {
        let mut open = bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if open.as_ref().is_none_or(|(name, _)| name != what) {
            *open = Some((what.to_owned(), bar(what, all)));
        }
        if let Some((_, bar)) = open.as_ref() {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            if done >= all {
                bar.finish_and_clear();
            }
        }
    })
}

/// One bar.
pub(crate) fn bar(what: &str, all: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:20} {bar:30} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(all as u64).with_style(style).with_message(what.to_owned())
}
