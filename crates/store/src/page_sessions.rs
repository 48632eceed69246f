//! Sessions of the pages: who is signed in, and until when (A1). Never a token, only its SHA-256.
//!
//! Each row carries a MAC over what decides. One that does not have it, or has another, is damaged: it is no session for
//! anybody, and goes where it is ended.

use std::collections::HashSet;

use contactiq_domain::{Mode, Role, Timestamp, ids::SessionId};
use contactiq_guard::{Masked, seal::Cell};

use crate::{
    Connection, StoreError, Writer,
    authority::SESSIONS,
    row::{Row, place},
    value::values,
};

pub(crate) const TABLE: &str = "page_sessions";

/// A session of a signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSession {
    /// Its id, which opens nothing.
    pub id: SessionId,
    /// SHA-256 of its token, 64 hex digits.
    pub token_hash: String,
    /// Pseudonymous id of the person.
    pub subject: String,
    /// What the bank's directory calls the person. Sealed at rest.
    pub label: Option<Masked>,
    /// What they are.
    pub role: Role,
    /// The one assistant that they may use, if limited.
    pub mode: Option<Mode>,
    /// SHA-256 of the session at the identity provider.
    pub provider_session: Option<String>,
    /// From where they signed in.
    pub from_ip: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
    /// By whom.
    pub ended_by: Option<String>,
}

impl PageSession {
    /// Whether it opens the pages at this moment, where it ends after `idle` seconds without use.
    #[must_use]
    pub fn is_open(&self, now: Timestamp, idle: i64) -> bool {
        self.ended_at.is_none() && now < self.ends_at && now < self.seen_at.plus_seconds(idle)
    }
}

/// Which sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// This one.
    One(SessionId),
    /// The one with this token.
    Token(&'a str),
    /// All of a person.
    Person(&'a str),
    /// Those of a session at the identity provider.
    Provider(&'a str),
}

/// Keeps a session that begins.
///
/// # Errors
/// When the database fails or refuses a value.
pub async fn begin(w: &mut Writer, session: &PageSession) -> Result<(), StoreError> {
    let id = session.id.to_string();
    let label = session.label.as_ref().map(|label| w.seal(label, TABLE, "label", &id));
    let hide = |name: &str, column| w.sealer().hide(name, &place(TABLE, column, &id));
    let subject = w.blind_subject(&session.subject);
    let (named, from_ip) = (hide(&session.subject, "named"), hide(&session.from_ip, "from_ip"));
    // In the order in which they are signed.
    let mut bound = values![
        session.id,
        &session.token_hash,
        subject,
        named,
        session.role,
        session.mode,
        session.provider_session.as_deref(),
        session.created_at,
        session.ends_at,
        session.ended_at,
        session.ended_by.as_deref(),
    ];
    let mac = SESSIONS.mac(w, &bound);
    bound.extend(values![label, from_ip, session.seen_at, mac]);
    w.execute(
        "INSERT INTO page_sessions (id, token_hash, subject, named, role, mode, provider_session, created_at, ends_at,
             ended_at, ended_by, label, from_ip, seen_at, mac)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        bound,
    )
    .await?;
    Ok(())
}

/// The session of a token, also an ended one: ask [`PageSession::is_open`]. None where its row is damaged.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn find(c: &mut Connection, token_hash: &str) -> Result<Option<PageSession>, StoreError> {
    let row = c.row("SELECT * FROM page_sessions WHERE token_hash = $1", values![token_hash]).await?;
    row.filter(|row| SESSIONS.is_sound(c, row)).map(|row| session(&row)).transpose()
}

/// Those whose rows are damaged: they open nothing, and go where they are ended.
///
/// # Errors
/// When the database fails.
pub async fn damaged(c: &mut Connection) -> Result<Vec<String>, StoreError> {
    let rows = c.rows("SELECT * FROM page_sessions ORDER BY created_at, id", values![]).await?;
    rows.iter().filter(|row| !SESSIONS.is_sound(c, row)).map(|row| row.text("id")).collect()
}

/// Those that may still be used, the latest first.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn open(
    c: &mut Connection,
    now: Timestamp,
    idle: i64,
    limit: u32,
) -> Result<Vec<PageSession>, StoreError> {
    let rows = c
        .rows(
            "SELECT * FROM page_sessions WHERE ended_at IS NULL AND ends_at > $1 AND seen_at > $2
             ORDER BY created_at DESC, id DESC LIMIT $3",
            values![now, now.plus_seconds(-idle), limit],
        )
        .await?;
    sound(c, &rows)
}

/// Those of these rows that are sessions.
fn sound(c: &Connection, rows: &[Row]) -> Result<Vec<PageSession>, StoreError> {
    rows.iter().filter(|row| SESSIONS.is_sound(c, row)).map(session).collect()
}

/// All of a person that are still kept, the latest first.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn of(c: &mut Connection, subject: &str) -> Result<Vec<PageSession>, StoreError> {
    let subject = c.blind_subject(subject);
    let rows = c
        .rows(
            "SELECT * FROM page_sessions WHERE subject = $1 ORDER BY created_at DESC, id DESC",
            values![subject],
        )
        .await?;
    sound(c, &rows)
}

