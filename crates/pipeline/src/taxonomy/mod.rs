//! The taxonomy that a bank edits: `intents.toml`, parsed once and checked (P3 to P5).

pub mod check;

use std::collections::BTreeMap;

use contactiq_domain::{Category, IntentName, Mode, Role, Trigger};
use contactiq_nlu::intents::MOST_LABELS;
use serde::Deserialize;

use crate::greeting::Greetings;

/// Both assistants' intents.
#[derive(Debug, Clone)]
pub struct Taxonomy {
    customer: Vec<Intent>,
    banker: Vec<Intent>,
    /// Words of at least two examples: a word that two people write is no slip.
    words: BTreeMap<String, u32>,
    /// What greets the customer assistant, and the banker's.
    greetings: [Greetings; 2],
}

/// One intent.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Its name, unique inside its mode.
    pub name: IntentName,
    /// What it may become.
    pub category: Category,
    /// The least role that may ask it.
    pub role: Role,
    /// What belongs here and what does not.
    pub description: String,
    /// What to say when the documents say nothing: greetings and questions outside the scope.
    pub guide: Option<String>,
    /// What to say in its place to a message that only thanks or says goodbye.
    pub closing: Option<String>,
    /// The trigger that names the escalation of a human_only intent.
    pub trigger: Trigger,
    /// Whether it is of courtesies: a message of it is answered with the guide and searched for nowhere.
    pub greets: bool,
    /// Utterances.
    pub examples: Vec<String>,
}

impl Intent {
    /// Whether its utterances are examples of this trigger.
    pub(crate) fn teaches(&self, trigger: Trigger) -> bool {
        self.category == Category::HumanOnly && self.trigger == trigger
    }
}

/// What is wrong with the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyError {
    /// Not TOML, or a key with a wrong name or value.
    #[error("intents.toml: {0}")]
    Syntax(String),
    /// An intent's name can't be one.
    #[error("intents.toml: [{mode}.{name}]: a name has 1 to 64 lower-case letters, digits and underscores")]
    Name {
        /// Which assistant.
        mode: Mode,
        /// As written.
        name: String,
    },
    /// An intent without utterances can't be recognised.
    #[error("intents.toml: [{mode}.{name}] has no examples: write at least one, better 40")]
    NoExamples {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        name: String,
    },
    /// A mode needs at least two intents, one of them `unknown`.
    #[error("intents.toml: [{mode}] needs an intent `unknown` and at least one other")]
    TooFew {
        /// Which assistant.
        mode: Mode,
    },
    /// One model tells so many apart.
    #[error(
        "intents.toml: [{mode}] has {found} intents; a model tells {limit} apart: join those that get the same answer"
    )]
    TooMany {
        /// Which assistant.
        mode: Mode,
        /// How many it has.
        found: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Only a human_only intent escalates by itself.
    #[error(
        "intents.toml: [{mode}.{name}] has a trigger but is not human_only: remove the one or change the other"
    )]
    Trigger {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        name: String,
    },
    /// A courtesy is answered with a guide, which is said to everyone.
    #[error("intents.toml: [{mode}.{name}] greets, {why}")]
    Greets {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        name: String,
        /// What to mend.
        why: &'static str,
    },
    /// The trigger is raised by evidence, confidence or the conversation, never by an intent.
    #[error(
        "intents.toml: [{mode}.{name}] names the trigger {trigger}, which no intent raises: name human_only or one that is read from the message"
    )]
    Unraisable {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        name: String,
        /// The trigger.
        trigger: Trigger,
    },
}

/// Whether an intent may name it: what the message says, or that the bank keeps the subject for its
/// people. The others are raised by evidence, confidence and the conversation.
fn intents_raise(trigger: Trigger) -> bool {
    trigger == Trigger::HumanOnly || trigger.is_read_from_text()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    customer: BTreeMap<String, Entry>,
    banker: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    category: Category,
    role: Role,
    description: String,
    #[serde(default)]
    guide: Option<String>,
    #[serde(default)]
    closing: Option<String>,
    #[serde(default)]
    trigger: Option<Trigger>,
    #[serde(default)]
    greets: Option<bool>,
    examples: Vec<String>,
}

/// The intent that greets where the file does not say which.
const GREETING: &str = "greeting";

impl Entry {
    /// What keeps an intent that is said to greet from being a courtesy.
    fn greets_wrongly(&self, name: &str) -> Option<&'static str> {
        if self.greets != Some(true) {
            None
        } else if name == IntentName::UNKNOWN {
            Some(
                "and what is not understood is no courtesy: remove `greets`, or move the greetings into an intent of their own",
            )
        } else if self.category != Category::Automatable {
            Some(
                "and is not automatable: a courtesy is answered by nobody but the guide; remove `greets`, or change the category",
            )
        } else if self.guide.as_deref().is_none_or(|guide| guide.trim().is_empty()) {
            Some("and has no guide: write what a greeting is answered with")
        } else {
            None
        }
    }
}

