//! The access log: every attempt, with who, from where and the result (A4).

use contactiq_domain::{Timestamp, ids::AccessId};

use crate::{
    Connection, Store, StoreError, Writer, audit,
    row::{Row, place},
    value::{places, values},
};

contactiq_domain::words! {
    /// What came of an attempt.
    AccessResult as "result" {
        /// It was let through.
        Allowed => "allowed",
        /// Nobody knows who that was: no key or token, or a wrong one.
        Unauthenticated => "unauthenticated",
        /// Known, and not permitted.
        Forbidden => "forbidden",
        /// Turned away by a rate limit.
        Limited => "limited",
    }
}

/// One attempt to use the API, the pages or the command line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccessEvent {
    /// Its id.
    pub id: AccessId,
    /// When.
    pub at: Timestamp,
    /// Who: a key's name, a subject, or `anonymous`. Never a key.
    pub actor: String,
    /// From where.
    pub from_ip: String,
    /// The HTTP method, or `cli`.
    pub method: String,
    /// The route as the server declares it (`/v1/interactions/{id}`), so that no id or text gets in;
    /// of the command line the command (`keys revoke`).
    pub route: String,
    /// What was seen or changed: an id, a document as `collection/slug`, `person:` and the keyed hash of a person, `own`
    /// of a person's own data, or `list` with the filter of a list. Never a word that somebody wrote.
    pub target: Option<String>,
    /// What came of it.
    pub result: AccessResult,
    /// The HTTP status.
    pub status: u16,
    /// Why it was refused, in one stable word, where that is known; never a word that somebody sent.
    pub reason: Option<String>,
}

/// Writes an event, and notes it for the audit log (E6).
///
/// # Errors
/// When the database fails or refuses a value.
pub async fn log(w: &mut Writer, event: &AccessEvent) -> Result<(), StoreError> {
    log_all(w, &[event]).await
}

/// The same of several.
///
/// # Errors
/// When the database fails or refuses a value.
pub async fn log_all(w: &mut Writer, events: &[&AccessEvent]) -> Result<(), StoreError> {
    for events in events.chunks(AT_ONCE) {
        insert(w, events).await?;
        audit::note_access(w, events).await?;
    }
    Ok(())
}

pub(crate) const TABLE: &str = "access_events";
/// Events that one statement carries.
const AT_ONCE: usize = 500;
const COLUMNS: usize = 11;

async fn insert(w: &mut Writer, events: &[&AccessEvent]) -> Result<(), StoreError> {
    let mut bound = Vec::with_capacity(events.len() * COLUMNS);
    for event in events {
        let id = event.id.to_string();
        let hide = |name: &str, column| w.sealer().hide(name, &place(TABLE, column, &id));
        let (actor, from_ip) = (hide(&event.actor, "actor"), hide(&event.from_ip, "from_ip"));
        bound.extend(values![
            event.id,
            event.at,
            actor,
            from_ip,
            &event.method,
            &event.route,
            event.target.as_deref(),
            event.result,
            event.status,
            event.reason.as_deref(),
            w.blind(&whose(&event.actor)),
        ]);
    }
    let places = places(w.is_postgres(), events.len(), COLUMNS);
    let sql = format!(
        "INSERT INTO access_events (id, occurred_at, actor, from_ip, method, route, target, result, status, reason, whose)
         VALUES {places} ON CONFLICT (id) DO NOTHING"
    );
    w.execute_built(sql, bound).await?;
    Ok(())
}

/// What is hashed of somebody's name to find their events.
fn whose(actor: &str) -> String {
    format!("actor\0{actor}")
}

