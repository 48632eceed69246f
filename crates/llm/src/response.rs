//! From an HTTP response, or the lack of one, to text or a [`ModelError`]. Nothing of a body goes
//! into an error: a provider may repeat the prompt in it.

use std::{error::Error, time::Duration};

use reqwest::{RequestBuilder, Response, header};
use tokio::time::timeout;

use crate::ModelError;

/// No answer of a bank's assistant is longer; what is, is an attack or a mistake.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;

/// An error says what is wrong in few words, and soon.
const LARGEST_ERROR: usize = 16 * 1024;
const ERROR_TIME: Duration = Duration::from_secs(1);

/// What is logged where TLS was refused.
const CERTIFICATE: &str = "certificate not accepted";

/// Sends a request and lets a success pass.
///
/// # Errors
/// As [`checked`], and what a failed exchange means.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, ModelError> {
    checked(request.send().await.map_err(|error| from_transport(&error))?).await
}

/// Lets a success pass.
///
/// # Errors
/// What the status means, and of 400 and 404 whether it is the model that is missing.
async fn checked(response: Response) -> Result<Response, ModelError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let after = retry_after(response.headers());
    Err(match status.as_u16() {
        401 | 403 => ModelError::Unauthorised,
        status @ (400 | 404) => match lacks_the_model(response).await {
            true => ModelError::NoSuchModel,
            false if status == 404 => ModelError::NotFound,
            false => ModelError::Refused(status),
        },
        408 | 504 => ModelError::Timeout,
        429 => ModelError::RateLimited { retry_after: after },
        503 | 529 if after.is_some() => ModelError::RateLimited { retry_after: after },
        other => ModelError::Refused(other),
    })
}

/// Reads a JSON body of a model's API; `otherwise` says what another one is.
///
/// # Errors
/// As [`json_within`].
pub(crate) async fn json<T: serde::de::DeserializeOwned>(
    response: Response,
    otherwise: &'static str,
) -> Result<T, ModelError> {
    json_within(response, LARGEST_ANSWER, otherwise).await
}

/// Reads a JSON body of at most `largest` bytes; `otherwise` says what another one is.
///
/// # Errors
/// `Garbage` when it is too large or no JSON of that shape, `Timeout`, `Unreachable` and `Lost` as they come.
pub(crate) async fn json_within<T: serde::de::DeserializeOwned>(
    mut response: Response,
    largest: usize,
    otherwise: &'static str,
) -> Result<T, ModelError> {
    let page = is_of_type(&response, "text/html");
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| from_transport(&error))? {
        if body.len() + piece.len() > largest {
            return Err(ModelError::Garbage { what: "a body that is too large" });
        }
        body.extend_from_slice(&piece);
    }
    if page || body.trim_ascii_start().starts_with(b"<") {
        return Err(ModelError::Garbage { what: "an HTML page" });
    }
    serde_json::from_slice(&body).map_err(|_| ModelError::Garbage { what: otherwise })
}

/// Whether the response says that it is of this media type.
pub(crate) fn is_of_type(response: &Response, media: &str) -> bool {
    let stated = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    stated.is_some_and(|stated| stated.trim_start().to_ascii_lowercase().starts_with(media))
}

/// What a failed exchange means. The log gets the kind of failure in words of this crate.
pub(crate) fn from_transport(error: &reqwest::Error) -> ModelError {
    let kind = kind(error);
    tracing::debug!(kind, "no complete response of a model's provider");
    if kind == CERTIFICATE {
        ModelError::Certificate
    } else if error.is_timeout() && !error.is_connect() {
        ModelError::Timeout
    } else if error.is_builder() {
        ModelError::BadPrompt { what: "the request could not be built" }
    } else if error.is_connect() {
        ModelError::Unreachable
    } else {
        ModelError::Lost
    }
}

