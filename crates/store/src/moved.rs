//! What versions before there were keys of people left in a database: people by the bank's names, and texts sealed with
//! the one key of the installation. Names go before anything is served (`blind_subjects`); texts are sealed anew in
//! small batches while it is served ([`step`]), and are read in both forms meanwhile.

mod texts;

use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, KeyId},
};

use crate::{
    Connection, Store, StoreError, Writer,
    conversations::{Conversation, Owner},
    data_keys, meta, page_sessions,
    row::place,
    rulings,
    value::{Value, places, values},
};
pub use texts::{Moved, state, step};

/// Says that people are keyed hashes here.
const NAMES: &str = "names_blinded";
/// How many rows could not be read.
const UNREAD: &str = "rows_unread";
/// Rows that one statement changes.
const TOGETHER: i64 = 500;

/// How many rows of an earlier version could not be read, and stay as that version wrote them.
///
/// # Errors
/// When the database fails.
pub async fn unread(c: &mut Connection) -> Result<u64, StoreError> {
    Ok(meta::get_meta(c, UNREAD).await?.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Counts a row that can't be read, so that it keeps none of the others. Whatever else failed is told.
async fn skip(w: &mut Writer, table: &str, id: &str, why: StoreError) -> Result<(), StoreError> {
    if !matches!(why, StoreError::Sealed(_) | StoreError::Corrupt { .. }) {
        return Err(why);
    }
    tracing::error!(critical = true, table, id, %why, "a row of an earlier version can't be read and stays as it is");
    let count = unread(w).await? + 1;
    meta::set_meta(w, UNREAD, &count.to_string()).await
}

/// Replaces the names of people by keyed hashes, in one transaction, once.
///
/// # Errors
/// When the database fails.
pub(crate) async fn blind_subjects(store: &Store) -> Result<(), StoreError> {
    if meta::get_meta(&mut *store.read().await?, NAMES).await?.is_some() {
        return Ok(());
    }
    let mut w = store.at_work().write().await?;
    // Another process may have been first.
    if meta::get_meta(&mut w, NAMES).await?.is_some() {
        return Ok(());
    }
    let any = "SELECT 1 AS one FROM conversations UNION ALL SELECT 1 AS one FROM access_events
         UNION ALL SELECT 1 AS one FROM dead_letters LIMIT 1";
    if w.row(any, Vec::new()).await?.is_none() {
        texts::nothing_to_move(&mut w).await?;
    }
    conversations(&mut w).await?;
    feedback(&mut w).await?;
    holds(&mut w).await?;
    consents(&mut w).await?;
    sessions(&mut w).await?;
    notes(&mut w).await?;
    callers(&mut w).await?;
    meta::set_meta(&mut w, NAMES, "1").await?;
    w.save().await
}

async fn conversations(w: &mut Writer) -> Result<(), StoreError> {
    w.execute("UPDATE conversations SET subject = 'erased:' || id WHERE erased_at IS NOT NULL", Vec::new())
        .await?;
    let people = w
        .rows(
            "SELECT subject, owner_key, MIN(id) AS first, MIN(created_at) AS began_at FROM conversations
             WHERE data_key IS NULL AND subject <> 'erased:' || id GROUP BY subject, owner_key",
            Vec::new(),
        )
        .await?;
    for row in &people {
        let (subject, key) = (row.text("subject")?, row.parsed_or_none::<KeyId>("owner_key")?);
        if key.is_some_and(|key| subject == key.subject()) {
            of_nobody(w, &subject, key).await?;
            continue;
        }
        let owner = Owner { subject: &subject, key };
        let data_key = data_keys::of_person(w, &owner, row.moment("began_at")?).await?;
        let blind = w.blind_subject(&subject);
        w.execute(
            "UPDATE conversations SET subject = $3, data_key = $4
             WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2 AND data_key IS NULL",
            values![&subject, key, blind, data_key.map(|key| key.name())],
        )
        .await?;
    }
    Ok(())
}

/// Where a back end named nobody each conversation is a person of its own.
async fn of_nobody(w: &mut Writer, subject: &str, key: Option<KeyId>) -> Result<(), StoreError> {
    let sql = "SELECT id, mode, created_at FROM conversations
         WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2 AND data_key IS NULL";
    for row in w.rows(sql, values![subject, key]).await? {
        let id: ConversationId = row.parsed("id")?;
        let at: Timestamp = row.moment("created_at")?;
        let conversation = Conversation {
            id,
            mode: row.parsed("mode")?,
            subject: subject.to_owned(),
            owner_key: key,
            label: None,
            demo: false,
            created_at: at,
        };
        let person = data_keys::person_of(w, &conversation);
        let newcomer = data_keys::Newcomer { subject, at };
        let keys = data_keys::of_people(w, &[(person.clone(), newcomer)].into()).await?;
        let blind = w.blind_subject(subject);
        w.execute(
            "UPDATE conversations SET subject = $2, data_key = $3 WHERE id = $1",
            values![id, blind, keys.get(&person).map(|key| key.name())],
        )
        .await?;
    }
    Ok(())
}

/// By id, some hundred together: nothing finds feedback by its subject.
async fn feedback(w: &mut Writer) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let sql = "SELECT id, subject FROM feedback WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = w.rows(sql, values![&after, TOGETHER]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.text("id")?;
        let mut anew: Vec<Value> = Vec::with_capacity(rows.len() * 2);
        for row in &rows {
            let (id, subject) = (row.text("id")?, row.text("subject")?);
            if subject != format!("erased:{id}") {
                let blind = w.blind_subject(&subject);
                anew.extend(values![id, blind]);
            }
        }
        if !anew.is_empty() {
            let sql = format!(
                "WITH anew (id, subject) AS (VALUES {}) UPDATE feedback SET subject = anew.subject FROM anew
                 WHERE feedback.id = anew.id",
                places(w.is_postgres(), anew.len() / 2, 2)
            );
            w.execute_built(sql, anew).await?;
        }
    }
}

