//! The tables of the log: who may append, and appending.

use std::{collections::HashSet, path::Path};

use contactiq_auditlog::{
    Checkpoint, Entry, Hash,
    entry::VERSION,
    tiles::{self, Tail, Tile},
};
use contactiq_domain::Timestamp;

use super::{Event, read};
use crate::{
    Connection, Reader, Store, StoreError, Writer,
    value::{Value, places, values},
};

/// So far the clocks of two replicas may differ.
const AHEAD_SECONDS: i64 = 60;

/// The log that belongs to a store. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct AuditLog(Store);

/// The right to append, until somebody else has a higher number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    holder: String,
    number: i64,
}

/// What a batch became.
pub(super) struct Appended {
    /// The end of the log with it.
    pub(super) tail: Tail,
    /// When the last entry was logged.
    pub(super) last_at: Timestamp,
    /// Entries that are new.
    pub(super) entries: u64,
}

impl AuditLog {
    /// Opens the log of a store: on SQLite the file, made when it is missing; on PostgreSQL the tables in the schema
    /// `contactiq_audit`, whatever the file is called.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn open(store: &Store, file: &Path) -> Result<AuditLog, StoreError> {
        store.open_audit(file).await.map(AuditLog)
    }

    /// Who owns the schema of the log, where that is another user than the one that we are: that one can take the log's
    /// triggers away and change it. None on SQLite, whose file is ours.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn other_owner(&self) -> Result<Option<String>, StoreError> {
        let mut reader = self.read().await?;
        if !reader.is_postgres() {
            return Ok(None);
        }
        let sql = "SELECT pg_get_userbyid(nspowner)::text AS owner FROM pg_namespace
             WHERE nspname = 'contactiq_audit' AND pg_get_userbyid(nspowner) <> current_user";
        reader.row(sql, Vec::new()).await?.map(|row| row.text("owner")).transpose()
    }

    /// Closes the connections of SQLite's file; PostgreSQL's are the store's.
    pub async fn close(&self) {
        if self.0.engine() == "sqlite" {
            self.0.close().await;
        }
    }

    pub(super) async fn read(&self) -> Result<Reader, StoreError> {
        self.0.read().await
    }

    pub(super) async fn write(&self) -> Result<Writer, StoreError> {
        self.0.write().await
    }

    /// The right to append until then, where nobody has it or its holder has been silent; none otherwise. A lease that ends
    /// more than a minute later than one of now is of a clock that was ahead, and keeps nobody out: whoever has it still
    /// finds that the number is another one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acquire(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError> {
        let beyond = until.plus_seconds(AHEAD_SECONDS);
        let mut w = self.write().await?;
        let row = w
            .row(
                "UPDATE audit_lease SET holder = $1, fence = fence + 1, ends_at = $3
                 WHERE name = 'sequencer' AND (ends_at < $2 OR ends_at > $4 OR holder = $1) RETURNING fence",
                values![holder, now, until, beyond],
            )
            .await?;
        let fence = row.map(|row| row.int("fence")).transpose()?;
        w.save().await?;
        Ok(fence.map(|number| Fence { holder: holder.to_owned(), number }))
    }

    /// Gives the right back, so that another one need not wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, fence: &Fence) -> Result<(), StoreError> {
        let mut w = self.write().await?;
        hold(&mut w, fence, Timestamp::from_micros(0)).await?;
        w.save().await
    }
}

/// Makes sure in this transaction that nobody else got the right, and keeps it until then; whether it is still ours.
/// Who takes it meanwhile waits for this transaction.
pub(super) async fn hold(w: &mut Writer, fence: &Fence, until: Timestamp) -> Result<bool, StoreError> {
    let held = w
        .execute(
            "UPDATE audit_lease SET ends_at = $3 WHERE name = 'sequencer' AND fence = $1 AND holder = $2",
            values![fence.number, &fence.holder, until],
        )
        .await?;
    Ok(held == 1)
}