/// The latest session of each who signed in since then as one of these roles, the latest first: of so many sessions at
/// most. Whose latest does not open is left out, and keeps nobody else from being told.
///
/// # Errors
/// When the database fails.
pub async fn people(
    c: &mut Connection,
    roles: &[Role],
    since: Timestamp,
    limit: u32,
) -> Result<Vec<PageSession>, StoreError> {
    let rows = c
        .rows(
            "SELECT * FROM page_sessions WHERE created_at >= $1 ORDER BY created_at DESC, id DESC LIMIT $2",
            values![since, limit],
        )
        .await?;
    let mut found: Vec<PageSession> = Vec::new();
    let mut told = HashSet::new();
    for row in &rows {
        // What somebody was before their last sign-in counts no more, also where that does not open or is damaged.
        if !told.insert(row.text("subject")?) || !SESSIONS.is_sound(c, row) {
            continue;
        }
        match session(row) {
            Ok(one) => found.push(one),
            Err(StoreError::Sealed(error)) => {
                let id = row.text("id")?;
                tracing::warn!(%error, id, "a session of the pages does not open: its person can be handed no ticket");
            }
            Err(error) => return Err(error),
        }
    }
    found.retain(|one| roles.contains(&one.role));
    Ok(found)
}

/// Everybody who has a session here, with the beginning of each. A row that does not open names nobody.
///
/// # Errors
/// When the database fails.
pub(crate) async fn everybody(c: &mut Connection) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let rows = c.rows("SELECT id, named, created_at FROM page_sessions", values![]).await?;
    let opened =
        rows.iter().filter_map(|row| row.name(TABLE, "named", &row.text("id").ok()?).ok().zip(Some(row)));
    opened.map(|(named, row)| Ok((named, row.moment("created_at")?))).collect()
}

/// Ends sessions; those that were ended now. One that is damaged goes, and is none of them.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn end(
    w: &mut Writer,
    which: Which<'_>,
    now: Timestamp,
    by: &str,
) -> Result<Vec<PageSession>, StoreError> {
    let (whose, key) = match which {
        Which::One(id) => ("id", id.to_string()),
        Which::Token(hash) => ("token_hash", hash.to_owned()),
        Which::Person(subject) => ("subject", w.blind_subject(subject)),
        Which::Provider(hash) => ("provider_session", hash.to_owned()),
    };
    let held = if w.is_postgres() { " FOR UPDATE" } else { "" };
    let sql =
        format!("SELECT * FROM page_sessions WHERE {whose} = $1 AND ended_at IS NULL ORDER BY id{held}");
    let mut ended = Vec::new();
    for row in w.rows_built(sql, values![key], 1).await? {
        let id = row.text("id")?;
        if !SESSIONS.is_sound(w, &row) {
            w.execute("DELETE FROM page_sessions WHERE id = $1", values![id]).await?;
            continue;
        }
        let sql = "UPDATE page_sessions SET ended_at = $2, ended_by = $3 WHERE id = $1 RETURNING *";
        let changed = w.row(sql, values![id, now, by]).await?;
        let changed = changed.ok_or(StoreError::NotFound { what: "session" })?;
        let set = [("ended_at", Cell::Int(now.micros())), ("ended_by", Cell::Text(by.to_owned()))];
        SESSIONS.keep(w, (&row, &changed), &set).await?;
        ended.push(session(&changed)?);
    }
    Ok(ended)
}

/// Takes a damaged session away, also one that was ended; whether it was one.
///
/// # Errors
/// When the database fails.
pub async fn remove_damaged(w: &mut Writer, id: SessionId) -> Result<bool, StoreError> {
    let Some(row) = w.row("SELECT * FROM page_sessions WHERE id = $1", values![id]).await? else {
        return Ok(false);
    };
    if SESSIONS.is_sound(w, &row) {
        return Ok(false);
    }
    Ok(w.execute("DELETE FROM page_sessions WHERE id = $1", values![id]).await? > 0)
}

/// Notes that a session is in use. Call it at most once a minute and session: it is a write.
///
/// # Errors
/// When the database fails.
pub async fn touch(w: &mut Writer, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    w.execute(
        "UPDATE page_sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2",
        values![id, now],
    )
    .await?;
    Ok(())
}

/// Forgets all sessions of a person who was erased, with what the directory called them and from where they came. Whoever
/// comes with the token of one is nobody.
///
/// # Errors
/// When the database fails.
pub(crate) async fn forget_person(w: &mut Writer, subject: &str) -> Result<(), StoreError> {
    let subject = w.blind_subject(subject);
    w.execute("DELETE FROM page_sessions WHERE subject = $1", values![subject]).await?;
    Ok(())
}

/// Forgets sessions whose time was over before this moment; how many. Those of people on whom a hold is stay: access events
/// that name one are found by it.
///
/// # Errors
/// When the database fails.
pub async fn forget(w: &mut Writer, before: Timestamp) -> Result<u64, StoreError> {
    w.execute(
        "DELETE FROM page_sessions WHERE ends_at < $1 AND NOT EXISTS (SELECT 1 FROM legal_holds
             WHERE legal_holds.subject = page_sessions.subject AND legal_holds.owner_key = ''
                 AND legal_holds.lifted_at IS NULL)",
        values![before],
    )
    .await
}

fn session(row: &Row) -> Result<PageSession, StoreError> {
    let id: SessionId = row.parsed("id")?;
    Ok(PageSession {
        id,
        token_hash: row.text("token_hash")?,
        subject: row.name(TABLE, "named", &id.to_string())?,
        label: row.masked_or_none(TABLE, "label", &id.to_string())?,
        role: row.parsed("role")?,
        mode: row.parsed_or_none("mode")?,
        provider_session: row.text_or_none("provider_session")?,
        from_ip: row.name(TABLE, "from_ip", &id.to_string())?,
        created_at: row.moment("created_at")?,
        seen_at: row.moment("seen_at")?,
        ends_at: row.moment("ends_at")?,
        ended_at: row.moment_or_none("ended_at")?,
        ended_by: row.text_or_none("ended_by")?,
    })
}
