//! Asking, and reading what became of it.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use contactiq_domain::{Mode, Permission, Record, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_store::interactions::{self, Told};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    asking::{Asking, Request, asks, counted, record_of, tells},
    error::{ApiError, Problem},
    json::Json,
    live::Telling,
    message::Message,
    shapes::RecordShape,
};
use crate::{
    app::App,
    guard::{Numbered, access::Noted, identity::Caller, seen},
};

const ROUTE: &str = "POST /v1/interactions";
/// How often it is looked whether an answer is there that another server tells.
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Which assistant: `customer` or `banker`.
    #[schema(value_type = String, example = "customer")]
    mode: Mode,
    /// 1 to 2000 characters.
    #[schema(value_type = String, example = "What does a replacement card cost?")]
    question: Message,
    /// The conversation that it continues; left out, a new one begins.
    conversation: Option<String>,
    /// The person, as the bank's back end calls them (service keys only; made up when absent).
    subject: Option<String>,
    /// The sitting (service keys only; made up when absent).
    session: Option<String>,
}

/// Ask a question.
///
/// With `Accept: text/event-stream` the answer comes as the events `disclosure`, `step`, `token`,
/// `citation`, `restart`, `done` or `error`.
#[utoipa::path(
    post, path = "/v1/interactions", tag = "interactions",
    request_body = Question,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key and body gets the first answer."),
        ("Priority" = Option<String>, Header, description = "RFC 9218: from `u=5` on, work that nobody waits for at a screen."),
        ("X-Request-Id" = Option<String>, Header, description = "Kept as the correlation id and echoed."),
        ("traceparent" = Option<String>, Header, description = "W3C trace context.")
    ),
    responses(
        (status = 200, description = "The record", body = RecordShape),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem), (status = 504, body = Problem)
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Extension(numbered): Extension<Numbered>,
    headers: HeaderMap,
    body: Result<Json<Question>, ApiError>,
) -> Result<Response, ApiError> {
    let wants_events = streams(&headers);
    let Json { value: question, bytes } = match body {
        Ok(body) => body,
        Err(error) => return Err(counted(&app, &caller, &numbered, error).await),
    };
    let request = Request { route: ROUTE, caller, numbered, headers, bytes };
    let asking = Asking {
        mode: question.mode,
        question: question.question,
        conversation: question.conversation,
        subject: question.subject,
        session: question.session,
        resent: None,
    };
    if wants_events {
        return Ok(tells(&app, request, asking).await?.listen(None).into_response());
    }
    Ok(axum::Json(asks(&app, request, asking).await?.record).into_response())
}

/// Hear an answer again, or the rest of one that is on its way, as the events of `POST /v1/interactions`.
///
/// `Last-Event-ID` is the id of the last event that was heard. After a minute, or at another replica, an answer is told
/// from its beginning, behind a `restart`; another replica waits for its end before.
#[utoipa::path(
    get, path = "/v1/interactions/{id}/events", tag = "interactions",
    params(
        ("id" = String, Path, description = "The interaction's id"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was heard.")
    ),
    responses(
        (status = 200, description = "Events", content_type = "text/event-stream"),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 504, body = Problem)
    )
)]
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    let last = last.filter(|last| !last.is_empty());
    if let Ok(id) = id.parse::<InteractionId>()
        && let Some(telling) = app.live.of(id, &caller)
    {
        // It is the caller's, who asked.
        noted.set_target(seen::one(&caller, &caller.owner(&caller.own_subject()), id));
        return Ok(telling.listen(last).into_response());
    }
    let record = match visible(&app, &caller, &id).await {
        Err(ApiError::NotFound(_)) => on_its_way(&app, &caller, &id).await?,
        read => read?,
    };
    noted.set_target(seen::interaction(&app, &caller, &record).await?);
    let disclosure = &app.house.settings.of(record.mode).disclosure;
    Ok(Telling::of_record(disclosure, &record).listen(last).into_response())
}