impl Taxonomy {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`TaxonomyError`] names the intent and the fix.
    pub fn parse(text: &str) -> Result<Taxonomy, TaxonomyError> {
        let file: File = toml::from_str(text).map_err(|e| TaxonomyError::Syntax(e.to_string()))?;
        if file.version != 1 {
            return Err(TaxonomyError::Syntax(format!(
                "version {} is not known; this program reads version 1",
                file.version
            )));
        }
        let customer = intents(Mode::Customer, file.customer)?;
        let banker = intents(Mode::Banker, file.banker)?;
        let mut words: BTreeMap<String, u32> = BTreeMap::new();
        for example in customer.iter().chain(&banker).flat_map(|i| &i.examples) {
            for word in contactiq_nlu::text::words(example) {
                *words.entry(word).or_default() += 1;
            }
        }
        words.retain(|_, examples| *examples >= 2);
        let greetings = [Greetings::of(&customer), Greetings::of(&banker)];
        Ok(Taxonomy { customer, banker, words, greetings })
    }

    /// Whether the examples use this lower-case word.
    #[must_use]
    pub fn uses(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// Whether a text is made of words that greet, thank or say goodbye.
    #[must_use]
    pub fn greets(&self, mode: Mode, text: &str) -> bool {
        let [customer, banker] = &self.greetings;
        match mode {
            Mode::Customer => customer.greets(text),
            Mode::Banker => banker.greets(text),
        }
    }

    /// Whether an intent is of courtesies.
    #[must_use]
    pub fn is_courtesy(&self, mode: Mode, name: &str) -> bool {
        self.intent(mode, name).is_some_and(|intent| intent.greets)
    }

    /// The intents of one assistant, by name.
    #[must_use]
    pub fn of(&self, mode: Mode) -> &[Intent] {
        match mode {
            Mode::Customer => &self.customer,
            Mode::Banker => &self.banker,
        }
    }

    /// One intent.
    #[must_use]
    pub fn intent(&self, mode: Mode, name: &str) -> Option<&Intent> {
        self.of(mode).iter().find(|i| i.name.as_str() == name)
    }
}

fn intents(mode: Mode, entries: BTreeMap<String, Entry>) -> Result<Vec<Intent>, TaxonomyError> {
    if entries.len() < 2 || !entries.contains_key(IntentName::UNKNOWN) {
        return Err(TaxonomyError::TooFew { mode });
    }
    if entries.len() > MOST_LABELS {
        return Err(TaxonomyError::TooMany { mode, found: entries.len(), limit: MOST_LABELS });
    }
    entries
        .into_iter()
        .map(|(name, entry)| {
            let parsed =
                IntentName::new(&name).map_err(|_| TaxonomyError::Name { mode, name: name.clone() })?;
            let examples: Vec<String> =
                entry.examples.iter().map(|e| e.trim().to_owned()).filter(|e| !e.is_empty()).collect();
            if examples.is_empty() {
                return Err(TaxonomyError::NoExamples { mode, name });
            }
            if let Some(why) = entry.greets_wrongly(&name) {
                return Err(TaxonomyError::Greets { mode, name, why });
            }
            if entry.trigger.is_some() && entry.category != Category::HumanOnly {
                return Err(TaxonomyError::Trigger { mode, name });
            }
            if let Some(trigger) = entry.trigger.filter(|t| !intents_raise(*t)) {
                return Err(TaxonomyError::Unraisable { mode, name, trigger });
            }
            Ok(Intent {
                greets: entry.greets.unwrap_or(name == GREETING),
                name: parsed,
                category: entry.category,
                role: entry.role,
                description: entry.description,
                guide: entry.guide,
                closing: entry.closing,
                trigger: entry.trigger.unwrap_or(Trigger::HumanOnly),
                examples,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        version = 1
        [customer.unknown]
        category = "automatable"
        role = "customer"
        description = "d"
        examples = ["what is the weather"]
        [customer.fraud_alert]
        category = "human_only"
        trigger = "security_fraud"
        role = "customer"
        description = "d"
        examples = ["my card was stolen"]
        [banker.unknown]
        category = "automatable"
        role = "banker"
        description = "d"
        examples = ["x"]
        [banker.policy_lookup]
        category = "automatable"
        role = "banker"
        description = "d"
        examples = ["what does policy say"]
    "#;

    #[test]
    fn a_small_taxonomy_is_read() {
        let taxonomy = Taxonomy::parse(SMALL).unwrap();
        assert_eq!(taxonomy.intent(Mode::Customer, "fraud_alert").unwrap().trigger, Trigger::SecurityFraud);
        assert_eq!(taxonomy.of(Mode::Banker).len(), 2);
    }

    #[test]
    fn mistakes_name_the_intent() {
        let with =
            |from: &str, to: &str| Taxonomy::parse(&SMALL.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(with("human_only", "humans").contains("humans"));
        assert!(
            with("[\"my card was stolen\"]", "[\" \"]").contains("[customer.fraud_alert] has no examples")
        );
        assert!(with("customer.fraud_alert", "customer.\"Fraud Alert\"").contains("Fraud Alert"));
        assert!(with("category = \"human_only\"", "category = \"sensitive\"").contains("not human_only"));
        assert!(with("\"security_fraud\"", "\"low_confidence\"").contains("no intent raises"));
        let greets = "category = \"automatable\"\ngreets = true";
        assert!(with("category = \"automatable\"", greets).contains("not understood is no courtesy"));
        let said = with("category = \"human_only\"", "category = \"human_only\"\ngreets = true");
        assert!(said.contains("[customer.fraud_alert] greets, and is not automatable"), "{said}");
        let policy = "[banker.policy_lookup]\n";
        assert!(with(policy, &format!("{policy}greets = true\n")).contains("has no guide"));
        assert!(with("customer.unknown", "customer.other").contains("unknown"));
        assert!(with("description = \"d\"", "descripton = \"d\"").contains("descripton"));
    }
}
