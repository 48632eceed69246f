//! Legal holds: what is kept of a person stays until the hold is lifted (E7).

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{Timestamp, ids::KeyId};
use contactiq_store::{
    conversations::Owner,
    privacy::{
        holds::{self, Hold},
        is_known,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    json::Json,
    named::fit,
    persons::must_be_known,
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{ManagePrivacy, May},
        seen,
    },
    privacy,
};

/// The longest number of a case.
const LONGEST_MATTER: usize = 64;

/// A hold to place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// The person.
    subject: String,
    /// The id of the back end's key; left out of somebody who signs in.
    #[schema(value_type = Option<String>)]
    key: Option<KeyId>,
    /// The bank's number of the case.
    matter: String,
    /// Place it also on somebody of whom nothing is kept yet. Without it such a name is refused, since it may be
    /// misspelt.
    #[serde(default)]
    ahead: bool,
}

/// A legal hold.
#[derive(Serialize, ToSchema)]
pub struct HoldShape {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// The person.
    subject: String,
    /// The id of the back end's key; empty of somebody who signs in.
    key: String,
    /// The bank's number of the case.
    matter: String,
    /// Who placed it.
    placed_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    /// Who lifted it.
    lifted_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    lifted_at: Option<Timestamp>,
}

impl From<Hold> for HoldShape {
    fn from(hold: Hold) -> Self {
        let (lifted_by, lifted_at) = hold.lifted.unzip();
        Self {
            id: hold.id,
            subject: hold.subject,
            key: hold.owner_key,
            matter: hold.matter,
            placed_by: hold.placed_by,
            placed_at: hold.placed_at,
            lifted_by,
            lifted_at,
        }
    }
}

/// List the legal holds, those in force first.
#[utoipa::path(
    get, path = "/v1/persons/holds", tag = "privacy",
    responses((status = 200, body = Vec<HoldShape>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_holds(
    State(app): State<App>,
    _caller: May<ManagePrivacy>,
    Extension(noted): Extension<Noted>,
) -> Result<axum::Json<Vec<HoldShape>>, ApiError> {
    noted.set_target(seen::list(&[]));
    let found = holds::list(&mut *app.house.store.read().await?).await?;
    Ok(axum::Json(found.into_iter().map(Into::into).collect()))
}

/// Keep everything of a person until the hold is lifted. Placed again in the same matter, it is the hold that is in force.
#[utoipa::path(
    post, path = "/v1/persons/holds", tag = "privacy", request_body = NewHold,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = HoldShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem, description = "Nothing is kept of the person, or there is no such key"), (status = 422, body = Problem))
)]
pub async fn place_hold(
    State(app): State<App>,
    caller: May<ManagePrivacy>,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    body: Json<NewHold>,
) -> Result<(StatusCode, axum::Json<HoldShape>), ApiError> {
    let NewHold { subject, key, matter, ahead } = body.value;
    let matter = matter.trim();
    if !(1..=LONGEST_MATTER).contains(&matter.chars().count()) || matter.chars().any(char::is_control) {
        return Err(ApiError::parameter(
            "field_invalid",
            "matter",
            format!("1 to {LONGEST_MATTER} characters without control characters"),
        ));
    }
    let subject = fit("subject", subject)?;
    must_be_known(&app, &caller, key).await?;
    let (now, ids) = (app.house.clock.now(), &*app.house.ids);
    let taken =
        match idempotency::begin(&app, &caller, "POST /v1/persons/holds", &headers, &body.bytes).await? {
            Repeat::Again(made) => {
                let id: Uuid = made.parse().map_err(|_| ApiError::Internal)?;
                let found = holds::get(&mut *app.house.store.read().await?, id).await?;
                let hold = found.ok_or(ApiError::Internal)?;
                noted.set_target(id.to_string());
                return Ok((StatusCode::CREATED, axum::Json(hold.into())));
            }
            Repeat::First(taken) => taken,
        };
    let mut w = app.house.store.write().await?;
    let names = privacy::names(&app.house.store, &subject, key);
    let (owner, said) = (Owner { subject: &subject, key }, (matter, caller.name.as_str()));
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    if !ahead && !is_known(&mut w, &owners).await? {
        return Err(ApiError::PersonUnknown);
    }
    let hold = privacy::hold_person(&mut w, &owner, &names, said, ids, now).await?;
    if let Some(taken) = &taken {
        taken.settle(&mut w, &hold.id.to_string(), StatusCode::CREATED.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    noted.set_target(hold.id.to_string());
    Ok((StatusCode::CREATED, axum::Json(hold.into())))
}

/// Lift a legal hold.
#[utoipa::path(
    delete, path = "/v1/persons/holds/{id}", tag = "privacy",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204, description = "It is lifted"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn lift_hold(
    State(app): State<App>,
    caller: May<ManagePrivacy>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::NotFound("hold"))?;
    let route = format!("DELETE /v1/persons/holds/{id}");
    let taken = match idempotency::begin(&app, &caller, &route, &headers, b"").await? {
        Repeat::Again(_) => return Ok(StatusCode::NO_CONTENT),
        Repeat::First(taken) => taken,
    };
    let mut w = app.house.store.write().await?;
    holds::lift(&mut w, id, &caller.name, app.house.clock.now()).await?;
    if let Some(taken) = &taken {
        taken.settle(&mut w, &id.to_string(), StatusCode::NO_CONTENT.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    noted.set_target(id.to_string());
    Ok(StatusCode::NO_CONTENT)
}
