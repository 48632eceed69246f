//! A secret of the configuration: how it is written there, and what is in force.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contactiq_domain::{Keyring, Secret, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use super::{Reference, SourceError, reference::NoReference};

/// Values that stand by are few; a list of more is a mistake.
const MOST_VALUES: usize = 4;
/// What is shown in place of a value.
const HIDDEN: &str = "(set, not shown)";

/// A secret, or where it stands. It can't be printed, and its values are wiped when they are not needed any more.
/// Cloning shares what is in force, so that a value that is read anew is seen by everybody.
#[derive(Clone, Default)]
pub struct SecretText(Arc<Inner>);

#[derive(Default)]
struct Inner {
    written: Vec<Written>,
    ring: Keyring,
    read: Mutex<Read>,
}

/// How one value is written.
pub enum Written {
    /// The secret itself.
    Literal(Secret),
    /// Where it stands.
    Reference(Reference),
    /// Like a reference, and none.
    Slip(NoReference),
}

/// What came of reading it.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// When all of its values were read last.
    pub at: Option<Timestamp>,
    /// Why the last reading failed.
    pub error: Option<SourceError>,
}

impl SecretText {
    /// Values as somebody wrote them.
    pub(crate) fn written(texts: Vec<String>) -> SecretText {
        let written: Vec<Written> = texts
            .into_iter()
            .map(Zeroizing::new)
            .filter(|text| !text.trim().is_empty())
            .map(|text| match Reference::parse(&text) {
                Ok(Some(reference)) => Written::Reference(reference),
                Ok(None) => Written::Literal(Secret::new(text.to_string())),
                Err(slip) => Written::Slip(slip),
            })
            .collect();
        SecretText(Arc::new(Inner { written, ..Inner::default() }))
    }

    /// The value in force, for the one place that uses it; nothing where it was left out or is not read yet.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let active = self.0.ring.active();
        Zeroizing::new(active.map(|key| key.expose().to_owned()).unwrap_or_default())
    }

    /// The values, for who uses one that may change.
    #[must_use]
    pub fn keyring(&self) -> Keyring {
        self.0.ring.clone()
    }

    /// Whether it was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.written.is_empty()
    }

    /// Whether its values are there, or it was left out.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.is_empty() || self.lock().at.is_some()
    }

    /// How it is written, value by value: the active one first.
    #[must_use]
    pub fn places(&self) -> &[Written] {
        &self.0.written
    }

    /// Its references.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.written.iter().filter_map(|written| match written {
            Written::Reference(reference) => Some(reference),
            Written::Literal(_) | Written::Slip(_) => None,
        })
    }

    /// What came of reading it last.
    #[must_use]
    pub fn last_read(&self) -> Read {
        self.lock().clone()
    }

    /// Takes what was read of all its references, in their order, beside what is written out; whether anything changed.
    pub(super) fn take(&self, read: Vec<Secret>, at: Timestamp) -> bool {
        let mut read = read.into_iter();
        let values = self.0.written.iter().filter_map(|written| match written {
            Written::Literal(secret) => Some(Secret::new(secret.expose().to_owned())),
            Written::Reference(_) => read.next(),
            Written::Slip(_) => None,
        });
        let changed = self.0.ring.replace(values.collect());
        *self.lock() = Read { at: Some(at), error: None };
        changed
    }

    /// Notes why it can't be read now; whether that is news. What is in force stays.
    pub(super) fn fail(&self, error: SourceError) -> bool {
        let mut read = self.lock();
        let is_news = read.error.as_ref() != Some(&error);
        read.error = Some(error);
        is_news
    }

    /// How it may be shown: each place, and of a value that it is set.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let one = |written: &Written| match written {
            Written::Reference(reference) => reference.to_string(),
            Written::Literal(_) | Written::Slip(_) => HIDDEN.to_owned(),
        };
        self.0.written.iter().map(one).collect()
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Read> {
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown().as_slice() {
            [] => f.write_str("\"\""),
            [one] => write!(f, "{one:?}"),
            many => write!(f, "{many:?}"),
        }
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.shown().as_slice() {
            [] => serializer.serialize_str(""),
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> de::Visitor<'de> for Texts {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference to a secret, or a list of them: the active one first")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText::written(vec![text.to_owned()]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<SecretText, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element::<String>()? {
                    texts.push(text);
                }
                if texts.len() > MOST_VALUES {
                    return Err(de::Error::custom("at most four values"));
                }
                Ok(SecretText::written(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}
