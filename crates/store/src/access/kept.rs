//! How long access events are kept, and which of them a legal hold keeps (A7, E7).

use contactiq_domain::Timestamp;

use super::{actors, whose};
use crate::{
    Connection, StoreError, Writer,
    conversations::Owner,
    privacy,
    privacy::purge::HELD,
    value::{places, values},
};

/// What is old and may go.
fn may_go() -> String {
    format!("occurred_at < $1 AND {}", free())
}

/// What no hold in force concerns. With one, what the hold concerns stays as it is: events of the person (`hold_traces`,
/// also of sessions that a key answers for), and those that name the person, a conversation, an interaction, a ticket, a
/// review, a sitting or a dead letter of the person. So does what can't be told: events of an earlier version that have
/// no hash of their actor, and all of them while one can't say whom a hold is on.
pub(super) fn free() -> String {
    format!(
        "(NOT EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL) OR (whose IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM hold_traces WHERE hold_traces.hold = legal_holds.id))
         AND NOT EXISTS (SELECT 1 FROM hold_traces JOIN legal_holds ON legal_holds.id = hold_traces.hold
             WHERE legal_holds.lifted_at IS NULL AND hold_traces.trace IN (access_events.whose, access_events.target))
         AND (target IS NULL OR NOT (
             EXISTS (SELECT 1 FROM conversations WHERE conversations.id = access_events.target AND {HELD})
             OR EXISTS (SELECT 1 FROM interactions JOIN conversations ON conversations.id = interactions.conversation
                 WHERE interactions.id = access_events.target AND {HELD})
             OR EXISTS (SELECT 1 FROM tickets JOIN conversations ON conversations.id = tickets.conversation
                 WHERE tickets.id = access_events.target AND {HELD})
             OR EXISTS (SELECT 1 FROM refusals JOIN interactions ON interactions.id = refusals.interaction
                 JOIN conversations ON conversations.id = interactions.conversation
                 WHERE refusals.id = access_events.target AND {HELD})
             OR EXISTS (SELECT 1 FROM page_sessions JOIN legal_holds ON legal_holds.subject = page_sessions.subject
                 WHERE page_sessions.id = access_events.target AND legal_holds.owner_key = ''
                     AND legal_holds.lifted_at IS NULL)
             OR EXISTS (SELECT 1 FROM dead_letters WHERE dead_letters.id = access_events.target
                 OR dead_letters.interaction = access_events.target)))))"
    )
}

/// What access events of a person, or about the person, are found by: keyed hashes of the names, and the target.
pub(crate) fn traces_of(c: &Connection, owner: &Owner<'_>) -> Vec<String> {
    let mut traces: Vec<String> = actors(owner).iter().map(|actor| c.blind(&whose(actor))).collect();
    traces.push(format!("person:{}", privacy::blind(c, owner)));
    traces
}

/// The last event that a purge took out: those before it were looked at, and stay.
pub(crate) type Behind = (Timestamp, String);

/// Takes out at most `limit` events from before this moment, the oldest first, and goes on behind the last one of the
/// time before: what a hold keeps is looked at once in a purge. Nothing of them is opened, so that no damaged row stands
/// in the way.
pub(crate) async fn purge(
    w: &mut Writer,
    before: Timestamp,
    limit: usize,
    behind: &mut Option<Behind>,
) -> Result<u64, StoreError> {
    let (moment, id) = behind.clone().unwrap_or((Timestamp::from_micros(i64::MIN), String::new()));
    let sql = format!(
        "SELECT id, occurred_at FROM access_events
         WHERE {} AND occurred_at >= $2 AND (occurred_at > $2 OR id > $3) ORDER BY occurred_at, id LIMIT {limit}",
        may_go()
    );
    let found = w.rows_built(sql, values![before, moment, &id], 2).await?;
    let ids: Vec<String> = found.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
    if let (Some(last), Some(id)) = (found.last(), ids.last()) {
        *behind = Some((last.moment("occurred_at")?, id.clone()));
        let listed = places(w.is_postgres(), 1, ids.len());
        let bound = ids.iter().flat_map(|id| values![id]).collect();
        w.execute_built(format!("DELETE FROM access_events WHERE id IN {listed}"), bound).await?;
    } else {
        // No event of theirs can come any more that is older than what is kept; what a hold keeps is swept after it.
        w.execute(
            "DELETE FROM erased_actors WHERE erased_at < $1
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL)",
            values![before],
        )
        .await?;
    }
    Ok(ids.len() as u64)
}

/// How many events [`purge`] would take out.
pub(crate) async fn due(c: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) AS found FROM access_events WHERE {}", may_go());
    let row = c.rows_built(sql, values![before], 1).await?.into_iter().next();
    row.map_or(Ok(0), |row| row.count("found"))
}
