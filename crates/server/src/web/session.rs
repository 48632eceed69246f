//! Sessions of the pages: a cookie in the browser, its hash in the database, so that every replica knows it and a
//! restart does not end it. A session begins by the one-time link that the start prints, or by the bank's identity
//! provider.
//!
//! What was read of a session is trusted for two seconds: an ended one is refused by every replica within five (A1).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contactiq_domain::{Mode, Role, Timestamp, ids::SessionId};
use contactiq_guard::{Masked, Published};
pub use contactiq_store::access::LOCAL_ADMIN;
use contactiq_store::{
    Store, StoreError,
    page_sessions::{self, PageSession, Which},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{config::Config, guard::tokens::Person, wiring};

/// Who ends an own session: a name would stand beside the keyed hash of the person.
pub(super) const ONESELF: &str = "oneself";
/// The cookie's name.
const COOKIE: &str = "contactiq_session";
/// Its name where it is Secure: a browser takes one so called from this host alone.
const HOST_COOKIE: &str = "__Host-contactiq_session";
/// So long what was read of a session is trusted.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// So long without the database: then nobody knows any more whose session was ended.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Sessions and made-up tokens that are remembered.
const MOST: usize = 10_000;
/// So long the link that the start prints signs somebody in: it stands in terminals and in the logs of services.
const CODE_LASTS: Duration = Duration::from_secs(3600);
/// Use is kept to within so many seconds.
const USE_WITHIN: i64 = 60;
/// Sessions shown to administrators.
const LISTED: u32 = 500;

/// Who begins a session.
#[derive(Debug, Clone, Copy)]
pub struct Begins<'a> {
    /// The person.
    pub person: &'a Person,
    /// From where.
    pub ip: &'a str,
    /// The session that the browser had before, which ends: a token from before a sign-in is none after it.
    pub before: Option<&'a str>,
}

/// Sessions, and the codes that begin one on this machine.
pub struct Sessions {
    known: Mutex<HashMap<String, Known>>,
    codes: Mutex<Vec<(String, Instant)>>,
    key: Zeroizing<[u8; 32]>,
    idle: i64,
    lasts: i64,
    secure: bool,
}

#[derive(Clone)]
struct Known {
    session: Option<PageSession>,
    read: Instant,
    /// When the database was last asked in vain: it is not asked at every request.
    tried: Instant,
}

/// What is known of a token.
enum Look {
    Known(Option<Box<PageSession>>),
    Ask(Option<Box<PageSession>>),
}

impl Sessions {
    /// Sessions of this configuration. The key is for the tokens of forms.
    #[must_use]
    pub fn new(config: &Config, key: impl Into<Zeroizing<[u8; 32]>>) -> Sessions {
        let whole = |value: u64| i64::try_from(value).unwrap_or(0);
        Sessions {
            known: Mutex::default(),
            codes: Mutex::default(),
            key: key.into(),
            idle: whole(config.identity.session_idle_minutes * 60),
            lasts: whole(config.identity.session_hours * 3600),
            secure: config.server.is_https(),
        }
    }

