//! From spans to masked text: typed placeholders, the same value under the same number.

use std::{fmt, ops::Range};

use crate::{Masked, PersonalType, Span, normal::is_hidden, numbering::Numbering, placeholder};

/// Replaces the spans of `original` by placeholders and drops what can't be seen.
pub(crate) fn mask(original: &str, spans: &[Span]) -> Masked {
    Cut::new(original, spans).masked(&mut Numbering::beside(original))
}

/// A text without its spans, and what stood in them: enough to number its placeholders anew. It holds values
/// and is therefore never printed.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Cut {
    text: String,
    /// Where in the text each value stood.
    values: Vec<Value>,
}

impl Cut {
    /// Cuts the spans out of `original`, and drops what can't be seen.
    pub(crate) fn new(original: &str, spans: &[Span]) -> Cut {
        let chars: Vec<char> = original.chars().collect();
        let mut cut = Cut { text: String::with_capacity(original.len()), values: Vec::new() };
        let values = &mut cut.values;
        write(&chars, 0..chars.len(), spans, &mut cut.text, &mut |span, value, text| {
            let (at, kind, secret) = (text.len(), span.kind, span.secret);
            values.push(Value { at, kind, text: value.to_owned(), secret });
        });
        cut
    }

    /// The text with a placeholder for each value.
    pub(crate) fn masked(&self, numbering: &mut Numbering) -> Masked {
        let mut text = String::with_capacity(self.text.len() + 16 * self.values.len());
        let mut reached = 0;
        for Value { at, kind, text: value, .. } in &self.values {
            text.push_str(&self.text[reached..*at]);
            put(&mut text, *kind, numbering.number(*kind, value).0);
            reached = *at;
        }
        text.push_str(&self.text[reached..]);
        Masked::by_guard(text)
    }

    /// The placeholders that stand in the text itself.
    pub(crate) fn written(&self) -> impl Iterator<Item = (PersonalType, usize)> {
        placeholder::placeholders(&self.text).map(|p| (p.kind, p.number))
    }

    /// What stood in the text, and whether it is a secret.
    pub(crate) fn values(&self) -> impl Iterator<Item = (PersonalType, &str, bool)> {
        self.values.iter().map(|value| (value.kind, value.text.as_str(), value.secret))
    }
}

/// What stood in a text.
#[derive(Clone, PartialEq)]
struct Value {
    /// Where, in the text without it.
    at: usize,
    kind: PersonalType,
    text: String,
    secret: bool,
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cut({} values)", self.values.len())
    }
}

/// Writes a placeholder.
pub(crate) fn put(text: &mut String, kind: PersonalType, number: usize) {
    text.push_str(&format!("<{kind}_{number}>"));
}

/// Writes a stretch of a text. A span ends inside the stretch; one that begins before it stands for the
/// part in it. `instead` writes what stands for a value. What stands before and behind the stretch decides
/// whether a joiner is seen.
pub(crate) fn write(
    chars: &[char],
    stretch: Range<usize>,
    spans: &[Span],
    text: &mut String,
    instead: &mut impl FnMut(&Span, &str, &mut String),
) {
    let mut value = String::new();
    let mut spans = spans.iter().peekable();
    let mut previous = stretch.start.checked_sub(1).map_or(' ', |before| chars[before]);
    for index in stretch {
        let c = chars[index];
        while spans.peek().is_some_and(|s| s.end <= index) {
            spans.next();
        }
        if let Some(span) = spans.peek()
            && span.start <= index
        {
            value.push(c);
            if index + 1 == span.end {
                instead(span, &value, text);
                value.clear();
            }
            continue;
        }
        // A joiner between visible characters that are no ASCII shapes emoji and Indic letters.
        let joiner = matches!(c, '\u{200c}' | '\u{200d}')
            && !previous.is_ascii()
            && !is_hidden(previous)
            && chars.get(index + 1).is_some_and(|n| !n.is_ascii() && !is_hidden(*n));
        if !is_hidden(c) || joiner {
            text.push(c);
        }
        previous = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize, kind: PersonalType) -> Span {
        Span { start, end, kind, score: 1.0, token: None, secret: kind.is_secret() }
    }

    #[test]
    fn the_same_value_has_the_same_number() {
        let text = "1234 5678, 1234-5678, 9999";
        let spans = [
            span(0, 9, PersonalType::AccountNumber),
            span(11, 20, PersonalType::AccountNumber),
            span(22, 26, PersonalType::AccountNumber),
        ];
        assert_eq!(mask(text, &spans).as_str(), "<ACCOUNT_NUMBER_1>, <ACCOUNT_NUMBER_1>, <ACCOUNT_NUMBER_2>");
    }

    #[test]
    fn numbers_go_on_behind_those_already_there() {
        assert_eq!(mask("<PIN_1> 4321", &[span(8, 12, PersonalType::Pin)]).as_str(), "<PIN_1> <PIN_2>");
    }

    #[test]
    fn what_hides_is_dropped_and_emoji_stay() {
        assert_eq!(mask("a\u{202e}b\u{0}c\u{200b}", &[]).as_str(), "abc");
        assert_eq!(mask("👨\u{200d}👩", &[]).as_str(), "👨\u{200d}👩");
        assert_eq!(mask("line\nline\t.", &[]).as_str(), "line\nline\t.");
    }
}
