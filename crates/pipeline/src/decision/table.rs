//! A decision table: rules over a finite space of facts, small enough to be walked whole.

use std::fmt::Debug;

/// One rule. Of the rules that hold, the one with the lowest rank decides.
#[derive(Debug, Clone, Copy)]
pub struct Rule<F: 'static, V: 'static> {
    /// Stands in the record.
    pub id: &'static str,
    /// Lower goes first; two rules that can hold together need different ranks, or the same verdict.
    pub rank: u8,
    /// When it holds.
    pub when: fn(&F) -> bool,
    /// What is then done.
    pub then: V,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// No rule holds: the case would be decided by accident.
    #[error("no rule decides {facts}")]
    Undecided {
        /// The case.
        facts: String,
    },
    /// Two rules of one rank hold and want different things.
    #[error("the rules `{one}` and `{other}` have one rank and contradict each other for {facts}")]
    Conflict {
        /// A rule.
        one: &'static str,
        /// Another.
        other: &'static str,
        /// A case of it.
        facts: String,
    },
    /// Others decide wherever it holds.
    #[error("the rule `{id}` can never decide")]
    Unreachable {
        /// The rule.
        id: &'static str,
    },
    /// Records could not tell the two apart.
    #[error("the rule id `{id}` stands twice")]
    Twice {
        /// The id.
        id: &'static str,
    },
}

/// The rule that decides, if one does.
pub(crate) fn decide<'a, F, V>(rules: &'a [Rule<F, V>], facts: &F) -> Option<&'a Rule<F, V>> {
    rules.iter().filter(|rule| (rule.when)(facts)).min_by_key(|rule| rule.rank)
}

/// Walks every case: one rule decides each, none contradicts another, each decides somewhere.
///
/// # Errors
/// The first flaw, in the order in which the cases come.
pub(crate) fn check<F: Debug, V: PartialEq>(
    rules: &[Rule<F, V>],
    cases: impl Iterator<Item = F>,
) -> Result<(), Flaw> {
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| other.id == rule.id) {
            return Err(Flaw::Twice { id: rule.id });
        }
    }
    let mut decides = vec![false; rules.len()];
    for facts in cases {
        let holding = || rules.iter().enumerate().filter(|(_, rule)| (rule.when)(&facts));
        let Some((number, first)) = holding().min_by_key(|(_, rule)| rule.rank) else {
            return Err(Flaw::Undecided { facts: format!("{facts:?}") });
        };
        if let Some((_, other)) = holding().find(|(_, r)| r.rank == first.rank && r.then != first.then) {
            return Err(Flaw::Conflict { one: first.id, other: other.id, facts: format!("{facts:?}") });
        }
        decides[number] = true;
    }
    match rules.iter().zip(decides).find(|(_, decides)| !decides) {
        Some((rule, _)) => Err(Flaw::Unreachable { id: rule.id }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Rule<u8, char> = Rule { id: "even", rank: 1, when: |n| n.is_multiple_of(2), then: 'e' };
    const ODD: Rule<u8, char> = Rule { id: "odd", rank: 1, when: |n| !n.is_multiple_of(2), then: 'o' };
    const BIG: Rule<u8, char> = Rule { id: "big", rank: 1, when: |n| *n > 8, then: 'b' };
    const FIRST: Rule<u8, char> = Rule { id: "first", rank: 0, when: |_| true, then: 'f' };

    fn walked(rules: &[Rule<u8, char>]) -> Result<(), Flaw> {
        check(rules, 0..10)
    }

    #[test]
    fn a_sound_table_passes_and_the_lowest_rank_decides() {
        assert_eq!(walked(&[EVEN, ODD]), Ok(()));
        assert_eq!(decide(&[EVEN, FIRST], &2).map(|rule| rule.id), Some("first"));
        assert!(decide(&[EVEN], &3).is_none());
    }

    #[test]
    fn each_flaw_is_found() {
        assert_eq!(walked(&[EVEN]), Err(Flaw::Undecided { facts: "1".to_owned() }));
        let contradicts = Flaw::Conflict { one: "odd", other: "big", facts: "9".to_owned() };
        assert_eq!(walked(&[EVEN, ODD, BIG]), Err(contradicts));
        assert_eq!(walked(&[EVEN, ODD, FIRST]), Err(Flaw::Unreachable { id: "even" }));
        assert_eq!(walked(&[EVEN, ODD, ODD]), Err(Flaw::Twice { id: "odd" }));
        // The same verdict of two rules is no contradiction.
        let also = Rule { id: "also", rank: 1, when: |n: &u8| *n == 1, then: 'o' };
        assert_eq!(walked(&[EVEN, ODD, also]), Err(Flaw::Unreachable { id: "also" }));
    }
}
