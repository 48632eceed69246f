//! What is read from the text itself: the triggers, in all that the door let through.
//!
//! Triggers are evaluated on every message, also on one that a guard refuses: a fraud report with
//! an oath in it is a fraud report first.

use contactiq_domain::{Outcome, Probability, Routing, Step, Trigger, TriggerHit, is_danger_to_life};
use contactiq_guard::{Inspected, ModerationCategory, Refusal};

use crate::{Audience, Begun, EscalationRules, House, Models, language, recall, requests, turn::Turn};

/// A learned trigger fires from this calibrated probability on, when no pattern did.
const LEARNED_FIRES: f64 = 0.5;
/// A pattern does not fire when what was learned is this sure of the opposite: patterns see words,
/// and "how do I see how much I have" has the words of a request for one's own balance.
pub(crate) const LEARNED_DENIES: f64 = 0.12;

/// A part of a longer message must be surer, since it was torn from its context, and the whole
/// message must not speak plainly against it.
const PART_FIRES: f64 = 0.8;
/// So sure a part counts whatever the whole says: five plain questions drown any vector.
const PART_IS_SURE: f64 = 0.95;
const WHOLE_AGREES: f64 = 0.1;
/// With fewer known words beside it, a string of SQL or markup is all that a message is.
const WORDS_OF_A_MESSAGE: usize = 4;
/// A message of one word ("loan") has to be as sure as this: most are the beginning of a question.
pub(crate) const ONE_WORD: f64 = 0.9;

/// Whether a message is one word.
pub(crate) fn is_one_word(text: &str) -> bool {
    text.split_whitespace().count() == 1
}

/// The two readers of text triggers: the bank's patterns and what was learned from its examples.
pub struct TextTriggers<'a> {
    /// Patterns and messages.
    pub rules: &'a EscalationRules,
    /// The learned part.
    pub models: &'a Models,
}

impl TextTriggers<'_> {
    /// Every text trigger that fires in a message of one request; the same as [`TextTriggers::read_parts`]
    /// without parts.
    #[must_use]
    pub fn read(&self, text: &str, vector: Option<&[f32]>) -> Vec<TriggerHit> {
        self.read_parts(text, vector, &[], &requests::pieces(text)).0
    }

    /// Every text trigger that fires, one hit each: a pattern, else the learned part, which sees the
    /// whole message and each of its parts. Beside them the probability of every trigger.
    #[must_use]
    pub fn read_parts(
        &self,
        text: &str,
        vector: Option<&[f32]>,
        parts: &[(String, Option<Vec<f32>>)],
        pieces: &[String],
    ) -> (Vec<TriggerHit>, Vec<(Trigger, f64)>) {
        let whole = self.models.trigger_scores(text, vector);
        let mut learned = whole.clone();
        // "I lost my card" is not denied by the question that stands beside it.
        let mut highest = whole.clone();
        for (part, vector) in parts {
            let of_part = self.models.trigger_scores(part, vector.as_deref());
            for ((seen, most), (_, score)) in learned.iter_mut().zip(&mut highest).zip(of_part) {
                most.1 = most.1.max(score);
                if score >= PART_IS_SURE || (score >= PART_FIRES && seen.1 >= WHOLE_AGREES) {
                    seen.1 = seen.1.max(score);
                }
            }
        }
        // What holds a pattern back in one request ("what is a scam?") does not in the next, and what
        // was learned of the whole does not deny a word or two that say enough.
        let mut matched = self.rules.matches(text);
        for piece in pieces {
            for (trigger, rule) in self.rules.matches(piece) {
                let short = piece.split_whitespace().count() < requests::WORDS;
                for most in highest.iter_mut().filter(|(t, most)| *t == trigger && *most < LEARNED_DENIES) {
                    let alone = || self.models.trigger_score(trigger, piece).unwrap_or(0.0);
                    most.1 = most.1.max(if short { 1.0 } else { alone() });
                }
                match matched.iter_mut().find(|(t, _)| *t == trigger) {
                    Some((_, known)) if is_danger_to_life(&rule) && !is_danger_to_life(known) => {
                        *known = rule
                    }
                    Some(_) => {}
                    None => matched.push((trigger, rule)),
                }
            }
        }
        let denied = |trigger: Trigger, rule: &str| {
            let score = highest.iter().find(|(t, _)| *t == trigger).map_or(1.0, |(_, s)| *s);
            let may_deny = self.models.may_deny(trigger);
            // Danger to life is never argued away.
            may_deny && score < LEARNED_DENIES && !is_danger_to_life(rule)
        };
        let mut hits: Vec<TriggerHit> = matched
            .into_iter()
            .filter(|(trigger, rule)| !denied(*trigger, rule))
            .map(|(trigger, rule)| TriggerHit { trigger, rule, score: 1.0 })
            .collect();
        let fires = if is_one_word(text) { ONE_WORD } else { LEARNED_FIRES };
        for ((trigger, score), (_, of_whole)) in learned.iter().zip(whole) {
            if *score >= fires && !hits.iter().any(|h| h.trigger == *trigger) {
                let where_ = if of_whole >= LEARNED_FIRES { "learned" } else { "learned-in-a-part" };
                hits.push(TriggerHit {
                    trigger: *trigger,
                    rule: format!("{trigger}/{where_}"),
                    score: *score,
                });
            }
        }
        (hits, learned)
    }
}

