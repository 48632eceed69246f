//! Asking, and reading what became of it.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use contactiq_domain::{
    Mode, Permission, Record,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::Masked;
use contactiq_pipeline::{AnswerError, Ask};
use contactiq_store::{conversations, interactions, ledger::ONLY_TABLES_KNOW};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Place, Repeat, Taken},
    json::Json,
    message::Message,
    named::{acts, named},
    shapes::RecordShape,
    stream,
};
use crate::{
    app::App,
    guard::{
        Numbered,
        admission::{self, Priority, Shed},
        identity::Caller,
        limits::Wait,
    },
    hands::Hands,
    wiring::random_text,
};

const ROUTE: &str = "POST /v1/interactions";
/// An answer that came too late for its client may still be made for so long.
const LATE_ANSWERS: Duration = Duration::from_secs(60);
/// Begins the name of a person or a sitting that the caller did not name.
const MADE_UP: &str = "anonymous-";

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
    body: Json<Question>,
) -> Result<Response, ApiError> {
    let (mode, question) = (body.value.mode, body.value.question.clone());
    match answered(app.clone(), caller, numbered, headers, body).await {
        Ok(response) => Ok(response),
        Err(error) => Err(helped(&app, mode, &question, error).await),
    }
}

/// An error with what its message needs before it: the crisis line for a cry, people where nobody could
/// read it.
pub(crate) async fn helped(app: &App, mode: Mode, message: &Message, error: ApiError) -> ApiError {
    let help = match error {
        ApiError::Unchecked => Some(app.house.offer(mode)),
        // Whoever is turned away for sending too much must not be able to make us read much.
        ApiError::TooMany { .. } => app.house.comfort(mode, message.beginning()).await,
        ApiError::Overloaded { .. } => app.house.comfort(mode, message.beginning()).await,
        _ => app.house.comfort(mode, message.whole()).await,
    };
    error.with_help(help.map(|help| help.as_str().to_owned()))
}

async fn answered(
    app: App,
    caller: Caller,
    numbered: Numbered,
    headers: HeaderMap,
    body: Json<Question>,
) -> Result<Response, ApiError> {
    let question = body.value;
    let mode = question.mode;
    caller.must(mode.permission())?;
    let ask = accept(&app, &caller, &numbered, question).await?;
    // On a task of its own from here on: a client that goes away takes neither the record with it
    // nor the idempotency key.
    let (work, wants_events, priority) = (app.clone(), streams(&headers), priority(&headers));
    let task = async move {
        // A repetition costs no place under the limits: its answer is there.
        match idempotency::begin(&work, &caller, ROUTE, &headers, &body.bytes, Place::Record).await? {
            Repeat::Again(id) => first_answer(&work, &id).await,
            Repeat::First(taken) => first_time(&work, &caller, ask, &numbered, taken, priority).await,
        }
    };
    let task = app.tasks.spawn(tracing::Instrument::in_current_span(task));
    let record = task.await.map_err(|_panic| ApiError::Internal)??;
    Ok(if wants_events {
        stream::of_record(&app.house.settings.of(mode).disclosure, &record).into_response()
    } else {
        axum::Json(record).into_response()
    })
}

async fn first_time(
    app: &App,
    caller: &Caller,
    mut ask: Ask,
    numbered: &Numbered,
    taken: Option<Taken>,
    priority: Priority,
) -> Result<Record<Masked>, ApiError> {
    let bucket = bucket(caller, &ask);
    if let Err(limited) = take_place(app, caller, &bucket, numbered).await {
        if let Some(taken) = taken {
            taken.give_back().await;
        }
        return Err(limited);
    }
    ask.claimed = taken.as_ref().map(Taken::claimed);
    answer(app, ask, taken, Turn { bucket: &bucket, priority }).await
}

/// Whose turn it is in the queue.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// Who asks: they take turns.
    pub(crate) bucket: &'a str,
    /// How urgent they say it is; a message says more.
    pub(crate) priority: Priority,
}

