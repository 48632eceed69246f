//! Whether two claims state different figures of the same thing. A false alarm sends people away who
//! could be answered, so that wherever two documents may mean different things it is no conflict.

use super::{
    claim::{Claim, Subject},
    words::{Lexicon, WordSet},
};
use crate::respond::figure::{Figure, in_dispute};

/// Words of both claims, of those that name something, where their documents speak of the same subject…
const SAME_SUBJECT: usize = 1;
/// …where only one of them has a subject of its own, or a claim names the subject itself…
const NAMED: usize = 2;
/// …where both titles share a noun that the claims speak of ("a printed *statement* copy")…
const SHARED_NOUN: usize = 4;
/// …or, where one of the titles names nothing of its own, so many words beside that noun ("*annual* fee, *Gold* card"
/// under "Credit cards" and under "Fees of cards")…
const BESIDE_NOUN: usize = 2;
/// …and where nothing ties a claim to either document.
const SELF_CONTAINED: usize = 5;
/// Words that stand in one claim only, and restrict nothing: "a copy *ordered* from a branch"…
const FREE: usize = 2;
/// …while at least this share of the words is common.
const COMMON: f64 = 0.7;

/// What is claimed, and of what.
pub(super) struct Side<'a> {
    pub(super) claim: &'a Claim<'a>,
    pub(super) subject: &'a Subject,
}

/// Whether `short`, whose words are all among those of `long`, and `long` contradict each other.
pub(super) fn contradict(short: &Side<'_>, long: &Side<'_>, lexicon: &Lexicon) -> bool {
    let (a, b) = (short.claim, long.claim);
    (a.document != b.document || in_one_document(short, long))
        && (a.product.is_empty() || b.product.is_empty() || a.product == b.product)
        && figures_differ(a, b)
        && same_dates(short, long)
        && same_words(short, long, lexicon)
        && same_subject(short, long, lexicon)
        && !opposite_bounds(a.sentence, b.sentence)
}

/// Two passages of one document: "Under 18" and "Over 18" each have a limit, a general rule has exceptions below it, and
/// a long table is cut. What stands under the same headings, and not in two rows, is said twice.
fn in_one_document(short: &Side<'_>, long: &Side<'_>) -> bool {
    short.claim.passage != long.claim.passage
        && short.subject.path == long.subject.path
        && !(short.claim.is_cell && long.claim.is_cell)
}

/// Figures of one dimension, none of them common. What a label says ("6 months") is no claim, and must
/// be said by the other side too.
fn figures_differ(a: &Claim<'_>, b: &Claim<'_>) -> bool {
    let same_labels = if a.is_cell && b.is_cell {
        a.of.len() == b.of.len() && a.of.iter().all(|f| b.of.contains(f))
    } else {
        a.of.iter().all(|f| b.figures.contains(f)) && b.of.iter().all(|f| a.figures.contains(f))
    };
    let claimed = |own: &Claim<'_>, other: &Claim<'_>| -> Vec<Figure> {
        own.figures.iter().filter(|f| !other.of.contains(f)).cloned().collect()
    };
    same_labels && !in_dispute(&claimed(a, b), &claimed(b, a)).is_empty()
}

/// Two versions of a sheet, or "as at 2025" and "as at 2026", are no conflict; unless the date itself is
/// what is claimed.
fn same_dates(short: &Side<'_>, long: &Side<'_>) -> bool {
    let apart =
        |a: &[String], b: &[String]| !a.is_empty() && !b.is_empty() && !a.iter().any(|y| b.contains(y));
    let said = |side: &Side<'_>| super::claim::years(side.claim.sentence);
    let dated = in_dispute(&short.claim.figures, &long.claim.figures)
        .iter()
        .all(|dimension| matches!(*dimension, "date" | "month"));
    !apart(&short.subject.years, &long.subject.years) && (dated || !apart(&said(short), &said(long)))
}

/// The longer claim may say more, but nothing that makes it speak of something else.
fn same_words(short: &Side<'_>, long: &Side<'_>, lexicon: &Lexicon) -> bool {
    let extra = long.claim.words.without(&short.claim.words);
    if extra.is_empty() {
        return true;
    }
    if short.claim.is_cell && long.claim.is_cell {
        return false;
    }
    // Under "Business account", "the account" is the business account.
    let free = extra.without(&short.subject.about);
    // "The *business* account has a monthly fee" is another account's fee elsewhere.
    if free.meets(&long.subject.about) {
        return false;
    }
    let common = short.claim.words.len() as f64;
    free.len() <= FREE
        && common / (common + free.len() as f64) >= COMMON
        && !free.iter().any(|word| restricts(&long.claim.stated, word, &short.claim.words, lexicon))
}

