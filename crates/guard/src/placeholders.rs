//! The placeholders of a conversation: which value has which number, so that `<PERSON_1>` is the same
//! person in every message. Kept sealed with the conversation, and destroyed with it.

use std::collections::{BTreeMap, HashSet};

use contactiq_domain::ids::InteractionId;
use serde::{Deserialize, Serialize};

use crate::{
    Masked, PersonalType, Token, TokenKey,
    numbering::{self, Numbering},
    pii::Known,
    placeholder,
};

/// More values of one conversation are not kept; they have numbers all the same.
const MOST_KEPT: usize = 512;
/// Messages of one conversation that are known to be numbered here.
const MOST_MESSAGES: usize = 512;

/// The numbers given out in a conversation. Of what opens a person's doors (cards, PINs, CVVs, passwords,
/// one-time codes, keys of machines) no value is kept in any form, only how many there were: their numbers
/// go on behind those, so that two of them never share one, and the same one given twice has two.
///
/// It can't be printed, cloned, compared or serialised: [`crate::seal::Sealer::seal_placeholders`] is the
/// only way out, and [`crate::seal::Sealer::open_placeholders`] the way back. Single values come out by
/// [`Placeholders::originals`] alone, for an unmasking that is on record.
#[derive(Default)]
pub struct Placeholders {
    kept: Kept,
    /// What the message that is numbered now has in the form of a placeholder, until it is noted.
    typed_now: Vec<(PersonalType, usize)>,
}

/// What is sealed. Private, so that nobody else can write it anywhere.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    values: Vec<Value>,
    /// The highest number of each type.
    numbers: BTreeMap<PersonalType, usize>,
    /// The messages that have their numbers from here. Others, taken in while these could not be had, have numbers
    /// of their own, which mean other values.
    #[serde(default)]
    messages: Vec<InteractionId>,
    /// What the person wrote in the form of a placeholder, message by message: it stands for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    typed: Vec<(InteractionId, PersonalType, usize)>,
}

/// What stood where a placeholder stands.
pub struct Original {
    placeholder: String,
    kind: PersonalType,
    value: Option<String>,
}

impl Original {
    /// The placeholder as it is written.
    #[must_use]
    pub fn placeholder(&self) -> &str {
        &self.placeholder
    }

    /// What kind of value it is.
    #[must_use]
    pub const fn kind(&self) -> PersonalType {
        self.kind
    }

    /// The value as the person wrote it first; none of what is never kept. Show it to whoever asked for the unmasking,
    /// and write it nowhere.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Original({}, {})",
            self.placeholder,
            if self.value.is_some() { "kept" } else { "not kept" }
        )
    }
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

/// What of a message may be kept, sealed or as a token: no secret, and nothing that is one in another place of it,
/// as a customer number that is the PIN too. It is never printed.
pub(crate) struct Keepable {
    secrets: HashSet<String>,
}

impl Keepable {
    /// Of a message with these values, each with whether it may be a secret, whatever its type.
    pub(crate) fn among<'v>(values: impl Iterator<Item = (PersonalType, &'v str, bool)>) -> Keepable {
        let secret = |(kind, value, secret): (PersonalType, &str, bool)| {
            (secret || kind.is_secret()).then(|| numbering::key(PersonalType::Pin, value))
        };
        Keepable { secrets: values.filter_map(secret).collect() }
    }

    /// Whether a value may be kept. What has the digits of a card is taken for one here, whatever it was called:
    /// a card with a wrong digit is found as an account's number.
    pub(crate) fn has(&self, kind: PersonalType, value: &str) -> bool {
        let key = numbering::key(PersonalType::Pin, value);
        let like_a_card = (13..=19).contains(&key.len())
            && key.starts_with(['2', '3', '4', '5', '6'])
            && key.bytes().all(|b| b.is_ascii_digit());
        !kind.is_secret() && !like_a_card && !self.secrets.contains(&key)
    }
}

