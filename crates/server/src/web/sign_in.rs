//! The sign-in page, signing in with the code that the start printed, and signing out.

use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use contactiq_domain::ids::SessionId;
use contactiq_store::{StoreError, page_sessions::Which};
use serde::Deserialize;

use super::{
    PageError, Visitor, bare, provider,
    session::{Begins, LOCAL_ADMIN, ONESELF, local_admin},
    show,
    views::SignInView,
};
use crate::{
    api::error::ApiError,
    app::App,
    guard::{Numbered, access::Noted, refusal::Refusal, slow, tokens::Person},
};

/// What a sign-in link carries.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    next: Option<String>,
}

/// A try to sign in.
pub(super) struct Try<'a> {
    pub(super) app: &'a App,
    pub(super) numbered: &'a Numbered,
    pub(super) noted: &'a Noted,
    pub(super) headers: &'a HeaderMap,
    pub(super) next: &'a str,
}

/// The form; a link with a code signs in at once.
pub(super) async fn form(
    State(app): State<App>,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    method: Method,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Response {
    let next = safe(link.next.as_deref());
    let attempt = Try { app: &app, numbered: &numbered, noted: &noted, headers: &headers, next: &next };
    match link.code {
        // Whoever previews a link asks for its head alone: that uses nothing up.
        Some(code) if method != Method::HEAD => attempt.with_code(&code).await,
        _ => attempt.page(StatusCode::OK, None),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn submit(
    State(app): State<App>,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let next = safe(Some(&sent.next));
    let attempt = Try { app: &app, numbered: &numbered, noted: &noted, headers: &headers, next: &next };
    attempt.with_code(sent.code.trim()).await
}

impl Try<'_> {
    async fn with_code(&self, code: &str) -> Response {
        let Try { app, numbered, .. } = self;
        if !app.config.identity.local_sign_in() {
            return self.refused(Refusal::SwitchedOff);
        }
        if let Err(seconds) = slow::hears(&app.limits, numbered.ip, Some(LOCAL_ADMIN)).await {
            return self.too_many(seconds);
        }
        if !app.sessions.take_code(code) {
            slow::failed(&app.limits, numbered.ip, Some(LOCAL_ADMIN)).await;
            return self.refused(Refusal::Code);
        }
        match self.begin(&local_admin()).await {
            Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(self.next)).into_response(),
            Err(error) => self.failed(error),
        }
    }

    /// Begins a session in place of the one that the browser had; its cookie.
    pub(super) async fn begin(&self, person: &Person) -> Result<String, StoreError> {
        let app = self.app;
        let ip = self.numbered.ip.to_string();
        let begins = Begins { person, ip: &ip, before: app.sessions.cookie(self.headers) };
        let id = SessionId::new(&*app.house.ids);
        let token = app.sessions.begin(&app.house.store, id, begins, app.house.clock.now()).await?;
        self.noted.set(person.subject.clone());
        tracing::info!(user_id = person.subject.as_str(), role = %person.role, session = %id, result = "allowed", "signed in");
        Ok(app.sessions.set_cookie(&token))
    }

    /// The page of a store that is away.
    pub(super) fn failed(&self, error: impl Into<ApiError>) -> Response {
        let error = error.into();
        self.page(error.status(), Some(&error.to_string()))
    }

    /// The page again, with what was wrong.
    pub(super) fn refused(&self, why: Refusal) -> Response {
        self.noted.set_reason(why.as_str());
        metrics::counter!("contactiq_sign_in_failures_total").increment(1);
        tracing::warn!(critical = true, result = "refused", reason = why.as_str(), from = %self.numbered.ip, "somebody could not sign in");
        let mut words = why.advice().to_owned();
        if let Some(first) = words.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let more = if why == Refusal::Code { ". Start ContactIQ again for a new one." } else { "." };
        self.page(ApiError::from(why).status(), Some(&format!("{words}{more}")))
    }

    pub(super) fn too_many(&self, seconds: u64) -> Response {
        self.noted.set_reason(Refusal::TooMany.as_str());
        // One event for many.
        self.noted.set_unheard();
        self.app.guesses.turned_away(self.numbered.ip);
        metrics::counter!("contactiq_sign_in_failures_total").increment(1);
        let mut page =
            self.page(StatusCode::TOO_MANY_REQUESTS, Some("Too many attempts: wait a moment and try again."));
        page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        page
    }

    fn page(&self, status: StatusCode, problem: Option<&str>) -> Response {
        let identity = &self.app.config.identity;
        let view = SignInView {
            layout: bare(self.app),
            problem: problem.map(str::to_owned),
            next: self.next.to_owned(),
            by_provider: identity.oidc.signs_in(),
            by_code: identity.local_sign_in(),
        };
        show(status, &view)
    }
}

/// What the sign-out buttons send.
#[derive(Deserialize)]
pub(super) struct Leaving {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    everywhere: Option<String>,
}

pub(super) async fn leave(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(sent): Form<Leaving>,
) -> Result<Response, PageError> {
    visitor.check_form(&app, &sent.csrf)?;
    let (store, now, name) = (&app.house.store, app.house.clock.now(), &visitor.caller.name);
    let hash = crate::wiring::sha256_hex(app.sessions.cookie(&headers).unwrap_or_default().as_bytes());
    let subject = visitor.caller.own_subject();
    let which = if sent.everywhere.is_some() { Which::Person(&subject) } else { Which::Token(&hash) };
    let ended = app.sessions.end(store, which, now, ONESELF).await.map_err(|e| visitor.fails(&app, e))?;
    tracing::info!(user_id = name.as_str(), sessions = ended.len(), "signed out");
    let on = match provider::farewell(&app, &ended).await {
        Some(page) => page,
        None => Redirect::to("/signin").into_response(),
    };
    Ok(([(header::SET_COOKIE, app.sessions.set_cookie(""))], on).into_response())
}

/// Only a path of our own: an address elsewhere would make the sign-in page a trap.
pub(super) fn safe(next: Option<&str>) -> String {
    match next {
        Some(path)
            // Browsers drop tabs and line ends from an address, and read a backslash as a slash.
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains(|c: char| c == '\\' || c.is_control()) =>
        {
            path.to_owned()
        }
        _ => "/chat/customer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_stays_on_this_site() {
        assert_eq!(safe(Some("/dashboard?mode=banker")), "/dashboard?mode=banker");
        for bad in
            ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "evil", ""]
        {
            assert_eq!(safe(Some(bad)), "/chat/customer", "{bad}");
        }
    }
}
