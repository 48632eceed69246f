//! The identity provider: where it is, its keys, and what its access tokens say.
//!
//! Keys are read every five minutes, and at once when a token names one that is not known, but at most every ten
//! seconds: whoever makes keys up reaches us, not the provider. While it is away the last good ones count, for as
//! long as the configuration says.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;

use super::{Bearer, Claims, Head, Refusal, fingerprint, keys::KeySet, of_library, verified};
use crate::config::{Oidc, is_safe};

/// How often a job looks whether the keys are due.
pub const KEYS_LOOKED_AT: Duration = Duration::from_secs(30);
/// How often they are read.
const READ_EVERY: Duration = Duration::from_secs(300);
/// After a reading nothing is asked for so long, whatever tokens name.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How often the provider's own description is read.
const DESCRIBED_EVERY: Duration = Duration::from_secs(3600);
/// One request, connection and body included.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const LARGEST: usize = 256 * 1024;

/// An identity provider.
pub struct Provider {
    pub(super) settings: Oidc,
    pub(super) http: reqwest::Client,
    known: RwLock<Known>,
    /// When it was last asked; held while it is, so that it is asked once.
    asked: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default, Clone)]
struct Known {
    described: Option<(Arc<Description>, Instant)>,
    keys: Option<(Arc<KeySet>, Instant)>,
}

/// What the provider says of itself (OpenID Connect Discovery), as far as it is used.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    issuer: String,
    jwks_uri: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
}

impl Description {
    /// An authorization endpoint may have a query of its own; what is sent there is no secret.
    fn is_safe(&self) -> bool {
        let optional = [&self.authorization_endpoint, &self.token_endpoint, &self.end_session_endpoint];
        let mut named = optional.into_iter().flatten().chain([&self.jwks_uri]);
        named.all(|url| is_safe(url.split('?').next().unwrap_or_default()))
    }
}

/// Why the provider can't be used, in words for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No connection, or no answer in time.
    #[error("it does not answer")]
    Unreachable,
    /// An answer that is no success.
    #[error("it answers with the status {0}")]
    Status(u16),
    /// An answer without end.
    #[error("its answer is larger than 256 KiB")]
    TooLarge,
    /// No discovery document.
    #[error("its discovery document can't be read")]
    Description,
    /// It says that it is another.
    #[error(
        "its discovery document names another issuer: copy that into identity.oidc.issuer, to the letter"
    )]
    OtherIssuer,
    /// An address without TLS.
    #[error("it names an address without https")]
    Unsafe,
    /// No usable key.
    #[error("it has no key that can be used: RSA from 2048 bits, P-256 or Ed25519")]
    NoKeys,
}

impl Provider {
    pub(super) fn new(settings: Oidc) -> Result<Provider, String> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("contactiq/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(|_| "identity.oidc: TLS can't be set up on this machine".to_owned())?;
        Ok(Provider { settings, http, known: RwLock::default(), asked: tokio::sync::Mutex::new(None) })
    }

    /// What an access token says.
    pub(super) async fn read(&self, token: &str, head: &Head, now: i64) -> Result<Bearer, Refusal> {
        let claims = self.verified(token, head).await?;
        let audiences: Vec<&str> = self.settings.audiences.iter().map(String::as_str).collect();
        self.checked(&claims, &audiences, now)?;
        let subject = self.person(&claims)?;
        let (role, mode) = self.role(&claims)?;
        Ok(Bearer { role, mode, name: subject.clone(), subject, session: None, key: None, secret: None })
    }

    /// The claims of a token that one of the provider's keys signed.
    pub(super) async fn verified(&self, token: &str, head: &Head) -> Result<Claims, Refusal> {
        let algorithm = head.algorithm(&self.settings.algorithms)?;
        let key = self.key(head.kid.as_deref(), algorithm).await?;
        verified(token, &key, of_library(algorithm))
    }

    /// Checks issuer, audience and times; when it ends.
    pub(super) fn checked(&self, claims: &Claims, audiences: &[&str], now: i64) -> Result<i64, Refusal> {
        claims.from(&self.settings.issuer)?;
        claims.is_for(audiences)?;
        // At most 300, which the configuration checks.
        claims.in_time(now, i64::try_from(self.settings.leeway_seconds).unwrap_or(0))
    }

