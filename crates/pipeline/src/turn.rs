//! One question on its way through the house: each step adds what it learned.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use contactiq_domain::{
    Citation, IntentName, Mode, Outcome, Probability, Record, Role, Routing, Started, Step, StepTrace,
    Trigger, TriggerHit, Understanding,
    ids::{ConversationId, InteractionId, KeyId, RequestId},
    interaction::{NanoUsd, Tokens},
};
use contactiq_guard::{InputError, Inspected, Masked, ModerationCategory, Published, Raw};
use contactiq_llm::Completion;
use contactiq_store::{StoreError, conversations::Conversation, ledger::Claimed};

use crate::{
    Audience, DoorFault, Found, House, Knowledge, NotRead,
    account::Account,
    certainty,
    misunderstood::{Signs, Silence},
    reader::Encoded,
    recall,
    respond::Translated,
    score::Judged,
};

/// A question as it comes in.
#[derive(Debug)]
pub struct Ask {
    /// Which assistant.
    pub mode: Mode,
    /// What the asker is: an intent may ask for a higher role (P5).
    pub role: Role,
    /// What the person wrote.
    pub question: Arc<Raw>,
    /// The conversation that it continues, or a new one.
    pub conversation: Option<ConversationId>,
    /// The exchange of that conversation that it follows, where it need not be the last one: nothing that came after
    /// it is looked at.
    pub follows: Option<InteractionId>,
    /// Pseudonymous id of the person.
    pub subject: String,
    /// The sitting.
    pub session: String,
    /// Made by the server.
    pub request_id: RequestId,
    /// What the client called its request.
    pub correlation_id: Option<String>,
    /// The service key that asks on the person's behalf; none for a person who signed in.
    pub owner_key: Option<KeyId>,
    /// The idempotency key that the request claimed; settled in the transaction of the record.
    pub claimed: Option<Claimed>,
    /// Made by `contactiq demo traffic`.
    pub demo: bool,
}

/// Why there is no answer and no record of one.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Empty, too long, or nothing but control characters.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The guard failed: nothing of the message was read further or kept.
    #[error("{0}: nothing of it was kept or sent anywhere. Try again in a moment")]
    Unchecked(#[from] DoorFault),
    /// The conversation does not exist, or is not this subject's in this mode. One error for both:
    /// ids of others can't be found by trying.
    #[error("the conversation does not exist")]
    UnknownConversation,
    /// Another worker answers this request: this one took too long to say that it still does.
    #[error("another worker answers this request")]
    Overtaken,
    /// No worker had it answered before its time was up.
    #[error("no worker was free in time")]
    Late,
    /// Workers died of it, or could not read it.
    #[error("the workers failed at it")]
    Failed,
    /// Nobody listened any more: the model was stopped, and the record says what was shown.
    #[error("nobody listened to the end")]
    Left,
    /// The record can't be written: without a record there is no answer.
    #[error("the record can't be written")]
    Store(#[from] StoreError),
}

impl From<NotRead> for AnswerError {
    fn from(why: NotRead) -> Self {
        match why {
            NotRead::Input(error) => AnswerError::Input(error),
            NotRead::Fault(fault) => AnswerError::Unchecked(fault),
        }
    }
}

/// An earlier exchange of the same conversation.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) question: Masked,
    pub(crate) answer: Masked,
    pub(crate) intent: IntentName,
    pub(crate) outcome: Outcome,
}

impl Exchange {
    /// Whether a later question, or a model, may see it: not what a guard refused or what failed.
    pub(crate) const fn may_be_leaned_on(&self) -> bool {
        matches!(self.outcome, Outcome::Resolved | Outcome::Guided | Outcome::Escalated)
    }
}

impl From<Record<Masked>> for Exchange {
    fn from(record: Record<Masked>) -> Self {
        Self {
            question: record.question,
            answer: record.answer,
            intent: record.intent,
            outcome: record.outcome,
        }
    }
}

/// An answer that was made but not yet released.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) text: Masked,
    pub(crate) citations: Vec<Citation>,
    pub(crate) model: String,
}

/// What models took for a question, whether or not what they wrote was used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paid {
    /// As the providers said, else counted from the texts.
    pub(crate) tokens: Tokens,
    /// What the budgets were charged.
    pub(crate) cost: NanoUsd,
    /// Tries of which no provider said what they took: the cost has the most that they can have cost.
    pub(crate) without_figures: u32,
    /// Whether something of it has no price, so that the cost lacks it.
    pub(crate) unpriced: bool,
}

impl Paid {
    /// What a completion took, by the prices of the house.
    pub(crate) fn of(house: &House, completion: &Completion) -> Paid {
        let tokens = Tokens { input: completion.input_tokens, output: completion.output_tokens };
        let cost = house.prices.cost_of(completion);
        Paid { tokens, cost: cost.unwrap_or_default(), without_figures: 0, unpriced: cost.is_none() }
    }

    /// With another call.
    pub(crate) fn add(&mut self, call: Paid) {
        self.tokens.input = self.tokens.input.saturating_add(call.tokens.input);
        self.tokens.output = self.tokens.output.saturating_add(call.tokens.output);
        self.cost = self.cost.plus(call.cost);
        self.without_figures = self.without_figures.saturating_add(call.without_figures);
        self.unpriced |= call.unpriced;
    }

