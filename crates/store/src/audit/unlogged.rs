//! Records that no entry speaks of: somebody put them into their table by another way than the ledger's.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{Timestamp, ids::InteractionId};

use super::{AuditLog, feed, read};
use crate::{Connection, Store, StoreError, value::values};

/// Rows that are read together.
const TOGETHER: u32 = 2_000;

/// What was found beside the entries.
pub(super) struct Beside {
    /// The first record that no entry speaks of.
    pub(super) unlogged: Option<InteractionId>,
    /// Records that ended before the log began, of which it can say nothing.
    pub(super) earlier: u64,
    /// Every interaction that stands.
    pub(super) standing: HashSet<InteractionId>,
}

/// Looks for finished records that are not among `known`, the interactions of the first `size` entries. `began` is when
/// the first entry was logged; a record that ended before that may be older than the log.
pub(super) async fn look(
    log: &AuditLog,
    store: &Store,
    known: &HashMap<InteractionId, bool>,
    (size, began): (u64, Timestamp),
) -> Result<Beside, StoreError> {
    let mut c = store.read().await?;
    let (mut candidates, mut earlier, mut standing) = (Vec::new(), 0, HashSet::new());
    let mut after = String::new();
    loop {
        let rows = c
            .rows(
                "SELECT id, completed_at FROM interactions WHERE id > $1 ORDER BY id LIMIT $2",
                values![after.as_str(), TOGETHER],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.text("id")?;
        for row in &rows {
            let id: InteractionId = row.parsed("id")?;
            standing.insert(id);
            let Some(completed_at) = row.moment_or_none("completed_at")? else { continue };
            if known.contains_key(&id) {
                continue;
            }
            if completed_at < began { earlier += 1 } else { candidates.push(id) }
        }
    }
    if candidates.is_empty() {
        return Ok(Beside { unlogged: None, earlier, standing });
    }
    // A record and its event are written together, and the event moves from the outbox into the log: what is in neither,
    // looked at in this order, was in neither.
    let mut said = waiting(&mut c).await?;
    drop(c);
    let mut reader = log.read().await?;
    let end = read::size(&mut reader).await?;
    for first in (size..end).step_by(TOGETHER as usize) {
        for row in read::entries(&mut reader, first, end.min(first + u64::from(TOGETHER))).await? {
            said.extend(row.entry().as_ref().and_then(|entry| of(&entry.fields)));
        }
    }
    Ok(Beside { unlogged: candidates.into_iter().find(|id| !said.contains(id)), earlier, standing })
}

/// The interactions of the events that wait.
async fn waiting(c: &mut Connection) -> Result<HashSet<InteractionId>, StoreError> {
    Ok(feed::all(c).await?.iter().filter_map(|event| of(&event.fields)).collect())
}

/// The interaction that these fields name.
pub(super) fn of(fields: &std::collections::BTreeMap<String, String>) -> Option<InteractionId> {
    fields.get("interaction")?.parse().ok()
}
