//! What evidence asserts, one thing each, as a claim is held against it: a clause of a sentence, an item with
//! what introduces its list, a row with the names of its columns.

use std::collections::BTreeSet;

use contactiq_nlu::index::{Sentence, lead_in};

use super::{
    Evidence,
    cells::Held,
    clause::{Assertion, assertions, is_open, unmarked, without_opening},
    negation::denials,
    quantity::Quantities,
    support::Carried,
    vocabulary::{Name, keys, names},
};
use crate::respond::order;

/// One thing that evidence asserts.
pub(super) struct Unit {
    /// Where it stands.
    pub(super) at: Carried,
    pub(super) asserts: Assertion,
    /// Several things at once: whether they affirm or deny is said of each alone.
    pub(super) joined: bool,
    /// The items under a condition, each alone; else the condition.
    pub(super) conditions: Vec<String>,
    /// Its words, those of its condition, and those for what it speaks of.
    pub(super) own: BTreeSet<String>,
    /// The same without those of its condition.
    pub(super) said: BTreeSet<String>,
    /// What stands above it.
    pub(super) place: BTreeSet<String>,
    /// The names in it.
    pub(super) names: Vec<Name>,
    /// The row that it is.
    pub(super) row: Option<Held>,
    pub(super) quantities: Quantities,
}

/// Where a unit stands, and among what.
#[derive(Clone, Copy)]
struct Here<'a> {
    at: Carried,
    place: &'a BTreeSet<String>,
}

impl Unit {
    fn of(here: Here<'_>, asserts: Assertion) -> Unit {
        let conditions: Vec<String> =
            std::iter::once(asserts.condition.clone()).filter(|c| !c.is_empty()).collect();
        let text = format!("{} {}", asserts.said, asserts.condition);
        Unit::with(here, asserts, conditions, &text)
    }

    fn with(here: Here<'_>, asserts: Assertion, conditions: Vec<String>, text: &str) -> Unit {
        let quantities = Quantities::of(text);
        let said: BTreeSet<String> = &keys(&Quantities::of(&asserts.said).words) | &asserts.subject;
        let own = &keys(&quantities.words) | &said;
        Unit {
            at: here.at,
            asserts,
            joined: false,
            conditions,
            own,
            said,
            place: here.place.clone(),
            names: names(text),
            row: None,
            quantities,
        }
    }

    /// Whether it is a row of a table.
    pub(super) fn is_row(&self) -> bool {
        self.row.is_some()
    }

    /// The words of its condition that it says nowhere else.
    pub(super) fn condition_keys(&self) -> BTreeSet<String> {
        self.own.difference(&self.said).cloned().collect()
    }
}

/// Every unit of a piece of evidence. `claim` names the columns of rows, where it names some.
pub(super) fn units(number: usize, evidence: &Evidence<'_>, claim: &str) -> Vec<Unit> {
    let all = evidence.sentences;
    let given: Vec<bool> = all.iter().map(|s| evidence.text.contains(s.text.as_str())).collect();
    let place = keys(&evidence.place);
    let mut units = Vec::new();
    for (at, sentence) in all.iter().enumerate().filter(|(at, _)| given[*at]) {
        let at = Carried { passage: number, sentence: at };
        if sentence.is_row {
            let row = Held::of(&sentence.text, claim);
            let (said, subject) = (row.text.clone(), row.label_keys.clone());
            let asserts = Assertion { said, subject, ..Assertion::default() };
            let here = Here { at, place: &place };
            let unit = Unit::with(here, asserts, Vec::new(), &row.text);
            units.push(Unit { row: Some(row), ..unit });
            continue;
        }
        // What introduces conditions says nothing without them.
        if is_open(&sentence.text) {
            continue;
        }
        let here = Here { at, place: &place };
        match lead_in(all, at.sentence).filter(|lead| given[*lead]) {
            Some(lead) => units.extend(item(here, &all[lead].text, &sentence.text)),
            None => units.extend(prose(here, all, &given)),
        }
    }
    units.extend(lists(number, all, &given, &place));
    units
}

