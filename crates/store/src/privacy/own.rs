//! Whose texts an interaction has. What a purge or an erasure takes goes by plain columns, and whoever can write into the
//! tables would have the texts of others taken along, those of whom a hold keeps among them. The keys that sealed them say
//! whose they are.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use contactiq_domain::ids::InteractionId;
use contactiq_guard::seal::{DataKey, DataKeyId, Sealer, key_of};

use crate::{
    StoreError, Writer, data_keys,
    data_keys::hex,
    row::{Row, place},
    value::{places, values},
};

const TABLE: &str = "interactions";
/// The columns that name the key with which they are sealed, and for which column each is sealed.
const SEALED: [(&str, &str); 3] = [("question", "question"), ("answer", "answer"), ("shown", "answer")];

type Living = HashMap<DataKeyId, Option<Arc<DataKey>>>;

/// Those of these interactions, at most a batch, of which nothing is sealed for somebody else than the person of their
/// conversation, or for whom a hold in force keeps. The others stay, and are told. The bytes of another row open nowhere
/// here, so they make nobody's texts another's and hide nobody's.
///
/// # Errors
/// When the database fails.
pub(super) async fn among(w: &mut Writer, ids: &[InteractionId]) -> Result<Vec<InteractionId>, StoreError> {
    let rows = sealed(w, ids).await?;
    let living = living(w, &rows).await?;
    let (keys, sealer) = (living.keys().copied().collect::<Vec<_>>(), w.sealer());
    let held = held(w, &keys).await?;
    let is_others = |row: &Row| {
        let of_conversation = row.text_or_none("of_conversation").ok().flatten();
        keys_of(row, &living, &sealer)
            .any(|key| of_conversation.as_ref() != Some(&hex(&key)) || held.contains(&hex(&key)))
    };
    Ok(but(ids, rows.iter().filter(|row| is_others(row))))
}

/// The keys of what opens in this row. Where a key can't be unwrapped here, nobody can say that it does not.
fn keys_of(row: &Row, living: &Living, sealer: &Sealer) -> impl Iterator<Item = DataKeyId> {
    let id = row.text("id").unwrap_or_default();
    SEALED.into_iter().filter_map(move |(column, sealed_for)| {
        let bytes = row.bytes(column).ok()?;
        let key = key_of(&bytes)?;
        let opens = match living.get(&key)? {
            Some(known) => sealer.open_for(known, &bytes, &place(TABLE, sealed_for, &id)).is_ok(),
            None => true,
        };
        opens.then_some(key)
    })
}

async fn living(w: &mut Writer, rows: &[Row]) -> Result<Living, StoreError> {
    let named =
        |row: &Row| SEALED.map(|(column, _)| row.bytes(column).ok().and_then(|sealed| key_of(&sealed)));
    let keys: BTreeSet<DataKeyId> = rows.iter().flat_map(named).flatten().collect();
    data_keys::living(w, &keys.into_iter().collect::<Vec<_>>()).await
}

/// The ids without those of these rows, which are told.
fn but<'r>(ids: &[InteractionId], rows: impl Iterator<Item = &'r Row>) -> Vec<InteractionId> {
    // One whose id can't be read is none of those that were asked for.
    let others: HashSet<InteractionId> = rows.filter_map(|row| row.parsed("id").ok()).collect();
    tell(others.len());
    ids.iter().filter(|id| !others.contains(id)).copied().collect()
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
    let (living, sealer) = (living(w, &rows).await?, w.sealer());
    Ok(but(ids, rows.iter().filter(|row| keys_of(row, &living, &sealer).next().is_some())))
}

/// What of these interactions is sealed, and the key of their conversations.
async fn sealed(w: &mut Writer, ids: &[InteractionId]) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT interactions.id, {}, conversations.data_key AS of_conversation FROM interactions
         JOIN conversations ON conversations.id = interactions.conversation WHERE interactions.id IN {}",
        SEALED.map(|(column, _)| format!("interactions.{column}")).join(", "),
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