fn kind(error: &reqwest::Error) -> &'static str {
    let mut source: Option<&dyn Error> = Some(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return "connection refused",
                std::io::ErrorKind::ConnectionReset => return "connection reset",
                _ => {}
            }
        }
        // rustls and the resolver are found by their words; the words themselves are not logged.
        let words = cause.to_string();
        if words.contains("certificate") {
            return CERTIFICATE;
        }
        if words.contains("dns error") {
            return "host name not found";
        }
        source = cause.source();
    }
    match (error.is_timeout(), error.is_connect()) {
        (true, true) => "connecting took too long",
        (true, false) => "timeout",
        (false, true) => "no connection",
        (false, false) => "connection lost",
    }
}

/// Whether the provider says that it has no model of this name. Its words are read for that alone, and go nowhere.
async fn lacks_the_model(response: Response) -> bool {
    let read = json_within::<serde_json::Value>(response, LARGEST_ERROR, "no JSON");
    let Ok(Ok(body)) = timeout(ERROR_TIME, read).await else { return false };
    says_no_model(&body)
}

/// OpenAI has a code for it; others say it in their message alone: of Anthropic it begins with `model:`.
fn says_no_model(body: &serde_json::Value) -> bool {
    // vLLM puts no `error` around it.
    let error = body.get("error").unwrap_or(body);
    let word = |field: &str| error.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    if [word("code"), word("type")].contains(&"model_not_found") {
        return true;
    }
    let message = error.as_str().unwrap_or_else(|| word("message")).to_ascii_lowercase();
    let missing =
        ["not found", "does not exist", "not exist", "invalid model", "unknown model", "no such model"];
    (message.starts_with("model:") && word("type") == "not_found_error")
        || (message.contains("model") && missing.iter().any(|words| message.contains(words)))
}

/// `Retry-After`: seconds, which is what providers of models send, or a date, which is counted from the provider's own
/// `Date`, since its clock may be another one than ours.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let text = |name: header::HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let said = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = said.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    // What is over needs no wait.
    Some(date(said)?.duration_since(date(text(header::DATE)?)?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
    use serde_json::json;

    use super::*;

    fn after(headers: &[(HeaderName, &'static str)]) -> Option<Duration> {
        let value =
            |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        retry_after(&headers.iter().map(value).collect::<HeaderMap>())
    }

    #[test]
    fn when_to_come_back_is_said_in_seconds_or_as_a_date() {
        const NOW: &str = "Mon, 30 Nov 2026 05:00:00 GMT";
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(after(&[(RETRY_AFTER, " 7 ")]), seconds(7));
        assert_eq!(after(&[(RETRY_AFTER, "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(after(&[(RETRY_AFTER, "Mon, 30 Nov 2026 05:02:30 GMT"), (DATE, NOW)]), seconds(150));
        assert_eq!(after(&[(RETRY_AFTER, "Mon, 30 Nov 2026 04:59:00 GMT"), (DATE, NOW)]), seconds(0));
        for unknown in ["soon", "", "-3", "NaN", "Mon, 30 Nov"] {
            assert_eq!(after(&[(RETRY_AFTER, unknown), (DATE, NOW)]), None, "{unknown}");
        }
        assert_eq!(after(&[(RETRY_AFTER, NOW)]), None, "nobody knows from when");
        assert_eq!(after(&[(DATE, NOW)]), None);
    }

    #[test]
    fn a_model_that_is_missing_is_told_from_an_address_that_is() {
        for missing in [
            json!({"error": {"message": "The model `x` does not exist or you do not have access to it.",
                "type": "invalid_request_error", "code": "model_not_found"}}),
            json!({"error": {"message": "model \"x\" not found, try pulling it first", "type": "not_found_error"}}),
            json!({"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}),
            json!({"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}),
            json!({"error": {"message": "Invalid model name passed in model=x", "code": "400"}}),
            json!({"error": "model 'x' not found"}),
        ] {
            assert!(says_no_model(&missing), "{missing}");
        }
        for other in [
            json!({}),
            json!({"detail": "Not Found"}),
            json!({"error": {"message": "Not Found", "code": 404}}),
            json!({"error": {"message": "max_tokens is too large for this model", "type": "invalid_request_error"}}),
            json!({"error": {"type": "not_found_error", "message": "Not found"}}),
        ] {
            assert!(!says_no_model(&other), "{other}");
        }
    }
}
