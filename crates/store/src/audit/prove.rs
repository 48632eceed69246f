//! Proving to somebody outside that an interaction is in the log, and what its record is.

use contactiq_auditlog::{
    Checkpoint, Hash, VerifyingKey,
    disclosure::{Disclosure, FORM, Opened},
    proof,
    tiles::Known,
};
use contactiq_domain::ids::InteractionId;

use super::{
    AuditKind, AuditLog,
    counted::sound,
    interaction,
    log::tail_at,
    read,
    verify::{is_being_erased, known_tile},
};
use crate::{Store, StoreError, interactions, value::values};

/// Why nothing can be proved of an interaction.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No entry names it.
    #[error("no entry of the audit log is of this interaction: there is none, or it is not in the log yet")]
    Unknown,
    /// No checkpoint covers its entry.
    #[error("its entry {0} is not covered by a checkpoint yet: ask again in a minute")]
    Unsigned(u64),
    /// The checkpoint is not accepted.
    #[error("the last checkpoint is not of this log's key: `contactiq audit verify` says more")]
    Checkpoint,
    /// The record is another than the entry commits to.
    #[error("the record is not the one that its entry {0} commits to: it was changed")]
    Changed(u64),
}

impl AuditLog {
    /// The proof of an interaction: of its last entry, with the record where it was not erased.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn prove(
        &self,
        store: &Store,
        id: InteractionId,
        keys: &[VerifyingKey],
    ) -> Result<Disclosure, Unproved> {
        let events = interaction::events_of(&mut *store.read().await?, id).await?;
        let mut reader = self.read().await?;
        let mut entries = Vec::new();
        for event in &events {
            let sql = "SELECT * FROM audit_entries WHERE event = $1";
            if let Some(row) = reader.row(sql, values![event.as_str()]).await? {
                let logged = read::Logged::of(&row)?;
                sound(&logged, logged.index)?;
                entries.push(logged);
            }
        }
        if entries.is_empty() || entries.len() < events.len() {
            // Without salts nothing names the event, and one that is not found may be hidden: the entries of interactions
            // are looked through.
            drop(reader);
            entries.clear();
            let wanted = id.to_string();
            self.each_of(store, AuditKind::Interaction, |logged, entry| {
                if entry.fields.get("interaction") == Some(&wanted) {
                    entries.push(logged);
                }
            })
            .await?;
            reader = self.read().await?;
        }
        let mut records = store.read().await?;
        let logged = entries.into_iter().max_by_key(|logged| logged.index).ok_or(Unproved::Unknown)?;
        let entry = logged.entry().ok_or(StoreError::Corrupt { what: "audit log" })?;
        let (_, note) = read::last_checkpoint(&mut reader).await?.ok_or(Unproved::Unsigned(logged.index))?;
        let last = Checkpoint::open(&note, keys).map_err(|_| Unproved::Checkpoint)?;
        if last.size <= logged.index {
            return Err(Unproved::Unsigned(logged.index));
        }
        let opened = match (entry.commitment, interaction::salt(&mut records, id, &entry.event).await?) {
            (Some(commitment), Some(salt)) => {
                let record =
                    interactions::get(&mut records, id).await?.ok_or(Unproved::Changed(logged.index))?;
                let record = interaction::to_text(&record)?;
                let agrees = Hash::commitment(&salt, record.as_bytes()) == commitment;
                if !agrees && !is_being_erased(&mut records, id).await? {
                    return Err(Unproved::Changed(logged.index));
                }
                agrees.then(|| Opened { salt: Hash(salt).to_string(), record })
            }
            _ => None,
        };
        let inclusion = self.inclusion(logged.index, last.size).await?;
        let entry = String::from_utf8(logged.leaf).map_err(|_| StoreError::Corrupt { what: "audit log" })?;
        Ok(Disclosure { contactiq_audit_proof: FORM, entry, inclusion, checkpoint: note, opened })
    }

    /// The hashes beside the way of an entry to the root of the tree of this size.
    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        let mut reader = self.read().await?;
        let mut known = Known::new(tail_at(&mut reader, size).await?);
        let mut asked = Vec::new();
        // The first time it says which tiles it needs.
        let first = proof::inclusion(index, size, |height, at| {
            let found = known.subtree(height, at);
            if found.is_none() {
                asked.push(Known::place_of(height, at).0);
            }
            found
        });
        if let Some(path) = first {
            return Ok(path);
        }
        for place in asked {
            let hashes = known_tile(&mut reader, place).await?;
            known.add(place, hashes.ok_or(StoreError::Corrupt { what: "audit log" })?);
        }
        proof::inclusion(index, size, |height, at| known.subtree(height, at))
            .ok_or(StoreError::Corrupt { what: "audit log" })
    }
}
