//! What is said around names: "my name is", sign-offs, relations, "speaking", "holder of".

use super::{
    cues::Cue,
    lexicon::traits as t,
    page::{Gap, Page},
};

/// How much the words around a name promise one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Promise {
    /// "for", "from": a known name must follow.
    Slight,
    /// "I am": unknown words count when capitalised, or two together that look like no adjectives.
    Fair,
    /// A sign-off, a relation, "to" after a paying verb: two unknown words are a name.
    Good,
    /// "my name is": whatever is no everyday word.
    Firm,
}

/// Whether the token `n` before `token` is one of these words.
fn back(page: &Page<'_>, token: usize, n: usize, words: &[&str]) -> bool {
    token.checked_sub(n).is_some_and(|at| words.iter().any(|w| page.is(at, w)))
}

/// What "name" may belong to that is no person.
const NAMELESS: &[&str] = &[
    "the", "a", "user", "account", "brand", "company", "merchant", "shop", "store", "business", "change",
    "your", "wrong", "product", "to", "bank",
];
const NAME_WORDS: &[&str] = &["name", "names", "surname", "firstname", "lastname", "fullname"];
const ROLES: &[&str] = &["holder", "payee", "beneficiary", "recipient", "signatory", "sender", "nominee"];
/// Labels of a form or of a dialogue, before a colon.
const LABELS: &[&str] = &[
    "check",
    "identity",
    "verification",
    "details",
    "customer",
    "caller",
    "member",
    "attn",
    "contact",
    "borrower",
    "applicant",
    "guarantor",
];
/// Words that a known name follows often enough.
const SLIGHT: &[&str] = &[
    "to",
    "for",
    "from",
    "with",
    "by",
    "and",
    "did",
    "is",
    "let",
    "remove",
    "add",
    "adding",
    "removing",
    "take",
    "ask",
    "told",
    "contacting",
    "spoke",
    "tell",
    "of",
    "me",
    "behalf",
    "care",
    "hi",
    "hello",
    "hey",
    "dear",
    "via",
    "2",
    "4",
    ",",
    "about",
    "pay",
    "paid",
    "send",
    "ring",
    "met",
    "attn",
    "attention",
    "than",
    "has",
    "client",
    "customer",
    "member",
    "caller",
    "agent",
    "said",
    "says",
    "helped",
];

/// The first of the marks that open around a name: "my name is <John Smith>".
pub(super) fn opened(page: &Page<'_>, token: usize) -> usize {
    let mut first = token;
    while first > 0
        && page.gap(first) == Gap::None
        && matches!(page.slice(first - 1), "<" | "*" | "_" | "\"" | "'")
    {
        first -= 1;
    }
    if first == 0 || page.gap(first) != Gap::None || matches!(page.slice(first - 1), ":" | "=") {
        first
    } else {
        token
    }
}

/// What the words before a token promise.
pub(super) fn promise(page: &Page<'_>, token: usize) -> Option<Promise> {
    let token = opened(page, token);
    let b1 = token.checked_sub(1)?;
    let back = |n: usize, words: &[&str]| back(page, token, n, words);
    let has = |n: usize, bits: u32| token.checked_sub(n).is_some_and(|at| page.has(at, bits));
    if sign_off(page, b1) || back(1, &[",", "-", "!", ".", ":"]) && token > 1 && sign_off(page, token - 2) {
        return Some(Promise::Good);
    }
    if page.gap(token) == Gap::Break {
        return None;
    }
    let titled = back(1, &["."]) && has(2, t::TITLE) && page.gap(b1) == Gap::None;
    if has(1, t::TITLE) && page.slice(b1).len() > 1 || titled {
        return Some(Promise::Firm);
    }
    if back(1, &["name's"]) || back(1, NAME_WORDS) && !back(2, NAMELESS) {
        return Some(Promise::Firm);
    }
    let link = back(1, &["is", ":", "=", "was", "-", "it's", "as"]);
    if link && (back(2, NAME_WORDS) || back(2, ROLES)) {
        let other = back(3, &["company", "brand", "product", "merchant", "user", "shop", "bank", "business"]);
        return (!other).then_some(Promise::Firm);
    }
    if back(1, &[":"]) && back(2, LABELS) || back(1, LABELS) && back(2, &["identity"]) {
        return Some(Promise::Good);
    }
    if back(1, &["called", "named", "signed", "authorise", "authorize"])
        || back(1, &["of"]) && back(2, &["name", "behalf"])
        || back(1, &["with"]) && back(2, &["joint", "jointly"])
    {
        return Some(Promise::Good);
    }
    // In German "im" is "in the".
    let is_im = back(1, &["im"]) && !page.foreign[b1];
    if back(1, &["i'm"]) || is_im || back(1, &["am", ","]) && back(2, &["i"]) {
        return Some(Promise::Fair);
    }
    // "my security answer is", "mother's maiden name is": a name more often than not.
    if back(1, &["is", ":"]) && back(2, &["answer", "maiden"]) {
        return Some(Promise::Firm);
    }
    if back(1, &["is"]) && back(2, &["this"]) || back(1, &["it's", "its"]) {
        return Some(Promise::Fair);
    }
    if has(1, t::RELATION) || back(1, &["is", ",", ":"]) && has(2, t::RELATION) {
        return Some(Promise::Good);
    }
    // A dialogue written out: "Client: Ana Silva" after a question for the name.
    let asked = (token.saturating_sub(9)..token).any(|i| page.is(i, "name"));
    if asked && back(1, &[":", "client", "customer", "me", "caller", "member"]) {
        return Some(Promise::Firm);
    }
    if asked && back(1, &["?", "."]) {
        return Some(Promise::Fair);
    }
    if back(1, &["to", "for", "from", "2", "4"]) && (token.saturating_sub(9)..b1).any(|i| pays(page, i)) {
        return Some(Promise::Good);
    }
    let number = page.is_digits(b1) && page.slice(b1).len() >= 4;
    (number || back(1, SLIGHT)).then_some(Promise::Slight)
}

