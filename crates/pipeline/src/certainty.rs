//! How sure what was learned must be, for each thing that follows from it: the one place of these bounds.
//! They were chosen on the halves of the evaluation sets that may be looked at.

use contactiq_domain::Trigger;

/// A learned trigger fires from this calibrated probability on, when no pattern did.
pub(crate) const FIRES: f64 = 0.5;
/// A pattern does not fire when what was learned is this sure of the opposite: patterns see words,
/// and "how do I see how much I have" has the words of a request for one's own balance.
pub(crate) const DENIES: f64 = 0.12;
/// A part of a longer message must be surer, since it was torn from its context…
pub(crate) const PART: f64 = 0.8;
/// …and the whole message must not speak plainly against it…
pub(crate) const WHOLE_AGREES: f64 = 0.1;
/// …unless the part is so sure: five plain questions drown any vector.
pub(crate) const PART_ALONE: f64 = 0.95;
/// A message of one word ("loan") has to be as sure as this: most are the beginning of a question.
pub(crate) const ONE_WORD: f64 = 0.9;
/// From this probability on a trigger that did not fire may name the reason of a hand-over that happens
/// anyway, and keeps a request of several from being answered beside it.
pub(crate) const LEANS: f64 = 0.3;
/// From this probability on a question of a sensitive intent counts as one for this person's own
/// data (P3): general how-to is answered, and doubt goes to the verified channel.
pub(crate) const OWN_DATA: f64 = 0.35;
/// Below this probability of being in scope a question counts as unknown.
pub(crate) const IN_SCOPE: f64 = 0.5;
/// A person takes over when the human_only intents together reach this probability: the category
/// is decided before the intent, since a wrong intent inside it does no harm.
pub(crate) const HUMAN_ONLY: f64 = 0.5;
/// When no intent is more probable than a human_only one, less is enough: in doubt a person.
pub(crate) const FIRST_OF_ALL: f64 = 0.4;
/// A fragment that names a thing of its own is read without the question before it where its own intent is this sure, and
/// another one.
pub(crate) const OWN_TOPIC: f64 = 0.6;
/// A greeting ends the search for an answer, so it has to be a clear one.
pub(crate) const GREETING: f64 = 0.6;

/// Whether a trigger speaks of danger, loss or need: what a message tells beside a calm question is read for these as if
/// the question did not stand there. The others ask for something, and so does a question.
pub(crate) const fn is_urgent(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::SecurityFraud | Trigger::EmotionalDistress | Trigger::LegalHardship)
}

/// Below this probability a model may be asked which of the nearest intents it is, where a bank switched that on.
pub(crate) const UNCERTAIN: f64 = 0.6;

/// How sure a message of this many words must be.
pub(crate) fn least(usual: f64, text: &str) -> f64 {
    if text.split_whitespace().count() == 1 { ONE_WORD } else { usual }
}

/// What a message tells beside a calm question needs less than a part: it is all that is told.
pub(crate) const STORY: f64 = 0.7;

/// Whether a story counts, by its own probability and that of the whole.
pub(crate) fn story_counts(story: f64, whole: f64) -> bool {
    story >= PART_ALONE || (story >= STORY && whole >= WHOLE_AGREES)
}

/// Whether a part of a message counts, by its own probability and that of the whole.
pub(crate) fn part_counts(part: f64, whole: f64) -> bool {
    part >= PART_ALONE || (part >= PART && whole >= WHOLE_AGREES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_must_be_surer_and_so_must_a_part() {
        assert_eq!((least(FIRES, "loan"), least(FIRES, "my loan")), (ONE_WORD, FIRES));
        assert!(part_counts(0.96, 0.0) && part_counts(0.85, 0.2));
        assert!(!part_counts(0.85, 0.05) && !part_counts(0.7, 0.4));
    }
}
