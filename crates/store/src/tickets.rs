//! Tickets: the inbox of escalations (P9).
//!
//! Each row carries a MAC over what says which bankers see its texts: its conversation, its assistant, and whose hands it
//! is in. One that does not have it, or whose texts belong to another person than that of its conversation, is damaged: a
//! banker does not see it, and staff who see every ticket see that there is one, without its texts.

use contactiq_domain::{
    Mode, Ticket, TicketState, Timestamp, Trigger,
    ids::{InteractionId, TicketId},
};
use contactiq_guard::{Masked, seal::Cell};

use crate::{
    Connection, StoreError, Writer,
    audit::{self, AuditKind, Event},
    authority::TICKETS,
    conversations::{self, Owner},
    privacy,
    row::Row,
    value::{Value, values},
};

pub(crate) const TABLE: &str = "tickets";

/// Opens the ticket of an escalation, in the transaction that completes its interaction. Opening
/// it again changes nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when its interaction has another ticket, [`StoreError::Refused`] when
/// its interaction is missing or no queue owns it, or when the database fails.
pub async fn open(w: &mut Writer, ticket: &Ticket<Masked>) -> Result<(), StoreError> {
    insert(w, ticket).await.map(drop)
}

/// Whether there was none.
async fn insert(w: &mut Writer, ticket: &Ticket<Masked>) -> Result<bool, StoreError> {
    let (id, whose) = (ticket.id.to_string(), w.key_of(ticket.conversation).await?);
    let question = w.seal_for(whose.as_deref(), &ticket.question, TABLE, "question", &id);
    let told = w.seal_for(whose.as_deref(), &ticket.told, TABLE, "told", &id);
    let mac = in_nobodys_hands(w, ticket);
    let made = w.execute(
        "INSERT INTO tickets (id, interaction, conversation, mode, decisive_trigger, rule, queue, priority, state,
             question, told, created_at, mac)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING",
        values![
            ticket.id,
            ticket.interaction,
            ticket.conversation,
            ticket.mode,
            ticket.trigger,
            &ticket.rule,
            &ticket.queue,
            ticket.priority,
            ticket.state,
            question,
            told,
            ticket.created_at,
            mac,
        ],
    )
    .await?;
    Ok(made > 0)
}

/// The MAC of a ticket as it is opened.
fn in_nobodys_hands(w: &Writer, ticket: &Ticket<Masked>) -> Vec<u8> {
    let nobody: Option<String> = None;
    let columns = values![ticket.id, ticket.interaction, ticket.conversation, ticket.mode, nobody];
    TICKETS.mac(w, &columns)
}

/// A ticket that is about to be put into other hands, held until the writer is saved; none where it is damaged: with a MAC
/// of ours it would be a good one.
async fn held(w: &mut Writer, id: TicketId) -> Result<Option<Row>, StoreError> {
    let held = if w.is_postgres() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT * FROM tickets WHERE id = $1{held}");
    let row = w.rows_built(sql, values![id], 1).await?.into_iter().next();
    Ok(row.filter(|row| TICKETS.is_sound(w, row)))
}

/// Opens a ticket whatever became of one that its interaction has already: a cry for help is read by a person also
/// behind a ticket that was closed. That one stands in the queue again, as this one; notes on it stay. One that is open
/// for the same reason is left as it is. What is opened is an escalation in the audit log (E6).
///
/// # Errors
/// As [`open`].
pub async fn open_anew(w: &mut Writer, ticket: &Ticket<Masked>) -> Result<(), StoreError> {
    if insert(w, ticket).await? {
        return audit::handed_over(w, ticket).await;
    }
    let (id, whose) = (ticket.id.to_string(), w.key_of(ticket.conversation).await?);
    let question = w.seal_for(whose.as_deref(), &ticket.question, TABLE, "question", &id);
    let told = w.seal_for(whose.as_deref(), &ticket.told, TABLE, "told", &id);
    // Of what is asked for, not of what stands in the row.
    let mac = in_nobodys_hands(w, ticket);
    let opened = w
        .execute(
            "UPDATE tickets SET state = 'open', decisive_trigger = $2, rule = $3, queue = $4, priority = $5,
             question = $6, told = $7, created_at = $8, assignee = NULL, taken_at = NULL, taken_by = NULL,
             closed_by = NULL, closed_at = NULL, mac = $9
         WHERE id = $1 AND (NOT (state = 'open' AND rule = $3) OR mac IS DISTINCT FROM $9)",
            values![
                ticket.id,
                ticket.trigger,
                &ticket.rule,
                &ticket.queue,
                ticket.priority,
                question,
                told,
                ticket.created_at,
                mac,
            ],
        )
        .await?;
    if opened > 0 { audit::handed_over(w, ticket).await } else { Ok(()) }
}

