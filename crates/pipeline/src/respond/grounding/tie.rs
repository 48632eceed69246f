//! Each thing that a sentence asserts is tied to one thing that its evidence asserts: the same figures, of the
//! same, as much denied, under the same condition. Words that stand in a passage and belong to other things
//! of it carry nothing together.

use std::collections::BTreeSet;

use super::{
    Evidence, Removed, affairs,
    clause::{Assertion, assertions},
    negation::{denials, opposed},
    plain::plain,
    quantity::Quantities,
    support::Carried,
    unit::{Unit, units},
    vocabulary::{Name, Word, content, keys, names},
};

/// What carries a claim holds this share of its words and figures itself; the others stand beside it.
const ITSELF: f64 = 0.6;
/// What asserts under a condition holds this share of a claim without its condition.
const ASSERTED: f64 = 0.4;
/// Words before another one that tell which it is.
const TELLING: usize = 2;
/// Words that tell nothing apart.
const NOT_TELLING: &[&str] = &["plastic", "physic", "actual", "fee"];
/// Keys of words of which one is never said for the other.
const OPPOSITES: &[(&str, &str)] = &[
    ("send", "arriv"),
    ("debit", "credit"),
    ("fix", "variabl"),
    ("buy", "sell"),
    ("deposit", "withdraw"),
    ("open", "close"),
    ("lock", "unlock"),
    ("metropolitan", "region"),
    ("lose", "find"),
    ("join", "leav"),
    ("person", "busi"),
];
/// Words that limit what is said.
const LIMITING: &[&str] = &["first", "second", "third", "later", "next", "last", "initi", "new", "onli"];
/// A claim that stands on a row has this share of what the row is called.
const OF_ITS_NAME: f64 = 0.5;

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
struct Claim {
    asserts: Assertion,
    quantities: Quantities,
    words: Vec<Word>,
    said: BTreeSet<String>,
    condition: BTreeSet<String>,
    /// All of its words, and those for what it speaks of.
    all: BTreeSet<String>,
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

    fn denies(&self) -> bool {
        denials(&self.asserts.said) % 2 == 1
    }

