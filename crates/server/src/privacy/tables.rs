//! Whether what a purge goes by was changed by hand: holds are held against the audit log, marks of erasures against their
//! proofs, before anything is taken out.

use contactiq_store::{
    Store, StoreError,
    audit::{Apart, AuditLog},
    privacy::erase,
};

/// What was found in the tables beside the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// Holds that stand otherwise than the log tells.
    pub holds: Vec<Apart>,
    /// Conversations that are marked as erased and that no erasure marked.
    pub marked: usize,
}

/// Looks: an instant, whatever the size of the log.
///
/// # Errors
/// When the database fails, or the log can't be read.
pub async fn look_before_purging(log: &AuditLog, store: &Store) -> Result<Tables, StoreError> {
    let holds = log.holds_apart(store).await?;
    let marked = if log.is_taken_over(store).await? {
        erase::marked_by_hand(&mut *store.read().await?).await?.len()
    } else {
        0
    };
    Ok(Tables { holds, marked })
}

/// Whether nothing may be purged or erased: a hold of the log is gone, was lifted, or is on somebody else by another hand. A
/// hold that nobody placed keeps more than it should, which harms nobody's evidence.
#[must_use]
pub fn keep_from_purging(holds: &[Apart]) -> bool {
    holds.iter().any(|apart| !matches!(apart.what, "hold_unlogged" | "hold_in_force_by_hand"))
}
