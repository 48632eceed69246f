//! Writing entries into the tables. Each may come twice, in either order, and counts once.

use contactiq_domain::{Record, ids::InteractionId};
use contactiq_guard::Masked;

use super::{Claimed, Completion, Entry, Start};
use crate::{
    StoreError, Writer, conversations, idempotency,
    idempotency::Slot,
    interactions::{self, Completed},
    pii_tokens, placeholders, review, tickets,
};

/// What became of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is written, now or before.
    Written,
    /// The interaction was complete before: the first record stands, and this is it.
    Before(Box<Record<Masked>>),
    /// Nothing was written: another worker holds the claim of this request, and its answer counts.
    Overtaken,
}

/// Writes one entry in this transaction.
///
/// # Errors
/// [`StoreError::Conflict`] when its conversation belongs to somebody else or its request id to another
/// interaction, [`StoreError::Refused`] when the tables refuse a value, or when the database fails. The
/// transaction is spoilt then.
pub async fn apply(w: &mut Writer, entry: &Entry) -> Result<Applied, StoreError> {
    match entry {
        Entry::Start(start) => begin(w, start).await.map(|()| Applied::Written),
        Entry::Completion(completion) => complete(w, completion).await,
    }
}

async fn begin(w: &mut Writer, start: &Start) -> Result<(), StoreError> {
    conversations::ensure(w, &start.conversation).await?;
    if let Some(given) = &start.placeholders {
        // The completion may have come before, and a later message before both.
        placeholders::begin_with(w, start.conversation.id, given.clone()).await?;
    }
    interactions::start(w, &start.started).await?;
    pii_tokens::save(w, start.started.id, start.started.created_at, &start.tokens).await
}

async fn complete(w: &mut Writer, completion: &Completion) -> Result<Applied, StoreError> {
    let record = &completion.record;
    if let Some(claimed) = &completion.claimed {
        // First, because what was written here could not be taken back alone.
        let settled = settle(w, claimed, record.id).await?;
        if !settled && !claimed.shown {
            let before = interactions::get(w, record.id).await?;
            return Ok(before.map_or(Applied::Overtaken, |first| Applied::Before(Box::new(first))));
        }
    }
    conversations::ensure(w, &completion.conversation).await?;
    if let Completed::Before(first) = interactions::complete(w, record).await? {
        return Ok(Applied::Before(first));
    }
    if let Some(ticket) = &completion.ticket {
        tickets::open(w, ticket).await?;
    }
    for entry in &completion.reviews {
        review::save(w, entry).await?;
    }
    Ok(Applied::Written)
}

/// Whether the claim was still ours.
async fn settle(w: &mut Writer, claimed: &Claimed, made: InteractionId) -> Result<bool, StoreError> {
    let slot = Slot { caller: &claimed.caller, route: &claimed.route, key: &claimed.key };
    match idempotency::settle(w, &slot, claimed.fence, &made.to_string(), 200).await {
        Ok(()) => Ok(true),
        Err(StoreError::NotFound { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}