    /// A new one-time code, good for an hour.
    #[must_use]
    pub fn new_code(&self) -> String {
        let code = wiring::random_text::<18>();
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).push((code.clone(), Instant::now()));
        code
    }

    /// Uses a code up. Whether it was one.
    #[must_use]
    pub fn take_code(&self, code: &str) -> bool {
        self.take_code_at(code, Instant::now())
    }

    fn take_code_at(&self, code: &str, now: Instant) -> bool {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|(_, made)| now.saturating_duration_since(*made) < CODE_LASTS);
        let position = codes.iter().position(|(known, _)| same(known, code));
        position.map(|at| codes.swap_remove(at)).is_some()
    }

    /// Begins a session; the token for the cookie.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(
        &self,
        store: &Store,
        id: SessionId,
        begins: Begins<'_>,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let token = wiring::random_text::<32>();
        let person = begins.person;
        let session = PageSession {
            id,
            token_hash: hash(&token),
            subject: person.subject.clone(),
            // A directory's name of a member of staff is the bank's own word.
            label: person.label.as_deref().map(|label| Masked::from_published(&Published::by_bank(label))),
            role: person.role,
            mode: person.mode,
            provider_session: person.provider_session.clone(),
            from_ip: begins.ip.to_owned(),
            created_at: now,
            seen_at: now,
            ends_at: now.plus_seconds(self.lasts),
            ended_at: None,
            ended_by: None,
        };
        let before = begins.before.map(hash);
        let mut w = store.write().await?;
        if let Some(before) = &before {
            page_sessions::end(&mut w, Which::Token(before), now, ONESELF).await?;
        }
        page_sessions::begin(&mut w, &session).await?;
        w.save().await?;
        let mut known = self.lock();
        if let Some(before) = &before {
            known.remove(before);
        }
        remember(&mut known, session.token_hash.clone(), Some(session));
        Ok(token)
    }

    /// The session of a token, and whether its use is to be kept: once a minute.
    ///
    /// # Errors
    /// When the database is away and the token is not known.
    pub async fn get(
        &self,
        store: &Store,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(PageSession, bool)>, StoreError> {
        let hash = hash(token);
        let session = match self.look(&hash) {
            Look::Known(session) => session.map(|session| *session),
            Look::Ask(before) => {
                let read = async { page_sessions::find(&mut *store.read().await?, &hash).await };
                match (read.await, before) {
                    (Ok(session), before) => {
                        // Another process may not have kept yet that it was used here.
                        let seen = before.map(|before| before.seen_at);
                        let session = session.map(|mut session| {
                            session.seen_at = seen.map_or(session.seen_at, |seen| seen.max(session.seen_at));
                            session
                        });
                        remember(&mut self.lock(), hash.clone(), session.clone());
                        session
                    }
                    (Err(StoreError::Unavailable { .. }), Some(before)) => {
                        if let Some(known) = self.lock().get_mut(&hash) {
                            known.tried = Instant::now();
                        }
                        Some(*before)
                    }
                    (Err(error), _) => return Err(error),
                }
            }
        };
        let Some(mut session) = session.filter(|session| session.is_open(now, self.idle)) else {
            return Ok(None);
        };
        let keep = session.seen_at.plus_seconds(USE_WITHIN) <= now;
        if keep {
            session.seen_at = now;
            if let Some(Known { session: Some(known), .. }) = self.lock().get_mut(&hash) {
                known.seen_at = now;
            }
        }
        Ok(Some((session, keep)))
    }

    /// Whether this token was found to be one, here and lately, without asking anybody.
    #[must_use]
    pub fn has(&self, token: &str) -> bool {
        self.lock().get(&hash(token)).is_some_and(|known| known.session.is_some())
    }

    /// Ends sessions; those that were ended now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(
        &self,
        store: &Store,
        which: Which<'_>,
        now: Timestamp,
        by: &str,
    ) -> Result<Vec<PageSession>, StoreError> {
        let mut w = store.write().await?;
        let ended = page_sessions::end(&mut w, which, now, by).await?;
        w.save().await?;
        let mut known = self.lock();
        for session in &ended {
            remember(&mut known, session.token_hash.clone(), Some(session.clone()));
        }
        Ok(ended)
    }

    /// Takes away a session that was not written here; whether it was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_damaged(&self, store: &Store, id: SessionId) -> Result<bool, StoreError> {
        let mut w = store.write().await?;
        let removed = page_sessions::remove_damaged(&mut w, id).await?;
        w.save().await?;
        Ok(removed)
    }

    /// Who is signed in, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, store: &Store, now: Timestamp) -> Result<Vec<PageSession>, StoreError> {
        page_sessions::open(&mut *store.read().await?, now, self.idle, LISTED).await
    }

    fn look(&self, hash: &str) -> Look {
        let known = self.lock();
        match known.get(hash) {
            Some(Known { read, .. }) if read.elapsed() >= KEPT_FOR => Look::Ask(None),
            Some(Known { session, tried, .. }) if tried.elapsed() < FRESH_FOR => {
                Look::Known(session.clone().map(Box::new))
            }
            Some(Known { session, .. }) => Look::Ask(session.clone().map(Box::new)),
            None => Look::Ask(None),
        }
    }

    /// What the forms and scripts of a session send back: made from its token, and so kept nowhere.
    #[must_use]
    pub fn csrf(&self, token: &str) -> String {
        URL_SAFE_NO_PAD.encode(wiring::mac(&*self.key, &[b"csrf\0", token.as_bytes()]))
    }

    /// The session token in a request's cookies.
    #[must_use]
    pub fn cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        // Where cookies are Secure, one without the prefix may be another host's.
        cookie(headers, if self.secure { HOST_COOKIE } else { COOKIE })
    }

    /// The `Set-Cookie` value that keeps a token, or with `""` forgets it.
    #[must_use]
    pub fn set_cookie(&self, token: &str) -> String {
        let age = if token.is_empty() { 0 } else { self.lasts };
        let (name, secure) = if self.secure { (HOST_COOKIE, "; Secure") } else { (COOKIE, "") };
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age={age}")
    }

    /// Whether browsers are to keep cookies from plain HTTP.
    #[must_use]
    pub fn are_secure(&self) -> bool {
        self.secure
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(known: &mut HashMap<String, Known>, hash: String, session: Option<PageSession>) {
    if known.len() >= MOST && !known.contains_key(&hash) {
        known.retain(|_, known| known.session.is_some() && known.read.elapsed() < KEPT_FOR);
        if known.len() >= MOST {
            known.clear();
        }
    }
    let now = Instant::now();
    known.insert(hash, Known { session, read: now, tried: now });
}

/// The person of the local session.
#[must_use]
pub fn local_admin() -> Person {
    Person {
        subject: LOCAL_ADMIN.to_owned(),
        label: None,
        role: Role::Admin,
        mode: None::<Mode>,
        provider_session: None,
    }
}

fn hash(token: &str) -> String {
    wiring::sha256_hex(token.as_bytes())
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Compares in a time that tells nothing.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn sessions(public_url: &str) -> Sessions {
        let env = HashMap::from([("CONTACTIQ_PUBLIC_URL".to_owned(), public_url.to_owned())]);
        Sessions::new(&crate::config::load_from(None, &env).unwrap(), [7; 32])
    }

    #[test]
    fn a_code_works_once() {
        let sessions = sessions("");
        let code = sessions.new_code();
        assert!(!sessions.take_code("wrong"));
        assert!(sessions.take_code(&code) && !sessions.take_code(&code));
    }

    #[test]
    fn a_code_is_good_for_an_hour() {
        let sessions = sessions("");
        let (code, other) = (sessions.new_code(), sessions.new_code());
        let now = Instant::now();
        assert!(sessions.take_code_at(&code, now + CODE_LASTS - Duration::from_secs(60)));
        assert!(!sessions.take_code_at(&other, now + CODE_LASTS + Duration::from_secs(1)));
    }

    #[test]
    fn a_secure_cookie_is_taken_by_its_prefixed_name_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=1; contactiq_session=tok; b=2".parse().unwrap());
        assert_eq!(sessions("").cookie(&headers), Some("tok"));
        let secure = sessions("https://assistant.bank.example");
        assert_eq!(secure.cookie(&headers), None, "another host of the domain may have set it");
        headers.insert(header::COOKIE, "__Host-contactiq_session=tok".parse().unwrap());
        assert_eq!(secure.cookie(&headers), Some("tok"));
        assert!(
            secure
                .set_cookie("t")
                .starts_with("__Host-contactiq_session=t; Path=/; HttpOnly; SameSite=Strict; Secure;")
        );
        assert!(!sessions("http://localhost:1").set_cookie("t").contains("Secure"));
    }

    #[test]
    fn the_token_of_a_form_is_of_its_session() {
        let sessions = sessions("");
        assert_eq!(sessions.csrf("a"), sessions.csrf("a"));
        assert_ne!(sessions.csrf("a"), sessions.csrf("b"));
    }

    #[test]
    fn made_up_tokens_do_not_fill_the_memory() {
        let sessions = sessions("");
        for n in 0..MOST * 2 {
            remember(&mut sessions.lock(), n.to_string(), None);
        }
        assert!(sessions.lock().len() <= MOST);
    }
}
