//! Tickets: the inbox of escalations (P9).

use contactiq_domain::{
    Mode, Ticket, TicketState,
    ids::{InteractionId, TicketId},
};
use contactiq_guard::Masked;

use crate::{Connection, StoreError, Writer, row::Row, value::values};

const TABLE: &str = "tickets";

/// Opens the ticket of an escalation, in the transaction that completes its interaction. Opening
/// it again changes nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when its interaction has another ticket, [`StoreError::Refused`] when
/// its interaction is missing or no queue owns it, or when the database fails.
pub async fn open(w: &mut Writer, ticket: &Ticket<Masked>) -> Result<(), StoreError> {
    let id = ticket.id.to_string();
    let question = w.seal(&ticket.question, TABLE, "question", &id);
    let told = w.seal(&ticket.told, TABLE, "told", &id);
    w.execute(
        "INSERT INTO tickets (id, interaction, conversation, mode, decisive_trigger, rule, queue, priority, state,
             question, told, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
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
        ],
    )
    .await?;
    Ok(())
}

/// Tickets in the order in which a person should take them: the most urgent first, and the one that
/// waits longest first among equals. `None` stands for every state or mode.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn list(
    c: &mut Connection,
    state: Option<TicketState>,
    mode: Option<Mode>,
    limit: u32,
) -> Result<Vec<Ticket<Masked>>, StoreError> {
    c.rows(
        "SELECT * FROM tickets WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR mode = $2)
         ORDER BY CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 ELSE 2 END, created_at, id LIMIT $3",
        values![state, mode, limit],
    )
    .await?
    .iter()
    .map(ticket)
    .collect()
}

/// A ticket.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get(c: &mut Connection, id: TicketId) -> Result<Option<Ticket<Masked>>, StoreError> {
    c.row("SELECT * FROM tickets WHERE id = $1", values![id]).await?.map(|row| ticket(&row)).transpose()
}

/// The ticket of an interaction, if it escalated.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn of_interaction(
    c: &mut Connection,
    interaction: InteractionId,
) -> Result<Option<Ticket<Masked>>, StoreError> {
    c.row("SELECT * FROM tickets WHERE interaction = $1", values![interaction])
        .await?
        .map(|row| ticket(&row))
        .transpose()
}

/// Moves a ticket.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such ticket, or when the database fails.
pub async fn set_state(w: &mut Writer, id: TicketId, state: TicketState) -> Result<(), StoreError> {
    match w.execute("UPDATE tickets SET state = $2 WHERE id = $1", values![id, state]).await? {
        0 => Err(StoreError::NotFound { what: "ticket" }),
        _ => Ok(()),
    }
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
    })
}
