//! Reading the log.

use contactiq_auditlog::{Entry, tiles::Place};
use contactiq_domain::Timestamp;

use super::{AuditKind, AuditLog};
use crate::{Connection, StoreError, row::Row, value::values};

/// Which entries; `None` stands for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<AuditKind>,
    /// Before this one.
    pub before: Option<u64>,
}

/// An entry as it stands in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub index: u64,
    /// Its bytes.
    pub leaf: Vec<u8>,
    /// What the table says beside them.
    pub(super) event: String,
    pub(super) kind: String,
    pub(super) logged_at: Timestamp,
}

impl Logged {
    pub(super) fn of(row: &Row) -> Result<Logged, StoreError> {
        Ok(Logged {
            index: row.count("leaf_index")?,
            leaf: row.bytes("leaf")?,
            event: row.text("event")?,
            kind: row.text("kind")?,
            logged_at: row.moment("logged_at")?,
        })
    }

    /// What its bytes say; none where they are no entry.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_bytes(&self.leaf).ok()
    }
}

impl AuditLog {
    /// How many entries there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn size(&self) -> Result<u64, StoreError> {
        size(&mut *self.read().await?).await
    }

    /// The latest checkpoint as a signed note, with how many entries it covers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint(&self) -> Result<Option<(u64, String)>, StoreError> {
        last_checkpoint(&mut *self.read().await?).await
    }

    /// The checkpoints that cover more than `after` entries, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoints(&self, after: u64, most: u32) -> Result<Vec<(u64, String)>, StoreError> {
        checkpoints(&mut *self.read().await?, after, most).await
    }

    /// The latest entries, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest(&self, filter: &Filter, most: u32) -> Result<Vec<Logged>, StoreError> {
        let mut reader = self.read().await?;
        let before = filter.before.unwrap_or(i64::MAX as u64);
        let rows =
            match filter.kind {
                Some(kind) => {
                    reader
                        .rows(
                            "SELECT * FROM audit_entries WHERE kind = $1 AND leaf_index < $2
                         ORDER BY leaf_index DESC LIMIT $3",
                            values![kind.as_str(), before, most],
                        )
                        .await?
                }
                None => reader
                    .rows(
                        "SELECT * FROM audit_entries WHERE leaf_index < $1 ORDER BY leaf_index DESC LIMIT $2",
                        values![before, most],
                    )
                    .await?,
            };
        rows.iter().map(Logged::of).collect()
    }

    /// The entries from `first` to before `end`, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries(&self, first: u64, end: u64) -> Result<Vec<Logged>, StoreError> {
        entries(&mut *self.read().await?, first, end).await
    }

    /// The edge of the tree of this size, for an export that begins there.
    ///
    /// # Errors
    /// When the database fails, or what it kept is not whole.
    pub async fn edge(&self, size: u64) -> Result<contactiq_auditlog::Frontier, StoreError> {
        Ok(super::log::tail_at(&mut *self.read().await?, size).await?.frontier())
    }
}

pub(super) async fn size(c: &mut Connection) -> Result<u64, StoreError> {
    let sql = "SELECT COALESCE(MAX(leaf_index), -1) + 1 AS size FROM audit_entries";
    c.row(sql, Vec::new()).await?.map_or(Ok(0), |row| row.count("size"))
}

/// When the last entry was logged.
pub(super) async fn last_at(c: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT logged_at FROM audit_entries ORDER BY leaf_index DESC LIMIT 1";
    c.row(sql, Vec::new()).await?.map(|row| row.moment("logged_at")).transpose()
}

pub(super) async fn entries(c: &mut Connection, first: u64, end: u64) -> Result<Vec<Logged>, StoreError> {
    c.rows(
        "SELECT * FROM audit_entries WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index",
        values![first, end],
    )
    .await?
    .iter()
    .map(Logged::of)
    .collect()
}

pub(super) async fn leaves(c: &mut Connection, first: u64, end: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    c.rows(
        "SELECT leaf FROM audit_entries WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index",
        values![first, end],
    )
    .await?
    .iter()
    .map(|row| row.bytes("leaf"))
    .collect()
}

pub(super) async fn last_checkpoint(c: &mut Connection) -> Result<Option<(u64, String)>, StoreError> {
    let sql = "SELECT * FROM audit_checkpoints ORDER BY tree_size DESC LIMIT 1";
    let row = c.row(sql, Vec::new()).await?;
    row.map(|row| Ok((row.count("tree_size")?, row.text("note")?))).transpose()
}

pub(super) async fn checkpoints(
    c: &mut Connection,
    after: u64,
    most: u32,
) -> Result<Vec<(u64, String)>, StoreError> {
    c.rows(
        "SELECT * FROM audit_checkpoints WHERE tree_size > $1 ORDER BY tree_size LIMIT $2",
        values![after, most],
    )
    .await?
    .iter()
    .map(|row| Ok((row.count("tree_size")?, row.text("note")?)))
    .collect()
}

/// How many entries the largest checkpoint covers.
pub(super) async fn size_of_checkpoints(c: &mut Connection) -> Result<u64, StoreError> {
    Ok(last_checkpoint(c).await?.map_or(0, |(size, _)| size))
}

/// The last of several entries of one event. Read a page at a time from the index of events alone: one statement over a
/// long log takes longer than a statement may.
pub(super) async fn doubled(c: &mut Connection) -> Result<Option<u64>, StoreError> {
    let mut before: Option<String> = None;
    loop {
        let rows = match &before {
            // The last one of a page begins the next, so that its double is seen.
            Some(last) => {
                let sql = "SELECT event FROM audit_entries WHERE event >= $1 ORDER BY event LIMIT 20001";
                c.rows(sql, values![last]).await?
            }
            None => c.rows("SELECT event FROM audit_entries ORDER BY event LIMIT 20001", Vec::new()).await?,
        };
        let events: Vec<String> = rows.iter().map(|row| row.text("event")).collect::<Result<_, _>>()?;
        if let Some(pair) = events.windows(2).find(|pair| pair[0] == pair[1]) {
            let sql = "SELECT MAX(leaf_index) AS last FROM audit_entries WHERE event = $1";
            let last = c.row(sql, values![&pair[0]]).await?;
            return last.map(|row| row.count("last")).transpose();
        }
        if events.len() < 2 {
            return Ok(None);
        }
        before = events.last().cloned();
    }
}

pub(super) async fn tile(c: &mut Connection, place: Place) -> Result<Option<Vec<u8>>, StoreError> {
    c.row(
        "SELECT hashes FROM audit_tiles WHERE level = $1 AND tile_index = $2",
        values![place.level, place.index],
    )
    .await?
    .map(|row| row.bytes("hashes"))
    .transpose()
}

pub(super) async fn count_checkpoints(c: &mut Connection) -> Result<u64, StoreError> {
    let row = c.row("SELECT COUNT(*) AS notes FROM audit_checkpoints", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.count("notes"))
}

pub(super) async fn count_tiles(c: &mut Connection) -> Result<u64, StoreError> {
    c.row("SELECT COUNT(*) AS tiles FROM audit_tiles", Vec::new())
        .await?
        .map_or(Ok(0), |row| row.count("tiles"))
}
