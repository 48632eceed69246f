//! Whose texts an interaction has. What a purge or an erasure takes goes by plain columns, and whoever can write into the
//! tables would have the texts of others taken along, those of whom a hold keeps among them. The keys that sealed them say
//! whose they are.

use std::collections::{BTreeSet, HashSet};

use contactiq_domain::ids::InteractionId;
use contactiq_guard::seal::{DataKeyId, key_of};

use crate::{
    StoreError, Writer,
    data_keys::{hex, living},
    row::Row,
    value::{places, values},
};

/// The columns that are sealed for a person.
const SEALED: [&str; 6] = ["question", "answer", "shown", "classification_reason", "reason", "steps"];

fn keys_of(row: &Row) -> impl Iterator<Item = DataKeyId> {
    SEALED.iter().filter_map(|column| row.bytes(column).ok().and_then(|sealed| key_of(&sealed)))
}

/// Those of these interactions, at most a batch, of which something is sealed for the person of their conversation, or
/// nothing for anybody, and nothing for whom a hold in force keeps. The others stay, and are told. (One column with the
/// bytes of another row opens nowhere and keeps nothing.)
///
/// # Errors
/// When the database fails.
pub(super) async fn among(w: &mut Writer, ids: &[InteractionId]) -> Result<Vec<InteractionId>, StoreError> {
    let rows = sealed(w, ids).await?;
    let keys: BTreeSet<DataKeyId> = rows.iter().flat_map(keys_of).collect();
    let keys: Vec<DataKeyId> = keys.into_iter().collect();
    let (living, held) = (living(w, &keys).await?, held(w, &keys).await?);
    let mut others = HashSet::new();
    for row in &rows {
        let of_conversation = row.text_or_none("of_conversation").ok().flatten();
        let all: Vec<DataKeyId> = keys_of(row).filter(|key| living.contains(key)).collect();
        let is_own = all.is_empty() || all.iter().any(|key| of_conversation.as_ref() == Some(&hex(key)));
        if !is_own || keys_of(row).any(|key| held.contains(&hex(&key))) {
            // One that can't be read is none of those that were asked for.
            others.extend(row.parsed::<InteractionId>("id"));
        }
    }
    tell(others.len());
    Ok(ids.iter().filter(|id| !others.contains(id)).copied().collect())
}

/// Those of these interactions, of which an erasure or a purge took the texts, that have none: no key that is there sealed
/// anything of them.
///
/// # Errors
/// When the database fails.
pub(super) async fn without_texts(
    w: &mut Writer,
    ids: &[InteractionId],
) -> Result<Vec<InteractionId>, StoreError> {
    let rows = sealed(w, ids).await?;
    let keys: BTreeSet<DataKeyId> = rows.iter().flat_map(keys_of).collect();
    let living = living(w, &keys.into_iter().collect::<Vec<_>>()).await?;
    let with: HashSet<InteractionId> = rows
        .iter()
        .filter(|row| keys_of(row).any(|key| living.contains(&key)))
        .filter_map(|row| row.parsed("id").ok())
        .collect();
    tell(with.len());
    Ok(ids.iter().filter(|id| !with.contains(id)).copied().collect())
}

/// What of these interactions is sealed, and the key of their conversations.
async fn sealed(w: &mut Writer, ids: &[InteractionId]) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT interactions.id, {}, conversations.data_key AS of_conversation FROM interactions
         JOIN conversations ON conversations.id = interactions.conversation WHERE interactions.id IN {}",
        SEALED.map(|column| format!("interactions.{column}")).join(", "),
        places(w.is_postgres(), 1, ids.len())
    );
    w.rows_built(sql, ids.iter().flat_map(|id| values![*id]).collect(), ids.len()).await
}

fn tell(interactions: usize) {
    if interactions > 0 {
        tracing::error!(
            critical = true,
            interactions,
            "texts of one person stand in a conversation of another, are held, or are said to be erased and are not: they \
             are left as they are; `contactiq audit verify --records` names what was changed"
        );
    }
}

/// Which of these keys a hold in force keeps.
async fn held(w: &mut Writer, keys: &[DataKeyId]) -> Result<HashSet<String>, StoreError> {
    let mut held = HashSet::new();
    for some in keys.chunks(500) {
        let sql = format!(
            "SELECT DISTINCT data_key AS id FROM legal_holds WHERE lifted_at IS NULL AND data_key IN {}",
            places(w.is_postgres(), 1, some.len())
        );
        let bound = some.iter().flat_map(|key| values![hex(key)]).collect();
        for row in w.rows_of_keys(sql, bound, some.len()).await? {
            held.insert(row.text("id")?);
        }
    }
    Ok(held)
}
