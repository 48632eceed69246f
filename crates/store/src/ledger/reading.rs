//! What no table may have yet, for its readers, and how the ledger stands.

use std::{collections::HashSet, sync::PoisonError};

use contactiq_domain::{
    BreakerState, Mode, Outcome, Record,
    ids::{ConversationId, InteractionId, KeyId},
};
use contactiq_guard::{Masked, seal::Sealer};

use super::{
    Completion, Entry, Ledger, PLACE, kept,
    queue::{Durability, Queue},
    spool::{self, Spool},
};
use crate::{
    SharedError, StoreError,
    conversations::{self, Conversation, Owner},
    idempotency::Slot,
    interactions::{self, Told},
    privacy,
};

/// Whose a conversation is, in words that tell nobody who: its assistant, its key, and its person blinded.
pub(super) fn whose(conversation: &Conversation, sealer: &Sealer) -> String {
    let Conversation { mode, owner_key, subject, .. } = conversation;
    format!("{mode} {} {}", key_in_words(*owner_key), blinded(subject, sealer))
}

fn key_in_words(key: Option<KeyId>) -> String {
    key.map_or_else(|| "-".to_owned(), |key| key.to_string())
}

fn blinded(subject: &str, sealer: &Sealer) -> String {
    sealer.blind(&format!("begun\0{subject}"))
}

/// Records of one conversation that may be in no table yet, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Said {
    completions: Vec<Completion>,
    /// Whether the queue could not be asked.
    partly: bool,
}

impl Said {
    /// The conversation.
    #[must_use]
    pub fn conversation(&self) -> Option<&Conversation> {
        self.completions.last().map(|completion| &completion.conversation)
    }

    /// Whether there may be more: a conversation that nobody knows may be in the queue, which could not be asked.
    #[must_use]
    pub fn is_partly(&self) -> bool {
        self.partly
    }

    /// The last records of the conversation, oldest first, with those that are in the tables.
    ///
    /// # Errors
    /// When the database fails or a sealed column does not open.
    pub async fn after_tables(
        self,
        c: &mut crate::Connection,
        id: ConversationId,
        limit: u32,
    ) -> Result<Vec<Record<Masked>>, StoreError> {
        let found = interactions::of_conversation(c, id, limit).await?;
        Ok(self.after(found, limit))
    }

    /// The last of these records alone, where the tables can't be asked.
    #[must_use]
    pub fn alone(self, limit: u32) -> Vec<Record<Masked>> {
        self.after(Vec::new(), limit)
    }

    fn after(self, mut found: Vec<Record<Masked>>, limit: u32) -> Vec<Record<Masked>> {
        for Completion { record, .. } in self.completions {
            if found.iter().all(|other| other.id != record.id) {
                found.push(record);
            }
        }
        found.sort_by_key(|record| (record.created_at, record.id));
        let surplus = found.len().saturating_sub(limit as usize);
        found.drain(..surplus);
        found
    }
}

/// How the ledger stands in this process, for `/ready`, the metrics and `GET /v1/ledger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerState {
    /// Whether the place that is asked first is: the queue of a cluster, otherwise the database.
    pub first: BreakerState,
    /// Entries that wait to be written together.
    pub waiting: usize,
    /// What the spool holds; none where there is no spool.
    pub spool: Option<spool::Depth>,
    /// Completions that the spool took and no table has yet.
    pub pending: usize,
    /// Entries by which queue and spool differed from what they were given, since the start.
    pub miscounted: u64,
}

impl Ledger {
    /// The record of an interaction that no table has yet: one that this process gave to its spool, or any process
    /// to the queue.
    pub async fn pending(&self, id: InteractionId) -> Option<Record<Masked>> {
        self.completion(id).await.map(|completion| completion.record)
    }

    /// The same for its owner.
    pub async fn pending_of(&self, id: InteractionId, owner: &Owner<'_>) -> Option<Record<Masked>> {
        let completion = self.completion(id).await?;
        (completion.conversation.owner() == *owner).then_some(completion.record)
    }