impl Placeholders {
    /// Whether nothing was numbered yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.numbers.is_empty()
    }

    /// Notes that a message has its numbers from here; whether that is news.
    pub fn note_message(&mut self, message: InteractionId) -> bool {
        let is_news = self.kept.messages.len() < MOST_MESSAGES && !self.kept.messages.contains(&message);
        let typed = std::mem::take(&mut self.typed_now);
        if is_news {
            self.kept.messages.push(message);
            self.kept.typed.extend(typed.into_iter().map(|(kind, number)| (message, kind, number)));
        }
        is_news
    }

    /// What stood at the placeholders of a message's masked text, each once, in their order; none where the message
    /// has its numbers from elsewhere, so that nobody is shown what somebody else said. One that the person wrote so
    /// stands for nothing, also where a value of the message has that number.
    #[must_use]
    pub fn originals(&self, message: InteractionId, text: &Masked) -> Option<Vec<Original>> {
        if !self.kept.messages.contains(&message) {
            return None;
        }
        let mut found: Vec<Original> = Vec::new();
        for written in placeholder::placeholders(text.as_str()) {
            let name = &text.as_str()[written.start..written.end];
            if found.iter().any(|known| known.placeholder == name) {
                continue;
            }
            let is_typed = self.kept.typed.contains(&(message, written.kind, written.number));
            let is_it =
                |value: &&Value| !is_typed && value.kind == written.kind && value.number == written.number;
            let value = self.kept.values.iter().find(is_it).map(|value| value.text.clone());
            found.push(Original { placeholder: name.to_owned(), kind: written.kind, value });
        }
        Some(found)
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
            known.add_from_before(&value.text, value.kind, KNOWN);
        }
        known
    }

    /// Takes in a value that was given a number, and keeps it where it may be kept; whether that is new here.
    pub(crate) fn take(&mut self, kind: PersonalType, text: &str, number: usize, keep: bool) -> bool {
        let highest = self.kept.numbers.entry(kind).or_insert(0);
        if number <= *highest {
            return false;
        }
        *highest = number;
        if keep && self.kept.values.len() < MOST_KEPT {
            self.kept.values.push(Value { kind, text: text.to_owned(), number });
        }
        true
    }

    /// Forgets the values of which this is true, by type, number and tokens, one a key (none of what is never kept);
    /// whether there were any. Their numbers stay given out.
    pub fn forget(
        &mut self,
        keys: &[TokenKey],
        is_gone: impl Fn(PersonalType, usize, &[Token]) -> bool,
    ) -> bool {
        let before = self.kept.values.len();
        let tokens = |value: &Value| -> Vec<Token> {
            keys.iter().filter_map(|key| key.token(value.kind, &value.text)).collect()
        };
        self.kept.values.retain(|value| !is_gone(value.kind, value.number, &tokens(value)));
        self.kept.values.len() < before
    }

    /// Goes on behind placeholders that a person wrote; whether that changes anything here.
    pub(crate) fn behind(&mut self, written: &[(PersonalType, usize)]) -> bool {
        let mut changed = false;
        self.typed_now = written.to_vec();
        for (kind, number) in written {
            let highest = self.kept.numbers.entry(*kind).or_insert(0);
            changed |= number > highest;
            *highest = (*highest).max(*number);
        }
        changed
    }

    /// For the seal alone.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Texts, words and numbers: there is nothing in them that JSON can't write.
        serde_json::to_vec(&self.kept).expect("nothing in them fails to be JSON")
    }

    /// From the seal alone.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Placeholders> {
        serde_json::from_slice(bytes).ok().map(|kept| Placeholders { kept, typed_now: Vec::new() })
    }
}

/// As sure as a value is that was found in an earlier message.
const KNOWN: f64 = 0.8;

