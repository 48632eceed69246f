//! Dead letters (B3): entries that the tables refuse, kept with the reason until an operator replays or drops
//! them. They are kept as they are kept in the spool: what a person wrote is sealed in them.

use contactiq_domain::{Timestamp, ids::InteractionId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Applied, Entry, Phase, apply::apply_at, kept};
use crate::{
    Connection, Store, StoreError, Writer, conversations::Owner, idempotency::Settles, privacy, row::Row,
    value::values,
};

/// What stands where bytes name no interaction.
const UNREADABLE: &str = "unreadable";

/// One dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id: the interaction and the phase, so that burying it again changes its reason alone.
    pub id: String,
    /// The interaction; none where the bytes can't be read.
    pub interaction: Option<InteractionId>,
    /// Which half; none where the bytes can't be read.
    pub phase: Option<Phase>,
    /// Why it could not be written, in words that quote nothing.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was buried first.
    pub created_at: Timestamp,
    /// When it was tried last.
    pub last_tried_at: Timestamp,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What became of a replay.
#[derive(Debug, Clone, PartialEq)]
pub enum Replayed {
    /// It is in its tables now, or was already.
    Written,
    /// Nobody was shown its answer, and another worker's counts: it is dropped.
    Overtaken,
    /// There is no such letter.
    Missing,
    /// Its bytes are no entry: it stays.
    Unreadable(kept::Unreadable),
}

/// Buries bytes with the reason. `entry` is what they are, where they can be read.
///
/// # Errors
/// When the database fails.
pub(crate) async fn bury(
    w: &mut Writer,
    bytes: &[u8],
    entry: Option<&Entry>,
    reason: &str,
    tries: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = match entry {
        Some(entry) => name(entry.interaction(), entry.phase()),
        None => {
            let mut digest = [0; 16];
            digest.copy_from_slice(&Sha256::digest(bytes)[..16]);
            format!("{UNREADABLE}-{}", Uuid::from_bytes(digest).simple())
        }
    };
    w.execute(
        "INSERT INTO dead_letters (id, interaction, phase, entry, reason, tries, created_at, last_tried_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, tries = dead_letters.tries + excluded.tries,
             last_tried_at = CASE WHEN excluded.last_tried_at > dead_letters.last_tried_at
                 THEN excluded.last_tried_at ELSE dead_letters.last_tried_at END",
        values![
            id,
            entry.map(Entry::interaction),
            entry.map(|entry| entry.phase().as_str()),
            bytes.to_vec(),
            reason,
            tries,
            now,
        ],
    )
    .await?;
    Ok(())
}

fn name(interaction: InteractionId, phase: Phase) -> String {
    format!("{interaction}-{phase}")
}

/// Whether this half of an interaction is one of them.
///
/// # Errors
/// When the database fails.
pub(crate) async fn is_buried(
    c: &mut Connection,
    interaction: InteractionId,
    phase: Phase,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM dead_letters WHERE id = $1";
    Ok(c.row(sql, values![name(interaction, phase)]).await?.is_some())
}

/// The dead letters, oldest first. `skip` leaves out that many.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection, limit: u32, skip: u32) -> Result<Vec<DeadLetter>, StoreError> {
    c.rows(
        "SELECT id, interaction, phase, reason, tries, created_at, last_tried_at, CAST(length(entry) AS BIGINT) AS bytes
         FROM dead_letters ORDER BY created_at, id LIMIT $1 OFFSET $2",
        values![limit, skip],
    )
    .await?
    .iter()
    .map(letter)
    .collect()
}

/// How many there are.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection) -> Result<u64, StoreError> {
    let row = c.row("SELECT COUNT(*) AS found FROM dead_letters", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}

/// One of them with what it holds, where that can be read.
///
/// # Errors
/// When the database fails.
pub async fn get(
    c: &mut Connection,
    id: &str,
) -> Result<Option<(DeadLetter, Result<Entry, kept::Unreadable>)>, StoreError> {
    let row = c
        .row("SELECT *, CAST(length(entry) AS BIGINT) AS bytes FROM dead_letters WHERE id = $1", values![id])
        .await?;
    row.map(|row| Ok((letter(&row)?, kept::from_bytes(&row.bytes("entry")?, &row.sealer)))).transpose()
}

