//! The placeholders of a conversation: which value has which number, so that `<PERSON_1>` is the same
//! person in every message. Kept sealed with the conversation, and destroyed with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{PersonalType, numbering::Numbering, pii::Known};

/// More values of one conversation are not kept; they have numbers all the same.
const MOST_KEPT: usize = 1000;

/// The numbers given out in a conversation. Of what opens a person's doors (cards, PINs, CVVs, passwords,
/// one-time codes, keys of machines) no value is kept in any form, only how many there were: their numbers
/// go on behind those, so that two of them never share one, and the same one given twice has two.
///
/// It can't be printed, cloned, compared or serialised: [`crate::seal::Sealer::seal_placeholders`] is the
/// only way out, and [`crate::seal::Sealer::open_placeholders`] the way back.
#[derive(Default)]
pub struct Placeholders {
    kept: Kept,
}

/// What is sealed. Private, so that nobody else can write it anywhere.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    values: Vec<Value>,
    /// The highest number of each type.
    numbers: BTreeMap<PersonalType, usize>,
}

#[derive(Serialize, Deserialize)]
struct Value {
    kind: PersonalType,
    /// As it was written first.
    text: String,
    number: usize,
}

impl PersonalType {
    /// Whether a value of this type is never kept in any form: it opens an account, or pays.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        use PersonalType as P;
        matches!(self, P::CreditCard | P::CardExpiry | P::Cvv | P::Pin | P::Otp | P::Password | P::ApiKey)
    }
}

impl Placeholders {
    /// Whether nothing was numbered yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.numbers.is_empty()
    }

    /// The numbers, to go on with.
    pub(crate) fn numbering(&self) -> Numbering {
        let mut numbering = Numbering::default();
        for (kind, number) in &self.kept.numbers {
            numbering.behind_number(*kind, *number);
        }
        for value in &self.kept.values {
            numbering.remember(value.kind, &value.text, value.number);
        }
        numbering
    }

    /// The values, to be found again without a cue.
    pub(crate) fn known(&self) -> Known {
        let mut known = Known::default();
        for value in &self.kept.values {
            known.add(&value.text, value.kind, KNOWN);
        }
        known
    }

    /// Takes in a value that was given a number; whether that is new here.
    pub(crate) fn take(&mut self, kind: PersonalType, text: &str, number: usize) -> bool {
        let highest = self.kept.numbers.entry(kind).or_insert(0);
        if number <= *highest {
            return false;
        }
        *highest = number;
        if !kind.is_secret() && self.kept.values.len() < MOST_KEPT {
            self.kept.values.push(Value { kind, text: text.to_owned(), number });
        }
        true
    }

    /// For the seal alone.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.kept).unwrap_or_default()
    }

    /// From the seal alone.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Placeholders> {
        serde_json::from_slice(bytes).ok().map(|kept| Placeholders { kept })
    }
}

/// As sure as a value is that was found in an earlier message.
const KNOWN: f64 = 0.8;

impl std::fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Placeholders({} values)", self.kept.values.len())
    }
}
