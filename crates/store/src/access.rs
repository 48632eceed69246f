//! The access log: every attempt, with who, from where and the result (A4).

mod forgotten;
mod kept;
mod names;

use std::{cmp::Reverse, collections::BTreeSet};

use contactiq_domain::{Timestamp, ids::AccessId};

use crate::{
    Connection, Store, StoreError, Writer, audit,
    row::{Row, place},
    value::{places, values},
};

pub(crate) use forgotten::{forget, hash_those_of_before, sweep};
pub(crate) use kept::{Behind, due, purge, traces_of};
pub use names::{LOCAL_ADMIN, actors, fingerprint, of_session, of_site, subject_of_site};

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

/// Events that were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that can be read, the latest first.
    pub events: Vec<AccessEvent>,
    /// How many can't be: damaged rows. One that nothing but its actor would tell apart counts for everybody.
    pub unreadable: u64,
}

/// The events of an actor under all these names, and those that have one of these targets.
///
/// # Errors
/// When the database fails.
pub async fn of(c: &mut Connection, actors: &[String], targets: &[String]) -> Result<Found, StoreError> {
    let (mut events, mut damaged) = (Vec::new(), BTreeSet::new());
    let mut take = |row: &Row, wanted: &dyn Fn(&AccessEvent) -> bool| {
        match told(row) {
            Ok(event) if wanted(&event) => events.push(event),
            Ok(_) => {}
            Err(_) => {
                damaged.insert(row.text("id")?);
            }
        }
        Ok::<(), StoreError>(())
    };
    for actor in actors {
        let named = c.blind(&whose(actor));
        for row in &c.rows("SELECT * FROM access_events WHERE whose = $1", values![named]).await? {
            take(row, &|_| true)?;
        }
    }
    if !actors.is_empty() {
        // An earlier version left nothing to find them by.
        let mut after = String::new();
        loop {
            let sql = "SELECT * FROM access_events WHERE whose IS NULL AND id > $1 ORDER BY id LIMIT $2";
            let rows = c.rows(sql, values![&after, AT_ONCE as i64]).await?;
            let Some(last) = rows.last() else { break };
            after = last.text("id")?;
            for row in &rows {
                take(row, &|event| actors.contains(&event.actor))?;
            }
        }
    }
    for some in targets.chunks(AT_ONCE) {
        let listed = places(c.is_postgres(), 1, some.len());
        let sql = format!("SELECT * FROM access_events WHERE target IN {listed}");
        let bound = some.iter().flat_map(|target| values![target]).collect();
        for row in &c.rows_built(sql, bound, some.len()).await? {
            take(row, &|_| true)?;
        }
    }
    events.sort_by_key(|event| Reverse((event.at, event.id)));
    events.dedup_by_key(|event| event.id);
    Ok(Found { events, unreadable: damaged.len() as u64 })
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
        .map(told)
        .collect()
}

fn told(row: &Row) -> Result<AccessEvent, StoreError> {
    let id: AccessId = row.parsed("id")?;
    Ok(AccessEvent {
        id,
        at: row.moment("occurred_at")?,
        actor: name(row, "actor", id)?,
        from_ip: name(row, "from_ip", id)?,
        method: row.text("method")?,
        route: row.text("route")?,
        target: row.text_or_none("target")?,
        result: row.parsed("result")?,
        status: row.count("status")?,
        reason: row.text_or_none("reason")?,
    })
}

/// Who or from where; of whom was forgotten, that somebody was.
fn name(row: &Row, column: &'static str, id: AccessId) -> Result<String, StoreError> {
    if row.text(column)?.is_empty() {
        Ok(ERASED.to_owned())
    } else {
        row.name(TABLE, column, &id.to_string())
    }
}

/// What is read where the name of whom was forgotten stood.
pub const ERASED: &str = "erased";
