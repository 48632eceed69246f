//! The assistants as models: the shapes of OpenAI's chat completions, so that every client that speaks them can ask.
//!
//! The question goes the way of every question (`api::asking`). What else a client sends has no authority: no turn
//! of a system, a developer, an assistant or a tool changes how an answer is made, and no parameter does.

mod body;
mod chunks;
mod completion;
mod error;
mod flat;
mod messages;
pub mod models;
mod parameters;
mod request;

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use super::{
    asking::{Asking, Request, asks, counted, helped, tells},
    error::ApiError,
    json::Json,
    named::acts,
};
use crate::{
    app::App,
    guard::{Numbered, identity::Caller},
    privacy,
};
use body::{Body, Ours};
use completion::{Completion, Told};
use flat::Flat;
use request::ChatRequest;

pub use error::ErrorShape;

/// The largest body in bytes, whatever `limits.body_bytes` says: clients resend whole conversations.
pub(super) const LARGEST_BODY: usize = 512 * 1024;

const PATH: &str = "/v1/chat/completions";
const ROUTE: &str = "POST /v1/chat/completions";

/// Whether this route speaks OpenAI's shapes, in its errors too.
pub(crate) fn speaks(route: &str) -> bool {
    route == PATH || route == "/v1/models" || route == "/v1/models/{model}"
}

/// Ask a question as OpenAI's clients do.
///
/// The last message is the question. Turns of the system, of developers and of tools are not read; earlier exchanges
/// are recognised when they were said here, and left aside otherwise. With `stream` the answer comes as chunks.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "chat",
    request_body = ChatRequest,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key and body gets the first answer."),
        ("Priority" = Option<String>, Header, description = "RFC 9218: from `u=5` on, work that nobody waits for at a screen."),
        ("X-Request-Id" = Option<String>, Header, description = "Kept as the correlation id and echoed."),
        ("traceparent" = Option<String>, Header, description = "W3C trace context.")
    ),
    responses(
        (status = 200, description = "The completion", body = Completion),
        (status = 400, body = ErrorShape), (status = 401, body = ErrorShape), (status = 403, body = ErrorShape),
        (status = 404, body = ErrorShape), (status = 409, body = ErrorShape), (status = 413, body = ErrorShape),
        (status = 415, body = ErrorShape), (status = 429, body = ErrorShape), (status = 503, body = ErrorShape),
        (status = 504, body = ErrorShape)
    )
)]
pub(crate) async fn complete(
    State(app): State<App>,
    caller: Caller,
    Extension(numbered): Extension<Numbered>,
    headers: HeaderMap,
    body: Result<Json<Body>, ApiError>,
) -> Result<Response, ApiError> {
    let read = body.and_then(|Json { value: mut body, bytes }| {
        let asking = asking(&app, &caller, &mut body)?;
        Ok((asking, body, bytes))
    });
    let (asking, body, bytes) = match read {
        Ok(read) => read,
        Err(error) => return Err(counted(&app, &caller, &numbered, error).await),
    };
    let may = caller.may(asking.mode.permission());
    let checked = if may { parameters::check(&body) } else { Err(ApiError::ModelForbidden) };
    if let Err(error) = checked {
        let error = counted(&app, &caller, &numbered, error).await;
        return Err(helped(&app, asking.mode, &asking.question, error).await);
    }
    let disclosure = app.house.settings.of(asking.mode).disclosure.clone();
    let request = Request { route: ROUTE, caller, numbered, headers, bytes };
    let Some(with_usage) = streams(&body) else {
        let told = Told::new(&asks(&app, request, asking).await?, &disclosure);
        return Ok(axum::Json(Completion::from(told)).into_response());
    };
    let mode = asking.mode;
    let telling = tells(&app, request, asking).await?;
    Ok(chunks::of(telling, mode, (disclosure, with_usage), app.house.clock.now()).into_response())
}

/// Whether chunks are asked for, and whether with what was used.
fn streams(body: &Body) -> Option<bool> {
    let usage = body.stream_options.as_ref().map(|options| &options.include_usage);
    (body.parameters.get("stream") == Some(&Flat::Flag(true))).then_some(usage == Some(&Flat::Flag(true)))
}

/// The question in a body.
fn asking(app: &App, caller: &Caller, body: &mut Body) -> Result<Asking, ApiError> {
    let Flat::Text(model) = &body.model else {
        return Err(ApiError::parameter("parameter_invalid", "model", "send the name of a model"));
    };
    let mode = models::mode(model).ok_or(ApiError::NoModel)?;
    let said = messages::read(body.messages.take())?;
    let resent = said.resent(&app.body_key, &caller.identity());
    let Ours { conversation, subject, session } = body.contactiq.take().unwrap_or_default();
    // Whoever names the conversation names its person.
    let subject = subject.or_else(|| match conversation {
        None => pseudonym(app, caller, body),
        Some(_) => None,
    });
    Ok(Asking { mode, question: said.question.into(), conversation, subject, session, resent: Some(resent) })
}

/// The person whom a back end names in a field of OpenAI's. Clients put addresses and names there, and a subject is
/// kept as it is: so it is one that stands for what was sent. A key that speaks for itself alone names nobody.
fn pseudonym(app: &App, caller: &Caller, body: &Body) -> Option<String> {
    let name = ["safety_identifier", "user"].iter().find_map(|field| match body.parameters.get(field) {
        Some(Flat::Text(name)) if !name.trim().is_empty() => Some(name),
        _ => None,
    });
    let name = name.filter(|_| acts(caller))?;
    Some(privacy::user(&app.body_key, &caller.identity(), name))
}
