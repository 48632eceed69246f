//! What a provider's key may be used for in a day (A8): taken before a call, and what was not used given back after it.

use std::fmt;

use async_trait::async_trait;

use crate::ModelError;

/// Counts the uses of a provider's keys, over all replicas.
#[async_trait]
pub trait KeyQuota: Send + Sync + fmt::Debug {
    /// Takes one request of at most so many tokens from the day of the key of this id.
    ///
    /// # Errors
    /// [`ModelError::Quota`] where the day has no room for it, or nobody could be asked.
    async fn take(&self, key: &str, tokens: u64) -> Result<(), ModelError>;

    /// Gives back tokens that were taken and not used.
    async fn give_back(&self, key: &str, tokens: u64);
}
