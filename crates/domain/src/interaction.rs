//! The interaction record: what was asked, what was decided and why, what was shown
//! (contract: "The record"; requirements, section S).

use std::collections::BTreeMap;

use crate::{
    Category, Citation, IntentName, Mode, Probability, Timestamp, Trigger, TriggerHit,
    ids::{ConversationId, InteractionId, RequestId, TicketId},
};

crate::words! {
    /// How an interaction ended.
    Outcome as "outcome" {
        /// Answered from evidence.
        Resolved => "resolved",
        /// A greeting, or help with finding the question. Left out of containment.
        Guided => "guided",
        /// Handed to a person.
        Escalated => "escalated",
        /// Refused by a guard.
        Blocked => "blocked",
        /// Something broke; the person was told.
        Failed => "failed",
        /// Never finished; found by reconciliation.
        Interrupted => "interrupted",
    }
}

crate::words! {
    /// What the router decided (P5).
    Routing as "routing" {
        /// Straight to a person.
        Escalate => "escalate",
        /// On to retrieval and answer.
        Answer => "answer",
        /// Guidance: greeting, small talk or help with asking.
        Guide => "guide",
        /// Refused at the door.
        Refuse => "refuse",
    }
}

crate::words! {
    /// The door and the seven steps, in order.
    Step as "step" {
        /// The door: masking, refusal, triggers read from the text.
        Guard => "guard",
        /// Step 1.
        Understand => "understand",
        /// Step 2.
        Route => "route",
        /// Step 3.
        Retrieve => "retrieve",
        /// Step 4.
        Respond => "respond",
        /// Step 5.
        Score => "score",
        /// Step 6.
        Escalate => "escalate",
        /// Step 7.
        Record => "record",
    }
}

/// What one step decided, why, and how long it took.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StepTrace {
    /// Which step.
    pub step: Step,
    /// A short stable word, for instance `answer`, `skipped`, `conflict`.
    pub outcome: String,
    /// Why, in words made of the house's own vocabulary, never of the person's.
    pub detail: String,
    /// Version of the file that the step followed: of the escalation rules, of the confidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The numbers that it decided by, under stable names; of step 5 the eleven features.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, f64>,
    /// Milliseconds.
    pub ms: f64,
}

/// Tokens that a language model used; both 0 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Tokens {
    /// Read by the model.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
}

/// An amount of money in billionths of a dollar: a price per token is far below a cent (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// In dollars, for people.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// So many dollars, to the billionth; none of what is no amount: below 0, above a billion, or no number.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<NanoUsd> {
        // A billion dollars is 1e18 billionths, which fits.
        (0.0..=1e9).contains(&dollars).then(|| NanoUsd((dollars * 1e9).round() as i64))
    }

    /// The sum, held at the ends of the range.
    #[must_use]
    pub const fn plus(self, other: NanoUsd) -> NanoUsd {
        NanoUsd(self.0.saturating_add(other.0))
    }

    /// So many times as much.
    #[must_use]
    pub const fn times(self, times: u32) -> NanoUsd {
        NanoUsd(self.0.saturating_mul(times as i64))
    }
}

impl serde::Serialize for NanoUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> serde::Deserialize<'de> for NanoUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        if dollars.is_finite() {
            Ok(Self((dollars * 1e9).round() as i64))
        } else {
            Err(serde::de::Error::custom("a finite amount"))
        }
    }
}

/// Phase one of the record: written before the first step with side effects (B2).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Started<Text> {
    /// The interaction.
    pub id: InteractionId,
    /// Unique, made by the server.
    pub request_id: RequestId,
    /// What the client called its request, or the request id.
    pub correlation_id: String,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Pseudonymous id of the person.
    pub subject: String,
    /// The sitting, as the channel counts it.
    pub session: String,
    /// The assistant.
    pub mode: Mode,
    /// The masked question.
    pub question: Text,
    /// Whether the guard found personal data.
    pub pii_detected: bool,
    /// Made by `contactiq demo traffic`.
    pub demo: bool,
    /// When it came in.
    pub created_at: Timestamp,
}

/// What a model translated, where a question was answered in another language than the documents'.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Translation<Text> {
    /// The question's language (ISO 639-1).
    pub language: String,
    /// The question in the language of the documents, as it was searched and answered.
    pub question: Text,
    /// The answer in the language of the documents, with its citations: it counts. Empty where what is shown is no
    /// translation: it is in that language itself, or a person took over.
    pub answer: Text,
    /// The model that translated last.
    pub model: String,
}

