//! A fluent answer by a language model, held to the same evidence: every sentence that leaves cites
//! a passage that was given and stands on it. What the gate removes is counted by reason; where
//! nothing is left, the extractive answer stands. Requests carry masked text alone.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock, time::Duration};

use contactiq_domain::Citation;
use contactiq_guard::{Guard, Held, Masked, OutputFinding, OutputFindingKind, OutputVerdict, Published, Raw};
use contactiq_llm::{Chain, Exchange, Form, ModelError, NumberedPassage, Prompt, Schema};
use contactiq_nlu::text;
use regex::{Captures, Regex};

use super::{
    compose,
    contested::uncontested,
    grounding::{self, Evidence, Removed},
    history,
    quotable::{Given, Quotable},
    repair::{self, Once},
    spend::{self, Asked, Unanswered},
};
use crate::{
    DoorFault, Found, House,
    turn::{Draft, KeptBack, Paid, Turn},
};

/// The version that stands in the step's trace.
pub(super) const VERSION: &str = "answer-2";
const SYSTEM: &str = include_str!("../../prompts/answer-2.txt");
/// What stands below it where a server holds its model to a schema.
const FORM: &str = include_str!("../../prompts/form-1.txt");
const FORM_VERSION: &str = "form-1";
/// What the prompt asks for where the passages do not answer.
pub(super) const NO_ANSWER: &str = "NO ANSWER";
/// Why a model's text is not used when nobody could check it.
pub(super) const UNREAD: &str = "the output guard failed";
/// The rule by which the gate removed a sentence that an order dictated.
pub(super) const DICTATED: &str = "gate/dictated";
/// A longer text of a model is not read: several times what it was asked for.
pub(super) const LONGEST: usize = 12_000;
/// Passages that the model is given.
const PASSAGES: usize = 4;

/// What came of asking the model.
pub(super) struct Written {
    pub(super) draft: Draft,
    pub(super) outcome: &'static str,
    pub(super) detail: String,
    /// How many sentences of the model the gate removed, and how many for each reason.
    pub(super) values: BTreeMap<String, f64>,
    /// What of the model's text is for a reviewer.
    pub(super) kept_back: Option<KeptBack>,
    /// The version of the prompt that a model was asked with; none where none was asked.
    pub(super) asked: Option<&'static str>,
    /// What asking it cost.
    pub(super) paid: Paid,
    /// Whether nobody listened any more, so that the model was stopped.
    pub(super) left: bool,
}

impl Written {
    /// Without a model.
    pub(super) fn by_house(draft: Draft, outcome: &'static str, detail: String) -> Written {
        let (values, paid) = (BTreeMap::new(), Paid::default());
        Written { draft, outcome, detail, values, kept_back: None, left: false, asked: None, paid }
    }

    /// With the model's text, of which nobody is shown what rules found, where one spoke.
    pub(super) fn keeping_back(self, rules: Vec<String>, text: Masked) -> Written {
        let kept_back = (!rules.is_empty()).then_some(KeptBack { rules, text });
        Written { kept_back, ..self }
    }
}

