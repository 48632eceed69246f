//! Sessions of customers that this server signs for a back end of the bank: `POST /v1/sessions`.

use std::sync::{Arc, PoisonError, RwLock};

use contactiq_domain::{Keyring, Mode, Role, ids::KeyId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Bearer, Head, Refusal, of_session, site::at_home, verified};
use crate::wiring;

/// The `iss` and `aud` of these tokens.
pub const OWN_ISSUER: &str = "contactiq";
/// Their `typ`.
pub(super) const TYPE: &str = "contactiq-session+jwt";
/// The longest that one lasts, in seconds.
pub const LONGEST: u32 = 3600;

/// A session to sign.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// The key that asks for it: its sessions end with it.
    pub key: KeyId,
    /// The hash of the secret of it that asked: they end with that too, when it is rotated.
    pub secret: &'a str,
    /// The person.
    pub subject: &'a str,
    /// The sitting.
    pub session: &'a str,
    /// The origins whose pages may use it; none, any that may call at all.
    pub origins: &'a [String],
    /// Seconds, at most [`LONGEST`].
    pub seconds: u32,
    /// When it begins, in seconds; none for now. The same session signed twice is the same token.
    pub from: Option<i64>,
}

/// The shortest secret that a key is made of, in bytes.
pub const LEAST: usize = 32;

/// The server's own keys: those that `identity.session_key` names, the first of which signs while each of them is good,
/// and which change while we serve; without any the one that is made of the root key. Replicas share either.
pub(super) struct OwnKeys {
    named: Keyring,
    /// Those of them that were taken last.
    taken: RwLock<Arc<[OwnKey]>>,
    made: OwnKey,
}

impl OwnKeys {
    pub(super) fn new(named: Keyring, made: &[u8; 32]) -> Result<OwnKeys, String> {
        let taken = RwLock::new(long_ones(&named).collect());
        Ok(OwnKeys { named, taken, made: OwnKey::new(made)? })
    }

    /// Takes what `identity.session_key` names by now: all of it, or nothing where one of it is too short, so that a slip
    /// ends nobody's session. Whether it was taken.
    pub(super) fn take(&self) -> bool {
        let is_good = self.named.keys().iter().all(|key| key.expose().len() >= LEAST);
        if is_good {
            let found = long_ones(&self.named).collect();
            *self.taken.write().unwrap_or_else(PoisonError::into_inner) = found;
        }
        is_good
    }

    pub(super) fn sign(&self, new: &New<'_>, now: i64) -> Option<(String, i64)> {
        match self.named.is_empty() {
            true => self.made.sign(new, now),
            false => self.all().first()?.sign(new, now),
        }
    }

    pub(super) fn read(
        &self,
        token: &str,
        head: &Head,
        origin: Option<&str>,
        now: i64,
    ) -> Result<Bearer, Refusal> {
        if head.alg != "HS256" {
            return Err(Refusal::Algorithm);
        }
        let is_it = |key: &OwnKey| head.kid.as_deref() == Some(&key.id);
        if self.named.is_empty() {
            return Some(&self.made)
                .filter(|key| is_it(key))
                .ok_or(Refusal::SigningKey)?
                .read(token, origin, now);
        }
        let all = self.all();
        all.iter().find(|key| is_it(key)).ok_or(Refusal::SigningKey)?.read(token, origin, now)
    }

    fn all(&self) -> Arc<[OwnKey]> {
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        Arc::clone(&self.taken.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// In the order in which they are written: whoever is refused somewhere has no say here.
fn long_ones(named: &Keyring) -> impl Iterator<Item = OwnKey> {
    let long = named.keys().into_iter().filter(|key| key.expose().len() >= LEAST);
    long.filter_map(|key| OwnKey::new(&wiring::mac(key.expose().as_bytes(), &[b"customer sessions"])).ok())
}

/// One of them: HMAC-SHA256.
struct OwnKey {
    id: String,
    signs: EncodingKey,
    checks: DecodingKey,
}

impl OwnKey {
    fn new(key: &[u8; 32]) -> Result<OwnKey, String> {
        let wrong = |e: jsonwebtoken::errors::Error| e.to_string();
        Ok(OwnKey {
            // A name, not the key: what it is a hash of can't be guessed.
            id: wiring::sha256_hex(&wiring::mac(key, &[b"kid"]))[..16].to_owned(),
            signs: EncodingKey::from_secret(key).map_err(wrong)?,
            checks: DecodingKey::from_secret(key).map_err(wrong)?,
        })
    }

    fn sign(&self, new: &New<'_>, now: i64) -> Option<(String, i64)> {
        let ends = now + i64::from(new.seconds.min(LONGEST));
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let claims = json!({
            "iss": OWN_ISSUER, "aud": OWN_ISSUER, "sub": new.subject, "sid": new.session, "key": new.key,
            "secret": mark_of(new.secret),
            "origins": new.origins, "iat": now, "exp": ends,
        });
        Some((jsonwebtoken::encode(&header, &claims, &self.signs).ok()?, ends))
    }

    /// A token whose head names this key.
    fn read(&self, token: &str, origin: Option<&str>, now: i64) -> Result<Bearer, Refusal> {
        let claims = verified(token, &self.checks, Algorithm::HS256)?;
        // Our own clock gave the times: none needs leeway, but replicas may differ by a little.
        claims.in_time(now, 5)?;
        claims.from(OWN_ISSUER)?;
        claims.is_for(&[OWN_ISSUER])?;
        at_home(&claims, origin)?;
        let key: KeyId = claims.text("key").and_then(|id| id.parse().ok()).ok_or(Refusal::Malformed)?;
        let subject = claims.subject("sub")?.to_owned();
        let session = claims.0.get("sid").and_then(Value::as_str).map(str::to_owned);
        Ok(Bearer {
            role: Role::Customer,
            mode: Some(Mode::Customer),
            name: of_session(key, &subject),
            subject,
            session,
            key: Some(key),
            secret: claims.text("secret").map(str::to_owned),
        })
    }
}

/// What stands for a secret in the tokens that it asked for: who reads it knows nothing of the secret.
pub fn mark_of(hash: &str) -> String {
    wiring::sha256_hex(format!("sessions of {hash}").as_bytes())[..16].to_owned()
}
