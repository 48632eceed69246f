//! Whether a claim and what carries it hold under the same condition, and affirm or deny alike.

use std::collections::BTreeSet;

use contactiq_nlu::text;

use super::{
    negation::{denials, opposed},
    tie::Claim,
    unit::Unit,
    vocabulary::keys,
};

/// What asserts under a condition holds this share of a claim without its condition.
const ASSERTED: f64 = 0.4;

/// What may be need not be.
const MAY: &[&str] = &["may", "might", "could"];
/// So a claim says that it need not be.
const HEDGES: &[&str] =
    &["may", "might", "could", "can", "possible", "possibly", "sometimes", "allowed", "able", "permitted"];

/// Whether both hold under the same condition, or none, and as surely. `bank` is what the bank is called.
pub(super) fn hold_alike(claim: &Claim, unit: &Unit, bank: &BTreeSet<String>) -> bool {
    let hedged = |said: &str, hedges: &[&str]| text::words(said).iter().any(|w| hedges.contains(&w.as_str()));
    if hedged(&unit.asserts.said, MAY)
        && !hedged(&claim.asserts.said, HEDGES)
        && !claim.asserts.is_imperative()
        && !unit.joined
    {
        return false;
    }
    let condition = &claim.asserts.condition;
    if unit.asserts.condition.is_empty() {
        // An exception that nobody made.
        let all = denials(condition) + denials(&claim.asserts.said);
        return denials(condition) == 0 || all == denials(&unit.asserts.said);
    }
    // What is said of the condition is not asserted.
    let own: Vec<&String> = claim.said.iter().filter(|key| !bank.contains(*key)).collect();
    let asserted = own.iter().filter(|key| unit.said.contains(**key)).count() + claim.quantities.count();
    let all = own.len() + claim.quantities.count();
    if (asserted as f64) < all as f64 * ASSERTED || asserted == 0 {
        return false;
    }
    if condition.is_empty() {
        let expressed = !claim.said.is_disjoint(&unit.condition_keys());
        return expressed || unit.asserts.is_imperative() || unit.asserts.is_wished();
    }
    claim.condition.iter().all(|key| unit.own.contains(key) || bank.contains(key))
}

/// Whether both affirm or deny alike, each with its condition.
pub(super) fn affirm_alike(claim: &Claim, unit: &Unit) -> bool {
    if unit.joined {
        return denials(&claim.asserts.said) == denials(&unit.asserts.said);
    }
    let mixed = unit.row.as_ref().is_some_and(|row| !row.single);
    let said = opposed(&claim.asserts.said, &unit.asserts.said, mixed);
    if said.contrary {
        return false;
    }
    if claim.asserts.condition.is_empty() || unit.conditions.is_empty() {
        return !said.turned;
    }
    let shared = |condition: &String| keys(condition).intersection(&claim.condition).count();
    let most = unit.conditions.iter().map(shared).max().unwrap_or_default();
    unit.conditions.iter().filter(|&condition| shared(condition) == most).any(|condition| {
        let under = opposed(without_reason(&claim.asserts.condition), without_reason(condition), false);
        // "Charged unless" is "waived if".
        let exception = excepts(condition) != excepts(&claim.asserts.condition);
        !under.contrary && said.turned == under.turned && (!said.turned || exception)
    })
}

fn excepts(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    ["unless", "except", "apart from"].iter().any(|word| lower.contains(word))
}

/// A condition without why it comes about: "… returned unpaid because there is no money" denies nothing.
fn without_reason(condition: &str) -> &str {
    condition.split(" because ").next().unwrap_or(condition)
}
