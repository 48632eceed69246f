//! What may be sent, for the OpenAPI description. The body itself is read by [`super::body`], which passes over what it
//! does not know; a test holds the names here against those that are read.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// A request for a completion. Fields that are not named here are passed over.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatRequest {
    /// `contactiq-customer` or `contactiq-banker`.
    #[schema(example = "contactiq-customer")]
    pub(crate) model: String,
    /// At most 1,000; the last one is the user's, and its text, 1 to 2000 characters, is the question.
    pub(crate) messages: Vec<ChatMessage>,
    /// Whether the answer comes as chunks.
    pub(crate) stream: Option<bool>,
    /// What a stream says.
    pub(crate) stream_options: Option<ChatStreamOptions>,
    /// Our own field.
    pub(crate) contactiq: Option<ChatExtension>,
    /// The person (service keys only): kept as a pseudonym. Without effect for other keys.
    pub(crate) user: Option<String>,
    /// As `user`, and before it.
    pub(crate) safety_identifier: Option<String>,
    /// 1 alone.
    pub(crate) n: Option<u32>,
    /// `{"type":"text"}` alone.
    #[schema(value_type = Option<Object>)]
    pub(crate) response_format: Option<()>,
    /// Empty or left out.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) tools: Option<()>,
    /// `none` or `auto`.
    pub(crate) tool_choice: Option<String>,
    /// `false` alone.
    pub(crate) logprobs: Option<bool>,
    /// Without effect.
    pub(crate) temperature: Option<f64>,
    /// Without effect.
    pub(crate) top_p: Option<f64>,
    /// From 1; without effect.
    pub(crate) max_tokens: Option<i64>,
    /// From 1; without effect.
    pub(crate) max_completion_tokens: Option<i64>,
    /// Without effect.
    pub(crate) seed: Option<i64>,
    /// Without effect.
    #[schema(value_type = Option<Object>)]
    pub(crate) stop: Option<()>,
    /// Without effect.
    pub(crate) presence_penalty: Option<f64>,
    /// Without effect.
    pub(crate) frequency_penalty: Option<f64>,
    /// Without effect.
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    /// Without effect: the record is kept in any case.
    pub(crate) store: Option<bool>,
}

/// One turn.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`. What a system, a developer or a tool says is
    /// not read.
    #[schema(example = "user")]
    pub(crate) role: String,
    /// A text, or parts of the type `text`.
    #[schema(example = "What does a replacement card cost?")]
    pub(crate) content: String,
}

/// What a stream says.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatStreamOptions {
    /// Whether a last chunk says what was used.
    pub(crate) include_usage: Option<bool>,
}

/// Our own field of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatExtension {
    /// The conversation that it continues, as `contactiq.conversation` of an answer named it.
    pub(crate) conversation: Option<String>,
    /// The person, as the bank's back end calls them (service keys only).
    pub(crate) subject: Option<String>,
    /// The sitting (service keys only).
    pub(crate) session: Option<String>,
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::api::chat::parameters;

    #[test]
    fn every_field_that_is_described_is_read() {
        let schema = serde_json::to_value(ChatRequest::schema()).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        assert!(fields.len() > 20);
        for name in fields.keys() {
            assert!(parameters::name(name).is_some(), "{name}");
        }
    }
}
