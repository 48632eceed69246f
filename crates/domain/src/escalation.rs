//! When a person takes over (P9): eleven triggers, ordered by how much is at stake.

crate::words! {
    /// Why a person takes over. The order is the order of precedence: when several fire, the first
    /// one names the escalation and the others stay in the record.
    Trigger as "trigger" {
        /// Stolen cards, scams, hacked accounts.
        SecurityFraud => "security_fraud",
        /// Despair, panic, self-harm.
        EmotionalDistress => "emotional_distress",
        /// Can't pay, or lawyers and courts.
        LegalHardship => "legal_hardship",
        /// The person asked for a person.
        ExplicitHumanRequest => "explicit_human_request",
        /// Advice that only a licensed person may give.
        FinancialAdvice => "financial_advice",
        /// This person's own data is asked for.
        AccountSpecific => "account_specific",
        /// The intent's category says so.
        HumanOnly => "human_only",
        /// Not understood, again.
        RepeatedMisunderstanding => "repeated_misunderstanding",
        /// Passages disagree.
        ConflictingEvidence => "conflicting_evidence",
        /// The documents don't say.
        InsufficientEvidence => "insufficient_evidence",
        /// The answer may be wrong.
        LowConfidence => "low_confidence",
    }
}

impl Trigger {
    /// Whether it is read from the message itself, before anything is retrieved or generated.
    /// These are evaluated on every message, also on one that a guard refuses.
    #[must_use]
    pub const fn is_read_from_text(self) -> bool {
        matches!(
            self,
            Trigger::SecurityFraud
                | Trigger::EmotionalDistress
                | Trigger::LegalHardship
                | Trigger::ExplicitHumanRequest
                | Trigger::FinancialAdvice
                | Trigger::AccountSpecific
        )
    }
}

/// One trigger that fired, and by which rule.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TriggerHit {
    /// Which.
    pub trigger: Trigger,
    /// The rule's stable id, for instance `security_fraud/card-stolen` or `security_fraud/learned`.
    pub rule: String,
    /// How sure the rule is, 0 to 1; 1 for a pattern.
    pub score: f64,
}

/// What the ids of rules for danger to life begin with.
const DANGER_TO_LIFE: &str = "self-harm";

/// Whether a rule (`self-harm-pills`, or with its trigger before it: `emotional_distress/self-harm-pills`)
/// speaks of danger to life: nothing holds it back, and it names the escalation whatever else fired.
#[must_use]
pub fn is_danger_to_life(rule: &str) -> bool {
    rule.rsplit('/').next().is_some_and(|id| id.starts_with(DANGER_TO_LIFE))
}

/// Between urgent triggers a difference of probability up to this is none.
const AS_SURE: f64 = 0.15;

/// The hit that names the escalation. Danger to life is first. Then come fraud, distress and legal
/// matters: of these the surest, and where they are as sure, the one that stands first in
/// [`Trigger`]'s order. Then the others, in that order.
#[must_use]
pub fn decisive(hits: &[TriggerHit]) -> Option<&TriggerHit> {
    let urgent = |hit: &&TriggerHit| hit.trigger <= Trigger::LegalHardship;
    let surest = hits.iter().filter(urgent).map(|hit| hit.score).fold(f64::NEG_INFINITY, f64::max);
    let first =
        |a: &&TriggerHit, b: &&TriggerHit| a.trigger.cmp(&b.trigger).then(b.score.total_cmp(&a.score));
    hits.iter()
        .find(|hit| is_danger_to_life(&hit.rule))
        .or_else(|| hits.iter().filter(urgent).filter(|hit| hit.score >= surest - AS_SURE).min_by(first))
        .or_else(|| hits.iter().min_by(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_riskier_trigger_decides() {
        let hit = |trigger, rule: &str| TriggerHit { trigger, rule: rule.into(), score: 1.0 };
        let hits = [
            hit(Trigger::LowConfidence, "a"),
            hit(Trigger::SecurityFraud, "b"),
            hit(Trigger::HumanOnly, "c"),
        ];
        assert_eq!(decisive(&hits).unwrap().rule, "b");
        assert!(decisive(&[]).is_none());
    }

    #[test]
    fn danger_to_life_is_first_and_the_surest_of_the_urgent_follows() {
        let hit = |trigger: Trigger, rule: &str, score| TriggerHit {
            trigger,
            rule: format!("{trigger}/{rule}"),
            score,
        };
        let fraud = |score| hit(Trigger::SecurityFraud, "learned", score);
        let distress = |score| hit(Trigger::EmotionalDistress, "learned", score);
        let hardship = |score| hit(Trigger::LegalHardship, "learned", score);
        let own_data = hit(Trigger::AccountSpecific, "balance", 1.0);
        let named = |hits: &[TriggerHit]| decisive(hits).unwrap().trigger;
        let harm = hit(Trigger::EmotionalDistress, "self-harm-pills", 1.0);
        assert_eq!(named(&[fraud(1.0), harm]), Trigger::EmotionalDistress);
        assert_eq!(named(&[distress(0.6), hardship(0.9)]), Trigger::LegalHardship);
        assert_eq!(named(&[distress(0.8), hardship(0.9)]), Trigger::EmotionalDistress);
        assert_eq!(named(&[own_data, fraud(0.6)]), Trigger::SecurityFraud);
    }

    #[test]
    fn there_are_eleven_and_each_word_parses_back() {
        assert_eq!(Trigger::ALL.len(), 11);
        for t in Trigger::ALL {
            assert_eq!(t.as_str().parse::<Trigger>().unwrap(), *t);
        }
    }
}