    /// The person: the same for an access token and for a sign-in on the pages.
    pub(super) fn person(&self, claims: &Claims) -> Result<String, Refusal> {
        let subject = claims.subject(&self.settings.subject_claim)?;
        Ok(fingerprint("person", &[&self.settings.issuer, subject]))
    }

    /// The first role whose value the claim has. Nobody is anything by default.
    pub(super) fn role(&self, claims: &Claims) -> Result<(Role, Option<Mode>), Refusal> {
        let has = claims.values(&self.settings.role_claim);
        let fitting = self.settings.roles.iter().find(|of| has.contains(&of.value.as_str()));
        fitting.map(|of| (of.role, of.mode)).ok_or(Refusal::Role)
    }

    async fn key(&self, kid: Option<&str>, algorithm: super::TokenAlgorithm) -> Result<DecodingKey, Refusal> {
        if let Some(key) = self.keys().and_then(|keys| keys.find(kid, algorithm).cloned()) {
            return Ok(key);
        }
        // It may be newer than what was read.
        let _kept = self.renew().await;
        let keys = self.keys().ok_or(Refusal::Away)?;
        keys.find(kid, algorithm).cloned().ok_or(Refusal::SigningKey)
    }

    /// The last good keys, while they count.
    fn keys(&self) -> Option<Arc<KeySet>> {
        let kept = Duration::from_secs(self.settings.keys_kept_minutes * 60);
        self.look().keys.filter(|(_, read)| read.elapsed() < kept).map(|(keys, _)| keys)
    }

    fn look(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys when they are due; how many there are.
    ///
    /// # Errors
    /// Why they could not be read: the last good ones count meanwhile.
    pub async fn tend(&self) -> Result<usize, ProviderError> {
        match self.look().keys {
            Some((keys, read)) if read.elapsed() < READ_EVERY => Ok(keys.len()),
            _ => self.renew().await,
        }
    }

    /// Asks the provider, unless it was asked just now.
    async fn renew(&self) -> Result<usize, ProviderError> {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
            return self.look().keys.map(|(keys, _)| keys.len()).ok_or(ProviderError::Unreachable);
        }
        *asked = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => Ok(keys),
            Err(error) => {
                metrics::counter!("contactiq_identity_provider_failures_total").increment(1);
                tracing::warn!(error = %error, "the identity provider's keys could not be read");
                // It may have moved them.
                self.known.write().unwrap_or_else(PoisonError::into_inner).described = None;
                Err(error)
            }
        }
    }

    async fn fetch(&self) -> Result<usize, ProviderError> {
        let described = self.described().await?;
        let read = Instant::now();
        let keys = KeySet::read(&self.get(&described.jwks_uri).await?).ok_or(ProviderError::NoKeys)?;
        let found = keys.len();
        self.known.write().unwrap_or_else(PoisonError::into_inner).keys = Some((Arc::new(keys), read));
        Ok(found)
    }

    /// What the provider says of itself; read once an hour.
    pub(super) async fn described(&self) -> Result<Arc<Description>, ProviderError> {
        if let Some((described, read)) = self.look().described
            && read.elapsed() < DESCRIBED_EVERY
        {
            return Ok(described);
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let bytes = self.get(&format!("{issuer}/.well-known/openid-configuration")).await?;
        let described: Description =
            serde_json::from_slice(&bytes).map_err(|_| ProviderError::Description)?;
        if described.issuer != self.settings.issuer {
            return Err(ProviderError::OtherIssuer);
        }
        if !described.is_safe() {
            return Err(ProviderError::Unsafe);
        }
        let described = Arc::new(described);
        self.known.write().unwrap_or_else(PoisonError::into_inner).described =
            Some((Arc::clone(&described), Instant::now()));
        Ok(described)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, ProviderError> {
        let answer = self.http.get(url).header("accept", "application/json").send().await;
        bounded(answer.map_err(|_| ProviderError::Unreachable)?).await
    }
}

/// The body of a success, as far as it is read.
pub(super) async fn bounded(mut answer: reqwest::Response) -> Result<Vec<u8>, ProviderError> {
    if !answer.status().is_success() {
        return Err(ProviderError::Status(answer.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| ProviderError::Unreachable)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(ProviderError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
