//! Idempotency keys: a repeated request gets the first answer (B1).
//!
//! A claim is a lease of seconds that its holder renews, because a worker that is killed releases nothing. Each
//! claim has a fencing token: once its lease has run out and another worker has claimed the key, the first one can
//! neither renew, settle nor release it.

use contactiq_domain::Timestamp;

use crate::{Connection, StoreError, Writer, row::Row, value::values};

/// Keys are forgotten after a day.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What a key is scoped to: the same key of another caller or on another route is another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Who asks.
    pub caller: &'a str,
    /// The route as the server declares it.
    pub route: &'a str,
    /// The `Idempotency-Key` header.
    pub key: &'a str,
}

/// The fencing token of a claim: a number that no other claim has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Fence(i64);

impl Fence {
    /// From an id that was just made: its end is chance.
    #[must_use]
    pub fn of(id: uuid::Uuid) -> Fence {
        // 62 bits: both engines keep them, and so does JSON between our own processes.
        Fence((id.as_u128() & ((1 << 62) - 1)) as i64)
    }

    /// The number.
    pub(crate) const fn number(self) -> i64 {
        self.0
    }
}

/// A claim that whoever makes something settles in the transaction that makes it.
#[derive(Debug, Clone, Copy)]
pub struct Settles<'a> {
    /// The key.
    pub slot: Slot<'a>,
    /// The claim's.
    pub fence: Fence,
    /// The HTTP status of the answer.
    pub status: u16,
}

impl Settles<'_> {
    /// Says that the request came to `resource`.
    ///
    /// # Errors
    /// As [`settle`].
    pub(crate) async fn settle(&self, w: &mut Writer, resource: &str) -> Result<(), StoreError> {
        settle(w, &self.slot, self.fence, resource, self.status).await
    }
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is ours until the lease ends: do the work, then [`settle`].
    New,
    /// Somebody is at it.
    InFlight {
        /// When the lease ends, for `Retry-After`.
        until: Timestamp,
    },
    /// It was done.
    Done {
        /// The id of what was made.
        resource: String,
        /// The HTTP status of the first answer.
        status: u16,
    },
    /// The key was used with another body.
    Mismatch,
}

/// Claims a key for a body. `body_hash` is a keyed hash, so that the table says nothing of the body.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    w: &mut Writer,
    slot: &Slot<'_>,
    body_hash: &str,
    now: Timestamp,
    lease_until: Timestamp,
    fence: Fence,
) -> Result<Claim, StoreError> {
    let claimed = w
        .execute(
            "INSERT INTO idempotency (caller, route, name, body_hash, lease_ends_at, expires_at, fence)
             VALUES ($1, $2, $3, $4, $5, $6, $8)
             ON CONFLICT (caller, route, name) DO UPDATE SET body_hash = excluded.body_hash,
                 lease_ends_at = excluded.lease_ends_at, expires_at = excluded.expires_at,
                 fence = excluded.fence, resource = NULL, status = NULL
             WHERE idempotency.expires_at <= $7 OR (idempotency.resource IS NULL AND idempotency.lease_ends_at <= $7
                 AND idempotency.body_hash = excluded.body_hash)",
            values![
                slot.caller,
                slot.route,
                slot.key,
                body_hash,
                lease_until,
                now.plus_seconds(KEPT_SECONDS),
                now,
                fence.0,
            ],
        )
        .await?;
    if claimed > 0 { Ok(Claim::New) } else { found(w, slot, body_hash, now).await }
}

/// What is known of a key, without claiming it; none where nothing holds it.
///
/// # Errors
/// When the database fails.
pub async fn look(
    c: &mut Connection,
    slot: &Slot<'_>,
    body_hash: &str,
    now: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let row = c
        .row(
            "SELECT * FROM idempotency WHERE caller = $1 AND route = $2 AND name = $3 AND expires_at > $4
                 AND (resource IS NOT NULL OR lease_ends_at > $4)",
            values![slot.caller, slot.route, slot.key, now],
        )
        .await?;
    row.map(|row| told(&row, body_hash)).transpose()
}

