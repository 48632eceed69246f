//! One mapping from what went wrong to status, code and words: problem+json (RFC 9457).
//!
//! Codes are stable; `detail` says what to do and never echoes what was sent.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contactiq_domain::Timestamp;
use contactiq_guard::InputError;
use contactiq_pipeline::{AnswerError, DoorFault, NotRead};
use contactiq_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guard::refusal::Refusal;

/// What went wrong, for whoever called.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// A field or the body is not what it must be.
    #[error("{detail}")]
    Invalid {
        /// Stable code.
        code: &'static str,
        /// What to do.
        detail: String,
    },
    /// One field is not what it must be, or asks for what there is not.
    #[error("{param}: {detail}")]
    Parameter {
        /// Stable code.
        code: &'static str,
        /// Where it stands in the body.
        param: String,
        /// What to do.
        detail: String,
    },
    /// No model of this name.
    #[error("there is no such model: GET /v1/models lists those that your key may use")]
    NoModel,
    /// The model is for others.
    #[error("your key may not use this model: GET /v1/models lists those that it may")]
    ModelForbidden,
    /// The body is not JSON.
    #[error("send JSON with Content-Type: application/json")]
    ContentType,
    /// The body is too large.
    #[error("the body is larger than this server reads")]
    TooLarge,
    /// Nobody knows who calls, or they may not come in.
    #[error("{}", .0.advice())]
    Refused(Refusal),
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Forbidden,
    /// A page's request without its token.
    #[error("the page is out of date: load it again")]
    Csrf,
    /// There is none, or it is not the caller's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// No route.
    #[error("there is nothing at this address")]
    NoRoute,
    /// Another method is needed.
    #[error("this address does not take this method")]
    Method,
    /// The same idempotency key came with another body.
    #[error("this Idempotency-Key was used with another body: use a new key")]
    IdempotencyMismatch,
    /// The first request with this key is not finished.
    #[error("a request with this Idempotency-Key is being answered: try again soon")]
    IdempotencyInFlight {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// What the first request with this key made is another by now, or ended.
    #[error(
        "what the first request with this Idempotency-Key made was changed or ended since: use a new key"
    )]
    IdempotencyGone,
    /// What is kept of the person must stay.
    #[error("a legal hold is on this person: nothing of it is erased until an administrator lifts it")]
    LegalHold,
    /// A word on a purpose is older than the one that stands.
    #[error(
        "this person said something else later, and that stands: look at consents of /v1/persons/export; where this is the later word, send it without said_at"
    )]
    SaidLater,
    /// Nothing is kept of whom a hold is to be on.
    #[error(
        "nothing is kept under this name: check subject and key; for somebody who is still to come send \"ahead\": true"
    )]
    PersonUnknown,
    /// The record that is asked for was erased, or kept long enough.
    #[error("this record was erased, or kept as long as it may be: nothing of what was said is left")]
    Erased,
    /// The ticket is closed.
    #[error("this ticket is closed: nobody works on it any more")]
    TicketClosed,
    /// The values behind a record's placeholders are not kept.
    #[error(
        "no original of these placeholders is kept: they are of a kind that never is, or the bank keeps none (guard.placeholders)"
    )]
    OriginalsNotKept,
    /// A secret of a key goes on from an earlier rotation.
    #[error(
        "the secret of an earlier rotation goes on until {0}, and a key has two at most: wait until then, or rotate with grace=0, which ends both at once"
    )]
    SecretOverlaps(Timestamp),
    /// Too many questions.
    #[error("too many requests: wait and try again")]
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// More is asked than can be answered in time.
    #[error("more is being asked than can be answered in time: try again in a moment")]
    Overloaded {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Longer than the request timeout.
    #[error("the answer took too long: try again, or ask in a shorter way")]
    Timeout,
    /// The message that could not be answered speaks of self-harm, or could not be read: the way to help
    /// comes first.
    #[error("{help} ({error})")]
    AtRisk {
        /// The bank's words, with its crisis line.
        help: String,
        /// Why there is no answer.
        error: Box<ApiError>,
    },
    /// The guard failed on the message.
    #[error(
        "your message could not be checked, so nothing of it was kept or sent anywhere: try again in a moment"
    )]
    Unchecked,
    /// A part is away.
    #[error("a part of the service is away: try again in a moment")]
    Unavailable,
    /// A fault of ours.
    #[error("something went wrong on our side: quote the request id when you report it")]
    Internal,
}