/// Reads a question that was taken in: what stands in the message itself, and whether it was answered before.
pub(crate) async fn run(house: &House, begun: Begun, audience: Option<Audience>) -> Turn {
    let Begun { role, started, conversation, continues, claimed, mut door, history, since, handed, .. } =
        begun;
    let query = without_placeholders(door.masked.as_str());
    let keys = recall::keys(house, &started, role, continues, &door);
    let mut before = recall::find(house, keys.as_ref()).await;
    if before.is_some() && !house.moderated(&door.masked).await.is_empty() {
        // The provider finds something today: the message is read as if it were new.
        before = None;
    }
    let read = match before {
        // All of it was read in the same words, and no trigger fired.
        Some(_) => Reading::default(),
        None => Reading::of(house, &query, &mut door).await,
    };
    let Reading { vector, parts, by_provider, mut hits, leanings } = read;
    if door.moderation.categories.contains(&ModerationCategory::SelfHarm)
        && !hits.iter().any(|hit| is_danger_to_life(&hit.rule))
    {
        hits.retain(|hit| hit.trigger != Trigger::EmotionalDistress);
        hits.push(TriggerHit {
            trigger: Trigger::EmotionalDistress,
            rule: "emotional_distress/self-harm-moderation".to_owned(),
            score: 1.0,
        });
    }

    let spoken = |word: &str| house.taxonomy.uses(word) || contactiq_nlu::text::is_stop_word(word);
    // A string of SQL or markup says nothing that could have been learned; words beside it do.
    let code = matches!(door.refusal, Some(Refusal::SqlPattern | Refusal::ScriptPattern));
    if code && query.split_whitespace().filter(|word| spoken(word)).count() < WORDS_OF_A_MESSAGE {
        hits.retain(|hit| !hit.rule.contains("/learned"));
    }
    let language = if before.is_some() { None } else { language::other(&query, spoken) };
    if let Some(lang) = language.filter(|_| hits.is_empty() && door.refusal.is_none()) {
        hits.push(TriggerHit {
            trigger: Trigger::InsufficientEvidence,
            rule: format!("insufficient_evidence/language-{}", lang.code()),
            score: 1.0,
        });
    }

    let plain = hits.is_empty() && parts.is_empty() && by_provider.is_empty() && language.is_none();
    if before.is_none() && plain {
        before = recall::find_alike(house, keys.as_ref(), vector.as_deref());
    }

    let mut turn = Turn {
        role,
        started,
        conversation,
        claimed,
        handed,
        audience,
        left: false,
        clock_start: since,
        keys,
        recalled: false,
        hits,
        language,
        leanings,
        history,
        query,
        vector_as_asked: if keys.is_some() { vector.clone() } else { None },
        vector,
        parts,
        understanding: None,
        routing: Routing::Answer,
        knowledge: house.shelf.current(),
        found: Vec::new(),
        draft: None,
        paid: Default::default(),
        judged: None,
        beside: None,
        conflicting: Vec::new(),
        confidence: Probability::ZERO,
        vague: false,
        outcome: Outcome::Failed,
        message: None,
        reason: String::new(),
        ticket: None,
        steps: Vec::with_capacity(8),
        door,
        by_provider,
        kept_back: None,
    };
    let (outcome, detail) = describe(&turn);
    turn.trace(Step::Guard, since, outcome, detail);
    if let Some(before) = before {
        recall::resume(&mut turn, &before);
    }
    turn
}

