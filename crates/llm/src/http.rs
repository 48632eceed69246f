//! The one HTTP client of this crate. Nothing else builds one.

use std::time::Duration;

use reqwest::{Client, redirect, retry, tls};

use crate::SetupError;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No request of this house lives longer; the budget of each call is far below.
const CEILING: Duration = Duration::from_secs(180);

/// A pool of connections that all providers share. A clone is the same pool.
///
/// It obeys no proxy of the environment and no redirect, because both could carry a prompt or a key
/// to a place that nobody configured, and it never retries by itself, because retries multiply.
#[derive(Debug, Clone)]
pub struct Http(Client);

impl Http {
    /// Builds the pool.
    ///
    /// # Errors
    /// [`SetupError::Client`] when TLS can't be set up on this machine.
    pub fn new() -> Result<Self, SetupError> {
        Client::builder()
            .user_agent(concat!("contactiq/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CEILING)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(16)
            .tcp_keepalive(Duration::from_secs(30))
            .tcp_nodelay(true)
            // Requirement A6: of a provider that speaks less no handshake passes.
            .tls_version_min(tls::Version::TLS_1_3)
            .build()
            .map(Self)
            .map_err(|_| SetupError::Client)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0
    }
}
