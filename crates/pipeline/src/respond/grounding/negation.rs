//! Whether a sentence affirms what its evidence denies, or the reverse: "you can", "you can't"; "is
//! charged", "is free"; "before", "after". Both are read clause by clause, and a clause is held against
//! those of the evidence that share most of its words.

use std::{collections::BTreeSet, sync::LazyLock};

use contactiq_nlu::text;
use regex::Regex;

/// A clause of the evidence speaks of the same thing when it holds this share of the claim's words…
const SAME_THING: f64 = 0.6;
/// …and about as many as the one that holds most.
const ABOUT_AS_MANY: f64 = 0.15;
/// A shorter clause says too little to be compared.
const FEWEST: usize = 2;

/// One of these turns a clause round; two of them turn it back.
const DENIALS: &[&str] = &[
    "barred",
    "cannot",
    "declined",
    "declines",
    "except",
    "excluded",
    "excludes",
    "excluding",
    "forbidden",
    "free",
    "hardly",
    "impossible",
    "ineligible",
    "neither",
    "never",
    "nil",
    "no",
    "nobody",
    "none",
    "nor",
    "not",
    "nothing",
    "prohibited",
    "refused",
    "refuses",
    "rejected",
    "unable",
    "unavailable",
    "unless",
    "waive",
    "waived",
    "waives",
    "waiving",
    "without",
    "zero",
];

/// Denials whose word says what is denied: "free" denies a fee, "unavailable" that it is available.
const DENIED: &[(&str, &str)] = &[
    ("free", "fee"),
    ("impossible", "possible"),
    ("ineligible", "eligible"),
    ("unable", "able"),
    ("unavailable", "available"),
];

/// Words for the same thing, as stems.
const SAME: &[(&str, &str)] = &[("charg", "fee"), ("cost", "fee"), ("price", "fee"), ("permit", "allow")];

/// Pairs of which one side can't stand for the other.
const CONTRARIES: &[(&[&str], &[&str])] = &[
    (&["before"], &["after"]),
    (&["minimum"], &["maximum"]),
    (&["atleast"], &["atmost"]),
    (&["above", "over", "more"], &["below", "under", "less", "fewer"]),
    (
        &["increase", "increases", "rises", "raise", "raises"],
        &["decrease", "decreases", "falls", "lower", "lowers", "reduce", "reduces"],
    ),
    (&["always"], &["sometimes"]),
    (&["required", "mandatory", "compulsory"], &["optional", "voluntary"]),
    (&["accept", "accepted", "accepts"], &["reject", "rejects", "decline"]),
    (&["include", "included", "includes"], &["exclude"]),
    (&["fixed"], &["variable"]),
    (&["opens"], &["closes"]),
    (&["sender"], &["recipient"]),
];

/// Phrases that deny nothing, or say it in more than one word.
const PHRASES: &[(&str, &str)] = &[
    (r"\b(?:no|not) (?:more|greater|longer|older) than\b|\bat (?:the )?most\b|\bup to\b", " atmost "),
    (r"\b(?:no|not) (?:less|fewer|younger) than\b|\bat (?:the )?least\b", " atleast "),
    (r"\b(?:no|not) later than\b", " by "),
    (r"\bnot only\b|\bwhether or not\b|\bno matter\b|\bno problem\b|\bif not\b", " "),
    (r"\bno longer\b", " not "),
    (r"\bother than\b|\bapart from\b|\bwith the exception of\b|\bexcept for\b", " except "),
    (r"\bfree of (?:charge|any fee)s?\b|\bfee-free\b|\bat no (?:charge|cost)\b", " free "),
    (r"\b\w+-free\b|\bfree (?:call|phone)\w*\b|\bfeel free\b|\btoll free\b", " "),
    (r"n[o'’]t\b", " not "),
    (r"(?:[$£€¥₹]|\b)0(?:\.0+)?(?: ?%| per ?cent\b)|[$£€¥₹]0(?:\.0+)?\b", " zero "),
];

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static READ_AS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    PHRASES.iter().map(|(p, to)| (Regex::new(p).expect("a constant pattern"), *to)).collect()
});

/// Where a clause ends; `and` alone parts only two that have a verb each.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static BORDER: LazyLock<Regex> = LazyLock::new(|| {
    let words = "and|but|while|although|though|whereas|because|so|which";
    Regex::new(&format!(
        r",\s+(?:{words})\b|\b(?:but|while|although|though|whereas|because)\b|[;\n]|:\s|\s[–—-]\s"
    ))
    .expect("a constant pattern")
});

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static VERB: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:is|are|was|were|be|can|cannot|could|may|might|must|will|would|do|does|not|has|have|costs?|takes?|applies|apply|needs?|pays?|gets?|charges?|allows?|lasts?|arrives?|includes?|offers?|accepts?|keeps?)\b",
    )
    .expect("a constant pattern")
});

