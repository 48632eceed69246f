//! A model that judges, where the bank switches it on: which of the nearest intents an uncertain question is about, and
//! whether the best passages contradict each other. Both in one call, behind the same budgets, deadline, breaker and
//! masking as an answer. It can only make the house more careful: it picks among intents that are offered because they
//! are as careful as the one that was read, or more; it can take the understanding away; and it can find a contradiction,
//! which goes to a person. It releases nothing, and no word of it is kept or shown.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use contactiq_domain::{Category, IntentName, Mode, Probability, Routing, Step, Understanding};
use contactiq_guard::Published;
use contactiq_llm::{NumberedPassage, Prompt};

use super::{
    ask_model::{self, given},
    choose, compose,
    contested::Dispute,
    history,
    quotable::Given,
    repair,
    spend::{self, Asked},
};
use crate::{House, Taxonomy, certainty::UNCERTAIN, route, turn::Turn};

/// The version that stands in the trace.
const VERSION: &str = "judge-1";
const SYSTEM: &str = include_str!("../../prompts/judge-1.txt");
/// Intents that are offered at most.
const OFFERED: usize = 4;
/// A judgement takes no more of the time of a question.
const LONGEST: Duration = Duration::from_secs(5);
/// A judgement is one line; reasoning of a model that has to reason goes on its own account.
const MOST_TOKENS: u32 = 60;

/// What a model may judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judges {
    /// Which of the nearest intents an uncertain question is about.
    pub intents: bool,
    /// Whether passages contradict each other.
    pub agreement: bool,
}

/// An intent that may be picked.
#[derive(Debug, Clone, PartialEq)]
struct Offered {
    name: IntentName,
    category: Category,
    probability: f64,
}

/// What a model said, once it is valid.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// From 1; 0 is none.
    topic: usize,
    /// Two passages, from 1.
    contradict: Option<(usize, usize)>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    topic: usize,
    contradict: Vec<usize>,
}

/// Asks a model where something is in doubt that it may judge.
pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let Some(chain) = house.chain.clone().filter(|_| is_open(turn)) else { return };
    let offered = match house.judges.intents {
        true => offered(&house.taxonomy, turn),
        false => Vec::new(),
    };
    let given = given(house, turn);
    let several = given
        .iter()
        .any(|(passage, _)| turn.knowledge.passages[*passage].0 != turn.knowledge.passages[given[0].0].0);
    let compares = house.judges.agreement && several;
    let budget = house.model_time().min(LONGEST).min(house.model_time() / 3);
    if (offered.is_empty() && !compares) || budget < repair::LEAST {
        return;
    }
    let shown: &Given<'_> = if compares { given.as_slice() } else { &[] };
    let prompt = prompt(house, turn, &offered, shown);
    // No mark of the prompt is looked for in a judgement, so that of a worker before is one too.
    let Asked { served, paid, prompt: _ } = spend::ask(house, &chain, turn, &prompt, budget).await;
    let said = served.map_err(|why| why.to_string()).and_then(|served| {
        let said = read(&served.completion.text, offered.len(), shown.len());
        Ok((said.ok_or_else(|| "what the model wrote is no judgement".to_owned())?, served.provider))
    });
    let passages: Vec<usize> = given.iter().map(|(passage, _)| *passage).collect();
    turn.paid.add(paid);
    let mut values: BTreeMap<String, f64> = paid.values().collect();
    let (mut outcome, mut told, mut picked) = ("not_judged", Vec::new(), false);
    match said {
        Err(why) => told.push(format!("{VERSION}: {why}: what was read stands")),
        Ok((said, provider)) => {
            outcome = "judged";
            told.push(format!("{VERSION} by {provider}"));
            if let Some(first) = offered.first().map(|first| first.name.clone()) {
                values.insert("topic".to_owned(), said.topic as f64);
                pick(&house.taxonomy, turn, said.topic.checked_sub(1).map(|at| &offered[at]));
                let now = turn.understanding.as_ref().map_or("none", |u| u.intent.as_str());
                told.push(format!("read as {now}, before as {first}"));
                picked = now != first.as_str();
            }
            if compares {
                values.insert("contradict".to_owned(), f64::from(u8::from(said.contradict.is_some())));
                if let Some((one, other)) = said.contradict {
                    turn.conflicting = both_sides(house, turn, passages[one - 1], passages[other - 1]);
                }
                told.push(match said.contradict {
                    Some(_) => "two passages contradict each other".to_owned(),
                    None => "the passages agree".to_owned(),
                });
            }
        }
    }
    metrics::counter!("contactiq_model_judgements_total", "outcome" => outcome).increment(1);
    turn.trace_with(Step::Understand, since, outcome, told.join("; "), Some(VERSION), values);
    if picked {
        route::run(house, turn);
    }
}

/// Nothing is judged that a person takes over, a guard refused, or that asks for nothing.
fn is_open(turn: &Turn) -> bool {
    turn.routing == Routing::Answer
        && turn.hits.is_empty()
        && turn.silence.is_none()
        && !turn.found.is_empty()
        && turn.conflicting.is_empty()
        // It would judge the question in its own language.
        && turn.translated.is_none()
}