/// The record of an answer of this caller's that another server tells: waited for as long as a request may take. That
/// server hears of it, and does not stop the model because its own listener left.
async fn on_its_way(app: &App, caller: &Caller, id: &str) -> Result<Record<Masked>, ApiError> {
    let missing = || ApiError::NotFound("interaction");
    let interaction: InteractionId = id.parse().map_err(|_| missing())?;
    let subject = caller.own_subject();
    let whose = match caller.key.filter(|_| caller.may(Permission::ActForSubject)) {
        Some(key) => Told::BackEnd(key),
        None => Told::Person(caller.owner(&subject)),
    };
    let begun = match app.house.ledger.begun_by(interaction, whose).await {
        None => interactions::begun_by(&mut *app.house.store.read().await?, interaction, whose).await?,
        begun => begun,
    };
    begun.filter(|mode| caller.sees(*mode)).ok_or_else(missing)?;
    let patience = Duration::from_secs(app.config.server.request_timeout_seconds);
    let waiting = async {
        loop {
            app.hands.waits_here(interaction).await;
            tokio::time::sleep(LOOKS_EVERY).await;
            match asked(app, caller, id).await {
                Err(ApiError::NotFound(_)) => {}
                read => return read,
            }
        }
    };
    tokio::time::timeout(patience, waiting).await.unwrap_or(Err(ApiError::Timeout))
}

/// Whether events are asked for: named in `Accept`, not refused there (`q=0`), and not liked less
/// than JSON, which wins a tie.
fn streams(headers: &HeaderMap) -> bool {
    let quality = |kind: &str| {
        let all = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
        all.flat_map(|v| v.split(','))
            .filter_map(|v| {
                let mut parts = v.split(';').map(str::trim);
                parts.next().filter(|named| named.eq_ignore_ascii_case(kind))?;
                let weight = parts.find_map(|p| {
                    let (name, value) = p.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
                });
                Some(weight.unwrap_or(1.0_f32))
            })
            .fold(0.0, f32::max)
    };
    quality("text/event-stream") > quality("application/json")
}

/// Reads an interaction that the caller asked, for itself or for the people whom it speaks for.
pub(super) async fn asked(app: &App, caller: &Caller, id: &str) -> Result<Record<Masked>, ApiError> {
    let missing = || ApiError::NotFound("interaction");
    let id: InteractionId = id.parse().map_err(|_| missing())?;
    let mut subject = caller.own_subject();
    if caller.may(Permission::ActForSubject) && caller.key.is_some() {
        // A back end asks for many people; the record says for whom. Its key must have asked.
        subject = record_of(app, id).await?.ok_or_else(missing)?.subject;
    }
    let owner = caller.owner(&subject);
    let record = match app.house.ledger.pending_of(id, &owner).await {
        None => interactions::get_of(&mut *app.house.store.read().await?, id, &owner).await?,
        pending => pending,
    };
    record.filter(|r| caller.sees(r.mode)).ok_or_else(missing)
}

/// Reads an interaction that the caller may see: its own, or with the permission everyone's.
async fn visible(app: &App, caller: &Caller, id: &str) -> Result<Record<Masked>, ApiError> {
    if !caller.may(Permission::ReadAllInteractions) {
        return asked(app, caller, id).await;
    }
    let missing = || ApiError::NotFound("interaction");
    let id: InteractionId = id.parse().map_err(|_| missing())?;
    let record = record_of(app, id).await?;
    // A key for one assistant reads nothing of the other.
    record.filter(|r| caller.sees(r.mode)).ok_or_else(missing)
}

/// Read one interaction: what was asked, decided and shown.
#[utoipa::path(
    get, path = "/v1/interactions/{id}", tag = "interactions",
    params(("id" = String, Path, description = "The interaction's id")),
    responses((status = 200, body = RecordShape), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
) -> Result<axum::Json<Record<Masked>>, ApiError> {
    let record = visible(&app, &caller, &id).await?;
    noted.set_target(seen::interaction(&app, &caller, &record).await?);
    Ok(axum::Json(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_for_those_who_like_them_best() {
        for (accept, events) in [
            ("text/event-stream", true),
            ("TEXT/Event-Stream; charset=utf-8", true),
            ("text/event-stream;q=0", false),
            ("text/event-stream; Q=0.0", false),
            ("text/event-stream;q=oops", false),
            ("text/event-stream, application/json", false),
            ("text/event-stream, application/json;q=0.5", true),
            ("application/json, text/event-stream;q=0.5", false),
            ("application/json;q=0, text/event-stream;q=0.1", true),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(streams(&headers), events, "{accept}");
        }
        assert!(!streams(&HeaderMap::new()));
    }
}
