//! What can go wrong with a model. No variant carries text of a person, of a provider, a key or a URL.

use std::time::Duration;

/// Why there is no answer of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No answer within the time.
    #[error("the model gave no answer in time")]
    Timeout,
    /// Too many requests: 429, or a 503 or 529 that says when to come back.
    #[error("the model's provider takes no more requests for now")]
    RateLimited {
        /// What `Retry-After` says.
        retry_after: Option<Duration>,
    },
    /// The key is wrong or may not do this: 401, 403.
    #[error("the model's provider refuses the key")]
    Unauthorised,
    /// The address or the model does not exist: 404.
    #[error("the model or the address does not exist at the provider")]
    NotFound,
    /// The address is right and the key too, and it has no such model.
    #[error("the model's provider has no model of this name")]
    NoSuchModel,
    /// TLS was refused: the certificate has expired, is for another name, or of somebody whom this machine does not
    /// trust.
    #[error(
        "the certificate of the model's provider is not accepted (expired, for another name, or not trusted here)"
    )]
    Certificate,
    /// Another status that is no success.
    #[error("the model's provider answered with status {0}")]
    Refused(u16),
    /// An error inside an answer that had begun with a success: the status that it would have outside of one.
    #[error("the model's provider broke its answer off with an error (status {0})")]
    BrokeOff(u16),
    /// No connection.
    #[error("the model's provider could not be reached")]
    Unreachable,
    /// The connection was lost before the end of the answer.
    #[error("the connection to the model's provider was lost before the end of its answer")]
    Lost,
    /// An answer that is not what the protocol says.
    #[error("the model's provider answered with {what}")]
    Garbage {
        /// What it was, in words of this crate.
        what: &'static str,
    },
    /// An answer that is not of the form that was asked for.
    #[error("the model's answer is not of the form that was asked for")]
    Malformed,
    /// The key was used as much as a day allows, or nobody could be asked whether it was.
    #[error("the daily quota of the provider's key is used up, or can't be asked")]
    Quota,
    /// The provider failed too often of late and is left alone for a while.
    #[error("the model failed too often and is left alone for a while")]
    BreakerOpen,
    /// The provider said when to come back, and that is not yet.
    #[error("the model's provider asked to be left alone for a while")]
    NotYet,
    /// No provider is configured.
    #[error("no model is configured")]
    NoProvider,
    /// The prompt itself is not fit to be sent: a bug of the caller.
    #[error("the prompt is not fit to be sent: {what}")]
    BadPrompt {
        /// What is wrong with it, in words of this crate.
        what: &'static str,
    },
    /// Nobody listens to the stream any more.
    #[error("the receiver of the answer went away")]
    Cancelled,
}

impl ModelError {
    /// The stable word for records, logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Timeout => "model_timeout",
            Self::RateLimited { .. } => "model_rate_limited",
            Self::Unauthorised => "model_unauthorised",
            Self::NotFound => "model_not_found",
            Self::NoSuchModel => "model_unknown",
            Self::Certificate => "model_certificate",
            Self::Refused(_) => "model_refused",
            Self::BrokeOff(_) => "model_broke_off",
            Self::Unreachable => "model_unreachable",
            Self::Lost => "model_lost",
            Self::Garbage { .. } => "model_garbage",
            Self::Malformed => "model_malformed",
            Self::Quota => "model_quota",
            Self::BreakerOpen => "model_breaker_open",
            Self::NotYet => "model_not_yet",
            Self::NoProvider => "model_none",
            Self::BadPrompt { .. } => "model_bad_prompt",
            Self::Cancelled => "model_cancelled",
        }
    }

    /// Whether the same request may succeed when it is sent again in a moment.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Timeout | Self::RateLimited { .. } | Self::Unreachable | Self::Lost => true,
            Self::Refused(status) => passes(*status),
            Self::BrokeOff(status) => matches!(*status, 408 | 429) || passes(*status),
            _ => false,
        }
    }

    /// Whether it only says that the provider is left alone: less than a failure that was seen.
    #[must_use]
    pub const fn is_left_alone(&self) -> bool {
        matches!(self, Self::BreakerOpen | Self::NotYet)
    }

    /// Whether the provider may ask money for the try all the same: the request reached it, and nobody knows what it
    /// did with it.
    #[must_use]
    pub const fn may_cost(&self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Lost
                | Self::BrokeOff(_)
                | Self::Garbage { .. }
                | Self::Malformed
                | Self::Cancelled
        )
    }

    /// Whether it tells something about the provider, and so counts for its breaker. A request that
    /// the provider rightly refuses (400, 413, 422), and a caller who went away, do not.
    #[must_use]
    pub const fn counts_against_provider(&self) -> bool {
        match self {
            Self::Refused(status) => *status == 425 || *status >= 500,
            Self::BrokeOff(status) => !matches!(*status, 400 | 413 | 422),
            Self::BadPrompt { .. }
            | Self::Cancelled
            | Self::BreakerOpen
            | Self::NotYet
            | Self::NoProvider
            | Self::Quota
            // Its model's words, which are asked for once more, and no fault of its server.
            | Self::Malformed => false,
            _ => true,
        }
    }
}

