//! What stands between callers and the house: TLS, and what tells callers apart: signed sessions and bearer tokens, with
//! keys made from the root key, so that replicas of one database know each other's.

use std::sync::Arc;

use contactiq_pipeline::House;

use super::StartError;
use crate::{config::Config, guard::tokens::Tokens, tls::Tls, web::session::Sessions};

/// The parts that know who calls.
pub struct Gate {
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// Bearer tokens.
    pub tokens: Tokens,
    /// TLS; none where it is plain HTTP.
    pub tls: Option<Arc<Tls>>,
}

impl Gate {
    /// Of this configuration.
    ///
    /// # Errors
    /// [`StartError::Identity`] names the setting that can't be used.
    pub fn open(config: &Config, house: &House, tls: Option<Tls>) -> Result<Gate, StartError> {
        let key = |purpose| house.store.derived_key(purpose);
        let tokens = Tokens::new(config, &key("customer-sessions"), house.clock.clone());
        Ok(Gate {
            sessions: Sessions::new(config, key("page-sessions")),
            tokens: tokens.map_err(StartError::Identity)?,
            tls: tls.map(Arc::new),
        })
    }
}
