//! Repeated requests return the first answer (B1): same key and body the stored one, another body
//! 422, the first one still at work 409.
//!
//! Neither the key nor the body is kept. The body is compared by an HMAC that the server's key and the client's
//! key are needed for: whoever holds the database and the server's key can't try short bodies out, as long as
//! the client's key can't be guessed.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use contactiq_domain::Outcome;
use contactiq_store::{
    StoreError, Writer,
    idempotency::{self, Claim, Fence},
    ledger::{Claimed, Claims},
};

use super::{asking::to_show, error::ApiError};
use crate::{
    app::App,
    guard::identity::Caller,
    wiring::{self, mac},
};

/// A request holds its key for so many seconds, and a job says every second that it still works: one that was
/// killed gives it back soon.
const LEASE: Duration = Duration::from_secs(3);
/// How often leases are renewed.
pub const RENEWED_EVERY: Duration = Duration::from_secs(1);
const LONGEST_KEY: usize = 255;

/// The place that a request with an `Idempotency-Key` has taken. Dropped before the work was done
/// (an error, a panic, a shutdown), it gives the key back, so that the client may try again at once.
pub struct Taken {
    app: App,
    done: bool,
    claimed: Claimed,
}

/// What a request with a key is.
pub enum Repeat {
    /// No key, or the first with it: do the work, then settle.
    First(Option<Taken>),
    /// It was done: the id of what it made.
    Again(String),
}

/// Where what a request makes says that its key came to it.
#[derive(Clone, Copy)]
pub enum Place {
    /// In its record, which a cluster keeps without its database: so does it the key.
    Record,
    /// In a transaction of the tables.
    Table,
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
    place: Place,
) -> Result<Repeat, ApiError> {
    let Some(key) = clients_key(headers)? else { return Ok(Repeat::First(None)) };
    let fence = Fence::of(app.house.ids.next());
    let (key, body) = (name(&app.body_key, key), compared(&app.body_key, key, body));
    let caller = caller.identity();
    let claimed = Claimed { caller, route: route.to_owned(), key, body, fence, queued: false, shown: false };
    if let Some((made, first)) = app.house.ledger.pending_claim(&claimed.slot()).await {
        // Its record is kept, and no table knows yet.
        return if first == claimed.body {
            again(app, &claimed, made.to_string(), place).await
        } else {
            Err(ApiError::IdempotencyMismatch)
        };
    }
    let claimed = match place {
        Place::Record => match app.house.ledger.claim(&claimed, LEASE, app.house.clock.now()).await? {
            Some(Claims::New) => Claimed { queued: true, ..claimed },
            Some(Claims::InFlight) => return Err(ApiError::IdempotencyInFlight { retry_after: 1 }),
            Some(Claims::Mismatch) => return Err(ApiError::IdempotencyMismatch),
            Some(Claims::Done(made)) => return again(app, &claimed, made.to_string(), place).await,
            None => claimed,
        },
        Place::Table => claimed,
    };
    if !claimed.queued {
        let mut w = app.house.store.write().await?;
        // The writer may have been waited for: the lease begins now.
        let now = app.house.clock.now();
        let until = now.plus_seconds(LEASE.as_secs() as i64);
        let slot = claimed.slot();
        let claim = idempotency::claim(&mut w, &slot, &claimed.body, now, until, fence).await?;
        w.save().await?;
        match claim {
            Claim::New => {}
            Claim::Done { resource, .. } => return again(app, &claimed, resource, place).await,
            // Most are done in a second, and one that was killed gives its key back soon.
            Claim::InFlight { .. } => return Err(ApiError::IdempotencyInFlight { retry_after: 1 }),
            Claim::Mismatch => return Err(ApiError::IdempotencyMismatch),
        }
    }
    app.leases.hold(&claimed);
    Ok(Repeat::First(Some(Taken { app: app.clone(), done: false, claimed })))
}

/// The key that a client sent, if it sent one.
fn clients_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len());
    value.to_str().ok().map(|k| k.trim().trim_matches('"')).filter(fits).map(Some).ok_or_else(|| {
        ApiError::invalid(
            "idempotency_key_invalid",
            "Idempotency-Key: send 1 to 255 visible ASCII characters, for instance a UUID",
        )
    })
}

/// What a secret is made of that is shown once and kept nowhere. Where the request has an `Idempotency-Key`, a repetition
/// makes the same again: from the server's key, the client's, which is kept nowhere, and a salt, which is kept as long as
/// the claim (a day).
pub struct Chance {
    /// What is kept beside the claim; empty where nobody can repeat.
    pub salt: String,
    /// 256 bits.
    pub bytes: [u8; 32],
}

impl Chance {
    /// For the first request; the same as [`Chance::again`] with its salt.
    ///
    /// # Errors
    /// 422 for a bad key.
    pub fn first(app: &App, caller: &Caller, route: &str, headers: &HeaderMap) -> Result<Chance, ApiError> {
        if clients_key(headers)?.is_none() {
            return Ok(Chance { salt: String::new(), bytes: wiring::random() });
        }
        Chance::again(app, caller, route, headers, wiring::random_text::<16>())
    }

