//! Step 1: what is asked, how sure that is, and whether it is in the bank's scope (P2).

use std::time::Instant;

use contactiq_domain::{
    Category, IntentName, Mode, Probability, Step, Trigger, TriggerHit, Understanding, is_danger_to_life,
};
use contactiq_guard::Masked;
use contactiq_nlu::intents::Prediction;

use crate::{
    House, Knowledge, Taxonomy,
    admit::{LEARNED_DENIES, ONE_WORD, is_one_word, without_placeholders},
    follow_up,
    retrieve::{self, Filter},
    spelling::Corrected,
    turn::{Exchange, Turn},
};

/// Below this probability of being in scope a question counts as unknown.
const IN_SCOPE: f64 = 0.5;
/// A person takes over when the human_only intents together reach this probability: the category
/// is decided before the intent, since a wrong intent inside it does no harm.
const HUMAN_ONLY: f64 = 0.5;
/// A part was torn from its context and has to be surer…
const PART_HUMAN_ONLY: f64 = 0.8;
/// …and the whole message must lean to it…
const WHOLE_AGREES: f64 = 0.1;
/// …unless it is so sure: three plain questions beside a complaint drown it in the whole.
const PART_IS_SURE: f64 = 0.95;
/// A greeting ends the search for an answer, so it has to be a clear one.
const GREETING: f64 = 0.6;

/// Classifies a text: what step 1 does and `contactiq intents classify` prints. `leanings` are the
/// probabilities of the learned triggers on the same `text`.
#[must_use]
pub fn classify(
    taxonomy: &Taxonomy,
    mode: Mode,
    prediction: &Prediction,
    leanings: &[(Trigger, f64)],
    text: &str,
) -> Understanding {
    let needed = if is_one_word(text) { ONE_WORD } else { HUMAN_ONLY };
    let category_of =
        |label: &str| taxonomy.intent(mode, label).map_or(Category::Automatable, |i| i.category);
    let wants_person = human_only(taxonomy, mode, prediction, leanings) >= needed;
    let best = prediction
        .ranked
        .iter()
        .find(|(label, p)| {
            let clear = label != "greeting" || *p >= GREETING;
            // A denied intent made nobody take over, so it doesn't name the hand-over either.
            let named = if wants_person {
                counts_for_a_person(taxonomy, mode, label, leanings)
            } else {
                category_of(label) != Category::HumanOnly
            };
            clear && named
        })
        .or_else(|| prediction.ranked.first());
    let (label, probability) = best.map_or((IntentName::UNKNOWN, 0.0), |(l, p)| (l.as_str(), *p));

    let outside = prediction.in_scope < IN_SCOPE && !wants_person && label != "greeting";
    let (intent, category, probability) = if outside && label != IntentName::UNKNOWN {
        (IntentName::unknown(), category_of(IntentName::UNKNOWN), 1.0 - prediction.in_scope)
    } else {
        (IntentName::new(label).unwrap_or_else(|_| IntentName::unknown()), category_of(label), probability)
    };
    Understanding {
        intent,
        category,
        probability: Probability::clamped(probability),
        in_scope: Probability::clamped(prediction.in_scope),
        reason: reason(prediction),
    }
}

/// The probability of all human_only intents together.
/// An intent that is named after a trigger ("fraud_alert") does not count where that trigger's own
/// model, which has learned its look-alikes, is sure of the opposite: "what are the signs of a scam?".
fn human_only(taxonomy: &Taxonomy, mode: Mode, prediction: &Prediction, leanings: &[(Trigger, f64)]) -> f64 {
    let counts = |label: &str| counts_for_a_person(taxonomy, mode, label, leanings);
    prediction.ranked.iter().filter(|(label, _)| counts(label)).map(|(_, p)| p).sum()
}

fn counts_for_a_person(taxonomy: &Taxonomy, mode: Mode, label: &str, leanings: &[(Trigger, f64)]) -> bool {
    let denied = |trigger: Trigger| leanings.iter().any(|(t, p)| *t == trigger && *p < LEARNED_DENIES);
    taxonomy
        .intent(mode, label)
        .is_some_and(|intent| intent.category == Category::HumanOnly && !denied(intent.trigger))
}

fn read(house: &House, mode: Mode, text: &str, vector: Option<&[f32]>) -> Prediction {
    house.lately.intent(mode, text, vector, || house.models.intent(mode, text, vector))
}

/// The riskiest request of a message with several decides: a part that a person has to answer, read
/// alone, when the whole message does not speak plainly against it.
fn riskiest(house: &House, turn: &Turn, whole: Prediction) -> Prediction {
    let of = |prediction: &Prediction| human_only(&house.taxonomy, turn.mode(), prediction, &turn.leanings);
    let in_whole = of(&whole);
    if in_whole >= HUMAN_ONLY {
        return whole;
    }
    let needed = if in_whole >= WHOLE_AGREES { PART_HUMAN_ONLY } else { PART_IS_SURE };
    let parts = turn.parts.iter();
    parts
        .map(|(part, vector)| read(house, turn.mode(), part, vector.as_deref()))
        .find(|prediction| of(prediction) >= needed)
        .unwrap_or(whole)
}

/// Names the nearest examples and the words that decided: text of the taxonomy, never the person's.
fn reason(prediction: &Prediction) -> String {
    let mut parts = Vec::new();
    if !prediction.nearest.is_empty() {
        let near: Vec<String> = prediction
            .nearest
            .iter()
            .take(2)
            .map(|n| format!("\u{201c}{}\u{201d} ({})", n.text, n.label))
            .collect();
        parts.push(format!("nearest examples: {}", near.join(", ")));
    }
    if !prediction.words.is_empty() {
        let words: Vec<&str> = prediction.words.iter().take(4).map(String::as_str).collect();
        parts.push(format!("deciding words: {}", words.join(", ")));
    }
    if parts.is_empty() { "no example is near".to_owned() } else { parts.join("; ") }
}

