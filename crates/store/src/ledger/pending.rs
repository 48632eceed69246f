//! What the spool took and no table has yet, so that a person can read on what was just said.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contactiq_domain::ids::{ConversationId, InteractionId};

use super::{Completion, Entry};
use crate::idempotency::Slot;

/// Completions by interaction, conversation and claim.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    completions: HashMap<InteractionId, Arc<Entry>>,
    of_conversation: HashMap<ConversationId, Vec<InteractionId>>,
    claimed: HashMap<Claim, InteractionId>,
}

/// Caller, route and key.
type Claim = (String, String, String);

impl Pending {
    /// Remembers a completion.
    pub(crate) fn keep(&self, entry: &Arc<Entry>) {
        let Some(completion) = completion(entry) else { return };
        let mut kept = self.lock();
        let id = completion.record.id;
        if kept.completions.insert(id, Arc::clone(entry)).is_none() {
            kept.of_conversation.entry(completion.conversation.id).or_default().push(id);
        }
        if let Some(claim) = claim(completion) {
            kept.claimed.insert(claim, id);
        }
    }

    /// It is in its table, or nobody was shown it.
    pub(crate) fn forget(&self, entry: &Entry) {
        let Some(completion) = completion(entry) else { return };
        let mut kept = self.lock();
        let id = completion.record.id;
        kept.completions.remove(&id);
        if let Some(claim) = claim(completion) {
            kept.claimed.remove(&claim);
        }
        if let Some(ids) = kept.of_conversation.get_mut(&completion.conversation.id) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                kept.of_conversation.remove(&completion.conversation.id);
            }
        }
    }

    /// The completion of an interaction.
    pub(crate) fn completion(&self, id: InteractionId) -> Option<Completion> {
        self.lock().completions.get(&id).and_then(|entry| completion(entry)).cloned()
    }

    /// The completion that a claimed request came to.
    pub(crate) fn claimed(&self, slot: &Slot<'_>) -> Option<Completion> {
        let claim = (slot.caller.to_owned(), slot.route.to_owned(), slot.key.to_owned());
        let kept = self.lock();
        kept.completions.get(kept.claimed.get(&claim)?).and_then(|entry| completion(entry)).cloned()
    }

    /// The completions of a conversation.
    pub(crate) fn of_conversation(&self, id: ConversationId) -> Vec<Completion> {
        let kept = self.lock();
        let ids = kept.of_conversation.get(&id).into_iter().flatten();
        ids.filter_map(|id| completion(kept.completions.get(id)?).cloned()).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().completions.len()
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn completion(entry: &Entry) -> Option<&Completion> {
    match entry {
        Entry::Completion(completion) => Some(completion),
        Entry::Start(_) | Entry::Withdrawal(_) => None,
    }
}

fn claim(completion: &Completion) -> Option<Claim> {
    let claimed = completion.claimed.as_ref()?;
    Some((claimed.caller.clone(), claimed.route.clone(), claimed.key.clone()))
}
