//! The hosted vector store of a configuration, opened.

use std::{sync::Arc, time::Duration};

use contactiq_llm::{Http, SetupError, VectorStores};
use contactiq_pipeline::{Hosted, HostedSettings};

use super::StartError;
use crate::{config::Config, wiring::SystemClock};

/// The stores alone, for whoever asks how they stand; none where none are configured.
pub(crate) fn stores(config: &Config) -> Result<Option<VectorStores>, StartError> {
    let own = &config.knowledge.hosted;
    if own.base_url.is_empty() {
        return Ok(None);
    }
    let wrong = |error: SetupError| StartError::Hosted(error.to_string());
    let http = Http::new().map_err(wrong)?;
    VectorStores::new(own.settings(), http, Arc::new(SystemClock)).map(Some).map_err(wrong)
}

/// The stores as a question asks them.
pub(super) fn open(config: &Config) -> Result<Option<Hosted>, StartError> {
    let own = &config.knowledge.hosted;
    let settings = HostedSettings {
        patience: Duration::from_secs(own.timeout_seconds),
        price: own.price.clone(),
        // `config check` refuses what is no pair, so that none is lost here.
        attributes: own.pairs().unwrap_or_default(),
        required: own.required.clone(),
        kept: Duration::from_secs(own.kept_seconds),
    };
    Ok(stores(config)?.map(|stores| Hosted::new(stores, settings)))
}
