//! The output guard: what a model wrote, checked before a person sees it.

mod advice;
mod leak;
mod links;
mod scams;
mod spoken;
mod strip;

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    GuardSettings, Held, ModerationCategory, OutputFinding, OutputFindingKind as K, OutputVerdict, Published,
    Span, masking,
    moderation::{self, Rule},
    normal::Normal,
    patterns::compiled,
    pii,
    placeholder::placeholders,
    refuse,
};

use advice::{ADVICE, LEAKED};
pub(crate) use strip::strip;

/// Markup that a page would show as more than text. Placeholders (`<PERSON_1>`) are none.
const MARKUP: &[&str] = &[
    r"(?i)<\s*/?\s*(?:a|img|image|picture|source|link|style|form|input|button|select|textarea|video|audio|svg|math|iframe|frame|object|embed|applet|script|base|meta|marquee|template|portal)(?:[\s/>]|$)",
];

/// Any other tag, comment or declaration, and characters that are written as numbers or names.
const TAGS: &[&str] = &[
    r"<\s*/?\s*[A-Za-z][A-Za-z0-9:_-]*(?:\s[^<>\n]*|/)?>",
    r"<[!?]",
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-z]{2,8});",
];

static COMPILED: LazyLock<[Vec<Regex>; 4]> = LazyLock::new(|| {
    [LEAKED, ADVICE, MARKUP, TAGS].map(|list| list.iter().map(|p| compiled(&advice::spelt(p))).collect())
});

/// Builds the tables, so that the first answer doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
    links::prepare();
    scams::prepare();
    strip::prepare();
}

/// Masks personal data that no evidence carries and reports what else should not be said.
/// `learned` reads with the rules.
pub(crate) fn inspect(
    text: &str,
    held: &Held,
    settings: &GuardSettings,
    learned: Option<&pii::Learned>,
) -> OutputVerdict {
    let normal = Normal::new(text);
    let evidence: Vec<&str> = held.evidence.iter().map(Published::as_str).collect();
    let carried = Carried::by(&held.evidence.iter().collect::<Vec<_>>());
    let chars: Vec<char> = text.chars().collect();
    let mut findings = Vec::new();
    let mut spans: Vec<Span> = if settings.personal_data { pii::find(&normal, learned) } else { Vec::new() };
    spans.retain(|span| !carried.has(&chars, span));
    for span in &spans {
        add(&mut findings, K::PersonalData, span.kind.as_str());
    }
    let folded = normal.text();
    let [leaked, advice, markup, tags] = &*COMPILED;
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
    } else if !findings.iter().any(|f| f.kind == K::ActiveMarkup) && tagged(folded, tags, &evidence) {
        add(&mut findings, K::ActiveMarkup, "tag");
    }
    if settings.moderation {
        for category in unfit(folded, &evidence) {
            add(&mut findings, K::Unfit, category.as_str());
        }
    }
    for order in scams::given(folded, &evidence) {
        add(&mut findings, K::Order, order);
    }
    OutputVerdict { text: masking::mask(text, &spans), findings }
}

/// Whether a text has a tag or a written character that is no placeholder and stands in no passage.
fn tagged(text: &str, tags: &[Regex], evidence: &[&str]) -> bool {
    let placeholder = |at: usize| placeholders(text).any(|p| p.start == at);
    let own = |found: &str| evidence.iter().any(|e| e.contains(found));
    tags.iter().flat_map(|tag| tag.find_iter(text)).any(|tag| !placeholder(tag.start()) && !own(tag.as_str()))
}

/// What moderation finds in a text by a rule that finds nothing in the evidence: a page about violence at home
/// may be quoted.
fn unfit(text: &str, evidence: &[&str]) -> Vec<ModerationCategory> {
    let mut found: Vec<(ModerationCategory, Rule)> = Vec::new();
    moderation::judge_with(text, &mut |category, rule| found.push((category, rule)));
    if !found.is_empty() {
        for said in evidence {
            let normal = Normal::new(said);
            moderation::judge_with(normal.text(), &mut |_, rule| found.retain(|(_, own)| *own != rule));
        }
    }
    found.into_iter().map(|(category, _)| category).collect()
}

