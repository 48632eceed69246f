//! Budgets for language models (E4): what a call may cost is reserved before it and settled after it.
//!
//! [`Budgets::reserve`] takes the most that a call can cost from every budget that it counts for, or from none: in the
//! database, in one transaction with what others ask for at that moment, by whichever replica. A [`Reservation`] that
//! is dropped gives all of it back; one that nobody settles is a lease that ends, and is charged in full then, because
//! whoever made the call died of it or with it and nobody knows what it cost. What a replica counted is written before
//! anything is decided by it, so that no number of replicas together spends more than a budget.
//!
//! Where no budget counts for a call, nothing is reserved, nobody waits, and what it cost is counted all the same.
//!
//! While the database is away nothing is admitted where a budget counts ([`Refused::Away`]): who asks goes on without
//! a model.

mod apply;
mod known;
mod purse;
mod rows;
mod standing;
mod work;

use std::{sync::Arc, time::Duration};

use contactiq_domain::{
    Breaker, Budget, Clock, Days, Ids, Mode, Period, Scope, Spender, Timestamp, Zone, interaction::NanoUsd,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub use purse::Level;
pub use standing::{Outstanding, Standing, outstanding, standing};

use crate::{Store, StoreError};
use known::Known;
use work::Job;

/// A question waits no longer for its reservation.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so many failures in a row the database is left alone, so that questions do not wait for it.
const FAILURES: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// What the configuration allows.
#[derive(Debug, Clone)]
pub struct BudgetSettings {
    /// All together.
    pub all: Budget,
    /// The customer assistant.
    pub customer: Budget,
    /// The banker assistant.
    pub banker: Budget,
    /// Where the bank is: its days and months are counted.
    pub zone: Zone,
    /// As long as a call may take, and more: a reservation that is older was left by a process that died.
    pub lease: Duration,
}

impl BudgetSettings {
    /// No budget; what is spent is counted by the days of this zone.
    #[must_use]
    pub fn none(zone: Zone) -> BudgetSettings {
        let none = Budget::default();
        BudgetSettings { all: none, customer: none, banker: none, zone, lease: Duration::from_secs(180) }
    }

    /// The budget of a scope, where it is the configuration's.
    #[must_use]
    pub const fn of(&self, scope: Scope) -> Budget {
        match scope {
            Scope::All => self.all,
            Scope::Mode(Mode::Customer) => self.customer,
            Scope::Mode(Mode::Banker) => self.banker,
            Scope::Embeddings | Scope::Key(_) => Budget { day: None, month: None },
        }
    }

    /// Whether there is any.
    #[must_use]
    pub const fn any(&self) -> bool {
        !(self.all.is_none() && self.customer.is_none() && self.banker.is_none())
    }

    /// The day and the month that it is at the bank.
    #[must_use]
    pub fn days(&self, now: Timestamp) -> Days {
        Days::of(self.zone.day(now))
    }
}

/// A budget of which a share was reached that somebody should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Whose.
    pub scope: Scope,
    /// A day's or a month's.
    pub period: Period,
    /// Which one, for instance `2026-11`.
    pub name: String,
    /// How much of it.
    pub level: Level,
    /// What is spent.
    pub spent: NanoUsd,
    /// Of how much.
    pub budget: NanoUsd,
}

/// Who is told, once for each level of each budget in each of its times, by one replica.
pub type Hook = Arc<dyn Fn(&Crossing) + Send + Sync>;

/// Why a call is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What is spent leaves no room for it.
    #[error("the budget of a {period} ({}) is used up", .scope.kind())]
    UsedUp {
        /// Whose.
        scope: Scope,
        /// A day's or a month's.
        period: Period,
    },
    /// What calls under way may cost leaves no room for it.
    #[error("calls under way hold what is left of the budget of a {period} ({})", .scope.kind())]
    Held {
        /// Whose.
        scope: Scope,
        /// A day's or a month's.
        period: Period,
    },
    /// The model has no price, so that nobody knows what it would cost.
    #[error("there is a budget, and the model has no price")]
    NoPrice,
    /// Nobody could be asked.
    #[error("the budget could not be asked")]
    Away,
}

impl Refused {
    /// The stable word for metrics and traces.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refused::UsedUp { .. } => "budget_used_up",
            Refused::Held { .. } => "budget_held",
            Refused::NoPrice => "budget_no_price",
            Refused::Away => "budget_away",
        }
    }
}

/// The way to the budgets. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Budgets(Arc<Parts>);

struct Parts {
    store: Store,
    settings: BudgetSettings,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// When this process began to count.
    started: Timestamp,
    jobs: mpsc::UnboundedSender<Job>,
    /// Which keys have a budget.
    known: Known,
    breaker: Breaker,
    hook: Hook,
}

/// What a call may cost, held until it is settled. Dropped, it is given back: so settle what was begun.
#[derive(Debug)]
#[must_use = "a reservation that is dropped is given back"]
pub struct Reservation {
    /// None once it is settled.
    open: Option<Open>,
    jobs: mpsc::UnboundedSender<Job>,
}

#[derive(Debug)]
enum Open {
    Reserved {
        id: Uuid,
        amount: NanoUsd,
    },
    /// No budget counts for it.
    Free {
        spender: Spender,
        days: Days,
    },
}

impl Reservation {
    /// The most that it may cost; none where no budget counts for it.
    #[must_use]
    pub const fn amount(&self) -> Option<NanoUsd> {
        match &self.open {
            Some(Open::Reserved { amount, .. }) => Some(*amount),
            Some(Open::Free { .. }) | None => None,
        }
    }