/// A question as step 3 searches it: without the guard's placeholders, misspelt words as the
/// documents write them.
#[must_use]
pub fn searched(knowledge: &Knowledge, taxonomy: &Taxonomy, filter: &Filter<'_>, masked: &Masked) -> String {
    let query = without_placeholders(masked.as_str());
    knowledge.spelled(taxonomy, filter, &query).map_or(query, |c| c.text)
}

/// How the question was read. Words put in are the documents' own, so they may be named.
fn remarks(joined: bool, corrected: Option<&Corrected>) -> String {
    let mut said = String::new();
    if joined {
        said.push_str("; read together with the question before");
    }
    if let Some(corrected) = corrected {
        let words = corrected.read_as.join("\u{201d}, \u{201c}");
        said.push_str(&format!("; searched as the documents spell it: \u{201c}{words}\u{201d}"));
    }
    said
}

/// "I have a whole bottle of pills here", and in the next message "I want to take them all": what neither
/// says alone, both say together.
fn hear_danger_across_turns(house: &House, turn: &mut Turn, previous: Option<&str>) {
    let heard = |text: &str| house.rules.matches(text).into_iter().find(|(_, rule)| is_danger_to_life(rule));
    let known = turn.hits.iter().any(|hit| is_danger_to_life(&hit.rule));
    let Some(previous) = previous.filter(|p| !known && heard(p).is_none()) else { return };
    if let Some((trigger, rule)) = heard(&format!("{previous} {}", turn.query)) {
        turn.hits.retain(|hit| hit.trigger != trigger);
        turn.hits.push(TriggerHit { trigger, rule, score: 1.0 });
    }
}

/// The last question, made whole by those before it: "and its rate?" may lean on "and for the gold one?". None where
/// the last one may not be leaned on.
fn spoken_of(history: &[Exchange]) -> Option<String> {
    let mut before: Option<String> = None;
    for exchange in history {
        before = exchange.may_be_leaned_on().then(|| {
            let question = without_placeholders(exchange.question.as_str());
            follow_up::whole(&question, before.as_deref()).unwrap_or(question)
        });
    }
    before
}

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let leaned_on = turn.history.last().filter(|e| e.may_be_leaned_on());
    let previous = leaned_on.map(|e| without_placeholders(e.question.as_str()));
    hear_danger_across_turns(house, turn, previous.as_deref());
    let joined = follow_up::whole(&turn.query, spoken_of(&turn.history).as_deref());
    if let Some(whole) = &joined {
        turn.vector = house.vector(whole).await;
        turn.query.clone_from(whole);
    }
    // The intent is learned from misspelt words too; only the search needs the documents' spelling.
    let corrected = turn.knowledge.spelled(
        &house.taxonomy,
        &retrieve::filter(house, turn.mode(), turn.role),
        &turn.query,
    );
    let prediction = read(house, turn.mode(), &turn.query, turn.vector.as_deref());
    let prediction = riskiest(house, turn, prediction);
    let understanding = classify(&house.taxonomy, turn.mode(), &prediction, &turn.leanings, &turn.query);
    if let Some(corrected) = &corrected {
        turn.query.clone_from(&corrected.text);
    }
    let written = turn.knowledge.index.written_out(&turn.query);
    if corrected.is_some() || written.is_some() {
        turn.vector = house.vector(written.as_deref().unwrap_or(&turn.query)).await;
    }
    let detail = format!(
        "{} with probability {:.2}, in scope {:.2}{}",
        understanding.intent,
        understanding.probability.get(),
        understanding.in_scope.get(),
        remarks(joined.is_some(), corrected.as_ref())
    );
    let outcome = understanding.category.as_str();
    turn.understanding = Some(understanding);
    turn.trace(Step::Understand, since, outcome, detail);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(ranked: &[(&str, f64)], leaning: f64) -> Understanding {
        let taxonomy = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let prediction = Prediction {
            ranked: ranked.iter().map(|(label, p)| ((*label).to_owned(), *p)).collect(),
            in_scope: 0.99,
            nearest: Vec::new(),
            words: Vec::new(),
        };
        classify(&taxonomy, Mode::Customer, &prediction, &[(Trigger::SecurityFraud, leaning)], "two words")
    }

    #[test]
    fn an_intent_named_after_a_trigger_is_a_persons_unless_the_trigger_is_sure_of_the_opposite() {
        let ranked = [("fraud_alert", 0.7), ("general_conversation", 0.3)];
        assert_eq!(read_as(&ranked, 0.4).category, Category::HumanOnly);
        assert_eq!(read_as(&ranked, 0.01).intent.as_str(), "general_conversation");
        // A complaint has no trigger of its own that could deny it.
        assert_eq!(read_as(&[("complaint", 0.7), ("fee_inquiry", 0.3)], 0.01).category, Category::HumanOnly);
    }

    #[test]
    fn a_denied_intent_does_not_name_the_hand_over() {
        let ranked = [("fraud_alert", 0.4), ("complaint", 0.35), ("hardship", 0.25)];
        assert_eq!(read_as(&ranked, 0.01).intent.as_str(), "complaint");
        assert_eq!(read_as(&ranked, 0.4).intent.as_str(), "fraud_alert");
    }

    #[test]
    fn human_only_intents_decide_together() {
        let ranked = [("fee_inquiry", 0.4), ("complaint", 0.3), ("hardship", 0.3)];
        assert_eq!(read_as(&ranked, 0.0).intent.as_str(), "complaint");
    }
}
