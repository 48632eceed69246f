//! Conversations: whose they are and in which mode (P11, A2).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contactiq_domain::{
    Mode, Timestamp,
    ids::{ConversationId, KeyId},
};
use contactiq_guard::{Masked, seal::Cell};

use crate::{
    Connection, StoreError, Writer,
    authority::DamagedKind,
    data_keys::{self, Newcomer},
    privacy,
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
    // An erasure under way is over before it, or sees it.
    let person = privacy::blind(w, &conversation.owner());
    privacy::turns::together(w, std::iter::once(person)).await?;
    Ok(ensure_all(w, &[conversation]).await? > 0)
}

/// The same of several, in one statement; how many were begun.
///
/// # Errors
/// As [`ensure`], of any of them.
pub(crate) async fn ensure_all(w: &mut Writer, all: &[&Conversation]) -> Result<usize, StoreError> {
    let by_id: BTreeMap<ConversationId, &Conversation> = all.iter().map(|c| (c.id, *c)).collect();
    if all.iter().any(|c| by_id[&c.id].owner() != c.owner() || by_id[&c.id].mode != c.mode) {
        return Err(StoreError::Conflict { rule: "conversations_id".into() });
    }
    let mut made = 0;
    let mut unknown: Vec<&Conversation> = by_id.into_values().collect();
    // Who finds that somebody else began one at the same moment looks once more.
    while !unknown.is_empty() {
        unknown = strangers(w, unknown).await?;
        let begun = insert(w, &unknown).await?;
        unknown.retain(|c| !begun.contains(&c.id));
        made += begun.len();
    }
    Ok(made)
}

/// Those of these conversations that are not there yet; of the others the keys are known from then on.
async fn strangers<'c>(
    w: &mut Writer,
    all: Vec<&'c Conversation>,
) -> Result<Vec<&'c Conversation>, StoreError> {
    // Their people are not erased until this is saved.
    let held = if w.is_postgres() { " FOR NO KEY UPDATE" } else { "" };
    let sql = format!(
        "SELECT id, mode, subject, owner_key, data_key, label FROM conversations WHERE id IN {} ORDER BY id{held}",
        places(w.is_postgres(), 1, all.len())
    );
    let ids = all.iter().flat_map(|c| values![c.id]).collect();
    let mut known = BTreeMap::new();
    for row in w.rows_built(sql, ids, all.len()).await? {
        let id: ConversationId = row.parsed("id")?;
        let mode: Mode = row.parsed("mode")?;
        let (subject, owner_key) = (row.text("subject")?, row.parsed_or_none::<KeyId>("owner_key")?);
        if !is_owned(w, &row, id, (&subject, owner_key)) {
            // Nothing is added to what was given to somebody else.
            return Err(StoreError::Conflict { rule: "conversations_id".into() });
        }
        known.insert(id, (mode, subject, owner_key));
        w.people.keys.insert(id, row.data_key()?);
    }
    let belongs = |c: &Conversation| {
        known.get(&c.id).is_none_or(|(mode, subject, key)| {
            // Who was erased is nobody here already, or in a moment.
            let is_own = *subject == w.blind_subject(&c.subject) || c.subject == privacy::nobody(c.id);
            *mode == c.mode && *key == c.owner_key && is_own
        })
    };
    if !all.iter().all(|c| belongs(c)) {
        return Err(StoreError::Conflict { rule: "conversations_id".into() });
    }
    Ok(all.into_iter().filter(|c| !known.contains_key(&c.id)).collect())
}

