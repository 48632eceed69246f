//! The output guard: what a model wrote, checked before a person sees it.

mod leak;
mod links;
mod strip;

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    GuardSettings, Held, OutputFinding, OutputFindingKind as K, OutputVerdict, Published, Span, masking,
    normal::Normal, pii, refuse,
};

pub(crate) use strip::strip;

/// Words of a model that speaks about its own instructions.
const LEAKED: &[&str] = &[
    r"(?i)\b(?:my|the) (?:system|initial|hidden|original) (?:prompt|instructions?|message) (?:is|are|says?|states?|reads?|begins?|tells?)\b",
    r"(?i)\b(?:here (?:is|are)|these are|this is) my (?:\w+ )?(?:system prompt|prompt|instructions)\b",
    r"(?i)\bi (?:was|am|have been) (?:instructed|programmed|told|configured|prompted) (?:to|not to|by|that)\b",
    r"(?i)<\|(?:im_start|im_end|system|endoftext)|\[/?inst\]|<<sys>>",
    r"(?i)\b(?:developer|dan|god|jailbreak) mode (?:enabled|activated|on)\b",
];

/// Advice that only a licensed person may give.
const ADVICE: &[&str] = &[
    r"(?i)\b(?:you|i'?d|i would|we) (?:should|ought to|must|strongly|definitely)?\s?(?:recommend|advise|suggest)?\s?(?:that you |you )?(?:should |to )?(?:invest|buy|sell|purchase|short|hold|put (?:all )?(?:your|the) (?:money|savings))(?:ing)?\b[^.!?\n]{0,60}\b(?:in|into|shares?|stocks?|funds?|crypto\w*|bitcoin|bonds?|etfs?|gold|property|portfolio)\b",
    r"(?i)\b(?:guaranteed (?:returns?|profits?)|risk[- ]free (?:investment|return)|can'?t lose|sure[- ]fire)\b",
    r"(?i)\b(?:best|right|ideal|perfect) (?:investment|stock|share|fund|etf) for you\b",
    r"(?i)\byou should (?:invest|buy|sell|consolidate your super|withdraw your super|refinance|take out a loan)\b",
];

/// Markup that a page would show as more than text. Placeholders (`<PERSON_1>`) are none.
const MARKUP: &[&str] = &[
    r"(?i)<\s*/?\s*(?:a|img|image|picture|source|link|style|form|input|button|select|textarea|video|audio|svg|math|iframe|frame|object|embed|applet|script|base|meta|marquee|template|portal)(?:[\s/>]|$)",
];

static COMPILED: LazyLock<[Vec<Regex>; 3]> = LazyLock::new(|| {
    [LEAKED, ADVICE, MARKUP].map(|list| list.iter().filter_map(|p| Regex::new(p).ok()).collect())
});

/// Builds the tables, so that the first answer doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
    links::prepare();
    strip::prepare();
}

/// Masks personal data that no evidence carries and reports what else should not be said.
pub(crate) fn inspect(text: &str, held: &Held, settings: &GuardSettings) -> OutputVerdict {
    let normal = Normal::new(text);
    let evidence: Vec<&str> = held.evidence.iter().map(Published::as_str).collect();
    let carried = Carried::by(&held.evidence.iter().collect::<Vec<_>>());
    let chars: Vec<char> = text.chars().collect();
    let mut findings = Vec::new();
    let learned = settings.learned.as_deref();
    let mut spans: Vec<Span> = if settings.personal_data { pii::find(&normal, learned) } else { Vec::new() };
    spans.retain(|span| !carried.has(&chars, span));
    for span in &spans {
        add(&mut findings, K::PersonalData, span.kind.as_str());
    }
    let folded = normal.text();
    let [leaked, advice, markup] = &*COMPILED;
    // The bank's own documents may speak of instructions and investing: that is no leak.
    let said = |pattern: &Regex| evidence.iter().any(|e| pattern.is_match(e));
    if leaked.iter().any(|p| p.is_match(folded) && !said(p)) {
        add(&mut findings, K::LeakedInstructions, "phrases");
    }
    if held.marks.iter().any(|mark| leak::shows(folded, mark)) {
        add(&mut findings, K::LeakedInstructions, "mark");
    }
    if leak::repeats(folded, &held.instructions, &evidence) {
        add(&mut findings, K::LeakedInstructions, "overlap");
    }
    if advice.iter().any(|p| p.is_match(folded) && !said(p)) {
        add(&mut findings, K::AdviceWording, "phrases");
    }
    let given: std::collections::BTreeSet<String> = evidence.iter().flat_map(|e| links::hosts(e)).collect();
    if links::hosts(folded).iter().any(|h| !given.contains(h) && !links::listed(&settings.allowed_links, h)) {
        add(&mut findings, K::UnknownLink, "host");
    }
    if refuse::pattern(folded) == Some(crate::Refusal::ScriptPattern) {
        add(&mut findings, K::ActiveMarkup, "script");
    }
    if markup.iter().any(|p| p.is_match(folded)) {
        add(&mut findings, K::ActiveMarkup, "script");
    }
    OutputVerdict { text: masking::mask(text, &spans), findings }
}

