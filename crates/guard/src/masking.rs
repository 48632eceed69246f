//! From spans to masked text: typed placeholders, the same value under the same number.

use std::ops::Range;

use crate::{Masked, Span, normal::is_hidden, numbering::Numbering};

/// Replaces the spans of `original` by placeholders and drops what can't be seen.
pub(crate) fn mask(original: &str, spans: &[Span]) -> Masked {
    mask_numbered(original, spans, &mut Numbering::beside(original))
}

/// The same with numbers that go on from before.
pub(crate) fn mask_numbered(original: &str, spans: &[Span], numbering: &mut Numbering) -> Masked {
    let chars: Vec<char> = original.chars().collect();
    let mut text = String::with_capacity(original.len());
    write(&chars, 0..chars.len(), spans, numbering, &mut text);
    Masked::by_guard(text)
}

/// Writes a stretch of a text. A span ends inside the stretch; one that begins before it stands for the
/// part in it. What stands before and behind the stretch decides whether a joiner is seen.
pub(crate) fn write(
    chars: &[char],
    stretch: Range<usize>,
    spans: &[Span],
    numbering: &mut Numbering,
    text: &mut String,
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
                let (number, _) = numbering.number(span.kind, &value);
                text.push_str(&format!("<{}_{number}>", span.kind));
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
    use crate::PersonalType;

    fn span(start: usize, end: usize, kind: PersonalType) -> Span {
        Span { start, end, kind, score: 1.0, token: None }
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
