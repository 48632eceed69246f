//! The one form of a placeholder: `<KIND_n>`.

use crate::PersonalType;

/// A placeholder in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder {
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What it stands for.
    pub kind: PersonalType,
    /// Which of its kind, from 1.
    pub number: usize,
}

/// The longest number of a kind, in digits. It is shorter than any value of the kind: `<PIN_4821>` is no
/// placeholder but a PIN, whoever wrote it.
const fn digits(kind: PersonalType) -> usize {
    if kind.is_secret() { 2 } else { 3 }
}

/// The highest number of a kind: 99 of what is never kept, 999 of the rest. Further values share it.
pub(crate) const fn highest(kind: PersonalType) -> usize {
    10_usize.pow(digits(kind) as u32) - 1
}

/// The placeholders that a text carries, in order.
pub fn placeholders(text: &str) -> impl Iterator<Item = Placeholder> {
    text.match_indices('<').filter_map(|(start, _)| {
        let inner = &text[start + 1..];
        let close = inner.bytes().take(LONGEST).position(|b| b == b'>')?;
        let (kind, number) = inner[..close].rsplit_once('_')?;
        let kind: PersonalType = kind.parse().ok()?;
        let written = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        if !written || number.len() > digits(kind) {
            return None;
        }
        Some(Placeholder { start, end: start + close + 2, kind, number: number.parse().ok()? })
    })
}

/// Of what stands between the brackets, in bytes.
const LONGEST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(&str, usize)> {
        placeholders(text).map(|p| (&text[p.start..p.end], p.number)).collect()
    }

    #[test]
    fn placeholders_are_read_where_they_stand() {
        assert_eq!(of("a <PIN_1>, <ACCOUNT_NUMBER_12><b> <3"), [("<PIN_1>", 1), ("<ACCOUNT_NUMBER_12>", 12)]);
        assert_eq!(of("<PERSON_999> <PIN_99>").len(), 2);
    }

    #[test]
    fn a_value_in_the_form_of_a_placeholder_is_none() {
        let written = [
            "<PIN_4821>",
            "<CVV_123>",
            "<PIN_4111111111111111>",
            "<PHONE_0412345678>",
            "<CUSTOMER_ID_4821>",
            "<PERSON_01>",
            "<PERSON_>",
            "<FOO_1>",
            "<pin_1>",
            "<PIN_1",
        ];
        for text in written {
            assert_eq!(of(text), [], "{text}");
        }
    }

    #[test]
    fn the_highest_number_is_still_a_placeholder() {
        for kind in PersonalType::ALL {
            let text = format!("<{kind}_{}>", highest(*kind));
            assert_eq!(of(&text), [(text.as_str(), highest(*kind))]);
            assert_eq!(of(&format!("<{kind}_{}>", highest(*kind) + 1)), []);
        }
    }
}
