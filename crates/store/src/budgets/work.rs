//! The task that counts: what waits at one moment is decided in one transaction. What was settled goes first, so that
//! what it gives back is there for those who ask.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{Clock, Days, Spender, Timestamp, interaction::NanoUsd};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

use super::{BudgetSettings, Crossing, Hook, Open, Refused, Reservation, apply::Counting};
use crate::{Store, StoreError, error::IN_THE_WAY};

/// Jobs of one transaction: more would keep other writers waiting, and have more values than a statement takes.
const MOST: usize = 256;
/// What nobody waits for is gathered for so long.
const GATHERED_FOR: Duration = Duration::from_millis(50);
/// A database that failed is left alone for so long, unless somebody asks.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// So often what was settled is tried again when the last handle is gone.
const LAST_TRIES: u32 = 3;
/// So often a transaction that had to give way is tried again.
const TRIES: u32 = 3;
/// How often leases that are over are looked for.
const EXPIRED_EVERY: i64 = 1_000_000;
/// Settlements that wait for a database that is away; those that are lost are charged in full when their leases end.
const MOST_LEFT: usize = 100_000;

/// A reservation that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) id: Uuid,
    pub(super) spender: Spender,
    pub(super) days: Days,
    pub(super) amount: NanoUsd,
    pub(super) ends: Timestamp,
}

pub(super) enum Job {
    Reserve { wanted: Wanted, reply: oneshot::Sender<Result<Reservation, Refused>> },
    Settle { id: Uuid, cost: NanoUsd },
    Charge { spender: Spender, days: Days, cost: NanoUsd },
    Flush(oneshot::Sender<()>),
}

/// What one transaction came to.
struct Counted {
    decided: Vec<Result<(), Refused>>,
    /// What is to be told.
    crossings: Vec<Crossing>,
    /// How many settlements are written.
    settled: usize,
    /// Which charges are.
    charged: HashSet<(Spender, Days)>,
}

type Asked = (Wanted, oneshot::Sender<Result<Reservation, Refused>>);

/// The task's own.
pub(super) struct Work {
    store: Store,
    settings: BudgetSettings,
    clock: Arc<dyn Clock>,
    hook: Hook,
    /// For the reservations that are given out: weak, so that the task ends with the last handle.
    jobs: mpsc::WeakUnboundedSender<Job>,
    started: Timestamp,
    expired: Option<Timestamp>,
    settled: Vec<(Uuid, NanoUsd)>,
    charges: HashMap<(Spender, Days), i64>,
    asked: Vec<Asked>,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Work {
    pub(super) fn new(
        store: Store,
        settings: BudgetSettings,
        clock: Arc<dyn Clock>,
        hook: Hook,
        jobs: mpsc::WeakUnboundedSender<Job>,
        started: Timestamp,
    ) -> Work {
        Work {
            store,
            settings,
            clock,
            hook,
            jobs,
            started,
            expired: None,
            settled: Vec::new(),
            charges: HashMap::new(),
            asked: Vec::new(),
            flushes: Vec::new(),
        }
    }

    pub(super) async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut failures = 0;
        while self.gather(&mut jobs).await || (self.has_left() && failures < LAST_TRIES) {
            failures = match self.count_all().await {
                Ok(()) => 0,
                Err(error) => {
                    tracing::warn!(%error, waiting = self.settled.len(), "budgets could not be counted");
                    // Where nobody comes any more gathering waits for nothing.
                    if jobs.is_closed() {
                        tokio::time::sleep(AFTER_A_FAILURE).await;
                    }
                    failures + 1
                }
            };
            for flushed in self.flushes.drain(..) {
                let _ = flushed.send(());
            }
        }
        if self.has_left() {
            tracing::error!(
                critical = true,
                "what some calls cost was not counted: their leases are charged in full"
            );
        }
    }

    fn has_left(&self) -> bool {
        !self.settled.is_empty() || !self.charges.is_empty()
    }

    fn presses(&self) -> bool {
        !self.asked.is_empty() || !self.flushes.is_empty()
    }

