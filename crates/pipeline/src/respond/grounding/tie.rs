//! Each thing that a sentence asserts is tied to one thing that its evidence asserts: the same figures, of the
//! same, as much denied, under the same condition. Words that stand in a passage and belong to other things
//! of it carry nothing together.

use std::collections::BTreeSet;

use super::{
    Evidence, Removed, affairs,
    clause::{Assertion, assertions},
    condition::{affirm_alike, hold_alike},
    negation::{denials, opposed},
    plain::plain,
    quantity::Quantities,
    same::{NOT_TELLING, Pair},
    support::Carried,
    unit::{Unit, units},
    vocabulary::{Word, content, keys},
};

/// What carries a claim holds this share of its words and figures itself; the others stand above it.
const ITSELF: f64 = 0.6;

/// Where the evidence carries what a sentence asserts.
///
/// # Errors
/// Why it doesn't: of several reasons the one of what came nearest.
pub(super) fn tied(claim: &str, evidence: &[Evidence<'_>], bank: &str) -> Result<Vec<Carried>, Removed> {
    let claim = plain(claim);
    let units: Vec<Unit> = evidence.iter().enumerate().flat_map(|(n, e)| units(n, e, &claim)).collect();
    let held = Held { evidence, units: &units, bank, bank_keys: keys(bank) };
    let mut places = Vec::new();
    for asserts in assertions(&claim) {
        let claim = Claim::of(asserts);
        if claim.says_nothing() {
            continue;
        }
        places.push(held.carries(&claim)?);
    }
    Ok(places)
}

/// One thing that a sentence asserts.
pub(super) struct Claim {
    pub(super) asserts: Assertion,
    pub(super) quantities: Quantities,
    pub(super) words: Vec<Word>,
    pub(super) said: BTreeSet<String>,
    pub(super) condition: BTreeSet<String>,
    /// All of its words, and those for what it speaks of.
    pub(super) all: BTreeSet<String>,
}

impl Claim {
    fn of(asserts: Assertion) -> Claim {
        let quantities = Quantities::of(&format!("{} , {}", asserts.said, asserts.condition));
        let words = content(&quantities.words);
        let said = keys(&Quantities::of(&asserts.said).words);
        let condition = keys(&Quantities::of(&asserts.condition).words);
        let all = &(&said | &condition) | &asserts.subject;
        Claim { asserts, quantities, words, said, condition, all }
    }

    fn says_nothing(&self) -> bool {
        self.words.is_empty() && self.quantities.count() == 0 && !self.denies()
    }

    pub(super) fn denies(&self) -> bool {
        denials(&self.asserts.said) % 2 == 1
    }

    /// Whether it only denies, of something that was named before: "It is free."
    pub(super) fn only_denies(&self) -> bool {
        self.denies() && self.asserts.subject.is_empty() && self.said.len() < 2 && self.quantities.is_empty()
    }
}

/// What a claim is held against.
struct Held<'a> {
    evidence: &'a [Evidence<'a>],
    units: &'a [Unit],
    bank: &'a str,
    bank_keys: BTreeSet<String>,
}

