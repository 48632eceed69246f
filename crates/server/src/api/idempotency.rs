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

use axum::http::{HeaderMap, StatusCode};
use contactiq_domain::{Outcome, Record, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_store::{
    StoreError, Writer,
    idempotency::{self, Claim, Fence, Settles},
    ledger::{Claimed, Claims},
};
use tokio_util::sync::CancellationToken;

use super::{error::ApiError, interactions::asked};
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
pub enum Repeat<T> {
    /// No key, or the first with it: do the work, then settle.
    First(Option<Taken>),
    /// It was done: what it came to.
    Again(T),
}

/// Looks at the `Idempotency-Key` of a request and takes its place. What it makes says in a transaction of the tables
/// that the key came to it; whoever repeats it gets the id.
///
/// # Errors
/// 422 for a bad key or another body, 409 while the first is at work.
pub async fn begin(
    app: &App,
    caller: &Caller,
    route: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Repeat<String>, ApiError> {
    match named(app, caller, route, headers, body)? {
        None => Ok(Repeat::First(None)),
        Some(claimed) => in_table(app, claimed).await,
    }
}

/// The same of a question, whose record says what its key came to: a cluster keeps that without its database. Whoever
/// repeats it gets the record, which stands from then on.
///
/// # Errors
/// As [`begin`].
pub async fn begin_question(
    app: &App,
    caller: &Caller,
    route: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Repeat<Box<Record<Masked>>>, ApiError> {
    let Some(claimed) = named(app, caller, route, headers, body)? else { return Ok(Repeat::First(None)) };
    if let Some(again) = pending(app, caller, &claimed).await? {
        return Ok(again);
    }
    let made = match app.house.ledger.claim(&claimed, LEASE, app.house.clock.now()).await? {
        Some(Claims::New) => return Ok(first(app, Claimed { queued: true, ..claimed })),
        Some(Claims::InFlight) => return Err(IN_FLIGHT),
        Some(Claims::Mismatch) => return Err(ApiError::IdempotencyMismatch),
        Some(Claims::Done(made)) => made,
        None if app.house.ledger.answers_alone() => {
            return here(app, caller, Claimed { queued: true, ..claimed }).await;
        }
        None => match in_table(app, claimed.clone()).await? {
            Repeat::First(taken) => return Ok(Repeat::First(taken)),
            Repeat::Again(made) => made.parse().map_err(|_| ApiError::Internal)?,
        },
    };
    again(app, caller, &claimed, made).await
}

const IN_FLIGHT: ApiError = ApiError::IdempotencyInFlight { retry_after: 1 };

/// The claim of a request that has a key.
fn named(
    app: &App,
    caller: &Caller,
    route: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Claimed>, ApiError> {
    let Some(key) = clients_key(headers)? else { return Ok(None) };
    Ok(Some(Claimed {
        // A back end's customer is in it: tables and queues know a keyed hash.
        caller: app.house.store.pseudonym(&caller.identity()),
        route: route.to_owned(),
        key: name(&*app.body_key, key),
        body: compared(&*app.body_key, key, body),
        fence: Fence::of(app.house.ids.next()),
        queued: false,
        shown: false,
    }))
}

/// The key that a client sent, if it sent one.
pub(super) fn clients_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len());
    value.to_str().ok().map(|k| k.trim().trim_matches('"')).filter(fits).map(Some).ok_or_else(|| {
        ApiError::invalid(
            "idempotency_key_invalid",
            "Idempotency-Key: send 1 to 255 visible ASCII characters, for instance a UUID",
        )
    })
}

fn first<T>(app: &App, claimed: Claimed) -> Repeat<T> {
    app.leases.hold(&claimed);
    Repeat::First(Some(Taken { app: app.clone(), done: false, claimed }))
}

/// Claims a key in the table.
async fn in_table(app: &App, claimed: Claimed) -> Result<Repeat<String>, ApiError> {
    let mut w = app.house.store.write().await?;
    // The writer may have been waited for: the lease begins now.
    let now = app.house.clock.now();
    let until = now.plus_seconds(LEASE.as_secs() as i64);
    let claim = idempotency::claim(&mut w, &claimed.slot(), &claimed.body, now, until, claimed.fence).await?;
    w.save().await?;
    match claim {
        Claim::New => Ok(first(app, claimed)),
        Claim::Done { resource, .. } => Ok(Repeat::Again(resource)),
        // Most are done in a second, and one that was killed gives its key back soon.
        Claim::InFlight { .. } => Err(IN_FLIGHT),
        Claim::Mismatch => Err(ApiError::IdempotencyMismatch),
    }
}

/// Claims a key in this process: on SQLite nobody else answers, and what a key came to is read beside whoever writes.
/// A database that another program holds for long costs no answer. Should two servers share the file all the same, the
/// first record that says what the key came to counts, and the other is shown to nobody.
async fn here(app: &App, caller: &Caller, claimed: Claimed) -> Result<Repeat<Box<Record<Masked>>>, ApiError> {
    match app.leases.hold_alone(&claimed) {
        Claims::New => {}
        Claims::Mismatch => return Err(ApiError::IdempotencyMismatch),
        Claims::InFlight | Claims::Done(_) => return Err(IN_FLIGHT),
    }
    // Given back where it is dropped.
    let taken = Taken { app: app.clone(), done: false, claimed };
    let claimed = &taken.claimed;
    // Held before it is looked for: whoever held it before has settled it in the spool or in the table.
    if let Some(again) = pending(app, caller, claimed).await? {
        return Ok(again);
    }
    let mut reader = app.house.store.read().await?;
    let now = app.house.clock.now();
    let found = idempotency::look(&mut reader, &claimed.slot(), &claimed.body, now).await?;
    drop(reader);
    match found {
        None | Some(Claim::New) => Ok(Repeat::First(Some(taken))),
        Some(Claim::Done { resource, .. }) => {
            again(app, caller, claimed, resource.parse().map_err(|_| ApiError::Internal)?).await
        }
        Some(Claim::InFlight { .. }) => Err(IN_FLIGHT),
        Some(Claim::Mismatch) => Err(ApiError::IdempotencyMismatch),
    }
}

/// What a question came to whose record is kept, and which no table knows yet.
async fn pending(
    app: &App,
    caller: &Caller,
    claimed: &Claimed,
) -> Result<Option<Repeat<Box<Record<Masked>>>>, ApiError> {
    match app.house.ledger.pending_claim(&claimed.slot()).await {
        None => Ok(None),
        Some((made, first)) if first == claimed.body => again(app, caller, claimed, made).await.map(Some),
        Some(_) => Err(ApiError::IdempotencyMismatch),
    }
}

/// A repetition gets the first answer, read once: what is told stands. One whose record was withdrawn was shown to
/// nobody: its key is free before the next try. What a key came to stands in a plain column: nobody is told what is not
/// theirs.
async fn again(
    app: &App,
    caller: &Caller,
    claimed: &Claimed,
    made: InteractionId,
) -> Result<Repeat<Box<Record<Masked>>>, ApiError> {
    match app.house.ledger.to_show_again(made).await? {
        Some(record) if record.outcome == Outcome::Interrupted || app.house.ledger.has_withdrawn(&record) => {
            app.house.ledger.forget_claim(claimed, made).await?;
            Err(IN_FLIGHT)
        }
        Some(record) if is_nobodys(&record) => Ok(Repeat::Again(Box::new(record))),
        Some(record) => {
            asked(app, caller, &record.id.to_string()).await?;
            Ok(Repeat::Again(Box::new(record)))
        }
        // On its way into the tables, or taken back since its key was read: the next try finds it, or what the key came
        // to instead.
        None => Err(IN_FLIGHT),
    }
}

/// Whether it has lost its person, and with them all that was said.
fn is_nobodys(record: &Record<Masked>) -> bool {
    record.question == Masked::erased() && record.answer == Masked::erased()
}

/// The claims that this process works on.
#[derive(Default)]
pub struct Leases(Mutex<HashMap<Fence, Claimed>>);

impl Leases {
    fn hold(&self, claimed: &Claimed) {
        self.lock().insert(claimed.fence, claimed.clone());
    }

    /// Holds a key that nobody else in this process holds; otherwise what it is here.
    fn hold_alone(&self, claimed: &Claimed) -> Claims {
        let mut held = self.lock();
        match held.values().find(|other| other.slot() == claimed.slot()) {
            Some(other) if other.body == claimed.body => Claims::InFlight,
            Some(_) => Claims::Mismatch,
            None => {
                held.insert(claimed.fence, claimed.clone());
                Claims::New
            }
        }
    }

    fn let_go(&self, claimed: &Claimed) {
        self.lock().remove(&claimed.fence);
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, HashMap<Fence, Claimed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled after the stop, once no key is held and no request comes any more.
    pub fn until_none_is_held(app: &App, stop: &CancellationToken) -> CancellationToken {
        let (ends, stop, app) = (CancellationToken::new(), stop.clone(), app.clone());
        let ended = ends.clone();
        app.tasks.clone().spawn(async move {
            stop.cancelled().await;
            // The tracker is closed when the last request was answered.
            while !(app.tasks.is_closed() && app.leases.lock().is_empty()) {
                tokio::time::sleep(RENEWED_EVERY / 4).await;
            }
            ended.cancel();
        });
        ends
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

    /// For whoever makes something in a transaction of its own: the same as [`Taken::settle`], there.
    pub fn settles(&self, status: StatusCode) -> Settles<'_> {
        Settles { slot: self.claimed.slot(), fence: self.claimed.fence, status: status.as_u16() }
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
        assert_ne!(first, wiring::hex(&mac(&mac(&SERVER, &[b"idempotency-key\0", b"key-one"]), &[BODY])));
    }
}
