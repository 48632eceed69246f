//! The numbers of placeholders: the same value has the same number, another value the next.

use std::collections::HashMap;

use crate::PersonalType;

/// The numbers given out so far. It holds values and is therefore never printed.
#[derive(Default)]
pub(crate) struct Numbering {
    given: HashMap<(PersonalType, String), usize>,
    next: HashMap<PersonalType, usize>,
}

impl Numbering {
    /// Numbers start behind those of placeholders that the text already carries.
    pub(crate) fn beside(text: &str) -> Numbering {
        let mut numbering = Numbering::default();
        numbering.behind(text);
        numbering
    }

    /// Goes on behind the placeholders that a text carries.
    pub(crate) fn behind(&mut self, text: &str) {
        for piece in text.split('<').skip(1) {
            let number = piece.split_once('>').and_then(|(name, _)| name.rsplit_once('_'));
            if let Some((kind, number)) = number
                && let (Ok(kind), Ok(number)) = (kind.parse::<PersonalType>(), number.parse::<u16>())
            {
                self.behind_number(kind, usize::from(number));
            }
        }
    }

    /// Goes on behind a number of a type.
    pub(crate) fn behind_number(&mut self, kind: PersonalType, number: usize) {
        let next = self.next.entry(kind).or_insert(0);
        *next = (*next).max(number);
    }

    /// A value that has its number already, from before this text.
    pub(crate) fn remember(&mut self, kind: PersonalType, value: &str, number: usize) {
        self.given.insert((kind, key(kind, value)), number);
        self.behind_number(kind, number);
    }

    /// The number of a value, and whether it is new.
    pub(crate) fn number(&mut self, kind: PersonalType, value: &str) -> (usize, bool) {
        let key = (kind, key(kind, value));
        if let Some(number) = self.given.get(&key) {
            return (*number, false);
        }
        let next = self.next.entry(kind).or_insert(0);
        *next += 1;
        self.given.insert(key, *next);
        (*next, true)
    }
}

/// What makes two values the same: "4111-1111" and "4111 1111" are; passwords are not folded.
pub(crate) fn key(kind: PersonalType, value: &str) -> String {
    if matches!(kind, PersonalType::Password | PersonalType::ApiKey) {
        value.to_owned()
    } else {
        value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }
}
