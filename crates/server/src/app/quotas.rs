//! The daily quotas of the keys of language models, counted in the database for all replicas.

use std::sync::Arc;

use async_trait::async_trait;
use contactiq_domain::{Clock, Zone};
use contactiq_llm::{KeyQuota, ModelError};
use contactiq_store::{
    Store, StoreError,
    key_quotas::{self, Quota},
};
use time::Date;

use super::zone;
use crate::{
    config::{Config, LlmProvider},
    wiring::SystemClock,
};

/// The day of each key of one provider.
#[derive(Debug)]
pub(super) struct DayOfAKey {
    store: Store,
    zone: Zone,
    quota: Quota,
    provider: String,
}

impl DayOfAKey {
    /// That of a provider that has a quota.
    pub(super) fn of(config: &Config, provider: &LlmProvider, store: &Store) -> Option<Arc<dyn KeyQuota>> {
        let some = |most: u64| Some(most).filter(|most| *most > 0);
        let quota =
            Quota { requests: some(provider.requests_per_day), tokens: some(provider.tokens_per_day) };
        if quota.is_none() {
            return None;
        }
        let day =
            DayOfAKey { store: store.clone(), zone: zone(config), quota, provider: provider.name.clone() };
        Some(Arc::new(day))
    }

    fn today(&self) -> Date {
        self.zone.day(SystemClock.now())
    }

    async fn try_take(&self, key: &str, tokens: u64) -> Result<bool, StoreError> {
        let mut w = self.store.write().await?;
        let taken = key_quotas::take(&mut w, key, self.today(), self.quota, tokens).await?;
        if taken {
            w.save().await?;
        }
        Ok(taken)
    }

    async fn try_give_back(&self, key: &str, tokens: u64) -> Result<(), StoreError> {
        let mut w = self.store.write().await?;
        key_quotas::give_back(&mut w, key, self.today(), tokens).await?;
        w.save().await
    }
}

#[async_trait]
impl KeyQuota for DayOfAKey {
    async fn take(&self, key: &str, tokens: u64) -> Result<(), ModelError> {
        match self.try_take(key, tokens).await {
            Ok(true) => return Ok(()),
            Ok(false) => {
                tracing::warn!(
                    provider = self.provider,
                    key,
                    "the daily quota of a provider's key is used up"
                );
            }
            Err(error) => {
                tracing::warn!(provider = self.provider, %error, "the daily quota of a provider's key can't be asked");
            }
        }
        let provider = self.provider.clone();
        metrics::counter!("contactiq_provider_key_quota_refused_total", "provider" => provider).increment(1);
        Err(ModelError::Quota)
    }

    async fn give_back(&self, key: &str, tokens: u64) {
        if tokens == 0 || self.quota.tokens.is_none() {
            return;
        }
        if let Err(error) = self.try_give_back(key, tokens).await {
            tracing::warn!(provider = self.provider, %error, "unused tokens of a quota stay taken");
        }
    }
}

/// Removes what was counted on days that are over.
pub(crate) async fn purge_quotas(config: &Config, store: &Store) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    key_quotas::purge(&mut w, zone(config).day(SystemClock.now())).await?;
    w.save().await
}
