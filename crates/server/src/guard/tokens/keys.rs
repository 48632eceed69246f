//! The provider's public keys (JWKS, RFC 7517): only those that may sign, each for what it is.

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::TokenAlgorithm;

/// More keys than this no provider has.
const MOST: usize = 100;

/// The keys of one reading.
pub(super) struct KeySet(Vec<Known>);

struct Known {
    id: Option<String>,
    algorithms: &'static [TokenAlgorithm],
    /// The one that it is for, where it says so.
    only: Option<String>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Sent {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set; nothing where no key of it can be used. A key that can't is left out: providers have others too.
    pub(super) fn read(bytes: &[u8]) -> Option<KeySet> {
        let sent: Sent = serde_json::from_slice(bytes).ok()?;
        if sent.keys.len() > MOST {
            return None;
        }
        let known: Vec<Known> = sent.keys.into_iter().filter_map(known).collect();
        (!known.is_empty()).then_some(KeySet(known))
    }

    /// The key of a token. One without a `kid` is taken where it can only be one.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: TokenAlgorithm) -> Option<&DecodingKey> {
        let fits = |known: &&Known| {
            known.algorithms.contains(&algorithm)
                && known.only.as_deref().is_none_or(|only| only == algorithm.as_str())
        };
        let mut fitting =
            self.0.iter().filter(fits).filter(|known| kid.is_none() || known.id.as_deref() == kid);
        let first = fitting.next()?;
        (kid.is_some() || fitting.next().is_none()).then_some(&first.key)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn known(value: Value) -> Option<Known> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
        return None;
    }
    let algorithms: &'static [TokenAlgorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[TokenAlgorithm::Rs256, TokenAlgorithm::Ps256],
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => &[TokenAlgorithm::Es256],
        AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => {
            &[TokenAlgorithm::EdDsa]
        }
        // A secret among public keys is nobody's.
        _ => return None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let only = value.get("alg").and_then(Value::as_str).map(str::to_owned);
    Some(Known { id: jwk.common.key_id, algorithms, only, key })
}
