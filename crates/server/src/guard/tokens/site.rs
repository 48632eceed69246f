//! Sessions of customers that the bank's own site signs, with keys whose public halves the configuration names.

use std::collections::HashMap;

use contactiq_domain::{Mode, Role};
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde_json::Value;

use super::{Bearer, Claims, Head, OWN_ISSUER, Refusal, of_library, of_site, own, subject_of_site, verified};
use crate::config::{SiteKey, TokenAlgorithm};

/// Their `typ`.
pub(super) const TYPE: &str = "contactiq-site+jwt";
/// Seconds that clocks may differ.
const LEEWAY: i64 = 60;

/// The keys by their ids.
pub(super) struct SiteKeys(HashMap<String, Known>);

struct Known {
    key: DecodingKey,
    algorithm: TokenAlgorithm,
    issuer: String,
    origins: Vec<String>,
}

/// The key of a setting.
///
/// # Errors
/// What is wrong with it; never the key.
pub(crate) fn site_key(of: &SiteKey) -> Result<DecodingKey, String> {
    let text = of.public_key.trim();
    let wrong = || {
        format!("public_key: write a public key for {} as PEM (BEGIN PUBLIC KEY) or as a JWK", of.algorithm)
    };
    if text.starts_with('{') {
        let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        if value.get("d").is_some() {
            return Err("public_key is a private key: keep that where tokens are signed".to_owned());
        }
        let curve = match of.algorithm {
            TokenAlgorithm::Es256 => "P-256",
            _ => "Ed25519",
        };
        if value.get("crv").and_then(Value::as_str) != Some(curve) {
            return Err(wrong());
        }
        let jwk: Jwk = serde_json::from_value(value).map_err(|_| wrong())?;
        return DecodingKey::from_jwk(&jwk).map_err(|_| wrong());
    }
    if text.contains("PRIVATE KEY") {
        return Err("public_key is a private key: keep that where tokens are signed".to_owned());
    }
    match of.algorithm {
        TokenAlgorithm::Es256 => DecodingKey::from_ec_pem(text.as_bytes()),
        _ => DecodingKey::from_ed_pem(text.as_bytes()),
    }
    .map_err(|_| wrong())
}

/// Checks that a page of this origin may use the token. Where no browser says an origin there is no page.
pub(super) fn at_home(claims: &Claims, origin: Option<&str>) -> Result<(), Refusal> {
    let allowed = claims.values("origins");
    match origin {
        Some(origin) if !allowed.is_empty() && !allowed.contains(&origin) => Err(Refusal::Origin),
        _ => Ok(()),
    }
}

impl SiteKeys {
    pub(super) fn new(keys: &[SiteKey]) -> Result<SiteKeys, String> {
        let known = |of: &SiteKey| {
            let known = Known {
                key: site_key(of)?,
                algorithm: of.algorithm,
                issuer: of.issuer.clone(),
                origins: of.origins.clone(),
            };
            Ok((of.id.clone(), known))
        };
        keys.iter().map(known).collect::<Result<_, String>>().map(SiteKeys)
    }

    pub(super) fn read(
        &self,
        token: &str,
        head: &Head,
        origin: Option<&str>,
        now: i64,
    ) -> Result<Bearer, Refusal> {
        let known = head.kid.as_deref().and_then(|kid| self.0.get(kid)).ok_or(Refusal::SigningKey)?;
        head.algorithm(&[known.algorithm])?;
        let claims = verified(token, &known.key, of_library(known.algorithm))?;
        let exp = claims.in_time(now, LEEWAY)?;
        let iat = claims.seconds("iat")?.ok_or(Refusal::Malformed)?;
        if exp.saturating_sub(iat) > i64::from(own::LONGEST) {
            return Err(Refusal::Lasting);
        }
        claims.from(&known.issuer)?;
        claims.is_for(&[OWN_ISSUER])?;
        at_home(&claims, origin)?;
        if let Some(origin) = origin.filter(|_| !known.origins.is_empty())
            && !known.origins.iter().any(|allowed| allowed == origin)
        {
            return Err(Refusal::Origin);
        }
        let subject = claims.subject("sub")?;
        Ok(Bearer {
            role: Role::Customer,
            mode: Some(Mode::Customer),
            // No back end's key answers for them: the site's name keeps its customers apart from everyone else's.
            subject: subject_of_site(&known.issuer, subject),
            session: claims.text("sid").map(str::to_owned),
            key: None,
            secret: None,
            name: of_site(&known.issuer, subject),
        })
    }
}
