//! From spans to masked text: typed placeholders, the same value under the same number.

use std::collections::HashMap;

use crate::{Masked, PersonalType, Span, normal::is_hidden};

/// Replaces the spans of `original` by placeholders and drops what can't be seen.
pub(crate) fn mask(original: &str, spans: &[Span]) -> Masked {
    let mut names = Names::beside(original);
    let mut text = String::with_capacity(original.len());
    let mut value = String::new();
    let mut spans = spans.iter().peekable();
    let mut previous = ' ';
    let mut chars = original.chars().enumerate().peekable();
    while let Some((index, c)) = chars.next() {
        while spans.peek().is_some_and(|s| s.end <= index) {
            spans.next();
        }
        if let Some(span) = spans.peek()
            && span.start <= index
        {
            value.push(c);
            if index + 1 == span.end {
                text.push_str(&names.name(span.kind, &value));
                value.clear();
            }
            continue;
        }
        // A joiner between visible characters that are no ASCII shapes emoji and Indic letters.
        let joiner = matches!(c, '\u{200c}' | '\u{200d}')
            && !previous.is_ascii()
            && !is_hidden(previous)
            && chars.peek().is_some_and(|(_, n)| !n.is_ascii() && !is_hidden(*n));
        if !is_hidden(c) || joiner {
            text.push(c);
        }
        previous = c;
    }
    Masked::by_guard(text)
}

/// The numbers given out so far.
struct Names {
    given: HashMap<(PersonalType, String), usize>,
    next: HashMap<PersonalType, usize>,
}

impl Names {
    /// Numbers start behind those of placeholders that the text already carries.
    fn beside(text: &str) -> Names {
        let mut names = Names { given: HashMap::new(), next: HashMap::new() };
        for piece in text.split('<').skip(1) {
            let number = piece.split_once('>').and_then(|(name, _)| name.rsplit_once('_'));
            if let Some((kind, number)) = number
                && let (Ok(kind), Ok(number)) = (kind.parse::<PersonalType>(), number.parse::<u16>())
            {
                let next = names.next.entry(kind).or_insert(0);
                *next = (*next).max(usize::from(number));
            }
        }
        names
    }

    fn name(&mut self, kind: PersonalType, value: &str) -> String {
        // "4111-1111" and "4111 1111" are the same value; passwords are not folded.
        let key = if matches!(kind, PersonalType::Password | PersonalType::ApiKey) {
            value.to_owned()
        } else {
            value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let next = self.next.entry(kind).or_insert(0);
        let number = *self.given.entry((kind, key)).or_insert_with(|| {
            *next += 1;
            *next
        });
        format!("<{kind}_{number}>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize, kind: PersonalType) -> Span {
        Span { start, end, kind, score: 1.0 }
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
