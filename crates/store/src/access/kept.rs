//! How long access events are kept, and what is left of those of whom was forgotten (A7, E7).

use contactiq_domain::Timestamp;

use super::{AT_ONCE, actors, told, whose};
use crate::{
    Connection, StoreError, Writer, conversations::Owner, privacy, privacy::purge::HELD, row::Row,
    value::values,
};

/// What is old and may go. Without a hold in force that is everything. With one, what the hold concerns stays: events of
/// the person (`hold_traces`, also of sessions that a key answers for), and those that name the person, a conversation,
/// an interaction, a ticket, a review, a sitting or a dead letter of the person. So does what can't be told: events of an
/// earlier version that have no hash of their actor, and all of them while one can't say whom a hold is on.
fn may_go() -> String {
    format!(
        "occurred_at < $1 AND (NOT EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL) OR (whose IS NOT NULL
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

/// Takes out at most `limit` events from before this moment, the oldest first. Nothing of them is opened, so that no
/// damaged row stands in the way.
pub(crate) async fn purge(w: &mut Writer, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
    let may_go = may_go();
    let sql = format!(
        "DELETE FROM access_events WHERE id IN
             (SELECT id FROM access_events WHERE {may_go} ORDER BY occurred_at LIMIT $2)"
    );
    let gone = w.execute_built(sql, values![before, limit as i64]).await?;
    if gone == 0 {
        // No event of theirs can come any more that is older than what is kept.
        w.execute("DELETE FROM erased_actors WHERE erased_at < $1", values![before]).await?;
    }
    Ok(gone)
}

/// How many events [`purge`] would take out.
pub(crate) async fn due(c: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) AS found FROM access_events WHERE {}", may_go());
    let row = c.rows_built(sql, values![before], 1).await?.into_iter().next();
    row.map_or(Ok(0), |row| row.count("found"))
}

/// Notes that this person is forgotten: from then on [`sweep`] takes who and from where out of the events up to this
/// moment, also of those that a spool brings later. That something was seen, when and how, stays.
pub(crate) async fn forget(w: &mut Writer, owner: &Owner<'_>, now: Timestamp) -> Result<(), StoreError> {
    let names = actors(owner);
    hash_those_of_before(w, &names).await?;
    for name in &names {
        let hash = w.blind(&whose(name));
        w.execute(
            "INSERT INTO erased_actors (whose, erased_at) VALUES ($1, $2)
             ON CONFLICT (whose) DO UPDATE SET erased_at = excluded.erased_at",
            values![hash, now],
        )
        .await?;
    }
    Ok(())
}

/// Gives the events of an earlier version, which have no hash of their actor, one where they are of these names.
async fn hash_those_of_before(w: &mut Writer, names: &[String]) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let sql = "SELECT * FROM access_events WHERE whose IS NULL AND id > $1 ORDER BY id LIMIT $2";
        let rows = w.rows(sql, values![&after, AT_ONCE as i64]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.text("id")?;
        // What is damaged is read by nobody.
        let is_theirs = |row: &&Row| told(row).is_ok_and(|event| names.contains(&event.actor));
        for row in rows.iter().filter(is_theirs) {
            let hash = w.blind(&whose(&told(row)?.actor));
            w.execute("UPDATE access_events SET whose = $2 WHERE id = $1", values![row.text("id")?, hash])
                .await?;
        }
    }
}

/// Takes out who and from where of all events of people who were forgotten after them; of how many.
pub(crate) async fn sweep(w: &mut Writer) -> Result<u64, StoreError> {
    w.execute(
        "UPDATE access_events SET actor = '', from_ip = '', whose = ''
         WHERE whose IN (SELECT whose FROM erased_actors) AND occurred_at <= (SELECT erased_at FROM erased_actors
             WHERE erased_actors.whose = access_events.whose)",
        Vec::new(),
    )
    .await
}
