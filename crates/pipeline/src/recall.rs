//! Answers that were given before (C3): the same question of the same kind of asker, while nothing that it was
//! answered from has changed, gets the same answer without being worked out again.
//!
//! The door is never left out: a message is masked and judged first, and only then looked up. What is looked up
//! is the masked text, where nothing was masked, refused or heard as a call for a person, and where no conversation
//! stands behind it. What is remembered was released as an answer from evidence, for an intent that is neither
//! sensitive nor for people alone. Each repetition is an interaction of its own in the ledger.

use std::sync::{Arc, Mutex, PoisonError};

use contactiq_domain::{
    Category, IntentName, Outcome, Probability, Role, Routing, Started, Step, StepTrace, Trigger,
    Understanding,
};
use contactiq_guard::{Inspected, Masked};
use hashlink::LruCache;
use sha2::{Digest, Sha256};

use crate::{
    Found, House, Knowledge,
    respond::EXTRACTIVE,
    score::Judged,
    turn::{Draft, Turn},
};

/// The fingerprint of everything that an answer depends on and that can change while the process runs.
pub(crate) type Key = [u8; 32];

/// What is remembered, by question, of one version of the knowledge: with another one all of it goes. Taxonomy,
/// thresholds, prompts and models belong to the process: it ends with them.
pub struct Recall(Mutex<Kept>);

struct Kept {
    version: String,
    answers: LruCache<Key, Arc<Answered>>,
}

/// A turn after step 6.
pub(crate) struct Answered {
    leanings: Vec<(Trigger, f64)>,
    understanding: Understanding,
    routing: Routing,
    knowledge: Arc<Knowledge>,
    found: Vec<Found>,
    draft: Draft,
    judged: Option<Judged>,
    confidence: Probability,
    steps: Vec<StepTrace>,
}

impl Recall {
    /// Remembers so many answers; 0 remembers none.
    #[must_use]
    pub fn new(capacity: usize) -> Recall {
        Recall(Mutex::new(Kept { version: String::new(), answers: LruCache::new(capacity) }))
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().answers.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, key: &Key, version: &str) -> Option<Arc<Answered>> {
        let mut kept = self.lock();
        kept.belongs_to(version).then(|| kept.answers.get(key).cloned()).flatten()
    }

    fn keep(&self, key: Key, answered: Answered) {
        let mut kept = self.lock();
        if !kept.belongs_to(&answered.knowledge.version) {
            // An older snapshot would be held in memory for its answers.
            kept.answers.clear();
            kept.version.clone_from(&answered.knowledge.version);
        }
        kept.answers.insert(key, Arc::new(answered));
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn belongs_to(&self, version: &str) -> bool {
        self.version == version
    }
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recall({})", self.len())
    }
}

/// The key of a question that the door found nothing in; none of one that stands in a conversation.
pub(crate) fn key(
    house: &House,
    started: &Started<Masked>,
    role: Role,
    continues: bool,
    door: &Inspected,
) -> Option<Key> {
    let clean = door.spans.is_empty() && door.refusal.is_none() && !door.moderation.flagged;
    if continues || !clean {
        return None;
    }
    let knowledge = house.shelf.current();
    let mut hash = Sha256::new();
    for part in [
        started.mode.as_str(),
        role.as_str(),
        &knowledge.version,
        // Documents begin and end to hold with the day.
        &house.today().to_string(),
        &normalised(door.masked.as_str())?,
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Some(hash.finalize().into())
}

/// The same question however it is spaced. Every sign and every capital makes another question, since some are read
/// (a name, the end of a sentence), and lines are requests of their own.
fn normalised(text: &str) -> Option<String> {
    let text = text.trim();
    let lines = text.contains(['\n', '\r']);
    (!lines).then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The answer that was given before.
pub(crate) fn find(house: &House, key: Option<&Key>) -> Option<Arc<Answered>> {
    let found = house.recall.get(key?, &house.shelf.current().version);
    let name = if found.is_some() { "contactiq_cache_hits_total" } else { "contactiq_cache_misses_total" };
    metrics::counter!(name, "cache" => "answers").increment(1);
    found
}

/// Puts a turn where the first one stood after step 6.
pub(crate) fn resume(turn: &mut Turn, before: &Answered) {
    turn.leanings.clone_from(&before.leanings);
    turn.understanding = Some(before.understanding.clone());
    turn.routing = before.routing;
    turn.knowledge = Arc::clone(&before.knowledge);
    turn.found.clone_from(&before.found);
    turn.draft = Some(before.draft.clone());
    turn.judged = before.judged;
    turn.confidence = before.confidence;
    turn.outcome = Outcome::Resolved;
    turn.steps.extend(before.steps.iter().map(|step| StepTrace {
        detail: format!("as answered before: {}", step.detail),
        ms: 0.0,
        ..step.clone()
    }));
    turn.recalled = true;
}

/// Remembers an answer that was released from evidence and may be given again.
pub(crate) fn keep(house: &House, turn: &Turn) {
    let Some(key) = turn.key.filter(|_| !turn.recalled) else { return };
    let (Some(understanding), Some(draft)) = (&turn.understanding, &turn.draft) else { return };
    let plain = turn.hits.is_empty()
        && turn.by_provider.is_empty()
        && turn.language.is_none()
        && turn.beside.is_none()
        && turn.conflicting.is_empty()
        && turn.kept_back.is_none()
        && turn.ticket.is_none();
    let open =
        understanding.category == Category::Automatable && understanding.intent != IntentName::unknown();
    // What a model failed at, or said in part, it may say better the next time.
    let whole = house.chain.is_none() || draft.model != EXTRACTIVE;
    // Nor what was found by words alone while the encoder was away.
    let whole = whole && (house.encoder.is_none() || turn.vector.is_some());
    let removed = |step: &StepTrace| step.values.get("removed").is_some_and(|removed| *removed > 0.0);
    if !plain || !open || !whole || turn.steps.iter().any(removed) || turn.outcome != Outcome::Resolved {
        return;
    }
    let steps = turn.steps.iter().filter(|step| !matches!(step.step, Step::Guard | Step::Record));
    let answered = Answered {
        leanings: turn.leanings.clone(),
        understanding: understanding.clone(),
        routing: turn.routing,
        knowledge: Arc::clone(&turn.knowledge),
        found: turn.found.clone(),
        draft: draft.clone(),
        judged: turn.judged,
        confidence: turn.confidence,
        steps: steps.cloned().collect(),
    };
    house.recall.keep(key, answered);
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn spaces_make_no_other_question_and_everything_else_does() {
        for same in ["what is the fee?", " what  is the fee?", "what is\tthe fee? "] {
            assert_eq!(normalised(same).unwrap(), "what is the fee?", "{same}");
        }
        for other in [
            "What is the fee?",
            "what is the fee",
            "what is the fee?!",
            "what is the $ fee?",
            "what's the fee?",
        ] {
            assert_ne!(normalised(other).unwrap(), "what is the fee?", "{other}");
        }
        assert_eq!(normalised("what is\nthe fee?"), None);
    }
}
