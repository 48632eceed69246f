//! What a bank should look at in its `triggers.toml`: examples on two sides, patterns that never fire
//! or fire where they should not. `contactiq intents check` prints it; what contradicts itself outright
//! stops the start already ([`crate::RulesError`]).

use std::collections::{BTreeMap, HashMap};

use contactiq_domain::{Mode, Trigger};

use crate::{
    EscalationRules, Taxonomy,
    taxonomy::{Intent, check::wording},
};

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
    /// No pattern, no example and no intent says what it is: no message raises it.
    Silent {
        /// Which.
        trigger: Trigger,
    },
    /// It has patterns and nothing to learn from: what they do not spell is missed.
    Unlearned {
        /// Which.
        trigger: Trigger,
    },
    /// A message stands in both files, and on another side of the trigger in each.
    OnTwoSides {
        /// Whose.
        trigger: Trigger,
        /// Whether it is an example of the trigger; else a look-alike.
        example: bool,
        /// Which assistant's intent has it.
        mode: Mode,
        /// The intent.
        intent: String,
        /// The message, as the intent has it.
        message: String,
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
            RuleFinding::Silent { trigger } => (
                "a trigger that no message raises",
                trigger.to_string(),
                "write patterns and examples, or name it in a human_only intent: until then nobody is handed over for it"
                    .to_owned(),
            ),
            RuleFinding::Unlearned { trigger } => (
                "a trigger that learns nothing",
                trigger.to_string(),
                "only its patterns are read, and what they do not spell is missed: write examples, or name it in a \
                 human_only intent"
                    .to_owned(),
            ),
            RuleFinding::OnTwoSides { trigger, example, mode, intent, message } => (
                "a message on two sides",
                trigger.to_string(),
                if *example {
                    format!(
                        "\"{message}\" is an example here and of the intent {mode}.{intent}, which names another \
                         trigger or none: the trigger learns it as its own; keep it in one file"
                    )
                } else {
                    format!(
                        "\"{message}\" is a look-alike here and an example of the intent {mode}.{intent}, which \
                         names the trigger: the trigger learns both; keep it in one file"
                    )
                },
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

/// Triggers that are read from the text, and have nothing to be read by or to learn from.
#[must_use]
pub fn unheard(rules: &EscalationRules, taxonomy: &Taxonomy) -> Vec<RuleFinding> {
    let taught = |trigger: Trigger| {
        Mode::ALL.iter().flat_map(|mode| taxonomy.of(*mode)).any(|intent| intent.teaches(trigger))
    };
    let read = Trigger::ALL.iter().copied().filter(|trigger| trigger.is_read_from_text());
    read.filter(|trigger| rules.of(*trigger).examples.is_empty() && !taught(*trigger))
        .map(|trigger| match rules.of(trigger).pattern_ids().is_empty() {
            true => RuleFinding::Silent { trigger },
            false => RuleFinding::Unlearned { trigger },
        })
        .collect()
}

/// Messages of the rules that the intents have on another side: an example of a trigger in an intent that does not name
/// it, or a look-alike in one that does.
#[must_use]
pub fn on_two_sides(rules: &EscalationRules, taxonomy: &Taxonomy) -> Vec<RuleFinding> {
    let mut of: HashMap<String, Vec<(Mode, &Intent, &str)>> = HashMap::new();
    for mode in Mode::ALL {
        for intent in taxonomy.of(*mode) {
            for message in &intent.examples {
                of.entry(wording(message)).or_default().push((*mode, intent, message));
            }
        }
    }
    let mut found = Vec::new();
    for trigger in Trigger::ALL.iter().copied().filter(|t| t.is_read_from_text()) {
        let own = rules.of(trigger);
        let examples = own.examples.iter().map(|message| (message, true));
        for (message, example) in examples.chain(own.look_alikes.iter().map(|message| (message, false))) {
            for (mode, intent, message) in of.get(&wording(message)).into_iter().flatten() {
                if intent.teaches(trigger) != example {
                    found.push(RuleFinding::OnTwoSides {
                        trigger,
                        example,
                        mode: *mode,
                        intent: intent.name.to_string(),
                        message: (*message).to_owned(),
                    });
                }
            }
        }
    }
    found
}

fn shared_examples(rules: &EscalationRules) -> Vec<RuleFinding> {
    let mut of: BTreeMap<String, (String, Vec<Trigger>)> = BTreeMap::new();
    for trigger in Trigger::ALL.iter().copied() {
        for example in &rules.of(trigger).examples {
            let entry = of.entry(wording(example)).or_insert_with(|| (example.clone(), Vec::new()));
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
        rule_findings(&bare(trigger, lines))
    }

    fn bare(trigger: &str, lines: &str) -> EscalationRules {
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
        EscalationRules::parse(&bare).unwrap()
    }

    #[test]
    fn a_trigger_that_nothing_raises_or_that_learns_nothing_is_found() {
        let shipped = include_str!("../../../defaults/intents.toml");
        let taxonomy = Taxonomy::parse(shipped).unwrap();
        let rules = bare("financial_advice", r#"patterns = [{ id = "a", match = "should i invest" }]"#);
        let found = unheard(&rules, &taxonomy);
        let taught = |trigger: Trigger| {
            Mode::ALL.iter().flat_map(|m| taxonomy.of(*m)).any(|intent| intent.teaches(trigger))
        };
        for trigger in Trigger::ALL.iter().copied().filter(|t| t.is_read_from_text()) {
            let own: Vec<&RuleFinding> = found.iter().filter(|f| f.words().1 == trigger.as_str()).collect();
            let expected = match (taught(trigger), trigger) {
                (true, _) => vec![],
                (false, Trigger::FinancialAdvice) => vec![RuleFinding::Unlearned { trigger }],
                (false, _) => vec![RuleFinding::Silent { trigger }],
            };
            assert_eq!(own, expected.iter().collect::<Vec<_>>(), "{trigger}");
        }
        let nobody = shipped.lines().filter(|line| !line.starts_with("trigger = ")).collect::<Vec<_>>();
        let found = unheard(&rules, &Taxonomy::parse(&nobody.join("\n")).unwrap());
        assert!(found.contains(&RuleFinding::Silent { trigger: Trigger::EmotionalDistress }), "{found:?}");
        assert!(found.contains(&RuleFinding::Unlearned { trigger: Trigger::FinancialAdvice }), "{found:?}");
        let all = EscalationRules::parse(include_str!("../../../defaults/triggers.toml")).unwrap();
        assert_eq!(unheard(&all, &taxonomy), []);
    }

    #[test]
    fn one_message_of_two_triggers_is_found_however_it_is_punctuated() {
        let shipped = include_str!("../../../defaults/triggers.toml");
        let both = shipped
            .replacen("\nexamples = [", "\nexamples = [ \"my own wording, twice\",", 2)
            .replacen("my own wording, twice", "My own wording: TWICE!", 1);
        let found = rule_findings(&EscalationRules::parse(&both).unwrap());
        let twice =
            |f: &&RuleFinding| matches!(f, RuleFinding::ExampleOfTwo { triggers, .. } if triggers.len() == 2);
        assert_eq!(found.iter().filter(twice).count(), 1, "{found:?}");
    }

    #[test]
    fn a_message_on_another_side_in_the_other_file_is_found() {
        let (triggers, intents) =
            (include_str!("../../../defaults/triggers.toml"), include_str!("../../../defaults/intents.toml"));
        let sides = |intents: &str| {
            on_two_sides(&EscalationRules::parse(triggers).unwrap(), &Taxonomy::parse(intents).unwrap())
        };
        let shipped = sides(intents);
        let messages: Vec<String> = shipped.iter().map(|f| f.words().2).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        for known in ["get me your manager", "I'm taking this to the ombudsman"] {
            assert!(
                messages.iter().any(|m| m.contains(known) && m.contains("customer.complaint")),
                "{messages:?}"
            );
        }
        let rules = EscalationRules::parse(triggers).unwrap();
        let look_alike = &rules.of(Trigger::SecurityFraud).look_alikes[0];
        let named = "trigger = \"security_fraud\"";
        let at = intents.find(named).unwrap();
        let (before, intent) = intents.split_at(at);
        let more =
            intent.replacen("examples = [", &format!("examples = [ {:?},", look_alike.to_uppercase()), 1);
        let found = sides(&format!("{before}{more}"));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found.iter().any(|f| matches!(
                f,
                RuleFinding::OnTwoSides { trigger: Trigger::SecurityFraud, example: false, .. }
            )),
            "{found:?}"
        );
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
