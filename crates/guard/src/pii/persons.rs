//! Names of people: by what is said around them, with lists of common names as support only.

use super::{
    cues::Cue,
    lexicon::traits as t,
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// How much the words around a name promise one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    /// "for", "from": a known name must follow.
    Slight,
    /// "I am": unknown words count when capitalised, or two together that look like no adjectives.
    Fair,
    /// A sign-off, a relation, "to" after a paying verb: two unknown words are a name.
    Good,
    /// "my name is": whatever is no everyday word.
    Firm,
}

/// Finds names.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    let mut token = 0;
    while token < page.tokens.len() {
        let mut next = token + 1;
        if starts(page, token) {
            let promise = promise(page, token);
            if let Some((last, score)) = name_at(page, token, promise) {
                out.push(Found { start: page.start(token), end: page.end(last), kind: P::Person, score });
                next = last + 1;
            }
        }
        token = next;
    }
}

/// A name may begin here: a word that begins a piece of text and belongs to no brand.
fn starts(page: &Page<'_>, token: usize) -> bool {
    if !page.is_word(token) || page.in_brand(token) {
        return false;
    }
    let inside_name = token > 0
        && page.gap(token) == Gap::None
        && matches!(page.slice(token - 1), "." | "@" | "_" | "-" | "/" | "'" | "<");
    !inside_name && !(page.gap(token) == Gap::None && token > 0 && page.is_digits(token - 1))
}

fn lower(page: &Page<'_>, token: usize) -> String {
    page.slice(token).to_ascii_lowercase()
}

/// What the words before a token promise.
fn promise(page: &Page<'_>, token: usize) -> Option<Promise> {
    let back = |n: usize| token.checked_sub(n);
    let Some(b1) = back(1) else { return None };
    let w1 = lower(page, b1);
    let w2 = back(2).map(|b| lower(page, b)).unwrap_or_default();
    let w3 = back(3).map(|b| lower(page, b)).unwrap_or_default();
    if page.gap(token) == Gap::Break {
        return sign_off(page, b1).then_some(Promise::Good);
    }
    if page.has(b1, t::TITLE) && w1.len() > 1
        || (w1 == "." && back(2).is_some_and(|b| page.has(b, t::TITLE)) && page.gap(b1) == Gap::None)
    {
        return Some(Promise::Firm);
    }
    let names = |w: &str| matches!(w, "name" | "names" | "surname" | "firstname" | "lastname" | "fullname");
    let link = matches!(w1.as_str(), "is" | ":" | "=" | "was" | "-" | "it's" | "as");
    if w1 == "name's"
        || names(&w1)
            && !matches!(
                w2.as_str(),
                "the"
                    | "a"
                    | "user"
                    | "account"
                    | "brand"
                    | "company"
                    | "merchant"
                    | "shop"
                    | "store"
                    | "business"
                    | "change"
                    | "your"
                    | "wrong"
                    | "product"
                    | "to"
            )
    {
        return Some(Promise::Firm);
    }
    if link
        && (names(&w2)
            || matches!(
                w2.as_str(),
                "holder" | "payee" | "beneficiary" | "recipient" | "signatory" | "sender" | "nominee"
            ))
    {
        let company = matches!(
            w3.as_str(),
            "company" | "brand" | "product" | "merchant" | "user" | "shop" | "bank" | "business"
        );
        return (!company).then_some(Promise::Firm);
    }
    if matches!(w1.as_str(), "called" | "named" | "signed")
        || (w1 == "of" && w2 == "name")
        || (w1 == "of" && w2 == "behalf")
    {
        return Some(Promise::Fair);
    }
    if matches!(w1.as_str(), "i'm" | "im") || (w1 == "am" && w2 == "i") || (w1 == "," && w2 == "i") {
        return Some(Promise::Fair);
    }
    if (w1 == "is" && matches!(w2.as_str(), "this" | "answer" | "maiden"))
        || matches!(w1.as_str(), "it's" | "its")
    {
        return Some(Promise::Fair);
    }
    if page.has(b1, t::RELATION)
        || (matches!(w1.as_str(), "is" | "," | ":") && back(2).is_some_and(|b| page.has(b, t::RELATION)))
    {
        return Some(Promise::Good);
    }
    if matches!(w1.as_str(), "," | "-" | "!") && back(2).is_some_and(|b| sign_off(page, b))
        || sign_off(page, b1)
    {
        return Some(Promise::Fair);
    }
    // A dialogue written out: "Client: Ana Silva" after a question for the name.
    let asked = (token.saturating_sub(9)..token).any(|i| page.is(i, "name"));
    if asked && (w1 == ":" || matches!(w1.as_str(), "client" | "customer" | "me" | "caller" | "member")) {
        return Some(Promise::Firm);
    }
    if asked && matches!(w1.as_str(), "?" | ".") {
        return Some(Promise::Fair);
    }
    let pays = (token.saturating_sub(9)..b1).any(|i| page.has(i, t::PAY));
    if matches!(w1.as_str(), "to" | "for" | "from" | "2" | "4") && pays {
        return Some(Promise::Good);
    }
    let verbs = [
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
        "authorise",
        "authorize",
        "take",
        "ask",
        "told",
        "contact",
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
        "holder",
        "attn",
        "attention",
        "c",
        "than",
        "has",
        "client",
        "customer",
        "member",
        "caller",
        "agent",
    ];
    verbs.contains(&w1.as_str()).then_some(Promise::Slight)
}

