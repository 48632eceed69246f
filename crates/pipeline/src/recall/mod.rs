//! Answers that were given before (C3): the same question of the same kind of asker, while nothing that it was
//! answered from has changed, gets the same answer without being worked out again.
//!
//! The door is never left out: a message is masked and judged first, and only then looked up. What is looked up
//! is the masked text, where nothing was masked, refused or heard as a call for a person, and where no conversation
//! stands behind it. What is remembered was released as an answer from evidence, for an intent that is neither
//! sensitive nor for people alone. Each repetition is an interaction of its own in the ledger.
//!
//! The same question is found by its words, in this process or, in a cluster, among what other replicas remember; else
//! by its [`meaning`], where the encoder says so too.

mod meaning;
mod shared;

use std::sync::{Arc, Mutex, PoisonError};

use contactiq_domain::{
    Category, IntentName, Outcome, Probability, Role, Routing, Started, Step, StepTrace, Trigger,
    Understanding,
};
use contactiq_guard::{Inspected, Masked};
use contactiq_store::SharedAnswers;
use hashlink::LruCache;
use sha2::{Digest, Sha256};

use crate::{
    Found, House, Knowledge,
    lately::counted,
    respond::EXTRACTIVE,
    score::Judged,
    turn::{Draft, Turn},
};

/// The fingerprint of everything that an answer depends on and that can change while the process runs.
pub(crate) type Key = [u8; 32];

/// What is remembered, by question, of one version of the knowledge: with another one all of it goes. Taxonomy,
/// thresholds, prompts and models belong to the process: it ends with them.
pub struct Recall {
    kept: Mutex<Kept>,
    /// What the replicas of a cluster remember for each other.
    shared: Option<SharedAnswers>,
    /// Stands for the taxonomy, thresholds, prompts and models of this process among those of others.
    fingerprint: String,
}

struct Kept {
    version: String,
    /// Whether the index of that version had vectors: without them, while a remote encoder is away, other passages are
    /// found.
    by_meaning: bool,
    answers: LruCache<Key, Arc<Answered>>,
    /// The questions of one signature: their vectors, and what they are known by.
    alike: LruCache<Key, Vec<(Vec<f32>, Key)>>,
}

/// So many questions of one signature are told apart.
const ALIKE: usize = 8;

/// What a question is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keys {
    /// By its words.
    exact: Key,
    /// By its meaning; none where it has none of its own.
    meaning: Option<Key>,
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
        let (answers, alike) = (LruCache::new(capacity), LruCache::new(capacity));
        let kept = Mutex::new(Kept { version: String::new(), by_meaning: false, answers, alike });
        Recall { kept, shared: None, fingerprint: String::new() }
    }

    /// The same with what other replicas remember. The fingerprint stands for everything that an answer depends on
    /// beside the documents: replicas with another one share nothing.
    #[must_use]
    pub fn shared_as(self, fingerprint: String, shared: SharedAnswers) -> Recall {
        Recall { shared: Some(shared), fingerprint, ..self }
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

    /// Forgets what was answered from other knowledge than this, so that nothing of a document that was removed is held
    /// in memory for it.
    pub fn let_go_of_all_but(&self, knowledge: &Knowledge) {
        let mut kept = self.lock();
        if !kept.belongs_to(knowledge) {
            kept.begin_with(knowledge);
        }
    }

    fn get(&self, key: &Key, knowledge: &Knowledge) -> Option<Arc<Answered>> {
        let mut kept = self.lock();
        kept.belongs_to(knowledge).then(|| kept.answers.get(key).cloned()).flatten()
    }

    /// The answer to a question of the same meaning.
    fn get_alike(&self, meaning: &Key, vector: &[f32], knowledge: &Knowledge) -> Option<Arc<Answered>> {
        let mut kept = self.lock();
        if !kept.belongs_to(knowledge) {
            return None;
        }
        let Kept { alike, answers, .. } = &mut *kept;
        let near = |(other, _): &&(Vec<f32>, Key)| cosine(other, vector) >= meaning::NEAR;
        // One whose answer was forgotten stands in nobody's way.
        alike.get(meaning)?.iter().filter(near).find_map(|(_, key)| answers.get(key).cloned())
    }

    fn keep(&self, keys: Keys, vector: Option<&[f32]>, answered: Arc<Answered>) {
        let mut kept = self.lock();
        let knowledge = &answered.knowledge;
        if !kept.belongs_to(knowledge) {
            // An older snapshot would be held in memory for its answers.
            kept.begin_with(knowledge);
        }
        kept.answers.insert(keys.exact, answered);
        if let (Some(meaning), Some(vector)) = (keys.meaning, vector) {
            let mut alike = kept.alike.remove(&meaning).unwrap_or_default();
            alike.retain(|(_, key)| *key != keys.exact);
            if alike.len() >= ALIKE {
                alike.remove(0);
            }
            alike.push((vector.to_vec(), keys.exact));
            kept.alike.insert(meaning, alike);
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn begin_with(&mut self, knowledge: &Knowledge) {
        self.answers.clear();
        self.alike.clear();
        self.version.clone_from(&knowledge.version);
        self.by_meaning = knowledge.index.has_vectors();
    }

    fn belongs_to(&self, knowledge: &Knowledge) -> bool {
        self.version == knowledge.version && self.by_meaning == knowledge.index.has_vectors()
    }
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recall({})", self.len())
    }
}

/// Vectors of the encoder have length 1.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() == other.len() { one.iter().zip(other).map(|(a, b)| a * b).sum() } else { 0.0 }
}

