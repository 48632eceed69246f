//! The door itself: one call for a message, one for a text of any length, one for a model's output.

use std::sync::Arc;

use crate::{
    Learned, Masked, Raw, Span, injection, masking, moderation,
    normal::{Normal, tag_text},
    output, pii, refuse,
    verdict::{
        Held, Injection, InputError, Inspected, Moderation, ModerationCategory, OutputVerdict, Refusal, Scan,
    },
};

/// The most that [`Guard::scan`] reads.
const SCAN_LIMIT: usize = 1_000_000;
/// The most that [`Guard::hears_a_cry`] reads.
const CRY_LIMIT: usize = 20_000;

/// What the door looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// Find and mask personal data.
    pub personal_data: bool,
    /// What was learned of names, addresses and passwords; without it the rules find alone.
    pub learned: Option<Arc<Learned>>,
    /// Judge prompt injection.
    pub injection: bool,
    /// Judge content.
    pub moderation: bool,
    /// Longest message, in code points.
    pub max_chars: usize,
    /// From this score on, a message is refused as an injection.
    pub injection_threshold: f64,
    /// Hosts that a model's text may link beside those of its evidence; `*.` before one for all below it.
    pub allowed_links: Vec<String>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            personal_data: true,
            learned: Learned::built_in(),
            injection: true,
            moderation: true,
            max_chars: 2000,
            injection_threshold: 0.5,
            allowed_links: Vec::new(),
        }
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
        pii::prepare();
        injection::prepare();
        moderation::prepare();
        refuse::prepare();
        output::prepare();
        Guard { settings: Arc::new(settings) }
    }

    pub(crate) fn settings(&self) -> &GuardSettings {
        &self.settings
    }

    /// The door for a message. A message may be refused and still be inspected: the record keeps it
    /// masked, and the escalation rules read it.
    ///
    /// # Errors
    /// When the message is empty, too long, or has no visible character.
    pub fn inspect(&self, raw: &Raw) -> Result<Inspected, InputError> {
        InputError::check_length(raw, self.settings.max_chars)?;
        let text = raw.expose();
        if text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        let normal = Normal::new(text);
        if normal.text().trim().is_empty() {
            return Err(InputError::OnlyControlCharacters);
        }
        let Scan { spans, masked, injection, moderation } = self.read(text, &normal);
        let refusal = if let Some(pattern) = refuse::pattern(normal.text()) {
            Some(pattern)
        } else if injection.blocked {
            Some(Refusal::Injection)
        } else if moderation.refuses() {
            Some(Refusal::Moderation)
        } else {
            None
        };
        Ok(Inspected { masked, spans, injection, moderation, refusal })
    }

    /// A scan of up to 1,000,000 characters, for the command line and for documents.
    ///
    /// # Errors
    /// When the text is longer than that.
    pub fn scan(&self, raw: &Raw) -> Result<Scan, InputError> {
        InputError::check_length(raw, SCAN_LIMIT)?;
        Ok(self.read(raw.expose(), &Normal::new(raw.expose())))
    }

    fn read(&self, text: &str, normal: &Normal) -> Scan {
        let spans = self.personal(normal);
        let masked = masking::mask(text, &spans);
        let injection = if self.settings.injection {
            injection::judge(normal, &tag_text(text), self.settings.injection_threshold)
        } else {
            Injection::default()
        };
        let moderation =
            if self.settings.moderation { moderation::judge(normal.text()) } else { Moderation::default() };
        Scan { spans, masked, injection, moderation }
    }

    /// Whether somebody speaks of harming himself: for the paths on which a message is refused before
    /// it is inspected. Of a text past 20,000 characters only the beginning is read.
    #[must_use]
    pub fn hears_a_cry(&self, raw: &Raw) -> bool {
        let text: String = raw.expose().chars().take(CRY_LIMIT).collect();
        self.settings.moderation
            && moderation::judge(Normal::new(&text).text()).categories.contains(&ModerationCategory::SelfHarm)
    }

    /// Checks a model's text before it is shown: personal data that is not in the evidence is masked,
    /// and leaks are reported.
    #[must_use]
    pub fn inspect_output(&self, text: &str, held: &Held) -> OutputVerdict {
        output::inspect(text, held, &self.settings)
    }

    /// A model's text without what can't be seen and without images, which load by being shown.
    #[must_use]
    pub fn strip_output(text: &str) -> String {
        output::strip(text)
    }

    /// Masks free text: feedback, names, notes.
    #[must_use]
    pub fn mask(&self, raw: &Raw) -> Masked {
        masking::mask(raw.expose(), &self.personal(&Normal::new(raw.expose())))
    }

    fn personal(&self, normal: &Normal) -> Vec<Span> {
        let settings = &self.settings;
        if settings.personal_data { pii::find(normal, settings.learned.as_deref()) } else { Vec::new() }
    }
}
