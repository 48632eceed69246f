//! Sessions: a back end gets a short one for a customer's browser (A1); administrators see who is signed in on the
//! pages, and end that.
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{Mode, Permission, Role, Timestamp, ids::SessionId};
use contactiq_store::page_sessions::{PageSession, Which};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    json::Json,
    named::named,
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{self, ActForSubject, Caller, ManageAccess, May},
        seen,
        tokens::{LONGEST_SESSION, New},
    },
    wiring::{self, random_text},
};

/// Seconds that a session lasts where nobody says.
const USUAL: u32 = 900;
/// The shortest that is worth signing.
const SHORTEST: u32 = 60;

/// A session of a customer to sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// The person: your own pseudonymous id, never a name or an address.
    subject: String,
    /// The sitting; left out, one is made up.
    session: Option<String>,
    /// `customer`: there are no others.
    #[schema(value_type = Option<String>, example = "customer")]
    mode: Option<Mode>,
    /// How long it lasts, 60 to 3600; left out, 900.
    seconds: Option<u32>,
    /// The origin of the page that will use it, one of `server.allowed_origins`; from others it is refused.
    origin: Option<String>,
}

/// A signed session.
#[derive(Serialize, ToSchema)]
pub struct SignedSession {
    /// The browser sends it as `Authorization: Bearer TOKEN`.
    token: String,
    /// The sitting.
    session: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Sign a short session for a customer's browser, with which it asks as that person and nothing else. For service keys.
/// Sent again with its `Idempotency-Key`, the request gets the same token for a day, also when that has ended.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "access", request_body = NewSession,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = SignedSession), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: May<ActForSubject>,
    headers: HeaderMap,
    body: Json<NewSession>,
) -> Result<(StatusCode, axum::Json<SignedSession>), ApiError> {
    let new = body.value;
    caller.must(Permission::AskAsCustomer)?;
    if new.mode.is_some_and(|mode| mode != Mode::Customer) {
        return Err(ApiError::parameter(
            "mode_invalid",
            "mode",
            "a session is for the customer assistant alone",
        ));
    }
    // Who signed in on a page is an administrator, for whom no back end answers: `named` says so.
    let subject = named(&caller, Some(new.subject), "subject")?.unwrap_or_default();
    let told = named(&caller, new.session, "session")?;
    let key = caller.key.ok_or(ApiError::Forbidden)?;
    let seconds = new.seconds.unwrap_or(USUAL);
    if !(SHORTEST..=LONGEST_SESSION).contains(&seconds) {
        return Err(ApiError::parameter("field_invalid", "seconds", "a whole number from 60 to 3600"));
    }
    let origins: Vec<String> = new.origin.into_iter().collect();
    let server = &app.config.server;
    if !origins.iter().all(|o| server.allowed_origins.contains(o) || *o == server.public_url) {
        return Err(ApiError::parameter(
            "origin_unknown",
            "origin",
            "one of server.allowed_origins: a page of another could not read an answer",
        ));
    }
    // A token is kept nowhere: what is signed twice is the same, so when it began and the name that was made up are enough.
    let begun = idempotency::begin(&app, &caller, "POST /v1/sessions", &headers, &body.bytes).await?;
    let (from, made_up, taken) = match begun {
        Repeat::First(taken) => (app.house.clock.now().micros() / 1_000_000, random_text::<12>(), taken),
        Repeat::Again(made) => {
            let (from, made_up) = made.split_once(' ').ok_or(ApiError::Internal)?;
            (from.parse().map_err(|_| ApiError::Internal)?, made_up.to_owned(), None)
        }
    };
    let session = told.unwrap_or_else(|| made_up.clone());
    // A session lasts no longer than the secret that asked for it: whoever had a stolen one signs none beyond its end.
    let secret = wiring::sha256_hex(identity::secret(&caller, &headers).as_bytes());
    let signed = New {
        key,
        secret: &secret,
        subject: &subject,
        session: &session,
        origins: &origins,
        seconds,
        from: Some(from),
    };
    let (token, ends) = app.tokens.sign(&signed).ok_or(ApiError::Internal)?;
    if let Some(taken) = taken {
        let mut w = app.house.store.write().await?;
        taken.settle(&mut w, &format!("{from} {made_up}"), StatusCode::CREATED.as_u16()).await?;
        w.save().await?;
        taken.done();
    }
    let expires_at = Timestamp::from_micros(ends * 1_000_000);
    Ok((StatusCode::CREATED, axum::Json(SignedSession { token, session, expires_at })))
}

/// A browser that is signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionShape {
    /// Its id, which opens nothing.
    #[schema(value_type = String)]
    id: SessionId,
    /// The person, as logs call them.
    subject: String,
    /// As the directory calls them.
    label: Option<String>,
    /// `banker`, `supervisor`, `auditor` or `admin`.
    #[schema(value_type = String, example = "banker")]
    role: Role,
    /// The one assistant that they may use.
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
    /// From where.
    from_ip: String,
    /// When they signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they were last here, to within a minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

impl From<PageSession> for SessionShape {
    fn from(of: PageSession) -> Self {
        Self {
            id: of.id,
            subject: of.subject,
            label: of.label.map(|label| label.as_str().to_owned()),
            role: of.role,
            mode: of.mode,
            from_ip: of.from_ip,
            created_at: of.created_at,
            seen_at: of.seen_at,
            ends_at: of.ends_at,
        }
    }
}

/// List who is signed in on the pages, the latest first. For administrators.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "access",
    responses((status = 200, body = Vec<SessionShape>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    _caller: May<ManageAccess>,
    Extension(noted): Extension<Noted>,
) -> Result<axum::Json<Vec<SessionShape>>, ApiError> {
    noted.set_target(seen::list(&[]));
    let open = app.sessions.open(&app.house.store, app.house.clock.now()).await?;
    Ok(axum::Json(open.into_iter().map(SessionShape::from).collect()))
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub struct Ended {
    /// How many.
    ended: usize,
}

/// Ends one session by its id; `everywhere` ends all of its person.
pub(crate) async fn ended(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    id: &str,
    everywhere: bool,
) -> Result<usize, ApiError> {
    let missing = || ApiError::NotFound("session");
    let id: SessionId = id.parse().map_err(|_| missing())?;
    noted.set_target(id.to_string());
    let (store, now) = (&app.house.store, app.house.clock.now());
    if app.sessions.remove_damaged(store, id).await? {
        return Ok(1);
    }
    let found = app.sessions.end(store, Which::One(id), now, &caller.name).await?;
    let one = found.first().ok_or_else(missing)?;
    let others = match everywhere {
        true => app.sessions.end(store, Which::Person(&one.subject), now, &caller.name).await?.len(),
        false => 0,
    };
    Ok(1 + others)
}

/// Which sessions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `true` for all sessions of the person; left out, this one.
    everywhere: Option<bool>,
}

/// End a session of the pages: every replica refuses it within five seconds. For administrators.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", tag = "access",
    params(("id" = String, Path, description = "The session's id"), Scope),
    responses((status = 200, body = Ended), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn end(
    State(app): State<App>,
    caller: May<ManageAccess>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    scope: Result<Query<Scope>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Ended>, ApiError> {
    let Query(scope) = scope.map_err(|_| ApiError::invalid("query_invalid", "everywhere: true or false"))?;
    let everywhere = scope.everywhere.unwrap_or(false);
    Ok(axum::Json(Ended { ended: ended(&app, &caller, &noted, &id, everywhere).await? }))
}
