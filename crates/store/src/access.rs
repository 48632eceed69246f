//! The access log: every attempt, with who, from where and the result (A4).

use contactiq_domain::{Timestamp, ids::AccessId};

use crate::{
    Connection, Store, StoreError, Writer, audit,
    row::place,
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
    /// What was changed, where that is one thing: an id, or a document as `collection/slug`. Of requests only those
    /// that change what a reviewer decided, a key or a session have one.
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
const COLUMNS: usize = 10;

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
        ]);
    }
    let places = places(w.is_postgres(), events.len(), COLUMNS);
    let sql = format!(
        "INSERT INTO access_events (id, occurred_at, actor, from_ip, method, route, target, result, status, reason)
         VALUES {places} ON CONFLICT (id) DO NOTHING"
    );
    w.execute_built(sql, bound).await?;
    Ok(())
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

/// The latest events, latest first.
///
/// # Errors
/// When the database fails.
pub async fn recent(c: &mut Connection, limit: u32) -> Result<Vec<AccessEvent>, StoreError> {
    c.rows("SELECT * FROM access_events ORDER BY occurred_at DESC, id DESC LIMIT $1", values![limit])
        .await?
        .iter()
        .map(|row| {
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
        })
        .collect()
}
