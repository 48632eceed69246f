//! Conversations: whose they are and in which mode (P11, A2).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contactiq_domain::{
    Mode, Timestamp,
    ids::{ConversationId, KeyId},
};
use contactiq_guard::Masked;

use crate::{
    Connection, StoreError, Writer, privacy,
    row::Row,
    value::{places, values},
};

pub(crate) const TABLE: &str = "conversations";

/// Whose a conversation is: the person, and the API key that speaks for the person, if one does.
/// Two back ends may both have a customer "4711", and neither may see the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Pseudonymous id of the person.
    pub subject: &'a str,
    /// The service's key; none for a person who signed in.
    pub key: Option<KeyId>,
}

/// A conversation of one subject in one mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The assistant.
    pub mode: Mode,
    /// Pseudonymous id of the person.
    pub subject: String,
    /// The service's key; none for a person who signed in.
    pub owner_key: Option<KeyId>,
    /// What a list shows for it, sealed at rest.
    pub label: Option<Masked>,
    /// Begun by `contactiq demo traffic`.
    pub demo: bool,
    /// When it began.
    pub created_at: Timestamp,
}

impl Conversation {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Owner<'_> {
        Owner { subject: &self.subject, key: self.owner_key }
    }
}

/// Begins a conversation.
///
/// # Errors
/// [`StoreError::Conflict`] when the id is taken, [`StoreError::Refused`] when the key is missing,
/// or when the database fails.
pub async fn create(w: &mut Writer, conversation: &Conversation) -> Result<(), StoreError> {
    if ensure(w, conversation).await? {
        Ok(())
    } else {
        Err(StoreError::Conflict { rule: "conversations_id".into() })
    }
}

/// Begins a conversation unless its id is there. True when it was begun. When the id is there with
/// another owner or mode it is a conflict, so that nobody talks on in a stranger's conversation.
///
/// # Errors
/// [`StoreError::Conflict`] as said, [`StoreError::Refused`] when the key is missing, or when the
/// database fails.
pub async fn ensure(w: &mut Writer, conversation: &Conversation) -> Result<bool, StoreError> {
    Ok(ensure_all(w, &[conversation]).await? > 0)
}

/// The same of several, in one statement; how many were begun.
///
/// # Errors
/// As [`ensure`], of any of them.
pub(crate) async fn ensure_all(w: &mut Writer, all: &[&Conversation]) -> Result<usize, StoreError> {
    const COLUMNS: usize = 7;
    let by_id: BTreeMap<ConversationId, &Conversation> = all.iter().map(|c| (c.id, *c)).collect();
    if by_id.is_empty() {
        return Ok(0);
    }
    let mut values = Vec::with_capacity(by_id.len() * COLUMNS);
    for conversation in by_id.values() {
        let id = conversation.id.to_string();
        let label = conversation.label.as_ref().map(|label| w.seal(label, TABLE, "label", &id));
        values.extend(values![
            conversation.id,
            conversation.mode,
            &conversation.subject,
            conversation.owner_key,
            label,
            conversation.demo,
            conversation.created_at,
        ]);
    }
    let sql = format!(
        "INSERT INTO conversations (id, mode, subject, owner_key, label, demo, created_at) VALUES {}
         ON CONFLICT (id) DO NOTHING RETURNING id",
        places(w.is_postgres(), by_id.len(), COLUMNS)
    );
    let made = w.rows_built(sql, values, by_id.len()).await?.len();
    let others = all.iter().any(|c| by_id[&c.id].owner() != c.owner() || by_id[&c.id].mode != c.mode);
    if made == by_id.len() && !others {
        return Ok(made);
    }
    let ids = by_id.keys().flat_map(|id| values![*id]).collect();
    let sql = format!(
        "SELECT id, mode, subject, owner_key FROM conversations WHERE id IN {}",
        places(w.is_postgres(), 1, by_id.len())
    );
    let mut known = BTreeMap::new();
    for row in w.rows_built(sql, ids, by_id.len()).await? {
        let id: ConversationId = row.parsed("id")?;
        let mode: Mode = row.parsed("mode")?;
        known.insert(id, (mode, row.text("subject")?, row.parsed_or_none::<KeyId>("owner_key")?));
    }
    let belongs = |c: &&Conversation| {
        known.get(&c.id).is_some_and(|(mode, subject, key)| {
            // Who was erased is nobody here already, or in a moment.
            let is_nobody = c.subject == privacy::nobody(c.id) && *key == c.owner_key;
            *mode == c.mode && (Owner { subject, key: *key } == c.owner() || is_nobody)
        })
    };
    if all.iter().all(belongs) {
        Ok(made)
    } else {
        Err(StoreError::Conflict { rule: "conversations_id".into() })
    }
}

/// Which of these belong to somebody who was erased (E7).
///
/// # Errors
/// When the database fails.
pub(crate) async fn erased_among(
    c: &mut Connection,
    ids: impl Iterator<Item = ConversationId>,
) -> Result<HashSet<ConversationId>, StoreError> {
    let ids: Vec<ConversationId> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "SELECT id FROM conversations WHERE erased_at IS NOT NULL AND id IN {}",
        places(c.is_postgres(), 1, ids.len())
    );
    let found = c.rows_built(sql, ids.iter().flat_map(|id| values![*id]).collect(), ids.len()).await?;
    found.iter().map(|row| row.parsed("id")).collect()
}

/// A conversation of this owner.
///
/// # Errors
/// When the database fails or the label does not open.
pub async fn get(
    c: &mut Connection,
    id: ConversationId,
    owner: &Owner<'_>,
) -> Result<Option<Conversation>, StoreError> {
    c.row(
        "SELECT * FROM conversations WHERE id = $1 AND subject = $2 AND owner_key IS NOT DISTINCT FROM $3",
        values![id, owner.subject, owner.key],
    )
    .await?
    .map(|row| conversation(&row))
    .transpose()
}

/// A conversation of anybody, for staff whose role may read all (A2).
///
/// # Errors
/// When the database fails or the label does not open.
pub async fn get_for_staff(
    c: &mut Connection,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    c.row("SELECT * FROM conversations WHERE id = $1", values![id])
        .await?
        .map(|row| conversation(&row))
        .transpose()
}

/// The conversations of this owner, latest first.
///
/// # Errors
/// When the database fails or a label does not open.
pub async fn list_of(
    c: &mut Connection,
    owner: &Owner<'_>,
    limit: u32,
) -> Result<Vec<Conversation>, StoreError> {
    c.rows(
        "SELECT * FROM conversations WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2
         ORDER BY created_at DESC, id DESC LIMIT $3",
        values![owner.subject, owner.key, limit],
    )
    .await?
    .iter()
    .map(conversation)
    .collect()
}

fn conversation(row: &Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: row.parsed("id")?,
        mode: row.parsed("mode")?,
        subject: row.text("subject")?,
        owner_key: row.parsed_or_none("owner_key")?,
        label: row.masked_or_none(TABLE, "label", &row.text("id")?)?,
        demo: row.bool("demo")?,
        created_at: row.moment("created_at")?,
    })
}