/// How much care a category takes.
const fn care(category: Category) -> u8 {
    match category {
        Category::Automatable => 0,
        Category::Sensitive => 1,
        Category::HumanOnly => 2,
    }
}

/// The intent that was read, where it is uncertain, and the next ones that are no less careful; nothing where there is no
/// choice.
fn offered(taxonomy: &Taxonomy, turn: &Turn) -> Vec<Offered> {
    let Some(read) = turn.understanding.as_ref() else { return Vec::new() };
    if read.intent.is_unknown() || read.probability.get() >= UNCERTAIN {
        return Vec::new();
    }
    let others = offer_beside(taxonomy, turn.mode(), (&read.intent, read.category), &turn.nearest);
    if others.is_empty() {
        return others;
    }
    let own =
        Offered { name: read.intent.clone(), category: read.category, probability: read.probability.get() };
    std::iter::once(own).chain(others).collect()
}

fn offer_beside(
    taxonomy: &Taxonomy,
    mode: Mode,
    (read, category): (&IntentName, Category),
    nearest: &[(String, f64)],
) -> Vec<Offered> {
    let guided = taxonomy.intent(mode, read.as_str()).is_some_and(|intent| intent.guide.is_some());
    let may_be = |(label, probability): &(String, f64)| {
        let intent = taxonomy.intent(mode, label)?;
        let fits = intent.name != *read
            && !intent.name.is_unknown()
            && !intent.greets
            && care(intent.category) >= care(category)
            // Guidance never takes the place of a person.
            && (intent.guide.is_none() || guided);
        fits.then(|| Offered {
            name: intent.name.clone(),
            category: intent.category,
            probability: *probability,
        })
    };
    nearest.iter().filter_map(may_be).take(OFFERED - 1).collect()
}

/// Takes what was picked; where nothing was, the question is not understood.
fn pick(taxonomy: &Taxonomy, turn: &mut Turn, picked: Option<&Offered>) {
    let Some(read) = turn.understanding.take() else { return };
    if picked.is_none() {
        turn.read_as = Some(read.intent.clone());
    }
    turn.understanding = Some(judged(taxonomy, turn.mode(), read, picked));
}

/// What was read, with the intent that was picked.
fn judged(taxonomy: &Taxonomy, mode: Mode, read: Understanding, picked: Option<&Offered>) -> Understanding {
    let Some(offered) = picked else {
        let unknown = taxonomy.intent(mode, IntentName::UNKNOWN).map(|intent| intent.category);
        let unknown = unknown.unwrap_or(Category::Automatable);
        return Understanding {
            intent: IntentName::unknown(),
            // No less careful than it was read, and no surer of an answer.
            category: if care(unknown) < care(read.category) { read.category } else { unknown },
            probability: Probability::clamped(1.0 - read.probability.get()),
            reason: format!("a model found that {} does not fit; {}", read.intent, read.reason),
            ..read
        };
    };
    if offered.name == read.intent {
        return read;
    }
    Understanding {
        intent: offered.name.clone(),
        category: offered.category,
        probability: Probability::clamped(offered.probability),
        reason: format!("a model picked it instead of {}; {}", read.intent, read.reason),
        ..read
    }
}

/// What each of two passages says on the question.
fn both_sides(house: &House, turn: &Turn, one: usize, other: usize) -> Vec<contactiq_domain::Citation> {
    let chosen = choose::sentences(&turn.asked(), super::words(house, turn.mode()));
    let best = |passage: usize| {
        (passage, chosen.iter().find(|c| c.passage == passage).map_or(0, |chosen| chosen.sentence))
    };
    compose::cite_both(&turn.knowledge, turn.role, Dispute { one: best(one), other: best(other) })
}

/// The line of the model, where it is one that was asked for.
fn read(text: &str, topics: usize, passages: usize) -> Option<Said> {
    let (opens, closes) = (text.find('{')?, text.rfind('}')?);
    let Wire { topic, contradict } = serde_json::from_str(text.get(opens..=closes)?).ok()?;
    let contradict = match contradict[..] {
        [] => None,
        [one, other] if one != other => Some((one, other)),
        _ => return None,
    };
    let given = |number: usize| (1..=passages).contains(&number);
    let fits = topic <= topics && contradict.is_none_or(|(one, other)| given(one) && given(other));
    fits.then_some(Said { topic, contradict })
}

fn prompt(house: &House, turn: &Turn, offered: &[Offered], given: &Given<'_>) -> Prompt {
    let described = |(at, offered): (usize, &Offered)| {
        let intent = house.taxonomy.intent(turn.mode(), offered.name.as_str());
        let words = intent.map_or("", |intent| intent.description.as_str());
        format!("{}. {}: {words}", at + 1, offered.name.as_str().replace('_', " "))
    };
    let topics: Vec<String> = offered.iter().enumerate().map(described).collect();
    of_template(&topics, ask_model::numbered(turn, given), turn, ask_model::marks(house))
}

