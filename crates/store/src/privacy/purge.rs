//! Retention (A7): texts are kept so many days, the figures without them longer.

use contactiq_domain::{Timestamp, ids::InteractionId};

use super::{anonymise, holds, own, turns};
use crate::{
    Connection, Store, StoreError, Writer, access,
    audit::{self, AuditKind, Event},
    ledger::dead,
    meta::{get_meta, set_meta},
    row::id_in,
    value::{places, values},
};

/// Until when what is older goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Texts of interactions that were asked before this moment.
    pub texts: Timestamp,
    /// Whole rows, figures too, of those that were asked before this one.
    pub figures: Timestamp,
    /// Events of who accessed what; those that a hold in force concerns stay.
    pub access_events: Timestamp,
}

/// What is due, or was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Interactions whose texts go.
    pub texts: u64,
    /// Interactions that go altogether.
    pub figures: u64,
    /// Access events.
    pub access_events: u64,
    /// Interactions whose time is over and that stay: a hold is on their person…
    pub held: u64,
    /// …or a person has not closed their ticket.
    pub waiting_for_a_person: u64,
}

/// Old and with texts.
const OLD: &str = "FROM interactions JOIN conversations ON conversations.id = interactions.conversation
     WHERE interactions.anonymised_at IS NULL AND interactions.created_at < $1";
/// Old and without.
const ANONYMISED: &str =
    "FROM interactions JOIN conversations ON conversations.id = interactions.conversation
     WHERE interactions.anonymised_at IS NOT NULL AND interactions.created_at < $1";
/// A hold in force on whose conversation this is, or for whom it is sealed: whose it is said to be is a plain column.
pub(crate) const HELD: &str = "EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.lifted_at IS NULL
         AND (legal_holds.data_key = conversations.data_key OR legal_holds.subject = conversations.subject
         AND legal_holds.owner_key = COALESCE(conversations.owner_key, '')))";
const OPEN: &str = "EXISTS (SELECT 1 FROM tickets WHERE tickets.interaction = interactions.id
         AND tickets.state <> 'closed')";

/// What a purge would do.
///
/// # Errors
/// When the database fails.
pub async fn due(c: &mut Connection, before: &Before) -> Result<Purged, StoreError> {
    let mut due = Purged::default();
    let texts = format!("SELECT COUNT(*) AS found {OLD} AND NOT {HELD} AND NOT {OPEN}");
    let held = format!("SELECT COUNT(*) AS found {OLD} AND {HELD}");
    let open = format!("SELECT COUNT(*) AS found {OLD} AND NOT {HELD} AND {OPEN}");
    for (sql, moment, count) in [
        (texts, before.texts, &mut due.texts),
        (held, before.texts, &mut due.held),
        (open, before.texts, &mut due.waiting_for_a_person),
        (format!("SELECT COUNT(*) AS found {ANONYMISED} AND NOT {HELD}"), before.figures, &mut due.figures),
    ] {
        let row = c.rows_built(sql, values![moment], 2).await?.into_iter().next();
        *count = row.map_or(Ok(0), |row| row.count("found"))?;
    }
    due.access_events = access::due(c, before.access_events).await?;
    Ok(due)
}

/// Where it stands when the clock was last believed.
const BELIEVED: &str = "purge_clock_us";

/// What a clock says beside what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It went on as clocks do.
    Sound,
    /// It was set back since this moment: less is due than was.
    Back(Timestamp),
    /// It is further ahead of this moment than it may be: what is not old would go.
    Ahead(Timestamp),
}

/// Holds the clock against the last moment at which a purge believed it, and the first time against the newest row.
/// Rows alone would not do: a clock that jumped makes new ones.
///
/// # Errors
/// When the database fails.
pub async fn clock(c: &mut Connection, now: Timestamp, ahead_seconds: i64) -> Result<Clock, StoreError> {
    let believed = match get_meta(c, BELIEVED).await?.and_then(|text| text.parse().ok()) {
        Some(micros) => Some(micros),
        None => {
            let row = c.row("SELECT MAX(created_at) AS newest FROM interactions", values![]).await?;
            row.map_or(Ok(None), |row| row.int_or_none("newest"))?
        }
    };
    Ok(match believed.map(Timestamp::from_micros) {
        Some(known) if now > known.plus_seconds(ahead_seconds) => Clock::Ahead(known),
        Some(known) if now < known => Clock::Back(known),
        Some(_) | None => Clock::Sound,
    })
}