fn sign_off(page: &Page<'_>, token: usize) -> bool {
    let at =
        if matches!(page.slice(token), "," | "." | "!" | "-") { token.checked_sub(1) } else { Some(token) };
    at.is_some_and(|at| {
        [
            "regards",
            "thanks",
            "thank",
            "cheers",
            "sincerely",
            "best",
            "yours",
            "wishes",
            "details",
            "faithfully",
            "thx",
            "signed",
            "rgds",
            "you",
        ]
        .iter()
        .any(|w| page.is(at, w))
            && (!page.is(at, "you") || (at > 0 && page.is(at - 1, "thank")))
    })
}

/// Words behind a name that say it was one: "here", "speaking".
fn announced(page: &Page<'_>, last: usize) -> bool {
    ["here", "speaking", "calling", "writing"].iter().any(|w| page.is(last + 1, w))
        && page.gap(last + 1) != Gap::Break
}

/// Words behind a name that only people have: "born", "holder of", "and me", "off my account".
fn followed(page: &Page<'_>, last: usize) -> bool {
    let next = last + 1;
    if page.gap(next) == Gap::Break {
        return false;
    }
    let next = if matches!(page.slice(next), "," | "(") { next + 1 } else { next };
    let is = |token: usize, word: &str| page.is(token, word);
    (is(next, "holder") && is(next + 1, "of"))
        || (is(next, "and") && (is(next + 1, "me") || is(next + 1, "i") || is(next + 1, "myself")))
        || (is(next, "off") && (is(next + 1, "my") || is(next + 1, "our") || is(next + 1, "the")))
        || (is(next, "to") && is(next + 1, "act"))
        || (is(next, "at") && page.is_digits(next + 1))
        || (is(next, "at") && page.has(next + 1, t::UNIT))
        || (is(next, "authorise") || is(next, "authorize"))
        || page.cues_after(last, 1).any(|(c, _)| {
            matches!(c.cue, Cue::Birth | Cue::Passport | Cue::Ssn)
                && c.first <= next
                && !page.is(c.first, "social")
        })
}

/// A sentence part ends here, or "and" and "from" go on.
fn ends(page: &Page<'_>, last: usize) -> bool {
    let next = last + 1;
    page.gap(next) == Gap::Break
        || matches!(page.slice(next), "," | "." | "!" | "?" | ";")
        || ["and", "from", "born", "with", "calling"].iter().any(|w| page.is(next, w))
}

/// Endings of adjectives and adverbs.
fn is_adjective(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["ed", "ing", "ly", "ful", "ous", "ive", "able", "less", "ible", "ated"]
        .iter()
        .any(|e| lower.ends_with(e))
}

