//! Where one request of a message ends and the next begins: at sentences, at words that join, at the numbers of a list.

use std::{borrow::Cow, sync::LazyLock};

use contactiq_nlu::text::sentences;
use regex::Regex;

use super::asking::{self, ASKING};

/// What begins another request inside a sentence.
const JOINTS: &[&str] = &[
    " and also ",
    " oh and ",
    " also ",
    " and before i forget",
    " by the way ",
    " btw ",
    "; ",
    " - ",
    ". ",
    "? ",
    "! ",
    "\n",
    "\t",
    " plus ",
    " because ",
    " cos ",
    " coz ",
    " cuz ",
    " while ",
    " then ",
    " oh ",
    " & ",
    " / ",
    "|",
    "...",
    "\u{2026}",
    "\u{2022}",
    ") ",
    " anyway ",
];
/// The fewer that open a request after a comma alone: the others go on with a sentence as often.
const ASKING_AFTER_A_COMMA: &[&str] = &["what", "what's", "whats", "how", "how's", "hows", "can", "could"];
/// What tells something of its own after a comma: "how do I order a card, mine was stolen".
const TELLING: &[&str] = &["mine", "someone", "somebody", "i've", "ive", "my"];
/// What does so behind a question alone: elsewhere it goes on with the sentence.
const TELLING_BEHIND_A_QUESTION: &[&str] = &[
    "i", "i'm", "im", "we", "we've", "weve", "he", "he's", "she", "she's", "they", "they've", "some",
    "some1", "sum1", "our", "his", "her", "their", "there's", "theres", "nobody", "this",
];

/// A piece of a message.
pub(super) struct Cut<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether it is one of the numbered things of a list.
    pub(super) listed: bool,
}

/// All the pieces, in order. What only names what it asks for is a question.
pub(super) fn cut(text: &str) -> Vec<Cut<'_>> {
    let items = items(text);
    let bullets = text.lines().filter(|line| bullet(line).is_some()).count() > 1;
    let mut found = Vec::new();
    for (item, numbered) in items {
        for line in item.lines() {
            let listed = numbered || (bullets && bullet(line).is_some());
            let line = if listed { bullet(line).unwrap_or(line) } else { line };
            for piece in pieces_of(line) {
                found.push(Cut { text: Cow::Borrowed(piece), listed });
            }
        }
    }
    let several = found.len() > 1;
    for cut in found.iter_mut().filter(|_| several) {
        let names = match cut.listed {
            true => asking::tells_nothing(&cut.text),
            false => asking::names_what_it_asks_for(&cut.text),
        };
        if names && !cut.text.is_empty() && !asking::is_request(&cut.text) {
            cut.text = Cow::Owned(format!("{}?", cut.text.trim_end_matches(|c: char| !c.is_alphanumeric())));
        }
    }
    found
}

fn pieces_of(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for sentence in sentences(line) {
        let mut rest = sentence.of(line);
        loop {
            let lower = rest.to_ascii_lowercase();
            let Some((at, length)) = joint(&lower) else { break };
            found.push(rest[..at].trim());
            rest = &rest[at + length..];
        }
        found.push(rest.trim());
    }
    found
}

/// A line without the mark of a list.
fn bullet(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix(['-', '*', '\u{2022}']).filter(|rest| rest.starts_with(' ')).map(str::trim_start)
}

/// What stands before, between and behind the numbers "1) … 2) …" or letters "a) … b) …" of a list, and whether it is
/// one of its things. Without a list the whole text.
fn items(text: &str) -> Vec<(&str, bool)> {
    #[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
    static MARK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:^|[\s(,;])(?:([1-9]|[a-h])\)\s*|([1-9])[.:]\s+)").expect("a constant pattern")
    });
    let mut marks: Vec<(u8, usize, usize)> = Vec::new();
    for found in MARK.captures_iter(text) {
        let (Some(whole), Some(mark)) = (found.get(0), found.get(1).or_else(|| found.get(2))) else {
            continue;
        };
        let Some(number) = mark.as_str().bytes().next().map(|byte| byte.to_ascii_lowercase()) else {
            continue;
        };
        let follows = match marks.last() {
            None => matches!(number, b'1' | b'a'),
            Some((last, ..)) => number == last + 1,
        };
        if follows {
            marks.push((number, whole.start(), whole.end()));
        }
    }
    if marks.len() < 2 {
        return vec![(text, false)];
    }
    let mut items = vec![(text[..marks[0].1].trim(), false)];
    for (at, (_, _, from)) in marks.iter().enumerate() {
        let to = marks.get(at + 1).map_or(text.len(), |(_, to, _)| *to);
        items.push((text[*from..to].trim().trim_end_matches([',', ';']), true));
    }
    items
}