/// Appends these events in this transaction, but for those that are in the log already.
pub(super) async fn append(
    w: &mut Writer,
    mut tail: Tail,
    mut last_at: Timestamp,
    events: &[Event],
    now: Timestamp,
) -> Result<Appended, StoreError> {
    // What was noted twice is one entry, also where both wait at once.
    let mut known = known(w, events).await?;
    let (mut rows, mut full, before) = (Vec::<Value>::new(), Vec::<Tile>::new(), tail.size());
    for event in events {
        if !known.insert(event.id.to_string()) {
            continue;
        }
        let logged_at = now.max(last_at);
        let entry = Entry {
            v: VERSION,
            index: tail.size(),
            logged_at_us: logged_at.micros(),
            clock_back_us: logged_at.micros() - now.micros(),
            event: event.id.to_string(),
            at_us: event.at.micros(),
            kind: event.kind.to_string(),
            fields: event.fields.clone(),
            commitment: event.commitment,
        };
        last_at = logged_at;
        let leaf = entry.to_bytes();
        full.extend(tail.push(Hash::leaf(&leaf)));
        rows.extend(values![entry.index, &entry.event, &entry.kind, logged_at, leaf]);
    }
    let entries = tail.size() - before;
    if entries > 0 {
        let places = places(w.is_postgres(), entries as usize, 5);
        let sql =
            format!("INSERT INTO audit_entries (leaf_index, event, kind, logged_at, leaf) VALUES {places}");
        w.rows_built(sql, rows, entries as usize).await?;
    }
    for tile in full {
        w.execute(
            "INSERT INTO audit_tiles (level, tile_index, hashes) VALUES ($1, $2, $3)",
            values![tile.place.level, tile.place.index, tile.to_bytes()],
        )
        .await?;
    }
    Ok(Appended { tail, last_at, entries })
}

/// Which of these events are in the log.
async fn known(w: &mut Writer, events: &[Event]) -> Result<HashSet<String>, StoreError> {
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let bound = events.iter().flat_map(|event| values![event.id]).collect();
    let places = places(w.is_postgres(), 1, events.len());
    let sql = format!("SELECT event FROM audit_entries WHERE event IN {places}");
    w.rows_built(sql, bound, events.len()).await?.iter().map(|row| row.text("event")).collect()
}

/// Keeps a signed checkpoint.
pub(super) async fn keep_checkpoint(w: &mut Writer, made: &Checkpoint, note: &str) -> Result<(), StoreError> {
    w.execute("INSERT INTO audit_checkpoints (tree_size, note) VALUES ($1, $2)", values![made.size, note])
        .await?;
    Ok(())
}

/// The end of the log when it had this size, from what is kept.
pub(super) async fn tail_at(c: &mut Connection, size: u64) -> Result<Tail, StoreError> {
    let damaged = || StoreError::Corrupt { what: "audit log" };
    let mut open = Vec::new();
    for level in 0..tiles::levels(size) {
        let end = size >> (tiles::HEIGHT * level);
        let first = end - Tail::open_hashes(size, level);
        let hashes: Vec<Hash> = if level == 0 {
            read::leaves(c, first, end).await?.iter().map(|leaf| Hash::leaf(leaf)).collect()
        } else {
            let rows = c
                .rows(
                    "SELECT hashes FROM audit_tiles WHERE level = $1 AND tile_index >= $2 AND tile_index < $3
                     ORDER BY tile_index",
                    values![level - 1, first, end],
                )
                .await?;
            let roots = rows.iter().map(|row| {
                tiles::from_bytes(&row.bytes("hashes")?)
                    .map(|hashes| tiles::root(&hashes))
                    .ok_or_else(damaged)
            });
            roots.collect::<Result<_, StoreError>>()?
        };
        open.push(hashes);
    }
    Tail::new(size, open).ok_or_else(damaged)
}
