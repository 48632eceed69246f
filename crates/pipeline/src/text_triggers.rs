//! The triggers of a text, whole and in parts: the bank's patterns, and what was learned from its examples.

use contactiq_domain::{Trigger, TriggerHit, is_danger_to_life};

use crate::{
    EscalationRules, Models,
    certainty::{self, DENIES, FIRES},
    reader::Encoded,
    requests::{self, Piece},
};

/// A message taken apart.
#[derive(Default, Clone, Copy)]
pub(crate) struct Apart<'a> {
    /// The requests of a message that has more than one.
    pub(crate) parts: &'a [Encoded],
    /// What stands between two joints, for the patterns.
    pub(crate) pieces: &'a [Piece],
    /// What it tells beside what it asks.
    pub(crate) story: Option<&'a Encoded>,
}

/// The two readers of text triggers: the bank's patterns and what was learned from its examples.
pub struct TextTriggers<'a> {
    /// Patterns and messages.
    pub rules: &'a EscalationRules,
    /// The learned part.
    pub models: &'a Models,
}

impl TextTriggers<'_> {
    /// Every text trigger that fires in a message of one request; the same as `read_parts`
    /// without parts.
    #[must_use]
    pub fn read(&self, text: &str, vector: Option<&[f32]>) -> Vec<TriggerHit> {
        self.read_parts(text, vector, Apart { pieces: &requests::pieces(text), ..Apart::default() }).0
    }

    /// Every text trigger that fires, one hit each: a pattern, else the learned part, which sees the
    /// whole message, each of its parts, and what it tells beside what it asks. Beside them the probability of every
    /// trigger.
    #[must_use]
    pub(crate) fn read_parts(
        &self,
        text: &str,
        vector: Option<&[f32]>,
        apart: Apart<'_>,
    ) -> (Vec<TriggerHit>, Vec<(Trigger, f64)>) {
        let whole = self.models.trigger_scores(text, vector);
        let mut learned = whole.clone();
        // "I lost my card" is not denied by the question that stands beside it.
        let mut highest = whole.clone();
        for (part, vector) in apart.parts {
            let of_part = self.models.trigger_scores(part, vector.as_deref());
            for (((seen, most), (_, of_whole)), (_, score)) in
                learned.iter_mut().zip(&mut highest).zip(&whole).zip(of_part)
            {
                most.1 = most.1.max(score);
                if certainty::part_counts(score, *of_whole) {
                    seen.1 = seen.1.max(score);
                }
            }
        }
        // A calm question speaks neither for nor against what is told beside it.
        if let Some((story, vector)) = apart.story {
            let of_story = self.models.trigger_scores(story, vector.as_deref());
            let seen = learned.iter_mut().zip(&mut highest).zip(&whole).zip(of_story);
            for (((seen, most), (_, of_whole)), (trigger, score)) in seen {
                most.1 = most.1.max(score);
                if certainty::is_urgent(trigger) && certainty::story_counts(score, *of_whole) {
                    seen.1 = seen.1.max(score);
                }
            }
        }
        let mut matched = self.rules.matches(text);
        // A message of one piece is read by the patterns once.
        let of_whole = matched.clone();
        for piece in apart.pieces {
            let is_whole = piece.text == text.trim();
            for (trigger, rule) in if is_whole { of_whole.clone() } else { self.rules.matches(&piece.text) } {
                self.reconsider(&mut highest, trigger, piece);
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
            may_deny && score < DENIES && !is_danger_to_life(rule)
        };
        let mut hits: Vec<TriggerHit> = matched
            .into_iter()
            .filter(|(trigger, rule)| !denied(*trigger, rule))
            .map(|(trigger, rule)| TriggerHit { trigger, rule, score: 1.0 })
            .collect();
        let fires = certainty::least(FIRES, text);
        for ((trigger, score), (_, score_of_whole)) in learned.iter().zip(whole) {
            if *score >= fires && !hits.iter().any(|h| h.trigger == *trigger) {
                let where_ = if score_of_whole >= FIRES { "learned" } else { "learned-in-a-part" };
                hits.push(TriggerHit {
                    trigger: *trigger,
                    rule: format!("{trigger}/{where_}"),
                    score: *score,
                });
            }
        }
        (hits, learned)
    }

    /// What holds a pattern back in one request ("what is a scam?") does not in the next: the piece that matched has a
    /// say of its own, and what was learned of the whole does not deny a word or two that say enough. It does where they
    /// are things in the list of a question.
    fn reconsider(&self, highest: &mut [(Trigger, f64)], trigger: Trigger, piece: &Piece) {
        if piece.is_item {
            return;
        }
        let short = piece.text.split_whitespace().count() < requests::WORDS;
        for most in highest.iter_mut().filter(|(t, most)| *t == trigger && *most < DENIES) {
            let alone = || self.models.trigger_score(trigger, &piece.text).unwrap_or(0.0);
            most.1 = most.1.max(if short { 1.0 } else { alone() });
        }
    }
}
