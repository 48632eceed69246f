//! Tickets: what the bank's people take over.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use contactiq_domain::{Permission, TicketState, ids::TicketId};
use contactiq_store::{StoreError, tickets};
use serde::Deserialize;

use super::{
    PageError, Visitor, show,
    views::{
        TicketView, TicketsView,
        tickets::{DemoShare, TicketItem, WorkerItem},
    },
};
use crate::{
    api::{
        error::ApiError,
        tickets::{Worker, hand_over, masked_note, sees_all, visible, workers},
    },
    app::App,
    guard::seen,
};

/// Tickets of one page.
const LISTED: u32 = 100;
/// Further back nobody pages.
const MOST_PAGES: u32 = 10_000;
#[derive(Deserialize)]
pub(super) struct Which {
    state: Option<String>,
    demo: Option<String>,
    page: Option<u32>,
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReadTickets)?;
    let fails = |e: StoreError| visitor.fails(&app, e);
    let state: Option<TicketState> = which.state.and_then(|s| s.parse().ok());
    let demo = which.demo.as_deref().and_then(DemoShare::of);
    let own = visitor.caller.own_subject();
    let filter = tickets::Filter {
        state,
        mode: visitor.caller.mode,
        trigger: None,
        demo: demo.map(|share| share == DemoShare::Only),
        agent: (!sees_all(&visitor.caller)).then(|| visitor.caller.owner(&own)),
    };
    let page = which.page.unwrap_or(1).clamp(1, MOST_PAGES);
    visitor.noted.set_target(seen::list(&[
        ("state", state.map(|state| state.to_string())),
        ("mode", filter.mode.map(|mode| mode.to_string())),
        ("page", Some(page.to_string())),
    ]));
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let found = tickets::list(&mut reader, &filter, LISTED, (page - 1) * LISTED).await.map_err(fails)?;
    let view = TicketsView {
        layout: visitor.layout(&app),
        state,
        demo,
        page,
        tickets: found.iter().map(TicketItem::of).collect(),
        listed: LISTED,
        all: tickets::count(&mut reader, &filter).await.map_err(fails)?,
    };
    Ok(show(StatusCode::OK, &view))
}

#[derive(Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReadTickets)?;
    let missing = || visitor.fails(&app, ApiError::NotFound("ticket"));
    let id: TicketId = id.parse().map_err(|_| missing())?;
    let fails = |e: StoreError| visitor.fails(&app, e);
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let ticket = visible(&mut reader, &visitor.caller, id).await.map_err(fails)?.ok_or_else(missing)?;
    visitor.noted.set_target(id.to_string());
    let notice = match done.done.as_deref() {
        Some("taken") => Some("You have taken this ticket.".to_owned()),
        Some("handed") => Some("The ticket is handed over.".to_owned()),
        Some("closed") => Some("This ticket is closed.".to_owned()),
        Some("late") => Some("Somebody was faster: nothing was changed.".to_owned()),
        _ => None,
    };
    let hands_over = visitor.caller.may(Permission::HandOverTickets) && ticket.state != TicketState::Closed;
    let workers = match hands_over {
        true => workers(&app, &mut reader).await.map_err(fails)?,
        false => Vec::new(),
    };
    let sees = |worker: &Worker| worker.mode.is_none_or(|mode| mode == ticket.mode);
    let view = TicketView {
        layout: visitor.layout(&app),
        workers: workers.into_iter().filter(sees).map(WorkerItem::of).collect(),
        ticket: TicketItem::of(&ticket),
        may_change: visitor.caller.may(Permission::ChangeTickets),
        may_read_records: visitor.caller.may(Permission::ReadAllInteractions),
        notice,
    };
    Ok(show(StatusCode::OK, &view))
}

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    csrf: String,
    state: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(change): Form<Change>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ChangeTickets)?;
    visitor.check_form(&app, &change.csrf)?;
    let missing = || visitor.fails(&app, ApiError::NotFound("ticket"));
    let id: TicketId = id.parse().map_err(|_| missing())?;
    let moves = |state: &TicketState| *state != TicketState::Open;
    let state: TicketState =
        change.state.parse().ok().filter(moves).ok_or_else(|| {
            visitor.fails(&app, ApiError::invalid("state_invalid", "state: taken or closed"))
        })?;
    let note = masked_note(&app, &change.note).await.map_err(|error| visitor.fails(&app, error))?;
    let fails = |e: StoreError| visitor.fails(&app, e);
    let now = app.house.clock.now();
    let mut w = app.house.store.write().await.map_err(fails)?;
    visible(&mut w, &visitor.caller, id).await.map_err(fails)?.ok_or_else(missing)?;
    visitor.noted.set_target(id.to_string());
    let moved = tickets::advance(&mut w, id, state, visitor.caller.signature(), note.as_ref(), now)
        .await
        .map_err(fails)?;
    if moved && state == TicketState::Taken {
        let own = visitor.caller.own_subject();
        tickets::note_hands(&mut w, id, &visitor.caller.owner(&own)).await.map_err(fails)?;
    }
    w.save().await.map_err(fails)?;
    let done = if moved { state.as_str() } else { "late" };
    Ok(Redirect::to(&format!("/tickets/{id}?done={done}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct HandOver {
    #[serde(default)]
    csrf: String,
    to: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn hands(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(sent): Form<HandOver>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::HandOverTickets)?;
    visitor.check_form(&app, &sent.csrf)?;
    let handed = hand_over(&app, &visitor.caller, &visitor.noted, (&id, &sent.to, &sent.note)).await;
    let done = match handed {
        Ok(_) => "handed",
        Err(ApiError::TicketClosed) => "late",
        Err(error) => return Err(visitor.fails(&app, error)),
    };
    Ok(Redirect::to(&format!("/tickets/{id}?done={done}")).into_response())
}
