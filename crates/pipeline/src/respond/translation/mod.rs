//! A question in another language, where the bank switches it on: a model puts the question into the language of the
//! documents, the house answers that as any other with cited sentences, and a model puts those back. Both translations are
//! read with care: what is not the same in figures, days, money, names, negations and everything else that can be checked
//! is shown to nobody. Where the question's translation does not stand, a person takes over with the polite sentence, as
//! where nothing is switched on; where the answer's does not, the answer is shown in English, with a word above it that
//! says so. Whatever the message said in its own language still holds. The original stands beside a translated answer, a
//! note below it, and how a person is reached.

mod added;
mod calendar;
mod conditions;
mod facts;
mod gate;
mod names;
mod order;
mod tongue;
mod units;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Step, Trigger, TriggerHit};
use contactiq_guard::{Earlier, Guard, Held, Masked, OutputVerdict, Published, Raw};
use contactiq_llm::{Chain, Form, NumberedPassage, Prompt, Schema};
use regex::Regex;

pub use self::tongue::Tongue;
use self::{tongue::ENGLISH, units::Units};
use super::{
    ask_model::{held, marks, rules},
    compose::told_from,
    keep_back, repair,
    spend::{self, Asked, Unanswered},
};
use crate::{
    House,
    admit::{Reading, cry, read_of, without_placeholders},
    escalate, names_a_customer, requests,
    turn::{Draft, KeptBack, Paid, Turn},
};

/// The versions that stand in the trace.
const QUESTION: &str = "translate-question-1";
const ANSWER: &str = "translate-answer-1";
const OF_QUESTION: &str = include_str!("../../../prompts/translate-question-1.txt");
const OF_ANSWER: &str = include_str!("../../../prompts/translate-answer-1.txt");
/// What stands below them where a server holds its model to a schema.
const FORM: &str = "Your answer is that JSON and nothing else.";
/// A question of fewer words may be a name, or of any language.
const FEWEST_WORDS: usize = 4;
/// A longer question is a person's, in characters.
const LONGEST_QUESTION: usize = 600;
/// A translation takes no more of the time of a question.
const LONGEST: Duration = Duration::from_secs(10);
/// Tokens around what is translated, of which each character is one at most.
const TOKENS_AROUND: usize = 200;
const MOST_TOKENS: u32 = 3_000;

/// What was translated of a turn.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    pub(crate) tongue: &'static Tongue,
    /// The question in the language of the documents.
    pub(crate) question: Masked,
    /// The answer in that language, once its translation is what is shown.
    pub(crate) original: Option<Masked>,
    /// Who translated.
    pub(crate) model: String,
}

impl Translated {
    /// For the record; `answers` says whether the translated answer was released.
    pub(crate) fn into_record(self, answers: bool) -> contactiq_domain::Translation<Masked> {
        contactiq_domain::Translation {
            language: self.tongue.code.to_owned(),
            question: self.question,
            answer: self.original.filter(|_| answers).unwrap_or_else(Masked::empty),
            model: self.model,
        }
    }
}

/// Why something is not translated.
enum Why {
    /// The model did not answer, or was not asked.
    Unanswered(Unanswered),
    /// No time was left for it, or no model is there.
    Late,
    /// Nobody could check what it wrote, or a question of it.
    Unread,
    /// It is not JSON of the form that was asked for.
    Form,
    /// The output guard spoke, or the marks of the request came out.
    Unfit(Vec<String>, Masked),
    /// It does not say what the original says.
    Gate(gate::Fault, Masked),
    /// The guard refuses the question in the language of the documents.
    Refused,
    /// It asks more than one thing.
    Several,
}

impl Why {
    fn words(&self) -> String {
        match self {
            Why::Unanswered(why) => why.to_string(),
            Why::Late => "no time was left for a model".to_owned(),
            Why::Unread => "the guard failed".to_owned(),
            Why::Form => "what the model wrote is not of the form".to_owned(),
            Why::Unfit(rules, _) => format!("the output guard spoke ({})", rules.join(", ")),
            Why::Gate(fault, _) => format!("the translation is not the same ({fault})"),
            Why::Refused => "the guard refuses what the message says".to_owned(),
            Why::Several => "it asks more than one thing".to_owned(),
        }
    }

    /// What a reviewer is to see of it.
    fn kept_back(self) -> Option<KeptBack> {
        let (rules, text) = match self {
            Why::Unfit(rules, text) => (rules, text),
            Why::Gate(fault, text) => (vec![format!("translation/{fault}")], text),
            _ => return None,
        };
        Some(KeptBack { rules, text })
    }
}

