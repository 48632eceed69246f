//! How many entries of each kind the log had at one of its sizes, as the house counted them. Whoever finds entries by a
//! column of their table knows by it whether one is hidden. A row of counts carries a MAC over size, root and counts, so
//! nobody without the root key makes one; an older one that is put back says less and nothing wrong.

use std::collections::BTreeMap;

use contactiq_auditlog::Hash;
use contactiq_guard::seal::Cell;
use serde::{Deserialize, Serialize};

use super::AuditKind;
use crate::{
    Connection, StoreError, Writer,
    row::{Row, json},
    value::values,
};

const TABLE: &str = "audit_counts";
/// So many rows are looked at: more than are kept, for some that somebody put beside them.
const LOOKED_AT: u32 = 32;

/// Entries by their kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    kinds: BTreeMap<String, u64>,
    /// Whether the entry of the take-over is among them.
    taken_over: bool,
}

impl Counts {
    /// Counts an entry; `takeover` is the id of that of the take-over.
    pub(super) fn add(&mut self, kind: &str, event: &str, takeover: &str) {
        match self.kinds.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.kinds.insert(kind.to_owned(), 1)),
        }
        self.taken_over |= event == takeover;
    }

    /// How many there are of a kind.
    pub(super) fn of(&self, kind: AuditKind) -> u64 {
        self.kinds.get(kind.as_str()).copied().unwrap_or(0)
    }

    pub(super) const fn is_taken_over(&self) -> bool {
        self.taken_over
    }
}

/// What was counted, and of which log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counted {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) counts: Counts,
}

impl Counted {
    /// Of a log without entries.
    pub(super) fn nothing() -> Counted {
        Counted { size: 0, root: Hash::empty(), counts: Counts::default() }
    }

    /// Keeps it in the place of what is counted of no log that this is, and forgets all but the newest: if one is lost with
    /// its checkpoint, the one before it counts.
    pub(super) async fn keep(&self, w: &mut Writer) -> Result<(), StoreError> {
        let text = json(self, "audit counts")?;
        let mac = w.sealer().mac_of_row(TABLE, &cells(self.size as i64, &text)).to_vec();
        w.execute("DELETE FROM audit_counts WHERE tree_size >= $1", values![self.size]).await?;
        w.execute(
            "INSERT INTO audit_counts (tree_size, counted, mac) VALUES ($1, $2, $3) ON CONFLICT (tree_size) DO NOTHING",
            values![self.size, text, mac],
        )
        .await?;
        let old = "DELETE FROM audit_counts WHERE tree_size NOT IN
             (SELECT tree_size FROM audit_counts ORDER BY tree_size DESC LIMIT 8)";
        w.execute(old, Vec::new()).await.map(drop)
    }

    /// None where no house of this root key wrote the row.
    fn of(c: &Connection, row: &Row) -> Option<Counted> {
        let (size, text, mac) =
            (row.int("tree_size").ok()?, row.text("counted").ok()?, row.bytes("mac").ok()?);
        if !c.sealer().is_mac_of_row(TABLE, &cells(size, &text), &mac) {
            return None;
        }
        let counted: Counted = serde_json::from_str(&text).ok()?;
        (counted.size as i64 == size).then_some(counted)
    }
}

fn cells(size: i64, text: &str) -> [Cell; 2] {
    [Cell::Int(size), Cell::Text(text.to_owned())]
}

/// The rows that the house wrote, that of the largest log first, and how many others stand there.
pub(super) async fn standing(c: &mut Connection) -> Result<(Vec<Counted>, usize), StoreError> {
    let sql = "SELECT * FROM audit_counts ORDER BY tree_size DESC LIMIT $1";
    let rows = c.rows(sql, values![LOOKED_AT]).await?;
    let own: Vec<Counted> = rows.iter().filter_map(|row| Counted::of(c, row)).collect();
    let others = rows.len() - own.len();
    Ok((own, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_kind_and_the_take_over_is_remembered() {
        let mut counts = Counts::default();
        counts.add("hold", "a", "t");
        counts.add("hold", "b", "t");
        assert!(!counts.is_taken_over());
        counts.add("closing", "t", "t");
        counts.add("closing", "c", "t");
        assert_eq!(
            (counts.of(AuditKind::Hold), counts.of(AuditKind::Closing), counts.of(AuditKind::Key)),
            (2, 2, 0)
        );
        assert!(counts.is_taken_over());
    }
}
