//! Seeing what stood where personal data was masked: for a purpose, on record first (A2, E6).

use axum::{
    Extension,
    extract::{Path, State},
};
use contactiq_domain::{Permission, ids::InteractionId};
use contactiq_guard::{Masked, Original, Raw};
use contactiq_store::unmasking::{self, Asked, PERSONAL, Unmasked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    asking::record_of,
    error::{ApiError, Problem},
    json::Json,
};
use crate::{
    app::App,
    guard::{
        Numbered,
        access::Noted,
        identity::{Caller, May, Unmask},
    },
};

/// The longest purpose, in characters.
pub(crate) const LONGEST_PURPOSE: usize = 200;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// 1 to 200 characters that name nobody: they stand in the audit log for good.
    #[schema(example = "call back about the disputed payment")]
    purpose: String,
}

/// What stood there.
#[derive(Serialize, ToSchema)]
pub struct OriginalsShape {
    /// The interaction.
    #[schema(value_type = String)]
    interaction: InteractionId,
    /// The placeholders of the question, each once.
    originals: Vec<OriginalShape>,
}

/// One placeholder.
#[derive(Serialize, ToSchema)]
pub struct OriginalShape {
    /// As it stands in the question.
    #[schema(example = "<PERSON_1>")]
    placeholder: String,
    /// What kind of value it is.
    #[serde(rename = "type")]
    #[schema(example = "PERSON")]
    kind: String,
    /// As the person wrote it first; null of what is never kept (cards, PINs, codes, passwords, keys).
    value: Option<String>,
}

impl From<Original> for OriginalShape {
    fn from(original: Original) -> Self {
        Self {
            placeholder: original.placeholder().to_owned(),
            kind: original.kind().to_string(),
            value: original.value().map(str::to_owned),
        }
    }
}

/// Why a purpose is refused that is none.
const INVALID: &str = "purpose_invalid";

/// A purpose that names nobody; else the word for what is wrong with it.
async fn guarded(app: &App, purpose: &str) -> Result<Result<Masked, &'static str>, ApiError> {
    let purpose = purpose.trim();
    let fits = (1..=LONGEST_PURPOSE).contains(&purpose.chars().count());
    if !fits || purpose.chars().any(char::is_control) {
        return Ok(Err(INVALID));
    }
    let masked = app.house.guard.mask(Raw::new(purpose)).await?;
    Ok(if masked.as_str() == purpose { Ok(masked) } else { Err(PERSONAL) })
}

fn wrong(why: &'static str) -> ApiError {
    if why == PERSONAL {
        return personal();
    }
    ApiError::parameter(INVALID, "purpose", "1 to 200 characters without control characters")
}

fn personal() -> ApiError {
    ApiError::parameter(
        PERSONAL,
        "purpose",
        "it would stand in the audit log for good: say why without a name, number or address",
    )
}

/// Opens the originals of an interaction for a caller who may.
pub(crate) async fn unmasked(
    app: &App,
    caller: &Caller,
    (numbered, noted): (&Numbered, &Noted),
    id: &str,
    purpose: &str,
) -> Result<(InteractionId, Vec<Original>), ApiError> {
    let missing = || ApiError::NotFound("interaction");
    let id: InteractionId = id.parse().map_err(|_| missing())?;
    // For whom the record is not there, what was taken out of it is not either.
    let reads = caller.may(Permission::ReadAllInteractions);
    record_of(app, id).await?.filter(|record| reads && caller.sees(record.mode)).ok_or_else(missing)?;
    noted.set_target(id.to_string());
    let (from, at) = (numbered.ip.to_string(), app.house.clock.now());
    let purpose = match guarded(app, purpose).await? {
        Ok(purpose) => purpose,
        Err(why) => {
            // Who tries is on record like who is shown something.
            let w = app.house.store.write().await?;
            unmasking::refused(w, id, (&caller.name, &from), why, at).await?;
            return Err(wrong(why));
        }
    };
    let asked = Asked { interaction: id, actor: &caller.name, from: &from, purpose: &purpose, at };
    match unmasking::unmask(app.house.store.write().await?, &asked).await {
        Ok(Unmasked::Shown(originals)) => {
            tracing::info!(interaction = %id, user_id = caller.name.as_str(), values = originals.len(), "personal data was shown in clear");
            Ok((id, originals))
        }
        Ok(Unmasked::Erased) => Err(ApiError::Erased),
        Ok(Unmasked::NotKept) => Err(ApiError::OriginalsNotKept),
        Ok(Unmasked::NamedBefore) => Err(personal()),
        // It is on its way into the tables.
        Err(contactiq_store::StoreError::NotFound { .. }) => Err(ApiError::Unavailable),
        Err(error) => Err(error.into()),
    }
}

/// Show what stood where the question's personal data was masked. For supervisors and administrators; who, which and why
/// is in the audit log before anything is shown.
#[utoipa::path(
    post, path = "/v1/interactions/{id}/unmask", tag = "interactions", request_body = Why,
    params(("id" = String, Path, description = "The interaction's id")),
    responses(
        (status = 200, body = OriginalsShape), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)
    )
)]
pub async fn show(
    State(app): State<App>,
    caller: May<Unmask>,
    Extension(numbered): Extension<Numbered>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    body: Json<Why>,
) -> Result<axum::Json<OriginalsShape>, ApiError> {
    let (interaction, originals) =
        unmasked(&app, &caller, (&numbered, &noted), &id, &body.value.purpose).await?;
    let originals = originals.into_iter().map(OriginalShape::from).collect();
    Ok(axum::Json(OriginalsShape { interaction, originals }))
}
