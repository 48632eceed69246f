//! The column of vectors as this process sees it, and taking pgvector into use.

use std::sync::PoisonError;

use super::{VectorColumn, column};
use crate::{Store, StoreError};

/// Nobody who opens the database waits for this, nor it for an index that is being made.
const ADOPT: &str = "BEGIN; SET LOCAL lock_timeout = 3000; SET LOCAL statement_timeout = 30000";

impl Store {
    /// How vectors are shared between replicas; `None` with SQLite, which serves one process.
    #[must_use]
    pub fn vectors(&self) -> Option<VectorColumn> {
        let seen = self.vectors.as_ref()?;
        Some(*seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, looked at again: a start of another process may have changed it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_at_vectors(&self) -> Result<Option<VectorColumn>, StoreError> {
        let Some(seen) = &self.vectors else { return Ok(None) };
        let column = column::look(self.read().await?.postgres()?).await?;
        *seen.write().unwrap_or_else(PoisonError::into_inner) = column;
        Ok(Some(column))
    }

    /// Takes pgvector into use where it is at hand, for a server that starts: a command leaves it to the server.
    /// Where another process holds the table, all stays as it is until the next start.
    ///
    /// # Errors
    /// When the database fails, or the table is not free for 3 s.
    pub async fn adopt_vectors(&self) -> Result<Option<VectorColumn>, StoreError> {
        if let Some(pool) = self.postgres() {
            let mut own = pool.begin_with(ADOPT).await?;
            column::adopt(&mut own).await?;
            own.commit().await?;
        }
        self.look_at_vectors().await
    }
}
