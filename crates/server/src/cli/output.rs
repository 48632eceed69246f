//! The one place that prints: answers to standard output, everything else to standard error.

use std::{
    io::{ErrorKind, IsTerminal, Write},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::app::Progress;

/// Why something that was to be printed is lost: a full disk, a reader that is gone.
static LOST: OnceLock<ErrorKind> = OnceLock::new();

/// A line for a person. Titles and texts of documents may hold what steers a terminal: it is left out.
pub(crate) fn line(text: impl std::fmt::Display) {
    raw(&(plain(&text.to_string()) + "\n"));
}

/// Text as it is.
pub(crate) fn raw(text: &str) {
    kept(std::io::stdout().write_all(text.as_bytes()));
}

/// A value on one line, for programs.
pub(crate) fn json(value: &impl Serialize) {
    raw(&(serde_json::to_string(value).unwrap_or_default() + "\n"));
}

/// Why not all that was printed arrived where it goes. A command whose answers are lost has not answered.
pub(crate) fn lost() -> Option<ErrorKind> {
    kept(std::io::stdout().flush());
    LOST.get().copied()
}

fn kept(written: std::io::Result<()>) {
    if let Err(error) = written {
        LOST.get_or_init(|| error.kind());
    }
}

/// Without control characters, but for ends of lines and tabs, and without what turns the reading round or
/// can't be seen: what a person reads is what is there.
fn plain(text: &str) -> String {
    let hides = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars().filter(|c| (!c.is_control() && !hides(*c)) || matches!(c, '\n' | '\t')).collect()
}

/// Something that a person should know, beside the answer.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{}", plain(&text.to_string()));
}

/// Why the command could not be done.
pub(crate) fn problem(text: &str) {
    let _ = writeln!(std::io::stderr(), "contactiq: {}", plain(text));
}

/// A table for people.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
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
                        note(format!(
                            "contactiq: {what}, {done} of {all} done; what can be kept is read at the next start"
                        ));
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
