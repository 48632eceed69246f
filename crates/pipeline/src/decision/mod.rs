//! What is done with a message, as two tables: [`BEFORE`] anything is retrieved (step 2) and [`AFTER`]
//! the evidence is known (step 6). No step decides on its own (P5, P8, P9).
//!
//! Which triggers a message raises is read in `admit`; here is what follows from it. Both tables are
//! walked whole at start and in tests: exhaustive, without contradictions, without dead rules.

mod table;

use contactiq_domain::{Category, Routing, Trigger};

pub use table::{Flaw, Rule};

/// The version of both tables; beside that of `triggers.toml` in every record's step 6.
pub const VERSION: &str = "3";

/// What is known before anything is retrieved.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// A trigger was read from the message.
    pub told: bool,
    /// A guard refused it.
    pub refused: bool,
    /// The intent is for a higher role than the asker's.
    pub role_too_low: bool,
    /// Of the intent.
    pub category: Category,
    /// It was not understood.
    pub unknown: bool,
    /// It is a courtesy.
    pub greeting: bool,
}

/// What the passages gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing that speaks of the question.
    None,
    /// Passages that speak of it, and do not state what it asks for.
    Lacks,
    /// An answer below the threshold, since the question says too little.
    Vague,
    /// An answer below the threshold.
    Weak,
    /// An answer at or above it.
    Sure,
    /// Documents contradict each other.
    Conflict,
}

/// What is known once the evidence is.
#[derive(Debug, Clone, Copy)]
pub struct After {
    /// A guard refused the message.
    pub refused: bool,
    /// What the passages gave.
    pub evidence: Evidence,
    /// The intent is answered with guidance when the documents say nothing.
    pub guide: bool,
    /// It was not understood.
    pub unknown: bool,
    /// One more misunderstanding is a person's: there were as many in the conversation before; of a refused message also
    /// that an earlier one was refused. All since a person last took over.
    pub again: bool,
    /// It asks the same again, or says that the answer before missed.
    pub repeats: bool,
    /// The message leans to a learned trigger that did not fire.
    pub leans: bool,
}

/// What becomes of a message that no person took over in step 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The draft is released.
    Answer,
    /// Guidance, a greeting.
    Guide,
    /// A friendly refusal.
    Refuse,
    /// A person takes over for this reason.
    Person(Trigger),
    /// A person takes over, for the reason that the message leans to.
    PersonItLeansTo,
}

/// Step 2. The order is the law: triggers before refusal (a fraud report with an attack in it is a
/// fraud report), refusal before intent, human_only before anything is retrieved.
pub const BEFORE: &[Rule<Before, Routing>] = &[
    Rule { id: "route/trigger-in-the-message", rank: 10, when: |f| f.told, then: Routing::Escalate },
    Rule { id: "route/refused-by-a-guard", rank: 20, when: |f| f.refused, then: Routing::Refuse },
    Rule { id: "route/role-too-low", rank: 30, when: |f| f.role_too_low, then: Routing::Escalate },
    Rule {
        id: "route/human-only",
        rank: 40,
        when: |f| matches!(f.category, Category::HumanOnly),
        then: Routing::Escalate,
    },
    Rule { id: "route/unknown", rank: 50, when: |f| f.unknown, then: Routing::Guide },
    Rule { id: "route/greeting", rank: 50, when: |f| f.greeting, then: Routing::Guide },
    Rule {
        id: "route/answerable",
        rank: 60,
        when: |f| matches!(f.category, Category::Automatable | Category::Sensitive),
        then: Routing::Answer,
    },
];

/// Step 6.
pub const AFTER: &[Rule<After, Verdict>] = &[
    Rule {
        id: "conflicting_evidence/different-figures",
        rank: 10,
        when: |f| f.evidence == Evidence::Conflict,
        then: Verdict::Person(Trigger::ConflictingEvidence),
    },
    Rule {
        id: "repeated_misunderstanding/once-too-often",
        rank: 20,
        when: |f| {
            f.again && (f.refused || f.repeats || (f.guide && f.unknown && f.evidence != Evidence::Sure))
        },
        then: Verdict::Person(Trigger::RepeatedMisunderstanding),
    },
    Rule { id: "answer/refused", rank: 30, when: |f| f.refused, then: Verdict::Refuse },
    Rule {
        id: "answer/sure",
        rank: 40,
        when: |f| f.evidence == Evidence::Sure && !f.refused,
        then: Verdict::Answer,
    },
    // Greetings, small talk and questions outside the scope: guidance instead of a weak answer. What the
    // passages speak of is none of them, however it is worded.
    Rule {
        id: "answer/guide",
        rank: 50,
        when: |f| f.guide && (f.unknown || f.evidence != Evidence::Lacks),
        then: Verdict::Guide,
    },
    // A person takes over in any case; what the message leans to names the better queue.
    Rule { id: "leaning-and-not-sure", rank: 60, when: |f| f.leans, then: Verdict::PersonItLeansTo },
    Rule {
        id: "low_confidence/says-too-little",
        rank: 70,
        when: |f| f.evidence == Evidence::Vague,
        then: Verdict::Person(Trigger::LowConfidence),
    },
    Rule {
        id: "low_confidence/below-threshold",
        rank: 70,
        when: |f| f.evidence == Evidence::Weak,
        then: Verdict::Person(Trigger::LowConfidence),
    },
    Rule {
        id: "insufficient_evidence/no-sentence-answers",
        rank: 70,
        when: |f| matches!(f.evidence, Evidence::None | Evidence::Lacks),
        then: Verdict::Person(Trigger::InsufficientEvidence),
    },
];