/// Writes one where it belongs and takes it from the dead.
async fn replay(w: &mut Writer, id: &str, now: Timestamp) -> Result<Replayed, StoreError> {
    match get(w, id).await? {
        None => Ok(Replayed::Missing),
        Some((_, Err(why))) => Ok(Replayed::Unreadable(why)),
        Some((_, Ok(entry))) => {
            let applied = apply_at(w, &entry, now).await?;
            discard(w, id).await?;
            Ok(match applied {
                Applied::Written | Applied::Before(_) => Replayed::Written,
                Applied::Overtaken => Replayed::Overtaken,
            })
        }
    }
}

/// The same in a transaction of its own. The inner error is why the tables refuse it still: it stays then, with
/// that reason.
///
/// # Errors
/// When the database fails.
pub async fn replay_in(
    store: &Store,
    id: &str,
    settles: Option<Settles<'_>>,
    now: Timestamp,
) -> Result<Result<Replayed, StoreError>, StoreError> {
    let replayed = async {
        let mut w = store.write().await?;
        let replayed = replay(&mut w, id, now).await?;
        if let (Some(settles), Replayed::Written | Replayed::Overtaken) = (settles, &replayed) {
            settles.settle(&mut w, id).await?;
        }
        w.save().await.map(|()| replayed)
    };
    match replayed.await.map_err(StoreError::of_a_writer) {
        Ok(replayed) => Ok(Ok(replayed)),
        Err(error @ StoreError::Unavailable { .. }) => Err(error),
        Err(why) => {
            let mut w = store.write().await?;
            tried(&mut w, id, &why.to_string(), now).await?;
            w.save().await?;
            Ok(Err(why))
        }
    }
}

/// Notes that one was tried again in vain.
async fn tried(w: &mut Writer, id: &str, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    w.execute(
        "UPDATE dead_letters SET reason = $2, tries = tries + 1,
             last_tried_at = CASE WHEN $3 > last_tried_at THEN $3 ELSE last_tried_at END WHERE id = $1",
        values![id, reason, now],
    )
    .await?;
    Ok(())
}

/// Drops one for good. True when it was there.
///
/// # Errors
/// When the database fails.
pub async fn discard(w: &mut Writer, id: &str) -> Result<bool, StoreError> {
    Ok(w.execute("DELETE FROM dead_letters WHERE id = $1", values![id]).await? > 0)
}

/// Drops those of a person who was erased, as far as they can be read; the others go with their age.
///
/// # Errors
/// When the database fails.
pub(crate) async fn forget(w: &mut Writer, owner: &Owner<'_>) -> Result<(), StoreError> {
    for row in w.rows("SELECT id, entry FROM dead_letters", Vec::new()).await? {
        let entry = kept::from_bytes(&row.bytes("entry")?, &row.sealer);
        if entry.is_ok_and(|entry| entry.of().owner() == *owner) {
            discard(w, &row.text("id")?).await?;
        }
    }
    Ok(())
}

/// Letters that one transaction of [`purge`] looks at.
const AT_ONCE: i64 = 100;

/// Drops what is older than this moment, but what is of people whom a hold is on, in transactions of a hundred letters.
/// Bytes that nobody can read stay as long as anybody is held: whose they are can't be said.
pub(crate) async fn purge(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let (mut after, mut dropped) = ((i64::MIN, String::new()), 0);
    loop {
        let mut w = store.write().await?;
        // Whoever places a hold at this moment is waited for and seen.
        privacy::turns::with_everybody(&mut w).await?;
        let held = privacy::holds::everybody(&mut w).await?;
        let sql = "SELECT id, created_at, entry FROM dead_letters
             WHERE created_at < $1 AND (created_at > $2 OR (created_at = $2 AND id > $3))
             ORDER BY created_at, id LIMIT $4";
        let rows = w.rows(sql, values![before, after.0, &after.1, AT_ONCE]).await?;
        let Some(last) = rows.last() else { return Ok(dropped) };
        after = (last.int("created_at")?, last.text("id")?);
        for row in &rows {
            let is_of = |entry: Entry| held.contains(&privacy::consent::named(&w, &entry.of().owner()));
            let entry = kept::from_bytes(&row.bytes("entry")?, &row.sealer);
            if held.is_empty() || entry.is_ok_and(|entry| !is_of(entry)) {
                dropped += u64::from(discard(&mut w, &row.text("id")?).await?);
            }
        }
        w.save().await?;
    }
}

fn letter(row: &Row) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        id: row.text("id")?,
        interaction: row.parsed_or_none("interaction")?,
        phase: row.parsed_or_none("phase")?,
        reason: row.text("reason")?,
        tries: row.count("tries")?,
        created_at: row.moment("created_at")?,
        last_tried_at: row.moment("last_tried_at")?,
        bytes: row.count("bytes")?,
    })
}
