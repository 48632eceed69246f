//! "Was this helpful?", and reporting a problem (D6).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use contactiq_domain::{Mode, Ticket, ids::FeedbackId};
use contactiq_guard::{Masked, Published};
use contactiq_store::{
    StoreError,
    feedback::{self, Feedback},
    tickets,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    asking::helped,
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    interactions::asked,
    json::Json,
    message::Message,
};
use crate::{
    app::App,
    guard::identity::{Caller, GiveFeedback, May},
};

const LONGEST: usize = 2000;

/// What a person says about an answer. At least one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Whether it helped.
    helpful: Option<bool>,
    /// What went wrong, 1 to 2000 characters; masked before it is kept.
    #[schema(value_type = Option<String>)]
    problem: Option<Message>,
}

/// What to show a person whose words ask for it.
#[derive(Serialize, ToSchema)]
pub struct Help {
    /// The bank's words with its crisis line, where the problem speaks of self-harm.
    help: String,
}

/// Say whether an answer helped. Said again, it replaces what was said before.
#[utoipa::path(
    post, path = "/v1/interactions/{id}/feedback", tag = "interactions",
    params(("id" = String, Path, description = "The interaction's id"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Said,
    responses((status = 200, description = "Kept; show the help", body = Help), (status = 204, description = "Kept"), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: May<GiveFeedback>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Json<Said>,
) -> Result<Response, ApiError> {
    // Who may read for others does not speak for them.
    let record = asked(&app, &caller, &id).await?;
    let said = body.value;
    if said.helpful.is_none() && said.problem.is_none() {
        return Err(ApiError::invalid(
            "feedback_empty",
            "send `helpful` (true or false), `problem` (text), or both",
        ));
    }
    let (problem, help) = match said.problem {
        Some(problem) => {
            let (masked, help) = read(&app, record.mode, &problem).await?;
            (Some(masked), help)
        }
        None => (None, None),
    };
    let feedback = Feedback {
        id: FeedbackId::new(&*app.house.ids),
        interaction: record.id,
        subject: record.subject.clone(),
        helpful: said.helpful,
        problem,
        created_at: app.house.clock.now(),
    };
    let status = if help.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT };
    let ticket = match (&help, &feedback.problem) {
        (Some(help), Some(problem)) => Some(app.house.cry_in_feedback(&record, problem.clone(), help)),
        _ => None,
    };
    let help = help.map(|help| help.as_str().to_owned());
    let kept = keep(&app, &caller, (&headers, &body.bytes), (&feedback, ticket.as_ref()), status).await;
    match (kept, help) {
        (Err(error), help) => Err(error.with_help(help)),
        (Ok(()), Some(help)) => Ok(axum::Json(Help { help }).into_response()),
        (Ok(()), None) => Ok(status.into_response()),
    }
}

/// What may be kept of a problem, and what its words ask to be said at once. Nobody waits for an answer here, so
/// that a cry for help would else be read by whoever looks through feedback.
async fn read(app: &App, mode: Mode, problem: &Message) -> Result<(Masked, Option<Published>), ApiError> {
    let text = problem.whole();
    let chars = text.chars();
    if !(1..=LONGEST).contains(&chars) {
        let error = ApiError::invalid("problem_length", format!("problem: 1 to {LONGEST} characters"));
        return Err(helped(app, mode, problem, error).await);
    }
    match app.house.guard.read(chars, move |guard| (guard.mask(&text), guard.hears_a_cry(&text))).await {
        Ok((masked, cries)) => {
            let help = cries.then(|| app.house.comforting(mode));
            Ok((masked, help))
        }
        Err(fault) => Err(helped(app, mode, problem, fault.into()).await),
    }
}

/// The law that wants a record for a feedback, as PostgreSQL and as SQLite call it.
const NO_RECORD: [&str; 2] = ["feedback_interaction", "foreign key"];

/// Keeps it once, however often it is sent.
async fn keep(
    app: &App,
    caller: &Caller,
    (headers, bytes): (&HeaderMap, &[u8]),
    (feedback, ticket): (&Feedback, Option<&Ticket<Masked>>),
    status: StatusCode,
) -> Result<(), ApiError> {
    // The key is the interaction's own: the same words may be said of another answer.
    let route = format!("POST /v1/interactions/{}/feedback", feedback.interaction);
    let taken = match idempotency::begin(app, caller, &route, headers, bytes).await? {
        Repeat::Again(_) => return Ok(()),
        Repeat::First(taken) => taken,
    };
    if feedback.subject.starts_with("erased:") {
        // It would be kept behind the back of whoever was forgotten.
        return Err(ApiError::NotFound("interaction"));
    }
    let mut w = app.house.store.write().await?;
    match feedback::save(&mut w, feedback).await {
        // The caller was shown it: its record waits in the queue or a spool.
        Err(StoreError::Refused { rule }) if NO_RECORD.contains(&rule.as_str()) => {
            return Err(ApiError::Unavailable);
        }
        saved => saved?,
    }
    if let Some(ticket) = ticket {
        tickets::open_anew(&mut w, ticket).await?;
    }
    if let Some(taken) = &taken {
        taken.settle(&mut w, &feedback.id.to_string(), status.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    if let Some(ticket) = ticket {
        let (mode, trigger) = (ticket.mode.as_str(), ticket.trigger.as_str());
        metrics::counter!("contactiq_escalations_total", "mode" => mode, "trigger" => trigger).increment(1);
    }
    let word = match feedback.helpful {
        Some(true) => "helpful",
        Some(false) => "unhelpful",
        None => "problem",
    };
    metrics::counter!("contactiq_feedback_total", "said" => word).increment(1);
    Ok(())
}
