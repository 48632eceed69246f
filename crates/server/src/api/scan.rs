//! The guard as a service for other systems of the bank.

use std::sync::Arc;

use axum::extract::State;
use contactiq_guard::{Raw, Scan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::{ApiError, Problem},
    json::Json,
};
use crate::{
    app::App,
    guard::identity::{May, ScanText},
};

/// The largest body in bytes, whatever `limits.body_bytes` says: 1,000,000 characters of four bytes each.
pub(super) const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// A text to look through.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Up to 1,000,000 characters. It is not kept.
    #[schema(value_type = String)]
    text: Arc<Raw>,
}

/// What was found: the shape of `contactiq guard scan`.
#[derive(Serialize, ToSchema)]
#[schema(as = Scan)]
#[expect(missing_docs, reason = "documented in contactiq-guard")]
pub struct ScanShape {
    #[schema(value_type = Vec<Object>)]
    pub spans: Vec<()>,
    pub masked: String,
    #[schema(value_type = Object)]
    pub injection: (),
    #[schema(value_type = Object)]
    pub moderation: (),
}

/// Find personal data, injection attempts and unfit content in a text.
#[utoipa::path(
    post, path = "/v1/guard/scan", tag = "guard", request_body = Text,
    responses((status = 200, body = ScanShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem))
)]
pub async fn scan(
    State(app): State<App>,
    _caller: May<ScanText>,
    body: Json<Text>,
) -> Result<axum::Json<Scan>, ApiError> {
    Ok(axum::Json(app.house.guard.scan(body.value.text).await?))
}
