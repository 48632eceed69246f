//! The thing of which a figure is asked: "the fee for a *cheque book*", "the *late payment* fee". A sentence
//! that gives such a figure of something else is a neighbour of the answer, and no answer.
//!
//! Only what a question plainly names is held against the passages; where it says it with a verb of everyday
//! life ("taking out cash"), the documents may say it in words of their own.

use std::collections::BTreeSet;

use contactiq_nlu::{index::Alternative, text};

use super::choose::Chosen;
use crate::turn::Asked;

/// Nouns for what is asked.
const KINDS: &[&str] = &[
    "allowance",
    "amount",
    "charge",
    "charges",
    "cost",
    "costs",
    "deadline",
    "fee",
    "fees",
    "limit",
    "limits",
    "penalties",
    "penalty",
    "period",
    "price",
    "prices",
    "rate",
    "rates",
];
/// Those of them that are of time.
const TIMES: &[&str] = &["deadline", "period"];
/// Verbs for it, behind which "for" names the thing.
const PAID: &[&str] = &["charge", "charged", "pay", "paying"];
/// Verbs before or behind the thing: "how much does a courier *cost*", "how do we *treat* bonus income".
const ENDS: &[&str] =
    &["cost", "costs", "last", "take", "takes", "valid", "work", "counted", "treated", "assessed"];
const TREATS: &[&str] = &["treat", "assess", "count"];
/// What stands before a thing.
const ARTICLES: &[&str] = &["a", "an", "any", "each", "every", "my", "one", "our", "the", "their", "your"];
/// What says of what something is.
const OF: &[&str] = &["for", "of", "on", "to"];
/// What ends the name of a thing.
const BORDERS: &[&str] = &[
    "about", "abroad", "after", "and", "as", "at", "back", "before", "by", "during", "each", "every", "for",
    "from", "here", "if", "in", "into", "now", "of", "on", "online", "or", "over", "overseas", "per",
    "please", "than", "that", "through", "to", "today", "under", "until", "up", "via", "when", "where",
    "which", "while", "who", "with", "within", "without", "you", "we", "i",
];
/// Words before a kind that say nothing of what it is of.
const OPEN: &[&str] = &[
    "annual",
    "average",
    "base",
    "basic",
    "bank",
    "current",
    "daily",
    "extra",
    "flat",
    "general",
    "good",
    "highest",
    "interest",
    "late",
    "lowest",
    "max",
    "maximum",
    "min",
    "minimum",
    "monthly",
    "new",
    "normal",
    "ongoing",
    "regular",
    "same",
    "service",
    "standard",
    "starting",
    "time",
    "total",
    "usual",
    "weekly",
    "yearly",
    "per",
    "day",
    "month",
    "year",
    "week",
    "upfront",
    "typical",
    "exact",
    "actual",
    "different",
    "another",
    "first",
    "full",
    "further",
    "new",
    "next",
    "one",
    "ones",
    "other",
    "second",
    "single",
    "stuff",
    "thing",
    "things",
    "third",
    "two",
    "three",
    "four",
    "five",
    "whole",
    "additional",
    "special",
    "much",
    "many",
    "kind",
    "sort",
    "money",
    "own",
    "processing",
    "waiting",
];
/// Verbs of everyday life, which documents say in other words.
const EVERYDAY: &[&str] = &[
    "be",
    "being",
    "buy",
    "buying",
    "do",
    "doing",
    "draw",
    "drawing",
    "get",
    "getting",
    "give",
    "giving",
    "go",
    "going",
    "have",
    "having",
    "keep",
    "keeping",
    "leave",
    "leaving",
    "make",
    "making",
    "move",
    "moving",
    "pay",
    "paying",
    "pull",
    "pulling",
    "put",
    "putting",
    "receive",
    "receiving",
    "send",
    "sending",
    "spend",
    "spending",
    "spent",
    "take",
    "taking",
    "use",
    "using",
    "transfer",
    "transferring",
    "withdraw",
    "withdrawing",
    "shift",
    "shifting",
];
/// A longer name is a clause.
const LONGEST: usize = 5;
/// Of the words before the noun at least this share must be held, where the documents use them.
const MOST: f64 = 0.5;

/// The words that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    /// Its stems as they were said; the last one says what it is.
    stems: Vec<String>,
    /// Whether it is something that is done: "closing".
    is_done: bool,
}