/// Which tickets; `None` stands for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Where they stand.
    pub state: Option<TicketState>,
    /// Of this assistant.
    pub mode: Option<Mode>,
    /// For this reason.
    pub trigger: Option<Trigger>,
    /// Only those of the demo's traffic, or only the others.
    pub demo: Option<bool>,
    /// Only those that this banker sees: the customers', and of the staff's what it asked or has taken itself (A2).
    pub agent: Option<Owner<'a>>,
}

/// Tickets that a filter lets through: its values are [`matched`].
macro_rules! matching {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM tickets JOIN interactions ON interactions.id = tickets.interaction
             JOIN conversations ON conversations.id = tickets.conversation
             WHERE ($1 IS NULL OR tickets.state = $1) AND ($2 IS NULL OR tickets.mode = $2)
                 AND ($3 IS NULL OR tickets.decisive_trigger = $3) AND ($4 IS NULL OR interactions.demo = $4)
                 AND ($5 IS NULL OR tickets.mode = 'customer' OR tickets.taken_by = $5
                     OR (conversations.subject = $6 AND conversations.owner_key IS NOT DISTINCT FROM $7)) ",
            $rest
        )
    };
}

fn matched(c: &Connection, filter: &Filter<'_>) -> Vec<Value> {
    let Filter { state, mode, trigger, demo, agent } = filter;
    let person = agent.map(|agent| privacy::blind(c, &agent));
    let subject = agent.map(|agent| c.blind_subject(agent.subject));
    values![*state, *mode, *trigger, *demo, person, subject, agent.and_then(|agent| agent.key)]
}

/// How many tickets there are.
///
/// # Errors
/// When the database fails.
pub async fn count(c: &mut Connection, filter: &Filter<'_>) -> Result<u64, StoreError> {
    let values = matched(c, filter);
    let row = c.row(matching!("SELECT COUNT(*) AS found", ""), values).await?;
    row.map_or(Ok(0), |row| row.count("found"))
}

/// Tickets in the order in which a person should take them: danger to life first, then fraud, then by
/// priority, and the one that waits longest first among equals. What is closed stands behind what is
/// not, and demo traffic behind all others. `skip` leaves out that many of the first. A text that does not open,
/// or whose key can't be unwrapped here, is [`Masked::locked`]; so are all of a damaged ticket, which a banker does not
/// see.
///
/// # Errors
/// When the database fails.
pub async fn list(
    c: &mut Connection,
    filter: &Filter<'_>,
    limit: u32,
    skip: u32,
) -> Result<Vec<Ticket<Masked>>, StoreError> {
    let mut values = matched(c, filter);
    values.extend(values![limit, skip]);
    let sql = matching!(
        "SELECT tickets.*, interactions.demo, conversations.data_key AS owner_data_key,
                 conversations.subject AS owner_subject, conversations.owner_key",
        "ORDER BY interactions.demo, CASE tickets.state WHEN 'closed' THEN 1 ELSE 0 END,
                 CASE WHEN tickets.rule LIKE 'emotional_distress/self-harm%' THEN 0
                     WHEN tickets.decisive_trigger = 'security_fraud' THEN 1
                     WHEN tickets.priority = 'urgent' THEN 2 WHEN tickets.priority = 'high' THEN 3 ELSE 4 END,
                 tickets.created_at, tickets.id LIMIT $8 OFFSET $9"
    );
    let mut found = Vec::new();
    for row in c.rows(sql, values).await? {
        match is_sound(c, &row)? {
            true => found.push(ticket(&row.beside_others())?),
            false if filter.agent.is_some() => {}
            false => found.push(ticket(&row.withheld())?),
        }
    }
    Ok(found)
}

/// Whether a ticket is as it was written here, and its texts belong to the person of its conversation; where not, that is
/// told.
fn is_sound(c: &Connection, row: &Row) -> Result<bool, StoreError> {
    let conversation = row.parsed("conversation")?;
    let (subject, owner_key) = (row.text("owner_subject")?, row.parsed_or_none("owner_key")?);
    Ok(TICKETS.is_sound(c, row) && conversations::is_owned(c, row, conversation, (&subject, owner_key)))
}

/// Tickets beside what says whose they are.
macro_rules! owned {
    ($rest:literal) => {
        concat!(
            "SELECT tickets.*, interactions.demo, conversations.data_key AS owner_data_key,
                 conversations.subject AS owner_subject, conversations.owner_key
             FROM tickets JOIN interactions ON interactions.id = tickets.interaction
             JOIN conversations ON conversations.id = tickets.conversation ",
            $rest
        )
    };
}