/// The clauses of a sentence, and those together that speak of one thing.
fn prose(here: Here<'_>, all: &[Sentence], given: &[bool]) -> Vec<Unit> {
    let mut own = assertions(&all[here.at.sentence].text);
    // "It arrives in 4 days": of what, was said before.
    let before = order::antecedents(all, here.at.sentence);
    let named = before.iter().filter(|at| given[**at]);
    let named =
        named.filter_map(|at| assertions(&all[*at].text).into_iter().find(|a| !a.subject.is_empty())).next();
    if let Some(first) = own.first_mut().filter(|first| first.subject.is_empty()) {
        first.takes_subject_of(named.as_ref());
    }
    for at in 1..own.len() {
        let (before, rest) = own.split_at_mut(at);
        if rest[0].subject.is_empty() && rest[0].leans {
            rest[0].takes_subject_of(before.last());
        }
    }
    let same = |a: &Assertion, b: &Assertion| a.subject == b.subject && a.condition == b.condition;
    let mut units: Vec<Unit> = Vec::new();
    for run in own.chunk_by(same).filter(|run| run.len() > 1) {
        let said: Vec<&str> = run.iter().map(|a| a.said.as_str()).collect();
        let joined = Assertion { said: said.join(", "), ..run[0].clone() };
        units.push(Unit { joined: true, ..Unit::of(here, joined) });
    }
    units.extend(pairs(here, &own, all, given));
    units.extend(own.into_iter().map(|asserts| Unit::of(here, asserts)));
    units
}

/// What a sentence asserts together with the next one, where both speak of the same.
fn pairs(here: Here<'_>, own: &[Assertion], all: &[Sentence], given: &[bool]) -> Vec<Unit> {
    let next = here.at.sentence + 1;
    let Some(next) = all.get(next).filter(|s| given[next] && !(s.is_row || s.is_item || s.is_step)) else {
        return Vec::new();
    };
    let next = assertions(&next.text);
    let (Some(a), Some(b)) = (own.last(), next.first()) else { return Vec::new() };
    let names = |a: &Assertion, b: &Assertion| b.subject.is_empty() && a.subject.is_subset(&keys(&b.said));
    let same = a.subject == b.subject || names(a, b) || names(b, a);
    if !same
        || a.subject.is_empty() && b.subject.is_empty()
        || !(a.condition.is_empty() && b.condition.is_empty())
    {
        return Vec::new();
    }
    let said = format!("{}, {}", a.said.trim_end_matches(['.', ' ']), b.said);
    let subject = if a.subject.is_empty() { b } else { a };
    vec![Unit { joined: true, ..Unit::of(here, Assertion { said, ..subject.clone() }) }]
}

/// An item, with what introduces its list.
fn item(here: Here<'_>, lead: &str, item: &str) -> Vec<Unit> {
    let item = unmarked(item);
    if is_open(lead) {
        return assertions(without_opening(lead))
            .into_iter()
            .map(|asserts| Unit::of(here, Assertion { condition: format!("when {item}"), ..asserts }))
            .collect();
    }
    let place = here.place | &keys(lead);
    let here = Here { place: &place, ..here };
    let mut units: Vec<Unit> = assertions(item).into_iter().map(|a| Unit::of(here, a)).collect();
    let whole = format!("{} {item}", lead.trim_end().trim_end_matches(':'));
    units.extend(
        assertions(&whole).into_iter().map(|asserts| Unit { joined: true, ..Unit::of(here, asserts) }),
    );
    units
}

/// Lists as a whole, with what introduces them.
fn lists(number: usize, all: &[Sentence], given: &[bool], place: &BTreeSet<String>) -> Vec<Unit> {
    let is_item = |at: usize| given[at] && (all[at].is_item || all[at].is_step);
    let mut units = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let from = at;
        while at < all.len() && is_item(at) {
            at += 1;
        }
        if at == from {
            at += 1;
            continue;
        }
        let items: Vec<&str> = (from..at).map(|i| unmarked(&all[i].text)).collect();
        let lead = lead_in(all, from).filter(|lead| given[*lead]);
        let words = lead.map_or("", |lead| all[lead].text.as_str());
        let place = place | &keys(words);
        let stands = Carried { passage: number, sentence: lead.unwrap_or(from) };
        let here = Here { at: stands, place: &place };
        if is_open(words) {
            let text = format!("{words} {}", items.join("; "));
            for asserts in assertions(without_opening(words)) {
                let asserts = Assertion { condition: format!("when {}", items.join(" or ")), ..asserts };
                let conditions = items.iter().map(|i| format!("when {i}")).collect();
                units.push(Unit::with(here, asserts, conditions, &text));
            }
        } else {
            // What holds under a condition, or is denied, is said by its item alone.
            let plain = items.iter().flat_map(|item| assertions(item));
            let plain = plain.filter(|a| a.condition.is_empty() && denials(&a.said) == 0).map(|a| a.said);
            let text = format!("{words} {}", plain.collect::<Vec<String>>().join("; "));
            let asserts = Assertion { said: text.clone(), ..Assertion::default() };
            units.push(Unit { joined: true, ..Unit::with(here, asserts, Vec::new(), &text) });
        }
    }
    units
}