impl std::fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Placeholders({} values)", self.kept.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Earlier, Guard, GuardSettings, Raw};

    /// Says these one after the other in one conversation; the masked texts.
    fn said(texts: &[&str]) -> Vec<String> {
        let guard = Guard::new(GuardSettings::default());
        let mut sealed = Placeholders::default().to_bytes();
        let mut masked = Vec::new();
        for text in texts {
            let open = |bytes: &[u8]| Placeholders::from_bytes(bytes).unwrap();
            let raw = Raw::new(*text);
            let earlier = Earlier::default().with_placeholders(open(&sealed));
            let mut inspected = guard.inspect_in(&raw, &earlier).unwrap();
            let mut placeholders = open(&sealed);
            if inspected.number(&mut placeholders) {
                sealed = placeholders.to_bytes();
            }
            masked.push(inspected.masked.as_str().to_owned());
        }
        masked
    }

    #[test]
    fn a_value_keeps_its_number_and_is_known_without_its_cue() {
        assert_eq!(
            said(&[
                "My name is Zorblat Quimby, account number 90817264",
                "My wife is called Hannah Novak",
                "move it from 9081-7264, and tell zorblat quimby",
            ]),
            [
                "My name is <PERSON_1>, account number <ACCOUNT_NUMBER_1>",
                "My wife is called <PERSON_2>",
                "move it from <ACCOUNT_NUMBER_1>, and tell <PERSON_1>",
            ]
        );
    }

    #[test]
    fn an_everyday_word_that_was_a_name_is_not_masked_later() {
        assert_eq!(
            said(&["My name is May", "may i ask for a card in May?"])[1],
            "may i ask for a card in May?"
        );
    }

    #[test]
    fn numbers_of_secrets_go_on_and_their_values_are_not_kept() {
        let masked = said(&["my pin is 4821", "i said my pin is 4821", "4821"]);
        assert_eq!(masked, ["my pin is <PIN_1>", "i said my pin is <PIN_2>", "4821"]);
    }

    #[test]
    fn originals_are_those_of_the_messages_that_were_numbered_here() {
        let guard = Guard::new(GuardSettings::default());
        let ids = contactiq_domain::ids::CountingIds::default();
        let made = [InteractionId::new(&ids), InteractionId::new(&ids)];
        let id = |n: usize| made[n];
        let mut given = Placeholders::default();
        let mut masked = Vec::new();
        for (n, text) in ["My name is Zorblat Quimby, my pin is 4821", "My wife is called Hannah Novak"]
            .into_iter()
            .enumerate()
        {
            let mut inspected = guard.inspect_in(&Raw::new(text), &Earlier::default()).unwrap();
            assert!(inspected.number(&mut given));
            assert!(n == 1 || given.note_message(id(0)));
            masked.push(inspected.masked);
        }
        assert!(!given.note_message(id(0)));
        // A round through the seal's form.
        let given = Placeholders::from_bytes(&given.to_bytes()).unwrap();
        let shown = given.originals(id(0), &masked[0]).unwrap();
        let shown: Vec<_> = shown.iter().map(|o| (o.placeholder(), o.value())).collect();
        assert_eq!(shown, [("<PERSON_1>", Some("Zorblat Quimby")), ("<PIN_1>", None)]);
        assert!(given.originals(id(1), &masked[1]).is_none(), "it says nothing of other messages");
        assert!(!format!("{:?}", given.originals(id(0), &masked[0])).contains("Quimby"));
        // What was kept before there was a list of messages opens as it is.
        let older = Placeholders::from_bytes(br#"{"values":[],"numbers":{}}"#).unwrap();
        assert!(older.originals(id(0), &masked[0]).is_none());
    }

    #[test]
    fn a_placeholder_that_a_person_types_opens_nothing() {
        let guard = Guard::new(GuardSettings::default());
        let ids = contactiq_domain::ids::CountingIds::default();
        let mut given = Placeholders::default();
        let mut say = |text: &str| {
            let mut inspected = guard.inspect_in(&Raw::new(text), &Earlier::default()).unwrap();
            let (message, _) = (InteractionId::new(&ids), inspected.number(&mut given));
            assert!(given.note_message(message));
            // A round through the seal's form.
            let kept = Placeholders::from_bytes(&given.to_bytes()).unwrap();
            let shown = kept.originals(message, &inspected.masked).unwrap();
            let shown = shown.iter().map(|o| (o.placeholder().to_owned(), o.value().map(str::to_owned)));
            shown.collect::<Vec<_>>()
        };
        let own = |value: &str| Some(value.to_owned());
        assert_eq!(say("My name is Zorblat Quimby"), [("<PERSON_1>".to_owned(), own("Zorblat Quimby"))]);
        assert_eq!(say("What does <PERSON_1> pay?"), [("<PERSON_1>".to_owned(), None)]);
        // Beside the value that has the number, which of the two stands there nobody can tell.
        let both = say("My name is Zorblat Quimby and not <PERSON_1>");
        assert_eq!(both, [("<PERSON_1>".to_owned(), None)]);
        assert_eq!(say("My name is Zorblat Quimby"), [("<PERSON_1>".to_owned(), own("Zorblat Quimby"))]);
    }

    #[test]
    fn values_that_are_forgotten_keep_their_numbers() {
        let guard = Guard::new(GuardSettings::default());
        let key = TokenKey::new(&[7; 32]).unwrap();
        let mut given = Placeholders::default();
        let mut said =
            guard.inspect(&Raw::new("My name is Zorblat Quimby. My wife is called Hannah Novak")).unwrap();
        assert!(said.number(&mut given));
        let hers = key.tokens_of(&Raw::new("hannah novak"));
        let names = |kind, _, own: &[Token]| own.iter().any(|token| hers.contains(&(kind, *token)));
        // One of several keys is enough.
        let keys = [TokenKey::new(&[8; 32]).unwrap(), key];
        assert!(given.forget(&keys, names) && !given.forget(&keys, names));
        let left: Vec<_> = given.kept.values.iter().map(|value| value.text.as_str()).collect();
        assert_eq!(left, ["Zorblat Quimby"]);
        let mut next = guard.inspect(&Raw::new("My name is Marek Dubois")).unwrap();
        assert!(next.number(&mut given));
        assert_eq!(next.masked.as_str(), "My name is <PERSON_3>");
    }

    #[test]
    fn what_may_be_a_card_or_is_a_secret_elsewhere_is_not_kept() {
        let values = [
            (PersonalType::AccountNumber, "4111 1111 1111 1112", false),
            (PersonalType::CustomerId, "4821", false),
            (PersonalType::Pin, "4 8 2 1", true),
            (PersonalType::Phone, "0412 345 678", true),
            (PersonalType::CustomerId, "90817264", false),
        ];
        let keepable = Keepable::among(values.into_iter());
        let kept = values.map(|(kind, value, _)| keepable.has(kind, value));
        assert_eq!(kept, [false, false, false, false, true]);
    }

    #[test]
    fn typed_numbers_are_nobodys_in_later_messages_too() {
        assert_eq!(
            said(&["<PERSON_1> is my wife, what is the fee?", "My name is Zorblat Quimby"])[1],
            "My name is <PERSON_2>"
        );
    }

    #[test]
    fn a_placeholder_that_a_person_types_takes_no_number_of_another() {
        assert_eq!(
            said(&["<PERSON_4> is not me, my name is Zorblat Quimby"])[0].matches("PERSON_5").count(),
            1
        );
    }
}