/// The events of an actor, and those that have one of these targets; the latest first.
///
/// # Errors
/// When the database fails.
pub async fn of(
    c: &mut Connection,
    actor: Option<&str>,
    targets: &[String],
) -> Result<Vec<AccessEvent>, StoreError> {
    let mut found = Vec::new();
    if let Some(actor) = actor {
        let named = c.blind(&whose(actor));
        let rows = c.rows("SELECT * FROM access_events WHERE whose = $1", values![named]).await?;
        found.extend(rows.iter().map(told).collect::<Result<Vec<_>, _>>()?);
        // An earlier version left nothing to find them by.
        let mut after = String::new();
        loop {
            let sql = "SELECT * FROM access_events WHERE whose IS NULL AND id > $1 ORDER BY id LIMIT $2";
            let rows = c.rows(sql, values![&after, AT_ONCE as i64]).await?;
            let Some(last) = rows.last() else { break };
            after = last.text("id")?;
            for row in &rows {
                found.extend(Some(told(row)?).filter(|event| event.actor == actor));
            }
        }
    }
    for some in targets.chunks(AT_ONCE) {
        let listed = places(c.is_postgres(), 1, some.len());
        let sql = format!("SELECT * FROM access_events WHERE target IN {listed}");
        let bound = some.iter().flat_map(|target| values![target]).collect();
        let rows = c.rows_built(sql, bound, some.len()).await?;
        found.extend(rows.iter().map(told).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
    found.dedup_by_key(|event| event.id);
    Ok(found)
}

/// An event as bytes for a spool: who and from where are sealed in it with the installation's key.
#[must_use]
pub fn to_bytes(store: &Store, event: &AccessEvent) -> Vec<u8> {
    let id = event.id.to_string();
    let hide = |name: &str, column| store.sealer().hide(name, &place(TABLE, column, &id));
    let hidden = AccessEvent {
        actor: hide(&event.actor, "actor"),
        from_ip: hide(&event.from_ip, "from_ip"),
        ..event.clone()
    };
    serde_json::to_vec(&hidden).unwrap_or_default()
}

/// The event that these bytes are; none where they are no event of this installation.
#[must_use]
pub fn from_bytes(store: &Store, bytes: &[u8]) -> Option<AccessEvent> {
    let event: AccessEvent = serde_json::from_slice(bytes).ok()?;
    let id = event.id.to_string();
    let tell = |hidden: &str, column| store.sealer().reveal(hidden, &place(TABLE, column, &id)).ok();
    Some(AccessEvent {
        actor: tell(&event.actor, "actor")?,
        from_ip: tell(&event.from_ip, "from_ip")?,
        ..event
    })
}

/// Whether an event is by or about one of these people: keyed hashes, with the names.
fn is_of(row: &Row, held: &[(String, String)]) -> Result<bool, StoreError> {
    let actor = row.name(TABLE, "actor", &row.text("id")?)?;
    let target = row.text_or_none("target")?.unwrap_or_default();
    let told = |name: &str| target.split(' ').any(|word| word.strip_prefix("person:") == Some(name));
    Ok(held.iter().any(|(person, subject)| actor == *subject || told(person)))
}

/// Old events, the oldest first, behind this place.
async fn old(
    c: &mut Connection,
    before: Timestamp,
    after: &(i64, String),
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    c.rows(
        "SELECT * FROM access_events WHERE occurred_at < $1 AND (occurred_at > $2 OR (occurred_at = $2 AND id > $3))
         ORDER BY occurred_at, id LIMIT $4",
        values![before, after.0, &after.1, limit as i64],
    )
    .await
}

/// Takes out at most `limit` events from before this moment, the oldest first, but those of people who are held.
pub(crate) async fn purge(
    w: &mut Writer,
    before: Timestamp,
    held: &[(String, String)],
    limit: usize,
) -> Result<u64, StoreError> {
    if held.is_empty() {
        return w
            .execute(
                "DELETE FROM access_events WHERE id IN
                     (SELECT id FROM access_events WHERE occurred_at < $1 ORDER BY occurred_at LIMIT $2)",
                values![before, limit as i64],
            )
            .await;
    }
    let mut after = (i64::MIN, String::new());
    loop {
        let rows = old(w, before, &after, limit).await?;
        let Some(last) = rows.last() else { return Ok(0) };
        after = (last.int("occurred_at")?, last.text("id")?);
        let mut ids = Vec::new();
        for row in &rows {
            if !is_of(row, held)? {
                ids.extend(values![row.text("id")?]);
            }
        }
        if !ids.is_empty() {
            let sql =
                format!("DELETE FROM access_events WHERE id IN {}", places(w.is_postgres(), 1, ids.len()));
            return w.execute_built(sql, ids).await;
        }
    }
}

/// How many events [`purge`] would take out.
pub(crate) async fn due(
    c: &mut Connection,
    before: Timestamp,
    held: &[(String, String)],
) -> Result<u64, StoreError> {
    if held.is_empty() {
        let sql = "SELECT COUNT(*) AS found FROM access_events WHERE occurred_at < $1";
        return c.row(sql, values![before]).await?.map_or(Ok(0), |row| row.count("found"));
    }
    let (mut after, mut found) = ((i64::MIN, String::new()), 0);
    loop {
        let rows = old(c, before, &after, AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = (last.int("occurred_at")?, last.text("id")?);
        for row in &rows {
            found += u64::from(!is_of(row, held)?);
        }
    }
}

/// The latest events, latest first.
///
/// # Errors
/// When the database fails.
pub async fn recent(c: &mut Connection, limit: u32) -> Result<Vec<AccessEvent>, StoreError> {
    c.rows("SELECT * FROM access_events ORDER BY occurred_at DESC, id DESC LIMIT $1", values![limit])
        .await?
        .iter()
        .map(told)
        .collect()
}

fn told(row: &Row) -> Result<AccessEvent, StoreError> {
    let id: AccessId = row.parsed("id")?;
    Ok(AccessEvent {
        id,
        at: row.moment("occurred_at")?,
        actor: row.name(TABLE, "actor", &id.to_string())?,
        from_ip: row.name(TABLE, "from_ip", &id.to_string())?,
        method: row.text("method")?,
        route: row.text("route")?,
        target: row.text_or_none("target")?,
        result: row.parsed("result")?,
        status: row.count("status")?,
        reason: row.text_or_none("reason")?,
    })
}