/// Words before a place, a time, a person or a condition.
const RESTRICTIONS: &[&str] = &[
    "above", "after", "at", "before", "between", "by", "during", "for", "from", "if", "in", "inside", "on",
    "outside", "over", "through", "to", "under", "unless", "until", "via", "when", "where", "with",
    "without",
];
/// Words of a statement that holds two cases: "costs $10 and is *free* for students".
const CASES: &[&str] = &[
    "discount",
    "except",
    "exempt",
    "free",
    "instead",
    "otherwise",
    "rebate",
    "refund",
    "refunded",
    "waive",
    "waived",
    "waiver",
];
const ARTICLES: &[&str] = &["a", "an", "any", "each", "every", "our", "the", "this", "your"];

/// Whether a word makes a statement one of fewer things: "an *international* transfer", "for *students*",
/// but not "a copy *ordered* from a branch".
fn restricts(stated: &str, word: u32, shared: &WordSet, lexicon: &Lexicon) -> bool {
    let words = lexicon.in_order(stated);
    let is = |at: usize, list: &[&str]| words.get(at).is_some_and(|(w, _)| list.contains(&w.as_str()));
    words.iter().enumerate().filter(|(_, (_, number))| *number == Some(word)).any(|(at, _)| {
        let before = at.wrapping_sub(1);
        let introduced =
            is(before, RESTRICTIONS) || (is(before, ARTICLES) && is(before.wrapping_sub(1), RESTRICTIONS));
        let next = words.get(at + 1).and_then(|(_, number)| *number);
        is(at, CASES) || introduced || next.is_some_and(|next| shared.has(next) && !lexicon.is_measure(next))
    })
}

/// Whether both documents mean the same thing with the same words: "the monthly fee" under "Classic
/// account" is not the one under "Gold account".
fn same_subject(short: &Side<'_>, long: &Side<'_>, lexicon: &Lexicon) -> bool {
    let (a, b) = (short.subject, long.subject);
    let said = short.claim.words.and(&long.claim.words);
    let own = |one: &Subject, other: &Subject| one.about.without(&other.about).without(&long.claim.words);
    let (only_a, only_b) = (own(a, b), own(b, a));
    if only_a.is_empty() && only_b.is_empty() {
        return said.len() >= SAME_SUBJECT || (a.about == b.about && !a.about.is_empty());
    }
    let apart = a.title.without(&b.title).or(&b.title.without(&a.title));
    if said.meets(&apart) {
        return said.len() >= NAMED;
    }
    let shared = a.title.and(&b.title);
    if said.meets(&shared) {
        // "The account" is the document's own.
        let is_its_own = |side: &Side<'_>| definite(&side.claim.stated, &shared, lexicon);
        let general = only_a.is_empty() || only_b.is_empty();
        let enough = said.len() >= SHARED_NOUN || (general && said.without(&shared).len() >= BESIDE_NOUN);
        return enough && !is_its_own(short) && !is_its_own(long);
    }
    if only_a.is_empty() || only_b.is_empty() {
        return said.len() >= NAMED;
    }
    shared.is_empty() && said.len() >= SELF_CONTAINED
}

const DEFINITE: &[&str] = &["each", "our", "that", "the", "this", "your"];

/// Whether a text speaks of one of the things as known: "the account", "your card".
fn definite(stated: &str, things: &WordSet, lexicon: &Lexicon) -> bool {
    lexicon.in_order(stated).windows(2).any(|pair| {
        DEFINITE.contains(&pair[0].0.as_str()) && pair[1].1.is_some_and(|thing| things.has(thing))
    })
}

const LOWER: &[&str] = &[" at least ", " minimum ", " more than ", " or more ", " over ", " above "];
const UPPER: &[&str] =
    &[" at most ", " maximum ", " up to ", " less than ", " no more than ", " under ", " below ", " within "];

/// "At least 2 days" and "at most 5 days" may both be true.
pub(crate) fn opposite_bounds(a: &str, b: &str) -> bool {
    let bounds = |text: &str| {
        let plain = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
        let padded = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
        let has = |list: &[&str]| list.iter().any(|bound| padded.contains(bound));
        // "No more than" holds "more than".
        (has(LOWER) && !padded.contains(" no more than "), has(UPPER))
    };
    matches!((bounds(a), bounds(b)), ((true, false), (false, true)) | ((false, true), (true, false)))
}