/// 501, 505 and 511 will say the same again; 425 (too early) will not.
const fn passes(status: u16) -> bool {
    status == 425 || (status >= 500 && !matches!(status, 501 | 505 | 511))
}

/// Why a provider can't be set up. It names the setting and never shows its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// `base_url` is not an address that this crate will call.
    #[error("base_url {0}")]
    BaseUrl(&'static str),
    /// `model` is empty, too long or not printable.
    #[error("model must have 1 to 200 printable characters")]
    Model,
    /// `api_key` can't stand in a header.
    #[error("api_key has characters that no key has")]
    ApiKey,
    /// `api_version` is not one.
    #[error("api_version must be letters, digits, - and ., for instance 2024-10-21")]
    ApiVersion,
    /// `vector_store_ids` are not ids that can stand in an address.
    #[error("vector_store_ids must be 1 to 8 ids of letters, digits, _ and -, for instance vs_abc123")]
    Stores,
    /// `ranker` is not one.
    #[error("ranker must be letters, digits, _ and -, for instance auto")]
    Ranker,
    /// The HTTP client can't be built, as when the machine has no certificates.
    #[error("the HTTP client could not be built (does this machine have CA certificates?)")]
    Client,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_transient() {
        for transient in [
            ModelError::Timeout,
            ModelError::Unreachable,
            ModelError::Lost,
            ModelError::RateLimited { retry_after: None },
            ModelError::Refused(500),
            ModelError::Refused(503),
            ModelError::Refused(529),
            ModelError::BrokeOff(429),
            ModelError::BrokeOff(503),
        ] {
            assert!(transient.is_transient() && transient.counts_against_provider(), "{transient:?}");
        }
        for lasting in [
            ModelError::Unauthorised,
            ModelError::NotFound,
            ModelError::NoSuchModel,
            ModelError::Certificate,
            ModelError::Refused(400),
            ModelError::Refused(501),
            ModelError::Garbage { what: "an HTML page" },
            ModelError::BrokeOff(401),
            ModelError::BreakerOpen,
            ModelError::NotYet,
            ModelError::NoProvider,
            ModelError::Cancelled,
        ] {
            assert!(!lasting.is_transient(), "{lasting:?}");
        }
        assert!(!ModelError::Refused(422).counts_against_provider());
        assert!(ModelError::Garbage { what: "an HTML page" }.counts_against_provider());
        assert!(
            !ModelError::BrokeOff(400).counts_against_provider()
                && !ModelError::NotYet.counts_against_provider()
        );
    }

    #[test]
    fn an_error_inside_an_answer_may_cost_whatever_it_says_and_one_outside_of_it_does_not() {
        for status in [400, 401, 404, 429, 500, 529] {
            assert!(ModelError::BrokeOff(status).may_cost(), "{status}");
            assert!(!ModelError::Refused(status).may_cost(), "{status}");
        }
        assert!(!ModelError::NotYet.may_cost() && !ModelError::BreakerOpen.may_cost());
    }
}
