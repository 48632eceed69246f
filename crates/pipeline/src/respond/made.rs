//! What a model answered to a question that was handed over is kept until the record is there, by question and prompt:
//! whoever takes the question over reads it as its own, and the model is not paid again (C2).

use contactiq_domain::interaction::{NanoUsd, Tokens};
use contactiq_llm::{Completion, Prompt, Served};
use contactiq_store::ledger::Made;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ask_model::{held, inspected};
use crate::{
    House,
    turn::{Paid, Turn},
};

/// An answer that another worker was given.
pub(super) struct Before {
    pub(super) served: Served,
    pub(super) paid: Paid,
    nonce: String,
    canary: String,
}

impl Before {
    /// The prompt with the marks that stood in it when the model was asked: an answer is held against those.
    pub(super) fn marked(&self, prompt: &Prompt) -> Prompt {
        Prompt { nonce: self.nonce.clone(), canary: self.canary.clone(), ..prompt.clone() }
    }
}

/// All of an answer but its text.
#[derive(Serialize, Deserialize)]
struct About {
    /// What was asked: other passages, for instance, have other numbers.
    asked: String,
    nonce: String,
    canary: String,
    provider: String,
    model: String,
    asked_model: String,
    input_tokens: u64,
    cached_input_tokens: u64,
    cache_written_tokens: u64,
    output_tokens: u64,
    usage_estimated: bool,
    truncated: bool,
    attempts: u32,
    /// Whether it came in the prompt's form.
    #[serde(default)]
    in_form: bool,
    tokens: Tokens,
    /// Dollars would round what a token costs.
    cost_nano_usd: i64,
    without_figures: u32,
    unpriced: bool,
}

/// The answer that another worker was given to this very prompt. A gateway looks too: it answers itself where no worker is
/// left.
pub(super) async fn find(house: &House, turn: &Turn, prompt: &Prompt) -> Option<Before> {
    let Made { text, about } = house.ledger.made(turn.started.id, prompt.version).await?;
    let about: About = serde_json::from_str(&about).ok()?;
    if about.asked != asked(prompt) {
        return None;
    }
    metrics::counter!("contactiq_model_answers_taken_over_total").increment(1);
    tracing::info!(interaction = %turn.started.id, "a model's answer to a worker that fell silent is used");
    let completion = Completion {
        text: text.as_str().to_owned(),
        model: about.model,
        asked_model: about.asked_model,
        input_tokens: about.input_tokens,
        cached_input_tokens: about.cached_input_tokens,
        cache_written_tokens: about.cache_written_tokens,
        output_tokens: about.output_tokens,
        usage_estimated: about.usage_estimated,
        truncated: about.truncated,
        attempts: about.attempts,
        form: prompt.form.as_ref().filter(|_| about.in_form).map(|form| form.version),
    };
    let served = Served { provider: about.provider, completion };
    let paid = Paid {
        tokens: about.tokens,
        cost: NanoUsd(about.cost_nano_usd),
        without_figures: about.without_figures,
        unpriced: about.unpriced,
    };
    Some(Before { served, paid, nonce: about.nonce, canary: about.canary })
}

/// Keeps an answer for whoever takes the question over. Masked, as all that is kept: what a model writes is read as such
/// in any case.
pub(super) async fn keep(house: &House, turn: &Turn, prompt: &Prompt, served: &Served, paid: Paid) {
    if !turn.handed {
        return;
    }
    let completion = &served.completion;
    // As it would be shown, so that what the passages carry stays. What the guard found something in is asked for again.
    let evidence: Vec<_> = prompt.passages.iter().map(|passage| (0, passage.text.clone())).collect();
    let held = held(&evidence, prompt);
    let Ok((_, verdict)) = inspected(house, completion.text.clone(), held).await else { return };
    if !verdict.findings.is_empty() {
        return;
    }
    let text = verdict.text;
    let about = About {
        asked: asked(prompt),
        nonce: prompt.nonce.clone(),
        canary: prompt.canary.clone(),
        provider: served.provider.clone(),
        model: completion.model.clone(),
        asked_model: completion.asked_model.clone(),
        input_tokens: completion.input_tokens,
        cached_input_tokens: completion.cached_input_tokens,
        cache_written_tokens: completion.cache_written_tokens,
        output_tokens: completion.output_tokens,
        usage_estimated: completion.usage_estimated,
        truncated: completion.truncated,
        attempts: completion.attempts,
        in_form: completion.form.is_some(),
        tokens: paid.tokens,
        cost_nano_usd: paid.cost.0,
        without_figures: paid.without_figures,
        unpriced: paid.unpriced,
    };
    let Ok(about) = serde_json::to_string(&about) else { return };
    house.ledger.keep_made(turn.started.id, prompt.version, &Made { text, about }).await;
}

/// What stands for all of a prompt but its marks.
fn asked(prompt: &Prompt) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(prompt.system.as_str());
    for passage in &prompt.passages {
        add(&passage.number.to_string());
        add(passage.title.as_str());
        add(passage.text.as_str());
    }
    for exchange in &prompt.history {
        add(exchange.question.as_str());
        add(exchange.answer.as_str());
    }
    add(prompt.question.as_str());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
