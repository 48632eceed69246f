//! The review list: what the guard refused, flagged or kept back, and whether it was right.

use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use contactiq_domain::Permission;
use contactiq_guard::{ReviewDecision, ReviewKind};
use contactiq_store::review::{self, Decided, Filter};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    PageError, Visitor, show,
    views::{ReviewView, review::ReviewItem},
};
use crate::{
    api::error::ApiError,
    app::App,
    guard::{access::Noted, seen},
};

/// Entries of one page.
const LISTED: u32 = 50;
/// Further back nobody pages.
const MOST_PAGES: u32 = 10_000;

#[derive(Deserialize)]
pub(super) struct Which {
    kind: Option<String>,
    decided: Option<String>,
    page: Option<u32>,
    done: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReviewGuard)?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let kind: Option<ReviewKind> = which.kind.and_then(|k| k.parse().ok());
    let decided = match which.decided.as_deref() {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let filter = Filter { kind, mode: visitor.caller.mode, since: None, decided };
    let page = which.page.unwrap_or(1).clamp(1, MOST_PAGES);
    visitor.noted.set_target(seen::list(&[
        ("kind", kind.map(|kind| kind.to_string())),
        ("mode", filter.mode.map(|mode| mode.to_string())),
        ("decided", decided.map(|decided| decided.to_string())),
        ("page", Some(page.to_string())),
    ]));
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let found = review::list(&mut reader, &filter, LISTED, (page - 1) * LISTED).await.map_err(fails)?;
    let view = ReviewView {
        layout: visitor.layout(&app),
        kind,
        decided,
        page,
        entries: found.iter().map(ReviewItem::of).collect(),
        listed: LISTED,
        tally: review::tally(&mut reader, &filter).await.map_err(fails)?,
        may_read_records: visitor.caller.may(Permission::ReadAllInteractions),
        notice: match which.done.as_deref() {
            Some("right") => Some("Kept: the guard was right."),
            Some("false_alarm") => Some("Kept: a false alarm."),
            _ => None,
        },
    };
    Ok(show(StatusCode::OK, &view))
}

#[derive(Deserialize)]
pub(super) struct Word {
    #[serde(default)]
    csrf: String,
    decision: String,
    /// Where the list was left: its query, without the question mark.
    #[serde(default)]
    back: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    visitor: Visitor,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    Form(word): Form<Word>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReviewGuard)?;
    visitor.check_form(&app, &word.csrf)?;
    let missing = || visitor.fails(&app, ApiError::NotFound("entry"));
    let id: Uuid = id.parse().map_err(|_| missing())?;
    let decision: ReviewDecision = word.decision.parse().map_err(|_| {
        visitor.fails(&app, ApiError::invalid("decision_invalid", "decision: right or false_alarm"))
    })?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let decided = Decided { decision, by: visitor.caller.signature().to_owned(), at: app.house.clock.now() };
    let mut w = app.house.store.write().await.map_err(fails)?;
    let found = review::get(&mut w, id).await.map_err(fails)?;
    found.filter(|listed| visitor.caller.sees(listed.mode)).ok_or_else(missing)?;
    noted.set_target(id.to_string());
    review::decide(&mut w, id, &decided).await.map_err(fails)?;
    w.save().await.map_err(fails)?;
    // Only what this page writes itself goes back into an address.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'&' | b'_');
    let back = if word.back.bytes().all(plain) { word.back.as_str() } else { "" };
    let and = if back.is_empty() { "" } else { "&" };
    Ok(Redirect::to(&format!("/review?{back}{and}done={decision}#entry-{id}")).into_response())
}