/// What a word is worth inside a name.
fn worth(page: &Page<'_>, token: usize) -> Worth {
    let traits = page.entry(token).traits;
    let capital = page.cased && page.is_capital(token);
    let length = page.slice(token).chars().count();
    // "I. Novak", "Priya A Savant": a letter with a dot is an initial, whatever word it may be.
    if length == 1
        && page.slice(token + 1) == "."
        && page.gap(token + 1) == Gap::None
        && page.is_word(token + 2)
    {
        return Worth::Initial;
    }
    let everyday = traits & (t::FUNCTION | t::COMMON | t::MONTH | t::CURRENCY | t::QUANTITY) != 0
        || page.entry(token).spoken.is_some()
        || !page.entry(token).phrases.is_empty();
    if traits & t::FUNCTION != 0 && !(capital && traits & (t::GIVEN | t::FAMILY) != 0) {
        return Worth::None;
    }
    if traits & (t::GIVEN | t::FAMILY) != 0 {
        let doubtful = traits & t::AMBIGUOUS != 0 || everyday;
        return match (doubtful, capital) {
            (true, false) => Worth::Doubtful,
            _ if traits & t::GIVEN != 0 => Worth::Given,
            _ => Worth::Family,
        };
    }
    if length == 1 {
        return if traits & t::FUNCTION == 0 { Worth::Initial } else { Worth::None };
    }
    if everyday {
        return Worth::None;
    }
    if traits & (t::STREET | t::TITLE | t::RELATION | t::CITY | t::FILLER) != 0 {
        return Worth::None;
    }
    if capital { Worth::Capital } else { Worth::Unknown }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    None,
    /// Known, but an everyday word too and written small.
    Doubtful,
    Given,
    Family,
    Initial,
    /// An unknown word with a capital.
    Capital,
    /// An unknown word written small.
    Unknown,
}

/// The name that begins at a token: its last token and how sure it is.
fn name_at(page: &Page<'_>, first: usize, promise: Option<Promise>) -> Option<(usize, f64)> {
    let begin = worth(page, first);
    let starts_with_particle =
        page.has(first, t::PARTICLE) && page.slice(first).len() > 1 && promise >= Some(Promise::Fair);
    if begin == Worth::None && !starts_with_particle {
        return None;
    }
    let (last, parts) = extend(page, first, promise);
    let full = parts.iter().filter(|w| !matches!(w, Worth::Initial)).count();
    if full == 0 {
        return None;
    }
    let count = |w: Worth| parts.iter().filter(|p| **p == w).count();
    let given = count(Worth::Given);
    let family = count(Worth::Family);
    let known = given + family;
    let doubtful = count(Worth::Doubtful);
    let capital = count(Worth::Capital);
    let initial = count(Worth::Initial);
    let announced = announced(page, last);
    // "Origin Energy", "Tony's Pizza": companies are named like people.
    let company = |token: usize| page.has(token, t::COMPANY) && !page.has(token, t::FUNCTION | t::FAMILY);
    if page.gap(last + 1) != Gap::Break && company(last + 1) || company(last) && full >= 2 {
        return None;
    }
    let promise = if followed(page, last) { promise.max(Some(Promise::Good)) } else { promise };
    let unknown = count(Worth::Unknown);
    // Two words that no list knows and that are no adjectives: "tiziano scaduto".
    let strange = unknown >= 2 && (first..=last).all(|i| !is_adjective(page.slice(i)));
    let score = match promise {
        Some(Promise::Firm) => 0.85,
        Some(Promise::Fair | Promise::Good) if known > 0 || capital > 0 => 0.8,
        // Small unknown words after "I'm" are mostly states ("i'm gutted"); two in a row less so.
        Some(Promise::Fair | Promise::Good) if announced || doubtful > 0 && full >= 2 => 0.7,
        Some(Promise::Fair | Promise::Good) if initial > 0 && full >= 1 => 0.7,
        Some(Promise::Good) if strange => 0.7,
        Some(Promise::Fair) if strange && ends(page, last) => 0.68,
        Some(Promise::Slight) if given > 0 && full >= 2 => 0.72,
        Some(Promise::Slight)
            if given > 0 && (page.cased && page.is_capital(first) || begin == Worth::Given) =>
        {
            0.55
        }
        Some(Promise::Slight) if family > 0 && initial > 0 => 0.65,
        _ if announced && (known > 0 || capital > 0) => 0.75,
        _ if given > 0 && full >= 2 && known + capital + unknown >= 2 => 0.66,
        _ if initial > 0 && family > 0 => 0.6,
        _ if known >= 2 => 0.62,
        _ => return None,
    };
    Some((last, score))
}