impl Held<'_> {
    /// The place that carries a claim.
    fn carries(&self, claim: &Claim) -> Result<Carried, Removed> {
        if claim.only_denies() && self.units.iter().any(|unit| denied_by(claim, unit)) {
            return Err(Removed::Negation);
        }
        let mut nearest = (0, Removed::Unsupported);
        for unit in self.units {
            match self.against(claim, unit) {
                Ok(()) if self.is_said_otherwise(claim, unit) => nearest = (u8::MAX, Removed::Figure),
                Ok(()) => return Ok(unit.at),
                Err(why) if why.0 > nearest.0 => nearest = why,
                Err(_) => {}
            }
        }
        Err(nearest.1)
    }

    /// Whether another unit speaks of nothing but what a claim speaks of, and has another figure, where this one
    /// speaks of something narrower (a senior teller, complaints about hardship) or of less.
    fn is_said_otherwise(&self, claim: &Claim, unit: &Unit) -> bool {
        let spoken = |key: &String| {
            claim.all.contains(key) || self.bank_keys.contains(key) || NOT_TELLING.contains(&key.as_str())
        };
        let says_all =
            |unit: &Unit| claim.all.iter().all(|key| unit.own.contains(key) || self.bank_keys.contains(key));
        let is_narrower = !unit.asserts.subject.iter().all(spoken);
        if claim.quantities.count() == 0 || says_all(unit) && !is_narrower {
            return false;
        }
        self.units.iter().any(|other| {
            let same = other.asserts.condition.is_empty() == unit.asserts.condition.is_empty();
            other.asserts.each.iter().any(|one| one.iter().all(spoken))
                && says_all(other)
                && same
                && other.quantities.is_of_a_kind(&claim.quantities)
                && matches!(self.against(claim, other), Err((3, _)))
        })
    }

    /// Whether a unit carries a claim; else how far it came, and why no farther.
    fn against(&self, claim: &Claim, unit: &Unit) -> Result<(), (u8, Removed)> {
        let stands = |key: &String| {
            let other = match key.as_str() {
                // Who pays an amount is charged it.
                "pay" if !claim.asserts.subject.contains(key) => {
                    unit.own.contains("fee") || unit.quantities.has_money()
                }
                "minimum" => unit.quantities.is_at_least(),
                "limit" => unit.quantities.is_at_most(),
                _ => false,
            };
            other || unit.own.contains(key) || self.bank_keys.contains(key)
        };
        // What a claim speaks of may stand above the evidence; what it says of it does not.
        let above = |key: &String| {
            unit.place.contains(key) && (claim.asserts.subject.contains(key) || claim.condition.contains(key))
        };
        if !claim.said.iter().chain(&claim.condition).all(|key| stands(key) || above(key)) {
            return Err((1, Removed::Unsupported));
        }
        let keys = &claim.said | &claim.condition;
        let count = claim.quantities.count();
        let hits = keys.iter().filter(|key| stands(key)).count() + count;
        if (hits as f64) < (keys.len() + count) as f64 * ITSELF {
            return Err((2, Removed::Unsupported));
        }
        let evidence = &self.evidence[unit.at.passage];
        if is_crowded(claim, unit)
            || !claim.quantities.stand_in(&unit.quantities, &evidence.place, evidence.text)
        {
            return Err((3, Removed::Figure));
        }
        let pair = Pair { claim, unit, bank: &self.bank_keys, place: &evidence.place };
        if pair.speak_of_different_things() || pair.is_called_otherwise() {
            return Err((4, Removed::Unsupported));
        }
        if !hold_alike(claim, unit, &self.bank_keys) {
            return Err((5, Removed::Condition));
        }
        if !affirm_alike(claim, unit) || pair.leaves_out_whose() {
            return Err((6, Removed::Negation));
        }
        // What a row is called is a case, and nothing that happened.
        let told = if unit.is_row() { "" } else { unit.asserts.said.as_str() };
        if affairs::invented(&claim.asserts.said, told, self.bank) {
            return Err((7, Removed::Personal));
        }
        Ok(())
    }
}

/// Whether a unit has figures of which a claim doesn't say whose they are.
fn is_crowded(claim: &Claim, unit: &Unit) -> bool {
    let (figures, claimed) = (unit.quantities.measured(), claim.quantities.measured());
    let count = claim.quantities.count();
    let row = unit.row.as_ref();
    unit.joined && figures > 1 && claimed > 0 && claimed < figures
        || count > 0 && row.is_some_and(|row| row.confused || row.crowded > 1 && count < row.crowded)
}

/// Whether the evidence says without a condition the contrary of what a claim denies of something unnamed.
fn denied_by(claim: &Claim, unit: &Unit) -> bool {
    let same = claim.said.is_subset(&unit.said);
    same && unit.asserts.condition.is_empty()
        && opposed(&claim.asserts.said, &unit.asserts.said, unit.is_row()).turned
}

#[cfg(test)]
mod tests;