/// The thing of which a question asks something; none where it names none plainly.
pub(super) fn of(question: &str) -> Option<Thing> {
    let words = tokens(question);
    let is = |at: usize, list: &[&str]| words.get(at).is_some_and(|w| list.contains(&w.said.as_str()));
    // "How long do I have to dispute a charge for shoes?" asks for no charge.
    let time = (0..words.len()).any(|at| {
        is(at, &["how"]) && is(at + 1, &["long", "soon", "quickly", "quick", "fast", "often", "old"])
    });
    let of_a_kind = |at: usize| {
        is(at, if time { TIMES } else { KINDS })
            .then(|| before(&words, at).or_else(|| behind(&words, at)))
            .flatten()
    };
    let of_a_verb = |at: usize| {
        if !time && is(at, PAID) && is(at + 1, &["for"]) && !words[at].closes {
            name(&words, at + 2)
        } else if is(at, &["how"]) && is(at + 1, &["much"]) {
            let verb = at + 2 + usize::from(is(at + 2, &["is", "are", "does", "do", "will", "would"]));
            (is(verb, ARTICLES) || verb > at + 2).then(|| name(&words, verb)).flatten()
        } else if is(at, ENDS) && at >= 2 && words[at].said.starts_with("cost") {
            subject(&words, at)
        } else if is(at, TREATS) && at >= 3 && is(at - 3, &["how"]) {
            name(&words, at + 1)
        } else {
            None
        }
    };
    (0..words.len()).find_map(of_a_kind).or_else(|| (0..words.len()).find_map(of_a_verb))
}

/// "What does *a courier* cost?"
fn subject(words: &[Token], verb: usize) -> Option<Thing> {
    let from =
        words[..verb].iter().rposition(|w| matches!(w.said.as_str(), "does" | "do" | "would" | "will"))?;
    name(words, from + 1)
}

struct Token {
    said: String,
    /// Whether it is somebody's or something's: "the loan's fixed period".
    owns: bool,
    /// Whether a comma or a full stop follows.
    closes: bool,
}

fn tokens(question: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for word in question.split_whitespace() {
        let closes = word.ends_with([',', '.', ';', ':', '?', '!', ')']);
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'");
        let (bare, owns) = match bare.strip_suffix("'s") {
            Some(owner) => (owner.to_owned(), true),
            None => (bare, false),
        };
        // What the guard masked names nothing.
        let masked = word.contains(['<', '>', '_', '$', '£', '€', '%']);
        for part in bare.split(['-', '/']).filter(|part| !part.is_empty()) {
            let said = if masked { String::new() } else { part.to_owned() };
            tokens.push(Token { said, owns: false, closes: false });
        }
        if let Some(last) = tokens.last_mut() {
            last.closes |= closes;
            last.owns |= owns && !matches!(last.said.as_str(), "what" | "how" | "it" | "that");
        }
    }
    tokens
}

/// "The *late payment* fee": what stands between an article and the kind.
fn before(words: &[Token], kind: usize) -> Option<Thing> {
    let mut from = kind;
    while let Some(at) = from.checked_sub(1) {
        let word = &words[at];
        let ends = word.closes
            || word.owns
            || word.said.is_empty()
            || KINDS.contains(&word.said.as_str())
            || (text::is_stop_word(&word.said) || BORDERS.contains(&word.said.as_str()));
        if ends {
            break;
        }
        from = at;
    }
    // "Does the bank charge": a verb, and what stands before it pays or is paid.
    let opens = |w: &Token| {
        w.owns
            || ARTICLES.contains(&w.said.as_str())
            || matches!(w.said.as_str(), "what" | "what's" | "whats" | "which" | "is" | "are" | "no" | "of")
    };
    let opened = from.checked_sub(1).is_none_or(|at| opens(&words[at]));
    let asks = |at: usize| matches!(words[at].said.as_str(), "does" | "do" | "did" | "will" | "would");
    let verb = matches!(words[kind].said.as_str(), "charge" | "cost" | "costs");
    if !opened || kind - from > LONGEST || (verb && (from.saturating_sub(2)..from).any(asks)) {
        return None;
    }
    let stems = stems(&words[from..kind]);
    (!stems.is_empty()).then_some(Thing { stems, is_done: false })
}

/// "The fee *for a cheque book*".
fn behind(words: &[Token], kind: usize) -> Option<Thing> {
    let of = kind + 1;
    if words[kind].closes || !words.get(of).is_some_and(|w| OF.contains(&w.said.as_str()) && !w.closes) {
        return None;
    }
    name(words, of + 1)
}

/// The name that begins here, behind an article.
fn name(words: &[Token], mut from: usize) -> Option<Thing> {
    while words.get(from).is_some_and(|w| ARTICLES.contains(&w.said.as_str())) {
        from += 1;
    }
    let first = words.get(from)?;
    if EVERYDAY.contains(&first.said.as_str()) {
        return None;
    }
    // What is done, not what it is done to: "closing the account".
    if first.said.ends_with("ing")
        && first.said.len() > 5
        && words.get(from + 1).is_some_and(|w| ARTICLES.contains(&w.said.as_str()))
    {
        return Some(Thing { stems: vec![text::stem(&first.said)], is_done: true });
    }
    let mut end = from;
    while let Some(word) = words.get(end) {
        let said = word.said.as_str();
        if said.is_empty()
            || BORDERS.contains(&said)
            || ENDS.contains(&said)
            || KINDS.contains(&said)
            || text::is_stop_word(said)
        {
            break;
        }
        end += 1;
        if word.closes || word.owns {
            break;
        }
    }
    if end - from > LONGEST {
        return None;
    }
    let stems = stems(&words[from..end]);
    (!stems.is_empty()).then_some(Thing { stems, is_done: false })
}