    /// Takes what waits, and waits a while for more of what nobody waits for. False when nobody can come any more.
    async fn gather(&mut self, jobs: &mut mpsc::UnboundedReceiver<Job>) -> bool {
        let mut taken = Vec::with_capacity(MOST);
        let open = match self.has_left() {
            // It failed before.
            true => timeout(AFTER_A_FAILURE, jobs.recv_many(&mut taken, MOST)).await != Ok(0),
            false => jobs.recv_many(&mut taken, MOST).await > 0,
        };
        let since = Instant::now();
        loop {
            taken.drain(..).for_each(|job| self.take(job));
            let left = GATHERED_FOR.saturating_sub(since.elapsed());
            if self.presses() || left.is_zero() || !open {
                // What came meanwhile goes with them.
                while self.asked.len() < MOST {
                    let Ok(job) = jobs.try_recv() else { break };
                    self.take(job);
                }
                return open;
            }
            if !matches!(timeout(left, jobs.recv_many(&mut taken, MOST)).await, Ok(1..)) {
                return open;
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Reserve { wanted, reply } => self.asked.push((wanted, reply)),
            Job::Settle { id, cost } => self.settled.push((id, cost)),
            Job::Charge { spender, days, cost } => {
                let sum = self.charges.entry((spender, days)).or_default();
                *sum = sum.saturating_add(cost.0);
            }
            Job::Flush(flushed) => self.flushes.push(flushed),
        }
    }

    /// Until nothing is left.
    async fn count_all(&mut self) -> Result<(), StoreError> {
        self.count().await?;
        while self.has_left() {
            self.count().await?;
        }
        Ok(())
    }

    async fn count(&mut self) -> Result<(), StoreError> {
        if !self.has_left() && self.asked.is_empty() {
            return Ok(());
        }
        let mut counted = self.once().await;
        for _ in 1..TRIES {
            if !matches!(counted, Err(StoreError::Unavailable { why: IN_THE_WAY })) {
                break;
            }
            counted = self.once().await;
        }
        let asked = std::mem::take(&mut self.asked);
        match counted {
            Ok(Counted { decided, crossings, settled, charged }) => {
                self.settled.drain(..settled);
                self.charges.retain(|name, _| !charged.contains(name));
                for ((wanted, reply), decided) in asked.into_iter().zip(decided) {
                    // Who does not wait any more drops it, and it is given back.
                    let _ = reply.send(decided.map(|()| self.reservation(&wanted)));
                }
                crossings.iter().for_each(|crossing| (self.hook)(crossing));
                Ok(())
            }
            Err(error) => {
                for (wanted, reply) in asked {
                    // It may be saved all the same.
                    self.settled.push((wanted.id, NanoUsd(0)));
                    let _ = reply.send(Err(Refused::Away));
                }
                let too_many = self.settled.len().saturating_sub(MOST_LEFT);
                self.settled.drain(..too_many);
                Err(error)
            }
        }
    }

    async fn once(&mut self) -> Result<Counted, StoreError> {
        let now = self.clock.now();
        let mut w = self.store.write().await?;
        let mut counting = Counting::begin(&mut w, &self.settings, self.started, now).await?;
        if self.expired.is_none_or(|last| (now.micros() - last.micros()).abs() >= EXPIRED_EVERY) {
            counting.expire(&mut w).await?;
        }
        let settled = &self.settled[..self.settled.len().min(MOST)];
        counting.settle(&mut w, settled).await?;
        let charged: HashMap<(Spender, Days), i64> =
            self.charges.iter().take(MOST).map(|(name, cost)| (name.clone(), *cost)).collect();
        counting.charge(&mut w, &charged).await?;
        let wanted: Vec<&Wanted> = self.asked.iter().map(|(wanted, _)| wanted).collect();
        counting.know_of(&mut w, &wanted).await?;
        let decided = wanted.into_iter().map(|wanted| counting.reserve(wanted)).collect();
        counting.keep(&mut w).await?;
        let (crossings, settled) = (std::mem::take(&mut counting.crossings), settled.len());
        w.save().await?;
        self.expired = Some(now);
        Ok(Counted { decided, crossings, settled, charged: charged.into_keys().collect() })
    }

    fn reservation(&self, wanted: &Wanted) -> Reservation {
        let open = Some(Open::Reserved { id: wanted.id, amount: wanted.amount });
        match self.jobs.upgrade() {
            Some(jobs) => Reservation { open, jobs },
            // Nobody is there to have it; the lease ends.
            None => Reservation { open: None, jobs: mpsc::unbounded_channel().0 },
        }
    }
}