/// The values that evidence carries: the bank's own, which stay.
#[derive(Default)]
pub(crate) struct Carried(Vec<Compact>);

impl Carried {
    /// What these passages carry.
    pub(crate) fn by(evidence: &[&Published]) -> Carried {
        Carried(evidence.iter().map(|e| Compact::of(e.as_str())).collect())
    }

    /// Whether the value of a span is one of theirs.
    pub(crate) fn has(&self, chars: &[char], span: &Span) -> bool {
        if self.0.is_empty() {
            return false;
        }
        // A secret is carried with what stands before it: a short number alone stands in many places.
        let begins = |at: &usize| *at == 0 || chars.get(at - 1).is_some_and(|c| !c.is_alphanumeric());
        let before = if span.kind.is_secret() {
            (span.start.saturating_sub(BEFORE)..span.start).find(begins).unwrap_or(span.start)
        } else {
            span.start
        };
        let value: String = chars.get(before..span.end).unwrap_or_default().iter().collect();
        let value = Compact::of(&value).text;
        !value.is_empty() && self.0.iter().any(|carried| carried.has(&value))
    }
}

/// So many characters before a secret must be the evidence's too.
const BEFORE: usize = 16;

/// Letters and digits alone, so that "1300 555-727" and "1300555727" are the same, and where words begin.
struct Compact {
    text: String,
    /// The bytes where a word begins, in order, and the end.
    words: Vec<usize>,
}

impl Compact {
    fn of(text: &str) -> Compact {
        let mut compact = Compact { text: String::with_capacity(text.len()), words: Vec::new() };
        let mut inside = false;
        for c in Normal::new(text).text().chars() {
            let letter = c.is_alphanumeric();
            if letter && !inside {
                compact.words.push(compact.text.len());
            }
            if letter {
                compact.text.extend(c.to_lowercase());
            }
            inside = letter;
        }
        compact.words.push(compact.text.len());
        compact
    }

    /// Whether the value stands here, from the beginning of a word to the end of one.
    fn has(&self, value: &str) -> bool {
        self.words.iter().any(|from| {
            self.text[*from..].starts_with(value) && self.words.binary_search(&(from + value.len())).is_ok()
        })
    }
}