/// What a client says of its own urgency (RFC 9218): from `u=5` on nobody waits for it at a screen. More urgent than
/// others nobody is by saying so; the message says that.
fn priority(headers: &HeaderMap) -> Priority {
    let said = headers.get("priority").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let urgency = said.split(',').find_map(|part| part.trim().strip_prefix("u="));
    match urgency.and_then(|u| u.trim().parse::<u8>().ok()) {
        Some(5..=7) => Priority::Bulk,
        _ => Priority::Ordinary,
    }
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

/// Takes a place under the rate limits.
async fn take_place(app: &App, caller: &Caller, bucket: &str, numbered: &Numbered) -> Result<(), ApiError> {
    app.limits
        .take(bucket, caller.rate_per_minute, numbered.ip)
        .await
        .map_err(|Wait(retry_after)| ApiError::TooMany { retry_after })
}

/// Who asks, for the limits and for the turns in the queue. A key with a rate of its own has one bucket for all
/// that it asks; everyone else has one a session.
fn bucket(caller: &Caller, ask: &Ask) -> String {
    let own = caller.own_subject();
    match caller.rate_per_minute {
        Some(_) => own,
        None if !ask.session.starts_with(MADE_UP) => format!("{own}/{}", ask.session),
        None if !ask.subject.starts_with(MADE_UP) => format!("{own}/{}", ask.subject),
        // A made-up name would be a new bucket each time.
        None => format!("{own}/{own}"),
    }
}

/// Checks what came.
async fn accept(
    app: &App,
    caller: &Caller,
    numbered: &Numbered,
    question: Question,
) -> Result<Ask, ApiError> {
    let acts = acts(caller);
    let subject = named(caller, question.subject, "subject")?;
    let session = named(caller, question.session, "session")?;
    let conversation = match question.conversation {
        Some(id) => Some(id.parse::<ConversationId>().map_err(|_| ApiError::NotFound("conversation"))?),
        None => None,
    };
    let own = caller.own_subject();
    let subject = match (subject, conversation) {
        (Some(named), _) => named,
        // A back end that goes on with a conversation of its own need not name the person again.
        (None, Some(id)) if acts => subject_of(app, caller, id).await?,
        (None, None) if acts => format!("{MADE_UP}{}", random_text::<12>()),
        (None, _) => own.clone(),
    };
    Ok(Ask {
        mode: question.mode,
        role: caller.role,
        question: question.question.whole(),
        conversation,
        session: session
            .unwrap_or_else(|| if acts { format!("{MADE_UP}{}", random_text::<12>()) } else { own }),
        subject,
        request_id: numbered.request_id,
        correlation_id: numbered.correlation_id.clone(),
        owner_key: caller.key,
        claimed: None,
        demo: false,
    })
}

/// The person of a conversation that this key began.
async fn subject_of(app: &App, caller: &Caller, id: ConversationId) -> Result<String, ApiError> {
    // Nothing of a conversation's person ever changes: who knows it need not ask.
    let known = match app.house.ledger.said(id).await.conversation().cloned() {
        None => {
            let reading =
                async { conversations::get_for_staff(&mut *app.house.store.read().await?, id).await };
            app.house.ledger.tables(ONLY_TABLES_KNOW, reading).await?
        }
        known => known,
    };
    known
        .filter(|c| c.owner_key == caller.key && caller.sees(c.mode))
        .map(|c| c.subject)
        .ok_or(ApiError::NotFound("conversation"))
}

/// Answers on a task of its own, once there is a place for it: a client that goes away does not take the record
/// with it.
pub(crate) async fn answer(
    app: &App,
    ask: Ask,
    taken: Option<Taken>,
    turn: Turn<'_>,
) -> Result<Record<Masked>, ApiError> {
    let limit = Duration::from_secs(app.config.server.request_timeout_seconds);
    let deadline = tokio::time::Instant::now() + limit;
    let (place, priority) = match enter(app, &ask, turn, deadline).await {
        Ok(entered) => entered,
        Err(Shed { retry_after }) => {
            if let Some(taken) = taken {
                taken.give_back().await;
            }
            return Err(ApiError::Overloaded { retry_after });
        }
    };
    let work = app.clone();
    let span = tracing::Span::current();
    let task = app.tasks.spawn(tracing::Instrument::instrument(
        async move {
            let answered = Hands::answer(&work, ask, priority, deadline).await;
            match (&answered, taken) {
                (Ok(_), Some(taken)) => taken.done(),
                // A worker may still answer it: who sends it again meanwhile must not get a second answer.
                (Err(AnswerError::Late), Some(taken)) => taken.keep_for(LATE_ANSWERS),
                (Err(_), Some(taken)) => taken.give_back().await,
                (_, None) => {}
            }
            observe(&answered);
            drop(place);
            answered
        },
        span,
    ));
    match tokio::time::timeout_at(deadline, task).await {
        Ok(Ok(answered)) => Ok(answered?),
        Ok(Err(_panic)) => {
            metrics::counter!("contactiq_answers_failed_total").increment(1);
            tracing::error!(critical = true, "an answer ended in a panic");
            Err(ApiError::Internal)
        }
        Err(_) => Err(ApiError::Timeout),
    }
}

/// A place in the queue. Where there is none free, the message is looked at first: somebody in need goes before
/// the others, also with a first message.
async fn enter(
    app: &App,
    ask: &Ask,
    turn: Turn<'_>,
    deadline: tokio::time::Instant,
) -> Result<(admission::Place, Priority), Shed> {
    let priority = match !app.admission.has_room() || app.hands.may_wait() {
        true if app.house.presses(Arc::clone(&ask.question)).await => Priority::Urgent,
        _ => turn.priority,
    };
    Ok((app.admission.enter(priority, turn.bucket, deadline).await?, priority))
}

fn observe(answered: &Result<Record<Masked>, AnswerError>) {
    let record = match answered {
        Ok(record) => record,
        Err(AnswerError::Store(_)) => {
            metrics::counter!("contactiq_answers_failed_total").increment(1);
            return;
        }
        Err(_) => {
            metrics::counter!("contactiq_questions_refused_total").increment(1);
            return;
        }
    };
    let mode = record.mode.as_str();
    metrics::counter!("contactiq_interactions_total", "mode" => mode, "outcome" => record.outcome.as_str())
        .increment(1);
    if let Some(trigger) = record.trigger {
        metrics::counter!("contactiq_escalations_total", "mode" => mode, "trigger" => trigger.as_str())
            .increment(1);
    }
    metrics::histogram!("contactiq_answer_seconds", "mode" => mode)
        .record(record.processing_time_ms / 1000.0);
    for step in &record.steps {
        metrics::histogram!("contactiq_step_seconds", "step" => step.step.as_str()).record(step.ms / 1000.0);
    }
    metrics::counter!("contactiq_cost_nano_usd_total").increment(record.cost_usd.0.max(0) as u64);
    tracing::info!(
        interaction = %record.id,
        mode,
        intent = %record.intent,
        routing = %record.routing,
        outcome = %record.outcome,
        trigger = record.trigger.map_or("", contactiq_domain::Trigger::as_str),
        confidence = record.confidence.get(),
        duration_ms = record.processing_time_ms,
        "question answered"
    );
}

async fn first_answer(app: &App, id: &str) -> Result<Record<Masked>, ApiError> {
    let id: InteractionId = id.parse().map_err(|_| ApiError::Internal)?;
    record_of(app, id).await?.ok_or(ApiError::NotFound("interaction"))
}

/// A record, also one that no table has yet.
async fn record_of(app: &App, id: InteractionId) -> Result<Option<Record<Masked>>, ApiError> {
    if let Some(record) = app.house.ledger.pending(id).await {
        return Ok(Some(record));
    }
    let mut reader = app.house.store.read().await?;
    Ok(interactions::get(&mut reader, id).await?)
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
    Path(id): Path<String>,
) -> Result<axum::Json<Record<Masked>>, ApiError> {
    Ok(axum::Json(visible(&app, &caller, &id).await?))
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
