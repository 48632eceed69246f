//! Whether a claim and what carries it speak of the same thing: one card and not another one, the whole name,
//! all that the evidence speaks of where something is denied.

use std::collections::BTreeSet;

use super::{
    tie::Claim,
    unit::Unit,
    vocabulary::{Name, Word, content, keys, names},
};

/// Words before another one that tell which it is.
const TELLING: usize = 2;
/// Words that tell nothing apart.
pub(super) const NOT_TELLING: &[&str] = &["plastic", "physic", "actual", "standard", "fee"];
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
    ("fee", "rate"),
];
/// Words that limit what is said.
const LIMITING: &[&str] = &[
    "first",
    "second",
    "third",
    "later",
    "next",
    "last",
    "initi",
    "new",
    "onli",
    "larger",
    "smaller",
    "longer",
    "shorter",
    "addit",
    "further",
    "extra",
    "separ",
    "temporari",
    "emerg",
];
/// A claim has this share of what a row is called, and a unit of what a claim speaks of.
const OF_ITS_NAME: f64 = 0.5;

/// A claim and what may carry it.
pub(super) struct Pair<'a> {
    pub(super) claim: &'a Claim,
    pub(super) unit: &'a Unit,
    /// What the bank is called: words that need no evidence.
    pub(super) bank: &'a BTreeSet<String>,
    /// What stands above the unit.
    pub(super) place: &'a str,
}