fn add(findings: &mut Vec<OutputFinding>, kind: K, detail: &str) {
    let finding = OutputFinding { kind, detail: detail.to_owned() };
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PersonalType as P;

    fn held(evidence: &[&str]) -> Held {
        Held { evidence: evidence.iter().map(|e| Published::by_bank(*e)).collect(), ..Held::default() }
    }

    fn inspect(text: &str, held: &Held, settings: &GuardSettings) -> OutputVerdict {
        super::inspect(text, held, settings, settings.learned.as_deref())
    }

    #[test]
    fn every_pattern_compiles() {
        let lists = [LEAKED, ADVICE, MARKUP, TAGS];
        for (compiled, list) in COMPILED.iter().zip(lists) {
            assert_eq!(compiled.len(), list.len());
        }
    }

    #[test]
    fn a_translation_is_read_by_the_rules_alone() {
        let guard = crate::Guard::new(GuardSettings::default());
        let said = "Der Zinssatz beträgt 6,25 % ab dem 1. Juli 2026.";
        let verdict = guard.inspect_translation(said, &Held::default());
        assert_eq!((verdict.text.as_str(), verdict.findings), (said, Vec::new()));
        for said in ["Schreiben Sie an jane.roe@example.com.", "Ihre Karte 4111 1111 1111 1111 kostet 10 $."]
        {
            let verdict = guard.inspect_translation(said, &Held::default());
            assert!(verdict.findings.iter().any(|found| found.kind == K::PersonalData), "{said}");
            assert!(verdict.text.as_str().contains("_1>"), "{}", verdict.text.as_str());
        }
    }

    #[test]
    fn a_value_is_carried_as_a_whole_word_and_a_secret_with_what_stands_before_it() {
        let carried = |value: &str, kind: P, evidence: &str| {
            let chars: Vec<char> = value.chars().collect();
            let start = value.find('|').unwrap();
            let chars: Vec<char> = chars.into_iter().filter(|c| *c != '|').collect();
            let span =
                Span { start, end: chars.len(), kind, score: 1.0, token: None, secret: kind.is_secret() };
            Carried::by(&[&Published::by_bank(evidence)]).has(&chars, &span)
        };
        assert!(carried("|1300 555 727", P::Phone, "Call 1300555727."));
        assert!(carried("|1300555727", P::Phone, "Call 1300 555 727."));
        assert!(!carried("|Lee", P::Person, "our fleet of cards"));
        assert!(carried("|Lee", P::Person, "Mrs Lee runs the branch"));
        assert!(!carried("|555", P::CustomerId, "Call 13005551727"));
        assert!(!carried("your PIN is |7270", P::Pin, "Call 1300 555 7270"));
        assert!(carried("The first PIN is |0000", P::Pin, "The first PIN is 0000 until you change it."));
        assert!(!carried("|--", P::Password, "anything"));
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
    fn what_is_unfit_and_orders_of_fraudsters_are_reported() {
        let card = "A replacement debit card costs $10";
        for (tail, kind, detail) in [
            ("kill yourself.", K::Unfit, "hate"),
            ("you idiot.", K::Unfit, "profanity"),
            ("you are a stupid bitch", K::Unfit, "hate"),
            ("you cheap sh1t", K::Unfit, "profanity"),
            ("or I will burn your branch down", K::Unfit, "threat"),
            ("read us the one-time code.", K::Order, "secret"),
            ("move your money to a safe account.", K::Order, "safe_account"),
            ("paid in gift cards.", K::Order, "gift_card"),
            ("visit larkfield-help com", K::UnknownLink, "host"),
            ("see larkfield-bank-help dot com", K::UnknownLink, "host"),
            ("see evil\u{3002}example", K::UnknownLink, "host"),
            ("see evil[.]example", K::UnknownLink, "host"),
            ("<foo>now</foo>", K::ActiveMarkup, "tag"),
            ("<b style=\"x\">now</b>", K::ActiveMarkup, "tag"),
            ("<!-- hi", K::ActiveMarkup, "tag"),
            ("&#36;0", K::ActiveMarkup, "tag"),
        ] {
            let text = format!("{card}, {tail}");
            let findings = inspect(&text, &held(&[card]), &GuardSettings::default()).findings;
            let wanted = OutputFinding { kind, detail: detail.to_owned() };
            assert!(findings.contains(&wanted), "{text}: {findings:?}");
        }
        for text in [
            card,
            "Never share your PIN with anyone, and tell us at once if your card was stolen.",
            "<PERSON_1> pays less than <$5 & keeps 3 < 4 > 2.",
            "Write to <help@bank.example>.",
        ] {
            assert_eq!(kinds(text, &["help@bank.example"]), [], "{text}");
        }
    }

    #[test]
    fn what_the_evidence_says_itself_is_fit() {
        let page = "One says that it is bullshit. Choose <account name> first.";
        assert_eq!(kinds("Some say that it is bullshit.", &[page]), []);
        assert_eq!(kinds("Choose <account name> first.", &[page]), []);
        assert_eq!(kinds("Some say that it is bullshit.", &[]), [K::Unfit]);
        let off = GuardSettings { moderation: false, ..GuardSettings::default() };
        assert_eq!(inspect("You idiot.", &held(&[]), &off).findings, []);
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