/// For staff who see every ticket: one that is damaged without its texts.
fn for_staff(c: &Connection, row: Row) -> Result<Ticket<Masked>, StoreError> {
    if is_sound(c, &row)? { ticket(&row) } else { ticket(&row.withheld()) }
}

/// A ticket, for staff who see every ticket: the texts of one that is damaged are [`Masked::locked`].
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get(c: &mut Connection, id: TicketId) -> Result<Option<Ticket<Masked>>, StoreError> {
    let row = c.row(owned!("WHERE tickets.id = $1"), values![id]).await?;
    row.map(|row| for_staff(c, row)).transpose()
}

/// A ticket, for a banker who sees it: one of a customer, or one that the banker asked or has taken (A2). None where it is
/// damaged.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get_for(
    c: &mut Connection,
    id: TicketId,
    agent: &Owner<'_>,
) -> Result<Option<Ticket<Masked>>, StoreError> {
    let (person, subject) = (privacy::blind(c, agent), c.blind_subject(agent.subject));
    let sql = owned!(
        "WHERE tickets.id = $1 AND (tickets.mode = 'customer' OR tickets.taken_by = $2
             OR (conversations.subject = $3 AND conversations.owner_key IS NOT DISTINCT FROM $4))"
    );
    match c.row(sql, values![id, person, subject, agent.key]).await? {
        Some(row) if is_sound(c, &row)? => ticket(&row).map(Some),
        Some(_) | None => Ok(None),
    }
}

/// Notes whose hands a ticket is in now, beside the name that people read: call it in the transaction that takes it.
///
/// # Errors
/// When the database fails.
pub async fn note_hands(w: &mut Writer, id: TicketId, who: &Owner<'_>) -> Result<(), StoreError> {
    let person = privacy::blind(w, who);
    let Some(was) = held(w, id).await? else { return Ok(()) };
    let sql = "UPDATE tickets SET taken_by = $2 WHERE id = $1 AND state = 'taken' RETURNING *";
    match w.row(sql, values![id, &person]).await? {
        Some(row) => TICKETS.keep(w, (&was, &row), &[("taken_by", Cell::Text(person))]).await,
        None => Ok(()),
    }
}

/// Lets go of every ticket that is in this person's hands: of somebody of the bank who was erased.
///
/// # Errors
/// When the database fails.
pub(crate) async fn let_go(w: &mut Writer, person: &str) -> Result<(), StoreError> {
    let rows = w.rows("SELECT * FROM tickets WHERE taken_by = $1 ORDER BY id", values![person]).await?;
    for was in rows {
        let is_sound = TICKETS.is_sound(w, &was);
        let sql = "UPDATE tickets SET taken_by = NULL, assignee = NULL,
             closed_by = CASE WHEN closed_by = assignee THEN NULL ELSE closed_by END
             WHERE id = $1 AND taken_by = $2 RETURNING *";
        let Some(row) = w.row(sql, values![was.text("id")?, person]).await? else { continue };
        if is_sound {
            TICKETS.keep(w, (&was, &row), &[("taken_by", Cell::Missing)]).await?;
        }
    }
    Ok(())
}

