//! Whether a copy of the data folder could be read: a key-encryption key that lies in it and still wraps keys (A6, A8).

use contactiq_store::{Store, sealing};

use crate::{
    config::{Config, Environment},
    wiring,
};

/// Whether, in production, a key of the data folder still wraps keys. Not where `secrets.allow_key_beside_data` says that
/// it may.
///
/// # Errors
/// When the file holds no key, or the database does not answer.
pub async fn is_key_beside_data(
    store: &Store,
    config: &Config,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    if config.server.environment != Environment::Production || config.secrets.allow_key_beside_data {
        return Ok(false);
    }
    match wiring::key_beside_data(config)? {
        Some(kek) => Ok(sealing::wraps(&mut *store.read().await?, &kek).await?),
        None => Ok(false),
    }
}
