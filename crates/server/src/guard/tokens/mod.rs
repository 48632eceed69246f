//! Bearer tokens (JWT, RFC 7519 and 8725): of the bank's identity provider, of its site, and of this server (A1).
//!
//! Who made a token is told by its `typ` and its key, never by its `alg`: an HMAC key is only our own, and a public
//! key is never taken for one. Every token is validated at every request; nothing of one is kept or logged.

mod claims;
mod keys;
mod own;
mod provider;
mod sign_in;
mod site;

use std::{collections::HashSet, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contactiq_domain::{Clock, Mode, Role, ids::KeyId};
use contactiq_store::access::{fingerprint, of_session, of_site, subject_of_site};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;
use crate::config::{Config, TokenAlgorithm};

use claims::Claims;
use own::OwnKeys;
use site::SiteKeys;

pub use own::{LEAST as LEAST_SESSION_KEY, LONGEST as LONGEST_SESSION, New, OWN_ISSUER, mark_of};
pub use provider::{KEYS_LOOKED_AT, Provider};
pub(crate) use sign_in::Begun;
pub use sign_in::{Person, SignedOut};
pub(crate) use site::site_key;

/// Longer tokens are refused unread.
const LONGEST: usize = 8 * 1024;
/// The longest name of a person in a token, in characters.
const LONGEST_SUBJECT: usize = 255;

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// What they are.
    pub role: Role,
    /// The one assistant that they may use, if limited.
    pub mode: Option<Mode>,
    /// The person, as their conversations call them.
    pub subject: String,
    /// The sitting, where the token is of one.
    pub session: Option<String>,
    /// The API key that answers for them, where one does.
    pub key: Option<KeyId>,
    /// What stands for the secret of that key by which the token was asked for: it ends with it. None of what servers
    /// signed that did not name it.
    pub secret: Option<String>,
    /// What logs call them.
    pub name: String,
}

/// Everything that tells a good token from a bad one.
pub struct Tokens {
    provider: Option<Provider>,
    site: SiteKeys,
    own: OwnKeys,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// Of this configuration, with the key of the sessions that the server signs where the configuration names none.
    ///
    /// # Errors
    /// Which setting can't be used.
    pub fn new(config: &Config, own: &[u8; 32], clock: Arc<dyn Clock>) -> Result<Tokens, String> {
        let identity = &config.identity;
        let provider =
            identity.oidc.is_configured().then(|| Provider::new(identity.oidc.clone())).transpose()?;
        let own = OwnKeys::new(identity.session_key.keyring(), own)?;
        Ok(Tokens { provider, site: SiteKeys::new(&identity.site_keys)?, own, clock })
    }

    /// The identity provider, if there is one.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    /// Takes the keys that `identity.session_key` names by now. Where one of them is too short all of before stay; whether
    /// they were taken.
    #[must_use]
    pub fn take_session_keys(&self) -> bool {
        self.own.take()
    }

    /// Signs the session of a customer; the token, and when it ends.
    #[must_use]
    pub fn sign(&self, new: &New<'_>) -> Option<(String, i64)> {
        self.own.sign(new, new.from.unwrap_or_else(|| self.now()))
    }

    /// Whom a token speaks for. `origin` is that of the page that uses it, where a browser says so.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn read(&self, token: &str, origin: Option<&str>) -> Result<Bearer, Refusal> {
        let head = Head::of(token)?;
        match head.kind() {
            Some(own::TYPE) => self.own.read(token, &head, origin, self.now()),
            Some(site::TYPE) => self.site.read(token, &head, origin, self.now()),
            // `at+jwt` is RFC 9068's; most providers say JWT, some nothing.
            None | Some("jwt" | "at+jwt") => match &self.provider {
                Some(provider) => provider.read(token, &head, self.now()).await,
                None => Err(Refusal::Issuer),
            },
            Some(_) => Err(Refusal::Type),
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().micros().div_euclid(1_000_000)
    }
}

/// What the first part of a token says. It is no more than a claim: what it chooses is checked.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

impl Head {
    fn of(token: &str) -> Result<Head, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::TooLong);
        }
        let part = token.split('.').next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
        let mut head: Head = serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)?;
        if let Some(typ) = &mut head.typ {
            typ.make_ascii_lowercase();
        }
        Ok(head)
    }

    /// The type, without the `application/` that it may have.
    fn kind(&self) -> Option<&str> {
        self.typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ))
    }

    /// The algorithm, if it is one of these.
    fn algorithm(&self, allowed: &[TokenAlgorithm]) -> Result<TokenAlgorithm, Refusal> {
        allowed.iter().copied().find(|a| a.as_str() == self.alg).ok_or(Refusal::Algorithm)
    }
}

/// Whether a credential has the shape of a token rather than of a key, which has no dot.
pub(super) fn is_token(text: &str) -> bool {
    text.bytes().filter(|b| *b == b'.').count() == 2
}

const fn of_library(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// The claims of a token that this key signed. What they say is for the caller to check: the library asks the
/// system's clock, and its reasons are fewer than ours.
fn verified(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims, Refusal> {
    let mut check = Validation::new(algorithm);
    check.required_spec_claims = HashSet::new();
    (check.validate_exp, check.validate_nbf, check.validate_aud) = (false, false, false);
    let said = jsonwebtoken::decode::<serde_json::Map<String, Value>>(token, key, &check);
    said.map(|said| Claims(said.claims)).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
        jsonwebtoken::errors::ErrorKind::InvalidAlgorithm
        | jsonwebtoken::errors::ErrorKind::InvalidKeyFormat => Refusal::Algorithm,
        _ => Refusal::Malformed,
    })
}

#[cfg(test)]
mod tests;
