//! Errors in the shape that OpenAI's clients read, with our own stable codes.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;

/// The body of an error on the routes that speak OpenAI's shapes.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiError)]
pub struct ErrorShape {
    /// What went wrong.
    error: Told,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiErrorDetail)]
struct Told {
    /// What to do. What was sent is never echoed.
    message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or `server_error`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field that it is about.
    param: Option<String>,
    /// Stable code for programs.
    code: &'static str,
    /// Quote it when you report the problem.
    request_id: String,
    /// Where a person in danger finds help, when the message spoke of it; `message` begins with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl ErrorShape {
    /// The status on these routes: what is wrong with a body is 400 there.
    pub(crate) fn status(error: &ApiError) -> StatusCode {
        match error.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        }
    }

    /// The body.
    pub(crate) fn of(error: &ApiError, request_id: &str) -> ErrorShape {
        let problem = error.problem(request_id);
        ErrorShape {
            error: Told {
                message: problem.detail,
                kind: kind(error.status()),
                param: param(error),
                code: error.code(),
                request_id: problem.request_id,
                help: problem.help,
            },
        }
    }
}

fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    }
}

/// The field as these routes call it.
fn param(error: &ApiError) -> Option<String> {
    match (error.param(), error.code()) {
        (Some(name @ ("subject" | "session")), _) => Some(format!("contactiq.{name}")),
        (Some(param), _) => Some(param.to_owned()),
        (None, "question_empty" | "question_too_long" | "question_unreadable") => Some("messages".to_owned()),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::refusal::Refusal;

    fn shaped(error: &ApiError) -> (u16, serde_json::Value) {
        let shape = serde_json::to_value(ErrorShape::of(error, "r-1")).unwrap();
        (ErrorShape::status(error).as_u16(), shape["error"].clone())
    }

    #[test]
    fn the_kind_follows_the_status_and_the_code_stays_ours() {
        for (error, status, kind, code) in [
            (ApiError::Refused(Refusal::KeyUnknown), 401, "authentication_error", "unauthorised"),
            (ApiError::ModelForbidden, 403, "permission_error", "forbidden"),
            (ApiError::NoModel, 404, "invalid_request_error", "model_not_found"),
            (ApiError::TooLarge, 413, "invalid_request_error", "body_too_large"),
            (ApiError::IdempotencyMismatch, 400, "invalid_request_error", "idempotency_mismatch"),
            (ApiError::TooMany { retry_after: 3 }, 429, "rate_limit_error", "too_many_requests"),
            (ApiError::Timeout, 504, "server_error", "timeout"),
        ] {
            let (told_status, told) = shaped(&error);
            assert_eq!(told_status, status, "{error}");
            assert_eq!((&told["type"], &told["code"]), (&kind.into(), &code.into()));
            assert_eq!(
                (&told["request_id"], told["message"].as_str()),
                (&"r-1".into(), Some(&*error.to_string()))
            );
        }
    }

    #[test]
    fn a_field_is_named_also_where_help_comes_first() {
        let error = ApiError::parameter("name_invalid", "subject", "1 to 128 characters");
        let (status, told) = shaped(&error.with_help(Some("Call 13 11 14.".to_owned())));
        assert_eq!((status, &told["param"]), (400, &"contactiq.subject".into()));
        assert_eq!(told["help"], "Call 13 11 14.");
        assert!(told["message"].as_str().unwrap().starts_with("Call 13 11 14."));
        let (_, told) = shaped(&ApiError::invalid("question_empty", "ask something"));
        assert_eq!(told["param"], "messages");
        assert_eq!(shaped(&ApiError::TooLarge).1["param"], serde_json::Value::Null);
    }
}