/// Whether a clause of the claim is the contrary of what every clause of the evidence says that speaks
/// of the same thing.
pub(in crate::respond) fn contradicts(claim: &str, evidence: &[&str]) -> bool {
    let known: Vec<Clause> = evidence.iter().flat_map(|e| clauses(e)).collect();
    clauses(claim).iter().any(|own| {
        if own.stems.len() < FEWEST {
            return false;
        }
        let share =
            |other: &Clause| own.stems.intersection(&other.stems).count() as f64 / own.stems.len() as f64;
        let most = known.iter().map(share).fold(0.0, f64::max);
        if most < SAME_THING {
            return false;
        }
        let mut same = known.iter().filter(|other| share(other) >= (most - ABOUT_AS_MANY).max(SAME_THING));
        !same.any(|other| own.agrees(other))
    })
}

/// How one clause stands to another one that is read beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opposed {
    /// One denies and the other one doesn't.
    pub(super) turned: bool,
    /// One has a word in whose place the other has its contrary.
    pub(super) contrary: bool,
}

/// Whether a clause of a claim and one of the evidence (or a row) say the contrary of each other.
pub(super) fn opposed(claim: &str, evidence: &str, is_row: bool) -> Opposed {
    let (own, other) = (Clause::of(&read(claim), false), Clause::of(&read(evidence), is_row));
    Opposed { turned: own.denied != other.denied && !other.either, contrary: own.is_contrary(&other) }
}

/// How often a text denies.
pub(super) fn denials(said: &str) -> usize {
    text::words(&read(said)).iter().filter(|word| DENIALS.binary_search(&word.as_str()).is_ok()).count()
}

/// A text in the words that are compared here.
fn read(said: &str) -> String {
    let mut words = said.to_lowercase();
    for (pattern, to) in READ_AS.iter() {
        words = pattern.replace_all(&words, *to).into_owned();
    }
    words
}

/// What a text speaks of: its content words as stems, "free", "charge" and "cost" as a fee.
pub(in crate::respond) fn topics(text: &str) -> BTreeSet<String> {
    clauses(text).into_iter().flat_map(|clause| clause.stems).collect()
}

struct Clause {
    stems: BTreeSet<String>,
    denied: bool,
    /// A row of a table with a "No" or a zero in one of its cells says both.
    either: bool,
    /// Which side of which of [`CONTRARIES`] it has.
    sides: BTreeSet<(usize, bool)>,
}

impl Clause {
    fn agrees(&self, other: &Clause) -> bool {
        let turned = self.denied != other.denied && !self.either && !other.either;
        !turned && !self.is_contrary(other)
    }

    fn is_contrary(&self, other: &Clause) -> bool {
        self.sides.iter().any(|(pair, side)| {
            other.sides.contains(&(*pair, !side)) && !other.sides.contains(&(*pair, *side))
        })
    }

    fn of(words: &str, row: bool) -> Clause {
        let mut stems = BTreeSet::new();
        let mut denials = 0;
        let mut sides = BTreeSet::new();
        for word in text::words(words) {
            let word = word.as_str();
            for (pair, (left, right)) in CONTRARIES.iter().enumerate() {
                if left.contains(&word) {
                    sides.insert((pair, true));
                }
                if right.contains(&word) {
                    sides.insert((pair, false));
                }
            }
            if DENIALS.binary_search(&word).is_ok() {
                denials += 1;
                let said = DENIED.iter().find(|(denial, _)| *denial == word);
                stems.extend(said.map(|(_, what)| text::stem(what)));
            } else if !text::is_stop_word(word) && !matches!(word, "atleast" | "atmost") {
                let stem = text::stem(word);
                let same = SAME.iter().find(|(other, _)| *other == stem);
                stems.insert(same.map_or(stem, |(_, what)| (*what).to_owned()));
            }
        }
        Clause { stems, denied: denials % 2 == 1, either: row && denials > 0, sides }
    }
}