/// What is read in a message beside what the guard says of it.
#[derive(Default)]
struct Reading {
    vector: Option<Vec<f32>>,
    /// The requests of a message that has more than one, each with its vector.
    parts: Vec<(String, Option<Vec<f32>>)>,
    by_provider: Vec<ModerationCategory>,
    hits: Vec<TriggerHit>,
    leanings: Vec<(Trigger, f64)>,
}

impl Reading {
    async fn of(house: &House, query: &str, door: &mut Inspected) -> Reading {
        // Lines are requests of their own, and the query is one line.
        let lines: Vec<String> = door.masked.as_str().lines().map(without_placeholders).collect();
        let lines = lines.join("\n");
        let (parts, pieces) = (requests::parts(&lines), requests::pieces(&lines));
        let mut texts = vec![query.to_owned()];
        texts.extend(parts.iter().cloned());
        let (vectors, by_provider) = tokio::join!(house.vectors(texts), house.moderated(&door.masked));
        door.join(&by_provider);
        let mut vectors = vectors.into_iter();
        let vector = vectors.next().flatten();
        let parts: Vec<_> = parts.into_iter().zip(vectors).collect();
        let triggers = TextTriggers { rules: &house.rules, models: &house.models };
        let (hits, leanings) = triggers.read_parts(query, vector.as_deref(), &parts, &pieces);
        Reading { vector, parts, by_provider, hits, leanings }
    }
}

fn describe(turn: &Turn) -> (&'static str, String) {
    let mut parts = Vec::new();
    if !turn.door.spans.is_empty() {
        let mut kinds: Vec<&str> = turn.door.spans.iter().map(|s| s.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        parts.push(format!("masked {}", kinds.join(", ")));
    }
    if let Some(refusal) = turn.door.refusal {
        parts.push(format!("refused as {refusal}"));
    }
    for hit in &turn.hits {
        parts.push(format!("{} fired", hit.rule));
    }
    let outcome = match (turn.door.refusal, turn.door.spans.is_empty()) {
        (Some(_), _) => "refused",
        (None, false) => "masked",
        (None, true) => "clean",
    };
    (
        outcome,
        if parts.is_empty() {
            "nothing personal, no attack, no trigger".to_owned()
        } else {
            parts.join("; ")
        },
    )
}

/// `my card <CREDIT_CARD_1>` is understood as `my card`: a placeholder says nothing of the topic. A
/// word typed on two keyboards is read in Latin letters.
#[must_use]
pub fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut reached = 0;
    for placeholder in contactiq_guard::placeholders(text) {
        out.push_str(&text[reached..placeholder.start]);
        reached = placeholder.end;
    }
    out.push_str(&text[reached..]);
    contactiq_guard::one_script(&out).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_left_out_and_nothing_else() {
        assert_eq!(without_placeholders("my card <CREDIT_CARD_1> was <b> a < 3"), "my card was <b> a < 3");
        assert_eq!(without_placeholders("<PERSON_12>"), "");
        assert_eq!(without_placeholders("a<"), "a<");
        assert_eq!(without_placeholders("f\u{435}\u{435} for \u{441}ard"), "fee for card");
        assert_eq!(
            without_placeholders("\u{43d}\u{435}\u{442}"),
            "\u{43d}\u{435}\u{442}",
            "Russian stays Russian"
        );
    }
}
