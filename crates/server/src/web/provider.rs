//! Signing in by the bank's identity provider: there, back with a code, and its word that a session ended.
//!
//! What belongs to one sign-in is in a cookie of the browser that began it: a random seed, where to go on, and until
//! when, under our own key. State, nonce and PKCE verifier are made from the seed and a key that the browser lacks.

use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contactiq_store::page_sessions::{PageSession, Which};
use serde::Deserialize;

use super::{
    bare,
    session::{LOCAL_ADMIN, cookie, same},
    show,
    sign_in::{Try, safe},
    views::{SignedInView, SignedOutView},
};
use crate::{
    api::error::ApiError,
    app::App,
    guard::{
        Numbered,
        access::Noted,
        refusal::Refusal,
        slow,
        tokens::{Begun, Person, Provider, SignedOut},
    },
    wiring,
};

/// The cookie of a sign-in that was begun, and its name where it is Secure.
const COOKIE: &str = "contactiq_signin";
const HOST_COOKIE: &str = "__Host-contactiq_signin";
/// A person has so many seconds at the provider.
const LASTS: i64 = 600;
/// Who ended a session that the provider ended.
const BY_PROVIDER: &str = "identity-provider";

#[derive(Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    next: Option<String>,
}

/// Sends a browser to the provider.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    Query(onward): Query<Onward>,
) -> Response {
    let next = safe(onward.next.as_deref());
    let attempt = Try { app: &app, numbered: &numbered, noted: &noted, headers: &headers, next: &next };
    let Some(provider) = app.tokens.provider().filter(|_| app.config.identity.oidc.signs_in()) else {
        return attempt.refused(Refusal::SwitchedOff);
    };
    let seed = wiring::random_text::<32>();
    let begun = Begun::of(&app.sign_in_key(), &seed);
    match provider.address(&begun, &callback(&app)).await {
        Ok(address) => {
            let ends = app.house.clock.now().micros() / 1_000_000 + LASTS;
            let kept = set_cookie(&app, &seal(&app, &seed, ends, &next), LASTS);
            ([(header::SET_COOKIE, kept)], Redirect::to(&address)).into_response()
        }
        Err(why) => attempt.refused(why),
    }
}

