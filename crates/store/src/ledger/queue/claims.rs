//! Idempotency keys in a cluster: leases in Redis, so that a question with a key is answered while PostgreSQL is away
//! (B1). What a request came to stands beside its lease for a day, as in the table.

use std::time::Duration;

use contactiq_domain::ids::InteractionId;
use redis::Script;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Queue;
use crate::{
    idempotency::{Fence, Slot},
    ledger::Claimed,
    redis_link::SharedError,
};

/// What a key came to is forgotten after a day, as in the table.
const RESULT_SECONDS: i64 = 24 * 60 * 60;

/// What a claim found in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It is ours until the lease ends.
    New,
    /// Somebody is at it.
    InFlight,
    /// Somebody is at it with another body.
    Mismatch,
    /// It was done: the interaction, and what stands for its body.
    Done(InteractionId, String),
}

/// The scripts of claims.
pub(super) struct Scripts {
    claim: Script,
    lease: Script,
    forget: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts {
            claim: Script::new(include_str!("claim.lua")),
            lease: Script::new(include_str!("lease.lua")),
            forget: Script::new(include_str!("forget.lua")),
        }
    }
}

impl Queue {
    /// Claims a key for a body, for as long as its lease.
    pub(crate) async fn claim(
        &self,
        slot: &Slot<'_>,
        body: &str,
        fence: Fence,
        lease: Duration,
    ) -> Result<Held, SharedError> {
        let mut ask = self.claims.claim.key(self.lease_key(slot));
        ask.key(self.result_key(slot)).arg(fence.number()).arg(body).arg(lease.as_millis() as u64);
        let told =
            self.answers.ask(async |mut redis| ask.invoke_async::<Vec<String>>(&mut redis).await).await?;
        let word = told.first().map(String::as_str);
        let made = told.get(1).and_then(|text| made(text));
        match (word, made) {
            (Some("new"), _) => Ok(Held::New),
            (Some("held"), _) => Ok(Held::InFlight),
            (Some("mismatch"), _) => Ok(Held::Mismatch),
            (Some("done"), Some((made, body))) => Ok(Held::Done(made, body)),
            _ => Err(SharedError::Failed { code: "CLAIM".to_owned() }),
        }
    }

    /// Holds a key for longer, or gives it back for no time at all. False when it is ours no more.
    pub(crate) async fn lease(
        &self,
        slot: &Slot<'_>,
        fence: Fence,
        lease: Duration,
    ) -> Result<bool, SharedError> {
        let mut ask = self.claims.lease.key(self.lease_key(slot));
        ask.arg(fence.number()).arg(lease.as_millis() as u64);
        let held = self.work.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await?;
        Ok(held > 0)
    }

    /// What a claimed request came to, where it is known here.
    pub(crate) async fn claimed(
        &self,
        slot: &Slot<'_>,
    ) -> Result<Option<(InteractionId, String)>, SharedError> {
        let found: Option<String> = self.get("GET", &self.result_key(slot), &[]).await?;
        Ok(found.as_deref().and_then(made))
    }

    /// Forgets that a claimed request came to this interaction, where it did.
    pub(crate) async fn forget_claimed(
        &self,
        claimed: &Claimed,
        made: InteractionId,
    ) -> Result<(), SharedError> {
        // In one step: the key may have come to another interaction meanwhile.
        let mut ask = self.claims.forget.key(self.result_key(&claimed.slot()));
        ask.arg(format!("{made} "));
        self.work.ask(async |mut redis| ask.invoke_async::<()>(&mut redis).await).await
    }

    pub(super) fn lease_key(&self, slot: &Slot<'_>) -> String {
        format!("contactiq:{}:lease:{}", self.namespace, name(slot))
    }

    pub(super) fn result_key(&self, slot: &Slot<'_>) -> String {
        format!("contactiq:{}:claim:{}", self.namespace, name(slot))
    }
}

/// What stands beside a lease: the interaction, what stands for its body, and for how long.
pub(super) fn result(claimed: &Claimed, made: InteractionId) -> (String, i64) {
    (format!("{made} {}", claimed.body), RESULT_SECONDS)
}

fn made(text: &str) -> Option<(InteractionId, String)> {
    let (made, body) = text.split_once(' ')?;
    Some((made.parse().ok()?, body.to_owned()))
}

/// The parts are ours or hashes; together they are one more.
fn name(slot: &Slot<'_>) -> uuid::fmt::Simple {
    let mut hash = Sha256::new();
    for part in [slot.caller, slot.route, slot.key] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut name = [0; 16];
    name.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(name).simple()
}