fn clauses(sentence: &str) -> Vec<Clause> {
    let words = read(sentence);
    if words.contains(" | ") {
        return vec![Clause::of(&words, true)];
    }
    let mut found = Vec::new();
    for part in BORDER.split(&words) {
        let mut rest = part;
        while let Some((left, right)) = rest.split_once(" and ") {
            if !VERB.is_match(left) || !VERB.is_match(right) {
                break;
            }
            found.push(Clause::of(left, false));
            rest = right;
        }
        found.push(Clause::of(rest, false));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement, what agrees with it, and what does not.
    const TOLD: &[(&str, &[&str], &[&str])] = &[
        (
            "The overdrawn fee is not charged if the account is back in credit by 9 pm.",
            &[
                "No overdrawn fee is charged if the account is back in credit by 9 pm.",
                "The overdrawn fee isn't charged if the account is back in credit by 9 pm.",
            ],
            &["The overdrawn fee is charged if the account is back in credit by 9 pm."],
        ),
        (
            "You can change the PIN at any branch machine.",
            &["The PIN can be changed at any branch machine."],
            &[
                "You can't change the PIN at a branch machine.",
                "The PIN can never be changed at a branch machine.",
                "You cannot change the PIN at any branch machine.",
            ],
        ),
        (
            "Closing a savings account is free.",
            &[
                "There is no fee for closing a savings account.",
                "Closing a savings account costs nothing.",
                "Closing a savings account is free of charge.",
            ],
            &["Closing a savings account is not free.", "There is a fee for closing a savings account."],
        ),
        (
            "The monthly fee is waived if at least $2,000 is deposited.",
            &[
                "The monthly fee is not charged if at least $2,000 is deposited.",
                "The monthly fee applies unless at least $2,000 is deposited.",
                "You pay no monthly fee if $2,000 or more is deposited.",
            ],
            &[
                "The monthly fee is waived unless at least $2,000 is deposited.",
                "The monthly fee is charged if at least $2,000 is deposited.",
                "The monthly fee is waived if at most $2,000 is deposited.",
            ],
        ),
        (
            "A letter costs $15 and takes 3 business days, while a copy from the app is free.",
            &["A letter costs $15.", "A copy from the app is free.", "A letter takes 3 business days."],
            &["A letter is free.", "A copy from the app is not free."],
        ),
        (
            "Report the loss before the next statement is issued.",
            &["The loss must be reported before the next statement is issued."],
            &["Report the loss after the next statement is issued."],
        ),
        (
            "Refunds are paid without a form, except for closed accounts.",
            &["Refunds are paid without a form, apart from closed accounts."],
            &["Refunds are paid with a form, except for closed accounts."],
        ),
        (
            "A purchase over the credit limit is declined.",
            &[
                "A purchase over the credit limit is not possible.",
                "A purchase over the credit limit is refused.",
            ],
            &[
                "A purchase over the credit limit is not declined.",
                "A purchase over the credit limit is possible.",
            ],
        ),
        (
            "The card has up to 55 interest-free days.",
            &[
                "The card has at most 55 interest-free days.",
                "The card has no more than 55 interest-free days.",
            ],
            &["The card has at least 55 interest-free days.", "The card has no interest-free days."],
        ),
        (
            "The foreign transaction fee on the card is 0%.",
            &["The card has no foreign transaction fee."],
            &["The card has a foreign transaction fee."],
        ),
        (
            "Applicants under 16 are not eligible.",
            &["Applicants under 16 are ineligible."],
            &["Applicants under 16 are eligible.", "Applicants over 16 are not eligible."],
        ),
    ];

    #[test]
    fn a_denial_is_told_from_what_it_denies() {
        for (evidence, agree, deny) in TOLD {
            assert!(!contradicts(evidence, &[evidence]), "{evidence}");
            for claim in *agree {
                assert!(!contradicts(claim, &[evidence]), "{claim} | {evidence}");
            }
            for claim in *deny {
                assert!(contradicts(claim, &[evidence]), "{claim} | {evidence}");
            }
        }
    }

    #[test]
    fn the_sentence_that_speaks_of_it_decides_and_not_its_neighbour() {
        let evidence = [
            "The overdrawn fee is $10, charged at most once a day.",
            "The overdrawn fee is not charged if the account is back in credit by 9 pm.",
        ];
        assert!(contradicts(
            "The overdrawn fee is charged if the account is back in credit by 9 pm.",
            &evidence
        ));
        assert!(!contradicts("The overdrawn fee is $10, charged at most once a day.", &evidence));
        assert!(!contradicts("The weather is not our business.", &evidence));
    }

    #[test]
    fn a_row_with_no_and_yes_says_both() {
        let evidence = ["Monthly fee | Everyday: $4 | Student: $0"];
        assert!(!contradicts("The Student account has no monthly fee.", &evidence));
        assert!(!contradicts("The Everyday account has a monthly fee of $4.", &evidence));
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(DENIALS.is_sorted());
        assert!(DENIED.iter().all(|(word, _)| DENIALS.contains(word)));
    }
}