/// One question, within this time: the model's answer if it stands on the evidence, else the extractive one. What was
/// found of the model's text is for a reviewer in either case: also where only what the gate removed was unfit.
pub(super) async fn once(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    (given, prompt): (&Given<'_>, &Prompt),
    budget: Duration,
    extractive: Draft,
) -> Once {
    let Asked { served, paid, prompt: before } = spend::ask(house, chain, turn, prompt, budget).await;
    let prompt = before.as_ref().unwrap_or(prompt);
    let form = served.as_ref().ok().and_then(|served| served.completion.form);
    let was_asked = !matches!(served, Err(Unanswered::Budget(_)));
    let asked = was_asked.then_some(version_of(prompt.version, form));
    let instead = |draft: Draft, why: String, values: BTreeMap<String, f64>| Written {
        values,
        asked,
        paid,
        ..Written::by_house(draft, "extractive", format!("{why}: cited sentences instead"))
    };
    let unread =
        |draft: Draft, values: BTreeMap<String, f64>| instead(draft, format!("{VERSION}: {UNREAD}"), values);
    let served = match served {
        Ok(served) => served,
        Err(why @ Unanswered::Left) => {
            // Nobody was shown anything.
            let draft = Draft { text: Masked::empty(), citations: Vec::new(), ..extractive };
            let written = Written::by_house(draft, "stopped", format!("{}: {why}", prompt.version));
            return Written { asked, paid, left: true, ..written }.into();
        }
        Err(why) => {
            let malformed = matches!(why, Unanswered::Model(ModelError::Malformed));
            let written = instead(extractive, why.to_string(), BTreeMap::new());
            return Once { malformed, ..Once::from(written) };
        }
    };
    let completion = &served.completion;
    let Ok(evidence) = Quotable::of(house, turn, given).await else {
        return unread(extractive, BTreeMap::new()).into();
    };
    let held = held(&evidence.given, prompt);
    let Ok((text, whole)) = inspected(house, completion.text.clone(), held.clone()).await else {
        return unread(extractive, BTreeMap::new()).into();
    };
    let mut found = rules(&whole.findings);
    let boundary = contactiq_llm::repeats_boundary(&text, &prompt.nonce);
    let leaked = whole.findings.iter().any(|f| f.kind == OutputFindingKind::LeakedInstructions);
    if boundary || leaked {
        if boundary {
            found.push("leaked_instructions/boundary".to_owned());
        }
        let why = format!("{VERSION}: the model repeated its instructions");
        return instead(extractive, why, BTreeMap::new()).keeping_back(found, whole.text).into();
    }
    if completion.text.len() > LONGEST {
        let why = format!("{VERSION}: the model wrote too much");
        return instead(extractive, why, BTreeMap::new()).keeping_back(found, whole.text).into();
    }
    if text.trim().trim_end_matches('.') == NO_ANSWER {
        let why = format!("{VERSION}: the model found no answer in the passages");
        return instead(extractive, why, BTreeMap::new()).into();
    }
    let mut gated = Gated::default();
    if gated.take(house, turn, &evidence, (&text, false)).await.is_err() {
        return unread(extractive, BTreeMap::new()).keeping_back(found, whole.text).into();
    }
    let values = gated.values();
    if gated.reasons.contains(&Removed::Dictated) {
        found.push(DICTATED.to_owned());
    }
    if gated.text.is_empty() {
        let why = format!("{VERSION}: no sentence of the model stood on the evidence");
        let written = instead(extractive, why, values).keeping_back(found, whole.text);
        return Once { written, kept: 0, reasons: gated.reasons, malformed: false };
    }
    // What the gate let through is judged again: of the whole some findings stood in what it removed.
    let Ok(shown) = house.guard.inspect_output(gated.text.clone(), held).await else {
        return unread(extractive, values).keeping_back(found, whole.text).into();
    };
    if !shown.findings.is_empty() {
        let mut kinds: Vec<String> = shown.findings.iter().map(|f| f.kind.to_string()).collect();
        kinds.dedup();
        found.extend(rules(&shown.findings));
        found.sort_unstable();
        found.dedup();
        let why = format!("{VERSION}: the output guard found {}", kinds.join(", "));
        return instead(extractive, why, values).keeping_back(found, whole.text).into();
    }
    let detail =
        format!("{VERSION} by {}; {} sentences removed by the gate", served.provider, gated.reasons.len());
    let draft = Draft { text: shown.text, citations: gated.citations, model: completion.model.clone() };
    let written = Written { values, asked, paid, ..Written::by_house(draft, "generated", detail) };
    Once {
        written: written.keeping_back(found, whole.text),
        kept: gated.kept,
        reasons: gated.reasons,
        malformed: false,
    }
}

/// The model's text without what can't be seen and images, which go first since what is judged is what would be
/// shown; and what was found in it.
pub(super) async fn inspected(
    house: &House,
    written: String,
    held: Held,
) -> Result<(String, OutputVerdict), DoorFault> {
    let chars = written.chars().count();
    let read = move |guard: &Guard| {
        let text = Guard::strip_output(&written);
        let verdict = guard.inspect_output(&text, &held);
        (text, verdict)
    };
    house.guard.read(chars, read).await
}

/// The output guard's findings as a reviewer sees them.
pub(super) fn rules(findings: &[OutputFinding]) -> Vec<String> {
    findings.iter().map(|f| format!("{}/{}", f.kind, f.detail)).collect()
}

/// What the model's text is held against: what it was given, told, and must not tell.
pub(super) fn held(given: &[(usize, Published)], prompt: &Prompt) -> Held {
    Held {
        evidence: given.iter().map(|(_, text)| text.clone()).collect(),
        instructions: contactiq_llm::instructions(prompt),
        marks: vec![prompt.canary.clone(), prompt.nonce.clone()],
    }
}

/// The best passages, each without what another document contradicts.
pub(super) fn given<'a>(house: &House, turn: &'a Turn) -> Vec<(usize, Cow<'a, Published>)> {
    let today = house.today();
    let read =
        |found: &Found| (found.passage, uncontested(&turn.knowledge, turn.mode(), found.passage, today));
    turn.found.iter().take(PASSAGES).map(read).collect()
}

