//! Whether holds, tickets, receipts and marks of erasure stand in their tables as the log tells.

use std::{collections::HashSet, fmt};

use contactiq_domain::ids::{InteractionId, TicketId};

use super::{AuditLog, feed, read, told::Told};
use crate::{
    Connection, Store, StoreError,
    privacy::{erase, proofs},
    row::Row,
    value::{places, values},
};

/// Rows that are read together.
const TOGETHER: u32 = 2_000;
/// Ids of one statement.
const ASKED: usize = 500;

/// Something that stands otherwise than the log tells. It names no person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Apart {
    /// What: `hold_gone`, `ticket_state` and so on.
    pub what: &'static str,
    /// The id of the hold, ticket, receipt or conversation; of a word on a purpose the `of` of its entries.
    pub id: String,
}

impl Apart {
    pub(super) fn of(what: &'static str, id: impl ToString) -> Apart {
        Apart { what, id: id.to_string() }
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.what {
            "hold_gone" => "the log has this hold in force, and its row is gone",
            "hold_lifted_by_hand" => "the hold stands as lifted, and the log has no entry that lifts it",
            "hold_in_force_by_hand" => "the hold stands in force, and the log has it lifted",
            "hold_changed" => "the hold is on somebody else than it was placed on, or was placed otherwise",
            "hold_unlogged" => "the hold is in force, and no entry places it",
            "ticket_gone" => "the log opened this ticket, and its row is gone while its interaction stands",
            "ticket_unaccounted" => {
                "the log opened this ticket, and it is gone with its interaction: nothing accounts for it"
            }
            "ticket_state" => "the ticket is not where the log says that it was brought last",
            "word_gone" => {
                "a person's word on a purpose is gone from its table, and nobody forgot the person"
            }
            "word_changed" => "a person's word on a purpose is another one than was noted last",
            "receipt_gone" => "the log has this erasure, and its receipt is gone",
            "receipt_changed" => "the receipt says something else than the entry of its erasure",
            "receipt_unproved" => "no erasure of this house made the receipt",
            "marked_by_hand" => {
                "the conversation is marked as erased, and no erasure did it: its texts are left as they are"
            }
            other => other,
        };
        write!(f, "{}: {why}", self.id)
    }
}

/// Looks twice: what is done at this moment is seen by halves, and differently the second time.
pub(super) async fn look(
    log: &AuditLog,
    store: &Store,
    told: &mut Told,
    size: u64,
) -> Result<Vec<Apart>, StoreError> {
    let mut found = look_once(log, store, told, size).await?;
    if !found.is_empty() {
        let again: HashSet<Apart> = look_once(log, store, told, size).await?.into_iter().collect();
        found.retain(|apart| again.contains(apart));
    }
    found.sort_by(|one, other| (one.what, &one.id).cmp(&(other.what, &other.id)));
    Ok(found)
}

async fn look_once(
    log: &AuditLog,
    store: &Store,
    told: &mut Told,
    size: u64,
) -> Result<Vec<Apart>, StoreError> {
    let mut c = store.read().await?;
    hear_the_rest(log, &mut c, told, size).await?;
    if !told.is_taken_over() {
        return Ok(Vec::new());
    }
    let mut apart = told.holds.apart(&mut c).await?;
    apart.extend(told.words.apart(&mut c).await?);
    apart.extend(tickets(&mut c, told).await?);
    apart.extend(receipts(&mut c, told).await?);
    apart.extend(marks(&mut c).await?);
    Ok(apart)
}

/// Hears what is behind the verified entries, and what waits. What waits is read first: it moves from there into the log.
async fn hear_the_rest(
    log: &AuditLog,
    c: &mut Connection,
    told: &mut Told,
    size: u64,
) -> Result<(), StoreError> {
    let waiting = feed::all(c).await?;
    let mut reader = log.read().await?;
    let end = read::size(&mut reader).await?;
    for first in (size..end).step_by(TOGETHER as usize) {
        for row in read::entries(&mut reader, first, end.min(first + u64::from(TOGETHER))).await? {
            let entry = row.entry().ok_or(StoreError::Corrupt { what: "audit log" })?;
            let (Ok(id), Ok(kind)) = (entry.event.parse(), entry.kind.parse()) else { continue };
            let at = contactiq_domain::Timestamp::from_micros(entry.at_us);
            told.hear_later(c, &super::Event { id, at, kind, fields: entry.fields, commitment: None });
        }
    }
    waiting.iter().for_each(|event| told.hear_later(c, event));
    Ok(())
}