async fn holds(w: &mut Writer) -> Result<(), StoreError> {
    for row in w.rows("SELECT id, subject, owner_key, placed_at FROM legal_holds", Vec::new()).await? {
        let (id, subject) = (row.text("id")?, row.text("subject")?);
        let key = match key_in(&row.text("owner_key")?) {
            Ok(key) => {
                let owner = Owner { subject: &subject, key };
                data_keys::of_person(w, &owner, row.moment("placed_at")?).await?
            }
            // It holds still; whom it is on is told by nobody.
            Err(why) => {
                skip(w, "legal_holds", &id, why).await?;
                None
            }
        };
        let blind = w.blind_subject(&subject);
        w.execute(
            "UPDATE legal_holds SET subject = $2, data_key = $3 WHERE id = $1",
            values![id, blind, key.map(|key| key.name())],
        )
        .await?;
    }
    Ok(())
}

fn key_in(owner_key: &str) -> Result<Option<KeyId>, StoreError> {
    match owner_key {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| StoreError::Corrupt { what: "owner_key" }),
    }
}

async fn consents(w: &mut Writer) -> Result<(), StoreError> {
    for row in w.rows("SELECT DISTINCT subject FROM consents", Vec::new()).await? {
        let subject = row.text("subject")?;
        let blind = w.blind_subject(&subject);
        w.execute("UPDATE consents SET subject = $2 WHERE subject = $1", values![&subject, blind]).await?;
    }
    Ok(())
}

async fn sessions(w: &mut Writer) -> Result<(), StoreError> {
    for row in w.rows("SELECT id, subject, label, from_ip FROM page_sessions", Vec::new()).await? {
        let (id, subject) = (row.text("id")?, row.text("subject")?);
        let hide = |name: &str, column| w.sealer().hide(name, &place(page_sessions::TABLE, column, &id));
        let (named, from_ip) = (hide(&subject, "named"), hide(&row.text("from_ip")?, "from_ip"));
        let label = match row.masked_or_none(page_sessions::TABLE, "label", &id) {
            Ok(label) => label.map(|label| w.seal(&label, page_sessions::TABLE, "label", &id)),
            Err(why) => {
                skip(w, page_sessions::TABLE, &id, why).await?;
                row.bytes_or_none("label")?
            }
        };
        let blind = w.blind_subject(&subject);
        w.execute(
            "UPDATE page_sessions SET subject = $2, named = $3, from_ip = $4, label = $5 WHERE id = $1",
            values![&id, blind, named, from_ip, label],
        )
        .await?;
    }
    Ok(())
}

/// Notes of rulings are the bank's own words, sealed with the key of the installation; from here on with the new one.
async fn notes(w: &mut Writer) -> Result<(), StoreError> {
    let sql = "SELECT conflict, note FROM rulings WHERE note IS NOT NULL";
    for row in w.rows(sql, Vec::new()).await? {
        let conflict = row.text("conflict")?;
        let note = match row.masked(rulings::TABLE, "note", &conflict) {
            Ok(note) => note,
            Err(why) => {
                skip(w, rulings::TABLE, &conflict, why).await?;
                continue;
            }
        };
        let note = w.seal(&note, rulings::TABLE, "note", &conflict);
        w.execute("UPDATE rulings SET note = $2 WHERE conflict = $1", values![&conflict, note]).await?;
    }
    Ok(())
}

/// Who claimed an idempotency key.
async fn callers(w: &mut Connection) -> Result<(), StoreError> {
    for row in w.rows("SELECT DISTINCT caller FROM idempotency", Vec::new()).await? {
        let caller = row.text("caller")?;
        let pseudonym = w.sealer().pseudonym(&caller);
        w.execute("UPDATE idempotency SET caller = $2 WHERE caller = $1", values![&caller, pseudonym])
            .await?;
    }
    Ok(())
}