/// The question with its evidence; `more` stands below the template, and the version says what.
pub(super) fn prompt(
    house: &House,
    turn: &Turn,
    given: &Given<'_>,
    (version, more): (&'static str, &str),
) -> Prompt {
    let (history, question) = (history::recent(&turn.history), turn.started.question.clone());
    of_template((version, more), numbered(turn, given), history, question, marks(house))
}

/// What was given, with its numbers.
pub(super) fn numbered(turn: &Turn, given: &Given<'_>) -> Vec<NumberedPassage> {
    let passage = |(i, (passage, text)): (usize, &(usize, Cow<'_, Published>))| NumberedPassage {
        number: i as u32 + 1,
        title: Published::by_bank(turn.knowledge.document_of(*passage).title.clone()),
        text: text.clone().into_owned(),
    };
    given.iter().enumerate().map(passage).collect()
}

/// The nonce and the canary of one request.
pub(super) fn marks(house: &House) -> [String; 2] {
    [house.ids.next().simple().to_string(), canary(house)]
}

fn of_template(
    (version, more): (&'static str, &str),
    passages: Vec<NumberedPassage>,
    history: Vec<Exchange>,
    question: Masked,
    [nonce, canary]: [String; 2],
) -> Prompt {
    let system = Published::by_bank(format!("{SYSTEM}{more}"));
    let form = Form {
        schema: Schema::Cited,
        version: FORM_VERSION,
        instruction: Published::by_bank(FORM),
        nothing: NO_ANSWER,
    };
    Prompt {
        version,
        system,
        passages,
        history,
        question,
        nonce,
        canary,
        max_output_tokens: 400,
        form: Some(form),
    }
}

/// The version of what a model was asked with, with that of the form where the answer came as JSON.
pub(super) fn version_of(version: &'static str, form: Option<&'static str>) -> &'static str {
    match (version, form) {
        (VERSION, Some(_)) => "answer-2+form-1",
        (repair::BOTH, Some(_)) => "answer-2+repair-2+form-1",
        (version, _) => version,
    }
}

/// A mark that stands in the instructions and nowhere else. The first half of an id tells the time: it is left
/// out.
fn canary(house: &House) -> String {
    let random = || house.ids.next().simple().to_string().split_off(16);
    random() + &random()
}

/// What the gate let through of a model's answer.
#[derive(Default)]
pub(super) struct Gated {
    pub(super) text: String,
    pub(super) citations: Vec<Citation>,
    /// How many sentences it let through.
    pub(super) kept: usize,
    /// Why each of the others was removed.
    pub(super) reasons: Vec<Removed>,
}

impl Gated {
    /// For the trace: counts alone, never a word of the model.
    pub(super) fn values(&self) -> BTreeMap<String, f64> {
        let of = |reason: Removed| self.reasons.iter().filter(|r| **r == reason).count() as f64;
        let each = Removed::ALL.iter().map(|reason| (format!("removed_{}", reason.code()), of(*reason)));
        std::iter::once(("removed".to_owned(), self.reasons.len() as f64)).chain(each).collect()
    }

    /// Lets through the sentences that cite a given passage and claim only what stands in it, and adds them to what
    /// was let through before; the first line may go on with the last one. The numbers are given anew in the order of
    /// use.
    pub(super) async fn take(
        &mut self,
        house: &House,
        turn: &Turn,
        evidence: &Quotable,
        (text, continues_line): (&str, bool),
    ) -> Result<(), DoorFault> {
        let lines: Vec<Vec<String>> = text.lines().map(join_citations).collect();
        // Another encoder's server gets masked text alone, and nobody has read the model's yet.
        let raw = lines.iter().flatten().map(|sentence| Raw::new(without_markers(sentence).0)).collect();
        let masked = house.guard.mask_all(raw).await?;
        let vectors =
            house.vectors(&turn.account, masked.iter().map(|m| m.as_str().to_owned()).collect()).await;
        let mut vectors = vectors.iter();
        for (number, line) in lines.iter().enumerate() {
            let mut kept = Vec::new();
            for sentence in line {
                let vector = vectors.next().and_then(Option::as_deref);
                match admitted(house, turn, evidence, (sentence, vector), &mut self.citations) {
                    Ok(sentence) => kept.push(sentence),
                    Err(reason) => self.reasons.push(reason),
                }
            }
            self.kept += kept.len();
            if !kept.is_empty() {
                if !self.text.is_empty() {
                    self.text.push(if number == 0 && continues_line { ' ' } else { '\n' });
                }
                self.text.push_str(&kept.join(" "));
            }
        }
        Ok(())
    }
}

/// A citation behind the full stop is the sentence's before it, and not the next one's.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<end>[.!?])\s*(?P<markers>(?:\[\d+(?:,\s*\d+)*\]\s*)+)").expect("a constant pattern")
});

