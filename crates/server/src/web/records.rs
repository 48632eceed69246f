//! One interaction as a page, for those who look into decisions.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::{Permission, ids::InteractionId};
use contactiq_store::{feedback, interactions, tickets};

use super::{PageError, Visitor, show, views::InteractionView};
use crate::{api::error::ApiError, app::App, guard::seen};

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReadAllInteractions)?;
    let missing = || visitor.fails(&app, ApiError::NotFound("interaction"));
    let id: InteractionId = id.parse().map_err(|_| missing())?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let pending = app.house.ledger.pending(id).await;
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let found = interactions::get(&mut reader, id).await.map_err(fails)?.or(pending);
    let record = found.filter(|record| visitor.caller.sees(record.mode)).ok_or_else(missing)?;
    visitor.noted.set_target(seen::one(&visitor.caller, &record.subject, id));
    let said = feedback::of_interaction(&mut reader, id).await.map_err(fails)?;
    let helpful = said.first().and_then(|f| f.helpful);
    let reached = record.trigger.is_some_and(|t| app.house.people(record.mode, t).is_some());
    let ticket = tickets::of_interaction(&mut reader, id).await.map_err(fails)?;
    let view = InteractionView::of(visitor.layout(&app), &record, reached, helpful, ticket.as_ref());
    Ok(show(StatusCode::OK, &view))
}
