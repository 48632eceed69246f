//! The door itself: one call for a message, one for a text of any length, one for a model's output.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    Earlier, Learned, Masked, Published, Raw, Span, StreamMasker, TokenKey, injection,
    masking::{self, Cut},
    moderation,
    normal::{Normal, tag_text},
    numbering::Numbering,
    output, pii,
    placeholders::Keepable,
    refuse,
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
    /// In force now: that of the settings, until it is changed.
    token_key: Arc<RwLock<Option<TokenKey>>>,
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
        let token_key = Arc::new(RwLock::new(settings.token_key.clone()));
        Guard { settings: Arc::new(settings), token_key }
    }

    /// Takes another key of tokens: what is found from now on has tokens by this one. Every clone of this guard does.
    pub fn change_token_key(&self, key: TokenKey) {
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        *self.token_key.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
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
    /// Placeholders are numbered as in a text of its own; [`Inspected::number`] gives them the conversation's.
    ///
    /// # Errors
    /// When the message is empty, too long, or has no visible character.
    pub fn inspect_in(&self, raw: &Raw, earlier: &Earlier) -> Result<Inspected, InputError> {
        let normal = self.admitted(raw)?;
        let text = raw.expose();
        let spans = self.spans_in(text, &normal, earlier);
        let injection = self.judged_after(text, &normal, earlier);
        let mut rules = Vec::new();
        let pattern = refuse::explain(normal.text());
        rules.extend(pattern.as_ref().map(|(kind, number, _)| format!("{kind}/{number}")));
        rules.extend(injection.reasons.iter().filter(|_| injection.blocked).cloned());
        let moderation = self.moderated(&normal, &mut |_, rule| {
            let rule = rule.to_string();
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        });
        let refusal = refusal(pattern.map(|(kind, ..)| kind), injection.blocked, &moderation);
        let cut = Cut::new(text, &spans);
        let masked = cut.masked(&mut Numbering::beside(text));
        Ok(Inspected { masked, spans, injection, moderation, refusal, rules, cut })
    }

    /// Whether a message would be inspected at all, before anything is looked up for it.
    ///
    /// # Errors
    /// As [`Guard::inspect_in`].
    pub fn admits(&self, raw: &Raw) -> Result<(), InputError> {
        self.admitted(raw).map(drop)
    }

    pub(crate) fn admitted(&self, raw: &Raw) -> Result<Normal, InputError> {
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

    /// A scan of up to 1,000,000 characters, for the command line and for documents.
    ///
    /// # Errors
    /// When the text is longer than that.
    pub fn scan(&self, raw: &Raw) -> Result<Scan, InputError> {
        InputError::check_length(raw, SCAN_LIMIT)?;
        let text = raw.expose();
        let normal = Normal::new(text);
        let spans = self.spans_in(text, &normal, &Earlier::default());
        let masked = masking::mask(text, &spans);
        let injection = self.judged(text, &normal);
        let moderation = self.moderated(&normal, &mut |_, _| ());
        Ok(Scan { spans, masked, injection, moderation })
    }

    fn spans_in(&self, text: &str, normal: &Normal, earlier: &Earlier) -> Vec<Span> {
        if !self.settings.personal_data {
            return Vec::new();
        }
        let known = earlier.placeholders().known();
        let mut spans = pii::find_after(normal, earlier.turn(), &known, self.settings.learned.as_deref());
        self.add_tokens(text, &mut spans);
        spans
    }

    fn judged(&self, text: &str, normal: &Normal) -> Injection {
        if self.settings.injection {
            injection::judge(normal, &tag_text(text), self.settings.injection_threshold)
        } else {
            Injection::default()
        }
    }

    /// The same in the light of what was said before: an attack may come in pieces.
    fn judged_after(&self, text: &str, normal: &Normal, earlier: &Earlier) -> Injection {
        let alone = self.judged(text, normal);
        let threshold = self.settings.injection_threshold;
        let together = || injection::across(earlier.questions(), normal, threshold);
        if self.settings.injection && !alone.blocked { together().unwrap_or(alone) } else { alone }
    }

    fn moderated(
        &self,
        normal: &Normal,
        told: &mut impl FnMut(ModerationCategory, moderation::Rule),
    ) -> Moderation {
        if self.settings.moderation {
            moderation::judge_with(normal.text(), told)
        } else {
            Moderation::default()
        }
    }

    fn add_tokens(&self, text: &str, spans: &mut [Span]) {
        if spans.is_empty() {
            return;
        }
        let key = self.token_key.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(key) = key else { return };
        let chars: Vec<char> = text.chars().collect();
        let values: Vec<String> =
            spans.iter().map(|s| chars.get(s.start..s.end).unwrap_or_default().iter().collect()).collect();
        let all = spans.iter().zip(&values).map(|(span, value)| (span.kind, value.as_str(), span.secret));
        let keepable = Keepable::among(all);
        for (span, value) in spans.iter_mut().zip(&values) {
            span.token = keepable.has(span.kind, value).then(|| key.token(span.kind, value)).flatten();
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
        output::inspect(text, held, &self.settings, self.settings.learned.as_deref())
    }

    /// The same for a translation of what the bank says into another language: what was learned has read English alone
    /// and takes words of other languages for names and addresses, so personal data is looked for by the rules alone.
    #[must_use]
    pub fn inspect_translation(&self, text: &str, held: &Held) -> OutputVerdict {
        output::inspect(text, held, &self.settings, None)
    }

    /// A model's text without what can't be seen and without images, which load by being shown.
    #[must_use]
    pub fn strip_output(text: &str) -> String {
        output::strip(text)
    }

    /// Masks a text that comes in pieces, with bounded hold-back, by the rules alone: what was learned reads
    /// whole texts and has no part in it. The result equals [`Guard::mask`] of the whole by a guard without a
    /// learned recogniser, within the limits that [`StreamMasker`] names.
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

/// What a message is refused for: what attacks a program comes before what attacks a model, and that before
/// what attacks people.
pub(crate) fn refusal(
    pattern: Option<Refusal>,
    injection_blocked: bool,
    moderation: &Moderation,
) -> Option<Refusal> {
    pattern
        .or_else(|| injection_blocked.then_some(Refusal::Injection))
        .or_else(|| moderation.refuses().then_some(Refusal::Moderation))
}