/// Says that the clock is believed at this moment.
///
/// # Errors
/// When the database fails.
pub async fn believe(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    set_meta(&mut w, BELIEVED, &now.micros().to_string()).await?;
    w.save().await
}

/// How far a purge has come: what stays is not looked at again by its next step.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    accesses: Option<access::Behind>,
}

/// The first step of a purge, or all of a small one: [`Progress::step`].
///
/// # Errors
/// When the database fails.
pub async fn step(store: &Store, before: &Before, now: Timestamp) -> Result<Purged, StoreError> {
    Progress::default().step(store, before, now).await
}

impl Progress {
    /// Does one batch of each, in a transaction of its own each; nothing is left when all counts are 0. Broken off, the
    /// next purge goes on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn step(
        &mut self,
        store: &Store,
        before: &Before,
        now: Timestamp,
    ) -> Result<Purged, StoreError> {
        one_step(store, before, now, &mut self.accesses).await
    }
}

async fn one_step(
    store: &Store,
    before: &Before,
    now: Timestamp,
    behind: &mut Option<access::Behind>,
) -> Result<Purged, StoreError> {
    let mut done = Purged::default();
    let mut w = store.write().await?;
    // Whoever places a hold at this moment is waited for and seen, or waits for what this transaction takes.
    turns::with_everybody(&mut w).await?;
    let sql = format!(
        "SELECT interactions.id {OLD} AND NOT {HELD} AND NOT {OPEN} ORDER BY interactions.created_at LIMIT {}",
        anonymise::BATCH
    );
    let found = w.rows_built(sql, values![before.texts], 2).await?;
    let batch: Vec<InteractionId> = found.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
    let batch = anonymise::interactions(&mut w, &batch, now).await?;
    anonymise::emptied_conversations(&mut w, &batch).await?;
    if !batch.is_empty() {
        let fields = [("texts", Some(batch.len().to_string()))];
        let event = Event::new(audit::fresh_id(&w), now, AuditKind::Erasure, &fields);
        audit::note(&mut w, &event).await?;
    }
    w.save().await?;
    done.texts = batch.len() as u64;

    let mut w = store.write().await?;
    turns::with_everybody(&mut w).await?;
    let sql = format!(
        "SELECT interactions.id {ANONYMISED} AND NOT {HELD} ORDER BY interactions.created_at LIMIT {}",
        anonymise::BATCH
    );
    let old = w.rows_built(sql, values![before.figures], 2).await?;
    let old: Vec<InteractionId> = old.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
    // A moment of erasure that was set by hand deletes nobody's texts.
    let old = own::without_texts(&mut w, &old).await?;
    if !old.is_empty() {
        let listed = places(w.is_postgres(), 1, old.len());
        for statement in [
            "DELETE FROM tickets WHERE interaction",
            "DELETE FROM feedback WHERE interaction",
            "DELETE FROM refusals WHERE interaction",
            "DELETE FROM pii_tokens WHERE interaction",
            // Of what was written without its texts.
            "DELETE FROM audit_salts WHERE interaction",
            "DELETE FROM interactions WHERE id",
        ] {
            let ids = old.iter().flat_map(|id| values![*id]).collect();
            w.execute_built(format!("{statement} IN {listed}"), ids).await?;
        }
        // Also of those whose texts went when nobody told which.
        audit::closed(&mut w, &old, now).await?;
    }
    // Conversations in which nothing is left, or nothing ever was.
    let sql = format!(
        "DELETE FROM conversations WHERE created_at < $1
             AND NOT EXISTS (SELECT 1 FROM interactions WHERE conversation = conversations.id)
             AND NOT EXISTS (SELECT 1 FROM tickets WHERE conversation = conversations.id) AND NOT {HELD}"
    );
    w.execute_built(sql, values![before.figures]).await?;
    done.figures = old.len() as u64;
    w.save().await?;

    let mut w = store.write().await?;
    turns::with_everybody(&mut w).await?;
    let tended = holds::tend(&mut w).await?;
    done.access_events = access::purge(&mut w, before.access_events, anonymise::BATCH, behind).await?;
    w.save().await?;
    if tended > 0 {
        // No number of a case stays beside the file.
        store.fold().await?;
    }
    if done.texts + done.figures + done.access_events == 0 {
        // Once, behind everything else. What could not be written is kept no longer than what could.
        dead::purge(store, before.texts).await?;
        // And behind all that makes keys needless.
        spent_keys(store, before, now).await?;
    }
    Ok(done)
}

