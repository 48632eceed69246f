//! The shapes of the contract for the OpenAPI description. The values themselves are the domain's;
//! a test holds the names here against a real record.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// What was asked, what was decided and why, what was shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Record)]
#[expect(
    missing_docs,
    reason = "the names are documented in domain::interaction; here they make the OpenAPI schema"
)]
pub struct RecordShape {
    pub id: String,
    pub request_id: String,
    pub correlation_id: String,
    pub conversation: String,
    pub subject: String,
    pub session: String,
    #[schema(example = "customer")]
    pub mode: String,
    /// Masked.
    pub question: String,
    pub intent: String,
    #[schema(example = "automatable")]
    pub category: String,
    #[schema(minimum = 0, maximum = 1)]
    pub intent_probability: f64,
    pub classification_reason: String,
    #[schema(example = "answer")]
    pub routing: String,
    /// What the person is shown, also when escalated.
    pub answer: String,
    /// What a model translated, where a question was answered in another language; left out where nothing was.
    pub translation: Option<TranslationShape>,
    pub citations: Vec<CitationShape>,
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f64,
    #[schema(example = "resolved")]
    pub outcome: String,
    pub trigger: Option<String>,
    pub triggers: Vec<TriggerShape>,
    pub reason: String,
    pub ticket: Option<String>,
    pub steps: Vec<StepShape>,
    pub retrieved_passages: u32,
    pub model: String,
    pub tokens: TokensShape,
    pub cost_usd: f64,
    pub pii_detected: bool,
    pub pii_masked: bool,
    pub knowledge_version: String,
    pub retention_policy: String,
    pub demo: bool,
    pub processing_time_ms: f64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub completed_at: String,
}

/// A question and its answer in the language of the documents.
#[derive(Serialize, ToSchema)]
#[schema(as = Translation)]
#[expect(missing_docs, reason = "documented in domain::interaction")]
pub struct TranslationShape {
    /// ISO 639-1.
    pub language: String,
    pub question: String,
    /// With its citations. Empty where what is shown is no translation: it is in that language itself, or a person took
    /// over.
    pub answer: String,
    pub model: String,
}

/// One numbered source.
#[derive(Serialize, ToSchema)]
#[schema(as = Citation)]
#[expect(missing_docs, reason = "documented in domain::knowledge")]
pub struct CitationShape {
    pub number: u32,
    /// `collection/slug`
    pub document: String,
    pub title: String,
    pub url: String,
    pub quote: String,
    pub passage: u32,
    pub headings: Vec<String>,
    pub content_type: String,
    pub version: u32,
    /// First day of the document's validity, `YYYY-MM-DD`; left out where it has none.
    #[schema(format = Date)]
    pub as_at: Option<String>,
    /// The file of a hosted vector store that the passage is of; left out for documents of the ledger's.
    pub hosted: Option<HostedFileShape>,
}

/// A file of a hosted vector store.
#[derive(Serialize, ToSchema)]
#[schema(as = HostedFile)]
#[expect(missing_docs, reason = "documented in domain::knowledge")]
pub struct HostedFileShape {
    pub store: String,
    pub file_id: String,
    pub filename: String,
    /// SHA-256 of the chunk's text as the store gave it, hex.
    pub sha256: String,
}

/// A trigger that fired.
#[derive(Serialize, ToSchema)]
#[schema(as = TriggerHit)]
#[expect(missing_docs, reason = "documented in domain::escalation")]
pub struct TriggerShape {
    pub trigger: String,
    pub rule: String,
    pub score: f64,
}

/// What one step decided.
#[derive(Serialize, ToSchema)]
#[schema(as = StepTrace)]
#[expect(missing_docs, reason = "documented in domain::interaction")]
pub struct StepShape {
    pub step: String,
    pub outcome: String,
    pub detail: String,
    /// Version of the rules that the step followed.
    pub version: Option<String>,
    /// The numbers that it decided by.
    pub values: Option<BTreeMap<String, f64>>,
    pub ms: f64,
}

/// Tokens of a language model.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
#[expect(missing_docs, reason = "documented in domain::interaction")]
pub struct TokensShape {
    pub input: u64,
    pub output: u64,
}
