//! Codes of letters and digits, as they stand after "passport number is": read over separators.

use super::{
    lexicon::traits as t,
    page::{Gap, Kind, Page},
};

/// A code: bytes of the text, its characters without separators in upper case.
pub(super) struct Identifier {
    pub(super) first: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) compact: Vec<u8>,
    pub(super) digits: usize,
    /// Money words touch it.
    pub(super) amount: bool,
}

/// Tokens that may stand between a cue and its value.
fn is_link(page: &Page<'_>, token: usize) -> bool {
    let slice = page.slice(token);
    matches!(slice, ":" | "=" | "#" | "-" | "." | "(" | "\"" | "'" | ",")
        || matches!(
            slice.to_ascii_lowercase().as_str(),
            "is" | "number"
                | "no"
                | "num"
                | "nr"
                | "id"
                | "it's"
                | "its"
                | "was"
                | "are"
                | "as"
                | "the"
                | "my"
                | "code"
                | "card"
                | "of"
                | "be"
                | "with"
                | "reads"
                | "says"
                | "being"
                | "same"
                | "currently"
                | "number's"
        )
        // The same in other languages.
        || matches!(
            slice,
            "ist" | "lautet" | "hat" | "die" | "der" | "nummer" | "Nummer" | "mit" | "est" | "es" | "è" | "é" | "jest"
                | "numéro" | "número" | "numero" | "le" | "la" | "el" | "il" | "de" | "del" | "van"
        )
}

/// The code that follows a cue, beginning at `token` or behind a few linking words. `max` bounds the
/// compact length.
pub(super) fn after(page: &Page<'_>, token: usize, max: usize) -> Option<Identifier> {
    let mut first = token;
    let mut lines = 0;
    while first < token + 7 && is_link(page, first) {
        lines += usize::from(page.gap(first) == Gap::Break);
        first += 1;
    }
    lines += usize::from(page.gap(first) == Gap::Break);
    if lines > 1 {
        return None;
    }
    read(page, first, max)
}

/// Reads a code at a token: pieces of letters and digits, where only pieces with digits and short
/// letter pieces may stand apart by a space.
pub(super) fn read(page: &Page<'_>, first: usize, max: usize) -> Option<Identifier> {
    let mut compact = Vec::new();
    let mut digits = 0;
    let mut last = None;
    let mut token = first;
    while let Some(t) = page.tokens.get(token) {
        let gap = if token == first { Gap::None } else { t.gap };
        let slice = page.slice(token);
        match t.kind {
            Kind::Digits if gap != Gap::Break => {
                compact.extend_from_slice(slice.as_bytes());
                digits += slice.len();
            }
            Kind::Word if gap != Gap::Break && page.entry(token).spoken.is_some() && slice.len() > 1 => {
                let numbers = spoken(page, token);
                if numbers.is_empty() {
                    break;
                }
                digits += numbers.len();
                compact.extend(numbers);
            }
            Kind::Word if gap == Gap::None && slice.len() <= 11 && slice.is_ascii() => {
                compact.extend(slice.bytes().map(|b| b.to_ascii_uppercase()));
            }
            // A single letter or two apart by a space, with digits behind or before: "LS 99 34 83 C".
            Kind::Word
                if gap == Gap::Space
                    && slice.len() <= 2
                    && slice.is_ascii()
                    && !page.has(token, t::FUNCTION)
                    && (page.is_digits(token + 1) || digits > 0) =>
            {
                compact.extend(slice.bytes().map(|b| b.to_ascii_uppercase()));
            }
            Kind::Word
                if gap == Gap::Space
                    && slice.len() == 1
                    && slice.is_ascii()
                    && digits >= 4
                    && compact.len() < max =>
            {
                compact.extend(slice.bytes().map(|b| b.to_ascii_uppercase()));
            }
            Kind::Mark
                if matches!(slice, "-" | "/" | ".")
                    && last.is_some()
                    && gap == Gap::None
                    && page.gap(token + 1) == Gap::None =>
            {
                token += 1;
                continue;
            }
            _ => break,
        }
        if compact.len() > max {
            // The last piece belongs to something else, unless it is the only one.
            return trimmed(page, first, last, max);
        }
        last = Some(token);
        token += 1;
    }
    finish(page, first, last, compact, digits)
}

