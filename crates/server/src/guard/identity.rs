//! Who calls, and what they may: authority is an extractor type in a handler's arguments (A1, A2).

use std::{marker::PhantomData, ops::Deref};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use contactiq_domain::{Mode, Permission, Role, ids::KeyId};
use contactiq_store::conversations::Owner;

use super::access::Noted;
use crate::{api::error::ApiError, app::App, web::session, wiring};

/// Nobody makes keys longer than this; longer headers are refused unread.
const LONGEST_KEY: usize = 256;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the caller is.
    pub role: Role,
    /// The only mode that the key may ask in, if limited.
    pub mode: Option<Mode>,
    /// A rate of its own.
    pub rate_per_minute: Option<u32>,
    /// The API key; none for a person who signed in on the pages.
    pub key: Option<KeyId>,
    /// What logs call it: the key's name or `local-admin`. Never a key.
    pub name: String,
    /// The token that the pages' forms carry.
    pub csrf: Option<String>,
}

impl Caller {
    /// Whether it may see what belongs to this assistant: a key for one reads nothing of the other.
    #[must_use]
    pub fn sees(&self, mode: Mode) -> bool {
        self.mode.is_none_or(|own| own == mode)
    }

    /// Whether role and mode limit allow it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        let mode_forbids = matches!(
            (self.mode, permission),
            (Some(Mode::Customer), Permission::AskAsBanker | Permission::ReadBankerKnowledge)
                | (Some(Mode::Banker), Permission::AskAsCustomer)
        );
        !mode_forbids && self.role.allows(permission)
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
        match self.key {
            Some(key) => format!("key:{key}"),
            None => "local-admin".to_owned(),
        }
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
        let caller = match bearer(&parts.headers) {
            Some(key) => by_key(app, key).await,
            None => by_session(app, &parts.headers, &parts.method),
        };
        if let Some(noted) = parts.extensions.get::<Noted>() {
            noted.set(match &caller {
                Ok(c) => c.name.clone(),
                Err(_) => "anonymous".to_owned(),
            });
        }
        let caller = caller?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// What a request proves itself by, which is kept nowhere: its key, or the token of its session. Empty where it has
/// neither.
#[must_use]
pub fn secret(headers: &HeaderMap) -> &str {
    bearer(headers).or_else(|| session::cookie(headers)).unwrap_or_default()
}

async fn by_key(app: &App, key: &str) -> Result<Caller, ApiError> {
    if key.len() > LONGEST_KEY {
        return Err(ApiError::Unauthorised);
    }
    // Keys are random and long: a plain hash gives nothing away and costs nothing.
    let hash = wiring::sha256_hex(key.as_bytes());
    let now = app.house.clock.now();
    let known = app.keys.find(&app.house.store, &hash).await?;
    let active = known.filter(|k| k.is_active(now)).ok_or(ApiError::Unauthorised)?;
    if app.keys.is_first_use(&active, now) {
        note_use(app, active.id);
    }
    Ok(Caller {
        role: active.role,
        mode: active.mode,
        rate_per_minute: active.rate_per_minute,
        key: Some(active.id),
        name: active.name,
        csrf: None,
    })
}

/// Keeps when a key was last used, to within a minute.
fn note_use(app: &App, key: KeyId) {
    let work = app.clone();
    app.tasks.spawn(async move {
        let now = work.house.clock.now();
        let noted = async {
            let mut w = work.house.store.write().await?;
            contactiq_store::keys::touch(&mut w, key, now).await?;
            w.save().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(error = %error, "the last use of a key was not kept");
        }
    });
}

fn by_session(app: &App, headers: &HeaderMap, method: &Method) -> Result<Caller, ApiError> {
    let token = session::cookie(headers).ok_or(ApiError::Unauthorised)?;
    let session = app.sessions.get(token, app.house.clock.now()).ok_or(ApiError::Unauthorised)?;
    let reads = matches!(*method, Method::GET | Method::HEAD);
    // A form carries its token in the body, which its handler checks; everything else in a header.
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !reads && !is_form {
        let sent = headers.get("x-csrf-token").and_then(|v| v.to_str().ok()).unwrap_or("");
        if !session::same(sent, &session.csrf) {
            return Err(ApiError::Csrf);
        }
    }
    Ok(Caller {
        role: Role::Admin,
        mode: None,
        rate_per_minute: None,
        key: None,
        name: "local-admin".to_owned(),
        csrf: Some(session.csrf),
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
    /// Read interactions of others.
    ReadAllInteractions,
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