    /// Whether it only denies, of something that was named before: "It is free."
    fn only_denies(&self) -> bool {
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
                Ok(()) => return Ok(unit.at),
                Err(why) if why.0 > nearest.0 => nearest = why,
                Err(_) => {}
            }
        }
        Err(nearest.1)
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
        // Of several things at once nobody says whose a figure is.
        let (figures, claimed) = (unit.quantities.measured(), claim.quantities.measured());
        if unit.joined && figures > 1 && claimed > 0 && claimed < figures {
            return Err((3, Removed::Figure));
        }
        let confused = count > 0
            && unit.row.as_ref().is_some_and(|row| row.confused || row.crowded > 1 && count < row.crowded);
        if confused || !claim.quantities.stand_in(&unit.quantities, &evidence.place, evidence.text) {
            return Err((3, Removed::Figure));
        }
        if self.speaks_of_another(claim, unit) || self.is_called_otherwise(claim, unit) {
            return Err((4, Removed::Unsupported));
        }
        if !self.holds_alike(claim, unit) {
            return Err((5, Removed::Condition));
        }
        if !affirms_alike(claim, unit) || self.leaves_out_whose(claim, unit) {
            return Err((6, Removed::Negation));
        }
        // What a row is called is a case, and nothing that happened.
        let told = if unit.is_row() { "" } else { unit.asserts.said.as_str() };
        if affairs::invented(&claim.asserts.said, told, self.bank) {
            return Err((7, Removed::Personal));
        }
        Ok(())
    }

    /// Whether a claim has a part of a name that the unit has whole, and not the whole ("Everyday Account" for
    /// "Everyday Gold Account"), a name that stands nowhere in a row, words in quotation marks that are not
    /// quoted, or hardly a word of what a row is called.
    fn is_called_otherwise(&self, claim: &Claim, unit: &Unit) -> bool {
        let part = |name: &Name| {
            runs(&claim.words, &name.keys).any(|part| {
                part.len() > 1
                    && part.len() < name.keys.len()
                    && !unit.names.iter().any(|other| other.keys == part)
            })
        };
        let text = format!("{} {}", unit.asserts.said, unit.asserts.condition);
        let place = self.evidence[unit.at.passage].place.as_str();
        let own = [content(&unit.quantities.words), content(place)];
        let stands = |keys: &[String]| own.iter().any(|words| in_a_row(words, keys));
        let unknown = |name: &Name| {
            let keys: Vec<String> =
                name.keys.iter().filter(|key| !self.bank_keys.contains(*key)).cloned().collect();
            let opening = name.opening.as_ref().is_some_and(|word| !text.contains(&format!(" {word}")));
            keys.len() > 1 && !stands(&keys) && !(opening && (keys.len() == 2 || stands(&keys[1..])))
        };
        let (lower, place) = (text.to_lowercase(), place.to_lowercase());
        let quoted = quotations(&claim.asserts.said).into_iter().map(|said| said.to_lowercase());
        let misquoted = quoted.filter(|said| !lower.contains(said) && !place.contains(said)).count() > 0;
        if misquoted || unit.names.iter().any(part) || names(&claim.asserts.said).iter().any(unknown) {
            return true;
        }
        let Some(row) = &unit.row else { return false };
        let own = |key: &&String| !self.bank_keys.contains(*key);
        let called = row.label_keys.iter().filter(own).count();
        let said = row.label_keys.iter().filter(own).filter(|key| claim.all.contains(*key)).count();
        (said as f64) < called as f64 * OF_ITS_NAME || !row.label.stand_in(&claim.quantities, "", "")
    }

    /// Whether a unit speaks of another thing: it has words for its subject, or before a word of the claim,
    /// that the claim hasn't, and the claim has others in their place.
    fn speaks_of_another(&self, claim: &Claim, unit: &Unit) -> bool {
        let tells = |key: &&String| !self.bank_keys.contains(*key) && !NOT_TELLING.contains(&key.as_str());
        let lacks = |key: &&String| !unit.own.contains(*key) && tells(key);
        let drops = |key: &&String| !claim.all.contains(*key) && tells(key);
        let speaks_of =
            |key: &&String| if unit.is_row() { !lacks(key) } else { unit.asserts.subject.contains(*key) };
        if claim.asserts.subject.iter().any(|key| tells(&key) && !speaks_of(&key))
            && unit.asserts.subject.iter().any(|key| drops(&key))
        {
            return true;
        }
        let opposite = |(a, b): &(&str, &str)| {
            let turned = |a: &str, b: &str| {
                claim.all.contains(a)
                    && !unit.own.contains(a)
                    && unit.own.contains(b)
                    && !claim.all.contains(b)
            };
            turned(a, b) || turned(b, a)
        };
        if OPPOSITES.iter().any(opposite) {
            return true;
        }
        // "Delivery of a card" is no card.
        let head = &unit.asserts.head;
        if !unit.is_row()
            && !claim.asserts.leans
            && head.iter().any(|key| tells(&key))
            && claim.all.iter().any(|key| tells(&key))
            && head.iter().filter(tells).all(|key| !claim.all.contains(key))
        {
            return true;
        }
        let own = content(&unit.quantities.words);
        claim.words.iter().enumerate().any(|(at, head)| {
            let others = telling(&claim.words, at).any(|word| lacks(&&word.key));
            let mut same = own.iter().enumerate().filter(|(_, word)| word.key == head.key).peekable();
            others
                && same.peek().is_some()
                && same.all(|(at, _)| telling(&own, at).any(|word| drops(&&word.key)))
        })
    }

    /// Whether a claim denies of all what the evidence denies of some: "free" for holders of one account, "free"
    /// twice a month.
    fn leaves_out_whose(&self, claim: &Claim, unit: &Unit) -> bool {
        // "The $4 fee is waived": which one, its figure says; and of "it" was spoken before.
        if !claim.denies() || claim.quantities.count() > 0 || claim.only_denies() {
            return false;
        }
        // Of several cells one says "free", and others an amount.
        if unit.is_row() {
            return unit.quantities.has_money();
        }
        let known = |key: &String| {
            claim.all.contains(key) || self.bank_keys.contains(key) || unit.place.contains(key)
        };
        let subject = &unit.asserts.subject;
        let spoken_of = claim.asserts.leans
            || unit.asserts.each.iter().any(|one| one.iter().all(known))
            || subject.is_empty();
        // Of "on one or on another" each is said.
        let first = keys(unit.asserts.said.split(" or ").next().unwrap_or_default());
        let rest: Vec<&String> = first.iter().filter(|key| !subject.contains(*key) && !known(key)).collect();
        let limited = rest.iter().any(|key| LIMITING.contains(&key.as_str()));
        !spoken_of || limited || rest.len() > 1 || unit.quantities.count() > 0
    }

    /// Whether both hold under the same condition, or none.
    fn holds_alike(&self, claim: &Claim, unit: &Unit) -> bool {
        let unconditional = unit.asserts.condition.is_empty();
        let conditions = &claim.asserts.condition;
        if unconditional {
            // An exception that nobody made.
            let all = denials(conditions) + denials(&claim.asserts.said);
            return conditions.is_empty() || denials(conditions) == 0 || all == denials(&unit.asserts.said);
        }
        // What is said of the condition is not asserted.
        let own: Vec<&String> = claim.said.iter().filter(|key| !self.bank_keys.contains(*key)).collect();
        let asserted = own.iter().filter(|key| unit.said.contains(**key)).count() + claim.quantities.count();
        let all = own.len() + claim.quantities.count();
        if (asserted as f64) < all as f64 * ASSERTED || asserted == 0 {
            return false;
        }
        if conditions.is_empty() {
            let expressed = !claim.said.is_disjoint(&unit.condition_keys());
            return expressed || unit.asserts.is_imperative() || unit.asserts.is_wished();
        }
        let own = |key: &String| unit.own.contains(key) || self.bank_keys.contains(key);
        claim.condition.iter().all(own)
    }
}