fn of_template(
    topics: &[String],
    passages: Vec<NumberedPassage>,
    turn: &Turn,
    [nonce, canary]: [String; 2],
) -> Prompt {
    Prompt {
        version: VERSION,
        system: Published::by_bank(system(topics)),
        passages,
        history: history::recent(&turn.history),
        question: turn.started.question.clone(),
        nonce,
        canary,
        max_output_tokens: MOST_TOKENS,
        form: None,
    }
}

fn system(topics: &[String]) -> String {
    let topics = if topics.is_empty() { "none".to_owned() } else { topics.join("\n") };
    SYSTEM.replace("{topics}", &topics)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_judgement_is_one_line_of_numbers_that_were_given() {
        let said = |topic, contradict| Some(Said { topic, contradict });
        for (text, expected) in [
            ("{\"topic\": 2, \"contradict\": []}", said(2, None)),
            ("```json\n{\"topic\":0,\"contradict\":[3,1]}\n```", said(0, Some((3, 1)))),
            ("{\"topic\": 4, \"contradict\": []}", None),
            ("{\"topic\": -1, \"contradict\": []}", None),
            ("{\"topic\": 1, \"contradict\": [1]}", None),
            ("{\"topic\": 1, \"contradict\": [2, 2]}", None),
            ("{\"topic\": 1, \"contradict\": [1, 5]}", None),
            ("{\"topic\": 1, \"contradict\": [0, 1]}", None),
            ("{\"topic\": 1}", None),
            ("{\"topic\": 1, \"contradict\": [], \"release\": true}", None),
            ("The first topic.", None),
            ("}{", None),
            ("", None),
        ] {
            assert_eq!(read(text, 3, 4), expected, "{text}");
        }
        assert_eq!(read("{\"topic\": 1, \"contradict\": []}", 0, 4), None, "none was offered");
        assert_eq!(read("{\"topic\": 0, \"contradict\": [1, 2]}", 3, 0), None, "none was shown");
    }

    #[test]
    fn what_is_offered_is_as_careful_as_what_was_read_or_more() {
        let taxonomy = Taxonomy::parse(include_str!("../../../../defaults/intents.toml")).unwrap();
        let nearest: Vec<(String, f64)> = [
            "fee_inquiry",
            "complaint",
            "greeting",
            "unknown",
            "general_conversation",
            "hardship",
            "fraud_alert",
        ]
        .iter()
        .zip(1..)
        .map(|(label, at)| ((*label).to_owned(), 1.0 / f64::from(at)))
        .collect();
        let beside = |read: &str| -> Vec<String> {
            let read = IntentName::new(read).unwrap();
            let category = taxonomy.intent(Mode::Customer, read.as_str()).unwrap().category;
            let all = offer_beside(&taxonomy, Mode::Customer, (&read, category), &nearest);
            all.iter().map(|offered| offered.name.as_str().to_owned()).collect()
        };
        let of_an_answer = beside("fee_inquiry");
        assert!(of_an_answer.contains(&"complaint".to_owned()) && of_an_answer.len() == OFFERED - 1);
        // An intent with guidance would take the place of a person.
        for never in ["fee_inquiry", "greeting", "unknown", "general_conversation"] {
            assert!(!of_an_answer.contains(&never.to_owned()), "{never} in {of_an_answer:?}");
        }
        assert_eq!(beside("complaint"), ["hardship", "fraud_alert"], "nothing that a machine may answer");
    }

    #[test]
    fn what_does_not_fit_is_no_less_careful_and_no_surer_of_an_answer_than_it_was_read() {
        let taxonomy = Taxonomy::parse(include_str!("../../../../defaults/intents.toml")).unwrap();
        for (category, probability) in [(Category::Sensitive, 0.2), (Category::Automatable, 0.55)] {
            let read = Understanding {
                intent: IntentName::new("account_balance").unwrap(),
                category,
                probability: Probability::clamped(probability),
                in_scope: Probability::clamped(0.9),
                reason: "the nearest examples".to_owned(),
            };
            let found = judged(&taxonomy, Mode::Customer, read.clone(), None);
            assert!(found.intent.is_unknown() && care(found.category) >= care(category), "{found:?}");
            // Of an unknown intent its own probability speaks against the answer.
            assert!(1.0 - found.probability.get() <= probability + 1e-9, "{found:?}");
            let same = Offered { name: read.intent.clone(), category, probability };
            assert_eq!(judged(&taxonomy, Mode::Customer, read.clone(), Some(&same)), read);
        }
    }

    /// The text of a version never changes: records name it.
    #[test]
    fn the_version_has_one_text() {
        let hash: String =
            Sha256::digest(SYSTEM.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (VERSION, hash.as_str()),
            ("judge-1", "937da74e398ed743fe500a368411e769a9dcffca8559001d166f6607fd3aeb24")
        );
        insta::assert_snapshot!("prompt_judge", system(&["1. fee inquiry: Fees.".to_owned()]));
        assert!(system(&[]).contains("Topics:\nnone\n"));
    }
}
