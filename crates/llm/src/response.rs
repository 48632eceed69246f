//! From an HTTP response, or the lack of one, to text or a [`ModelError`]. Nothing of a body goes
//! into an error: a provider may repeat the prompt in it.

use std::{error::Error, time::Duration};

use reqwest::{RequestBuilder, Response, header};

use crate::ModelError;

/// No answer of a bank's assistant is longer; what is, is an attack or a mistake.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;

/// What is logged where TLS was refused.
const CERTIFICATE: &str = "certificate not accepted";

/// Sends a request and lets a success pass.
///
/// # Errors
/// As [`checked`], and what a failed exchange means.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, ModelError> {
    checked(request.send().await.map_err(|error| from_transport(&error))?)
}

/// Lets a success pass.
///
/// # Errors
/// What the status means.
fn checked(response: Response) -> Result<Response, ModelError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let after = retry_after(&response);
    Err(match status.as_u16() {
        401 | 403 => ModelError::Unauthorised,
        404 => ModelError::NotFound,
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

/// `Retry-After` in seconds, which is what providers of models send. The form with a date is
/// ignored: it needs the time of day, and the backoff serves as well.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
