//! Completions that nobody was shown. Workers write what the queue holds side by side, so that a withdrawal may be
//! written before what it takes back: it is noted for a day, and whatever comes behind it is taken back then.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use contactiq_domain::{Record, Timestamp, ids::InteractionId};
use contactiq_guard::{Masked, ReviewKind};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Ledger, Withdrawal};
use crate::{
    StoreError, Writer, audit, idempotency, interactions, review,
    value::{places, values},
};

/// Seconds that one is noted.
const NOTED: i64 = 86_400;

/// So many are known to the process that withdrew them.
const KNOWN: usize = 10_000;

/// What this process withdrew: a place that hung may take a completion after its withdrawal, and whoever asks again
/// must not be shown it.
#[derive(Default)]
pub(super) struct Withdrawn(Mutex<VecDeque<(InteractionId, Timestamp)>>);

impl Withdrawn {
    pub(super) fn add(&self, record: &Record<Masked>) {
        let mut known = self.lock();
        known.truncate(KNOWN - 1);
        known.push_front((record.id, record.completed_at));
    }

    /// Whether a record of this interaction is among them.
    pub(super) fn knows(&self, id: InteractionId) -> bool {
        self.lock().iter().any(|(known, _)| *known == id)
    }

    fn holds(&self, record: &Record<Masked>) -> bool {
        self.lock().contains(&(record.id, record.completed_at))
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(InteractionId, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Whether this process withdrew this record: nobody was shown it, and nobody may be.
    #[must_use]
    pub fn has_withdrawn(&self, record: &Record<Masked>) -> bool {
        self.0.withdrawn.holds(record)
    }
}

/// Takes a completion back, whether it is written or comes later.
pub(super) async fn withdraw(w: &mut Writer, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    let Withdrawal { interaction, completed_at, claimed, .. } = withdrawal;
    w.execute(
        "INSERT INTO withdrawals (interaction, completed_at, noted_at) VALUES ($1, $2, $2)
         ON CONFLICT (interaction, completed_at) DO NOTHING",
        values![*interaction, *completed_at],
    )
    .await?;
    // Whoever writes the completion at this moment waits for the note, or is waited for.
    w.execute("UPDATE interactions SET shown = shown WHERE id = $1", values![*interaction]).await?;
    let stood = interactions::withdraw(w, *interaction, *completed_at).await?;
    if stood {
        audit::withdrawn(w, *interaction, *completed_at).await?;
    }
    if let Some(claimed) = claimed.as_ref().filter(|_| stood) {
        idempotency::unsettle(w, &claimed.slot(), &interaction.to_string()).await?;
    }
    Ok(())
}

/// Which of these records were withdrawn before they came.
pub(super) async fn among(
    w: &mut Writer,
    records: &[&Record<Masked>],
) -> Result<Vec<InteractionId>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(w.is_postgres(), 1, records.len());
    let sql = format!("SELECT interaction, completed_at FROM withdrawals WHERE interaction IN {places}");
    let ids = records.iter().flat_map(|record| values![record.id]).collect();
    let mut found = Vec::new();
    for row in w.rows_built(sql, ids, records.len()).await? {
        let (id, completed_at) = (row.parsed("interaction")?, row.moment("completed_at")?);
        if records.iter().any(|record| record.id == id && record.completed_at == completed_at) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The rule by which a reviewer sees what was shown and withdrawn.
pub const WITHDRAWN: &str = "stream/withdrawn";

/// What was shown of an answer and is not the beginning of what it came to, because whoever told it died: a reviewer
/// finds it, unless whoever answered said so already.
pub(super) async fn review_part(
    w: &mut Writer,
    record: &Record<Masked>,
    part: &Masked,
    known: &[review::Entry],
) -> Result<(), StoreError> {
    let is_known = known.iter().any(|entry| entry.rules.iter().any(|rule| rule == WITHDRAWN));
    if part.is_empty() || is_known || record.answer.as_str().starts_with(part.as_str()) {
        return Ok(());
    }
    review(w, record.id, part, record.completed_at).await
}

/// The same part comes once, however often it is written.
pub(super) async fn review(
    w: &mut Writer,
    interaction: InteractionId,
    part: &Masked,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut hash = Sha256::new();
    hash.update(interaction.uuid().as_bytes());
    hash.update(part.as_str());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    let entry = review::Entry {
        id: Uuid::from_bytes(id),
        interaction,
        kind: ReviewKind::Output,
        rules: vec![WITHDRAWN.to_owned()],
        message: part.clone(),
        at,
        decided: None,
    };
    review::save(w, &entry).await
}

/// Forgets what was withdrawn long ago.
///
/// # Errors
/// When the database fails.
pub async fn purge_withdrawn(w: &mut Writer, now: Timestamp) -> Result<(), StoreError> {
    w.execute("DELETE FROM withdrawals WHERE noted_at < $1", values![now.plus_seconds(-NOTED)]).await?;
    Ok(())
}