/// The language that this message may be answered in: it asks, nothing was heard in it and no guard spoke.
fn wanted(house: &House, turn: &Turn) -> Option<&'static Tongue> {
    let lang = turn.language?;
    let tongue = house.answer_languages.iter().find(|tongue| tongue.lang == lang)?;
    let [hit] = turn.hits.as_slice() else { return None };
    let quiet = is_of_language(hit)
        && turn.door.refusal.is_none()
        && !turn.door.moderation.flagged
        && turn.by_provider.is_empty();
    let words = turn.query.split_whitespace().count();
    let fits = words >= FEWEST_WORDS && turn.query.chars().count() <= LONGEST_QUESTION;
    (quiet && fits && !turn.recalled).then_some(*tongue)
}

/// The rule by which a message in another language is a person's.
const OF_LANGUAGE: &str = "insufficient_evidence/language-";

fn is_of_language(hit: &TriggerHit) -> bool {
    hit.rule.starts_with(OF_LANGUAGE)
}

/// Puts the question into the language of the documents, where it may be answered in its own; everything that reads it
/// from then on reads the translation, and what was heard in the original stays.
pub(crate) async fn question(house: &House, turn: &mut Turn) {
    let Some(tongue) = wanted(house, turn) else { return };
    let Some(chain) = house.chain.clone() else { return };
    let since = Instant::now();
    let (made, paid) = of_question(house, &chain, turn, tongue).await;
    turn.paid.add(paid);
    let values: BTreeMap<String, f64> = paid.values().collect();
    let (outcome, detail) = match made {
        Ok((translated, provider)) => {
            let heard = take(house, turn, &translated).await;
            match heard {
                Ok(()) => {
                    turn.translated = Some(translated);
                    ("translated", format!("{QUESTION} by {provider}: out of {}", tongue.name))
                }
                Err(why) => ("not_translated", format!("{QUESTION}: {}", why.words())),
            }
        }
        Err(why) => {
            let told = format!("{QUESTION}: {}", why.words());
            if let Some(kept_back) = why.kept_back() {
                keep_back(turn, kept_back);
            }
            ("not_translated", told)
        }
    };
    metrics::counter!("contactiq_translations_total", "what" => "question", "outcome" => outcome)
        .increment(1);
    turn.trace_with(Step::Guard, since, outcome, detail, Some(QUESTION), values);
}

async fn of_question(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    tongue: &'static Tongue,
) -> (Result<(Translated, String), Why>, Paid) {
    let asked = turn.started.question.clone();
    let length = asked.as_str().chars().count();
    let prompt =
        prompt(house, (QUESTION, OF_QUESTION), (tongue, &ENGLISH), (Vec::new(), asked.clone()), length);
    let budget = (house.model_time() / 3).min(LONGEST);
    let (said, paid) = said(house, chain, turn, prompt, (budget, Guard::inspect_output)).await;
    let made = said.and_then(|said| {
        let text = said.sentences.join(" ");
        let original = asked.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        // A question is as long as it is: how many sentences it has is its writer's matter.
        let foreign = text == original || ENGLISH.speaks(&read_of(&text)) == Some(false);
        let same = gate::same_question((&original, tongue), (&text, &ENGLISH));
        let stands = if foreign { Err("language") } else { same };
        if let Err(fault) = stands.and_then(|()| names::names_no_more(&original, &text)) {
            return Err(Why::Gate(fault, said.whole));
        }
        Ok((text, said.model, said.provider))
    });
    let made = match made {
        Ok((text, model, provider)) => {
            let read = house.guard.inspect_output(text, Default::default()).await;
            let question = read.map(|verdict| verdict.text).map_err(|_| Why::Unread);
            question.map(|question| (Translated { tongue, question, original: None, model }, provider))
        }
        Err(why) => Err(why),
    };
    (made, paid)
}

