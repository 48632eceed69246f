//! What the guard refused, flagged or kept back, for the people who judge it (A11).
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{Mode, Timestamp, ids::InteractionId};
use contactiq_guard::{Masked, ReviewDecision, ReviewKind};
use contactiq_store::review::{self, Decided, Filter, Listed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    json::Json,
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{May, ReviewGuard},
        seen,
    },
};

/// Entries of one page.
const LISTED: u32 = 100;
/// Further back nobody pages.
const MOST_PAGES: u32 = 10_000;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `injection`, `moderation`, `sql_pattern`, `script_pattern`, `flagged` or `output`; left out, all.
    #[param(value_type = Option<String>)]
    kind: Option<ReviewKind>,
    /// Not older than this day (`YYYY-MM-DD`, UTC).
    since: Option<String>,
    /// `true` for those with a decision, `false` for those without; left out, all.
    decided: Option<bool>,
    /// Which page of 100, from 1.
    page: Option<u32>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
pub struct EntryShape {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// The interaction that it was part of.
    #[schema(value_type = String)]
    interaction: InteractionId,
    /// `customer` or `banker`.
    #[schema(value_type = String, example = "customer")]
    mode: Mode,
    /// What became of it: four kinds of refusal, `flagged` (answered all the same), `output` (a model's text of
    /// which something was kept back).
    #[schema(value_type = String, example = "injection")]
    kind: ReviewKind,
    /// The rules that spoke; `provider/…` is the provider's moderation.
    rules: Vec<String>,
    /// The message, or the model's text; masked.
    #[schema(value_type = String)]
    message: Masked,
    /// Whether demo traffic asked.
    demo: bool,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What a reviewer said, if anybody has.
    decided: Option<DecidedShape>,
}

/// A reviewer's word.
#[derive(Serialize, ToSchema)]
pub struct DecidedShape {
    /// `right` or `false_alarm`.
    #[schema(value_type = String, example = "false_alarm")]
    decision: ReviewDecision,
    /// Who.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Listed> for EntryShape {
    fn from(listed: Listed) -> Self {
        let Listed { entry, mode, demo } = listed;
        Self {
            id: entry.id,
            interaction: entry.interaction,
            mode,
            kind: entry.kind,
            rules: entry.rules,
            message: entry.message,
            demo,
            at: entry.at,
            decided: entry.decided.map(|d| DecidedShape { decision: d.decision, by: d.by, at: d.at }),
        }
    }
}

/// The first moment of a day that is written `YYYY-MM-DD`.
pub(crate) fn since(day: &str) -> Result<Timestamp, ApiError> {
    let wrong = || ApiError::invalid("query_invalid", "since: write a day as YYYY-MM-DD");
    let day = contactiq_ingest::day(day).ok().flatten().ok_or_else(wrong)?;
    Ok(Timestamp::from_micros(day.midnight().assume_utc().unix_timestamp() * 1_000_000))
}

/// List what the guard refused, flagged or kept back, the latest first. For supervisors and administrators.
#[utoipa::path(
    get, path = "/v1/guard/review", tag = "guard", params(Which),
    responses((status = 200, body = Vec<EntryShape>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: May<ReviewGuard>,
    Extension(noted): Extension<Noted>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<EntryShape>>, ApiError> {
    let wrong = |_| {
        let kinds = ReviewKind::ALL.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
        let words = format!("kind: one of {kinds}; since: a day; decided: true or false; page: from 1");
        ApiError::invalid("query_invalid", words)
    };
    let Query(which) = which.map_err(wrong)?;
    let filter = Filter {
        kind: which.kind,
        mode: caller.mode,
        since: which.since.as_deref().map(since).transpose()?,
        decided: which.decided,
    };
    let page = which.page.unwrap_or(1).clamp(1, MOST_PAGES);
    noted.set_target(seen::list(&[
        ("kind", filter.kind.map(|kind| kind.to_string())),
        ("mode", filter.mode.map(|mode| mode.to_string())),
        ("since", filter.since.map(|since| since.to_string())),
        ("decided", filter.decided.map(|decided| decided.to_string())),
        ("page", Some(page.to_string())),
    ]));
    let mut reader = app.house.store.read().await?;
    let found = review::list(&mut reader, &filter, LISTED, (page - 1) * LISTED).await?;
    Ok(axum::Json(found.into_iter().map(EntryShape::from).collect()))
}

/// A reviewer's word to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// `right`: the guard was right; `false_alarm`: an honest text.
    #[schema(value_type = String, example = "false_alarm")]
    decision: ReviewDecision,
}

/// Say whether the guard was right about an entry. Said again, it replaces what was said before; sent again with its
/// `Idempotency-Key`, it does not replace what somebody said meanwhile.
#[utoipa::path(
    put, path = "/v1/guard/review/{id}", tag = "guard", request_body = Verdict,
    params(("id" = String, Path, description = "The entry's id"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = EntryShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn decide(
    State(app): State<App>,
    caller: May<ReviewGuard>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Json<Verdict>,
) -> Result<axum::Json<EntryShape>, ApiError> {
    let missing = || ApiError::NotFound("entry");
    let id: Uuid = id.parse().map_err(|_| missing())?;
    let by = caller.signature().to_owned();
    let route = format!("PUT /v1/guard/review/{id}");
    let taken = match idempotency::begin(&app, &caller, &route, &headers, &body.bytes).await? {
        Repeat::Again(at) => {
            let found = review::get(&mut *app.house.store.read().await?, id).await?;
            let found = found.filter(|l| caller.sees(l.mode)).ok_or_else(missing)?;
            let at = at.parse().map(Timestamp::from_micros).map_err(|_| ApiError::Internal)?;
            let first = Decided { decision: body.value.decision, by, at };
            let entry = review::Entry { decided: Some(first), ..found.entry };
            return Ok(axum::Json(Listed { entry, ..found }.into()));
        }
        Repeat::First(taken) => taken,
    };
    let decided = Decided { decision: body.value.decision, by, at: app.house.clock.now() };
    let mut w = app.house.store.write().await?;
    let found = review::get(&mut w, id).await?.filter(|l| caller.sees(l.mode)).ok_or_else(missing)?;
    noted.set_target(id.to_string());
    review::decide(&mut w, id, &decided).await?;
    if let Some(taken) = &taken {
        taken.settle(&mut w, &decided.at.micros().to_string(), StatusCode::OK.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    let entry = review::Entry { decided: Some(decided), ..found.entry };
    Ok(axum::Json(Listed { entry, ..found }.into()))
}
