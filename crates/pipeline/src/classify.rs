//! What a prediction comes to: an intent, its category, and why (P2, P5).

use contactiq_domain::{Category, IntentName, Mode, Probability, Trigger, Understanding};
use contactiq_nlu::intents::Prediction;

use crate::{
    Models, Taxonomy,
    certainty::{self, DENIES, FIRST_OF_ALL, HUMAN_ONLY, IN_SCOPE},
    follow_up, greeting,
    misunderstood::Silence,
};

/// How many words a reason names.
const WORDS_NAMED: usize = 4;
/// How many examples.
const EXAMPLES_NAMED: usize = 2;

/// Classifies a text: what step 1 does and `contactiq intents classify` prints. `leanings` are the
/// probabilities of the learned triggers on the same `text`.
#[must_use]
pub fn classify(
    taxonomy: &Taxonomy,
    models: &Models,
    mode: Mode,
    prediction: &Prediction,
    leanings: &[(Trigger, f64)],
    text: &str,
) -> Understanding {
    let deciding = |label: &str, against: &str| models.deciding(mode, text, label, against);
    decide(taxonomy, &deciding, mode, prediction, leanings, text)
}

/// Which words of the text spoke for one label against another.
type Deciding<'a> = &'a dyn Fn(&str, &str) -> Vec<String>;

fn decide(
    taxonomy: &Taxonomy,
    deciding: Deciding<'_>,
    mode: Mode,
    prediction: &Prediction,
    leanings: &[(Trigger, f64)],
    text: &str,
) -> Understanding {
    let category_of =
        |label: &str| taxonomy.intent(mode, label).map_or(Category::Automatable, |i| i.category);
    let together = human_only(taxonomy, mode, prediction, leanings);
    let wants_person = together >= certainty::least(HUMAN_ONLY, text)
        || leads(taxonomy, mode, prediction, leanings) >= certainty::least(FIRST_OF_ALL, text);
    let greets = taxonomy.greets(mode, text) || follow_up::closes(text);
    let courtesy = |label: &str| taxonomy.is_courtesy(mode, label);
    let may_be = |label: &str, p: f64| {
        let clear = !courtesy(label) || (p >= certainty::GREETING && greets);
        // A denied intent made nobody take over, so it doesn't name the hand-over either.
        let named = if wants_person {
            counts_for_a_person(taxonomy, mode, label, leanings)
        } else {
            category_of(label) != Category::HumanOnly
        };
        clear && named
    };
    let ranked = || prediction.ranked.iter().map(|(label, p)| (label.as_str(), *p));
    let first = ranked().next();
    let plain = !wants_person && greeting::is_nothing_else(text);
    let plainly = ranked().find(|(label, _)| plain && courtesy(label));
    let (label, probability) = plainly
        .or_else(|| ranked().find(|(label, p)| may_be(label, *p)))
        .or(first)
        .unwrap_or((IntentName::UNKNOWN, 0.0));

    let mut notes = Vec::new();
    let outside = prediction.in_scope < IN_SCOPE && !wants_person && !courtesy(label);
    // What an encoder takes for a courtesy, and has none of its words, is a name, a stroke, another language.
    let mistaken = first.filter(|(label, p)| courtesy(label) && *p >= certainty::GREETING && !greets);
    let mistaken = mistaken.filter(|_| !wants_person);
    let unknown = (outside || mistaken.is_some()) && label != IntentName::UNKNOWN;
    if outside {
        notes.push(format!("in scope {:.2}, below {IN_SCOPE:.2}", prediction.in_scope));
    }
    if mistaken.is_some() {
        notes.push("near to greetings, and no word of it greets".to_owned());
    }
    if plainly.is_some() {
        notes.push("nothing but words of courtesy".to_owned());
    }
    if wants_person && together > probability {
        notes.push(format!("human_only together {together:.2}"));
    }
    let (intent, category, probability) = if unknown {
        let sure = mistaken.map_or(0.0, |(_, p)| p).max(1.0 - prediction.in_scope);
        (IntentName::unknown(), category_of(IntentName::UNKNOWN), sure)
    } else {
        (IntentName::new(label).unwrap_or_else(|_| IntentName::unknown()), category_of(label), probability)
    };
    // What spoke for the choice, against the strongest of the others.
    let chosen = intent.as_str();
    let against = ranked().map(|(label, _)| label).find(|label| *label != chosen);
    let words = against.map(|other| (other, deciding(chosen, other))).filter(|(_, words)| !words.is_empty());
    Understanding {
        reason: reason(prediction, &notes, words.as_ref().map(|(other, words)| (*other, words.as_slice()))),
        intent,
        category,
        probability: Probability::clamped(probability),
        in_scope: Probability::clamped(prediction.in_scope),
    }
}

