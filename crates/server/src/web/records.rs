//! One interaction as a page, for those who look into decisions.

use axum::{
    Extension, Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::{Permission, ids::InteractionId};
use contactiq_store::{feedback, interactions, tickets};
use serde::Deserialize;

use super::{
    PageError, Visitor, show,
    views::{InteractionView, interaction::Shown},
};
use crate::{
    api::{error::ApiError, unmask},
    app::App,
    guard::{Numbered, access::Noted, seen},
};

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    Ok(show(StatusCode::OK, &view(&app, &visitor, &id).await?))
}

async fn view(app: &App, visitor: &Visitor, id: &str) -> Result<InteractionView, PageError> {
    visitor.must(app, Permission::ReadAllInteractions)?;
    let missing = || visitor.fails(app, ApiError::NotFound("interaction"));
    let id: InteractionId = id.parse().map_err(|_| missing())?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(app, e);
    let pending = app.house.ledger.pending(id).await;
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let found = interactions::get(&mut reader, id).await.map_err(fails)?.or(pending);
    let record = found.filter(|record| visitor.caller.sees(record.mode)).ok_or_else(missing)?;
    visitor.noted.set_target(seen::one(&visitor.caller, &record.subject, id));
    let said = feedback::of_interaction(&mut reader, id).await.map_err(fails)?;
    let helpful = said.first().and_then(|f| f.helpful);
    let reached = record.trigger.is_some_and(|t| app.house.people(record.mode, t).is_some());
    let ticket = tickets::of_interaction(&mut reader, id).await.map_err(fails)?;
    let may_unmask = visitor.caller.may(Permission::Unmask)
        && contactiq_guard::placeholders(record.question.as_str()).next().is_some();
    let view = InteractionView::of(visitor.layout(app), &record, reached, helpful, ticket.as_ref());
    Ok(InteractionView { may_unmask, ..view })
}

/// Why somebody wants to see what was masked.
#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    purpose: String,
}

/// Shows what stood where the question's personal data was masked, once it is on record. It is on this answer and
/// nowhere else, and so there is no redirect.
pub(super) async fn unmask(
    State(app): State<App>,
    visitor: Visitor,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::Unmask)?;
    visitor.check_form(&app, &why.csrf)?;
    let before = view(&app, &visitor, &id).await?;
    match unmask::unmasked(&app, &visitor.caller, (&numbered, &noted), &id, &why.purpose).await {
        Ok((_, originals)) => {
            let shown = originals.iter().map(Shown::of).collect();
            Ok(show(StatusCode::OK, &InteractionView { unmasked: Some(shown), ..before }))
        }
        Err(error) if error.status().is_client_error() => {
            let view = InteractionView { problem: Some(error.to_string()), ..before };
            Ok(show(error.status(), &view))
        }
        Err(error) => Err(visitor.fails(&app, error)),
    }
}
