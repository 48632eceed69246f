//! One writer for the whole log, whatever the number of replicas: each has a sequencer, and the one with the lease takes
//! what waits in the outbox into the log. A sequencer that lost its lease can't append: each transaction makes sure that
//! the highest number is still its own, and the places of entries are taken once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_auditlog::{Checkpoint, SigningKey, VerifyingKey, tiles::Tail};
use contactiq_domain::{Clock, Timestamp};

use super::{
    AuditKind, AuditLog, Event, Fence,
    counts::{Counted, Counts},
    feed, fresh_id,
    log::{append, hold, keep_checkpoint},
};
use crate::{Store, StoreError, meta};

/// A sequencer that says nothing for so long has died.
const LEASE_SECONDS: i64 = 10;
/// The lease is kept while nothing comes, this long before it ends.
const KEPT_BEFORE_SECONDS: i64 = 5;
/// Events of one transaction.
const TOGETHER: u32 = 2_000;
/// Transactions of one run.
const MOST: usize = 10;
/// Where the latest checkpoint stands outside the log: a log that is shorter than it was is not appended to.
pub(super) const LAST: &str = "audit_checkpoint";

/// How often a checkpoint is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// So long after the one before, if there is a new entry.
    pub every: Duration,
    /// After so many new entries.
    pub entries: u64,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ran {
    /// Whether the lease is here; without it nothing else was done.
    pub leads: bool,
    /// Entries that are in the log now.
    pub entries: u64,
    /// Whether a checkpoint was made.
    pub checkpoint: bool,
}

/// So long a log that was found changed is not read again.
const LOOKED_AGAIN: Duration = Duration::from_secs(60);

/// The sequencer of one process.
pub struct Sequencer {
    store: Store,
    log: AuditLog,
    key: SigningKey,
    origin: String,
    rhythm: Rhythm,
    clock: Arc<dyn Clock>,
    /// The name of this process.
    holder: String,
    lease: Option<Lease>,
    /// When the log was found changed, and how: reading all of it again each second would find the same.
    changed: Option<(Instant, StoreError)>,
}

struct Lease {
    fence: Fence,
    ends_at: Timestamp,
    tail: Tail,
    /// Its entries by their kind.
    counts: Counts,
    last_at: Timestamp,
    /// Size and time of the last checkpoint.
    signed: (u64, Timestamp),
}

impl Sequencer {
    /// A sequencer of this store into this log, which signs with this key. `keys` are those that signed before, and its
    /// own public half.
    #[must_use]
    pub fn new(
        store: Store,
        log: AuditLog,
        (key, keys): (SigningKey, Vec<VerifyingKey>),
        origin: String,
        rhythm: Rhythm,
        clock: Arc<dyn Clock>,
        holder: String,
    ) -> Sequencer {
        let (store, log) = (store.at_work(), log.with_keys(&keys));
        Sequencer { store, log, key, origin, rhythm, clock, holder, lease: None, changed: None }
    }

    /// Takes what waits into the log, if the lease is here or free, and makes a checkpoint when one is due, or when
    /// `sign` asks for one and there is a new entry.
    ///
    /// # Errors
    /// When a database fails, or the log is not the one that was signed. What was taken is in the log once, whatever
    /// failed.
    pub async fn run(&mut self, sign: bool) -> Result<Ran, StoreError> {
        let ran = self.try_run(sign).await;
        if let Err(error) = &ran {
            // What is remembered of the log may be ahead of it, or behind it.
            self.lease = None;
            if matches!(error, StoreError::AuditChanged { .. }) && self.changed.is_none() {
                self.changed = Some((Instant::now(), error.clone()));
            }
        }
        ran
    }