/// The words that tell which thing the word at this place is.
fn telling(words: &[Word], at: usize) -> impl Iterator<Item = &Word> {
    let run = words[at].run;
    words[at.saturating_sub(TELLING)..at].iter().filter(move |word| word.run == run)
}

/// The words of a name that a claim has in a row, in their order.
fn runs<'a>(words: &'a [Word], name: &'a [String]) -> impl Iterator<Item = Vec<String>> + 'a {
    let follows = |a: &Word, b: &Word| {
        let at = |word: &Word| name.iter().position(|own| *own == word.key);
        a.run == b.run && matches!((at(a), at(b)), (Some(a), Some(b)) if a < b)
    };
    words.chunk_by(follows).map(|run| run.iter().map(|word| word.key.clone()).collect())
}

/// Whether words stand here one behind the other.
fn in_a_row(words: &[Word], keys: &[String]) -> bool {
    words.windows(keys.len()).any(|window| window.iter().map(|w| &w.key).eq(keys))
}

/// What stands between quotation marks.
fn quotations(said: &str) -> Vec<&str> {
    said.split(['"', '\u{201c}', '\u{201d}'])
        .skip(1)
        .step_by(2)
        .map(|quoted| quoted.trim_matches(['.', ',', ' ']))
        .collect()
}

/// A condition without why it comes about: "… returned unpaid because there is no money" denies nothing.
fn without_reason(condition: &str) -> &str {
    condition.split(" because ").next().unwrap_or(condition)
}

/// Whether the evidence says without a condition the contrary of what a claim denies of something unnamed.
fn denied_by(claim: &Claim, unit: &Unit) -> bool {
    let same = claim.said.is_subset(&unit.said);
    same && unit.asserts.condition.is_empty()
        && opposed(&claim.asserts.said, &unit.asserts.said, unit.is_row()).turned
}

/// Whether a claim and a unit affirm or deny alike, each with its condition.
fn affirms_alike(claim: &Claim, unit: &Unit) -> bool {
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
        let excepts = |condition: &str| {
            let lower = condition.to_lowercase();
            ["unless", "except", "apart from"].iter().any(|word| lower.contains(word))
        };
        let exception = excepts(condition) != excepts(&claim.asserts.condition);
        !under.contrary && said.turned == under.turned && (!said.turned || exception)
    })
}

#[cfg(test)]
mod tests;
