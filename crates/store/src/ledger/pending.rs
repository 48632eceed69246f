//! What the spool took and no table has yet, so that a person can read on what was just said.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contactiq_domain::ids::{ConversationId, InteractionId};

use super::{Completion, Entry};
use crate::idempotency::Slot;

/// Completions by interaction.
#[derive(Default)]
pub(crate) struct Pending(Mutex<HashMap<InteractionId, Arc<Entry>>>);

impl Pending {
    /// Remembers a completion.
    pub(crate) fn keep(&self, entry: &Arc<Entry>) {
        if matches!(**entry, Entry::Completion(_)) {
            self.lock().insert(entry.interaction(), Arc::clone(entry));
        }
    }

    /// It is in its table.
    pub(crate) fn forget(&self, entry: &Entry) {
        if matches!(entry, Entry::Completion(_)) {
            self.lock().remove(&entry.interaction());
        }
    }

    /// The completion of an interaction.
    pub(crate) fn completion(&self, id: InteractionId) -> Option<Completion> {
        self.lock().get(&id).and_then(|entry| completion(entry)).cloned()
    }

    /// The interaction that a claimed request came to.
    pub(crate) fn claimed(&self, slot: &Slot<'_>) -> Option<InteractionId> {
        self.lock().values().find_map(|entry| match &**entry {
            Entry::Completion(completion) => {
                let claimed = completion.claimed.as_ref()?;
                let own = Slot { caller: &claimed.caller, route: &claimed.route, key: &claimed.key };
                (own == *slot).then_some(completion.record.id)
            }
            Entry::Start(_) => None,
        })
    }

    /// The completions of a conversation.
    pub(crate) fn of_conversation(&self, id: ConversationId) -> Vec<Completion> {
        let kept = self.lock();
        let of_it = kept.values().filter(|entry| entry.conversation() == id);
        of_it.filter_map(|entry| completion(entry).cloned()).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, Arc<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn completion(entry: &Entry) -> Option<&Completion> {
    match entry {
        Entry::Completion(completion) => Some(completion),
        Entry::Start(_) => None,
    }
}