/// What a question is known by that the door found nothing in; none of one that stands in a conversation.
pub(crate) fn keys(
    house: &House,
    started: &Started<Masked>,
    role: Role,
    continues: bool,
    door: &Inspected,
) -> Option<Keys> {
    let clean = door.spans.is_empty() && door.refusal.is_none() && !door.moderation.flagged;
    // What a hosted store says changes without a word to us.
    if continues || !clean || house.hosted.is_some() {
        return None;
    }
    let knowledge = house.shelf.current();
    // Documents begin and end to hold with the day.
    let day = house.today().to_string();
    let (mode, version) = (started.mode.as_str(), knowledge.version.as_str());
    let by = if knowledge.index.has_vectors() { "by meaning" } else { "by words" };
    let of = |kind: &str, words: &str| -> Key {
        let mut hash = Sha256::new();
        let fingerprint = house.recall.fingerprint.as_str();
        for part in [kind, mode, role.as_str(), version, by, fingerprint, &day, words] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    };
    Some(Keys {
        exact: of("words", &normalised(door.masked.as_str())?),
        meaning: meaning::signature(door.masked.as_str()).map(|signature| of("meaning", &signature)),
    })
}

/// The same question however it is spaced. Every sign and every capital makes another question, since some are read
/// (a name, the end of a sentence), and lines are requests of their own.
fn normalised(text: &str) -> Option<String> {
    let text = text.trim();
    let lines = text.contains(['\n', '\r']);
    (!lines).then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The answer that was given before to the same words, by this process or by another replica.
pub(crate) async fn find(house: &House, keys: Option<&Keys>) -> Option<Arc<Answered>> {
    let keys = keys?;
    let knowledge = house.shelf.current();
    let mut found = counted("answers", house.recall.get(&keys.exact, &knowledge));
    if let (None, Some(shared)) = (&found, &house.recall.shared) {
        found = counted("shared_answers", shared::get(shared, &keys.exact, knowledge).await.map(Arc::new));
        if let Some(found) = &found {
            house.recall.keep(*keys, None, Arc::clone(found));
        }
    }
    found
}

/// The answer that was given before to a question of the same meaning, in which no reader hears anything else.
pub(crate) fn find_alike(
    house: &House,
    keys: Option<&Keys>,
    vector: Option<&[f32]>,
) -> Option<Arc<Answered>> {
    let meaning = keys?.meaning?;
    counted("answers_by_meaning", house.recall.get_alike(&meaning, vector?, &house.shelf.current()))
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
pub(crate) async fn keep(house: &House, turn: &Turn) {
    let Some(keys) = turn.keys.filter(|_| !turn.recalled) else { return };
    let (Some(understanding), Some(draft)) = (&turn.understanding, &turn.draft) else { return };
    // What was answered from knowledge that is no longer current stands in nobody's memory, here or in Redis.
    if turn.knowledge.version != house.shelf.current().version {
        return;
    }
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
    // Nor what was found by words alone while the encoder was away, or had not given the passages their vectors.
    let by_meaning = turn.vector.is_some() && turn.knowledge.index.has_vectors();
    let whole = whole && (house.encoder.is_none() || by_meaning);
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
    if let Some(shared) = &house.recall.shared {
        shared::keep(shared, &keys.exact, &answered).await;
    }
    house.recall.keep(keys, turn.vector_as_asked.as_deref(), Arc::new(answered));
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