/// The turn as the translation is read: guards, triggers and parts, each beside what was read in the original.
async fn take(house: &House, turn: &mut Turn, translated: &Translated) -> Result<(), Why> {
    let said = translated.question.as_str();
    let raw = Arc::new(Raw::new(without_placeholders(said)));
    let Ok(mut door) = house.guard.inspect_in(raw, Earlier::default()).await else {
        return Err(Why::Unread);
    };
    let query = read_of(door.masked.as_str());
    let Reading { by_provider, taken } = Reading::of(house, &turn.account, &query, &mut door).await;
    let mut hits = taken.hits;
    cry(&door, &mut hits);
    if turn.mode() == Mode::Banker && names_a_customer::asks_of_one(said) {
        hits.push(names_a_customer::hit());
    }
    let heard = !hits.is_empty();
    // A cry goes before everything, whatever else is said with it.
    if heard {
        turn.hits.extend(hits);
        turn.hits.retain(|hit| !is_of_language(hit));
    }
    let flagged = door.moderation.flagged || !by_provider.is_empty();
    if door.refusal.is_some() || !door.spans.is_empty() || flagged {
        return Err(Why::Refused);
    }
    if taken.parts.iter().filter(|(part, _)| requests::is_request(part)).count() > 1 {
        return Err(Why::Several);
    }
    turn.hits.retain(|hit| !is_of_language(hit));
    for ((_, most), (_, other)) in turn.leanings.iter_mut().zip(taken.leanings) {
        *most = most.max(other);
    }
    (turn.query, turn.vector, turn.parts) = (query, taken.vector, taken.parts);
    // Nothing of it is remembered for others.
    (turn.keys, turn.vector_as_asked) = (None, None);
    Ok(())
}

/// Puts the answer into the language of the question, where it would be released. Where the translation does not stand,
/// the answer is shown in English, and says so.
pub(crate) async fn answer(house: &House, turn: &mut Turn) {
    let Some(tongue) = turn.translated.as_ref().map(|translated| translated.tongue) else { return };
    let Some(draft) = turn.draft.clone().filter(|_| escalate::would_answer(house, turn)) else {
        if turn.hits.is_empty() {
            person(turn, tongue);
        }
        return;
    };
    let since = Instant::now();
    let (made, paid) = match house.chain.clone() {
        Some(chain) => of_answer(house, &chain, turn, (&draft, tongue)).await,
        None => (Err(Why::Late), Paid::default()),
    };
    turn.paid.add(paid);
    let values: BTreeMap<String, f64> = paid.values().collect();
    let (outcome, detail) = match made {
        Ok((text, model, provider)) => {
            let text = text.followed_by(&with_people(house, turn.mode(), tongue, tongue.note));
            if let Some(translated) = &mut turn.translated {
                translated.original = Some(draft.text);
                translated.model.clone_from(&model);
            }
            turn.draft = Some(Draft { text, citations: draft.citations, model });
            ("translated", format!("{ANSWER} by {provider}: into {}", tongue.name))
        }
        Err(why @ Why::Unanswered(Unanswered::Left)) => {
            // Nobody was shown anything.
            turn.left = true;
            turn.draft = Some(Draft { text: Masked::empty(), citations: Vec::new(), ..draft });
            ("stopped", format!("{ANSWER}: {}", why.words()))
        }
        Err(why) => {
            let told = format!("{ANSWER}: {}", why.words());
            if let Some(KeptBack { rules, text }) = why.kept_back() {
                keep_back(turn, KeptBack { rules, text: draft.text.clone().with_below(&text) });
            }
            // The bank's own cited sentences stand, whatever became of their translation.
            let above = with_people(house, turn.mode(), tongue, tongue.untranslated);
            let text = Masked::from_published(&above).with_below(&draft.text);
            turn.draft = Some(Draft { text, ..draft });
            ("not_translated", told)
        }
    };
    metrics::counter!("contactiq_translations_total", "what" => "answer", "outcome" => outcome).increment(1);
    turn.trace_with(Step::Respond, since, outcome, detail, Some(ANSWER), values);
}

