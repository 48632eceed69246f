//! Which words are right as they are written, whether or not a document uses them: those that the bank's intents and
//! triggers know, and those of the encoder's English. None of them is ever repaired into another.

use contactiq_nlu::encoder::Encoder;

use crate::{EscalationRules, House, Taxonomy, reader::Reader};

/// Where words are looked up.
#[derive(Clone, Copy)]
pub struct Dictionary<'a> {
    /// The words of its examples.
    pub taxonomy: &'a Taxonomy,
    /// The words that its messages use more than once: some are misspelt on purpose, each in its own way.
    pub rules: &'a EscalationRules,
    /// The words of its vocabulary; a remote one shows none.
    pub encoder: Option<&'a dyn Encoder>,
}

impl Dictionary<'_> {
    /// Whether this lower-case word is one.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.taxonomy.uses(word) || self.rules.uses(word) || self.encoder.is_some_and(|e| e.knows(word))
    }
}

impl House {
    /// The words that are right in this bank.
    #[must_use]
    pub fn dictionary(&self) -> Dictionary<'_> {
        let encoder = self.encoder.as_deref().map(|encoder| encoder as &dyn Encoder);
        Dictionary { taxonomy: &self.taxonomy, rules: &self.rules, encoder }
    }
}

impl Reader {
    pub(crate) fn dictionary(&self) -> Dictionary<'_> {
        let encoder = self.encoder.as_deref().map(|encoder| encoder as &dyn Encoder);
        Dictionary { taxonomy: &self.taxonomy, rules: &self.rules, encoder }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_intents_and_triggers_are_right() {
        let taxonomy = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let rules = EscalationRules::parse(include_str!("../../../defaults/triggers.toml")).unwrap();
        let dictionary = Dictionary { taxonomy: &taxonomy, rules: &rules, encoder: None };
        for word in ["dying", "stolen", "wages", "cheque"] {
            assert!(dictionary.has(word), "{word}");
        }
        assert!(!dictionary.has("albatros"));
    }
}