fn stems(words: &[Token]) -> Vec<String> {
    let telling = |w: &&Token| {
        !OPEN.contains(&w.said.as_str())
            && !text::is_stop_word(&w.said)
            && !w.said.bytes().any(|b| b.is_ascii_digit())
    };
    words.iter().filter(telling).map(|w| text::stem(&w.said)).collect()
}

impl Thing {
    /// Whether these stems hold it. A word that the bank's documents use elsewhere is missed where it is not
    /// used; one that they never use may be the asker's for one of theirs.
    fn is_in(&self, held: &BTreeSet<String>, known: &dyn Fn(&str) -> bool) -> bool {
        let has = |stem: &String| held.contains(stem) || is_part_of_one(stem, held);
        let Some((what, rest)) = self.stems.split_last() else { return true };
        // "The fee for a fob": nobody knows what the bank calls it.
        let in_the_banks_words = self.is_done || self.stems.iter().any(|stem| has(stem) || known(stem));
        if !has(what) {
            return !in_the_banks_words;
        }
        let missing = rest.iter().filter(|stem| !has(stem));
        let count = rest.iter().filter(|stem| has(stem)).count() as f64;
        missing.filter(|stem| known(stem)).count() == 0 || count >= rest.len() as f64 * MOST
    }
}

/// "Cheque book" in "chequebook".
fn is_part_of_one(stem: &str, held: &BTreeSet<String>) -> bool {
    const SHORTEST: usize = 4;
    stem.len() >= SHORTEST
        && held.iter().any(|other| {
            other.len() >= stem.len() + SHORTEST && (other.starts_with(stem) || other.ends_with(stem))
        })
}

/// Whether a chosen sentence speaks of the thing: itself, by its headings or by the title above it.
pub(super) fn is_held(asked: &Asked<'_>, thing: &Thing, alternatives: &[Alternative], c: &Chosen) -> bool {
    let index = &asked.knowledge.index;
    let entry = index.entry(c.passage);
    let said = &index.sentences(c.passage)[c.sentence].text;
    let mut held: BTreeSet<String> =
        text::content_stems(&format!("{said}\n{}\n{}", entry.headings.join("\n"), entry.title))
            .into_iter()
            .collect();
    let otherwise = alternatives.iter().filter(|a| a.said.iter().all(|word| held.contains(word)));
    let typed: Vec<String> = otherwise.flat_map(|a| a.typed.clone()).collect();
    held.extend(typed);
    let known = |stem: &str| index.entries_with(stem).next().is_some();
    thing.is_in(&held, &known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(question: &str) -> Vec<String> {
        of(question).map(|thing| thing.stems).unwrap_or_default()
    }

    #[test]
    fn the_thing_stands_nearest_to_what_is_asked() {
        for (question, thing) in [
            ("What is the fee for a cheque book?", "cheque book"),
            ("What is the fee for closing the Harbour Account?", "closing"),
            ("What is the late payment fee on the home loan?", "payment"),
            ("What is the fee for a safe deposit box?", "safe deposit box"),
            ("What's the ATM limit per day?", "atm"),
            ("How much is a courier for my replacement card?", "courier"),
            ("How much does a bounced direct debit cost?", "bounced direct debit"),
            ("How do we treat bonus income?", "bonus income"),
            ("How long is the Skiff loan's fixed period?", "fixed"),
            ("What does a courier cost?", "courier"),
            ("what do you charge for a paper statement?", "paper statement"),
            ("What does Brookvale charge for a replacement card?", "replacement card"),
        ] {
            assert_eq!(named(question), text::content_stems(thing), "{question}");
        }
    }

    #[test]
    fn what_is_said_in_everyday_words_is_left_to_the_passages() {
        for question in [
            "whats the charge for taking out cash in Thailand",
            "How do I close my account?",
            "What is the monthly fee?",
            "How much can I withdraw a day?",
            "How long do I have to dispute it?",
            "how much is it",
            "How long do I have to dispute a charge for shoes that never arrived?",
            "What is the annual fee in 2026?",
        ] {
            assert_eq!(named(question), Vec::<String>::new(), "{question}");
        }
    }

    #[test]
    fn a_word_that_the_documents_use_elsewhere_is_missed() {
        let thing = of("fee for a bounced direct debit").unwrap();
        let held: BTreeSet<String> = text::content_stems("Dishonoured direct debit").into_iter().collect();
        assert!(thing.is_in(&held, &|_| false));
        let bonus = of("How do we treat bonus income?").unwrap();
        let income: BTreeSet<String> = text::content_stems("Casual income counts").into_iter().collect();
        assert!(!bonus.is_in(&income, &|_| true));
        let thing = of("fee for a cheque book").unwrap();
        assert!(!thing.is_in(&text::content_stems("Bank cheque").into_iter().collect(), &|_| false));
        assert!(of("fee for a fob").unwrap().is_in(&held, &|_| false), "no word of the bank's");
        assert!(thing.is_in(&text::content_stems("A chequebook").into_iter().collect(), &|_| false));
    }
}