/// Of people of whom nothing is left, and on whom no hold is.
const SPENT: &str = "NOT EXISTS (SELECT 1 FROM conversations WHERE conversations.data_key = data_keys.id)
     AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.data_key = data_keys.id
         AND legal_holds.lifted_at IS NULL)";

/// Destroys the keys of people of whom nothing is left, in batches. They are looked for while nobody is kept from
/// writing.
async fn spent_keys(store: &Store, before: &Before, now: Timestamp) -> Result<(), StoreError> {
    let lost = "SELECT id FROM conversations WHERE data_key IS NULL AND erased_at IS NULL AND subject <> 'erased:' || id
         AND EXISTS (SELECT 1 FROM interactions WHERE conversation = conversations.id AND anonymised_at IS NULL)
         ORDER BY id LIMIT 1";
    if let Some(row) = store.read().await?.row(lost, values![]).await? {
        // Nothing of the house takes the key from a conversation and leaves its person: a key may only seem spent.
        let conversation = row.text("id")?;
        tracing::error!(
            critical = true,
            conversation,
            "a conversation has lost its key by hand: no key is destroyed"
        );
        return Ok(());
    }
    let (mut after, mut all) = (String::new(), 0);
    loop {
        let sql = format!(
            "SELECT id FROM data_keys WHERE id > $1 AND created_at < $2 AND {SPENT} ORDER BY id LIMIT {}",
            anonymise::BATCH
        );
        let mut r = store.read().await?;
        let found = r.rows_of_keys(sql, values![&after, before.texts], 1).await?;
        drop(r);
        let names: Vec<String> = found.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
        let Some(last) = names.last() else { break };
        after.clone_from(last);
        let mut w = store.write().await?;
        // Whoever writes for such a person at this moment holds the key: it is left to the next purge.
        let held = if w.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
        let listed = places(w.is_postgres(), 1, names.len());
        let sql = format!("SELECT id FROM data_keys WHERE id IN {listed} ORDER BY id{held}");
        let bound = names.iter().flat_map(|name| values![name]).collect();
        let free = w.rows_of_keys(sql, bound, names.len()).await?;
        let free: Vec<String> = free.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
        all += destroy(&mut w, &free, now).await?;
        w.save().await?;
        let ids: Vec<_> = names.iter().filter_map(|name| id_in(name)).collect();
        store.keys.forget(&ids);
    }
    if all > 0 {
        // No older wrapping of a key stays beside the file.
        store.fold().await?;
    }
    Ok(())
}

/// Destroys those of these keys that are spent still; how many.
async fn destroy(w: &mut Writer, names: &[String], now: Timestamp) -> Result<u64, StoreError> {
    if names.is_empty() {
        return Ok(0);
    }
    let sql =
        format!("DELETE FROM data_keys WHERE id IN {} AND {SPENT}", places(w.is_postgres(), 1, names.len()));
    let spent = w.execute_built(sql, names.iter().flat_map(|name| values![name]).collect()).await?;
    if spent > 0 {
        let fields = [("data_keys_destroyed", Some(spent.to_string()))];
        let event = Event::new(audit::fresh_id(w), now, AuditKind::Key, &fields);
        audit::note(w, &event).await?;
    }
    Ok(spent)
}
