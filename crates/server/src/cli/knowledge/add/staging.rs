//! The documents of a large run that come in before they are in force: new ones and new versions, whose rows are most
//! of the work. What is there already, what says the same as another and what is skipped is written with the rest.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use contactiq_domain::{Clock, Collection};
use contactiq_store::{Store, StoreError, Writer, documents, staging};

use super::{
    audit,
    judged::{How, Judged, Seen},
    row::Done,
};
use crate::wiring::{SystemClock, random_text};

/// A run with fewer documents and fewer passages is stored in one transaction.
const MANY_DOCUMENTS: usize = 100;
const MANY_PASSAGES: usize = 1_000;
/// What one transaction brings in at most.
const DOCUMENTS_AT_ONCE: usize = 200;
const PASSAGES_AT_ONCE: usize = 1_000;
/// Others write between two of them: SQLite's lock knows no queue.
const BREATH: Duration = Duration::from_millis(20);

/// What a run has staged.
pub(super) struct Staging {
    run: String,
    large: bool,
    /// By their number in the run.
    pub(super) staged: BTreeMap<usize, Standing>,
}

/// A staged document.
pub(super) struct Standing {
    /// The latest version of its name before.
    latest: u32,
    /// The positions that are held in quarantine.
    held: Vec<u32>,
}

impl Staging {
    /// Of these documents; nothing is staged yet.
    pub(super) fn of(judged: &[Judged]) -> Staging {
        let passages: usize = judged.iter().map(|own| own.passages.len()).sum();
        let large = judged.len() > 1 && (judged.len() > MANY_DOCUMENTS || passages > MANY_PASSAGES);
        Staging { run: random_text::<18>(), large, staged: BTreeMap::new() }
    }

    /// Brings in what can be. Once more after somebody changed the knowledge: what was staged stays, unless what it
    /// was staged for has changed.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn bring_in(
        &mut self,
        store: &Store,
        judged: &[Judged],
        seen: &Seen,
        how: How,
    ) -> Result<(), StoreError> {
        if !self.large {
            return Ok(());
        }
        staging::sweep(store, SystemClock.now()).await?;
        let wanted = Self::plain(store, judged, seen, how).await?;
        let known: Vec<usize> = self.staged.keys().copied().collect();
        let mut reader = store.read().await?;
        let complete = staging::count(&mut reader, &self.run).await? == known.len() as u64;
        drop(reader);
        if !complete || known.iter().any(|number| !wanted.contains_key(number)) {
            self.discard(store).await?;
        }
        for (number, latest) in &wanted {
            if let Some(standing) = self.staged.get_mut(number) {
                standing.latest = *latest;
            }
        }
        let waiting: Vec<(usize, u32)> =
            wanted.into_iter().filter(|(number, _)| !self.staged.contains_key(number)).collect();
        let mut waiting = waiting.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut w = store.write().await?;
            staging::touch(&mut w, &self.run, SystemClock.now()).await?;
            let (mut documents, mut passages) = (0, 0);
            let mut brought = Vec::new();
            while documents < DOCUMENTS_AT_ONCE && passages < PASSAGES_AT_ONCE {
                let Some((number, latest)) = waiting.next() else { break };
                let own = &judged[number];
                let staged = staging::Staged {
                    document: &own.document,
                    passages: &own.passages,
                    suspects: &own.suspects,
                    source: &own.source,
                };
                let held = staging::add(&mut w, &self.run, &staged).await?;
                brought.push((number, Standing { latest, held }));
                documents += 1;
                passages += own.passages.len();
            }
            w.save().await?;
            self.staged.extend(brought);
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    /// The documents whose rows can come in before, with the latest version of each: those that replace nothing that
    /// they may not, say nothing that is there, and nothing that another of the run says.
    async fn plain(
        store: &Store,
        judged: &[Judged],
        seen: &Seen,
        how: How,
    ) -> Result<BTreeMap<usize, u32>, StoreError> {
        let mut said: HashMap<(Collection, &str), usize> = HashMap::new();
        for own in judged {
            *said.entry((own.collection(), own.document.content_hash.as_str())).or_default() += 1;
        }
        let mut names = HashSet::new();
        let mut plain = BTreeMap::new();
        let mut reader = store.read().await?;
        for (number, own) in judged.iter().enumerate() {
            let current = seen.current.get(&number);
            let taken = current
                .and_then(|current| current.source.as_deref())
                .is_some_and(|source| !how.replace && source != own.source);
            let twice = said[&(own.collection(), own.document.content_hash.as_str())] > 1;
            let unchanged = current.is_some_and(|current| current.unchanged.is_some());
            if taken || twice || unchanged || !names.insert(own.name()) {
                continue;
            }
            let (has_twin, latest) = documents::standing(&mut reader, &own.document).await?;
            if !has_twin {
                plain.insert(number, latest);
            }
        }
        Ok(plain)
    }

    /// Makes them current.
    ///
    /// # Errors
    /// When the store fails, or something staged is no longer there.
    pub(super) async fn flip(&self, w: &mut Writer) -> Result<(), StoreError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let flipped = staging::flip(w, &self.run).await?;
        if flipped == self.staged.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::Unavailable { why: "what was staged has been taken out" })
        }
    }

    /// Puts them on record.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn note(&self, w: &mut Writer, judged: &[Judged]) -> Result<(), StoreError> {
        let names: Vec<String> = self.staged.keys().map(|number| judged[*number].name()).collect();
        audit::note_all(w, "knowledge add", &names).await
    }

    /// Takes out what was staged.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn discard(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        loop {
            let mut w = store.write().await?;
            let more = staging::discard(&mut w, &self.run).await?;
            w.save().await?;
            if !more {
                self.staged.clear();
                return Ok(());
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}

impl Standing {
    /// What became of the document.
    pub(super) fn done(&self, own: &Judged, how: How) -> Done {
        let name = own.name();
        let (outcome, detail) = match self.latest {
            0 => ("added", format!("{name}, {} passages", own.passages.len())),
            latest => ("updated", format!("{name}, version {}", latest + 1)),
        };
        own.done(outcome, detail, (&own.suspects, &self.held), how)
    }
}