impl ApiError {
    /// A field that is not what it must be.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        ApiError::Invalid { code, detail: detail.into() }
    }

    /// A field that is not what it must be, by its place.
    pub fn parameter(code: &'static str, param: impl Into<String>, detail: impl Into<String>) -> Self {
        ApiError::Parameter { code, param: param.into(), detail: detail.into() }
    }

    /// With the bank's crisis line before it, where the message needs that.
    #[must_use]
    pub fn with_help(self, help: Option<String>) -> Self {
        match help.filter(|_| !matches!(self, ApiError::AtRisk { .. })) {
            Some(help) => ApiError::AtRisk { help, error: Box::new(self) },
            None => self,
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::Invalid { .. } | ApiError::Parameter { .. } | ApiError::IdempotencyMismatch => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ApiError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Refused(Refusal::Away) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Refused(why) if why.is_forbidden() => StatusCode::FORBIDDEN,
            ApiError::Refused(_) => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden | ApiError::Csrf | ApiError::ModelForbidden => StatusCode::FORBIDDEN,
            ApiError::NotFound(_) | ApiError::NoRoute | ApiError::NoModel | ApiError::PersonUnknown => {
                StatusCode::NOT_FOUND
            }
            ApiError::Method => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::IdempotencyInFlight { .. }
            | ApiError::IdempotencyGone
            | ApiError::LegalHold
            | ApiError::SaidLater
            | ApiError::TicketClosed
            | ApiError::OriginalsNotKept
            | ApiError::SecretOverlaps(_) => StatusCode::CONFLICT,
            ApiError::Erased => StatusCode::GONE,
            ApiError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::AtRisk { error, .. } => error.status(),
            ApiError::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ApiError::Unavailable | ApiError::Unchecked | ApiError::Overloaded { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ApiError::Invalid { code, .. } | ApiError::Parameter { code, .. } => code,
            ApiError::ContentType => "content_type",
            ApiError::TooLarge => "body_too_large",
            ApiError::Refused(Refusal::Away) => "unavailable",
            ApiError::Refused(why) if why.is_forbidden() => "forbidden",
            ApiError::Refused(_) => "unauthorised",
            ApiError::Forbidden | ApiError::ModelForbidden => "forbidden",
            ApiError::NoModel => "model_not_found",
            ApiError::Csrf => "csrf",
            ApiError::NotFound(_) => "not_found",
            ApiError::NoRoute => "no_route",
            ApiError::Method => "method_not_allowed",
            ApiError::IdempotencyMismatch => "idempotency_mismatch",
            ApiError::IdempotencyInFlight { .. } => "idempotency_in_flight",
            ApiError::IdempotencyGone => "idempotency_gone",
            ApiError::LegalHold => "legal_hold",
            ApiError::SaidLater => "said_later",
            ApiError::PersonUnknown => "person_unknown",
            ApiError::TicketClosed => "ticket_closed",
            ApiError::Erased => "erased",
            ApiError::OriginalsNotKept => "originals_not_kept",
            ApiError::SecretOverlaps(_) => "secret_overlaps",
            ApiError::TooMany { .. } => "too_many_requests",
            ApiError::AtRisk { error, .. } => error.code(),
            ApiError::Overloaded { .. } => "overloaded",
            ApiError::Timeout => "timeout",
            ApiError::Unchecked => DoorFault::CODE,
            ApiError::Unavailable => "unavailable",
            ApiError::Internal => "internal",
        }
    }

    /// The field that it is about, where it is about one.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            ApiError::Parameter { param, .. } => Some(param),
            ApiError::NoModel | ApiError::ModelForbidden => Some("model"),
            ApiError::AtRisk { error, .. } => error.param(),
            _ => None,
        }
    }

    /// Seconds to wait before the next try, where that is worth saying.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            ApiError::TooMany { retry_after }
            | ApiError::IdempotencyInFlight { retry_after }
            | ApiError::Overloaded { retry_after } => Some(*retry_after),
            ApiError::AtRisk { error, .. } => error.retry_after(),
            ApiError::Unavailable | ApiError::Unchecked | ApiError::Refused(Refusal::Away) => Some(5),
            _ => None,
        }
    }

    /// The body; `request_id` is filled in by the outermost layer.
    #[must_use]
    pub fn problem(&self, request_id: &str) -> Problem {
        Problem {
            kind: format!("urn:contactiq:problem:{}", self.code()),
            title: self.status().canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status().as_u16(),
            detail: self.to_string(),
            code: self.code().to_owned(),
            request_id: request_id.to_owned(),
            help: match self {
                ApiError::AtRisk { help, .. } => Some(help.clone()),
                _ => None,
            },
        }
    }
}

/// The body of every error (RFC 9457, contract).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do.
    pub detail: String,
    /// Stable code for programs.
    pub code: String,
    /// Quote it when you report the problem.
    pub request_id: String,
    /// Where a person in danger finds help, when the message spoke of it, and who can be reached when it could
    /// not be read; `detail` begins with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), axum::Json(self.problem(""))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let (ApiError::Refused(why), StatusCode::UNAUTHORIZED) = (&self, self.status()) {
            // RFC 6750, section 3: nothing is said of an error where nothing was sent.
            let told = match why.is_of_token() {
                true => "Bearer realm=\"contactiq\", error=\"invalid_token\"",
                false => "Bearer realm=\"contactiq\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(told));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(why: Refusal) -> Self {
        ApiError::Refused(why)
    }
}

impl From<InputError> for ApiError {
    fn from(error: InputError) -> Self {
        ApiError::Invalid { code: error.code(), detail: error.to_string() }
    }
}

impl From<DoorFault> for ApiError {
    fn from(_told_by_the_door: DoorFault) -> Self {
        ApiError::Unchecked
    }
}

impl From<NotRead> for ApiError {
    fn from(why: NotRead) -> Self {
        match why {
            NotRead::Input(error) => error.into(),
            NotRead::Fault(fault) => fault.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what } => ApiError::NotFound(what),
            StoreError::SecretOverlaps { until } => ApiError::SecretOverlaps(until),
            StoreError::Unavailable { .. } => {
                tracing::error!(critical = true, error = %error, "the store is away");
                ApiError::Unavailable
            }
            other => {
                tracing::error!(critical = true, error = %other, "the store failed");
                ApiError::Internal
            }
        }
    }
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Input(e) => e.into(),
            AnswerError::Unchecked(e) => e.into(),
            AnswerError::UnknownConversation => ApiError::NotFound("conversation"),
            AnswerError::Overtaken => ApiError::IdempotencyInFlight { retry_after: 1 },
            AnswerError::Late => ApiError::Timeout,
            AnswerError::Failed => ApiError::Internal,
            // Nobody is there to read it.
            AnswerError::Left => ApiError::Unavailable,
            AnswerError::Store(e) => e.into(),
        }
    }
}