/// Sentences with their citations: `It costs $10. [1]` is one.
fn join_citations(line: &str) -> Vec<String> {
    let line = BEHIND.replace_all(line, |found: &Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |m| m.as_str());
        format!(" {}{} ", part("markers").trim(), part("end"))
    });
    text::sentences(line.trim()).iter().map(|span| span.of(line.trim()).trim().to_owned()).collect()
}

fn admitted(
    house: &House,
    turn: &Turn,
    evidence: &Quotable,
    (sentence, vector): (&str, Option<&[f32]>),
    citations: &mut Vec<Citation>,
) -> Result<String, Removed> {
    let (claim, numbers) = without_markers(sentence);
    if evidence.dictates(&claim) {
        return Err(Removed::Dictated);
    }
    let mut cited = numbers
        .iter()
        .map(|number| evidence.numbered(*number))
        .collect::<Option<Vec<_>>>()
        .ok_or(Removed::Citation)?;
    cited.dedup_by_key(|(passage, _)| *passage);
    let held: Vec<Evidence<'_>> =
        cited.iter().map(|(passage, text)| Evidence::of(&turn.knowledge, *passage, text.as_str())).collect();
    let around: Vec<Evidence<'_>> = evidence
        .open()
        .map(|(passage, text)| Evidence::of(&turn.knowledge, *passage, text.as_str()))
        .collect();
    let places = grounding::judge(&claim, vector, &held, &around, &house.settings.bank)?;
    let mut out = claim.trim().to_owned();
    for place in places {
        let (passage, text) = cited[place.passage];
        let quote = &turn.knowledge.index.sentences(*passage)[place.sentence].text;
        // What another document contradicts was not given, and carries nothing.
        if !text.as_str().contains(quote.as_str()) {
            return Err(Removed::Unsupported);
        }
        let number = compose::cite(&turn.knowledge, *passage, quote, citations);
        out.push_str(&format!(" [{number}]"));
    }
    Ok(out)
}

