//! Who changes something by the command line, and why.

use contactiq_guard::{Masked, Raw};

use crate::{app, config::Config};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 2000;

/// The name after `--by`.
pub(super) fn name(by: &str) -> Result<&str, String> {
    let by = by.trim();
    let fits = (1..=64).contains(&by.chars().count()) && !by.chars().any(char::is_control);
    if fits { Ok(by) } else { Err("--by: 1 to 64 characters without control characters".to_owned()) }
}

/// A note is a person's words: only its masked form is kept.
pub(super) fn masked_note(config: &Config, note: Option<&str>) -> Result<Option<Masked>, String> {
    let Some(note) = note.map(str::trim).filter(|n| !n.is_empty()) else { return Ok(None) };
    if note.chars().count() > LONGEST_NOTE {
        return Err(format!("--note: at most {LONGEST_NOTE} characters"));
    }
    let raw = Raw::new(note.to_owned());
    let masked = app::door(config).read_here(raw.chars(), move |guard| guard.mask(&raw));
    masked.map(Some).map_err(|fault| format!("--note: {fault}; nothing was changed"))
}