impl Pair<'_> {
    fn tells(&self, key: &str) -> bool {
        !self.bank.contains(key) && !NOT_TELLING.contains(&key)
    }

    /// A word of the claim that the unit doesn't have.
    fn lacks(&self, key: &str) -> bool {
        self.tells(key) && !self.unit.own.contains(key)
    }

    /// A word of the unit that the claim doesn't have.
    fn drops(&self, key: &str) -> bool {
        self.tells(key) && !self.claim.all.contains(key)
    }

    /// Whether the unit has words for its subject, or before a word of the claim, that the claim hasn't, and the
    /// claim has others in their place.
    pub(super) fn speak_of_different_things(&self) -> bool {
        let (claim, unit) = (self.claim, self.unit);
        let limited = |key: &String| LIMITING.contains(&key.as_str()) && self.drops(key);
        self.have_other_subjects()
            || unit.asserts.subject.iter().any(limited)
            || unit.asserts.measure.iter().any(|key| self.drops(key))
            || self.have_other_heads()
            || OPPOSITES.iter().any(|(a, b)| self.has_instead(a, b) || self.has_instead(b, a))
            || self.are_told_apart(&claim.words, &content(&unit.quantities.words))
    }

    fn have_other_subjects(&self) -> bool {
        let (claim, unit) = (&self.claim.asserts.subject, &self.unit.asserts.subject);
        let other = |key: &String| {
            self.tells(key) && if self.unit.is_row() { self.lacks(key) } else { !unit.contains(key) }
        };
        // Where a word of it stands nowhere in the unit, each word for the subject counts.
        let foreign = !self.unit.is_row() && claim.iter().any(|key| self.lacks(key));
        let dropped = |key: &String| self.drops(key) || foreign && self.tells(key) && !claim.contains(key);
        claim.iter().any(other) && unit.iter().any(dropped)
    }

    /// "Delivery of a card" is no card: what stands before "of" is spoken of.
    fn have_other_heads(&self) -> bool {
        let (claim, unit) = (self.claim, self.unit);
        let named = &claim.asserts.head;
        let known = named.iter().filter(|key| !self.lacks(key) || unit.place.contains(*key)).count();
        if (known as f64) < named.len() as f64 * OF_ITS_NAME {
            return true;
        }
        let mut head = unit.asserts.head.iter().filter(|key| self.tells(key)).peekable();
        !unit.is_row()
            && !claim.asserts.leans
            && claim.all.iter().any(|key| self.tells(key))
            && head.peek().is_some()
            && head.all(|key| !claim.all.contains(key))
    }

    fn has_instead(&self, own: &str, other: &str) -> bool {
        let (claim, unit) = (&self.claim.all, &self.unit.own);
        claim.contains(own) && !unit.contains(own) && unit.contains(other) && !claim.contains(other)
    }

    /// Whether a word that both have is another thing in each: a debit card, a credit card.
    fn are_told_apart(&self, claim: &[Word], unit: &[Word]) -> bool {
        claim.iter().enumerate().any(|(at, head)| {
            let others = telling(claim, at).any(|word| self.lacks(&word.key));
            let mut same = unit.iter().enumerate().filter(|(_, word)| word.key == head.key).peekable();
            others
                && same.peek().is_some()
                && same.all(|(at, _)| telling(unit, at).any(|word| self.drops(&word.key)))
        })
    }

    /// Whether the claim has a part of a name that the unit has whole, and not the whole ("Everyday Account" for
    /// "Everyday Gold Account"), a name that stands nowhere in a row, words in quotation marks that are not
    /// quoted, or hardly a word of what a row is called.
    pub(super) fn is_called_otherwise(&self) -> bool {
        let (claim, unit) = (self.claim, self.unit);
        let part = |name: &Name| {
            let is_part = |part: &Vec<String>| part.len() > 1 && part.len() < name.keys.len();
            let known = |part: &Vec<String>| unit.names.iter().any(|other| other.keys == *part);
            runs(&claim.words, &name.keys).any(|part| is_part(&part) && !known(&part))
        };
        let text = format!("{} {}", unit.asserts.said, unit.asserts.condition);
        let own = [content(&unit.quantities.words), content(self.place)];
        let stands = |keys: &[String]| own.iter().any(|words| in_a_row(words, keys));
        let unknown = |name: &Name| {
            let keys: Vec<String> =
                name.keys.iter().filter(|key| !self.bank.contains(*key)).cloned().collect();
            // The first word of a sentence has its capital from there.
            let opening = name.opening.as_ref().is_some_and(|word| !text.contains(&format!(" {word}")));
            keys.len() > 1 && !stands(&keys) && !(opening && (keys.len() == 2 || stands(&keys[1..])))
        };
        let (lower, place) = (text.to_lowercase(), self.place.to_lowercase());
        let misquoted = quotations(&claim.asserts.said).iter().any(|said| {
            let said = said.to_lowercase();
            !lower.contains(&said) && !place.contains(&said)
        });
        misquoted
            || unit.names.iter().any(part)
            || names(&claim.asserts.said).iter().any(unknown)
            || self.is_another_row()
    }

    fn is_another_row(&self) -> bool {
        let Some(row) = &self.unit.row else { return false };
        let called: Vec<&String> = row.label_keys.iter().filter(|key| !self.bank.contains(*key)).collect();
        let said = called.iter().filter(|key| self.claim.all.contains(**key)).count();
        (said as f64) < called.len() as f64 * OF_ITS_NAME
            || !row.label.stand_in(&self.claim.quantities, "", "")
    }

    /// Whether the claim denies of all what the unit denies of some: "free" for holders of one account, "free"
    /// twice a month.
    pub(super) fn leaves_out_whose(&self) -> bool {
        let (claim, unit) = (self.claim, self.unit);
        // "The $4 fee is waived": which one, its figure says; and of "it" was spoken before.
        if !claim.denies() || claim.quantities.count() > 0 || claim.only_denies() {
            return false;
        }
        // Of several cells one says "free", and others an amount.
        if unit.is_row() {
            return unit.quantities.has_money();
        }
        let own = |key: &String| claim.all.contains(key) || self.bank.contains(key);
        let known = |key: &String| own(key) || unit.place.contains(key);
        // What stands above may be left out, but not of the thing itself where another one is named.
        let named = !claim.asserts.subject.is_empty();
        let whole = |one: &BTreeSet<String>| {
            one.iter().all(|key| own(key) || known(key) && !(named && unit.asserts.head.contains(key)))
        };
        let subject = &unit.asserts.subject;
        let spoken_of = claim.asserts.leans || unit.asserts.each.iter().any(whole) || subject.is_empty();
        // Of "on one or on another" each is said.
        let first = keys(unit.asserts.said.split(" or ").next().unwrap_or_default());
        let left_out = |key: &&String| !subject.contains(*key) && !if named { own(key) } else { known(key) };
        let rest: Vec<&String> = first.iter().filter(left_out).collect();
        let limited = rest.iter().any(|key| LIMITING.contains(&key.as_str()));
        !spoken_of || limited || rest.len() > 1 || unit.quantities.count() > 0
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
    let quoted = said.split(['"', '\u{201c}', '\u{201d}']).skip(1).step_by(2);
    quoted.map(|quoted| quoted.trim_matches(['.', ',', ' '])).collect()
}
