//! The escalation rules that a bank edits: `triggers.toml`, parsed and compiled once (P9).

mod error;
mod messages;
mod pattern;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashSet};

pub use error::RulesError;

use contactiq_domain::{Mode, Priority, Trigger, is_danger_to_life};
use regex::Regex;
use serde::Deserialize;

use crate::taxonomy::check::wording;
use pattern::{Pattern, PatternText};

/// All eleven triggers with their rules and messages.
#[derive(Debug, Clone)]
pub struct EscalationRules {
    /// Stands in the trace of every record's step 6.
    pub version: String,
    rules: BTreeMap<Trigger, TriggerRules>,
    words: HashSet<String>,
}

/// What belongs to one trigger.
#[derive(Debug, Clone)]
pub struct TriggerRules {
    /// The team whose queue owns the ticket.
    pub queue: String,
    /// How soon a person should look.
    pub priority: Priority,
    /// Messages on which it must fire; the learned part trains on them.
    pub examples: Vec<String>,
    /// Messages close in wording on which it must not fire.
    pub look_alikes: Vec<String>,
    patterns: Vec<Pattern>,
    /// All of them in one: most messages match none, and are read once instead of once a pattern. None where it would
    /// be too large.
    any: Option<Regex>,
    unless: Vec<Pattern>,
    any_unless: Option<Regex>,
    customer: Messages,
    banker: Messages,
}

/// What the person is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Why a person takes over.
    pub message: String,
    /// What happens next, where the bank has a team.
    pub next_step: String,
    /// What the person can do alone, where it has none: promises nobody.
    pub next_step_alone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// What it is for: for people who read the file, and required of it.
    #[serde(rename = "description")]
    _description: String,
    queue: String,
    priority: Priority,
    #[serde(default)]
    patterns: Vec<PatternText>,
    #[serde(default)]
    unless: Vec<PatternText>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    look_alikes: Vec<String>,
    customer: Messages,
    banker: Messages,
}

#[derive(Deserialize)]
struct File {
    version: String,
    #[serde(flatten)]
    triggers: BTreeMap<Trigger, Entry>,
}

impl EscalationRules {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`RulesError`] names the trigger and the fix.
    pub fn parse(text: &str) -> Result<EscalationRules, RulesError> {
        crate::decision::check()?;
        let file: File = toml::from_str(text).map_err(|e| RulesError::Syntax(e.to_string()))?;
        if file.version.trim().is_empty() {
            return Err(RulesError::NoVersion);
        }
        let mut rules = BTreeMap::new();
        for (trigger, entry) in file.triggers {
            rules.insert(trigger, TriggerRules::compile(trigger, entry)?);
        }
        refuse_contradictions(&rules)?;
        match Trigger::ALL.iter().find(|t| !rules.contains_key(t)) {
            Some(missing) => Err(RulesError::Missing(*missing)),
            None => {
                let words = words::of(rules.values());
                Ok(EscalationRules { version: file.version, rules, words })
            }
        }
    }

    /// The rules of one trigger. All eleven are there: `parse` refuses a file without one.
    #[must_use]
    pub fn of(&self, trigger: Trigger) -> &TriggerRules {
        &self.rules[&trigger]
    }

    /// Whether its examples and look-alikes use this lower-case word more than once.
    #[must_use]
    pub fn uses(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// The patterns that fire on a text: trigger and rule id.
    #[must_use]
    pub fn matches(&self, text: &str) -> Vec<(Trigger, String)> {
        let text = plain(text);
        self.rules
            .iter()
            .filter(|(_, rules)| rules.any.as_ref().is_none_or(|any| any.is_match(&text)))
            .filter_map(|(trigger, rules)| {
                let mut hits = rules.patterns.iter().filter(|p| p.is_match(&text));
                let first = hits.next()?;
                // Danger to life is named before what else was seen, and nothing holds it back.
                let danger = std::iter::once(first).chain(hits).find(|p| is_danger_to_life(&p.id));
                let hit = danger.or_else(|| (!rules.is_held_back(&text)).then_some(first))?;
                Some((*trigger, format!("{trigger}/{}", hit.id)))
            })
            .collect()
    }
}

