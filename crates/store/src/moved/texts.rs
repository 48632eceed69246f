//! Texts of earlier versions, sealed anew with the key of their person: batch by batch, from where the last one ended.

use contactiq_guard::seal::{ERASED, key_of};

use super::skip;
use crate::{
    Connection, Store, StoreError, Writer, access, conversations, feedback, interactions,
    ledger::kept,
    meta, review,
    row::{Row, place},
    tickets,
    value::{Value, values},
};

/// How far it is: the number of the table and the id behind which it goes on, or [`DONE`].
const STATE: &str = "texts_moved";
const DONE: &str = "done";
/// Rows of one transaction.
const BATCH: u32 = 200;

/// How a table finds its rows with the keys of their people, and which columns are sealed there: each with the column
/// for whose place it is.
struct Table {
    name: &'static str,
    sql: &'static str,
    sealed: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 5] = [
    Table {
        name: conversations::TABLE,
        sql: "SELECT id, label, placeholders, data_key FROM conversations WHERE id > $1 ORDER BY id LIMIT $2",
        sealed: &[("label", "label")],
    },
    Table {
        name: interactions::TABLE,
        sql: "SELECT interactions.id, question, answer, shown, interactions.subject, session, conversation, data_key,
                 classification_reason, reason, steps
             FROM interactions JOIN conversations ON conversations.id = interactions.conversation
             WHERE interactions.id > $1 ORDER BY interactions.id LIMIT $2",
        sealed: &[("question", "question"), ("answer", "answer"), ("shown", "answer")],
    },
    Table {
        name: tickets::TABLE,
        sql: "SELECT tickets.id, question, told, taken_note, closed_note, data_key
             FROM tickets JOIN conversations ON conversations.id = tickets.conversation
             WHERE tickets.id > $1 ORDER BY tickets.id LIMIT $2",
        sealed: &[
            ("question", "question"),
            ("told", "told"),
            ("taken_note", "taken_note"),
            ("closed_note", "closed_note"),
        ],
    },
    Table {
        name: review::TABLE,
        sql: "SELECT refusals.id, message, data_key FROM refusals
             JOIN interactions ON interactions.id = refusals.interaction
             JOIN conversations ON conversations.id = interactions.conversation
             WHERE refusals.id > $1 ORDER BY refusals.id LIMIT $2",
        sealed: &[("message", "message")],
    },
    Table {
        name: feedback::TABLE,
        sql: "SELECT feedback.id, problem, data_key FROM feedback
             JOIN interactions ON interactions.id = feedback.interaction
             JOIN conversations ON conversations.id = interactions.conversation
             WHERE feedback.id > $1 ORDER BY feedback.id LIMIT $2",
        sealed: &[("problem", "problem")],
    },
];
/// Behind those come dead letters and access events.
const LETTERS: usize = TABLES.len();
const EVENTS: usize = LETTERS + 1;
/// At last the file is written anew.
const FILE: usize = EVENTS + 1;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Nothing of an earlier version is left.
    All,
    /// It is at this table.
    At(&'static str),
    /// Every text is sealed anew; the file is not written anew yet, so that its free pages may hold what stood there.
    File,
}

/// Says that there is nothing of an earlier version.
pub(super) async fn nothing_to_move(w: &mut Writer) -> Result<(), StoreError> {
    meta::set_meta(w, STATE, DONE).await
}

/// How far it is.
///
/// # Errors
/// When the database fails.
pub async fn state(c: &mut Connection) -> Result<Moved, StoreError> {
    Ok(match meta::get_meta(c, STATE).await? {
        Some(state) if state == DONE => Moved::All,
        state => at(parsed(state.as_deref()).0),
    })
}

fn at(table: usize) -> Moved {
    Moved::At(match TABLES.get(table) {
        Some(table) => table.name,
        None if table == LETTERS => "dead_letters",
        None if table == EVENTS => access::TABLE,
        None => return Moved::File,
    })
}

fn parsed(state: Option<&str>) -> (usize, String) {
    let parts = state.and_then(|state| state.split_once(' '));
    parts.and_then(|(table, after)| Some((table.parse().ok()?, after.to_owned()))).unwrap_or_default()
}

/// Seals the next batch anew, in a transaction of its own; at the end, from [`Moved::File`] on, the file is written anew,
/// so that no page of it holds what stood there. Broken off, it goes on where it was. A row that can't be read is counted
/// ([`unread`](super::unread)) and stays.
///
/// # Errors
/// When the database fails; from [`Moved::File`] on, when there is no room: try again after a good while, because it takes
/// the file from everybody meanwhile.
pub async fn step(store: &Store) -> Result<Moved, StoreError> {
    let store = store.at_work();
    let mut w = store.write().await?;
    let known = meta::get_meta(&mut w, STATE).await?;
    if known.as_deref() == Some(DONE) {
        return Ok(Moved::All);
    }
    let (table, after) = parsed(known.as_deref());
    if table >= FILE {
        drop(w);
        // Before it is said to be done, so that a crash does it once more.
        store.vacuum().await?;
        let mut w = store.write().await?;
        meta::set_meta(&mut w, STATE, DONE).await?;
        w.save().await?;
        return Ok(Moved::All);
    }
    let last = match TABLES.get(table) {
        Some(table) => batch(&mut w, table, &after).await?,
        None if table == LETTERS => letters(&mut w, &after).await?,
        None => events(&mut w, &after).await?,
    };
    let next = if last.is_some() { table } else { table + 1 };
    meta::set_meta(&mut w, STATE, &format!("{next} {}", last.unwrap_or_default())).await?;
    w.save().await?;
    Ok(at(next))
}