    /// For a repetition.
    ///
    /// # Errors
    /// 422 for a bad key.
    pub fn again(
        app: &App,
        caller: &Caller,
        route: &str,
        headers: &HeaderMap,
        salt: String,
    ) -> Result<Chance, ApiError> {
        let key = clients_key(headers)?.unwrap_or_default();
        let whose = caller.identity();
        let bytes = made_of(&app.body_key, key, [&whose, route, &salt]);
        Ok(Chance { salt, bytes })
    }
}

/// Each part has its length before it, so that no two requests have one text.
fn made_of(server: &[u8], key: &str, parts: [&str; 3]) -> [u8; 32] {
    let told: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    mac(&mac(server, &[b"chance\0", key.as_bytes()]), &[told.as_bytes()])
}

/// A repetition gets the first answer. One whose record was withdrawn was shown to nobody: its key is free before
/// the next try.
async fn again(app: &App, claimed: &Claimed, made: String, place: Place) -> Result<Repeat, ApiError> {
    let interaction = made.parse().ok().filter(|_| matches!(place, Place::Record));
    let Some(id) = interaction else { return Ok(Repeat::Again(made)) };
    match to_show(app, id).await? {
        Some(record) if record.outcome == Outcome::Interrupted || app.house.ledger.has_withdrawn(&record) => {
            app.house.ledger.forget_claim(claimed, id).await?;
            Err(ApiError::IdempotencyInFlight { retry_after: 1 })
        }
        // Since its key was read: the next try finds what it came to instead.
        None if app.house.ledger.is_taken_back(id).await => {
            Err(ApiError::IdempotencyInFlight { retry_after: 1 })
        }
        _ => Ok(Repeat::Again(made)),
    }
}

/// The claims that this process works on.
#[derive(Default)]
pub struct Leases(Mutex<HashMap<Fence, Claimed>>);

impl Leases {
    fn hold(&self, claimed: &Claimed) {
        self.lock().insert(claimed.fence, claimed.clone());
    }

    fn let_go(&self, claimed: &Claimed) {
        self.lock().remove(&claimed.fence);
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<Fence, Claimed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says in the queue that those claimed there are worked on; a database that is away has no part in it.
    pub async fn renew_in_queue(&self, app: &App) {
        let held: Vec<Claimed> = self.lock().values().filter(|claimed| claimed.queued).cloned().collect();
        for claimed in &held {
            if let Err(error) = app.house.ledger.renew(claimed, LEASE).await {
                tracing::warn!(%error, "a lease in the queue was not renewed");
                return;
            }
        }
    }

    /// Says in one transaction that those of the table are worked on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn renew(&self, app: &App) -> Result<(), StoreError> {
        // One that was lost or settled meanwhile is renewed no more, and the request hears of it at its end.
        let held: Vec<Claimed> = self.lock().values().filter(|claimed| !claimed.queued).cloned().collect();
        if held.is_empty() {
            return Ok(());
        }
        let mut w = app.house.store.write().await?;
        let until = app.house.clock.now().plus_seconds(LEASE.as_secs() as i64);
        for claimed in &held {
            idempotency::renew(&mut w, &claimed.slot(), claimed.fence, until).await?;
        }
        w.save().await
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

impl Taken {
    /// What the pipeline settles in the transaction of the record.
    pub fn claimed(&self) -> Claimed {
        self.claimed.clone()
    }

    /// Marks the key as this work's in the transaction that makes `resource`: a repetition gets it.
    ///
    /// # Errors
    /// When the store fails, or the lease has passed to somebody else.
    pub async fn settle(&self, w: &mut Writer, resource: &str, status: u16) -> Result<(), ApiError> {
        Ok(idempotency::settle(w, &self.claimed.slot(), self.claimed.fence, resource, status).await?)
    }

    /// The work failed: the key is free before the error is told.
    pub async fn give_back(mut self) {
        self.done = true;
        self.app.leases.let_go(&self.claimed);
        release(&self.app, &self.claimed).await;
    }

    /// Its work may still end elsewhere: the key stays in flight for so long, or until it is settled.
    pub fn keep_for(self, long: Duration) {
        let app = self.app.clone();
        app.tasks.clone().spawn(async move {
            let until = tokio::time::Instant::now() + long;
            // A server that ends waits for nobody who has left.
            while tokio::time::Instant::now() < until && !app.tasks.is_closed() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            drop(self);
        });
    }

    /// The transaction that settled it is saved: there is nothing to give back.
    pub fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.app.leases.let_go(&self.claimed);
        if self.done {
            return;
        }
        let (app, claimed) = (self.app.clone(), self.claimed.clone());
        self.app.tasks.spawn(async move { release(&app, &claimed).await });
    }
}

/// Only a key in flight is given back: one that was settled after all stays.
async fn release(app: &App, claimed: &Claimed) {
    if claimed.queued {
        return app.house.ledger.unclaim(claimed).await;
    }
    let released = async {
        let mut w = app.house.store.write().await?;
        idempotency::release(&mut w, &claimed.slot(), claimed.fence).await?;
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
        let chance = made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "salt"]);
        assert_eq!(chance, made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "salt"]));
        for other in [
            made_of(&[8; 32], "key-one", ["key:1", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-two", ["key:1", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-one", ["key:2", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-one", ["key:1", "POST /v1/keyss", "alt"]),
            made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "pepper"]),
        ] {
            assert_ne!(chance, other);
        }
        assert_ne!(first, wiring::hex(&mac(&mac(&SERVER, &[b"idempotency-key\0", b"key-one"]), &[BODY])));
    }
}