impl TriggerRules {
    fn compile(trigger: Trigger, entry: Entry) -> Result<TriggerRules, RulesError> {
        let learns = !entry.examples.is_empty() || !entry.look_alikes.is_empty();
        let speaks = learns || !entry.patterns.is_empty() || !entry.unless.is_empty();
        if speaks && !trigger.is_read_from_text() {
            return Err(RulesError::Unreachable(trigger));
        }
        if entry.queue.trim().is_empty() {
            return Err(RulesError::NoQueue(trigger));
        }
        for (mode, messages) in [(Mode::Customer, &entry.customer), (Mode::Banker, &entry.banker)] {
            messages::check(trigger, mode, messages)?;
            if trigger == Trigger::EmotionalDistress && !messages.message.contains("{crisis_line}") {
                return Err(RulesError::NoCrisisLine(mode));
            }
        }
        let (patterns, any) = pattern::checked(trigger, entry.patterns)?;
        let (unless, any_unless) = pattern::checked(trigger, entry.unless)?;
        Ok(TriggerRules {
            any,
            patterns,
            unless,
            any_unless,
            queue: entry.queue,
            priority: entry.priority,
            examples: messages(trigger, "examples", &entry.examples)?,
            look_alikes: messages(trigger, "look_alikes", &entry.look_alikes)?,
            customer: entry.customer,
            banker: entry.banker,
        })
    }

    /// The ids of its patterns, in the order of the file.
    pub(crate) fn pattern_ids(&self) -> Vec<String> {
        self.patterns.iter().map(|p| p.id.clone()).collect()
    }

    /// Whether one pattern matches a text.
    pub(crate) fn matches(&self, id: &str, text: &str) -> bool {
        self.patterns.iter().any(|p| p.id == id && p.is_match(&plain(text)))
    }

    /// Whether it matches, and nothing holds it back.
    pub(crate) fn fires(&self, id: &str, text: &str) -> bool {
        self.matches(id, text) && (is_danger_to_life(id) || !self.is_held_back(&plain(text)))
    }

    /// Whether what it says of itself keeps it from firing on this plain text.
    fn is_held_back(&self, text: &str) -> bool {
        match &self.any_unless {
            Some(any) => any.is_match(text),
            None => self.unless.iter().any(|pattern| pattern.is_match(text)),
        }
    }

    /// What the person is told in one mode.
    #[must_use]
    pub fn messages(&self, mode: Mode) -> &Messages {
        match mode {
            Mode::Customer => &self.customer,
            Mode::Banker => &self.banker,
        }
    }
}

/// The messages without what stands around them.
fn messages(trigger: Trigger, list: &'static str, written: &[String]) -> Result<Vec<String>, RulesError> {
    let one = |(at, message): (usize, &String)| match message.trim() {
        "" => Err(RulesError::Blank { trigger, list, number: at + 1 }),
        message => Ok(message.to_owned()),
    };
    written.iter().enumerate().map(one).collect()
}

/// One pattern in two triggers, or one message on both sides of a trigger: whatever is then done is wrong.
fn refuse_contradictions(rules: &BTreeMap<Trigger, TriggerRules>) -> Result<(), RulesError> {
    let mut owners: BTreeMap<&str, Trigger> = BTreeMap::new();
    for (trigger, own) in rules {
        for pattern in &own.patterns {
            if let Some(other) = owners.insert(pattern.source.as_str(), *trigger) {
                let why = format!("[{other}] has the same one: keep it where it belongs");
                return Err(RulesError::Pattern { trigger: *trigger, id: pattern.id.clone(), why });
            }
        }
        let examples: BTreeSet<String> = own.examples.iter().map(|e| wording(e)).collect();
        if let Some(both) = own.look_alikes.iter().find(|l| examples.contains(&wording(l))) {
            return Err(RulesError::BothSides { trigger: *trigger, text: both.clone() });
        }
    }
    Ok(())
}