/// Where the next request begins: the place of its joint, and the length of the joint.
fn joint(lower: &str) -> Option<(usize, usize)> {
    let plain = JOINTS.iter().filter_map(|j| lower.find(j).map(|at| (at, j.len())));
    let asking = [(" and ", ASKING), (", ", ASKING_AFTER_A_COMMA), (", ", TELLING)].into_iter().flat_map(
        |(joint, openings)| {
            lower.match_indices(joint).filter_map(move |(at, _)| {
                let next = asking::words(&lower[at + joint.len()..]).next()?;
                openings.contains(&next).then_some((at, joint.len()))
            })
        },
    );
    // "Explain the fee and list the documents", "lock my card and order a new one".
    let wishes = lower.match_indices(" and ").filter_map(|(at, joint)| {
        let next = lower[at + joint.len()..].trim_end_matches(['?', ' ']);
        (asking::is_request(next) || asking::orders(next)).then_some((at, joint.len()))
    });
    let told = lower.match_indices(", ").filter_map(|(at, joint)| {
        let next = asking::words(&lower[at + joint.len()..]).next()?;
        (TELLING_BEHIND_A_QUESTION.contains(&next) && asking::has_asked(&lower[..at]))
            .then_some((at, joint.len()))
    });
    plain.chain(asking).chain(wishes).chain(told).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        cut(text).into_iter().map(|cut| cut.text.into_owned()).filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn the_things_of_a_numbered_list_are_requests() {
        for (text, expected) in [
            (
                "1) cost of a bank cheque 2) overseas ATM fee 3) is closing my account free?",
                &["cost of a bank cheque?", "overseas ATM fee?", "is closing my account free?"][..],
            ),
            ("a) courier cost b) dishonour fee", &["courier cost?", "dishonour fee?"]),
            (
                "Two things: (1) opening hours (2) my card was stolen",
                &["Two things:", "opening hours?", "my card was stolen"],
            ),
            ("1. statement fee\n2. cheque fee", &["statement fee?", "cheque fee?"]),
            ("- statement fee\n- cheque fee", &["statement fee?", "cheque fee?"]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
        for one in ["The rate is 1. something", "what is plan b) about", "I paid 2) and 3)"] {
            assert!(!cut(one).iter().any(|cut| cut.listed), "{one}");
        }
    }

    #[test]
    fn a_verb_after_and_begins_another_request() {
        for (text, expected) in [
            ("Lock my card and tell me the fee", &["Lock my card", "tell me the fee"][..]),
            (
                "tell me the monthly fee and list the documents for a loan",
                &["tell me the monthly fee", "list the documents for a loan"],
            ),
            ("how do I lock my card and order a new one?", &["how do I lock my card", "order a new one?"]),
            ("I want to open and fund a term deposit", &["I want to open and fund a term deposit"]),
            ("what do Gold and Platinum cards cost?", &["what do Gold and Platinum cards cost?"]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn who_tells_something_behind_a_question_begins_anew() {
        for (text, expected) in [
            (
                "how long does a payment take, cos a chap on the phone wants it moved",
                &["how long does a payment take,", "a chap on the phone wants it moved"][..],
            ),
            ("what is the fee, some lad took it", &["what is the fee", "some lad took it"]),
            ("when I call, I hear nothing", &["when I call, I hear nothing"]),
            ("the annual fee, also the late fee", &["the annual fee?", "the late fee?"]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }
}
