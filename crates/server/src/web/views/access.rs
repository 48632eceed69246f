//! Who has access: API keys and who is signed in, `/access`.

use contactiq_domain::{Mode, Permission, Role, Timestamp};
use contactiq_store::{keys::ApiKey, page_sessions::PageSession};

use super::{layout::Layout, wording};

/// The page.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "access.html")]
pub struct AccessView {
    /// The frame.
    pub layout: Layout,
    /// The oldest first; revoked ones too.
    pub keys: Vec<KeyItem>,
    /// Who is signed in, the latest first.
    pub sessions: Vec<SessionItem>,
    /// A key that was just made, with its name: shown this once.
    pub made: Option<(String, String)>,
    /// What was just done.
    pub notice: Option<&'static str>,
    /// What was wrong with the form.
    pub problem: Option<String>,
}

/// One key.
#[derive(Debug, Clone)]
pub struct KeyItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// What its bearer is.
    pub role: Role,
    /// The one assistant, or `both`.
    pub mode: &'static str,
    /// What is left to it of its role, in words; nothing where all of it is.
    pub scopes: String,
    /// Until when the secret before goes on, in words, if it does.
    pub before_ends: Option<String>,
    /// Its rate in words.
    pub rate: String,
    /// `active`, `expired`, `revoked` or `damaged`.
    pub state: &'static str,
    /// When it was made, in words.
    pub made: String,
    /// When it ends, in words.
    pub expires: String,
    /// When it was last used, in words.
    pub used: String,
}

impl KeyItem {
    /// From the store.
    #[must_use]
    pub fn of(key: &ApiKey, state: &'static str, now: Timestamp) -> Self {
        let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), wording::moment);
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            role: key.role,
            mode: key.mode.map_or("both", Mode::as_str),
            scopes: key.scopes.as_deref().map(words).unwrap_or_default(),
            before_ends: key.overlaps_until(now).map(wording::moment),
            rate: key
                .rate_per_minute
                .map_or_else(|| "by session".to_owned(), |rate| format!("{rate} a minute")),
            state,
            made: wording::moment(key.created_at),
            expires: when(key.expires_at),
            used: when(key.last_used_at),
        }
    }

    fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// Whether it can be revoked: one that is damaged is then out of the way.
    fn is_revocable(&self) -> bool {
        self.is_active() || self.state == crate::api::keys::DAMAGED
    }
}

/// Scopes as they are listed.
fn words(scopes: &[Permission]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

/// One browser that is signed in.
#[derive(Debug, Clone)]
pub struct SessionItem {
    /// Its id.
    pub id: String,
    /// The person, as the directory calls them.
    pub who: String,
    /// The person, as logs call them.
    pub subject: String,
    /// What they are.
    pub role: Role,
    /// From where.
    pub from: String,
    /// Since when, in words.
    pub since: String,
    /// When they were last here, in words.
    pub seen: String,
    /// When it ends in any case, in words.
    pub ends: String,
}

impl SessionItem {
    /// From the store.
    #[must_use]
    pub fn of(session: &PageSession) -> Self {
        let label = session.label.as_ref().map(|label| label.as_str().to_owned());
        Self {
            id: session.id.to_string(),
            who: label.unwrap_or_else(|| session.subject.clone()),
            subject: session.subject.clone(),
            role: session.role,
            from: session.from_ip.clone(),
            since: wording::moment(session.created_at),
            seen: wording::moment(session.seen_at),
            ends: wording::moment(session.ends_at),
        }
    }
}

impl AccessView {
    fn roles(&self) -> &'static [Role] {
        Role::ALL
    }

    fn modes(&self) -> &'static [Mode] {
        Mode::ALL
    }
}