/// Says what a request came to whose key was claimed in the queue of a cluster. False when it came to something else in
/// the table before, which counts. A claim there that came to nothing yet gives way: this answer may have been shown,
/// and that one is not when its key is gone. A claim of ours that is settled already stays as it is.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settle_queued(
    w: &mut Writer,
    slot: &Slot<'_>,
    body_hash: &str,
    fence: Fence,
    resource: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let settled = w
        .execute(
            "INSERT INTO idempotency (caller, route, name, body_hash, lease_ends_at, expires_at, fence, resource, status)
             VALUES ($1, $2, $3, $4, $6, $7, $5, $8, 200)
             ON CONFLICT (caller, route, name) DO UPDATE SET body_hash = excluded.body_hash,
                 lease_ends_at = excluded.lease_ends_at, expires_at = excluded.expires_at,
                 fence = excluded.fence, resource = excluded.resource, status = excluded.status
             WHERE idempotency.expires_at <= $6
                 OR idempotency.resource IS NULL
                 OR idempotency.fence = excluded.fence",
            values![
                slot.caller,
                slot.route,
                slot.key,
                body_hash,
                fence.0,
                now,
                now.plus_seconds(KEPT_SECONDS),
                resource,
            ],
        )
        .await?;
    Ok(settled > 0)
}

async fn found(
    c: &mut Connection,
    slot: &Slot<'_>,
    body_hash: &str,
    now: Timestamp,
) -> Result<Claim, StoreError> {
    let row = c
        .row(
            "SELECT * FROM idempotency WHERE caller = $1 AND route = $2 AND name = $3",
            values![slot.caller, slot.route, slot.key],
        )
        .await?;
    // Released between the two statements, which PostgreSQL allows: the caller comes back at once.
    let Some(row) = row else { return Ok(Claim::InFlight { until: now }) };
    told(&row, body_hash)
}

fn told(row: &Row, body_hash: &str) -> Result<Claim, StoreError> {
    if row.text("body_hash")? != body_hash {
        return Ok(Claim::Mismatch);
    }
    match row.text_or_none("resource")? {
        Some(resource) => Ok(Claim::Done { resource, status: row.count("status")? }),
        None => Ok(Claim::InFlight { until: row.moment("lease_ends_at")? }),
    }
}

/// Holds a key for longer. True when it was still ours.
///
/// # Errors
/// When the database fails.
pub async fn renew(
    w: &mut Writer,
    slot: &Slot<'_>,
    fence: Fence,
    lease_until: Timestamp,
) -> Result<bool, StoreError> {
    let renewed = w
        .execute(
            "UPDATE idempotency SET lease_ends_at = $5
             WHERE caller = $1 AND route = $2 AND name = $3 AND fence = $4 AND resource IS NULL",
            values![slot.caller, slot.route, slot.key, fence.0, lease_until],
        )
        .await?;
    Ok(renewed > 0)
}

/// Says what became of the work, in the transaction that made `resource`. `fence` is that of the claim.
///
/// # Errors
/// [`StoreError::NotFound`] when the lease has passed to somebody else (roll back then), or when the
/// database fails.
pub async fn settle(
    w: &mut Writer,
    slot: &Slot<'_>,
    fence: Fence,
    resource: &str,
    status: u16,
) -> Result<(), StoreError> {
    let settled = w
        .execute(
            "UPDATE idempotency SET resource = $5, status = $6
             WHERE caller = $1 AND route = $2 AND name = $3 AND fence = $4 AND resource IS NULL",
            values![slot.caller, slot.route, slot.key, fence.0, resource, status],
        )
        .await?;
    if settled > 0 { Ok(()) } else { Err(StoreError::NotFound { what: "claim" }) }
}

/// Forgets what a key came to: its record was withdrawn, and who sends the request again has it answered.
///
/// # Errors
/// When the database fails.
pub(crate) async fn unsettle(w: &mut Writer, slot: &Slot<'_>, resource: &str) -> Result<(), StoreError> {
    w.execute(
        "DELETE FROM idempotency WHERE caller = $1 AND route = $2 AND name = $3 AND resource = $4",
        values![slot.caller, slot.route, slot.key, resource],
    )
    .await?;
    Ok(())
}

/// Gives a key back after a failure that the client may retry. True when it was still ours.
///
/// # Errors
/// When the database fails.
pub async fn release(w: &mut Writer, slot: &Slot<'_>, fence: Fence) -> Result<bool, StoreError> {
    let released = w
        .execute(
            "DELETE FROM idempotency
             WHERE caller = $1 AND route = $2 AND name = $3 AND fence = $4 AND resource IS NULL",
            values![slot.caller, slot.route, slot.key, fence.0],
        )
        .await?;
    Ok(released > 0)
}

/// Forgets the keys that are older than a day; how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(w: &mut Writer, now: Timestamp) -> Result<u64, StoreError> {
    w.execute("DELETE FROM idempotency WHERE expires_at <= $1", values![now]).await
}
