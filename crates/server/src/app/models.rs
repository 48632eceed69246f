//! The language models and the moderation endpoint of a configuration, opened.

use std::{sync::Arc, time::Duration};

use contactiq_llm::{
    Anthropic, AnthropicSettings, Chain, ChainSettings, Http, Jitter, KeyQuota, OpenAiCompatible,
    OpenAiSettings, Provider, RemoteModeration, SetupError,
};

use contactiq_store::Store;

use super::{StartError, quotas::DayOfAKey};
use crate::{
    config::{Config, LlmProvider, Wire},
    wiring::{SystemClock, random},
};

/// The models in their order, and what they are called together; or why answers are made without any.
///
/// With a store the quotas of their keys are counted there.
pub(crate) fn open_chain(
    config: &Config,
    store: Option<&Store>,
) -> Result<(Option<Chain>, Result<String, String>), StartError> {
    let llm = &config.llm;
    if !llm.is_configured() {
        return Ok((None, Err("not configured: answers are made of cited sentences".to_owned())));
    }
    let http = Http::new().map_err(|wrong| StartError::Llm(wrong.to_string()))?;
    let all = llm.in_order();
    let open = |provider: &LlmProvider| {
        let quota = store.and_then(|store| DayOfAKey::of(config, provider, store));
        open(provider, quota, &http)
            .map_err(|wrong| StartError::Llm(format!("{}: {wrong}", provider.place())))
    };
    let providers = all.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let settings = ChainSettings {
        timeout: Duration::from_secs(llm.timeout_seconds),
        retries: llm.max_retries,
        hedge_after: Some(llm.hedge_after_milliseconds).filter(|after| *after > 0).map(Duration::from_millis),
        ..ChainSettings::default()
    };
    let models: Vec<&str> = all.iter().map(|provider| provider.model.as_str()).collect();
    Ok((Some(Chain::new(providers, settings, Arc::new(SystemClock), jitter())), Ok(models.join(", then "))))
}

/// Where no deadline of a request stands above them.
const LONGEST_BUDGET: Duration = Duration::from_secs(120);

/// All tries of a call together: one that takes as long as a try may take leaves time for another one of half of it.
/// The deadline of the request stands above it.
pub(crate) fn model_budget(config: &Config) -> Duration {
    let tried_again = Duration::from_secs(config.llm.timeout_seconds).mul_f64(1.5);
    // Behind that a question counts as interrupted.
    tried_again.min(LONGEST_BUDGET).max(Duration::from_secs(config.llm.timeout_seconds))
}

fn open(
    provider: &LlmProvider,
    quota: Option<Arc<dyn KeyQuota>>,
    http: &Http,
) -> Result<Arc<dyn Provider>, SetupError> {
    Ok(match provider.wire() {
        Wire::OpenAi(settings) => {
            Arc::new(OpenAiCompatible::new(OpenAiSettings { quota, ..settings }, http.clone())?)
        }
        Wire::Anthropic(settings) => {
            Arc::new(Anthropic::new(AnthropicSettings { quota, ..settings }, http.clone())?)
        }
    })
}

/// Models to which questions, and keys where there are some, go over plain http to another machine: a line each.
pub(crate) fn in_plain_sight(config: &Config) -> Vec<String> {
    let all = config.llm.in_order();
    let seen = all.iter().filter(|provider| contactiq_llm::goes_over_plain_http(&provider.base_url));
    seen.map(|provider| {
        let what = if provider.api_key.is_empty() { "questions go" } else { "the key and questions go" };
        format!("{}: {what} over plain http to another machine: write https:// in base_url", provider.place())
    })
    .collect()
}

/// The provider's moderation of this configuration, where it names one.
pub(crate) fn open_moderation(config: &Config) -> Result<Option<RemoteModeration>, StartError> {
    let own = &config.llm.moderation;
    if own.base_url.is_empty() || !config.guard.moderation {
        return Ok(None);
    }
    let wrong = |e: SetupError| StartError::Llm(format!("moderation: {e}"));
    let http = Http::new().map_err(wrong)?;
    RemoteModeration::new(own.settings(), http, Arc::new(SystemClock)).map(Some).map_err(wrong)
}

/// Chance for the waits between two tries.
pub(super) fn jitter() -> Jitter {
    Arc::new(|| f64::from(u32::from_le_bytes(random::<4>())) / f64::from(u32::MAX))
}
