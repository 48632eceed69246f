//! Taking over what versions did that did not tell which records they closed: once, when a server of this one starts
//! first. From its entry on every closed record, hold and ticket is accounted for; what stood there then is believed.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{TicketState, Timestamp, ids::InteractionId};
use uuid::Uuid;

use super::{AuditKind, AuditLog, Event, agreed, closing, hold_placed, note, read, unlogged};
use crate::{
    Connection, Store, StoreError, Writer,
    privacy::{holds, proofs},
    value::values,
};

/// Rows that are read together.
const TOGETHER: u32 = 2_000;

/// The id of the entry that says so: no other process makes another, and nobody else makes it.
pub(super) fn event_id(c: &Connection) -> Uuid {
    let digits = c.blind("closings are told from here on");
    Uuid::try_parse(&digits[..32]).unwrap_or_default()
}

impl AuditLog {
    /// Whether the log tells which records were closed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_taken_over(&self, store: &Store) -> Result<bool, StoreError> {
        let mut c = store.at_work().read().await?;
        let id = event_id(&c);
        // It moves from the one into the other.
        if c.row("SELECT event FROM audit_outbox WHERE event = $1", values![id]).await?.is_some() {
            return Ok(true);
        }
        drop(c);
        let mut reader = self.read().await?;
        Ok(reader.row("SELECT event FROM audit_entries WHERE event = $1", values![id]).await?.is_some())
    }

    /// Notes, once for a log, what was closed before closings were told, which holds are in force and how tickets
    /// stand, and proves marks of erasures and receipts as they stand. It looks through the entries of interactions.
    /// Whether there was anything to do.
    ///
    /// # Errors
    /// When the database fails, or the log can't be read; then nothing is noted.
    pub async fn take_over(&self, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
        if self.is_taken_over(store).await? {
            return Ok(false);
        }
        let store = store.at_work();
        let closed = self.closed_before(&store).await?;
        let mut w = store.write().await?;
        for some in closed.chunks(TOGETHER as usize) {
            closing::closed(&mut w, some, now).await?;
        }
        marks_and_receipts(&mut w).await?;
        holds::tend(&mut w).await?;
        for row in w.rows("SELECT id FROM legal_holds WHERE lifted_at IS NULL ORDER BY id", values![]).await?
        {
            hold_placed(&mut w, row.parsed("id")?, now).await?;
        }
        tickets(&mut w, now).await?;
        agreed::all_noted(&mut w, now).await?;
        let event = Event::new(event_id(&w), now, AuditKind::Closing, &[("from", Some("here".to_owned()))]);
        note(&mut w, &event).await?;
        w.save().await?;
        Ok(true)
    }

    /// Interactions of the log whose salts are gone, or that were interrupted and whose rows are.
    async fn closed_before(&self, store: &Store) -> Result<Vec<InteractionId>, StoreError> {
        // An interaction, and whether an entry commits to a record of it.
        let (mut known, mut after) = (HashMap::<InteractionId, bool>::new(), -1_i64);
        let mut reader = self.read().await?;
        loop {
            let rows = reader
                .rows(
                    "SELECT * FROM audit_entries WHERE kind = $1 AND leaf_index > $2 ORDER BY leaf_index LIMIT $3",
                    values![AuditKind::Interaction.as_str(), after, TOGETHER],
                )
                .await?;
            let rows: Vec<read::Logged> = rows.iter().map(read::Logged::of).collect::<Result<_, _>>()?;
            let Some(last) = rows.last() else { break };
            after = last.index as i64;
            for logged in &rows {
                // One that can't be read is verification's to tell.
                let Some(entry) = logged.entry() else { continue };
                if let Some(id) = unlogged::of(&entry.fields) {
                    *known.entry(id).or_default() |= entry.commitment.is_some();
                }
            }
        }
        drop(reader);
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let mut c = store.read().await?;
        let salted = ids(
            &mut c,
            "SELECT DISTINCT interaction AS id FROM audit_salts WHERE interaction > $1 ORDER BY interaction LIMIT $2",
        )
        .await?;
        let standing = ids(&mut c, "SELECT id FROM interactions WHERE id > $1 ORDER BY id LIMIT $2").await?;
        let is_closed =
            |id: &InteractionId, commits: bool| !salted.contains(id) && (commits || !standing.contains(id));
        Ok(known.into_iter().filter(|(id, commits)| is_closed(id, *commits)).map(|(id, _)| id).collect())
    }
}

async fn ids(c: &mut Connection, sql: &'static str) -> Result<HashSet<InteractionId>, StoreError> {
    let (mut all, mut after) = (HashSet::new(), String::new());
    loop {
        let rows = c.rows_of_keys(sql.to_owned(), values![after.as_str(), TOGETHER], 1).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = last.text("id")?;
        for row in &rows {
            all.insert(row.parsed("id")?);
        }
    }
}

async fn marks_and_receipts(w: &mut Writer) -> Result<(), StoreError> {
    let rows = w
        .rows_of_keys("SELECT id FROM conversations WHERE erased_at IS NOT NULL".to_owned(), Vec::new(), 1)
        .await?;
    let erased: Vec<String> = rows.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
    proofs::mark_conversations(w, &erased).await?;
    proofs::prove_receipts(w).await
}

async fn tickets(w: &mut Writer, now: Timestamp) -> Result<(), StoreError> {
    for state in [TicketState::Taken, TicketState::Closed] {
        let rows = w.rows("SELECT id FROM tickets WHERE state = $1", values![state]).await?;
        let marks: Vec<String> = rows
            .iter()
            .map(|row| Ok(closing::of_ticket(w, &row.text("id")?, state)))
            .collect::<Result<_, StoreError>>()?;
        closing::note_marks(w, AuditKind::Ticket, Some(state), marks, now).await?;
    }
    Ok(())
}
