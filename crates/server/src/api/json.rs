//! A JSON body, or a problem that says what is wrong with it without echoing it.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The body as `T`, with the bytes that it was made of (idempotency compares them).
pub struct Json<T> {
    /// The value.
    pub value: T,
    /// The body as it came.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split(';').next())
            .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/json"));
        if !json {
            return Err(ApiError::ContentType);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejected| {
            match rejected.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
                _ => ApiError::invalid(
                    "body_unreadable",
                    "the body could not be read to its end: send it again",
                ),
            }
        })?;
        if std::str::from_utf8(&bytes).is_err() {
            return Err(ApiError::invalid("body_not_utf8", "the body is not UTF-8: encode it as UTF-8"));
        }
        let value = serde_json::from_slice(&bytes).map_err(|e| explain(&e))?;
        Ok(Self { value, bytes })
    }
}

/// serde's message quotes the rejected value; this one names only place and kind.
fn explain(error: &serde_json::Error) -> ApiError {
    use serde_json::error::Category;
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = error.to_string();
    match error.classify() {
        Category::Data => {
            for kind in
                ["missing field", "unknown field", "unknown variant", "invalid type", "duplicate field"]
            {
                if let Some(rest) = message.strip_prefix(kind) {
                    // The field's own name comes from our shapes only for a missing field; for an
                    // unknown one the caller's word would be echoed.
                    let name = if kind == "missing field" {
                        rest.split(" at line").next().unwrap_or("")
                    } else {
                        ""
                    };
                    // The last one: what was sent may hold the word too.
                    let allowed = rest
                        .rsplit_once("expected ")
                        .map_or("", |(_, e)| e.split(" at line").next().unwrap_or(""));
                    let expected =
                        if allowed.is_empty() { String::new() } else { format!(", expected {allowed}") };
                    return ApiError::invalid(
                        "body_invalid",
                        format!("the JSON has a wrong shape at {place}: {kind}{name}{expected}"),
                    );
                }
            }
            ApiError::invalid("body_invalid", format!("the JSON has a wrong value at {place}"))
        }
        _ => ApiError::Invalid {
            code: "json_malformed",
            detail: format!("the body is not valid JSON at {place}"),
        },
    }
}