/// The rows of a statement, page by page: `$1` is the id behind which a page begins, `$2` how many it has.
async fn each(
    c: &mut Connection,
    sql: &'static str,
    mut look: impl FnMut(&Connection, &Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let rows = c.rows_of_keys(sql.to_owned(), values![after.as_str(), TOGETHER], 1).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.text("id")?;
        for row in &rows {
            look(c, row)?;
        }
    }
}

async fn tickets(c: &mut Connection, told: &Told) -> Result<Vec<Apart>, StoreError> {
    let (mut apart, mut standing) = (Vec::new(), HashSet::<TicketId>::new());
    let sql = "SELECT id, state FROM tickets WHERE id > $1 ORDER BY id LIMIT $2";
    each(c, sql, |c, row| {
        standing.insert(row.parsed("id")?);
        if !told.agrees(c, row)? {
            apart.push(Apart::of("ticket_state", row.text("id")?));
        }
        Ok(())
    })
    .await?;
    let gone: Vec<(TicketId, InteractionId)> = told
        .tickets()
        .filter(|(id, _)| !standing.contains(id))
        .map(|(id, opened)| (*id, opened.interaction))
        .collect();
    // A ticket goes with the row of its interaction, and with nothing else.
    for some in gone.chunks(ASKED) {
        let listed = places(c.is_postgres(), 1, some.len());
        let bound = some.iter().flat_map(|(_, interaction)| values![*interaction]).collect();
        let sql = format!("SELECT id FROM interactions WHERE id IN {listed}");
        let rows = c.rows_of_keys(sql, bound, some.len()).await?;
        let stand: HashSet<InteractionId> =
            rows.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
        for (ticket, interaction) in some {
            if stand.contains(interaction) {
                apart.push(Apart::of("ticket_gone", ticket));
            } else if !told.is_closed(c, *interaction) {
                apart.push(Apart::of("ticket_unaccounted", ticket));
            }
        }
    }
    Ok(apart)
}

async fn receipts(c: &mut Connection, told: &Told) -> Result<Vec<Apart>, StoreError> {
    let (mut apart, mut standing) = (Vec::new(), HashSet::new());
    let sql = "SELECT * FROM erasures WHERE id > $1 ORDER BY id LIMIT $2";
    each(c, sql, |c, row| {
        let id = row.text("id")?;
        let Ok(kept) = erase::receipt(row) else {
            apart.push(Apart::of("receipt_unproved", &id));
            standing.insert(id);
            return Ok(());
        };
        if let Some(said) = told.receipts.get(&id) {
            let same = said.person == kept.person
                && said.interactions == kept.interactions.to_string()
                && said.conversations.as_ref().is_none_or(|count| *count == kept.conversations.to_string());
            if !same {
                apart.push(Apart::of("receipt_changed", &id));
            }
        }
        if !proofs::is_of_receipt(c, &kept, row.text_or_none("proof")?.as_deref()) {
            apart.push(Apart::of("receipt_unproved", &id));
        }
        standing.insert(id);
        Ok(())
    })
    .await?;
    let gone = told.receipts.keys().filter(|id| !standing.contains(*id));
    apart.extend(gone.map(|id| Apart::of("receipt_gone", id)));
    Ok(apart)
}

/// Conversations that are marked as erased by another hand than the house's.
async fn marks(c: &mut Connection) -> Result<Vec<Apart>, StoreError> {
    let mut apart = Vec::new();
    let sql =
        "SELECT id, erasure FROM conversations WHERE erased_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";
    each(c, sql, |c, row| {
        let id = row.text("id")?;
        if !proofs::is_of_conversation(c, &id, row.text_or_none("erasure")?.as_deref()) {
            apart.push(Apart::of("marked_by_hand", id));
        }
        Ok(())
    })
    .await?;
    Ok(apart)
}