/// What the provider sends back.
#[derive(Deserialize)]
pub(super) struct Returned {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Takes a browser back from the provider and begins its session.
pub(super) async fn finish(
    State(app): State<App>,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Response {
    let kept = cookie(&headers, name(&app)).and_then(|kept| open(&app, kept));
    let (seed, next) = kept.unzip();
    let next = safe(next.as_deref());
    let attempt = Try { app: &app, numbered: &numbered, noted: &noted, headers: &headers, next: &next };
    let mut answer = match person(&app, &numbered, seed.as_deref(), &returned).await {
        Ok(person) => match attempt.begin(&person).await {
            Ok(cookie) => {
                // Not a redirect: after one that another site began, browsers keep a strict cookie back.
                let view = SignedInView { layout: bare(&app), next: next.clone() };
                let mut page = show(StatusCode::OK, &view);
                append(&mut page, &cookie);
                page
            }
            Err(error) => attempt.failed(error),
        },
        Err(Turned::TooMany(seconds)) => attempt.too_many(seconds),
        Err(Turned::Refused(why)) => {
            // What is nobody's fault is nobody's attempt.
            if !matches!(why, Refusal::Away | Refusal::SwitchedOff) {
                slow::failed(&app.limits, numbered.ip, None).await;
            }
            attempt.refused(why)
        }
    };
    // A sign-in is finished once, however it ended.
    append(&mut answer, &set_cookie(&app, "", 0));
    answer
}

enum Turned {
    Refused(Refusal),
    TooMany(u64),
}

impl From<Refusal> for Turned {
    fn from(why: Refusal) -> Self {
        Turned::Refused(why)
    }
}

async fn person(
    app: &App,
    numbered: &Numbered,
    seed: Option<&str>,
    returned: &Returned,
) -> Result<Person, Turned> {
    slow::hears(&app.limits, numbered.ip, None).await.map_err(Turned::TooMany)?;
    let provider: &Provider =
        app.tokens.provider().filter(|_| app.config.identity.oidc.signs_in()).ok_or(Refusal::SwitchedOff)?;
    let begun = Begun::of(&app.sign_in_key(), seed.ok_or(Refusal::State)?);
    if !returned.state.as_deref().is_some_and(|state| same(state, &begun.state)) {
        return Err(Refusal::State.into());
    }
    // RFC 9207: another provider's answer is none of ours.
    if returned.iss.as_ref().is_some_and(|iss| *iss != app.config.identity.oidc.issuer) {
        return Err(Refusal::Issuer.into());
    }
    if returned.error.is_some() {
        return Err(Refusal::Declined.into());
    }
    let code = returned.code.as_deref().ok_or(Refusal::Exchange)?;
    let now = app.house.clock.now().micros() / 1_000_000;
    Ok(provider.exchange(&begun, code, &callback(app), now).await?)
}

/// What the provider sends when a session ends there.
#[derive(Deserialize)]
pub(super) struct LogoutSent {
    logout_token: String,
}

/// Ends sessions that the provider ended (OpenID Connect Back-Channel Logout 1.0).
pub(super) async fn ended(
    State(app): State<App>,
    Extension(noted): Extension<Noted>,
    Form(sent): Form<LogoutSent>,
) -> Result<StatusCode, ApiError> {
    let refused = |why: Refusal| {
        noted.set_reason(why.as_str());
        ApiError::from(why)
    };
    let provider = app.tokens.provider().ok_or_else(|| refused(Refusal::SwitchedOff))?;
    let now = app.house.clock.now();
    let whose = provider.signed_out(&sent.logout_token, now.micros() / 1_000_000).await.map_err(refused)?;
    noted.set(BY_PROVIDER.to_owned());
    let ended = ended_there(&app, &whose).await?;
    tracing::info!(sessions = ended, "the identity provider ended sessions");
    Ok(StatusCode::OK)
}

/// Ends what a logout token means; how many. A session there that it names is that one alone, and with it those of the
/// person of which nobody knows to which session they belong: an ID token need not say so. Without one, all of the
/// person. What began after the token was made is not meant: it may come twice, or late.
async fn ended_there(app: &App, whose: &SignedOut) -> Result<usize, ApiError> {
    let (store, now) = (&app.house.store, app.house.clock.now());
    let mut ended = 0;
    if let Some(hash) = &whose.session {
        ended += app.sessions.end(store, Which::Provider(hash), now, BY_PROVIDER).await?.len();
    }
    let meant = |session: &PageSession| {
        Some(&session.subject) == whose.person.as_ref()
            && session.created_at.micros().div_euclid(1_000_000) <= whose.said
            && (whose.session.is_none() || session.provider_session.is_none())
    };
    for session in app.sessions.open(store, now).await?.iter().filter(|session| meant(session)) {
        ended += app.sessions.end(store, Which::One(session.id), now, BY_PROVIDER).await?.len();
    }
    Ok(ended)
}

/// The page that takes a browser to the provider, to sign out there too; none where there is nothing to do there. A
/// redirect would not do: behind a form browsers follow none to another site (`form-action`).
pub(super) async fn farewell(app: &App, ended: &[PageSession]) -> Option<Response> {
    let by_provider = ended.iter().any(|session| session.subject != LOCAL_ADMIN);
    let provider = app.tokens.provider().filter(|_| by_provider && app.config.identity.oidc.signs_in())?;
    let back = format!("{}/signin", app.config.server.public_url);
    let address = provider.farewell(&back).await?;
    Some(show(StatusCode::OK, &SignedOutView { layout: bare(app), address }))
}

fn callback(app: &App) -> String {
    format!("{}/signin/callback", app.config.server.public_url)
}

fn name(app: &App) -> &'static str {
    if app.sessions.are_secure() { HOST_COOKIE } else { COOKIE }
}

fn set_cookie(app: &App, value: &str, age: i64) -> String {
    let secure = if app.sessions.are_secure() { "; Secure" } else { "" };
    // Lax: the provider's redirect is another site's.
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={age}", name(app))
}

fn append(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// `seed.ends.next.mac`, without anything that has to be hidden.
fn seal(app: &App, seed: &str, ends: i64, next: &str) -> String {
    let said = format!("{seed}.{ends}.{}", URL_SAFE_NO_PAD.encode(next));
    let mac = URL_SAFE_NO_PAD.encode(wiring::mac(&app.sign_in_key(), &[b"cookie\0", said.as_bytes()]));
    format!("{said}.{mac}")
}

/// Seed and way on of a cookie that we made and whose time is not over.
fn open(app: &App, kept: &str) -> Option<(String, String)> {
    let (said, mac) = kept.rsplit_once('.')?;
    let own = URL_SAFE_NO_PAD.encode(wiring::mac(&app.sign_in_key(), &[b"cookie\0", said.as_bytes()]));
    if !same(mac, &own) {
        return None;
    }
    let mut parts = said.split('.');
    let (seed, ends, next) = (parts.next()?, parts.next()?, parts.next()?);
    let now = app.house.clock.now().micros() / 1_000_000;
    if ends.parse::<i64>().ok()? <= now {
        return None;
    }
    let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
    Some((seed.to_owned(), next))
}