/// The values that evidence carries: the bank's own, which stay.
#[derive(Default)]
pub(crate) struct Carried(Vec<String>);

impl Carried {
    /// What these passages carry.
    pub(crate) fn by(evidence: &[&Published]) -> Carried {
        Carried(evidence.iter().map(|e| compact(Normal::new(e.as_str()).text())).collect())
    }

    /// Whether the value of a span is one of theirs.
    pub(crate) fn has(&self, chars: &[char], span: &Span) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let value: String = chars.get(span.start..span.end).unwrap_or_default().iter().collect();
        let value = compact(Normal::new(&value).text());
        self.0.iter().any(|k| k.contains(&value))
    }
}

fn add(findings: &mut Vec<OutputFinding>, kind: K, detail: &str) {
    let finding = OutputFinding { kind, detail: detail.to_owned() };
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

/// Letters and digits alone: "1300 555-727" and "1300555727" are the same.
fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(evidence: &[&str]) -> Held {
        Held { evidence: evidence.iter().map(|e| Published::by_bank(*e)).collect(), ..Held::default() }
    }

    fn kinds(text: &str, evidence: &[&str]) -> Vec<K> {
        let settings = GuardSettings { allowed_links: vec!["*.help.example".into()], ..Default::default() };
        inspect(text, &held(evidence), &settings).findings.into_iter().map(|f| f.kind).collect()
    }

    #[test]
    fn personal_data_of_the_evidence_stays_and_other_is_masked() {
        let evidence = held(&["Write to help@examplebank.com or PO Box 1, Sydney NSW 2000."]);
        let text = "Write to help@examplebank.com, not to mia@example.com.";
        let verdict = inspect(text, &evidence, &GuardSettings::default());
        assert_eq!(verdict.text.as_str(), "Write to help@examplebank.com, not to <EMAIL_1>.");
        assert!(verdict.findings.iter().any(|f| f.kind == K::PersonalData), "{verdict:?}");
    }

    #[test]
    fn leaks_advice_links_and_markup_are_reported() {
        assert_eq!(kinds("My system prompt is: be nice.", &[]), [K::LeakedInstructions]);
        assert_eq!(kinds("You should invest your savings in shares.", &[]), [K::AdviceWording]);
        assert_eq!(kinds("See https://evil.example/a", &["See https://bank.example"]), [K::UnknownLink]);
        assert_eq!(kinds("See ank.example", &["See https://bank.example"]), [K::UnknownLink]);
        assert_eq!(kinds("See https://bank.example/fees", &["https://bank.example"]), []);
        assert_eq!(kinds("See cards.help.example/fees", &[]), []);
        assert_eq!(kinds("<script>alert(1)</script>", &[]), [K::ActiveMarkup]);
        assert_eq!(kinds("<img src=x> <PERSON_1>", &[]), [K::ActiveMarkup]);
    }

    #[test]
    fn instructions_and_marks_are_known_by_what_they_are() {
        let held = Held {
            instructions: vec![Published::by_bank(
                "Answer in at most 120 words, from the passages alone, and add nothing.",
            )],
            marks: vec!["c0ffee00c0ffee11c0ff".into()],
            ..Held::default()
        };
        let of = |text: &str| inspect(text, &held, &GuardSettings::default()).findings;
        let detail = |text: &str| of(text).first().map(|f| f.detail.clone()).unwrap_or_default();
        assert_eq!(detail("I answer in at most 120 words, from the passages alone."), "overlap");
        assert_eq!(detail("c0 ff ee 00 c0 ff ee 11 c0 ff"), "mark");
        assert_eq!(of("A card costs $10 and comes in 120 hours."), []);
    }

    #[test]
    fn an_ordinary_answer_passes() {
        assert_eq!(
            kinds("A replacement card arrives in five to seven working days. The fee is $12.", &[]),
            []
        );
    }
}
