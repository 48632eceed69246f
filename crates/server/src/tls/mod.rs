//! TLS of this server itself (A6): version 1.3 alone, and a certificate that is taken anew while we run.
//!
//! The certificate's file and its key are looked at every second. What changed is tried when it was the same at two looks,
//! so that nobody tries half of a pair; a pair that can't be used leaves the one in force as it is, and the log (critical),
//! the figures and `doctor` say so.

mod listener;
mod pair;
mod validity;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use contactiq_domain::Timestamp;
use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};

pub(crate) use listener::Front;
pub use pair::PairError;

use crate::{config::TlsPair, secrets::SecretText, wiring};
use pair::{Pair, Texts};

/// What we speak: HTTP/1.1, as without TLS.
const ALPN: &[u8] = b"http/1.1";
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The pair in force, and where a newer one comes from.
pub struct Tls {
    config: Arc<ServerConfig>,
    held: Arc<Held>,
    certificate: PathBuf,
    key: SecretText,
    looked: Mutex<Looked>,
}

/// What handshakes take.
#[derive(Debug)]
struct Held(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// What was found at a look: a hash of both texts, or why there are none.
type Seen = Result<String, PairError>;

struct Looked {
    /// The pair in force.
    in_force: Seen,
    /// When its certificate ends.
    ends: Timestamp,
    /// What the last look saw.
    seen: Seen,
    /// Why the pair that stands there is not in force.
    refused: Option<PairError>,
}

/// What a look changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// Another pair is in force.
    Taken,
    /// Another pair stands there and can't be used.
    Refused(PairError),
}

impl Tls {
    /// The pair of a configuration; none where it is plain HTTP.
    ///
    /// # Errors
    /// Why the pair can't be used.
    pub fn open(pair: &TlsPair, now: Timestamp) -> Result<Option<Tls>, PairError> {
        if !pair.is_on() {
            return Ok(None);
        }
        let (certificate, key) = (PathBuf::from(&pair.certificate), pair.key.clone());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let texts = Texts::read(&certificate, &key)?;
        let first = Pair::of(&texts, &provider)?;
        if first.ends <= now {
            // Nobody takes it, and whoever looks after us hears that by the log, the figures and `doctor`.
            tracing::error!(critical = true, ends = %first.ends, "the certificate of this server has ended: clients refuse it");
        }
        let held = Arc::new(Held(RwLock::new(Arc::new(first.key))));
        let config = server_config(provider, held.clone()).map_err(|_| PairError::Unusable)?;
        let in_force: Seen = Ok(texts.hash());
        let looked = Looked { seen: in_force.clone(), in_force, ends: first.ends, refused: None };
        Ok(Some(Tls { config: Arc::new(config), held, certificate, key, looked: Mutex::new(looked) }))
    }

    /// Looks whether another pair stands there, and takes it when it can be used.
    pub fn look(&self, now: Timestamp) -> Change {
        let texts = Texts::read(&self.certificate, &self.key);
        let seen = texts.as_ref().map(Texts::hash).map_err(Clone::clone);
        let mut looked = self.lock();
        let is_settled = looked.seen == seen;
        looked.seen = seen.clone();
        if seen == looked.in_force {
            // Whoever put the old one back mended it.
            looked.refused = None;
            return Change::None;
        }
        if !is_settled {
            return Change::None;
        }
        let provider = self.config.crypto_provider();
        match texts.and_then(|texts| Pair::of(&texts, provider)).and_then(|pair| pair.unless_ended(now)) {
            Ok(pair) => {
                *self.held.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair.key);
                *looked = Looked { in_force: seen.clone(), ends: pair.ends, seen, refused: None };
                Change::Taken
            }
            Err(why) if looked.refused.as_ref() == Some(&why) => Change::None,
            Err(why) => {
                looked.refused = Some(why.clone());
                Change::Refused(why)
            }
        }
    }

    /// Days until the certificate in force ends, with parts of a day; less than 0 when it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> f64 {
        (self.lock().ends.micros() - now.micros()) as f64 / 1e6 / DAY
    }

    /// When the certificate in force ends.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.lock().ends
    }

    /// Whether another pair stands there that can't be used.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.lock().refused.is_some()
    }

    /// The file of the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// For handshakes.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    // Nothing under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({})", self.certificate.display())
    }
}

/// TLS 1.3 alone: whoever speaks to a bank has it since 2018, and nothing of 1.2 has to be chosen or watched. No early
/// data, which could be replayed.
fn server_config(provider: Arc<CryptoProvider>, held: Arc<Held>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(held);
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

impl Texts {
    /// Tells one pair from another. Never logged.
    fn hash(&self) -> String {
        let parts: [&[u8]; 2] = [&self.certificate, self.key.as_bytes()];
        wiring::sha256_hex(&parts.map(|part| wiring::sha256_hex(part).into_bytes()).concat())
    }
}

#[cfg(test)]
mod tests;
