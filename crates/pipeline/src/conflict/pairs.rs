//! Which claims are compared at all. In a bank of a hundred thousand passages not every two can be: two
//! claims meet when their words are the same, or when the longer has at most [`EXTRA`] more.

use std::collections::{HashMap, HashSet};

use contactiq_domain::Collection;

use super::{
    claim::{Claim, Subject},
    same::{Side, contradict},
    words::{Lexicon, WordSet},
};
use crate::respond::figure::Figure;

/// Words that the longer of two claims may have more.
const EXTRA: usize = 2;
/// The same words in more claims than this are a form ("the fee is …") that every document fills in for
/// itself: then only claims of documents with the same title meet.
const FORM: usize = 64;
/// A claim of more words is a paragraph without a full stop: its words without two of them would be as many
/// as their square.
const LONGEST: usize = 48;
/// A form has more different figures than this; fewer are views of one thing.
const VIEWS: usize = 8;

/// Every two claims that contradict each other, as numbers of claims, the shorter first.
pub(super) fn contradictions(
    claims: &[Claim<'_>],
    subjects: &[Subject],
    lexicon: &Lexicon,
) -> Vec<(usize, usize)> {
    let side = |number: usize| Side { claim: &claims[number], subject: &subjects[claims[number].passage] };
    let mut found = Vec::new();
    each_meeting(claims, subjects, |short, long| {
        if contradict(&side(short), &side(long), lexicon) {
            found.push((short, long));
        }
    });
    found
}

/// Calls `meet` with every two claims that are compared, the shorter first.
fn each_meeting(claims: &[Claim<'_>], subjects: &[Subject], mut meet: impl FnMut(usize, usize)) {
    let mut of_words: HashMap<u64, Vec<usize>> = HashMap::new();
    for (number, claim) in claims.iter().enumerate() {
        of_words.entry(key(claim)).or_default().push(number);
    }
    for same in of_words.values() {
        for group in groups(same, claims, subjects) {
            for (at, one) in group.iter().enumerate() {
                group[at + 1..].iter().for_each(|other| meet(*one, *other));
            }
        }
    }
    for (number, claim) in claims.iter().enumerate().filter(|(_, c)| c.words.len() <= LONGEST) {
        each_shorter(claim, |key, len| {
            let Some(shorter) = of_words.get(&key) else { return };
            for collection in [Collection::Customer, Collection::Banker] {
                let of_it = || shorter.iter().filter(|short| claims[**short].collection == collection);
                if of_it().count() > FORM {
                    continue;
                }
                for short in of_it().filter(|short| claims[**short].words.len() == len) {
                    meet(*short, number);
                }
            }
        });
    }
}

/// The claims with the same words that are compared with each other.
fn groups(same: &[usize], claims: &[Claim<'_>], subjects: &[Subject]) -> Vec<Vec<usize>> {
    if same.len() <= FORM {
        return vec![same.to_vec()];
    }
    // Of each collection a few: customers must hear of what contradicts in theirs.
    let mut by_figures: HashMap<(&[Figure], Collection), Vec<usize>> = HashMap::new();
    for number in same {
        let claim = &claims[*number];
        by_figures.entry((&claim.figures, claim.collection)).or_default().push(*number);
    }
    let figures: HashSet<&[Figure]> = by_figures.keys().map(|(figures, _)| *figures).collect();
    // A footer of every page, and one page that says otherwise: a few of each side show it.
    if figures.len() <= VIEWS {
        return vec![by_figures.into_values().flat_map(|own| own.into_iter().take(FORM / VIEWS)).collect()];
    }
    let mut by_title: HashMap<&WordSet, Vec<usize>> = HashMap::new();
    for number in same {
        let group = by_title.entry(&subjects[claims[*number].passage].title).or_default();
        if group.len() < FORM {
            group.push(*number);
        }
    }
    by_title.into_values().collect()
}

/// Names a set of words by the sum of its words' numbers, so that leaving one out is a subtraction.
fn key(claim: &Claim<'_>) -> u64 {
    claim.words.iter().fold(0, |sum: u64, word| sum.wrapping_add(spread(u64::from(word))))
}

/// The keys of the claim's words without one or [`EXTRA`] of them, each with the number of words left.
fn each_shorter(claim: &Claim<'_>, mut meet: impl FnMut(u64, usize)) {
    let whole = key(claim);
    let words: Vec<u64> = claim.words.iter().map(|word| spread(u64::from(word))).collect();
    for (at, one) in words.iter().enumerate() {
        let without = whole.wrapping_sub(*one);
        meet(without, words.len() - 1);
        for other in &words[at + 1..] {
            meet(without.wrapping_sub(*other), words.len() - EXTRA);
        }
    }
}

/// Spreads a number over 64 bits (the finaliser of SplitMix64), so that sums of different sets differ.
fn spread(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use contactiq_domain::{Collection, ContentType, Document, Passage};
    use contactiq_guard::Published;

    use super::{super::claim::claims, *};

    /// How many claims are compared in a bank of so many passages, each of a document of its own: a form
    /// that each fills in, a footer that all but one share, and a sentence of its own.
    fn meetings(passages: usize) -> usize {
        let ids = contactiq_domain::ids::CountingIds::default();
        let letters =
            |n: usize| n.to_string().bytes().map(|b| char::from(b - b'0' + b'a')).collect::<String>();
        let document = |n: usize| Document {
            id: contactiq_domain::ids::DocumentId::new(&ids),
            slug: format!("page-{n}"),
            collection: Collection::Customer,
            title: format!("Page {}", letters(n)),
            url: String::new(),
            content_type: ContentType::Public,
            product: String::new(),
            owner: String::new(),
            role: None,
            valid_from: None,
            valid_until: None,
            version: 1,
            content_hash: String::new(),
            text: (),
        };
        let passage = |n: usize| Passage {
            position: 0,
            headings: Vec::new(),
            text: Published::by_bank(format!(
                "The monthly fee is ${n}.\nWe answer a complaint within {} days.\nThe x{} of a y{} costs ${n}.",
                if n == 7 { 9 } else { 5 },
                letters(n),
                letters(n / 3),
            )),
        };
        let documents: Vec<_> = (0..passages).map(document).collect();
        let passages: Vec<_> = (0..passages).map(|n| (n, passage(n))).collect();
        let (claims, subjects) = claims(&documents, &passages, &mut Lexicon::new());
        let mut count = 0;
        each_meeting(&claims, &subjects, |_, _| count += 1);
        count
    }

    #[test]
    fn comparisons_grow_with_the_bank_and_not_with_its_square() {
        let (small, large) = (meetings(500), meetings(4_000));
        assert!(small > 0, "the footer of page 7 is compared");
        assert!(large <= small * 8, "{small} comparisons become {large}");
    }
}