/// A message that asks for nothing is not understood, whatever it is near to.
pub(crate) fn as_silent(taxonomy: &Taxonomy, mode: Mode, why: Silence, read: Understanding) -> Understanding {
    let category = taxonomy.intent(mode, IntentName::UNKNOWN).map_or(Category::Automatable, |i| i.category);
    let reason = match why {
        Silence::Noise => "no words to understand",
        Silence::Objection => "it says that the answer before missed, and asks for nothing else",
    };
    Understanding {
        intent: IntentName::unknown(),
        category,
        probability: Probability::ONE,
        in_scope: Probability::clamped(read.in_scope.get().min(1.0 - IN_SCOPE)),
        reason: reason.to_owned(),
    }
}

/// The probability of all human_only intents together.
/// An intent that is named after a trigger ("fraud_alert") does not count where that trigger's own
/// model, which has learned its look-alikes, is sure of the opposite: "what are the signs of a scam?".
pub(crate) fn human_only(
    taxonomy: &Taxonomy,
    mode: Mode,
    prediction: &Prediction,
    leanings: &[(Trigger, f64)],
) -> f64 {
    let counts = |label: &str| counts_for_a_person(taxonomy, mode, label, leanings);
    prediction.ranked.iter().filter(|(label, _)| counts(label)).map(|(_, p)| p).sum()
}

/// The probability of the first intent, where it is human_only.
fn leads(taxonomy: &Taxonomy, mode: Mode, prediction: &Prediction, leanings: &[(Trigger, f64)]) -> f64 {
    let first = prediction.ranked.first();
    first.filter(|(label, _)| counts_for_a_person(taxonomy, mode, label, leanings)).map_or(0.0, |(_, p)| *p)
}

fn counts_for_a_person(taxonomy: &Taxonomy, mode: Mode, label: &str, leanings: &[(Trigger, f64)]) -> bool {
    let denied = |trigger: Trigger| leanings.iter().any(|(t, p)| *t == trigger && *p < DENIES);
    taxonomy
        .intent(mode, label)
        .is_some_and(|intent| intent.category == Category::HumanOnly && !denied(intent.trigger))
}

