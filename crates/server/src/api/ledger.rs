//! How the ledger stands, and its dead letters (B3): for administrators.
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{BreakerState, Timestamp, ids::InteractionId};
use contactiq_store::ledger::{
    Entry, Phase,
    dead::{self, DeadLetter, Replayed},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{May, OperateLedger},
        seen,
    },
};

/// Letters of one page.
const LISTED: u32 = 100;
/// Further back nobody pages.
const MOST_PAGES: u32 = 10_000;

/// How the ledger stands in this process.
#[derive(Serialize, ToSchema)]
pub struct Status {
    /// Of the place that is asked first, the queue of a cluster or the database: `closed` while it is asked, `open`
    /// while it is left alone after failures, `half_open` when it is tried.
    #[schema(value_type = String, example = "closed")]
    first_place: BreakerState,
    /// Entries in the queue; none where there is no queue, or it does not answer.
    queue_entries: Option<u64>,
    /// Entries that wait to be written together.
    waiting: usize,
    /// Entries in the spool; none where there is no spool.
    spool_entries: Option<u64>,
    /// Its bytes.
    spool_bytes: Option<u64>,
    /// Files of it with bytes that can't be read; they are kept.
    spool_damaged: Option<u64>,
    /// Answers that were shown and that no table has yet.
    pending: usize,
    /// Entries by which queue and spool differed from what they were given, since the start of this process; more than 0
    /// means that some were lost or taken out by somebody else.
    miscounted: u64,
    /// Dead letters.
    dead_letters: u64,
}

/// A dead letter.
#[derive(Serialize, ToSchema)]
pub struct DeadLetterShape {
    /// Its id.
    id: String,
    /// The interaction; none where its bytes can't be read.
    #[schema(value_type = Option<String>)]
    interaction: Option<InteractionId>,
    /// `start`, `completion` or `withdrawal`.
    #[schema(value_type = Option<String>, example = "completion")]
    phase: Option<Phase>,
    /// Why it could not be written.
    reason: String,
    /// How often it was tried.
    tries: u32,
    /// When it was buried.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was tried last.
    #[schema(value_type = String, format = DateTime)]
    last_tried_at: Timestamp,
    /// Its bytes.
    bytes: u64,
    /// What it holds, masked: the record, or what was started. Only of one letter, and where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<serde_json::Value>,
}

impl From<DeadLetter> for DeadLetterShape {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            interaction: letter.interaction,
            phase: letter.phase,
            reason: letter.reason,
            tries: letter.tries,
            created_at: letter.created_at,
            last_tried_at: letter.last_tried_at,
            bytes: letter.bytes,
            entry: None,
        }
    }
}

/// What an entry says, for a person.
pub(crate) fn told(entry: &Entry) -> serde_json::Value {
    match entry {
        Entry::Start(start) => serde_json::to_value(&start.started),
        Entry::Completion(completion) => serde_json::to_value(&completion.record),
        Entry::Withdrawal(withdrawal) => serde_json::to_value(withdrawal.interaction),
    }
    .unwrap_or_default()
}

/// The ledger is of both assistants: a key that is for one of them operates none of it.
fn everything(caller: &May<OperateLedger>) -> Result<(), ApiError> {
    if caller.mode.is_some() { Err(ApiError::Forbidden) } else { Ok(()) }
}

