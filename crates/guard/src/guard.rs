//! The door itself: one call for a message, one for a text of any length, one for a model's output.

use std::sync::Arc;

use crate::{
    Earlier, Learned, Masked, Placeholders, Published, Raw, Span, StreamMasker, TokenKey, injection, masking,
    moderation,
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
#[derive(Debug, Clone)]
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
    /// With it every span but those of secrets carries a token for counting.
    pub token_key: Option<TokenKey>,
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
            token_key: None,
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

    /// The door for a message without a conversation: [`Guard::inspect_in`].
    ///
    /// # Errors
    /// When the message is empty, too long, or has no visible character.
    pub fn inspect(&self, raw: &Raw) -> Result<Inspected, InputError> {
        self.inspect_in(raw, &Earlier::default())
    }

    /// The door for a message, in the light of the conversation: a bare value is what it was asked for, and
    /// what has a placeholder is found again. A message may be refused and still be inspected: the record
    /// keeps it masked, and the escalation rules read it.
    ///
    /// Placeholders are numbered as in a text of its own; [`Guard::number`] gives them the conversation's.
    ///
    /// # Errors
    /// When the message is empty, too long, or has no visible character.
    pub fn inspect_in(&self, raw: &Raw, earlier: &Earlier) -> Result<Inspected, InputError> {
        let normal = self.admitted(raw)?;
        let Scan { spans, masked, injection, moderation } = self.read(raw.expose(), &normal, earlier);
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

    /// Whether a message would be inspected at all, before anything is looked up for it.
    ///
    /// # Errors
    /// As [`Guard::inspect_in`].
    pub fn admits(&self, raw: &Raw) -> Result<(), InputError> {
        self.admitted(raw).map(drop)
    }

    fn admitted(&self, raw: &Raw) -> Result<Normal, InputError> {
        InputError::check_length(raw, self.settings.max_chars)?;
        let text = raw.expose();
        if text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        let normal = Normal::new(text);
        if normal.text().trim().is_empty() {
            return Err(InputError::OnlyControlCharacters);
        }
        Ok(normal)
    }

    /// Numbers the placeholders of a message as its conversation does; whether `placeholders` has changed
    /// and must be kept. Call it where the conversation is locked, so that no number is given twice.
    #[must_use = "what has changed must be kept"]
    pub fn number(&self, raw: &Raw, inspected: &mut Inspected, placeholders: &mut Placeholders) -> bool {
        let mut numbering = placeholders.numbering();
        numbering.behind(raw.expose());
        inspected.masked = masking::mask_numbered(raw.expose(), &inspected.spans, &mut numbering);
        let chars: Vec<char> = raw.expose().chars().collect();
        let mut changed = false;
        for span in &inspected.spans {
            let value: String = chars.get(span.start..span.end).unwrap_or_default().iter().collect();
            let (number, _) = numbering.number(span.kind, &value);
            changed |= placeholders.take(span.kind, &value, number);
        }
        changed
    }

    /// A scan of up to 1,000,000 characters, for the command line and for documents.
    ///
    /// # Errors
    /// When the text is longer than that.
    pub fn scan(&self, raw: &Raw) -> Result<Scan, InputError> {
        InputError::check_length(raw, SCAN_LIMIT)?;
        Ok(self.read(raw.expose(), &Normal::new(raw.expose()), &Earlier::default()))
    }

    fn read(&self, text: &str, normal: &Normal, earlier: &Earlier) -> Scan {
        let mut spans = if self.settings.personal_data {
            let known = earlier.placeholders().known();
            pii::find_after(normal, earlier.turn(), &known, self.settings.learned.as_deref())
        } else {
            Vec::new()
        };
        self.add_tokens(text, &mut spans);
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

    fn add_tokens(&self, text: &str, spans: &mut [Span]) {
        let Some(key) = self.settings.token_key.as_ref().filter(|_| !spans.is_empty()) else { return };
        let chars: Vec<char> = text.chars().collect();
        for span in spans {
            // As it is read: full-width digits are digits.
            let value: String = chars[span.start..span.end].iter().collect();
            span.token = key.token(span.kind, Normal::new(&value).text());
        }
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

    /// Masks a text that comes in pieces, with bounded hold-back; the result equals [`Guard::mask`] of the
    /// whole, within the limits that [`StreamMasker`] names.
    #[must_use]
    pub fn stream(&self) -> StreamMasker {
        self.stream_output(&[])
    }

    /// The same for a model's text: personal data that `evidence` carries stays, as in
    /// [`Guard::inspect_output`].
    #[must_use]
    pub fn stream_output(&self, evidence: &[&Published]) -> StreamMasker {
        StreamMasker::new(output::Carried::by(evidence), self.settings.personal_data)
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