/// Names the nearest examples, what decided beside them, and the words that spoke for the choice: text of the taxonomy,
/// never the person's.
fn reason(prediction: &Prediction, notes: &[String], words: Option<(&str, &[String])>) -> String {
    let mut parts = notes.to_vec();
    if !prediction.nearest.is_empty() {
        let near: Vec<String> = prediction
            .nearest
            .iter()
            .take(EXAMPLES_NAMED)
            .map(|n| format!("\u{201c}{}\u{201d} ({})", n.text, n.label))
            .collect();
        parts.push(format!("nearest examples: {}", near.join(", ")));
    }
    if let Some((other, words)) = words {
        let words: Vec<&str> = words.iter().take(WORDS_NAMED).map(String::as_str).collect();
        parts.push(format!("deciding words against {other}: {}", words.join(", ")));
    }
    if parts.is_empty() { "no example is near".to_owned() } else { parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(ranked: &[(&str, f64)], leaning: f64) -> Understanding {
        understood(ranked, 0.99, leaning, "two words")
    }

    fn understood(ranked: &[(&str, f64)], in_scope: f64, leaning: f64, text: &str) -> Understanding {
        let taxonomy = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let prediction = Prediction {
            ranked: ranked.iter().map(|(label, p)| ((*label).to_owned(), *p)).collect(),
            in_scope,
            nearest: Vec::new(),
        };
        let none = |_: &str, _: &str| Vec::new();
        decide(&taxonomy, &none, Mode::Customer, &prediction, &[(Trigger::SecurityFraud, leaning)], text)
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

    #[test]
    fn in_doubt_a_person_where_nothing_is_more_probable_than_a_human_only_intent() {
        let ranked = [("complaint", 0.42), ("fee_inquiry", 0.38), ("greeting", 0.2)];
        assert_eq!(read_as(&ranked, 0.0).intent.as_str(), "complaint");
        assert_eq!(
            read_as(&[("fee_inquiry", 0.42), ("complaint", 0.38)], 0.0).intent.as_str(),
            "fee_inquiry"
        );
        assert_eq!(read_as(&[("complaint", 0.3), ("fee_inquiry", 0.29)], 0.0).intent.as_str(), "fee_inquiry");
        assert_eq!(
            understood(&ranked, 0.99, 0.0, "hmm").intent.as_str(),
            "fee_inquiry",
            "one word must be surer"
        );
    }

    #[test]
    fn a_greeting_without_a_word_that_greets_is_not_understood() {
        let ranked = [("greeting", 0.97), ("general_conversation", 0.03)];
        for text in ["cartera perdida", "Ferdinand Okonkwo", "q"] {
            let read = understood(&ranked, 0.9, 0.0, text);
            assert!(read.intent.is_unknown(), "{text}: {}", read.intent);
            assert!(read.reason.contains("no word of it greets"), "{}", read.reason);
        }
        assert_eq!(understood(&ranked, 0.2, 0.0, "hello Ferdinand").intent.as_str(), "greeting");
    }

    #[test]
    fn nothing_but_courtesy_greets_whatever_it_is_near_to_unless_a_person_is_wanted() {
        let ranked = [("fee_inquiry", 0.6), ("greeting", 0.2), ("complaint", 0.2)];
        let read = understood(&ranked, 0.3, 0.0, "good evening");
        assert_eq!(read.intent.as_str(), "greeting", "{}", read.reason);
        assert!(read.reason.contains("nothing but words of courtesy"), "{}", read.reason);
        assert_eq!(understood(&ranked, 0.9, 0.0, "good evening fees").intent.as_str(), "fee_inquiry");
        let ranked = [("complaint", 0.6), ("greeting", 0.4)];
        assert_eq!(understood(&ranked, 0.9, 0.0, "thanks a lot").intent.as_str(), "complaint");
    }

    #[test]
    fn the_reason_explains_what_was_chosen() {
        let together = read_as(&[("fee_inquiry", 0.4), ("complaint", 0.3), ("hardship", 0.3)], 0.0);
        assert!(together.reason.contains("human_only together 0.60"), "{}", together.reason);
        let outside = understood(&[("fee_inquiry", 0.6), ("complaint", 0.1)], 0.02, 0.0, "two words");
        assert!(
            outside.intent.is_unknown() && outside.reason.contains("in scope 0.02"),
            "{}",
            outside.reason
        );
        let taxonomy = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let ranked = [("fraud_alert", 0.45), ("general_conversation", 0.4), ("fee_inquiry", 0.15)];
        let prediction = Prediction {
            ranked: ranked.iter().map(|(label, p)| ((*label).to_owned(), *p)).collect(),
            in_scope: 0.9,
            nearest: Vec::new(),
        };
        let pair = |one: &str, other: &str| vec![format!("{one}/{other}")];
        let leanings = [(Trigger::SecurityFraud, 0.01)];
        let read = decide(&taxonomy, &pair, Mode::Customer, &prediction, &leanings, "two words");
        assert!(
            read.reason.contains("against fraud_alert: general_conversation/fraud_alert"),
            "chosen against the strongest other: {}",
            read.reason
        );
    }
}
