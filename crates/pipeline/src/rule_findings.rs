//! What a bank should look at in its `triggers.toml`: examples on two sides, patterns that never fire
//! or fire where they should not. `contactiq intents check` prints it; what contradicts itself outright
//! stops the start already ([`crate::RulesError`]).

use std::collections::BTreeMap;

use contactiq_domain::Trigger;

use crate::EscalationRules;

/// Something to look at. Texts are the bank's own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum RuleFinding {
    /// One message is an example of two triggers: the learned parts get both sides of it.
    ExampleOfTwo {
        /// The triggers.
        triggers: Vec<Trigger>,
        /// The message.
        example: String,
    },
    /// A pattern that fires on none of its trigger's examples.
    PatternWithoutExample {
        /// Whose.
        trigger: Trigger,
        /// Which.
        id: String,
    },
    /// A pattern that an `unless` of its trigger holds back on every example that it matches.
    PatternHeldBack {
        /// Whose.
        trigger: Trigger,
        /// Which.
        id: String,
    },
    /// A pattern that fires on look-alikes of its own trigger.
    PatternOnLookAlikes {
        /// Whose.
        trigger: Trigger,
        /// Which.
        id: String,
        /// On how many.
        look_alikes: usize,
    },
}

impl RuleFinding {
    /// What it is, of which triggers, and what to do: for tables and log lines.
    #[must_use]
    pub fn words(&self) -> (&'static str, String, String) {
        match self {
            RuleFinding::ExampleOfTwo { triggers, example } => {
                let names: Vec<&str> = triggers.iter().map(|t| t.as_str()).collect();
                (
                    "an example of two triggers",
                    names.join(", "),
                    format!("\"{example}\": keep it in one of them"),
                )
            }
            RuleFinding::PatternWithoutExample { trigger, id } => (
                "a pattern without example",
                trigger.to_string(),
                format!("`{id}`: write an example that it catches, or remove it"),
            ),
            RuleFinding::PatternHeldBack { trigger, id } => (
                "a pattern that is always held back",
                trigger.to_string(),
                format!("`{id}`: an `unless` matches every example that it catches"),
            ),
            RuleFinding::PatternOnLookAlikes { trigger, id, look_alikes } => (
                "a pattern on look-alikes",
                trigger.to_string(),
                format!("`{id}` matches {look_alikes}: make it narrower, or leave them to the learned part"),
            ),
        }
    }
}

/// All findings, trigger by trigger.
#[must_use]
pub fn rule_findings(rules: &EscalationRules) -> Vec<RuleFinding> {
    let mut found = shared_examples(rules);
    for trigger in Trigger::ALL.iter().copied().filter(|t| t.is_read_from_text()) {
        let own = rules.of(trigger);
        for id in own.pattern_ids() {
            let firing = |texts: &[String]| texts.iter().filter(|t| own.fires(&id, t)).count();
            let matching = own.examples.iter().filter(|t| own.matches(&id, t)).count();
            let (id, look_alikes) = (id.clone(), firing(&own.look_alikes));
            if matching == 0 {
                found.push(RuleFinding::PatternWithoutExample { trigger, id: id.clone() });
            } else if firing(&own.examples) == 0 {
                found.push(RuleFinding::PatternHeldBack { trigger, id: id.clone() });
            }
            if look_alikes > 0 {
                found.push(RuleFinding::PatternOnLookAlikes { trigger, id, look_alikes });
            }
        }
    }
    found
}

fn shared_examples(rules: &EscalationRules) -> Vec<RuleFinding> {
    let mut of: BTreeMap<String, (String, Vec<Trigger>)> = BTreeMap::new();
    for trigger in Trigger::ALL.iter().copied() {
        for example in &rules.of(trigger).examples {
            let entry = of.entry(example.to_lowercase()).or_insert_with(|| (example.clone(), Vec::new()));
            if !entry.1.contains(&trigger) {
                entry.1.push(trigger);
            }
        }
    }
    let shared = of.into_values().filter(|(_, triggers)| triggers.len() > 1);
    shared.map(|(example, triggers)| RuleFinding::ExampleOfTwo { triggers, example }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(trigger: &str, lines: &str) -> Vec<RuleFinding> {
        let shipped = include_str!("../../../defaults/triggers.toml");
        // Everything that is learned or matched goes; what stays is every trigger with its messages.
        let mut bare = String::new();
        let mut inside = false;
        for line in shipped.lines() {
            let opens = ["patterns", "unless", "examples", "look_alikes"];
            if opens.iter().any(|name| line.starts_with(&format!("{name} = ["))) {
                inside = !line.trim_end().ends_with("[]") && !line.trim_end().ends_with("\"]");
                continue;
            }
            if inside {
                inside = line.trim() != "]";
                continue;
            }
            if line.starts_with("[[") {
                inside = false;
            }
            bare.push_str(line);
            bare.push('\n');
            if line == format!("[{trigger}]") {
                bare.push_str(lines);
                bare.push('\n');
            }
        }
        rule_findings(&EscalationRules::parse(&bare).unwrap())
    }

    #[test]
    fn patterns_without_examples_held_back_or_on_look_alikes_are_found() {
        let found = with(
            "security_fraud",
            r#"patterns = [{ id = "a", match = "stolen" }, { id = "b", match = "hacked" }, { id = "c", match = "scam" }]
unless = [{ id = "u", match = "what is a scam" }]
examples = ["my card was stolen", "what is a scam, I had one"]
look_alikes = ["is stolen cash insured?"]"#,
        );
        let trigger = Trigger::SecurityFraud;
        assert_eq!(
            found,
            [
                RuleFinding::PatternOnLookAlikes { trigger, id: "a".to_owned(), look_alikes: 1 },
                RuleFinding::PatternWithoutExample { trigger, id: "b".to_owned() },
                RuleFinding::PatternHeldBack { trigger, id: "c".to_owned() },
            ]
        );
    }
}
