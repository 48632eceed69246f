//! Who has access, for administrators: API keys and who is signed in.

use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use contactiq_domain::{Mode, Permission, Role};
use serde::Deserialize;

use super::{
    PageError, Visitor, show,
    views::{
        AccessView,
        access::{KeyItem, SessionItem},
    },
};
use crate::{
    api::{error::ApiError, keys, sessions},
    app::App,
    guard::{access::Noted, new_key},
};

#[derive(Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ManageAccess)?;
    let notice = match done.done.as_deref() {
        Some("revoked") => Some("The key is revoked."),
        Some("ended") => Some("The sessions are ended."),
        _ => None,
    };
    let view = AccessView { notice, ..view(&app, &visitor).await? };
    Ok(show(StatusCode::OK, &view))
}

async fn view(app: &App, visitor: &Visitor) -> Result<AccessView, PageError> {
    let now = app.house.clock.now();
    let keys = keys::all(app, &visitor.caller).await.map_err(|e| visitor.fails(app, e))?;
    let sessions = app.sessions.open(&app.house.store, now).await.map_err(|e| visitor.fails(app, e))?;
    Ok(AccessView {
        layout: visitor.layout(app),
        keys: keys.iter().map(|(key, state)| KeyItem::of(key, state, now)).collect(),
        sessions: sessions.iter().map(SessionItem::of).collect(),
        made: None,
        notice: None,
        problem: None,
    })
}

#[derive(Deserialize)]
pub(super) struct New {
    #[serde(default)]
    csrf: String,
    name: String,
    role: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    scopes: String,
    #[serde(default)]
    rate: String,
    #[serde(default)]
    expires: String,
}

/// What the form wants, checked as the API checks it.
fn wanted(app: &App, new: &New) -> Result<new_key::Wanted, ApiError> {
    let wrong = |what: &'static str| ApiError::invalid("field_invalid", what);
    let role: Role = new.role.parse().map_err(|_| wrong("role: choose one of the list"))?;
    let mode: Option<Mode> = match new.mode.as_str() {
        "" => None,
        word => Some(word.parse().map_err(|_| wrong("assistant: choose one of the list"))?),
    };
    let rate = match new.rate.trim() {
        "" => None,
        digits => {
            Some(digits.parse().map_err(|_| wrong("questions a minute: a whole number from 1 to 1000000"))?)
        }
    };
    keys::wanted(
        app,
        keys::NewKey::plain(new.name.clone(), role, (mode, new.scopes.clone()), rate, new.expires.clone()),
    )
}

/// Makes a key. Its secret is on this answer and nowhere else, and so there is no redirect.
pub(super) async fn make(
    State(app): State<App>,
    visitor: Visitor,
    Extension(noted): Extension<Noted>,
    Form(new): Form<New>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ManageAccess)?;
    visitor.check_form(&app, &new.csrf)?;
    let made = async { keys::made(&app, &visitor.caller, &noted, wanted(&app, &new)?).await }.await;
    match made {
        Ok((secret, key)) => {
            let view = AccessView { made: Some((key.name, secret)), ..view(&app, &visitor).await? };
            Ok(show(StatusCode::OK, &view))
        }
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let view = AccessView { problem: Some(error.to_string()), ..view(&app, &visitor).await? };
            Ok(show(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(visitor.fails(&app, error)),
    }
}

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    csrf: String,
    change: String,
    /// How long the old secret goes on.
    #[serde(default)]
    grace: String,
}

/// Revokes a key, or gives it another secret.
pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    Form(change): Form<Change>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ManageAccess)?;
    visitor.check_form(&app, &change.csrf)?;
    let fails = |e: ApiError| visitor.fails(&app, e);
    match change.change.as_str() {
        "revoke" => {
            keys::revoked(&app, &visitor.caller, &noted, &id).await.map_err(fails)?;
            Ok(Redirect::to("/access?done=revoked").into_response())
        }
        "rotate" => {
            let grace = if change.grace.is_empty() { "0" } else { &change.grace };
            let rotated = keys::rotated(&app, &visitor.caller, &noted, (&id, grace)).await;
            let (secret, key) = rotated.map_err(fails)?;
            let view = AccessView { made: Some((key.name, secret)), ..view(&app, &visitor).await? };
            Ok(show(StatusCode::OK, &view))
        }
        _ => Err(fails(ApiError::invalid("change_invalid", "change: revoke or rotate"))),
    }
}

#[derive(Deserialize)]
pub(super) struct End {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    everywhere: Option<String>,
}

/// Ends a session, or all of its person.
pub(super) async fn end(
    State(app): State<App>,
    visitor: Visitor,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    Form(end): Form<End>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ManageAccess)?;
    visitor.check_form(&app, &end.csrf)?;
    sessions::ended(&app, &visitor.caller, &noted, &id, end.everywhere.is_some())
        .await
        .map_err(|e| visitor.fails(&app, e))?;
    Ok(Redirect::to("/access?done=ended").into_response())
}
