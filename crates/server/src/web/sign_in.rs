//! Signing in with the code that the start printed.

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{PageError, Visitor, bare, session, show, views::SignInView};
use crate::app::App;

/// What a sign-in link carries.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    next: Option<String>,
}

/// The form; a link with a code signs in at once.
pub(super) async fn form(State(app): State<App>, Query(link): Query<Link>) -> Response {
    let next = safe(link.next.as_deref());
    match link.code {
        Some(code) => sign_in(&app, &code, &next),
        None => show(StatusCode::OK, &SignInView { layout: bare(&app), problem: None, next }),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn submit(State(app): State<App>, Form(sent): Form<Sent>) -> Response {
    sign_in(&app, sent.code.trim(), &safe(Some(&sent.next)))
}

fn sign_in(app: &App, code: &str, next: &str) -> Response {
    match app.sessions.begin(code, app.house.clock.now()) {
        Some(token) => {
            tracing::info!(user_id = "local-admin", result = "allowed", "signed in");
            ([(header::SET_COOKIE, session::set_cookie(&token))], Redirect::to(next)).into_response()
        }
        None => {
            metrics::counter!("contactiq_sign_in_failures_total").increment(1);
            tracing::warn!(critical = true, result = "refused", "a sign-in code was wrong or used before");
            let problem =
                "That code is not right, or it was used before. Start ContactIQ again for a new one.";
            show(
                StatusCode::UNAUTHORIZED,
                &SignInView { layout: bare(app), problem: Some(problem.to_owned()), next: next.to_owned() },
            )
        }
    }
}

/// What the sign-out button sends.
#[derive(Deserialize)]
pub(super) struct Leaving {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn leave(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(sent): Form<Leaving>,
) -> Result<Response, PageError> {
    visitor.check_form(&app, &sent.csrf)?;
    if let Some(token) = session::cookie(&headers) {
        app.sessions.end(token);
    }
    Ok(([(header::SET_COOKIE, session::set_cookie(""))], Redirect::to("/signin")).into_response())
}

/// Only a path of our own: an address elsewhere would make the sign-in page a trap.
fn safe(next: Option<&str>) -> String {
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
