//! "Was this helpful?", and reporting a problem (D6).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::ids::FeedbackId;
use contactiq_guard::Raw;
use contactiq_store::feedback::{self, Feedback};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    interactions::asked,
    json::Json,
};
use crate::{app::App, guard::identity::Caller};

const LONGEST: usize = 2000;

/// What a person says about an answer. At least one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Whether it helped.
    helpful: Option<bool>,
    /// What went wrong, 1 to 2000 characters; masked before it is kept.
    #[schema(value_type = Option<String>)]
    problem: Option<Raw>,
}

/// Say whether an answer helped. Said again, it replaces what was said before.
#[utoipa::path(
    post, path = "/v1/interactions/{id}/feedback", tag = "interactions",
    params(("id" = String, Path, description = "The interaction's id"), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Said,
    responses((status = 204, description = "Kept"), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Json<Said>,
) -> Result<StatusCode, ApiError> {
    // Who may read for others does not speak for them.
    let record = asked(&app, &caller, &id).await?;
    let said = body.value;
    if said.helpful.is_none() && said.problem.is_none() {
        return Err(ApiError::invalid(
            "feedback_empty",
            "send `helpful` (true or false), `problem` (text), or both",
        ));
    }
    let problem = match said.problem {
        Some(text) if !(1..=LONGEST).contains(&text.chars()) => {
            return Err(ApiError::invalid("problem_length", format!("problem: 1 to {LONGEST} characters")));
        }
        Some(text) => {
            let offer = || app.house.offer(record.mode).as_str().to_owned();
            let masked = app.house.guard.mask(text).await;
            Some(masked.map_err(|fault| ApiError::from(fault).with_help(Some(offer())))?)
        }
        None => None,
    };
    // The key is the interaction's own: the same words may be said of another answer.
    let route = format!("POST /v1/interactions/{}/feedback", record.id);
    let taken = match idempotency::begin(&app, &caller, &route, &headers, &body.bytes).await? {
        Repeat::Again(_) => return Ok(StatusCode::NO_CONTENT),
        Repeat::First(taken) => taken,
    };
    let feedback = Feedback {
        id: FeedbackId::new(&*app.house.ids),
        interaction: record.id,
        subject: record.subject,
        helpful: said.helpful,
        problem,
        created_at: app.house.clock.now(),
    };
    let mut w = app.house.store.write().await?;
    feedback::save(&mut w, &feedback).await?;
    if let Some(taken) = &taken {
        taken.settle(&mut w, &feedback.id.to_string(), StatusCode::NO_CONTENT.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    let word = match said.helpful {
        Some(true) => "helpful",
        Some(false) => "unhelpful",
        None => "problem",
    };
    metrics::counter!("contactiq_feedback_total", "said" => word).increment(1);
    Ok(StatusCode::NO_CONTENT)
}
