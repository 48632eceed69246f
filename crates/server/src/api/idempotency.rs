//! Repeated requests return the first answer (B1): same key and body the stored one, another body
//! 422, the first one still at work 409.
//!
//! Neither the key nor the body is kept. The body is compared by an HMAC that the server's key and the client's
//! key are needed for: whoever holds the database and the server's key can't try short bodies out, as long as
//! the client's key can't be guessed.

use std::mem;

use axum::http::HeaderMap;
use contactiq_domain::Timestamp;
use contactiq_store::{
    Writer,
    idempotency::{self, Claim, Slot},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::error::ApiError;
use crate::{app::App, guard::identity::Caller, wiring};

/// A request that was killed gives its key back this many seconds after the longest that its work may
/// take: `server.request_timeout_seconds`, or `llm.timeout_seconds` where that is longer, because a
/// record is finished also when its client was told that it took too long.
const GRACE_SECONDS: u64 = 15;
/// A first request that is older than this many seconds was probably killed: its lease is waited for.
const USUAL_SECONDS: i64 = 5;
const LONGEST_KEY: usize = 255;

/// The place that a request with an `Idempotency-Key` has taken. Dropped before the work was done
/// (an error, a panic, a shutdown), it gives the key back, so that the client may try again at once.
pub struct Taken {
    app: App,
    done: bool,
    caller: String,
    route: String,
    key: String,
    lease_until: Timestamp,
}

/// What a request with a key is.
pub enum Repeat {
    /// No key, or the first with it: do the work, then settle.
    First(Option<Taken>),
    /// It was done: the id of what it made.
    Again(String),
}

/// Looks at the `Idempotency-Key` of a request and takes its place.
///
/// # Errors
/// 422 for a bad key or another body, 409 while the first is at work.
pub async fn begin(
    app: &App,
    caller: &Caller,
    route: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Repeat, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(Repeat::First(None)) };
    let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len());
    let key = value.to_str().ok().map(|k| k.trim().trim_matches('"')).filter(fits).ok_or_else(|| {
        ApiError::invalid(
            "idempotency_key_invalid",
            "Idempotency-Key: send 1 to 255 visible ASCII characters, for instance a UUID",
        )
    })?;
    let who = caller.own_subject();
    let now = app.house.clock.now();
    let work = app.config.server.request_timeout_seconds.max(app.config.llm.timeout_seconds);
    let lease = i64::try_from(work + GRACE_SECONDS).unwrap_or(i64::MAX);
    let lease_until = now.plus_seconds(lease);
    let (key, body) = (name(&app.body_key, key), compared(&app.body_key, key, body));
    let mut w = app.house.store.write().await?;
    let slot = Slot { caller: &who, route, key: &key };
    let claim = idempotency::claim(&mut w, &slot, &body, now, lease_until).await?;
    w.save().await?;
    match claim {
        Claim::New => Ok(Repeat::First(Some(Taken {
            app: app.clone(),
            done: false,
            caller: who,
            route: route.to_owned(),
            key,
            lease_until,
        }))),
        Claim::Done { resource, .. } => Ok(Repeat::Again(resource)),
        Claim::InFlight { until } => {
            let left = ((until.micros() - now.micros()) / 1_000_000).clamp(1, lease);
            let retry_after = if lease - left < USUAL_SECONDS { 1 } else { left.unsigned_abs() };
            Err(ApiError::IdempotencyInFlight { retry_after })
        }
        Claim::Mismatch => Err(ApiError::IdempotencyMismatch),
    }
}

/// What is kept of a client's key, which may say anything.
fn name(server: &[u8], key: &str) -> String {
    wiring::hex(&mac(server, &[b"idempotency-key\0", key.as_bytes()]))
}

/// What is kept of a body: only who knows the client's key, which is kept nowhere, can make it.
fn compared(server: &[u8], key: &str, body: &[u8]) -> String {
    wiring::hex(&mac(&mac(server, &[b"body\0", key.as_bytes()]), &[body]))
}

/// HMAC-SHA256 of these parts, one after the other.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl Taken {
    /// What the pipeline settles in the transaction of the record.
    pub fn claimed(&self) -> contactiq_pipeline::Claimed {
        contactiq_pipeline::Claimed {
            caller: self.caller.clone(),
            route: self.route.clone(),
            key: self.key.clone(),
            lease_until: self.lease_until,
        }
    }

    /// Marks the key as this work's in the transaction that makes `resource`: a repetition gets it.
    ///
    /// # Errors
    /// When the store fails, or the lease has passed to somebody else.
    pub async fn settle(&self, w: &mut Writer, resource: &str, status: u16) -> Result<(), ApiError> {
        let slot = Slot { caller: &self.caller, route: &self.route, key: &self.key };
        Ok(idempotency::settle(w, &slot, self.lease_until, resource, status).await?)
    }

    /// The work failed: the key is free before the error is told.
    pub async fn give_back(mut self) {
        self.done = true;
        release(&self.app, &self.caller, &self.route, &self.key, self.lease_until).await;
    }

    /// The transaction that settled it is saved: there is nothing to give back.
    pub fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let (app, lease_until) = (self.app.clone(), self.lease_until);
        let (caller, route, key) =
            (mem::take(&mut self.caller), mem::take(&mut self.route), mem::take(&mut self.key));
        self.app.tasks.spawn(async move { release(&app, &caller, &route, &key, lease_until).await });
    }
}

/// Only a key in flight is given back: one that was settled after all stays.
async fn release(app: &App, caller: &str, route: &str, key: &str, lease_until: Timestamp) {
    let released = async {
        let mut w = app.house.store.write().await?;
        idempotency::release(&mut w, &Slot { caller, route, key }, lease_until).await?;
        w.save().await
    };
    if let Err(error) = released.await {
        tracing::warn!(error = %error, "an idempotency key is held until its lease ends");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: [u8; 32] = [7; 32];
    const BODY: &[u8] = br#"{"question":"my pin is 4821"}"#;

    #[test]
    fn a_body_is_compared_by_the_servers_key_and_by_the_clients() {
        let first = compared(&SERVER, "key-one", BODY);
        assert_eq!(first, compared(&SERVER, "key-one", BODY));
        assert_ne!(first, compared(&SERVER, "key-two", BODY), "another key of the client");
        assert_ne!(first, compared(&[8; 32], "key-one", BODY), "another key of the server");
        assert_ne!(first, compared(&SERVER, "key-one", b"{}"));
        // What is kept of the client's key is not what its bodies are compared by.
        let kept = name(&SERVER, "key-one");
        assert_ne!(kept, name(&SERVER, "key-two"));
        assert_ne!(first, compared(&SERVER, &kept, BODY));
        assert_ne!(first, wiring::hex(&mac(&mac(&SERVER, &[b"idempotency-key\0", b"key-one"]), &[BODY])));
    }

    /// What `openssl dgst -sha256 -mac HMAC` gives.
    #[test]
    fn the_hash_is_an_hmac_sha256() {
        let key = wiring::hex(&mac(b"Jefe", &[b"what do ya want ", b"for nothing?"]));
        assert_eq!(
            key, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "RFC 4231, case 2"
        );
    }
}