    /// Ends it with what the call cost. Nobody waits for that to be written.
    pub fn settle(mut self, cost: NanoUsd) {
        self.end(cost);
    }

    fn end(&mut self, cost: NanoUsd) {
        let cost = NanoUsd(cost.0.max(0));
        let job = match self.open.take() {
            Some(Open::Reserved { id, .. }) => Job::Settle { id, cost },
            Some(Open::Free { spender, days }) if cost.0 > 0 => Job::Charge { spender, days, cost },
            Some(Open::Free { .. }) | None => return,
        };
        // The task lives as long as any reservation does.
        let _ = self.jobs.send(job);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end(NanoUsd(0));
    }
}

impl Budgets {
    /// The budgets of this store. The hook is told of what is nearly or wholly spent.
    #[must_use]
    pub fn new(
        store: Store,
        settings: BudgetSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        hook: Hook,
    ) -> Budgets {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (weak, started) = (jobs.downgrade(), clock.now());
        let told = Arc::clone(&hook);
        let work = work::Work::new(store.clone(), settings.clone(), Arc::clone(&clock), told, weak, started);
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the last handle, and whoever waits for it hears of an end before"
        )]
        tokio::spawn(work.run(waiting));
        let breaker = Breaker::new(FAILURES, LEFT_ALONE, Arc::clone(&clock));
        let known = Known::default();
        Budgets(Arc::new(Parts { store, settings, clock, ids, started, jobs, known, breaker, hook }))
    }

    /// What the configuration allows.
    #[must_use]
    pub fn settings(&self) -> &BudgetSettings {
        &self.0.settings
    }

    /// Holds the most that a call may cost, of every budget that it counts for. `most` is none where nobody knows;
    /// such a call is made only where no budget counts.
    ///
    /// # Errors
    /// [`Refused`] says why the call must not be made; then nothing is held.
    pub async fn reserve(&self, spender: Spender, most: Option<NanoUsd>) -> Result<Reservation, Refused> {
        let parts = &*self.0;
        let now = parts.clock.now();
        let days = parts.settings.days(now);
        if !self.is_bounded(spender).await {
            let open = Some(Open::Free { spender, days });
            return Ok(Reservation { open, jobs: parts.jobs.clone() });
        }
        let reserved = match most {
            Some(amount) => self.held(spender, days, NanoUsd(amount.0.max(0)), now).await,
            None => Err(Refused::NoPrice),
        };
        if let Err(why) = &reserved {
            metrics::counter!("contactiq_budget_refusals_total", "why" => why.code()).increment(1);
        }
        reserved
    }

    async fn held(
        &self,
        spender: Spender,
        days: Days,
        amount: NanoUsd,
        now: Timestamp,
    ) -> Result<Reservation, Refused> {
        let parts = &*self.0;
        let permit = parts.breaker.admit().ok_or(Refused::Away)?;
        let since = std::time::Instant::now();
        let (reply, heard) = oneshot::channel();
        let lease = i64::try_from(parts.settings.lease.as_micros()).unwrap_or(i64::MAX);
        let wanted =
            work::Wanted { id: parts.ids.next(), spender, days, amount, ends: now.plus_micros(lease) };
        let answer = match parts.jobs.send(Job::Reserve { wanted, reply }) {
            // One that is granted later finds nobody, and is given back.
            Ok(()) => tokio::time::timeout(PATIENCE, heard).await,
            Err(_closed) => return Err(Refused::Away),
        };
        metrics::histogram!("contactiq_budget_reserve_seconds").record(since.elapsed().as_secs_f64());
        match answer {
            Ok(Ok(Err(Refused::Away)) | Err(_)) | Err(_) => {
                permit.failure();
                Err(Refused::Away)
            }
            Ok(Ok(decided)) => {
                permit.success();
                decided
            }
        }
    }

    /// Whether any budget counts for it.
    async fn is_bounded(&self, spender: Spender) -> bool {
        let settings = &self.0.settings;
        let configured = spender.scopes().any(|scope| !settings.of(scope).is_none());
        match spender {
            _ if configured => true,
            Spender::Question { key: Some(key), .. } => self.0.known.has_a_budget(&self.0.store, key).await,
            Spender::Question { key: None, .. } | Spender::Encoder => false,
        }
    }

    /// Counts what was spent without being asked for.
    pub fn charge(&self, spender: Spender, cost: NanoUsd) {
        let days = self.0.settings.days(self.0.clock.now());
        let _ = self.0.jobs.send(Job::Charge { spender, days, cost });
    }

    /// Waits until what was settled before is written, or could not be.
    pub async fn flush(&self) {
        let (reply, heard) = oneshot::channel();
        if self.0.jobs.send(Job::Flush(reply)).is_ok() {
            let _ = heard.await;
        }
    }

    /// Ends the leases that are over, also where nobody asks for anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.flush().await;
        let mut w = self.0.store.write().await?;
        let (settings, now) = (&self.0.settings, self.0.clock.now());
        let mut counting = apply::Counting::begin(&mut w, settings, self.0.started, now).await?;
        counting.expire(&mut w).await?;
        counting.keep(&mut w).await?;
        w.save().await?;
        counting.crossings.iter().for_each(|crossing| (self.0.hook)(crossing));
        Ok(())
    }
}

impl std::fmt::Debug for Budgets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Budgets({:?})", self.0.store)
    }
}