    /// What the step says beside its cost: how much of it nobody knows, and that some of it has no price.
    pub(crate) fn values(&self) -> impl Iterator<Item = (String, f64)> {
        let guessed = (self.without_figures > 0).then(|| f64::from(self.without_figures));
        let unpriced = self.unpriced.then_some(1.0);
        let named = [("tries_without_figures", guessed), ("without_price", unpriced)];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

/// A text of which something was kept back, for review: a model's, or a draft that would have quoted an order.
#[derive(Debug, Clone)]
pub(crate) struct KeptBack {
    /// What was found, by kind and rule.
    pub(crate) rules: Vec<String>,
    /// The text, masked.
    pub(crate) text: Masked,
}

/// Everything that is known of a question so far.
pub(crate) struct Turn {
    pub(crate) started: Started<Masked>,
    pub(crate) conversation: Conversation,
    pub(crate) role: Role,
    pub(crate) claimed: Option<Claimed>,
    /// Whether another process took the question in.
    pub(crate) handed: bool,
    pub(crate) door: Inspected,
    /// What the provider's moderation found of what the door says.
    pub(crate) by_provider: Vec<ModerationCategory>,
    /// What is for a reviewer, of a text that was not shown or not all of it.
    pub(crate) kept_back: Option<KeptBack>,
    /// Who is told the answer while a model writes it.
    pub(crate) audience: Option<Audience>,
    /// Whether nobody listened any more.
    pub(crate) left: bool,
    pub(crate) clock_start: Instant,
    /// What the same question is known by, where it may be answered as before.
    pub(crate) keys: Option<recall::Keys>,
    /// Whether it was.
    pub(crate) recalled: bool,
    /// Triggers read from the text; steps 3 to 6 add theirs.
    pub(crate) hits: Vec<TriggerHit>,
    /// The language of the message, when it is not English.
    pub(crate) language: Option<whatlang::Lang>,
    /// How probable each learned trigger is, fired or not: names the reason when there is doubt.
    pub(crate) leanings: Vec<(Trigger, f64)>,
    pub(crate) history: Vec<Exchange>,
    /// What is classified and searched: the masked question, made whole by the conversation.
    pub(crate) query: String,
    pub(crate) vector: Option<Vec<f32>>,
    /// The vector of the message as it was written, where an answer to it may be remembered.
    pub(crate) vector_as_asked: Option<Vec<f32>>,
    /// The requests of a message that has more than one, each with its vector.
    pub(crate) parts: Vec<Encoded>,
    /// Why nothing is looked for, where the message asks for nothing.
    pub(crate) silence: Option<Silence>,
    /// A follow-up as it stands, where it was read together with the question before.
    pub(crate) alone: Option<Alone>,
    /// How the conversation goes.
    pub(crate) signs: Signs,
    pub(crate) understanding: Option<Understanding>,
    /// The nearest intents with their probabilities, the nearest first.
    pub(crate) nearest: Vec<(String, f64)>,
    /// What a model translated, where the question may be answered in its own language.
    pub(crate) translated: Option<Translated>,
    /// The intent that was read, where a model found that it does not fit.
    pub(crate) read_as: Option<IntentName>,
    pub(crate) routing: Routing,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) found: Vec<Found>,
    pub(crate) draft: Option<Draft>,
    /// What models took for it.
    pub(crate) paid: Paid,
    /// What vectors and moderation cost.
    pub(crate) account: Account,
    /// How the draft is judged.
    pub(crate) judged: Option<Judged>,
    /// The answer to the other requests of a message that a person takes over.
    pub(crate) beside: Option<Draft>,
    /// Both sides where documents disagree about the answer.
    pub(crate) conflicting: Vec<Citation>,
    pub(crate) confidence: Probability,
    /// Whether the question says too little to be answered.
    pub(crate) vague: bool,
    /// Whether the passages speak of what is asked, and do not state it.
    pub(crate) lacks: bool,
    pub(crate) outcome: Outcome,
    /// What the person is shown when no draft is released.
    pub(crate) message: Option<Published>,
    pub(crate) reason: String,
    pub(crate) ticket: Option<contactiq_domain::Ticket<Masked>>,
    pub(crate) steps: Vec<StepTrace>,
}

/// A follow-up without the question before it.
#[derive(Debug)]
pub(crate) struct Alone {
    pub(crate) query: String,
    pub(crate) vector: Option<Vec<f32>>,
    pub(crate) understanding: Understanding,
    /// What it names of its own.
    pub(crate) names: String,
}

/// One request as steps 3 to 5 see it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) query: &'a str,
    pub(crate) vector: Option<&'a [f32]>,
    pub(crate) found: &'a [Found],
}

impl Turn {
    /// The message as one request.
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked {
            knowledge: &self.knowledge,
            query: &self.query,
            vector: self.vector.as_deref(),
            found: &self.found,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.started.mode
    }

    /// The most probable learned trigger, where the message leans to one.
    pub(crate) fn leaning(&self) -> Option<(Trigger, f64)> {
        let best = self.leanings.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        best.filter(|(_, score)| *score >= certainty::least(certainty::LEANS, &self.query))
    }

    /// Adds a step's trace. `detail` is made of the house's own words, never of the person's.
    pub(crate) fn trace(&mut self, step: Step, since: Instant, outcome: &str, detail: impl Into<String>) {
        self.trace_with(step, since, outcome, detail, None, BTreeMap::new());
    }

    /// The same, with the version of the file that the step followed and the numbers that it decided by.
    pub(crate) fn trace_with(
        &mut self,
        step: Step,
        since: Instant,
        outcome: &str,
        detail: impl Into<String>,
        version: Option<&str>,
        values: BTreeMap<String, f64>,
    ) {
        let ms = since.elapsed().as_secs_f64() * 1000.0;
        self.steps.push(StepTrace {
            step,
            outcome: outcome.to_owned(),
            detail: detail.into(),
            version: version.map(str::to_owned),
            values,
            ms: (ms * 1000.0).round() / 1000.0,
        });
    }

    /// Whether the decision to hand over was made before anything was retrieved.
    pub(crate) fn escalates_early(&self) -> bool {
        self.routing == Routing::Escalate
    }
}