/// Lower case, straight apostrophes, single spaces: what the patterns are written for.
fn plain(text: &str) -> String {
    let straight: String = text
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            // Letters of other alphabets that look like ours hide nothing.
            'а' | 'α' => 'a',
            'е' | 'ε' => 'e',
            'о' | 'ο' => 'o',
            'р' | 'ρ' => 'p',
            'с' => 'c',
            'у' | 'υ' => 'y',
            'х' | 'χ' => 'x',
            'і' | 'ι' => 'i',
            'ѕ' => 's',
            'ј' => 'j',
            'к' | 'κ' => 'k',
            'т' | 'τ' => 't',
            'п' => 'n',
            'м' => 'm',
            other => other,
        })
        .collect();
    straight.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> &'static str {
        include_str!("../../../defaults/triggers.toml")
    }

    #[test]
    fn the_shipped_rules_hold_on_their_own_examples() {
        let rules = EscalationRules::parse(shipped()).unwrap();
        for trigger in Trigger::ALL.iter().filter(|t| t.is_read_from_text()) {
            let own = rules.of(*trigger);
            let fires = |text: &String| rules.matches(text).iter().any(|(t, _)| t == trigger);
            let caught = own.examples.iter().filter(|e| fires(e)).count();
            // Indirect wording, most of the examples, is the learned part's; it also denies a pattern that was wrong.
            assert!(caught * 20 >= own.examples.len() * 3, "{trigger}: {caught} of {}", own.examples.len());
            let wrong: Vec<&String> = own.look_alikes.iter().filter(|e| fires(e)).collect();
            let few = own.look_alikes.len() / 20;
            assert!(wrong.len() <= few, "{trigger} fires on {} look-alikes: {wrong:?}", wrong.len());
        }
    }

    #[test]
    fn a_pattern_sees_curly_apostrophes_and_extra_spaces() {
        let rules = EscalationRules::parse(shipped()).unwrap();
        let hits = rules.matches("Someone  STOLE my\ncard");
        assert!(
            hits.iter().any(|(t, rule)| *t == Trigger::SecurityFraud && rule.starts_with("security_fraud/"))
        );
    }

    #[test]
    fn what_stands_around_a_message_is_no_part_of_it() {
        let padded = shipped().replacen("\nexamples = [", "\nexamples = [ \"  a message of ours\\t \",", 1);
        let rules = EscalationRules::parse(&padded).unwrap();
        let of_all = Trigger::ALL.iter().flat_map(|trigger| &rules.of(*trigger).examples);
        assert_eq!(
            of_all.filter(|e| e.trim() == "a message of ours").collect::<Vec<_>>(),
            ["a message of ours"]
        );
    }

    #[test]
    fn danger_to_life_is_named_before_any_other_pattern_of_distress() {
        let rules = EscalationRules::parse(shipped()).unwrap();
        let hits = rules.matches("i am falling apart and i want to die");
        let rule = hits.iter().find(|(t, _)| *t == Trigger::EmotionalDistress).map(|(_, rule)| rule);
        assert!(rule.is_some_and(|rule| is_danger_to_life(rule)), "{hits:?}");
    }

    #[test]
    fn mistakes_are_named() {
        let with =
            |from: &str, to: &str| EscalationRules::parse(&shipped().replacen(from, to, 1)).unwrap_err();
        assert!(matches!(
            with("[human_only]\ndescription", "[human_only]\nexamples = [\"x\"]\ndescription"),
            RulesError::Unreachable(Trigger::HumanOnly)
        ));
        assert!(matches!(
            with("[human_only]\ndescription", "[human_only]\nlook_alikes = [\"x\"]\ndescription"),
            RulesError::Unreachable(Trigger::HumanOnly)
        ));
        assert!(matches!(with("{ticket}", "{tiket}"), RulesError::Placeholder { .. }));
        assert!(matches!(
            with("message = \"", "message = \"{channel} "),
            RulesError::Promise { field: "message", .. }
        ));
        assert!(matches!(with("match = '\\b", "match = '(\\b"), RulesError::Pattern { .. }));
        for every in ["match = '.*|", "match = '.|", "match = '\\w|"] {
            let every = with("match = '\\b", every).to_string();
            assert!(every.contains("matches every message"), "{every}");
        }
        assert!(matches!(with("look_alikes = [", "look_alike = ["), RulesError::Syntax(_)));
        let both =
            with("look_alikes = [", "look_alikes = [ \"ABC def\", \"has my salary come in\",").to_string();
        assert!(both.contains("as an example and as a look-alike"), "{both}");
        let signs = with("look_alikes = [", "look_alikes = [ \"Has my  SALARY come in!\",").to_string();
        assert!(signs.contains("as an example and as a look-alike"), "{signs}");
        for (list, written) in [("examples", "examples = ["), ("look_alikes", "look_alikes = [")] {
            let blank = with(written, &format!("{written} \" \",")).to_string();
            let named = blank.contains(&format!("has a blank message in {list}, number 1"));
            assert!(named && blank.contains("triggers.toml: [account_specific]"), "{blank}");
        }
        assert!(matches!(with("[low_confidence", "[lo_confidence"), RulesError::Syntax(_)));
        assert!(matches!(with("version = \"", "version = \" \" # \""), RulesError::NoVersion));
        assert!(matches!(with("queue = \"", "queue = \"\" # \""), RulesError::NoQueue(Trigger::HumanOnly)));
        assert!(with("id = \"my-balance\"", "id = \"My <b>\"").to_string().contains("small letters"));
        let danger = with("id = \"my-balance\"", "id = \"self-harm-balance\"").to_string();
        assert!(danger.contains("belongs to emotional_distress"), "{danger}");
    }
}
