//! Who changes something by the command line, and why.

use contactiq_guard::{Masked, Raw};
use contactiq_pipeline::Door;

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
    let door = app::door(config).map_err(|error| error.to_string())?;
    masked(&door, note).map(Some)
}

fn masked(door: &Door, note: &str) -> Result<Masked, String> {
    let raw = Raw::new(note.to_owned());
    let masked = door.read_here(raw.chars(), move |guard| guard.mask(&raw));
    masked.map_err(|fault| format!("--note: {fault}; nothing was changed"))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use super::*;
    use crate::config::load_from;

    #[test]
    fn a_note_that_the_guard_can_not_read_is_no_note() {
        let door = app::door(&load_from(None, &HashMap::new()).unwrap()).unwrap();
        assert_eq!(masked(&door, "a@example.com").unwrap().as_str(), "<EMAIL_1>");
        let failing = door.failing_with(Arc::new(|| panic!("as the test wants it")));
        let told = masked(&failing, "a@example.com").unwrap_err();
        assert!(told.starts_with("--note: ") && told.ends_with("nothing was changed"), "{told}");
        assert!(!told.contains("example"), "{told}");
    }
}
