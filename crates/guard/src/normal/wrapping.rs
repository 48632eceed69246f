//! What stands between a value and its reader: percent codes (`%34`), entities (`&#52;`) and tags (`4532<b>8801</b>`).
//! Personal data is looked for without them; the way back to the original stays.

use unicode_normalization::UnicodeNormalization;

use super::{Normal, fold, is_hidden};

/// A code in a code in a code is the deepest that is read.
const DEPTH: usize = 3;
/// The longest tag that is one.
const LONGEST_TAG: usize = 120;

/// Tags that only shape a text. Those of lines and cells end a line or stand for a gap.
const TAGS: &[&str] = &[
    "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small",
    "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr", "nobr", "td", "th",
];
const LINES: &[&str] = &[
    "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table",
    "tbody", "thead", "tfoot", "tr", "ul", "center",
];
/// Attributes that carry no value of a person.
const SHAPES: &[&str] =
    &["class", "style", "align", "valign", "color", "size", "dir", "lang", "colspan", "rowspan"];

const NAMED: &[(&str, char)] = &[
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("amp", '&'),
    ("commat", '@'),
    ("period", '.'),
    ("plus", '+'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("minus", '-'),
    ("lowbar", '_'),
    ("sol", '/'),
    ("colon", ':'),
    ("equals", '='),
    ("num", '#'),
    ("quot", '"'),
    ("apos", '\''),
    ("comma", ','),
    ("lpar", '('),
    ("rpar", ')'),
];

impl Normal {
    /// The same text without codes and tags; none where it has none.
    pub(crate) fn unwrapped(&self) -> Option<Normal> {
        let mut unwrapped = once(self)?;
        for _ in 1..DEPTH {
            match once(&unwrapped) {
                Some(further) => unwrapped = further,
                None => break,
            }
        }
        Some(unwrapped)
    }
}

fn once(normal: &Normal) -> Option<Normal> {
    let text = normal.text();
    if !text.contains(['%', '&', '<']) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut origin: Vec<(u32, u32)> = Vec::with_capacity(text.len());
    let mut changed = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let read = match c {
            '<' => tag(&text[at..]),
            '&' => entity(&text[at..]),
            '%' => percent(&text[at..]),
            _ => None,
        };
        let begin = out.len();
        let length = match read {
            Some((stands_for, length)) => {
                changed = true;
                out.extend(std::iter::once(stands_for).nfkc().map(fold));
                length
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        let (first, end) = normal.original(at, at + length);
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        origin.resize(origin.len() + out.len() - begin, (place(first), place(end.max(first + 1) - 1)));
        at += length;
    }
    changed.then_some(Normal { text: out, origin: Some(origin), concealing: normal.concealing })
}

/// A readable character that a code may stand for.
fn readable(c: char) -> Option<char> {
    let white = matches!(c, '\n' | '\t' | '\r');
    (white || !is_hidden(c)).then_some(if white { ' ' } else { c })
}

/// `%34`, and `%C3%A9` for one character.
fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let code = text.get(at..at + 3)?.strip_prefix('%')?;
        if code.starts_with('+') { None } else { u8::from_str_radix(code, 16).ok() }
    };
    let first = byte(0)?;
    let length = match first {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = (0..length).map_while(|n| byte(n * 3)).collect();
    let c = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((readable(c)?, length * 3))
}

/// `&#52;`, `&#x34;`, `&nbsp;`.
fn entity(text: &str) -> Option<(char, usize)> {
    let rest = &text[1..];
    if let Some(number) = rest.strip_prefix('#') {
        let (digits, radix, before) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16, 3),
            None => (number, 10, 2),
        };
        let length = digits.bytes().take(8).take_while(|b| char::from(*b).is_digit(radix)).count();
        let c = char::from_u32(u32::from_str_radix(&digits[..length], radix).ok()?)?;
        let closed = usize::from(digits[length..].starts_with(';'));
        return Some((readable(c)?, before + length + closed));
    }
    NAMED
        .iter()
        .find_map(|(name, c)| rest.strip_prefix(name)?.starts_with(';').then_some((*c, name.len() + 2)))
}

/// A tag that only shapes a text: what it stands for, and its length.
fn tag(text: &str) -> Option<(char, usize)> {
    let inside =
        text[1..].bytes().take(LONGEST_TAG).take_while(|b| b.is_ascii() && !matches!(b, b'<' | b'>')).count();
    if text.as_bytes().get(1 + inside) != Some(&b'>') {
        return None;
    }
    let tag = text[1..=inside].trim_matches('/').trim();
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let name = name.to_ascii_lowercase();
    let stands_for = if TAGS.contains(&name.as_str()) {
        ' '
    } else if LINES.contains(&name.as_str()) {
        '\n'
    } else {
        return None;
    };
    shapes_only(attributes).then_some((stands_for, inside + 2))
}

/// Nothing in them can be a value: that would be looked for nowhere.
fn shapes_only(attributes: &str) -> bool {
    let names = attributes.split('=').count() <= 2
        && attributes.split('=').next().is_some_and(|name| name.is_empty() || SHAPES.contains(&name.trim()));
    let mut digits = 0;
    let long = attributes.bytes().any(|b| {
        digits = if b.is_ascii_digit() { digits + 1 } else { 0 };
        digits > 3
    });
    names && !long && !attributes.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(text: &str) -> Option<String> {
        Normal::new(text).unwrapped().map(|n| n.text().to_owned())
    }

    #[test]
    fn codes_and_tags_are_taken_off() {
        for (text, bare) in [
            ("%2B61 412", "+61 412"),
            ("ana%40mail.com", "ana@mail.com"),
            ("&#52;&#x35;3", "453"),
            ("45&nbsp;32", "45 32"),
            ("%2534", "4"),
            ("<b>4532</b> <td class=\"n\">88</td>", " 4532   88 "),
            ("a<br/>b", "a\nb"),
            ("Jos%C3%A9", "José"),
        ] {
            assert_eq!(unwrapped(text).as_deref(), Some(bare), "{text}");
        }
    }

    #[test]
    fn what_is_no_code_stays() {
        for text in [
            "5% off",
            "<PERSON_1>",
            "a & b",
            "&foo;",
            "%zz",
            "%ff",
            "<acct>1",
            "<a title=\"Ana\">x",
            "&#0;",
            "%",
            "&#",
            "<",
        ] {
            assert_eq!(unwrapped(text), None, "{text}");
        }
    }

    #[test]
    fn the_way_back_is_kept() {
        let normal = Normal::new("é %34<b>5</b>").unwrapped().unwrap();
        assert_eq!(normal.text(), "é 4 5 ");
        let four = normal.text().find('4').unwrap();
        assert_eq!(normal.original(four, four + 1), (2, 5));
        assert_eq!(normal.original(four, four + 3), (2, 9), "the tag between them is inside");
    }
}