/// The sentence without `[n]` markers, and their numbers.
fn without_markers(sentence: &str) -> (String, Vec<usize>) {
    let mut claim = String::new();
    let mut numbers = Vec::new();
    let mut rest = sentence;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        let inner = tail[1..].split(']').next().unwrap_or("");
        let listed: Option<Vec<usize>> = inner.split(',').map(|n| n.trim().parse().ok()).collect();
        match listed {
            Some(listed) if tail[1..].contains(']') => {
                claim.push_str(before.trim_end());
                numbers.extend(listed);
                rest = &tail[inner.len() + 2..];
            }
            _ => {
                claim.push_str(before);
                claim.push('[');
                rest = &tail[1..];
            }
        }
    }
    claim.push_str(rest);
    (claim, numbers)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// What leaves the house for a question, as a whole: whoever changes a word of it sees here what else changed.
    #[test]
    fn a_whole_prompt_as_a_model_gets_it() {
        let bank = |text: &str| Published::by_bank(text.to_owned());
        let masked = |text: &str| Masked::from_published(&bank(text));
        let passage = |number, title: &str, text: &str| NumberedPassage {
            number,
            title: bank(title),
            text: bank(text),
        };
        let asked = |template| {
            let passages = vec![
                passage(1, "Kite cards", "A replacement kite card costs $9.\nIt arrives in 6 business days."),
                passage(2, "Fees", "<<< A card that was stolen is replaced for free. >>>"),
            ];
            let history =
                vec![Exchange { question: masked("I lost my card."), answer: masked("Block it first. [1]") }];
            let marks =
                ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"].map(str::to_owned);
            let prompt = of_template(
                template,
                passages,
                history,
                masked("What does a new one cost, [NAME_1] asks"),
                marks,
            );
            let messages = contactiq_llm::render(&prompt).unwrap();
            let said =
                messages.iter().map(|message| format!("=== {:?}\n{}\n", message.role, message.content));
            format!("{}\n{}", prompt.version, said.collect::<String>())
        };
        insta::assert_snapshot!("prompt_answer", asked((VERSION, "")));
        let repairing = repair::INSTRUCTION.replace("{reasons}", "figure, name");
        insta::assert_snapshot!("prompt_repair", asked((repair::BOTH, &repairing)));
    }

    /// The text of a version never changes: records name the version that a model was asked with.
    #[test]
    fn each_version_of_a_prompt_has_one_text() {
        let hash = |text: &str| -> String {
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        for (version, text, known) in [
            (
                VERSION,
                SYSTEM,
                ("answer-2", "8911fe5313e57f23b7c070910a673f8eba171a94b4cc86af4ab9428b8f3e13d9"),
            ),
            (
                repair::REPAIR,
                repair::INSTRUCTION,
                ("repair-2", "31beabdd0ded6af417f007660c9db802c793fc0fe47591f26c8ba32a47f53966"),
            ),
            (
                FORM_VERSION,
                FORM,
                ("form-1", "6d19149c88c0c965bb6c06fdb4cf0317eae1af8240bc64ed997b5b3451a36118"),
            ),
        ] {
            assert_eq!(
                (version, hash(text).as_str()),
                known,
                "another text is another version: give it the next number"
            );
        }
        assert_eq!(repair::BOTH, format!("{VERSION}+{}", repair::REPAIR));
        for version in [VERSION, repair::BOTH] {
            assert_eq!(version_of(version, Some(FORM_VERSION)), format!("{version}+{FORM_VERSION}"));
            assert_eq!(version_of(version, None), version);
        }
    }

    #[test]
    fn a_citation_belongs_to_the_sentence_that_it_follows() {
        let each = |line: &str| -> Vec<(String, Vec<usize>)> {
            join_citations(line).iter().map(|s| without_markers(s)).collect()
        };
        let both = [("It costs $9.".to_owned(), vec![1]), ("It is sent.".to_owned(), vec![2, 3])];
        assert_eq!(each("It costs $9. [1] It is sent. [2][3]"), both);
        assert_eq!(each("It costs $9 [1]. It is sent [2, 3]."), both);
        assert_eq!(each("It costs $9.[1] It is sent [2] [3]."), both);
        assert_eq!(each("It costs $9."), [("It costs $9.".to_owned(), vec![])]);
    }

    #[test]
    fn markers_are_told_from_other_brackets() {
        assert_eq!(without_markers("It costs $10 [1]."), ("It costs $10.".to_owned(), vec![1]));
        assert_eq!(without_markers("See [the app] [2][3]"), ("See [the app]".to_owned(), vec![2, 3]));
        assert_eq!(without_markers("See both [1, 3]."), ("See both.".to_owned(), vec![1, 3]));
        assert_eq!(without_markers("open [1"), ("open [1".to_owned(), vec![]));
    }
}
