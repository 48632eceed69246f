//! Who does not want that what was said before is read for the next answer (E7): a snapshot, so that no question waits
//! for it and it holds while the database is away.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use contactiq_store::{
    Store, StoreError,
    conversations::Owner,
    privacy::consent::{self, Purpose},
};

/// The snapshot: whoever is in it refused. Nobody else was asked, or agreed.
#[derive(Default)]
pub struct Consents(RwLock<HashSet<(String, String)>>);

impl Consents {
    /// Reads it anew.
    ///
    /// # Errors
    /// When the database fails: the one before stays.
    pub async fn read(&self, store: &Store) -> Result<(), StoreError> {
        let refused = consent::refused(&mut *store.read().await?, Purpose::History).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = refused.into_iter().collect();
        Ok(())
    }

    /// Whether what this person said before may be read.
    pub(crate) fn may_be_remembered(&self, store: &Store, owner: &Owner<'_>) -> bool {
        let refused = self.0.read().unwrap_or_else(PoisonError::into_inner);
        refused.is_empty() || !refused.contains(&consent::as_kept(store, owner))
    }
}
