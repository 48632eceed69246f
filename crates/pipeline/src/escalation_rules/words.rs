//! The words of a bank's triggers. One that stands in a single message may be misspelt there on purpose.

use std::collections::{HashMap, HashSet};

use contactiq_nlu::text;

use super::TriggerRules;

/// In so many messages a word stands that is spelt rightly.
const SEEN: u32 = 2;

/// The words that the examples and look-alikes use more than once.
pub(super) fn of<'a>(rules: impl Iterator<Item = &'a TriggerRules>) -> HashSet<String> {
    let messages = rules.flat_map(|rules| rules.examples.iter().chain(&rules.look_alikes));
    let mut seen: HashMap<String, u32> = HashMap::new();
    for word in messages.flat_map(|message| text::words(message)) {
        *seen.entry(word).or_default() += 1;
    }
    seen.into_iter().filter(|(_, times)| *times >= SEEN).map(|(word, _)| word).collect()
}
