//! Who calls, and what they may: authority is an extractor type in a handler's arguments (A1, A2).

use std::{borrow::Cow, marker::PhantomData, ops::Deref};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, Method, header, request::Parts},
};
use contactiq_domain::{Mode, Permission, Role, Timestamp, ids::KeyId};
use contactiq_store::{StoreError, Writer, conversations::Owner, keys::ApiKey};

use super::{
    Numbered,
    access::Noted,
    asks, guesses,
    refusal::Refusal,
    tokens::{self, mark_of},
};
use crate::{api::error::ApiError, app::App, web::session, wiring};

/// Nobody makes keys longer than this; longer headers are refused unread.
const LONGEST_KEY: usize = 256;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the caller is.
    pub role: Role,
    /// The only mode that the caller may ask in, if limited.
    pub mode: Option<Mode>,
    /// What is left to it of its role, where its key is narrowed.
    pub scopes: Option<Vec<Permission>>,
    /// A rate of its own.
    pub rate_per_minute: Option<u32>,
    /// The API key that answers for what is asked; none for a person who signed in.
    pub key: Option<KeyId>,
    /// What logs call it: the key's name, `local-admin`, or a person's fingerprint. Never a key or a subject.
    pub name: String,
    /// The person, where a token or a session says who it is.
    pub subject: Option<String>,
    /// The sitting, where a token is of one.
    pub session: Option<String>,
    /// What the bank's directory calls a member of staff.
    pub label: Option<String>,
    /// The token that the pages' forms carry.
    pub csrf: Option<String>,
}

impl Caller {
    /// Whether it may see what belongs to this assistant: a key for one reads nothing of the other.
    #[must_use]
    pub fn sees(&self, mode: Mode) -> bool {
        self.mode.is_none_or(|own| own == mode)
    }

    /// Whether role, scopes and mode limit allow it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        let mode_forbids = matches!(
            (self.mode, permission),
            (Some(Mode::Customer), Permission::AskAsBanker | Permission::ReadBankerKnowledge)
                | (Some(Mode::Banker), Permission::AskAsCustomer)
                // What is kept of people is of both assistants.
                | (Some(_), Permission::ManagePrivacy)
        );
        let is_left = self.scopes.as_ref().is_none_or(|left| left.contains(&permission));
        !mode_forbids && is_left && self.role.allows(permission)
    }

    /// Refuses what is not allowed.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`].
    pub fn must(&self, permission: Permission) -> Result<(), ApiError> {
        if self.may(permission) { Ok(()) } else { Err(ApiError::Forbidden) }
    }

    /// The subject when the caller speaks for itself.
    #[must_use]
    pub fn own_subject(&self) -> String {
        match (&self.subject, self.key) {
            (Some(subject), _) => subject.clone(),
            (None, Some(key)) => key.subject(),
            (None, None) => session::LOCAL_ADMIN.to_owned(),
        }
    }

    /// Who it is among all callers: a back end may call its customers what it likes, also like another's.
    #[must_use]
    pub fn identity(&self) -> String {
        match (&self.subject, self.key) {
            (Some(subject), Some(key)) => format!("{}/{subject}", key.subject()),
            _ => self.own_subject(),
        }
    }

    /// How it signs what people read: a person as the directory calls them.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Whose conversations these are when the caller acts as `subject`.
    #[must_use]
    pub fn owner<'a>(&self, subject: &'a str) -> Owner<'a> {
        Owner { subject, key: self.key }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(known) = parts.extensions.get::<Caller>() {
            return Ok(known.clone());
        }
        let asked = Asked::of(parts);
        let caller = match bearer(&parts.headers) {
            Some(token) if tokens::is_token(token) => by_token(app, token, &parts.headers).await,
            Some(key) => by_key(app, key, &asked).await,
            None => by_session(app, parts, &asked).await,
        };
        let caller = match caller {
            Err(ApiError::Refused(why)) => Err(asked.refused(app, why, bearer(&parts.headers)).await),
            known => known,
        };
        match &caller {
            Ok(caller) => asked.noted.set(caller.name.clone()),
            Err(ApiError::Refused(why)) => asked.noted.set_reason(why.as_str()),
            Err(_) => {}
        }
        let caller = caller?;
        asked.take_place(app, &caller).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// What is asked for, as far as it says how dear a request is.
struct Asked {
    noted: Noted,
    numbered: Option<Numbered>,
    /// Whether it is a route of the API.
    is_api: bool,
    /// Whether it asks a question, which takes a place under limits of its own.
    is_question: bool,
}