/// Goes on from the first word as far as a name goes: at most five words with initials, particles
/// and hyphens, and "Family, Given".
fn extend(page: &Page<'_>, first: usize, promise: Option<Promise>) -> (usize, Vec<Worth>) {
    let firm = promise >= Some(Promise::Fair);
    let mut parts = vec![match worth(page, first) {
        Worth::None => Worth::Initial,
        w => w,
    }];
    let mut last = first;
    while parts.len() < 5 {
        let mut next = last + 1;
        let mut glued = false;
        // Initials carry a dot, double names a hyphen.
        if page.slice(next) == "." && page.gap(next) == Gap::None && page.slice(last).chars().count() == 1 {
            next += 1;
        } else if page.slice(next) == "-" && page.gap(next) == Gap::None && page.gap(next + 1) == Gap::None {
            next += 1;
            glued = true;
        } else if page.slice(next) == "," && parts.len() <= 3 {
            // "Harris, Cheryl": only with a given name behind the comma and a plausible one before.
            let inverted = matches!(worth(page, next + 1), Worth::Given)
                && !matches!(parts[0], Worth::Given)
                && page.gap(next + 1) == Gap::Space
                && (firm || page.cased || parts[0] == Worth::Family);
            if inverted {
                parts.push(Worth::Given);
                last = next + 1;
            }
            break;
        }
        if !page.is_word(next)
            || page.gap(next) == Gap::Break
            || (!glued && page.gap(next) == Gap::None && next == last + 1)
        {
            break;
        }
        let particle = page.has(next, t::PARTICLE) && page.slice(next).len() > 1;
        if particle && page.is_word(next + 1) && page.gap(next + 1) == Gap::Space {
            let behind = if page.has(next + 1, t::PARTICLE) { next + 2 } else { next + 1 };
            let known = matches!(worth(page, behind), Worth::Given | Worth::Family | Worth::Capital);
            let small = worth(page, behind) == Worth::Unknown && !page.cased;
            if page.is_word(behind) && (known || small) && !page.has(next, t::FUNCTION) {
                parts.push(worth(page, behind));
                last = behind;
                continue;
            }
        }
        let w = worth(page, next);
        let fits = match w {
            Worth::Given | Worth::Family | Worth::Capital => true,
            Worth::Doubtful => firm || parts.contains(&Worth::Given),
            Worth::Initial => {
                page.slice(next + 1) == "." || page.is_word(next + 1) && worth(page, next + 1) != Worth::None
            }
            // In a message without capitals an unknown word goes on with a name that began well.
            Worth::Unknown => {
                glued
                    || (!page.cased
                        && parts.len() < 4
                        && (firm || parts[0] == Worth::Given)
                        && page.tokens[next].word == 0)
            }
            // "priya a novak": the article between two parts of a name is an initial.
            Worth::None => {
                page.slice(next).chars().count() == 1
                    && matches!(parts.last(), Some(Worth::Given))
                    && (matches!(worth(page, next + 1), Worth::Given | Worth::Family)
                        || (matches!(worth(page, next + 1), Worth::Unknown | Worth::Capital)
                            && page.tokens.get(next + 1).is_some_and(|t| t.word == 0)
                            && page.is_capital(next) == page.is_capital(first)))
                    && page.gap(next + 1) == Gap::Space
            }
        };
        if !fits || page.in_brand(next) {
            break;
        }
        parts.push(if w == Worth::None { Worth::Initial } else { w });
        last = next;
    }
    (last, parts)
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn names_in_the_contexts_people_use() {
        for (text, name) in [
            ("my name is Zorblat Quimby", "Zorblat Quimby"),
            ("hi, I'm Maria Lopez and I need help", "Maria Lopez"),
            ("i am john smith", "john smith"),
            ("please ask Dr. Okafor", "Okafor"),
            ("thanks,\nOliver Hill", "Oliver Hill"),
            ("pay $50 to Hannah Zyx", "Hannah Zyx"),
            ("my wife Anna van der Berg", "Anna van der Berg"),
            ("this is Jean-Pierre speaking", "Jean-Pierre"),
            ("name: o'brien, sean", "o'brien, sean"),
            ("J. Smith here", "J. Smith"),
        ] {
            assert_eq!(probe(text), [(name.to_owned(), "PERSON")], "{text}");
        }
    }

    #[test]
    fn everyday_words_and_brands_are_no_names() {
        for text in [
            "i am happy with the service",
            "I'm locked out of my account",
            "charged twice by Ted Baker",
            "can i talk to a person",
            "will the card arrive in may",
            "is Charles Schwab better",
            "what is the name of the branch manager",
            "I'm Australian",
            "send money to Spain",
            "Where is my Gold Card",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