async fn batch(w: &mut Writer, table: &Table, after: &str) -> Result<Option<String>, StoreError> {
    let rows = w.rows(table.sql, values![after, BATCH]).await?;
    for row in &rows {
        if let Err(why) = anew(w, table, row).await? {
            skip(w, table.name, &row.text("id")?, why).await?;
        }
    }
    rows.last().map(|row| row.text("id")).transpose()
}

/// Whether it is a text that is not sealed for a person.
fn is_old(sealed: &[u8]) -> bool {
    sealed != ERASED && key_of(sealed).is_none()
}

/// Seals a row anew. The inner error is why a text of it can't be read: that one stays as it is, and what can be read is
/// sealed all the same.
async fn anew(w: &mut Writer, table: &Table, row: &Row) -> Result<Result<(), StoreError>, StoreError> {
    let id = row.text("id")?;
    let key = match row.data_key() {
        Ok(key) => key,
        Err(why) => return Ok(Err(why)),
    };
    let (key, mut changed, mut whole) = (key.as_deref(), Vec::new(), Ok(()));
    let mut tells_who = false;
    for (column, place_of) in table.sealed {
        let Some(old) = row.bytes_or_none(column)?.filter(|sealed| is_old(sealed)) else { continue };
        tells_who |= *column == "question";
        match row.masked_as(table.name, column, place_of, &id) {
            Ok(None) => {}
            Ok(Some(text)) => {
                let sealed = w.seal_for(key, &text, table.name, place_of, &id);
                changed.push((*column, Value::Bytes(Some(sealed)), old));
            }
            Err(why) => whole = Err(why),
        }
    }
    if table.name == conversations::TABLE
        && let Some(old) = row.bytes_or_none("placeholders")?.filter(|sealed| is_old(sealed))
    {
        match row.placeholders_or_none(table.name, "placeholders", &id) {
            Ok(own) => {
                let place = place(table.name, "placeholders", &id);
                let sealed =
                    key.zip(own).map(|(key, own)| w.sealer().seal_placeholders_for(key, &own, &place));
                changed.push(("placeholders", Value::Bytes(sealed), old));
            }
            Err(why) => whole = Err(why),
        }
    }
    if table.name == interactions::TABLE && tells_who {
        let conversation = row.parsed("conversation")?;
        let subject = w.subject_for(key, &row.text("subject")?, conversation);
        let session = w.hide_for(key, &row.text("session")?, table.name, "session", &id);
        let mut said = Vec::new();
        for column in ["classification_reason", "reason", "steps"] {
            let text = row.text_or_none(column)?;
            said.push(text.map(|text| interactions::words(w, key, &text, column, &id)));
        }
        w.execute(
            "UPDATE interactions SET subject = $2, session = $3, classification_reason = $4, reason = $5, steps = $6
             WHERE id = $1 AND anonymised_at IS NULL",
            values![&id, subject, session, said[0].as_deref(), said[1].as_deref(), said[2].as_deref()],
        )
        .await?;
    }
    for (column, new, old) in changed {
        // Whoever changed it meanwhile wrote it in the new form.
        let sql = format!("UPDATE {} SET {column} = $1 WHERE id = $2 AND {column} = $3", table.name);
        let bound = [vec![new], values![&id, old]].concat();
        w.execute_built(sql, bound).await?;
    }
    Ok(whole)
}

async fn letters(w: &mut Writer, after: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT id, entry FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = w.rows(sql, values![after, BATCH]).await?;
    for row in &rows {
        let id = row.text("id")?;
        match kept::renewed(&row.bytes("entry")?, &w.sealer()) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                w.execute("UPDATE dead_letters SET entry = $2 WHERE id = $1", values![id, entry]).await?;
            }
            // It stays as it is: an operator replays it with the version that wrote it, or drops it.
            Err(_) => skip(w, "dead_letters", &id, StoreError::Corrupt { what: "entry" }).await?,
        }
    }
    rows.last().map(|row| row.text("id")).transpose()
}

async fn events(w: &mut Writer, after: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT id, actor, from_ip FROM access_events WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = w.rows(sql, values![after, BATCH]).await?;
    for row in &rows {
        let id = row.text("id")?;
        let told = |column| row.name(access::TABLE, column, &id);
        let (actor, from_ip) = match (told("actor"), told("from_ip")) {
            (Ok(actor), Ok(from_ip)) => (actor, from_ip),
            (Err(why), _) | (_, Err(why)) => {
                skip(w, access::TABLE, &id, why).await?;
                continue;
            }
        };
        let hide = |name: &str, column| w.sealer().hide(name, &place(access::TABLE, column, &id));
        let (actor, from_ip) = (hide(&actor, "actor"), hide(&from_ip, "from_ip"));
        w.execute(
            "UPDATE access_events SET actor = $2, from_ip = $3 WHERE id = $1",
            values![&id, actor, from_ip],
        )
        .await?;
    }
    rows.last().map(|row| row.text("id")).transpose()
}
