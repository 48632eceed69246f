//! Taking over what versions did that did not tell which records they closed: once, when a server of this one starts
//! first. From its entry on every closed record, hold and ticket is accounted for; what stood there then is believed.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{TicketState, Timestamp, ids::InteractionId};
use uuid::Uuid;

use super::{
    AuditKind, AuditLog, Event, agreed, closing, feed, hold_placed, note, sequencer::LAST, unlogged,
};
use crate::{
    Connection, Store, StoreError, Writer, keyring,
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

/// Proves the events that wait without a proof, once and on record, and has the keyring say that all are: none counts
/// without one from then on.
async fn prove_events(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    if store.keys.are_events_proved() {
        return Ok(());
    }
    let kek = store.keys.kek();
    loop {
        let mut w = store.write().await?;
        if keyring::are_events_proved(&mut w, &kek).await? {
            break;
        }
        let some = feed::prove_some(&mut w).await?;
        let is_said = some == 0 && keyring::mark_events_proved(&mut w, &kek).await?;
        if some > 0 {
            // With them, whatever comes after.
            let fields = [("events", Some("proved".to_owned())), ("count", Some(some.to_string()))];
            let event = Event::new(super::fresh_id(&w), now, AuditKind::Key, &fields);
            note(&mut w, &event).await?;
        }
        w.save().await?;
        match (some, is_said) {
            (0, false) => return Ok(()),
            (0, true) => break,
            _ => {}
        }
    }
    store.keys.events_are_proved();
    Ok(())
}

impl AuditLog {
    /// Whether the log tells which records were closed: as the keyring says, where nobody takes the word away, or as is
    /// counted of the log itself. No column of a table is believed.
    ///
    /// # Errors
    /// [`StoreError::AuditChanged`] where the log can't be believed, or when the database fails.
    pub async fn is_taken_over(&self, store: &Store) -> Result<bool, StoreError> {
        let mut c = store.at_work().read().await?;
        let id = event_id(&c);
        // It moves from the one into the other.
        if self.says_taken_over(&mut c, store).await? || feed::waits(&mut c, (id, AuditKind::Closing)).await?
        {
            return Ok(true);
        }
        drop(c);
        self.tells_taken_over(store).await
    }

    /// Has the keyring say that it was done, where it does not.
    async fn seal(&self, store: &Store) -> Result<(), StoreError> {
        if self.says_taken_over(&mut *store.read().await?, store).await? {
            return Ok(());
        }
        let mut w = store.write().await?;
        keyring::mark_taken_over(&mut w, &store.keys.kek()).await?;
        w.save().await
    }

    /// Notes, once for a log, what was closed before closings were told, which holds are in force and how tickets
    /// stand, and proves marks of erasures and receipts as they stand. It looks through the entries of interactions.
    /// Whether there was anything to do.
    ///
    /// # Errors
    /// When the database fails, or [`StoreError::AuditChanged`] where the log can't be believed; then nothing is noted.
    pub async fn take_over(&self, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
        let store = store.at_work();
        if self.is_taken_over(&store).await? {
            self.seal(&store).await?;
            prove_events(&store, now).await?;
            return Ok(false);
        }
        let closed = self.closed_before(&store).await?;
        let mut w = store.write().await?;
        for some in closed.chunks(TOGETHER as usize) {
            closing::closed(&mut w, some, now).await?;
        }
        self.note_what_stands(&mut w, &store, now).await?;
        w.save().await?;
        prove_events(&store, now).await?;
        Ok(true)
    }

    /// Begins a new log in the place of one that is lost for good, which nobody without the key-encryption key can do: what
    /// the store remembers of the old one is forgotten, and what stands is believed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the log has entries, or when the database fails.
    pub async fn begin_anew(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        if self.size().await? > 0 {
            return Err(StoreError::Conflict { rule: "audit log with entries".to_owned() });
        }
        let store = store.at_work();
        let mut w = store.write().await?;
        w.execute("DELETE FROM meta WHERE name = $1", values![LAST]).await?;
        w.execute("DELETE FROM audit_counts", Vec::new()).await?;
        // Each anchor gets the new log from its first checkpoint on.
        w.execute("DELETE FROM meta WHERE name LIKE 'audit_anchored%'", Vec::new()).await?;
        self.note_what_stands(&mut w, &store, now).await?;
        w.save().await
    }

    async fn note_what_stands(
        &self,
        w: &mut Writer,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        marks_and_receipts(w).await?;
        holds::tend(w).await?;
        for row in w.rows("SELECT id FROM legal_holds WHERE lifted_at IS NULL ORDER BY id", values![]).await?
        {
            // One that is none is told as damaged.
            if let Ok(id) = row.parsed("id") {
                hold_placed(w, id, now).await?;
            }
        }
        tickets(w, now).await?;
        agreed::all_noted(w, now).await?;
        let event = Event::new(event_id(w), now, AuditKind::Closing, &[("from", Some("here".to_owned()))]);
        note(w, &event).await?;
        keyring::mark_taken_over(w, &store.keys.kek()).await
    }

    /// Interactions of the log whose salts are gone, or that were interrupted and whose rows are.
    async fn closed_before(&self, store: &Store) -> Result<Vec<InteractionId>, StoreError> {
        // An interaction, and whether an entry commits to a record of it.
        let mut known = HashMap::<InteractionId, bool>::new();
        self.each_of(store, AuditKind::Interaction, |_, entry| {
            if let Some(id) = unlogged::of(&entry.fields) {
                *known.entry(id).or_default() |= entry.commitment.is_some();
            }
        })
        .await?;
        let mut c = store.read().await?;
        // What waits is in the log in a moment, with the erasures of before.
        for event in feed::of_kind(&mut c, AuditKind::Interaction).await? {
            if let Some(id) = unlogged::of(&event.fields) {
                *known.entry(id).or_default() |= event.commitment.is_some();
            }
        }
        if known.is_empty() {
            return Ok(Vec::new());
        }
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
