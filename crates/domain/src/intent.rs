//! What a question is about (P2 to P5).

use crate::Probability;

crate::words! {
    /// What the taxonomy allows an intent to become (P2).
    Category as "category" {
        /// Answered from documents.
        Automatable => "automatable",
        /// General how-to is answered; this person's own data escalates as account_specific.
        Sensitive => "sensitive",
        /// Goes straight to a person; never reaches generation.
        HumanOnly => "human_only",
    }
}

/// The name of an intent: lower-case letters, digits and underscores, 1 to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct IntentName(String);

/// The text can't name an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an intent's name has 1 to 64 lower-case letters, digits and underscores")]
pub struct NotAnIntentName;

impl IntentName {
    /// The intent of everything outside the bank's scope (P5).
    pub const UNKNOWN: &'static str = "unknown";

    /// Parses a name.
    ///
    /// # Errors
    /// When it is empty, too long or has other characters.
    pub fn new(name: &str) -> Result<Self, NotAnIntentName> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits { Ok(Self(name.to_owned())) } else { Err(NotAnIntentName) }
    }

    /// The `unknown` intent.
    #[must_use]
    pub fn unknown() -> Self {
        Self(Self::UNKNOWN.to_owned())
    }

    /// Whether this is `unknown`.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.0 == Self::UNKNOWN
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for IntentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for IntentName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IntentName::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What step 1 learned (P2).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Understanding {
    /// The most probable intent, or `unknown`.
    pub intent: IntentName,
    /// Its category in the taxonomy.
    pub category: Category,
    /// Calibrated probability that the intent is right.
    pub probability: Probability,
    /// Calibrated probability that the question is in the bank's scope at all.
    pub in_scope: Probability,
    /// Why: the nearest examples and the words that decided. Made of the taxonomy's own text and
    /// vocabulary, so it holds nothing that only the person wrote.
    pub reason: String,
}