impl Asked {
    fn of(parts: &Parts) -> Asked {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Asked {
            noted: parts.extensions.get::<Noted>().cloned().unwrap_or_default(),
            numbered: parts.extensions.get::<Numbered>().cloned(),
            is_api: route.starts_with("/v1/"),
            is_question: parts.method == Method::POST && asks(route),
        }
    }

    /// What whoever is not known is told: why, or after too many failures to wait.
    async fn refused(&self, app: &App, why: Refusal, sent: Option<&str>) -> ApiError {
        // A page of whoever is not signed in leads to the sign-in; one that is opened with a key or token does not.
        let leads_on = !self.is_api && sent.is_none();
        let is_heard = why.is_forbidden() || why == Refusal::Away || leads_on;
        match &self.numbered {
            Some(Numbered { ip, .. }) if !is_heard => {
                self.noted.set_counted();
                match guesses::failed(app, *ip, why, sent).await {
                    Some(wait) => self.unheard(wait),
                    None => why.into(),
                }
            }
            _ => why.into(),
        }
    }

    /// Whether too many failures came from where it came from, so that the database is not asked for its sake.
    async fn waits(&self, app: &App) -> Option<ApiError> {
        let numbered = self.numbered.as_ref()?;
        guesses::waits(app, numbered.ip).await.map(|wait| self.unheard(wait))
    }

    fn unheard(&self, retry_after: u64) -> ApiError {
        self.noted.set_unheard();
        ApiError::TooMany { retry_after }
    }

    /// Whatever is no question takes a place among the caller's requests: the guard as a service, sessions, lists and
    /// knowledge cost too (A3). Here, so that no route can be without it.
    async fn take_place(&self, app: &App, caller: &Caller) -> Result<(), ApiError> {
        // Pages are for people who signed in; whoever opens them with a key or a token has the limits of those.
        let is_limited = (self.is_api || caller.key.is_some()) && !self.is_question;
        let Some(numbered) = self.numbered.as_ref().filter(|_| is_limited) else {
            return Ok(());
        };
        take_request(app, caller, numbered).await
    }
}

/// Takes a place among the caller's requests, and leaves for the answer's headers what is left of them.
///
/// # Errors
/// [`ApiError::TooMany`] where there is none.
pub(crate) async fn take_request(app: &App, caller: &Caller, numbered: &Numbered) -> Result<(), ApiError> {
    let most = app.config.limits.requests_per_minute.max(caller.rate_per_minute.unwrap_or(0));
    let told = app.limits.take_request(caller.identity(), most).await;
    let wait = told.wait();
    // A request takes one place.
    let _ = numbered.limits.set(told);
    wait.map_or(Ok(()), |retry_after| Err(ApiError::TooMany { retry_after }))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// What a caller asks with: the secret of its key, which is kept nowhere; who it is, where it has a token or a session,
/// which are others after a while.
#[must_use]
pub fn secret<'a>(caller: &Caller, headers: &'a HeaderMap) -> Cow<'a, str> {
    match bearer(headers) {
        Some(key) if !tokens::is_token(key) => Cow::Borrowed(key),
        _ => Cow::Owned(caller.identity()),
    }
}

async fn by_key(app: &App, key: &str, asked: &Asked) -> Result<Caller, ApiError> {
    if key.len() > LONGEST_KEY {
        return Err(Refusal::KeyUnknown.into());
    }
    // Keys are random and long: a plain hash gives nothing away and costs nothing.
    let hash = wiring::sha256_hex(key.as_bytes());
    let now = app.house.clock.now();
    if !app.keys.has(&hash)
        && let Some(unheard) = asked.waits(app).await
    {
        return Err(unheard);
    }
    let known = app.keys.find(&app.house.store, &hash).await?;
    let active = active(known, now)?;
    if !active.opens_with(&hash, now) {
        // The secret before the last rotation, and its time is over.
        return Err(Refusal::KeyExpired.into());
    }
    if app.keys.is_first_use(&active, now) {
        note_use(app, active.id);
    }
    Ok(Caller {
        role: active.role,
        mode: active.mode,
        scopes: active.scopes,
        rate_per_minute: active.rate_per_minute,
        key: Some(active.id),
        name: active.name,
        subject: None,
        session: None,
        label: None,
        csrf: None,
    })
}

fn active(key: Option<ApiKey>, now: Timestamp) -> Result<ApiKey, Refusal> {
    match key {
        None => Err(Refusal::KeyUnknown),
        Some(key) if key.revoked_at.is_some() => Err(Refusal::KeyRevoked),
        Some(key) if !key.is_active(now) => Err(Refusal::KeyExpired),
        Some(key) => Ok(key),
    }
}