/// The route. Where no rule decided a person would take over: `check` shows that there is no such case.
#[must_use]
pub fn route(facts: &Before) -> (Routing, &'static str) {
    table::decide(BEFORE, facts).map_or((Routing::Escalate, "route/undecided"), |rule| (rule.then, rule.id))
}

/// What becomes of the message.
#[must_use]
pub fn close(facts: &After) -> (Verdict, &'static str) {
    let nobody = (Verdict::Person(Trigger::LowConfidence), "low_confidence/undecided");
    table::decide(AFTER, facts).map_or(nobody, |rule| (rule.then, rule.id))
}

/// Walks both tables; at start, since a flaw would decide by accident.
///
/// # Errors
/// The first [`Flaw`], which names the rules.
pub fn check() -> Result<(), Flaw> {
    table::check(BEFORE, every_before())?;
    table::check(AFTER, every_after())
}

const BOTH: [bool; 2] = [false, true];

fn every_before() -> impl Iterator<Item = Before> {
    let flags = BOTH.into_iter().flat_map(|told| BOTH.into_iter().map(move |refused| (told, refused)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |role_too_low| (f, role_too_low)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |unknown| (f, unknown)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |greeting| (f, greeting)));
    flags.flat_map(|((((told, refused), role_too_low), unknown), greeting)| {
        Category::ALL.iter().map(move |category| Before {
            told,
            refused,
            role_too_low,
            category: *category,
            unknown,
            greeting,
        })
    })
}

fn every_after() -> impl Iterator<Item = After> {
    use Evidence::{Conflict, Lacks, None, Sure, Vague, Weak};
    let flags = BOTH.into_iter().flat_map(|refused| BOTH.into_iter().map(move |guide| (refused, guide)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |unknown| (f, unknown)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |again| (f, again)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |repeats| (f, repeats)));
    let flags = flags.flat_map(|f| BOTH.into_iter().map(move |leans| (f, leans)));
    flags.flat_map(|(((((refused, guide), unknown), again), repeats), leans)| {
        [None, Lacks, Vague, Weak, Sure, Conflict].into_iter().map(move |evidence| After {
            refused,
            evidence,
            guide,
            unknown,
            again,
            repeats,
            leans,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole_without_contradiction_and_without_dead_rules() {
        assert_eq!(check(), Ok(()));
        assert_eq!((every_before().count(), every_after().count()), (96, 384));
    }

    #[test]
    fn human_only_a_trigger_and_a_refusal_never_get_as_far_as_retrieval() {
        for facts in every_before() {
            let (routing, rule) = route(&facts);
            assert_ne!(rule, "route/undecided");
            let a_persons = facts.told || facts.role_too_low || facts.category == Category::HumanOnly;
            if a_persons || facts.refused {
                assert!(matches!(routing, Routing::Escalate | Routing::Refuse), "{facts:?}: {routing:?}");
            }
            if facts.told || (a_persons && !facts.refused) {
                assert_eq!(routing, Routing::Escalate, "{facts:?}");
            }
            if routing == Routing::Answer {
                assert!(!facts.unknown && !facts.greeting, "{facts:?}");
            }
        }
    }

    #[test]
    fn only_sure_evidence_is_released_and_never_after_a_refusal() {
        for facts in every_after() {
            let (verdict, rule) = close(&facts);
            assert_ne!(rule, "low_confidence/undecided");
            let released = verdict == Verdict::Answer;
            let missed = facts.again && facts.repeats;
            assert_eq!(released, facts.evidence == Evidence::Sure && !facts.refused && !missed, "{facts:?}");
            if facts.evidence == Evidence::Conflict {
                assert_eq!(verdict, Verdict::Person(Trigger::ConflictingEvidence), "{facts:?}");
            }
            if facts.evidence == Evidence::Lacks && !facts.unknown && !facts.refused {
                assert_ne!(verdict, Verdict::Guide, "{facts:?}");
            }
            // In doubt a person, or guidance where the taxonomy has it.
            if !released && !facts.refused && !facts.guide {
                assert!(
                    matches!(verdict, Verdict::Person(_) | Verdict::PersonItLeansTo),
                    "{facts:?}: {verdict:?}"
                );
            }
        }
    }

    #[test]
    fn a_rule_that_names_a_trigger_carries_its_name_in_its_id() {
        for rule in AFTER {
            if let Verdict::Person(trigger) = rule.then {
                assert!(rule.id.starts_with(&format!("{trigger}/")), "{}", rule.id);
            }
        }
    }
}
