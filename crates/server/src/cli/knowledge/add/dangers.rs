//! What the report of `knowledge add` says beside what was taken in: instructions to a model, personal
//! data, validity, new conflicts.

use std::collections::HashSet;

use contactiq_domain::Standing;
use contactiq_pipeline::conflict::{Conflict, Survey};
use contactiq_store::quarantine::Suspect;
use time::Date;

use crate::reading::Personal;

/// What is to be known of a document that was taken in.
#[derive(Debug, Default)]
pub(super) struct Dangers {
    /// Passages that read like instructions to a model; they are not indexed.
    pub(super) quarantined: Vec<Suspect>,
    /// Whether it can be used at all today.
    pub(super) standing: Option<Standing>,
    /// Ids of the conflicts that it brought.
    pub(super) conflicts: Vec<String>,
    /// Passages with what looks like personal data of a customer.
    pub(super) personal: Vec<Personal>,
    /// How often text had to be cut inside a sentence.
    pub(super) cut: usize,
    /// The language that it is in, where that is not English.
    pub(super) language: Option<&'static str>,
}

impl Dangers {
    /// In words for the report; empty where there is none.
    pub(super) fn in_words(&self) -> String {
        let mut said = String::new();
        match self.standing {
            Some(Standing::Expired) => said.push_str("; expired: no answer uses it"),
            Some(Standing::NotYet) => said.push_str("; not yet in force: no answer uses it until then"),
            Some(Standing::Current) | None => {}
        }
        if !self.quarantined.is_empty() {
            let positions: Vec<String> = self.quarantined.iter().map(|s| s.position.to_string()).collect();
            said.push_str(&format!(
                "; passage {} in quarantine: it reads like instructions to a model",
                positions.join(", ")
            ));
        }
        for Personal { position, kinds } in &self.personal {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            said.push_str(&format!(
                "; passage {position} holds what looks like personal data ({}): if it is somebody's, take it out and \
                 `contactiq knowledge erase` the document, for answers may quote it",
                kinds.join(", ")
            ));
        }
        if let Some(language) = self.language {
            said.push_str(&format!("; in {language}: questions in English hardly find it"));
        }
        if self.cut > 0 {
            said.push_str(&format!("; cut inside a sentence {} times: a paragraph has no end", self.cut));
        }
        if !self.conflicts.is_empty() {
            said.push_str(&format!("; new conflicts: {}", self.conflicts.join(", ")));
        }
        said
    }
}

/// The conflicts to be ruled that are there now and were not before.
pub(super) fn brought<'a>(before: &Survey, after: &'a Survey, today: Date) -> Vec<&'a Conflict> {
    let known: HashSet<&str> = before.open(today).map(|c| c.id.as_str()).collect();
    after.open(today).filter(|c| !known.contains(c.id.as_str())).collect()
}