    async fn try_run(&mut self, sign: bool) -> Result<Ran, StoreError> {
        let mut ran = Ran::default();
        if !self.lead().await? {
            return Ok(ran);
        }
        // Who asks for all gets all; the others come again in a second.
        for _ in 0..if sign { usize::MAX } else { MOST } {
            let feed::Next { events, others } = feed::next(&mut *self.store.read().await?, TOGETHER).await?;
            if !others.is_empty() {
                self.put_aside(&others).await?;
            } else if events.is_empty() {
                break;
            }
            let Some(entries) = self.append(&events).await? else { return Ok(ran) };
            ran.entries += entries;
            let mut w = self.store.write().await?;
            feed::done(&mut w, &events).await?;
            w.save().await?;
            if self.is_due(false) && !self.sign(&mut ran).await? {
                return Ok(ran);
            }
        }
        if self.is_due(sign) && !self.sign(&mut ran).await? {
            return Ok(ran);
        }
        ran.leads = true;
        Ok(ran)
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop(&mut self) -> Result<(), StoreError> {
        match self.lease.take() {
            Some(lease) => self.log.release(&lease.fence).await,
            None => Ok(()),
        }
    }

    /// Whether the lease is here now.
    async fn lead(&mut self) -> Result<bool, StoreError> {
        if let Some((since, error)) = &self.changed {
            if since.elapsed() < LOOKED_AGAIN {
                return Err(error.clone());
            }
            self.changed = None;
        }
        let now = self.clock.now();
        let ends_at = now.plus_seconds(LEASE_SECONDS);
        if let Some(lease) = &mut self.lease {
            if lease.ends_at > now.plus_seconds(KEPT_BEFORE_SECONDS) {
                return Ok(true);
            }
            let mut w = self.log.write().await?;
            if hold(&mut w, &lease.fence, ends_at).await? {
                w.save().await?;
                lease.ends_at = ends_at;
                return Ok(true);
            }
            self.lease = None;
        }
        let Some(fence) = self.log.acquire(&self.holder, now, ends_at).await? else { return Ok(false) };
        self.lease = Some(self.found(fence, ends_at).await?);
        Ok(true)
    }

    /// What is no event is kept where it is in nobody's way.
    async fn put_aside(&self, others: &[feed::Other]) -> Result<(), StoreError> {
        let mut w = self.store.write().await?;
        feed::put_aside(&mut w, others, self.clock.now()).await?;
        w.save().await?;
        tracing::error!(
            critical = true,
            rows = others.len(),
            "what waited for the audit log is no event: it is kept aside (`contactiq audit letters`), and the others go on"
        );
        Ok(())
    }

    /// The end of the log, when its last entry was logged, what was signed last, and how many entries of each kind there
    /// are: the log must be the one that this key signed, and not shorter than the store remembers. What an earlier
    /// version could not read is tried again.
    async fn found(&self, fence: Fence, ends_at: Timestamp) -> Result<Lease, StoreError> {
        let mut log = self.log.begin(&self.store, None).await?;
        log.walk(|_, _| ()).await?;
        let signed = log.signed.as_ref().map_or((0, Timestamp::from_micros(0)), |last| {
            (last.size, Timestamp::from_micros(last.made_at_us))
        });
        let last_at = log.last_at().await?.unwrap_or(Timestamp::from_micros(i64::MIN));
        let (size, was_counted) = (log.size, log.was_counted);
        let (tail, counts) = log.end();
        let mut w = self.store.write().await?;
        if signed.0 > 0 && !was_counted {
            // With the entry there is something to sign, and with the next checkpoint they are kept.
            let fields = [("counts", Some("made".to_owned())), ("entries", Some(size.to_string()))];
            let event = Event::new(fresh_id(&w), self.clock.now(), AuditKind::Audit, &fields);
            super::note(&mut w, &event).await?;
        }
        feed::put_back(&mut w).await?;
        w.save().await?;
        Ok(Lease { fence, ends_at, tail, counts, last_at, signed })
    }

    /// Appends; none where the lease is lost.
    async fn append(&mut self, events: &[Event]) -> Result<Option<u64>, StoreError> {
        let Some(lease) = &mut self.lease else { return Ok(None) };
        let now = self.clock.now();
        let ends_at = now.plus_seconds(LEASE_SECONDS);
        let mut w = self.log.write().await?;
        if !hold(&mut w, &lease.fence, ends_at).await? {
            self.lease = None;
            return Ok(None);
        }
        let before = (lease.tail.clone(), lease.counts.clone());
        let appended = append(&mut w, before, lease.last_at, events, now).await?;
        w.save().await?;
        (lease.tail, lease.counts) = (appended.tail, appended.counts);
        (lease.last_at, lease.ends_at) = (appended.last_at, ends_at);
        Ok(Some(appended.entries))
    }

    fn is_due(&self, asked: bool) -> bool {
        let Some(lease) = &self.lease else { return false };
        let fresh = lease.tail.size() - lease.signed.0;
        let since = self.clock.now().micros() - lease.signed.1.micros();
        fresh > 0
            && (asked
                || fresh >= self.rhythm.entries
                || since >= self.rhythm.every.as_micros() as i64
                || since < 0)
    }

    /// Makes a checkpoint of all that is in the log; whether the lease is still here.
    async fn sign(&mut self, ran: &mut Ran) -> Result<bool, StoreError> {
        let Some(lease) = &mut self.lease else { return Ok(false) };
        let made = Checkpoint {
            origin: self.origin.clone(),
            size: lease.tail.size(),
            root: lease.tail.root(),
            made_at_us: self.clock.now().micros(),
        };
        let note = made.sign(&self.key).map_err(|_| StoreError::Corrupt { what: "name of the audit log" })?;
        let ends_at = self.clock.now().plus_seconds(LEASE_SECONDS);
        let mut w = self.log.write().await?;
        if !hold(&mut w, &lease.fence, ends_at).await? {
            self.lease = None;
            return Ok(false);
        }
        keep_checkpoint(&mut w, &made, &note).await?;
        w.save().await?;
        (lease.ends_at, lease.signed) = (ends_at, (made.size, Timestamp::from_micros(made.made_at_us)));
        let counted = Counted { size: made.size, root: made.root, counts: lease.counts.clone() };
        let mut w = self.store.write().await?;
        meta::set_meta(&mut w, LAST, &note).await?;
        counted.keep(&mut w).await?;
        w.save().await?;
        ran.checkpoint = true;
        Ok(true)
    }
}
