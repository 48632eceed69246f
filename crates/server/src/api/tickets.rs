//! Who works on a ticket: supervisors hand one to somebody else (A2).

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use contactiq_domain::{Mode, Permission, Role, Ticket, ids::TicketId};
use contactiq_guard::{Masked, Raw};
use contactiq_store::{
    Connection, StoreError,
    conversations::Owner,
    page_sessions::{self, PageSession},
    tickets,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::{ApiError, Problem},
    json::Json,
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{Caller, HandOverTickets, May},
        seen,
    },
};

/// The longest note, in characters.
pub(crate) const LONGEST_NOTE: usize = 2000;
/// Whoever signed in within so many seconds can be handed a ticket: thirty days.
const KNOWN_FOR: i64 = 30 * 24 * 3600;
/// Sessions that are looked through for them.
const SESSIONS: u32 = 5000;

/// Whether a caller sees every ticket of the assistants that it may see. A banker sees those of customers, whose
/// tickets bankers work on, and of the staff assistant's no other banker's (A2).
pub(crate) fn sees_all(caller: &Caller) -> bool {
    caller.may(Permission::ReadAllInteractions)
}

/// A ticket that the caller may see.
pub(crate) async fn visible(
    c: &mut Connection,
    caller: &Caller,
    id: TicketId,
) -> Result<Option<Ticket<Masked>>, StoreError> {
    let found = if sees_all(caller) {
        tickets::get(c, id).await?
    } else {
        let own = caller.own_subject();
        tickets::get_for(c, id, &caller.owner(&own)).await?
    };
    Ok(found.filter(|ticket| caller.sees(ticket.mode)))
}

/// Somebody who can be handed tickets.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TicketWorker)]
pub struct Worker {
    /// What logs call them; give it as `to`.
    pub(crate) id: String,
    /// What the bank's directory calls them; without that, the id.
    pub(crate) name: String,
    /// `banker`, `supervisor` or `admin`.
    #[schema(value_type = String, example = "banker")]
    pub(crate) role: Role,
    /// The one assistant whose tickets they see.
    #[schema(value_type = Option<String>)]
    pub(crate) mode: Option<Mode>,
}

impl From<PageSession> for Worker {
    fn from(session: PageSession) -> Worker {
        let name = session.label.map(|label| label.as_str().to_owned());
        Worker {
            name: name.unwrap_or_else(|| session.subject.clone()),
            id: session.subject,
            role: session.role,
            mode: session.mode,
        }
    }
}

/// Everybody who may work on tickets and signed in within thirty days, by name.
///
/// # Errors
/// When the database fails.
pub(crate) async fn workers(app: &App, c: &mut Connection) -> Result<Vec<Worker>, StoreError> {
    let roles: Vec<Role> =
        Role::ALL.iter().copied().filter(|role| role.allows(Permission::ChangeTickets)).collect();
    let since = app.house.clock.now().plus_seconds(-KNOWN_FOR);
    let found = page_sessions::people(c, &roles, since, SESSIONS).await?;
    let mut all: Vec<Worker> = found.into_iter().map(Worker::from).collect();
    all.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(all)
}

/// List who can be handed a ticket: those who may work on tickets and signed in within thirty days. For supervisors and
/// administrators.
#[utoipa::path(
    get, path = "/v1/tickets/workers", tag = "tickets",
    responses((status = 200, body = Vec<Worker>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_workers(
    State(app): State<App>,
    _caller: May<HandOverTickets>,
    Extension(noted): Extension<Noted>,
) -> Result<axum::Json<Vec<Worker>>, ApiError> {
    noted.set_target(seen::list(&[]));
    let mut reader = app.house.store.read().await?;
    Ok(axum::Json(workers(&app, &mut reader).await?))
}

/// Into whose hands a ticket goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TicketHands)]
pub struct Hands {
    /// The `id` of one of `GET /v1/tickets/workers`.
    to: String,
    /// What they should know, at most 2000 characters. Personal data is masked before it is kept.
    note: Option<String>,
}

/// Hand a ticket that is not closed to somebody, whoever had it before. For supervisors and administrators; it is in the
/// audit log. Sent again it changes nothing.
#[utoipa::path(
    put, path = "/v1/tickets/{id}/hands", tag = "tickets", request_body = Hands,
    params(("id" = String, Path, description = "The ticket's id")),
    responses(
        (status = 204, description = "They have it"), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn put_hands(
    State(app): State<App>,
    caller: May<HandOverTickets>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    body: Json<Hands>,
) -> Result<StatusCode, ApiError> {
    let Hands { to, note } = body.value;
    hand_over(&app, &caller, &noted, (&id, &to, note.as_deref().unwrap_or_default())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands a ticket over: the ticket, to whom, and a note.
///
/// # Errors
/// [`ApiError::NotFound`] for a ticket that the caller does not see, [`ApiError::Parameter`] for who can't be handed it,
/// [`ApiError::TicketClosed`].
pub(crate) async fn hand_over(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    (id, to, note): (&str, &str, &str),
) -> Result<TicketId, ApiError> {
    caller.must(Permission::HandOverTickets)?;
    let missing = || ApiError::NotFound("ticket");
    let id: TicketId = id.parse().map_err(|_| missing())?;
    let note = masked_note(app, note).await?;
    // Opening many names is nothing to keep other writers waiting for.
    let all = workers(app, &mut *app.house.store.read().await?).await?;
    let mut w = app.house.store.write().await?;
    let ticket = visible(&mut w, caller, id).await?.ok_or_else(missing)?;
    noted.set_target(id.to_string());
    let sees = |worker: &Worker| worker.id == to && worker.mode.is_none_or(|mode| mode == ticket.mode);
    let worker = all.into_iter().find(sees).ok_or_else(|| {
        let who = "one of GET /v1/tickets/workers who sees tickets of this assistant";
        ApiError::parameter("worker_unknown", "to", who)
    })?;
    let owner = Owner { subject: &worker.id, key: None };
    let now = app.house.clock.now();
    let handed =
        tickets::hand_over(&mut w, id, (&owner, &worker.name), note.as_ref(), &caller.name, now).await?;
    if !handed {
        return Err(ApiError::TicketClosed);
    }
    w.save().await?;
    Ok(id)
}

/// A note as it is kept: a person's words, of which the masked form alone is.
///
/// # Errors
/// When it is too long, or the guard fails on it.
pub(crate) async fn masked_note(app: &App, note: &str) -> Result<Option<Masked>, ApiError> {
    if note.chars().count() > LONGEST_NOTE {
        return Err(ApiError::invalid("note_too_long", "note: at most 2000 characters"));
    }
    match note.trim() {
        "" => Ok(None),
        said => Ok(Some(app.house.guard.mask(Raw::new(said)).await?)),
    }
}