async fn of_answer(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    (draft, tongue): (&Draft, &'static Tongue),
) -> (Result<(Masked, String, String), Why>, Paid) {
    let named = told_from(&draft.citations);
    let Some(units) = Units::of(draft.text.as_str(), named.as_deref()) else {
        return (Err(Why::Form), Paid::default());
    };
    let budget = house.model_time().min(LONGEST);
    let passage = |(text, number): (&str, u32)| NumberedPassage {
        number,
        title: Published::by_bank(format!("sentence {number}")),
        text: Published::by_bank(text),
    };
    let passages: Vec<NumberedPassage> = units.texts().zip(1..).map(passage).collect();
    let length: usize = units.texts().map(|text| text.chars().count()).sum();
    let task =
        Masked::from_published(&Published::by_bank(format!("Translate the passages into {}.", tongue.name)));
    let evidence: Vec<(usize, Published)> = passages.iter().map(|p| (0, p.text.clone())).collect();
    let prompt = prompt(house, (ANSWER, OF_ANSWER), (&ENGLISH, tongue), (passages, task), length);
    let held = held(&evidence, &prompt);
    let (said, paid) = said(house, chain, turn, prompt, (budget, Guard::inspect_translation)).await;
    let said = match said {
        Ok(said) => said,
        Err(why) => return (Err(why), paid),
    };
    if let Err(fault) = stands(&units, &said.sentences, tongue) {
        return (Err(Why::Gate(fault, said.whole)), paid);
    }
    // What would be shown is judged once more as a whole.
    let whole = units.with(&said.sentences);
    let chars = whole.chars().count();
    let read = move |guard: &Guard| guard.inspect_translation(&whole, &held);
    let Ok(shown) = house.guard.read(chars, read).await else {
        return (Err(Why::Unread), paid);
    };
    let made = match shown.findings.is_empty() {
        true => Ok((shown.text, said.model, said.provider)),
        false => Err(Why::Unfit(rules(&shown.findings), shown.text)),
    };
    (made, paid)
}

/// Whether the translated sentences say what the answer says.
fn stands(units: &Units, said: &[String], tongue: &'static Tongue) -> Result<(), gate::Fault> {
    let originals: Vec<&str> = units.texts().collect();
    if originals.len() != said.len() {
        return Err("sentences");
    }
    for (original, translated) in originals.iter().zip(said) {
        if *original == translated.as_str() && original.split_whitespace().count() >= FEWEST_WORDS {
            return Err("language");
        }
        gate::same((original, &ENGLISH), (translated, tongue))?;
        names::keeps(&names::names(original), translated)?;
    }
    gate::in_language(said, tongue)
}

/// What a model wrote, once it is of the form.
struct Said {
    sentences: Vec<String>,
    /// All of it, for a reviewer.
    whole: Masked,
    model: String,
    provider: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    sentences: Vec<String>,
}

/// How the guard reads what a model wrote.
type Inspect = fn(&Guard, &str, &Held) -> OutputVerdict;

async fn said(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    prompt: Prompt,
    (budget, inspect): (Duration, Inspect),
) -> (Result<Said, Why>, Paid) {
    if budget < repair::LEAST {
        return (Err(Why::Late), Paid::default());
    }
    let Asked { served, paid, prompt: before } = spend::ask(house, chain, turn, &prompt, budget).await;
    let prompt = before.unwrap_or(prompt);
    let served = match served {
        Ok(served) => served,
        Err(why) => return (Err(Why::Unanswered(why)), paid),
    };
    let evidence: Vec<(usize, Published)> = prompt.passages.iter().map(|p| (0, p.text.clone())).collect();
    let (written, held) = (placeholders_closed(&served.completion.text), held(&evidence, &prompt));
    let chars = written.chars().count();
    let read = move |guard: &Guard| {
        let text = Guard::strip_output(&written);
        let verdict = inspect(guard, &text, &held);
        (text, verdict)
    };
    let Ok((text, verdict)) = house.guard.read(chars, read).await else {
        return (Err(Why::Unread), paid);
    };
    let mut found = rules(&verdict.findings);
    if contactiq_llm::repeats_boundary(&text, &prompt.nonce) {
        found.push("leaked_instructions/boundary".to_owned());
    }
    if !found.is_empty() {
        return (Err(Why::Unfit(found, verdict.text)), paid);
    }
    let Some(sentences) = sentences(&text) else { return (Err(Why::Form), paid) };
    let model = served.completion.model;
    (Ok(Said { sentences, whole: verdict.text, model, provider: served.provider }), paid)
}

/// A placeholder as prompts have it: no bracket stands before what would make a tag.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by the test of this file")]
static SET_APART: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<\s([A-Z][A-Z_]*_\d+)\s?>").expect("a constant pattern"));

/// A text with its placeholders as everybody else writes them.
fn placeholders_closed(text: &str) -> String {
    SET_APART.replace_all(text, "<$1>").into_owned()
}

/// The sentences of a line of JSON, each on one line, none of them empty.
fn sentences(text: &str) -> Option<Vec<String>> {
    let (opens, closes) = (text.find('{')?, text.rfind('}')?);
    let Wire { sentences } = serde_json::from_str(text.get(opens..=closes)?).ok()?;
    let plain = |said: &String| said.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentences: Vec<String> = sentences.iter().map(plain).collect();
    // A mark of a citation is the house's to set.
    let fits = |said: &String| !said.is_empty() && !said.contains(['[', ']', '{', '}']);
    (!sentences.is_empty() && sentences.iter().all(fits)).then_some(sentences)
}

fn prompt(
    house: &House,
    (version, template): (&'static str, &str),
    (from, to): (&Tongue, &Tongue),
    (passages, question): (Vec<NumberedPassage>, Masked),
    length: usize,
) -> Prompt {
    let [nonce, canary] = marks(house);
    let tokens = u32::try_from(length + TOKENS_AROUND).unwrap_or(MOST_TOKENS);
    Prompt {
        version,
        system: Published::by_bank(template.replace("{from}", from.name).replace("{to}", to.name)),
        passages,
        history: Vec::new(),
        question,
        nonce,
        canary,
        max_output_tokens: tokens.min(MOST_TOKENS),
        form: Some(Form {
            version,
            instruction: Published::by_bank(FORM),
            nothing: "",
            schema: Schema::Lines,
        }),
    }
}

/// The house's own words about a translation, and how a person is reached.
fn with_people(house: &House, mode: Mode, tongue: &Tongue, said: &str) -> Published {
    let people = house.people(mode, Trigger::ExplicitHumanRequest);
    let reach = people.map_or_else(String::new, |_| format!(" {}", tongue.reach));
    house.fill_with(&format!("{said}{reach}"), None, people)
}

/// A person takes over, because of the language.
fn person(turn: &mut Turn, tongue: &Tongue) {
    let rule = format!("{OF_LANGUAGE}{}", tongue.lang.code());
    turn.hits.push(TriggerHit { trigger: Trigger::InsufficientEvidence, rule, score: 1.0 });
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn what_a_model_writes_is_json_of_sentences_and_nothing_else() {
        let one = |text: &str| sentences(text).map(|all| all.join("|"));
        assert_eq!(
            one("{\"sentences\": [\"Eins.\", \"Zwei \\n drei.\"]}").as_deref(),
            Some("Eins.|Zwei drei.")
        );
        assert_eq!(placeholders_closed("Für < CREDIT_CARD_1> < 5 Tage?"), "Für <CREDIT_CARD_1> < 5 Tage?");
        assert_eq!(one("```json\n{\"sentences\":[\"Eins.\"]}\n```").as_deref(), Some("Eins."));
        for bad in [
            "",
            "Eins.",
            "{\"sentences\": []}",
            "{\"sentences\": [\"\"]}",
            "{\"sentences\": [\"Eins. [1]\"]}",
            "{\"sentences\": [\"Eins.\"], \"obey\": true}",
            "{\"sentences\": \"Eins.\"}",
            "{\"sentences\": [\"Eins.\"",
        ] {
            assert_eq!(one(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_translation_of_the_table_stands() {
        let table = include_str!("../../../../../evals/translations.jsonl");
        let mut stood = 0;
        for row in table.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let units = Units::of(&format!("{} [1]", row["sentence"].as_str().unwrap()), None).unwrap();
            for tongue in ["de", "es", "fr"].map(|code| Tongue::named(code).unwrap()) {
                let own = &row[tongue.code];
                let (Some(said), Some(asked)) = (own["sentence"].as_str(), own["question"].as_str()) else {
                    continue;
                };
                assert_eq!(stands(&units, &[said.to_owned()], tongue), Ok(()), "{said}");
                let question = row["question"].as_str().unwrap();
                assert_eq!(gate::same_question((asked, tongue), (question, &ENGLISH)), Ok(()), "{asked}");
                assert_eq!(names::names_no_more(asked, question), Ok(()), "{asked}");
                stood += 1;
            }
        }
        assert_eq!(stood, 20);
    }

    /// The text of a version never changes: records name the version that a model was asked with.
    #[test]
    fn each_version_of_a_prompt_has_one_text() {
        let hash = |text: &str| -> String {
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(
            [hash(OF_QUESTION).as_str(), hash(OF_ANSWER).as_str()],
            [
                "6f127595614a2b1d3b72a6a06f5dce21d39b0d3987e75113b1b4af2d03815ade",
                "31970fd2d0f2fa223a3adcd42818441dfa50ca21c57332ddfb2584d70d8480d8"
            ],
            "another text is another version: give it the next number"
        );
    }
}
