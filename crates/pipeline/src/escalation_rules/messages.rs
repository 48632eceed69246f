//! What the messages of a trigger may promise: only what a configured team can keep.

use contactiq_domain::{Mode, Trigger};

use super::{Messages, RulesError};

/// Placeholders that only a configured team can fill.
const OF_A_TEAM: &[&str] = &["channel", "hours", "ticket"];
/// Placeholders that the configuration always fills.
const ALWAYS: &[&str] = &["verified_channel", "crisis_line", "bank"];

/// Whether every placeholder of the messages can be filled.
pub(super) fn check(trigger: Trigger, mode: Mode, messages: &Messages) -> Result<(), RulesError> {
    let fields = [
        ("message", &messages.message),
        ("next_step", &messages.next_step),
        ("next_step_alone", &messages.next_step_alone),
    ];
    for (field, text) in fields {
        for name in placeholders(text) {
            let of_a_team = OF_A_TEAM.contains(&name.as_str());
            if !of_a_team && !ALWAYS.contains(&name.as_str()) {
                return Err(RulesError::Placeholder { trigger, mode, name });
            }
            if of_a_team && field != "next_step" {
                return Err(RulesError::Promise { trigger, mode, field, name });
            }
        }
    }
    Ok(())
}

fn placeholders(text: &str) -> Vec<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}