/// Reads again without the piece that made the code too long.
fn trimmed(page: &Page<'_>, first: usize, last: Option<usize>, max: usize) -> Option<Identifier> {
    let last = last?;
    let mut compact = Vec::new();
    let mut digits = 0;
    for token in first..=last {
        match page.tokens.get(token)?.kind {
            Kind::Mark => {}
            Kind::Digits => {
                digits += page.slice(token).len();
                compact.extend_from_slice(page.slice(token).as_bytes());
            }
            Kind::Word if page.entry(token).spoken.is_some() && page.slice(token).len() > 1 => {
                let numbers = spoken(page, token);
                digits += numbers.len();
                compact.extend(numbers);
            }
            Kind::Word => compact.extend(page.slice(token).bytes().map(|b| b.to_ascii_uppercase())),
        }
    }
    if compact.len() > max {
        return None;
    }
    finish(page, first, Some(last), compact, digits)
}

fn finish(
    page: &Page<'_>,
    first: usize,
    last: Option<usize>,
    compact: Vec<u8>,
    digits: usize,
) -> Option<Identifier> {
    let last = last?;
    let money = |token: usize| {
        page.has(token, t::CURRENCY | t::QUANTITY) && !page.has(token, t::FUNCTION)
            || matches!(page.slice(token), "%" | "$" | "£" | "€")
    };
    Some(Identifier {
        first,
        start: page.start(first),
        end: page.end(last),
        digits,
        amount: (page.gap(last + 1) != Gap::Break && money(last + 1)) || (first > 0 && money(first - 1)),
        compact,
    })
}

fn spoken(page: &Page<'_>, token: usize) -> Vec<u8> {
    use super::lexicon::Spoken;
    match page.entry(token).spoken {
        Some(Spoken::Digit(d)) => vec![b'0' + d],
        Some(Spoken::Teen(n)) => vec![b'0' + n / 10, b'0' + n % 10],
        Some(Spoken::Ten(n)) => vec![b'0' + n / 10, b'0'],
        Some(Spoken::Repeat(times)) => match page.entry(token + 1).spoken {
            // The digit itself follows and adds the last one.
            Some(Spoken::Digit(d)) => vec![b'0' + d; usize::from(times) - 1],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The unbroken piece of letters and digits that begins at a token, when one does begin there.
pub(super) fn glued(page: &Page<'_>, first: usize) -> Option<Identifier> {
    if first > 0 && page.gap(first) == Gap::None && page.tokens.get(first - 1)?.kind != Kind::Mark {
        return None;
    }
    let mut last = first;
    while page.tokens.get(last + 1).is_some_and(|t| t.gap == Gap::None && t.kind != Kind::Mark) {
        last += 1;
        if last - first > 24 {
            return None;
        }
    }
    let slice = page.text.get(page.start(first)..page.end(last))?;
    if last == first || !slice.is_ascii() {
        return None;
    }
    let compact: Vec<u8> = slice.bytes().map(|b| b.to_ascii_uppercase()).collect();
    let digits = compact.iter().filter(|b| b.is_ascii_digit()).count();
    finish(page, first, Some(last), compact, digits)
}

/// A longer piece is read so far, in characters: many may begin inside one.
const LONGEST_CHUNK: usize = 1000;

/// Where the piece without white space that begins at `token` ends, sentence marks left out.
pub(super) fn chunk_end(page: &Page<'_>, token: usize) -> usize {
    let start = page.start(token);
    let rest = &page.text[start..];
    let length = rest.char_indices().take(LONGEST_CHUNK).find(|(_, c)| c.is_whitespace()).map_or_else(
        || rest.char_indices().nth(LONGEST_CHUNK).map_or(rest.len(), |(at, _)| at),
        |(at, _)| at,
    );
    let chunk = &rest[..length];
    let trimmed = chunk.trim_end_matches(['.', ',', ';', ':', '?', '!', ')', ']', '}', '"', '\'', '>']);
    start + if trimmed.is_empty() { chunk.len() } else { trimmed.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, cue: usize, max: usize) -> Option<String> {
        let page = Page::new(text, &[]);
        after(&page, cue, max).map(|id| String::from_utf8(id.compact).unwrap())
    }

    #[test]
    fn codes_are_read_over_their_separators() {
        assert_eq!(code("passport is N1234567", 1, 12).as_deref(), Some("N1234567"));
        assert_eq!(code("ni ab 12 34 56 c", 1, 9).as_deref(), Some("AB123456C"));
        assert_eq!(code("licence E471-9793-9177 is", 1, 18).as_deref(), Some("E47197939177"));
        assert_eq!(code("passport n one double two", 1, 12).as_deref(), Some("N122"));
    }

    #[test]
    fn words_are_no_codes() {
        let page = Page::new("passport expired", &[]);
        assert!(after(&page, 1, 12).is_none_or(|id| id.digits == 0));
    }
}