/// A word of paying, or money.
fn pays(page: &Page<'_>, token: usize) -> bool {
    page.has(token, t::PAY)
        || (page.has(token, t::CURRENCY) && !page.has(token, t::FUNCTION) && page.slice(token).len() > 1)
        || matches!(page.slice(token), "$" | "£" | "€" | "₹")
}

/// Words that close a letter, and headings of a person's details.
fn sign_off(page: &Page<'_>, token: usize) -> bool {
    const WORDS: &[&str] = &[
        "regards",
        "thanks",
        "cheers",
        "sincerely",
        "best",
        "yours",
        "wishes",
        "details",
        "faithfully",
        "thx",
        "rgds",
        "respectfully",
        "truly",
        "warmly",
        "love",
    ];
    WORDS.iter().any(|w| page.is(token, w))
        || (page.is(token, "you") && token > 0 && page.is(token - 1, "thank"))
}

/// Words behind a name that say it was one: "here", "speaking".
pub(super) fn announced(page: &Page<'_>, last: usize) -> bool {
    ["here", "speaking", "calling", "writing"].iter().any(|w| page.is(last + 1, w))
        && page.gap(last + 1) != Gap::Break
}

/// Words behind a name that only people have: "born", "holder of", "and me", "off my account".
pub(super) fn followed(page: &Page<'_>, last: usize) -> Option<Promise> {
    let next = last + 1;
    if page.gap(next) == Gap::Break {
        return None;
    }
    let next = if matches!(page.slice(next), "," | "(") { next + 1 } else { next };
    let is = |token: usize, words: &[&str]| words.iter().any(|w| page.is(token, w));
    let owned = is(next, &["holder"]) && is(next + 1, &["of"])
        || is(next, &["off", "onto"]) && is(next + 1, &["my", "our", "the"])
        || is(next, &["to"]) && is(next + 1, &["act"])
        || is(next, &["speaking"])
        || is(next, &["here"]) && is(next + 1, &["from", "calling", "again"])
        || is(next, &["at"]) && (page.is_digits(next + 1) || page.has(next + 1, t::UNIT))
        || is(next, &["to", "2", "into"]) && page.is_digits(next + 1) && page.slice(next + 1).len() >= 3;
    if owned || page.cues_after(last, 1).any(|(c, _)| c.cue == Cue::Birth && c.first <= next) {
        return Some(Promise::Firm);
    }
    (is(next, &["and"]) && is(next + 1, &["me", "i", "myself"]) || is(next, &["authorise", "authorize"]))
        .then_some(Promise::Good)
}

/// A sentence part ends here, or "and" and "from" go on.
pub(super) fn ends(page: &Page<'_>, last: usize) -> bool {
    let next = last + 1;
    page.gap(next) == Gap::Break
        || matches!(page.slice(next), "," | "." | "!" | "?" | ";")
        || ["and", "from", "born", "with", "calling"].iter().any(|w| page.is(next, w))
}

/// Endings of adjectives and adverbs.
pub(super) fn is_adjective(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["ed", "ing", "ly", "ful", "ous", "ive", "able", "less", "ible", "ated"]
        .iter()
        .any(|e| lower.ends_with(e))
}
