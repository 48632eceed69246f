//! The numbers of placeholders: the same value has the same number, another value the next.

use std::collections::HashMap;

use crate::{PersonalType, normal::Normal, placeholder};

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
        for written in placeholder::placeholders(text) {
            self.behind_number(written.kind, written.number);
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
        *next = (*next + 1).min(placeholder::highest(kind));
        self.given.insert(key, *next);
        (*next, true)
    }
}

/// What makes two values the same: "4111-1111", "4111 1111" and the same in full-width digits are; passwords are not
/// folded.
pub(crate) fn key(kind: PersonalType, value: &str) -> String {
    if matches!(kind, PersonalType::Password | PersonalType::ApiKey) {
        value.to_owned()
    } else {
        let folded = Normal::new(value);
        folded.text().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }
}