/// Puts a ticket that is not closed into somebody's hands, whoever had it before, with an entry in the audit log: to whom
/// and by whom, as keyed hashes of what access events call them. Its note stays where there is no other one. Whoever has
/// it already is handed nothing but another note. False when it is closed, is damaged, or is none.
///
/// # Errors
/// When the database fails.
pub async fn hand_over(
    w: &mut Writer,
    id: TicketId,
    to: (&Owner<'_>, &str),
    note: Option<&Masked>,
    by: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(row) = held(w, id).await? else { return Ok(false) };
    let (owner, name) = to;
    let person = privacy::blind(w, owner);
    let state: TicketState = row.parsed("state")?;
    let is_theirs = state == TicketState::Taken && row.text_or_none("taken_by")?.as_ref() == Some(&person);
    // A note that does not open is another one.
    let is_noted = |note: &Masked| {
        let kept = row.masked_or_none(TABLE, "taken_note", &id.to_string());
        kept.ok().flatten().is_some_and(|kept| kept == *note)
    };
    if is_theirs && note.is_none_or(is_noted) {
        return Ok(true);
    }
    let whose = w.key_of(row.parsed("conversation")?).await?;
    let note = note.map(|note| w.seal_for(whose.as_deref(), note, TABLE, "taken_note", &id.to_string()));
    let moved = w
        .row(
            "UPDATE tickets SET state = 'taken', assignee = $2, taken_by = $3, taken_at = $4, taken_note =
                 CASE WHEN EXISTS (SELECT 1 FROM interactions WHERE interactions.id = tickets.interaction
                     AND interactions.anonymised_at IS NOT NULL) THEN NULL ELSE COALESCE($5, taken_note) END
             WHERE id = $1 AND state <> 'closed' RETURNING *",
            values![id, name, &person, now, note],
        )
        .await?;
    if let Some(moved) = &moved {
        TICKETS.keep(w, (&row, moved), &[("taken_by", Cell::Text(person))]).await?;
        let pseudonym = |word: &str| Some(w.sealer().pseudonym(word));
        let fields = [
            ("ticket", Some(id.to_string())),
            ("became", Some("handed_over".to_owned())),
            ("proof", Some(audit::ticket_proof(w, &id.to_string(), TicketState::Taken))),
            ("to", pseudonym(owner.subject)),
            ("actor", pseudonym(by)),
        ];
        let event = Event::new(audit::fresh_id(w), now, AuditKind::Ticket, &fields);
        audit::note(w, &event).await?;
    }
    Ok(moved.is_some())
}

/// The ticket of an interaction, if it escalated; as [`get`].
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn of_interaction(
    c: &mut Connection,
    interaction: InteractionId,
) -> Result<Option<Ticket<Masked>>, StoreError> {
    let row = c.row(owned!("WHERE tickets.interaction = $1"), values![interaction]).await?;
    row.map(|row| for_staff(c, row)).transpose()
}

/// Takes or closes a ticket (without its note where the person was erased): an open one can be taken, and closed while nobody has closed it. The
/// first who takes it keeps it. False when it does not stand where it would have to.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such ticket, or when the database fails.
pub async fn advance(
    w: &mut Writer,
    id: TicketId,
    to: TicketState,
    by: &str,
    note: Option<&Masked>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let whose = match w.row("SELECT conversation FROM tickets WHERE id = $1", values![id]).await? {
        Some(row) => w.key_of(row.parsed("conversation")?).await?,
        None => return Err(StoreError::NotFound { what: "ticket" }),
    };
    let sealed = |w: &Writer, column: &str| {
        note.map(|note| w.seal_for(whose.as_deref(), note, TABLE, column, &id.to_string()))
    };
    let moved = match to {
        TicketState::Open => 0,
        TicketState::Taken => {
            let note = sealed(w, "taken_note");
            w.execute(
                "UPDATE tickets SET state = 'taken', assignee = $2, taken_at = $3, taken_note =
                     CASE WHEN EXISTS (SELECT 1 FROM interactions WHERE interactions.id = tickets.interaction
                         AND interactions.anonymised_at IS NOT NULL) THEN NULL ELSE $4 END
                 WHERE id = $1 AND state = 'open'",
                values![id, by, now, note],
            )
            .await?
        }
        TicketState::Closed => {
            let note = sealed(w, "closed_note");
            w.execute(
                "UPDATE tickets SET state = 'closed', closed_by = $2, closed_at = $3, closed_note =
                     CASE WHEN EXISTS (SELECT 1 FROM interactions WHERE interactions.id = tickets.interaction
                         AND interactions.anonymised_at IS NOT NULL) THEN NULL ELSE $4 END
                 WHERE id = $1 AND state <> 'closed'",
                values![id, by, now, note],
            )
            .await?
        }
    };
    if moved > 0 {
        audit::ticket_became(w, &id.to_string(), to, now).await?;
    }
    Ok(moved > 0)
}

fn ticket(row: &Row) -> Result<Ticket<Masked>, StoreError> {
    let id = row.text("id")?;
    Ok(Ticket {
        id: row.parsed("id")?,
        interaction: row.parsed("interaction")?,
        conversation: row.parsed("conversation")?,
        mode: row.parsed("mode")?,
        trigger: row.parsed("decisive_trigger")?,
        rule: row.text("rule")?,
        queue: row.text("queue")?,
        priority: row.parsed("priority")?,
        state: row.parsed("state")?,
        question: row.masked(TABLE, "question", &id)?,
        told: row.masked(TABLE, "told", &id)?,
        created_at: row.moment("created_at")?,
        assignee: row.text_or_none("assignee")?,
        taken_at: row.moment_or_none("taken_at")?,
        taken_note: row.masked_or_none(TABLE, "taken_note", &id)?,
        closed_at: row.moment_or_none("closed_at")?,
        closed_by: row.text_or_none("closed_by")?,
        closed_note: row.masked_or_none(TABLE, "closed_note", &id)?,
        demo: row.bool("demo")?,
    })
}