    /// As [`Ledger::pending`], of a record that somebody is about to be told: it stands from then on, whatever its key
    /// came to elsewhere.
    pub async fn to_show(&self, id: InteractionId) -> Option<Record<Masked>> {
        self.about_to_be_told(id, false).await
    }

    /// The record that whoever asks again is told, wherever it is: from then on no other takes its place, which a server
    /// may have shown that died, or could not reach its queue.
    ///
    /// # Errors
    /// When the tables have to be asked and can't be, or a sealed column does not open.
    pub async fn to_show_again(&self, id: InteractionId) -> Result<Option<Record<Masked>>, StoreError> {
        // Nobody is told what this process withdrew: no note may keep it.
        if self.0.withdrawn.knows(id)
            && let Some(record) = self.pending(id).await.filter(|record| self.has_withdrawn(record))
        {
            return Ok(Some(record));
        }
        if let Some(record) = self.about_to_be_told(id, true).await {
            return Ok(Some(record));
        }
        if self.0.queue.is_none() {
            return interactions::get(&mut *self.0.store.read().await?, id).await;
        }
        let mut w = self.0.store.write().await?;
        interactions::told_again(&mut w, id, self.0.clock.now()).await?;
        let record = interactions::get(&mut w, id).await?;
        let is_told =
            |record: &Record<Masked>| record.outcome != Outcome::Interrupted && !self.has_withdrawn(record);
        if record.as_ref().is_some_and(is_told) {
            w.save().await?;
        }
        Ok(record)
    }

    async fn about_to_be_told(&self, id: InteractionId, again: bool) -> Option<Record<Masked>> {
        if let Some(completion) = self.0.pending.completion(id) {
            return self.of_whom_is_left(completion).await.map(|completion| completion.record);
        }
        let kept = self.0.queue.as_ref()?.to_show(id, again).await.ok()??;
        self.of_whom_is_left(self.opened(&kept)?).await.map(|completion| completion.record)
    }

    /// Whether the record of an interaction was in the queue and was taken back from there: nobody was told it, since
    /// its key had come to another answer.
    pub async fn is_taken_back(&self, id: InteractionId) -> bool {
        match &self.0.queue {
            Some(queue) => queue.was_taken_back(id).await.unwrap_or(false),
            None => false,
        }
    }

    /// Which assistant an interaction of theirs was begun with in the last minutes, as the queue knows it, perhaps before
    /// any table; none where it is not theirs, or there is no queue.
    pub async fn begun_by(&self, id: InteractionId, whose: Told<'_>) -> Option<Mode> {
        let begun = self.0.queue.as_ref()?.begun(id).await.ok()??;
        let [mode, key, subject] = <[&str; 3]>::try_from(begun.split(' ').collect::<Vec<_>>()).ok()?;
        let is_theirs = match whose {
            Told::Person(owner) => {
                key == key_in_words(owner.key) && subject == blinded(owner.subject, self.0.store.sealer())
            }
            Told::BackEnd(own) => key == own.to_string(),
        };
        if is_theirs { mode.parse().ok() } else { None }
    }

    async fn completion(&self, id: InteractionId) -> Option<Completion> {
        if let Some(completion) = self.0.pending.completion(id) {
            return self.of_whom_is_left(completion).await;
        }
        let completion = self.opened(&self.0.queue.as_ref()?.record(id).await.ok()??)?;
        self.of_whom_is_left(completion).await
    }

    /// A completion without its texts, where its person was erased since: a queue holds it until it ends there.
    async fn of_whom_is_left(&self, completion: Completion) -> Option<Completion> {
        if !self.erased(std::slice::from_ref(&completion)).await.contains(&completion.conversation.id) {
            return Some(completion);
        }
        match privacy::without_texts(&Entry::Completion(Box::new(completion))) {
            Entry::Completion(completion) => Some(*completion),
            Entry::Start(_) | Entry::Withdrawal(_) => None,
        }
    }