/// Begins conversations, each with its person's key, and says which were begun.
async fn insert(w: &mut Writer, all: &[&Conversation]) -> Result<HashSet<ConversationId>, StoreError> {
    const COLUMNS: usize = 8;
    if all.is_empty() {
        return Ok(HashSet::new());
    }
    let mut people = BTreeMap::new();
    for conversation in all.iter().filter(|c| c.subject != privacy::nobody(c.id)) {
        let newcomer = Newcomer { subject: &conversation.subject, at: conversation.created_at };
        people.entry(data_keys::person_of(w, conversation)).or_insert(newcomer);
    }
    let keys = data_keys::of_people(w, &people).await?;
    let mut values = Vec::with_capacity(all.len() * COLUMNS);
    for conversation in all {
        let id = conversation.id.to_string();
        let key = keys.get(&data_keys::person_of(w, conversation)).cloned();
        let subject = w.subject_for(key.as_deref(), &conversation.subject, conversation.id);
        let seal = |label: &Masked| w.seal_for(key.as_deref(), label, TABLE, "label", &id);
        values.extend(values![
            conversation.id,
            conversation.mode,
            subject,
            conversation.owner_key,
            conversation.label.as_ref().map(seal),
            conversation.demo,
            conversation.created_at,
            key.as_ref().map(|key| key.name()),
        ]);
        w.people.keys.insert(conversation.id, key);
    }
    let sql = format!(
        "INSERT INTO conversations (id, mode, subject, owner_key, label, demo, created_at, data_key) VALUES {}
         ON CONFLICT (id) DO NOTHING RETURNING id",
        places(w.is_postgres(), all.len(), COLUMNS)
    );
    w.rows_built(sql, values, all.len()).await?.iter().map(|row| row.parsed("id")).collect()
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
        "SELECT id, erasure FROM conversations WHERE erased_at IS NOT NULL AND id IN {}",
        places(c.is_postgres(), 1, ids.len())
    );
    let mut erased = HashSet::new();
    for row in c.rows_built(sql, ids.iter().flat_map(|id| values![*id]).collect(), ids.len()).await? {
        // A mark that no erasure made takes nobody's words.
        let erasure = row.text_or_none("erasure")?;
        if privacy::proofs::is_of_conversation(c, &row.text("id")?, erasure.as_deref()) {
            erased.insert(row.parsed("id")?);
        }
    }
    Ok(erased)
}

/// A conversation of this owner; none where it was given to them by somebody else than this server.
///
/// # Errors
/// When the database fails or the label does not open.
pub async fn get(
    c: &mut Connection,
    id: ConversationId,
    owner: &Owner<'_>,
) -> Result<Option<Conversation>, StoreError> {
    let subject = c.blind_subject(owner.subject);
    let row = c
        .row(
            "SELECT * FROM conversations WHERE id = $1 AND subject = $2 AND owner_key IS NOT DISTINCT FROM $3",
            values![id, subject, owner.key],
        )
        .await?;
    row.map_or(Ok(None), |row| sound(c, &row))
}

/// A conversation of anybody, for staff whose role may read all (A2). None where it was given to somebody else than the
/// person for whom it is sealed.
///
/// # Errors
/// When the database fails or the label does not open.
pub async fn get_for_staff(
    c: &mut Connection,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    let row = c.row("SELECT * FROM conversations WHERE id = $1", values![id]).await?;
    row.map_or(Ok(None), |row| sound(c, &row))
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
    let subject = c.blind_subject(owner.subject);
    let rows = c
        .rows(
            "SELECT * FROM conversations WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2
             ORDER BY created_at DESC, id DESC LIMIT $3",
            values![subject, owner.key, limit],
        )
        .await?;
    rows.iter().filter_map(|row| sound(c, row).transpose()).collect()
}

/// The conversation of a row, where its owner is the person for whom it is sealed.
fn sound(c: &Connection, row: &Row) -> Result<Option<Conversation>, StoreError> {
    let (id, subject) = (row.parsed("id")?, row.text("subject")?);
    let owner = (subject.as_str(), row.parsed_or_none("owner_key")?);
    if is_owned(c, row, id, owner) { conversation(row).map(Some) } else { Ok(None) }
}

/// Whether the texts of a row belong to the owner whom its conversation names; where they don't, that is told.
pub(crate) fn is_owned(
    c: &Connection,
    row: &Row,
    id: ConversationId,
    (subject, owner_key): (&str, Option<KeyId>),
) -> bool {
    let is_owned = data_keys::is_owned(c, row, id, (subject, owner_key));
    if !is_owned {
        // A conversation's own row has it under its name, and what belongs to one under another.
        let data_key = row.text_or_none("data_key").or_else(|_| row.text_or_none("owner_data_key"));
        let data_key = data_key.ok().flatten();
        let or_missing = |text: Option<String>| text.map_or(Cell::Missing, Cell::Text);
        let cells = [
            Cell::Text(subject.to_owned()),
            or_missing(owner_key.map(|key| key.to_string())),
            or_missing(data_key),
        ];
        c.keys.damaged.report(&c.sealer(), DamagedKind::Conversation, &id.to_string(), &cells);
    }
    is_owned
}

fn conversation(row: &Row) -> Result<Conversation, StoreError> {
    let id = row.parsed("id")?;
    Ok(Conversation {
        id,
        mode: row.parsed("mode")?,
        subject: row.person_by_key(|| privacy::nobody(id))?,
        owner_key: row.parsed_or_none("owner_key")?,
        label: row.masked_or_none(TABLE, "label", &row.text("id")?)?,
        demo: row.bool("demo")?,
        created_at: row.moment("created_at")?,
    })
}