impl<Text> Translation<Text> {
    fn try_map<Other, E>(
        self,
        change: &mut impl FnMut(&'static str, Text) -> Result<Other, E>,
    ) -> Result<Translation<Other>, E> {
        Ok(Translation {
            language: self.language,
            question: change("translated_question", self.question)?,
            answer: change("translated_answer", self.answer)?,
            model: self.model,
        })
    }
}

/// The whole record, as the API and the command line show it. `Text` is the guard's `Masked`
/// outside this crate.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Record<Text> {
    /// The interaction.
    pub id: InteractionId,
    /// Unique, made by the server.
    pub request_id: RequestId,
    /// What the client called its request, or the request id.
    pub correlation_id: String,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Pseudonymous id of the person.
    pub subject: String,
    /// The sitting.
    pub session: String,
    /// The assistant.
    pub mode: Mode,
    /// The masked question.
    pub question: Text,
    /// Step 1's intent.
    pub intent: IntentName,
    /// Its category.
    pub category: Category,
    /// Calibrated probability of the intent.
    pub intent_probability: Probability,
    /// Why this intent.
    pub classification_reason: String,
    /// Step 2.
    pub routing: Routing,
    /// What the person is shown, also when escalated.
    pub answer: Text,
    /// What a model translated; left out where nothing was.
    #[serde(default = "nothing", skip_serializing_if = "Option::is_none")]
    pub translation: Option<Translation<Text>>,
    /// The sources of the answer.
    pub citations: Vec<Citation>,
    /// Step 5: probability that the answer is right and complete; 0 when none was made.
    pub confidence: Probability,
    /// How it ended.
    pub outcome: Outcome,
    /// The decisive trigger.
    pub trigger: Option<Trigger>,
    /// Every trigger that fired, with its rule.
    pub triggers: Vec<TriggerHit>,
    /// Why it ended so, in words fit for the mode; empty when resolved.
    pub reason: String,
    /// The escalation's ticket.
    pub ticket: Option<TicketId>,
    /// The door and the seven steps.
    pub steps: Vec<StepTrace>,
    /// Passages found in step 3.
    pub retrieved_passages: u32,
    /// The language model that wrote the answer, or `extractive`.
    pub model: String,
    /// Its tokens.
    pub tokens: Tokens,
    /// Their price.
    pub cost_usd: NanoUsd,
    /// Whether the guard found personal data in the question.
    pub pii_detected: bool,
    /// Whether it was masked; true whenever it was found, or the message went no further.
    pub pii_masked: bool,
    /// Version of the knowledge that answered.
    pub knowledge_version: String,
    /// How long the text is kept (A7), for instance `standard-90-days`.
    pub retention_policy: String,
    /// Made by `contactiq demo traffic`.
    pub demo: bool,
    /// From the question to the end.
    pub processing_time_ms: f64,
    /// When the question came in.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
}

/// A record without a translation, whatever its texts are.
const fn nothing<T>() -> Option<T> {
    None
}

impl<Text> Started<Text> {
    /// The same with other texts: `change` is told the field of each.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<Other, E>(
        self,
        mut change: impl FnMut(&'static str, Text) -> Result<Other, E>,
    ) -> Result<Started<Other>, E> {
        Ok(Started {
            id: self.id,
            request_id: self.request_id,
            correlation_id: self.correlation_id,
            conversation: self.conversation,
            subject: self.subject,
            session: self.session,
            mode: self.mode,
            question: change("question", self.question)?,
            pii_detected: self.pii_detected,
            demo: self.demo,
            created_at: self.created_at,
        })
    }
}

impl<Text> Record<Text> {
    /// The same with other texts: `change` is told the field of each.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<Other, E>(
        self,
        mut change: impl FnMut(&'static str, Text) -> Result<Other, E>,
    ) -> Result<Record<Other>, E> {
        Ok(Record {
            id: self.id,
            request_id: self.request_id,
            correlation_id: self.correlation_id,
            conversation: self.conversation,
            subject: self.subject,
            session: self.session,
            mode: self.mode,
            question: change("question", self.question)?,
            intent: self.intent,
            category: self.category,
            intent_probability: self.intent_probability,
            classification_reason: self.classification_reason,
            routing: self.routing,
            answer: change("answer", self.answer)?,
            translation: self.translation.map(|own| own.try_map(&mut change)).transpose()?,
            citations: self.citations,
            confidence: self.confidence,
            outcome: self.outcome,
            trigger: self.trigger,
            triggers: self.triggers,
            reason: self.reason,
            ticket: self.ticket,
            steps: self.steps,
            retrieved_passages: self.retrieved_passages,
            model: self.model,
            tokens: self.tokens,
            cost_usd: self.cost_usd,
            pii_detected: self.pii_detected,
            pii_masked: self.pii_masked,
            knowledge_version: self.knowledge_version,
            retention_policy: self.retention_policy,
            demo: self.demo,
            processing_time_ms: self.processing_time_ms,
            created_at: self.created_at,
            completed_at: self.completed_at,
        })
    }
}
