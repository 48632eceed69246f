//! What the guard refused, flagged or kept back, masked, for review (A11). The table is called `refusals`,
//! as it was when it held those alone: what is sealed is sealed for its name.

use contactiq_domain::{Mode, Timestamp, ids::InteractionId};
use contactiq_guard::{Masked, ReviewDecision, ReviewKind};
use uuid::Uuid;

use crate::{
    Connection, StoreError, Writer,
    row::{Row, json},
    value::values,
};

pub(crate) const TABLE: &str = "refusals";

/// One message, or one answer of a model, to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// The interaction that it was part of.
    pub interaction: InteractionId,
    /// What became of it.
    pub kind: ReviewKind,
    /// Stable ids of the rules that spoke.
    pub rules: Vec<String>,
    /// The text, masked. Sealed at rest.
    pub message: Masked,
    /// When.
    pub at: Timestamp,
    /// What a reviewer said of it.
    pub decided: Option<Decided>,
}

/// A reviewer's word; the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub decision: ReviewDecision,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An entry with what its interaction says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: Entry,
    /// Whose assistant.
    pub mode: Mode,
    /// Whether demo traffic asked.
    pub demo: bool,
}

/// Which entries; `None` stands for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<ReviewKind>,
    /// Of this assistant.
    pub mode: Option<Mode>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Only those that a reviewer has decided, or only the others.
    pub decided: Option<bool>,
}

/// How many entries there are, and what reviewers said of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub all: u64,
    /// The guard was right.
    pub right: u64,
    /// It was not.
    pub false_alarms: u64,
}

/// Keeps an entry. Saving it again changes nothing.
///
/// # Errors
/// [`StoreError::Refused`] when the interaction is missing, or when the database fails.
pub async fn save(w: &mut Writer, entry: &Entry) -> Result<(), StoreError> {
    let whose = w.key_of_interaction(entry.interaction).await?;
    let message = w.seal_for(whose.as_deref(), &entry.message, TABLE, "message", &entry.id.to_string());
    let decided = entry.decided.as_ref();
    w.execute(
        "INSERT INTO refusals (id, interaction, kind, rules, message, created_at, decision, decided_by, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        values![
            entry.id,
            entry.interaction,
            entry.kind,
            json(&entry.rules, "rules")?,
            message,
            entry.at,
            decided.map(|d| d.decision),
            decided.map(|d| d.by.clone()),
            decided.map(|d| d.at),
        ],
    )
    .await?;
    Ok(())
}

/// Says what a reviewer thinks of an entry, in place of what was said before.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such entry, [`StoreError::Refused`] when nobody is named, or when the
/// database fails.
pub async fn decide(w: &mut Writer, id: Uuid, decided: &Decided) -> Result<(), StoreError> {
    let changed = w
        .execute(
            "UPDATE refusals SET decision = $2, decided_by = $3, decided_at = $4 WHERE id = $1",
            values![id, decided.decision, &decided.by, decided.at],
        )
        .await?;
    if changed == 0 { Err(StoreError::NotFound { what: "entry" }) } else { Ok(()) }
}

/// Entries, the latest first. `skip` leaves out that many of the first. A text that does not open, or whose key
/// can't be unwrapped here, is [`Masked::locked`].
///
/// # Errors
/// When the database fails.
pub async fn list(
    c: &mut Connection,
    filter: &Filter,
    limit: u32,
    skip: u32,
) -> Result<Vec<Listed>, StoreError> {
    c.rows(
        "SELECT refusals.*, interactions.mode, interactions.demo
         FROM refusals JOIN interactions ON interactions.id = refusals.interaction
         WHERE ($1 IS NULL OR refusals.kind = $1) AND ($2 IS NULL OR interactions.mode = $2)
             AND ($3 IS NULL OR refusals.created_at >= $3) AND ($4 IS NULL OR (refusals.decision IS NOT NULL) = $4)
         ORDER BY refusals.created_at DESC, refusals.id DESC LIMIT $5 OFFSET $6",
        values![filter.kind, filter.mode, filter.since, filter.decided, limit, skip],
    )
    .await?
    .into_iter()
    .map(|row| listed(&row.beside_others()))
    .collect()
}

/// One entry.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn get(c: &mut Connection, id: Uuid) -> Result<Option<Listed>, StoreError> {
    c.row(
        "SELECT refusals.*, interactions.mode, interactions.demo
         FROM refusals JOIN interactions ON interactions.id = refusals.interaction WHERE refusals.id = $1",
        values![id],
    )
    .await?
    .map(|row| listed(&row))
    .transpose()
}

/// What the guard said of an interaction, oldest first.
///
/// # Errors
/// When the database fails or a message does not open.
pub async fn of_interaction(
    c: &mut Connection,
    interaction: InteractionId,
) -> Result<Vec<Entry>, StoreError> {
    let rows = c
        .rows(
            "SELECT refusals.*, interactions.mode, interactions.demo, conversations.data_key
             FROM refusals JOIN interactions ON interactions.id = refusals.interaction
             JOIN conversations ON conversations.id = interactions.conversation
             WHERE refusals.interaction = $1 ORDER BY refusals.created_at, refusals.id",
            values![interaction],
        )
        .await?;
    // What somebody else said is none of theirs, wherever its row points.
    let own = rows.iter().filter(|row| !row.is_foreign());
    own.map(|row| Ok(listed(row)?.entry)).collect()
}

/// How many there are of these.
///
/// # Errors
/// When the database fails.
pub async fn tally(c: &mut Connection, filter: &Filter) -> Result<Tally, StoreError> {
    let row = c
        .row(
            "SELECT COUNT(*) AS found, COUNT(CASE refusals.decision WHEN 'right' THEN 1 END) AS was_right,
                 COUNT(CASE refusals.decision WHEN 'false_alarm' THEN 1 END) AS was_wrong
             FROM refusals JOIN interactions ON interactions.id = refusals.interaction
             WHERE ($1 IS NULL OR refusals.kind = $1) AND ($2 IS NULL OR interactions.mode = $2)
                 AND ($3 IS NULL OR refusals.created_at >= $3)
                 AND ($4 IS NULL OR (refusals.decision IS NOT NULL) = $4)",
            values![filter.kind, filter.mode, filter.since, filter.decided],
        )
        .await?;
    let Some(row) = row else { return Ok(Tally::default()) };
    Ok(Tally {
        all: row.count("found")?,
        right: row.count("was_right")?,
        false_alarms: row.count("was_wrong")?,
    })
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    let id: Uuid = row.parsed("id")?;
    let decided = match row.parsed_or_none("decision")? {
        Some(decision) => {
            Some(Decided { decision, by: row.text("decided_by")?, at: row.moment("decided_at")? })
        }
        None => None,
    };
    Ok(Listed {
        entry: Entry {
            id,
            interaction: row.parsed("interaction")?,
            kind: row.parsed("kind")?,
            rules: row.list("rules")?,
            message: row.masked(TABLE, "message", &id.to_string())?,
            at: row.moment("created_at")?,
            decided,
        },
        mode: row.parsed("mode")?,
        demo: row.bool("demo")?,
    })
}