    /// Those of these conversations whose person was erased since. While the tables can't be asked nobody is erased; for
    /// who was just before, what passes through stays readable until it ends.
    async fn erased(&self, found: &[Completion]) -> HashSet<ConversationId> {
        if found.is_empty() {
            return HashSet::new();
        }
        let asking = async {
            let conversations: Vec<_> = found.iter().map(|completion| &completion.conversation).collect();
            let mut r = self.0.store.read().await?;
            let mut erased =
                conversations::erased_among(&mut r, conversations.iter().map(|of| of.id)).await?;
            let now = self.0.clock.now();
            erased.extend(privacy::erase::came_late(&mut r, &conversations, now).await?.all);
            Ok(erased)
        };
        self.tables(PLACE, asking).await.unwrap_or_default()
    }

    /// A record that lies in the queue. What can't be read there is in no table either, and a dead letter soon.
    pub(super) fn opened(&self, bytes: &[u8]) -> Option<Completion> {
        match kept::from_bytes(bytes, self.0.store.sealer()) {
            Ok(Entry::Completion(completion)) => Some(*completion),
            _ => None,
        }
    }

    /// What a claimed request came to, where no table knows it yet: the interaction, and what stands for its body.
    pub async fn pending_claim(&self, slot: &Slot<'_>) -> Option<(InteractionId, String)> {
        if let Some(completion) = self.0.pending.claimed(slot) {
            return Some((completion.record.id, completion.claimed?.body));
        }
        self.0.queue.as_ref()?.claimed(slot).await.ok()?
    }

    /// What was said in a conversation and may be in no table yet. Ask before the tables are read: what is drained
    /// between the two is in them then.
    pub async fn said(&self, id: ConversationId) -> Said {
        let mut said = self.0.pending.of_conversation(id);
        let mut partly = false;
        if let Some(queue) = &self.0.queue {
            match queue.said(id).await {
                Ok(queued) => said.extend(queued.iter().filter_map(|bytes| self.opened(bytes))),
                Err(_) => partly = true,
            }
        }
        said.sort_by_key(|completion| (completion.record.created_at, completion.record.id));
        said.dedup_by_key(|completion| completion.record.id);
        let erased = self.erased(&said).await;
        said.retain(|completion| !erased.contains(&completion.conversation.id));
        Said { completions: said, partly }
    }

    /// How many entries the queue holds; none without one.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn queued_entries(&self) -> Result<Option<u64>, SharedError> {
        match &self.0.queue {
            Some(queue) => queue.depth().await.map(Some),
            None => Ok(None),
        }
    }

    /// Looks how surely the queue keeps what it takes, for [`Ledger::durability`].
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn look_at_queue(&self) -> Result<(), SharedError> {
        if let Some(queue) = &self.0.queue {
            let found = queue.durability().await?;
            queue.forget_dead().await?;
            *self.0.durability.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        Ok(())
    }

    /// How surely the queue keeps what it takes, as it was looked at last; none where it does not say.
    #[must_use]
    pub fn durability(&self) -> Option<Durability> {
        *self.0.durability.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a queue.
    #[must_use]
    pub fn has_queue(&self) -> bool {
        self.0.queue.is_some()
    }

    /// Whether no other process answers beside this one: without a queue, on a database that is a file.
    #[must_use]
    pub fn answers_alone(&self) -> bool {
        self.0.queue.is_none() && self.0.store.engine() == "sqlite"
    }

    /// What the names of the queue's keys have in common; none without one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.queue.as_ref().map(Queue::namespace)
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> LedgerState {
        LedgerState {
            first: match &self.0.queue {
                Some(_) => self.0.queue_breaker.state(),
                None => self.0.breaker.state(),
            },
            waiting: self.0.group.waiting(),
            spool: self.0.spool.as_ref().map(Spool::depth),
            pending: self.0.pending.len(),
            miscounted: self.0.counts.differ(),
        }
    }
}
