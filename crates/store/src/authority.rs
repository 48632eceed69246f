//! Rows from which authority is read carry a MAC over every column that decides (A1, A8): API keys, sessions of the pages,
//! and whose hands a ticket is in. Whoever can write to the database and has no key can make none, change none and move
//! none: a row whose MAC is missing or wrong opens nothing, hides no other, and is told once ([`Damaged`]).
//!
//! Conversations and interactions need none. Their texts are sealed with the key of their person, which is wrapped for
//! that person alone: `data_keys::is_owned` compares.
//!
//! Rows of before there were MACs are signed once, by the first start that finds the installation's root wrapped for a
//! keyring that says nothing of them ([`crate::keyring`]).

mod before;
mod told;

use contactiq_domain::Timestamp;
use contactiq_guard::seal::Cell;

use crate::{
    Connection, StoreError, Writer,
    row::Row,
    value::{Value, values},
};

pub(crate) use before::{is_anything, sign};
pub(crate) use told::Found;
pub use told::{Damaged, DamagedKind};

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Int,
}
use Kind::{Int, Text};

/// A table whose rows are signed.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) table: &'static str,
    kind: DamagedKind,
    /// Every column that decides. Their order and number are signed too: a change is another form of the MAC.
    columns: &'static [(&'static str, Kind)],
    keep: &'static str,
}

/// API keys: who a key is, what it may, and until when. `last_used_at` decides nothing.
pub(crate) const KEYS: Signed = Signed {
    table: "api_keys",
    kind: DamagedKind::Key,
    columns: &[
        ("id", Text),
        ("name", Text),
        ("prefix", Text),
        ("hash", Text),
        ("role", Text),
        ("mode", Text),
        ("scopes", Text),
        ("rate_per_minute", Int),
        ("budget_per_day", Int),
        ("budget_per_month", Int),
        ("created_at", Int),
        ("expires_at", Int),
        ("revoked_at", Int),
        ("before_prefix", Text),
        ("before_hash", Text),
        ("before_ends_at", Int),
        ("generation", Int),
    ],
    keep: "UPDATE api_keys SET mac = $2 WHERE id = $1",
};

/// Sessions of the pages. `seen_at` is written every minute and stays out: who moves it keeps a session open that is
/// idle, until `ends_at` at the latest.
pub(crate) const SESSIONS: Signed = Signed {
    table: "page_sessions",
    kind: DamagedKind::Session,
    columns: &[
        ("id", Text),
        ("token_hash", Text),
        ("subject", Text),
        ("named", Text),
        ("role", Text),
        ("mode", Text),
        ("provider_session", Text),
        ("created_at", Int),
        ("ends_at", Int),
        ("ended_at", Int),
        ("ended_by", Text),
    ],
    keep: "UPDATE page_sessions SET mac = $2 WHERE id = $1",
};

/// Tickets: of which conversation one is, of which assistant, and in whose hands. These say which bankers see its texts.
pub(crate) const TICKETS: Signed = Signed {
    table: "tickets",
    kind: DamagedKind::Ticket,
    columns: &[
        ("id", Text),
        ("interaction", Text),
        ("conversation", Text),
        ("mode", Text),
        ("taken_by", Text),
    ],
    keep: "UPDATE tickets SET mac = $2 WHERE id = $1",
};

impl Signed {
    /// The MAC of a row that is about to be written: of the values of its columns, in their order.
    pub(crate) fn mac(&self, c: &Connection, columns: &[Value]) -> Vec<u8> {
        debug_assert_eq!(columns.len(), self.columns.len());
        let cells: Vec<Cell> = columns.iter().map(cell).collect();
        c.sealer().mac_of_row(self.table, &cells).to_vec()
    }

    /// Whether this row is as it was written here; where it is not, that is told.
    pub(crate) fn is_sound(&self, c: &Connection, row: &Row) -> bool {
        let is_sound = self.is_signed(c, row);
        if !is_sound {
            let id = row.text("id").unwrap_or_default();
            c.keys.damaged.report(&c.sealer(), self.kind, &id, &self.readable(row));
        }
        is_sound
    }

    /// The same without telling anybody.
    pub(crate) fn is_signed(&self, c: &Connection, row: &Row) -> bool {
        // A value of another kind than its column has is nothing that was written here.
        let cells: Result<Vec<Cell>, StoreError> =
            self.columns.iter().map(|&(column, kind)| read(row, column, kind)).collect();
        let mac = row.bytes_or_none("mac").ok().flatten();
        let signed = cells.ok().zip(mac);
        signed.is_some_and(|(cells, mac)| c.sealer().is_mac_of_row(self.table, &cells, &mac))
    }

    /// What can be read of it.
    fn readable(&self, row: &Row) -> Vec<Cell> {
        let cells = self.columns.iter().map(|&(column, kind)| read(row, column, kind));
        cells.map(|cell| cell.unwrap_or(Cell::Missing)).collect()
    }

    /// Signs a row that was changed, in the same transaction: as it was, but for what was `set`. What the statement returned
    /// must be that: a trigger of somebody's in the database changes more. Ask [`Signed::is_signed`] before it is
    /// changed, or a forged row becomes a good one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where something else stands in the row now, or when the database fails.
    pub(crate) async fn keep(
        &self,
        w: &mut Writer,
        (was, row): (&Row, &Row),
        set: &[(&str, Cell)],
    ) -> Result<(), StoreError> {
        let mut cells = Vec::with_capacity(self.columns.len());
        for &(column, kind) in self.columns {
            let found = read(row, column, kind)?;
            let is_meant = match set.iter().find(|(name, _)| *name == column) {
                Some((_, wanted)) => found == *wanted,
                // What could not be read before keeps nobody from a revocation.
                None => read(was, column, kind).map_or(true, |was| found == was),
            };
            if !is_meant {
                return Err(StoreError::Corrupt { what: "row that gives authority" });
            }
            cells.push(found);
        }
        let mac = w.sealer().mac_of_row(self.table, &cells).to_vec();
        w.execute(self.keep, values![row.text("id")?, mac]).await.map(drop)
    }
}

fn read(row: &Row, column: &'static str, kind: Kind) -> Result<Cell, StoreError> {
    Ok(match kind {
        Text => row.text_or_none(column)?.map_or(Cell::Missing, Cell::Text),
        Int => row.int_or_none(column)?.map_or(Cell::Missing, Cell::Int),
    })
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Text(Some(text)) => Cell::Text(text.clone()),
        Value::Int(Some(number)) => Cell::Int(*number),
        // No signed column is of the other kinds: what is bound so reads as something else, and is refused.
        Value::Text(None) | Value::Int(None) | Value::Real(_) | Value::Bool(_) | Value::Bytes(_) => {
            Cell::Missing
        }
    }
}

/// When something was found or signed, where nobody has passed a clock in: at the opening of the store.
#[expect(clippy::disallowed_methods, reason = "a store is opened before there is a clock to pass in")]
fn moment() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
