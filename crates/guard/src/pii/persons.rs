//! Names of people: by what is said around them, with lists of common names as support only.

use super::{
    lexicon::traits as t,
    naming::{Promise, announced, ends, followed, is_adjective, opened, promise},
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// Finds names.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    let mut token = 0;
    while token < page.tokens.len() {
        let mut next = token + 1;
        if starts(page, token) {
            let begins = worth(page, token) != Worth::None
                || page.has(token, t::PARTICLE) && page.slice(token).len() > 1 && !page.foreign[token];
            let promise = if begins { promise(page, token) } else { None };
            if begins && let Some((last, score)) = name_at(page, token, promise) {
                out.push(Found {
                    start: page.start(token),
                    end: page.end(last),
                    kind: P::Person,
                    score,
                    by: "person: words that are names, or stand where a name is announced",
                });
                next = last + 1;
            }
        }
        token = next;
    }
}

/// A lone everyday word with a capital, or a place with what stands in it: "Faith based loans", "May and June",
/// "Hyde Park branch". A name needs words of a person around it.
pub(super) fn is_unlikely(page: &Page<'_>, f: &Found) -> bool {
    if f.kind != P::Person || f.score >= FIRM {
        return false;
    }
    let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
    let last = page.tokens.partition_point(|t| (t.start as usize) < f.end).saturating_sub(1).max(first);
    let in_place = ["branch", "branches", "atm", "atms", "station", "airport", "shopping", "mall", "speech"];
    if in_place.iter().any(|word| page.is(last + 1, word)) && promise(page, first) < Some(Promise::Fair) {
        return true;
    }
    let everyday = page.has(first, t::MONTH | t::AMBIGUOUS | t::COMMON | t::FUNCTION);
    // Beside another month a name of a month is one.
    let month = page.has(first, t::MONTH)
        && (first.saturating_sub(2)..=last + 2).any(|i| i != first && page.has(i, t::MONTH));
    let based =
        ["based", "loans", "loan", "account", "accounts", "card", "cards", "savings", "period", "design"];
    let compound = everyday && based.iter().any(|word| page.is(last + 1, word));
    first == last && (month || compound) && promise(page, first) < Some(Promise::Fair)
}

/// A rule that is as sure as this is believed.
const FIRM: f64 = 0.84;

/// A name may begin here: a word that begins a piece of text and belongs to no brand.
fn starts(page: &Page<'_>, token: usize) -> bool {
    if !page.is_word(token) || page.in_brand(token) {
        return false;
    }
    // "Ich bin Kunde": a small word of another language is no name there, whatever list it stands in.
    if page.foreign[token] && page.has(token, t::OTHER_TONGUE) && page.cased && !page.is_capital(token) {
        return false;
    }
    let inside_name = token > 0
        && page.gap(token) == Gap::None
        && matches!(page.slice(token - 1), "." | "@" | "_" | "-" | "/" | "'" | "<")
        && opened(page, token) == token;
    let behind_digits = page.gap(token) == Gap::None && token > 0 && page.is_digits(token - 1);
    !inside_name && !behind_digits
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
    if traits & t::FUNCTION != 0 {
        // "Will Smith", but not "Will the card arrive".
        let named =
            capital && traits & t::GIVEN != 0 && page.is_capital(token + 1) && page.has(token + 1, t::FAMILY);
        return if named { Worth::Given } else { Worth::None };
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
    let promise = promise.max(followed(page, last));
    let unknown = count(Worth::Unknown);
    // Two words that no list knows and that are no adjectives: "tiziano scaduto".
    let strange = unknown >= 2 && (first..=last).all(|i| !is_adjective(page.slice(i)));
    let score = match promise {
        Some(Promise::Firm) => 0.85,
        // One unknown word in capitals alone is an abbreviation: "SEPA", "ATMs".
        Some(Promise::Fair | Promise::Good) if known == 0 && full == 1 && is_acronym(page, first) => {
            return None;
        }
        // "I am Gutted": capitals strewn over a complaint.
        Some(Promise::Fair) if known == 0 && full == 1 && is_adjective(page.slice(first)) => return None,
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
        _ if given > 0 && full >= 2 && begin != Worth::Unknown => 0.66,
        Some(Promise::Slight) if capital >= 2 && ends(page, last) && page.is_digits(first - 1) => 0.6,
        _ if initial > 0 && family > 0 => 0.6,
        _ if known >= 2 => 0.62,
        _ => return None,
    };
    Some((last, score))
}

/// Mostly capitals, as abbreviations are, in a text that has small letters.
fn is_acronym(page: &Page<'_>, token: usize) -> bool {
    let slice = page.slice(token);
    let capitals = slice.chars().filter(|c| c.is_uppercase()).count();
    page.cased && capitals >= 2 && capitals * 2 >= slice.chars().count()
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
            Worth::Doubtful => {
                firm || parts.iter().any(|p| matches!(p, Worth::Given | Worth::Unknown | Worth::Doubtful))
            }
            Worth::Initial => {
                page.slice(next + 1) == "." || page.is_word(next + 1) && worth(page, next + 1) != Worth::None
            }
            // In a message without capitals an unknown word goes on with a name that began well.
            // In a message without capitals an unknown word goes on with a name; whether it is one
            // what stands around decides.
            Worth::Unknown => glued || (!page.cased && parts.len() < 4 && page.tokens[next].word == 0),
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
