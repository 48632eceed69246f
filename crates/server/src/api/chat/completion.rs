//! An answer in the shape of a chat completion: the text where every client looks for it, and beside it one field of
//! our own with what was decided, why, and from which passages.

use contactiq_domain::{Citation, Outcome, Record, Translation, Trigger, interaction::NanoUsd};
use contactiq_guard::Masked;
use serde::Serialize;
use utoipa::ToSchema;

use super::models;
use crate::api::{
    asking::Answered,
    resent::Light,
    shapes::{CitationShape, TranslationShape},
};

/// A completion.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatCompletion)]
pub(crate) struct Completion {
    /// `chatcmpl-` and the interaction's id.
    id: String,
    /// `chat.completion`.
    #[schema(value_type = String, example = "chat.completion")]
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    /// As it was asked for.
    #[schema(value_type = String, example = "contactiq-customer")]
    model: &'static str,
    /// One.
    choices: Vec<Choice>,
    /// Tokens of the language model; 0 where none wrote the answer.
    usage: Usage,
    /// The version of the knowledge that answered.
    system_fingerprint: String,
    /// What was decided.
    contactiq: Decision,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatChoice)]
pub(crate) struct Choice {
    /// 0.
    index: u32,
    /// What the person is shown.
    message: Message,
    /// Never any.
    #[schema(value_type = Option<Object>)]
    logprobs: (),
    /// `stop`, or `content_filter` where a guard refused the question.
    #[schema(value_type = String, example = "stop")]
    finish_reason: &'static str,
}

/// What the person is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = AssistantMessage)]
pub(crate) struct Message {
    /// `assistant`.
    #[schema(value_type = String, example = "assistant")]
    role: &'static str,
    /// The record's `answer`.
    content: String,
    /// Never any: what is refused is said in `content`.
    #[schema(value_type = Option<String>)]
    refusal: (),
}

/// Tokens of the language model.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ChatUsage)]
pub(crate) struct Usage {
    /// Read by the model.
    prompt_tokens: u64,
    /// Written by the model.
    completion_tokens: u64,
    /// Both.
    total_tokens: u64,
}

/// What was decided and why: the fields have the names of the record, which `GET /v1/interactions/{id}` gives whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ChatDecision)]
pub(crate) struct Decision {
    /// The record's id.
    interaction: String,
    /// The server's id of the request.
    request_id: String,
    /// The client's `X-Request-Id`, or the server's id.
    correlation_id: String,
    /// Send it as `contactiq.conversation` with the next question.
    conversation: String,
    /// In what light the question was read.
    context: Light,
    /// That this is an automated assistant: show it first.
    pub(super) disclosure: String,
    /// What was asked for.
    intent: String,
    #[schema(value_type = String, example = "automatable")]
    category: &'static str,
    #[schema(minimum = 0, maximum = 1)]
    intent_probability: f64,
    #[schema(value_type = String, example = "answer")]
    routing: &'static str,
    #[schema(value_type = String, example = "resolved")]
    outcome: &'static str,
    /// Why a person takes over.
    #[schema(value_type = Option<String>, example = "security_fraud")]
    trigger: Option<&'static str>,
    /// The same in words.
    reason: String,
    /// The escalation's ticket.
    ticket: Option<String>,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f64,
    /// The sources of the answer.
    #[schema(value_type = Vec<CitationShape>)]
    citations: Vec<Citation>,
    /// The question and the answer in the language of the documents, where a model translated them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TranslationShape>)]
    translation: Option<Translation<Masked>>,
    /// The language model that wrote the answer, or `extractive`, or `none`.
    answered_by: String,
    #[schema(value_type = f64)]
    cost_usd: NanoUsd,
    /// Whether personal data was found in the question, and masked.
    pii_detected: bool,
    knowledge_version: String,
}

impl Usage {
    fn of(record: &Record<Masked>) -> Usage {
        let (input, output) = (record.tokens.input, record.tokens.output);
        Usage { prompt_tokens: input, completion_tokens: output, total_tokens: input.saturating_add(output) }
    }
}

/// What a completion and every chunk of a stream have in common.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: &'static str,
    /// The version of the knowledge that answered, once it is known.
    pub(super) system_fingerprint: Option<String>,
}

/// An answer as either of the two says it.
pub(super) struct Told {
    pub(super) head: Head,
    pub(super) content: String,
    pub(super) finish_reason: &'static str,
    pub(super) usage: Usage,
    pub(super) decision: Decision,
}

impl Told {
    /// Of an answer to a question that was told this before.
    pub(super) fn new(answered: &Answered, disclosure: &str) -> Told {
        let Answered { record, light } = answered.clone();
        let head = Head {
            id: format!("chatcmpl-{}", record.id),
            created: record.created_at.micros().div_euclid(1_000_000),
            model: models::name(record.mode),
            system_fingerprint: Some(record.knowledge_version.clone()),
        };
        let finish_reason = if record.outcome == Outcome::Blocked { "content_filter" } else { "stop" };
        Told {
            head,
            content: record.answer.as_str().to_owned(),
            finish_reason,
            usage: Usage::of(&record),
            decision: Decision {
                interaction: record.id.to_string(),
                request_id: record.request_id.to_string(),
                correlation_id: record.correlation_id,
                conversation: record.conversation.to_string(),
                context: light,
                disclosure: disclosure.to_owned(),
                intent: record.intent.to_string(),
                category: record.category.as_str(),
                intent_probability: record.intent_probability.get(),
                routing: record.routing.as_str(),
                outcome: record.outcome.as_str(),
                trigger: record.trigger.map(Trigger::as_str),
                reason: record.reason,
                ticket: record.ticket.map(|ticket| ticket.to_string()),
                confidence: record.confidence.get(),
                citations: record.citations,
                translation: record.translation,
                answered_by: record.model,
                cost_usd: record.cost_usd,
                pii_detected: record.pii_detected,
                knowledge_version: record.knowledge_version,
            },
        }
    }
}

impl From<Told> for Completion {
    fn from(told: Told) -> Completion {
        let Told { head, content, finish_reason, usage, decision } = told;
        let message = Message { role: "assistant", content, refusal: () };
        Completion {
            id: head.id,
            object: "chat.completion",
            created: head.created,
            model: head.model,
            choices: vec![Choice { index: 0, message, logprobs: (), finish_reason }],
            usage,
            system_fingerprint: head.system_fingerprint.unwrap_or_default(),
            contactiq: decision,
        }
    }
}