/// A token is validated at every request, and so is the key that answers for it.
async fn by_token(app: &App, token: &str, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or(""));
    let bearer = app.tokens.read(token, origin).await?;
    let mut scopes = None;
    if let Some(key) = bearer.key {
        let (known, now) = (app.keys.find_by_id(&app.house.store, key).await?, app.house.clock.now());
        let answers = active(known, now)?;
        let is_of = |mark: &String| answers.secrets(now).any(|hash| mark_of(hash) == *mark);
        if !bearer.secret.as_ref().is_none_or(is_of) {
            // It was rotated, and what the secret before signed ended with it.
            return Err(Refusal::KeyExpired.into());
        }
        // A key gives no session more than it has.
        scopes = answers.scopes;
    }
    Ok(Caller {
        role: bearer.role,
        mode: bearer.mode,
        scopes,
        rate_per_minute: None,
        key: bearer.key,
        name: bearer.name,
        subject: Some(bearer.subject),
        session: bearer.session,
        label: None,
        csrf: None,
    })
}

/// Keeps when something was last used, to within a minute.
fn keep_use<F>(app: &App, keep: impl FnOnce(Writer, Timestamp) -> F + Send + 'static)
where
    F: Future<Output = Result<(), StoreError>> + Send,
{
    let work = app.clone();
    app.tasks.spawn(async move {
        let now = work.house.clock.now();
        let kept = async { keep(work.house.store.write().await?, now).await };
        if let Err(error) = kept.await {
            tracing::warn!(error = %error, "the last use of a key or session was not kept");
        }
    });
}

fn note_use(app: &App, key: KeyId) {
    keep_use(app, move |mut w, now| async move {
        contactiq_store::keys::touch(&mut w, key, now).await?;
        w.save().await
    });
}

async fn by_session(app: &App, parts: &Parts, asked: &Asked) -> Result<Caller, ApiError> {
    let headers = &parts.headers;
    let token = app.sessions.cookie(headers).ok_or(Refusal::Nothing)?;
    // A page with an old cookie leads to the sign-in, whoever guesses behind the same address.
    if asked.is_api
        && !app.sessions.has(token)
        && let Some(unheard) = asked.waits(app).await
    {
        return Err(unheard);
    }
    let found = app.sessions.get(&app.house.store, token, app.house.clock.now()).await?;
    let (session, keep) = found.ok_or(Refusal::Session)?;
    let csrf = app.sessions.csrf(token);
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    // A form of a page carries its token in the body, which its handler checks; everything else in a header. The API has
    // no forms: there a content type, which any page may choose, is no way around it.
    let is_form = !parts.uri.path().starts_with("/v1/")
        && headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|v| v.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !reads && !is_form {
        let sent = headers.get("x-csrf-token").and_then(|v| v.to_str().ok()).unwrap_or("");
        if !session::same(sent, &csrf) {
            return Err(ApiError::Csrf);
        }
    }
    if keep {
        let id = session.id;
        keep_use(app, move |mut w, now| async move {
            contactiq_store::page_sessions::touch(&mut w, id, now).await?;
            w.save().await
        });
    }
    Ok(Caller {
        role: session.role,
        mode: session.mode,
        scopes: None,
        rate_per_minute: None,
        key: None,
        name: session.subject.clone(),
        subject: Some(session.subject),
        session: None,
        label: session.label.map(|label| label.as_str().to_owned()),
        csrf: Some(csrf),
    })
}

/// A permission as a type, so that a handler names it in its arguments.
pub trait Needs: Send + Sync {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Needs for $name { const PERMISSION: Permission = Permission::$name; }
    )+};
}

needs! {
    /// See the dashboard.
    ReadReports,
    /// Read tickets.
    ReadTickets,
    /// Hand a ticket to somebody else.
    HandOverTickets,
    /// Read interactions of others.
    ReadAllInteractions,
    /// Say whether an answer was helpful.
    GiveFeedback,
    /// See what stood where personal data was masked.
    Unmask,
    /// Use the guard as a service.
    ScanText,
    /// Read and judge what the guard refused, flagged or kept back.
    ReviewGuard,
    /// See how the ledger stands, replay and drop dead letters.
    OperateLedger,
    /// Read, export and verify the audit log.
    ReadAudit,
    /// Read the customer collection; staff roles read their own beside it.
    ReadCustomerKnowledge,
    /// Name subject and session.
    ActForSubject,
    /// Make and revoke API keys, see and end sessions.
    ManageAccess,
    /// Read, forget and hold what is kept about any person.
    ManagePrivacy,
}

/// A caller who may `P`. A handler that takes it can't be reached by anyone else.
#[derive(Debug, Clone)]
pub struct May<P>(Caller, PhantomData<P>);

impl<P> Deref for May<P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<P: Needs> FromRequestParts<App> for May<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.must(P::PERMISSION)?;
        Ok(May(caller, PhantomData))
    }
}