/// See how the ledger stands: what waits, what the spool holds, how many dead letters there are.
#[utoipa::path(
    get, path = "/v1/ledger", tag = "ledger",
    responses((status = 200, body = Status), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn status(
    State(app): State<App>,
    caller: May<OperateLedger>,
) -> Result<axum::Json<Status>, ApiError> {
    everything(&caller)?;
    let state = app.house.ledger.state();
    let mut reader = app.house.store.read().await?;
    Ok(axum::Json(Status {
        first_place: state.first,
        queue_entries: app.house.ledger.queued_entries().await.ok().flatten(),
        waiting: state.waiting,
        spool_entries: state.spool.map(|depth| depth.entries),
        spool_bytes: state.spool.map(|depth| depth.bytes),
        spool_damaged: state.spool.map(|depth| depth.damaged_segments),
        pending: state.pending,
        miscounted: state.miscounted,
        dead_letters: dead::count(&mut reader).await?,
    }))
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Which page of 100, from 1.
    page: Option<u32>,
}

/// List the dead letters, the oldest first.
#[utoipa::path(
    get, path = "/v1/ledger/dead-letters", tag = "ledger", params(Which),
    responses((status = 200, body = Vec<DeadLetterShape>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: May<OperateLedger>,
    Extension(noted): Extension<Noted>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<DeadLetterShape>>, ApiError> {
    everything(&caller)?;
    let Query(which) = which.map_err(|_| ApiError::invalid("query_invalid", "page: a number from 1"))?;
    let page = which.page.unwrap_or(1).clamp(1, MOST_PAGES);
    noted.set_target(seen::list(&[("page", Some(page.to_string()))]));
    let mut reader = app.house.store.read().await?;
    let found = dead::list(&mut reader, LISTED, (page - 1) * LISTED).await?;
    Ok(axum::Json(found.into_iter().map(Into::into).collect()))
}

/// Read one dead letter with what it holds.
#[utoipa::path(
    get, path = "/v1/ledger/dead-letters/{id}", tag = "ledger",
    params(("id" = String, Path, description = "The letter's id")),
    responses((status = 200, body = DeadLetterShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn read(
    State(app): State<App>,
    caller: May<OperateLedger>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
) -> Result<axum::Json<DeadLetterShape>, ApiError> {
    everything(&caller)?;
    let mut reader = app.house.store.read().await?;
    let (letter, entry) = dead::get(&mut reader, &id).await?.ok_or(ApiError::NotFound("dead letter"))?;
    noted.set_target(id);
    Ok(axum::Json(DeadLetterShape { entry: entry.ok().as_ref().map(told), ..letter.into() }))
}

/// Write a dead letter where it belongs. What is refused still stays, with the reason.
#[utoipa::path(
    post, path = "/v1/ledger/dead-letters/{id}/replay", tag = "ledger",
    params(("id" = String, Path, description = "The letter's id"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204, description = "It is written"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn replay(
    State(app): State<App>,
    caller: May<OperateLedger>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    everything(&caller)?;
    // What stands in an address may say anything: it is compared, and not kept.
    let route = "POST /v1/ledger/dead-letters/{id}/replay";
    let taken = match idempotency::begin(&app, &caller, route, &headers, id.as_bytes()).await? {
        Repeat::Again(_) => return Ok(StatusCode::NO_CONTENT),
        Repeat::First(taken) => taken,
    };
    let settles = taken.as_ref().map(|taken| taken.settles(StatusCode::NO_CONTENT));
    match dead::replay_in(&app.house.store, &id, settles, app.house.clock.now()).await? {
        Ok(Replayed::Written | Replayed::Overtaken) => {
            if let Some(taken) = taken {
                taken.done();
            }
            noted.set_target(id);
            Ok(StatusCode::NO_CONTENT)
        }
        Ok(Replayed::Missing) => Err(ApiError::NotFound("dead letter")),
        Ok(Replayed::Unreadable(why)) => Err(ApiError::invalid("dead_letter_unreadable", why.to_string())),
        Err(why) => Err(ApiError::invalid("dead_letter_refused", format!("it is refused still: {why}"))),
    }
}

/// Drop a dead letter for good: what it holds is lost.
#[utoipa::path(
    delete, path = "/v1/ledger/dead-letters/{id}", tag = "ledger",
    params(("id" = String, Path, description = "The letter's id"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204, description = "It is gone"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn discard(
    State(app): State<App>,
    caller: May<OperateLedger>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    everything(&caller)?;
    let route = "DELETE /v1/ledger/dead-letters/{id}";
    let taken = match idempotency::begin(&app, &caller, route, &headers, id.as_bytes()).await? {
        Repeat::Again(_) => return Ok(StatusCode::NO_CONTENT),
        Repeat::First(taken) => taken,
    };
    let mut w = app.house.store.write().await?;
    if !dead::discard(&mut w, &id).await? {
        return Err(ApiError::NotFound("dead letter"));
    }
    if let Some(taken) = &taken {
        taken.settle(&mut w, &id, StatusCode::NO_CONTENT.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    noted.set_target(id);
    Ok(StatusCode::NO_CONTENT)
}
