//! One transaction of the budgets. Whoever counts holds one row until its transaction ends, so that on any number of
//! replicas one counts after the other, by numbers that nobody else is changing.

use std::collections::{BTreeMap, HashMap, HashSet};

use contactiq_domain::{Budget, Days, Period, Scope, Spender, Timestamp, ids::KeyId, interaction::NanoUsd};
use uuid::Uuid;

use super::{
    BudgetSettings, Crossing, Refused,
    purse::{Purse, Room},
    rows::{Lease, Name, before, begun, budgets_of, lease, purses},
    work::Wanted,
};
use crate::{
    StoreError, Writer, meta,
    value::{places, values},
};

/// Leases that one transaction ends.
const MOST_ENDED: i64 = 500;
/// A charged lease may be corrected for so long.
const CORRECTED_FOR: i64 = 86_400;
/// Days are counted under their names for so long; months for ever, and records say the rest.
const DAYS_KEPT_FOR: i64 = 100 * 86_400;
/// The name under which a database keeps since when its calls are counted as they are made.
pub(super) const SINCE: &str = "budgets_since";

/// What one transaction knows and changes.
pub(super) struct Counting<'a> {
    settings: &'a BudgetSettings,
    now: Timestamp,
    since: Timestamp,
    purses: BTreeMap<Name, Purse>,
    keys: HashMap<KeyId, Budget>,
    begun: Vec<Wanted>,
    ended: Vec<Uuid>,
    /// What is to be told when it is saved.
    pub(super) crossings: Vec<Crossing>,
}

impl<'a> Counting<'a> {
    /// Takes the turn. `started` is when this process began to count.
    pub(super) async fn begin(
        w: &mut Writer,
        settings: &'a BudgetSettings,
        started: Timestamp,
        now: Timestamp,
    ) -> Result<Counting<'a>, StoreError> {
        w.execute("UPDATE counters SET value = value + 1 WHERE name = 'budgets'", values![]).await?;
        let since = match meta::get_meta(w, SINCE).await? {
            Some(since) => since,
            None => meta::first_meta(w, SINCE, &started.to_string()).await?,
        };
        let since = since.parse().map_err(|_| StoreError::Corrupt { what: SINCE })?;
        Ok(Counting {
            settings,
            now,
            since,
            purses: BTreeMap::new(),
            keys: HashMap::new(),
            begun: Vec::new(),
            ended: Vec::new(),
            crossings: Vec::new(),
        })
    }

    /// Charges the leases that are over; forgets those that were long ago.
    pub(super) async fn expire(&mut self, w: &mut Writer) -> Result<(), StoreError> {
        let sql = "SELECT id, mode, api_key, day, month, amount, charged FROM budget_reservations
             WHERE lease_ends_at <= $1 AND NOT charged ORDER BY lease_ends_at, id LIMIT $2";
        let over: Vec<Lease> =
            w.rows(sql, values![self.now, MOST_ENDED]).await?.iter().map(lease).collect::<Result<_, _>>()?;
        let old = self.now.plus_seconds(-CORRECTED_FOR);
        w.execute("DELETE FROM budget_reservations WHERE charged AND lease_ends_at <= $1", values![old])
            .await?;
        let days = self.settings.days(self.now.plus_seconds(-DAYS_KEPT_FOR));
        let sql = "DELETE FROM budget_spend WHERE length(period) = 10 AND period < $1";
        w.execute(sql, values![days.day]).await?;
        if over.is_empty() {
            return Ok(());
        }
        self.know(w, over.iter().map(|lease| (lease.spender, &lease.days))).await?;
        let places = places(w.is_postgres(), 1, over.len());
        let sql = format!("UPDATE budget_reservations SET charged = TRUE WHERE id IN {places}");
        w.execute_built(sql, over.iter().flat_map(|lease| values![lease.id]).collect()).await?;
        metrics::counter!("contactiq_budget_leases_lost_total").increment(over.len() as u64);
        for lease in over {
            self.each(lease.spender, &lease.days, |purse| purse.settle(lease.amount, lease.amount));
        }
        Ok(())
    }

    /// Ends reservations with what the calls cost. One that is not there was settled before.
    pub(super) async fn settle(
        &mut self,
        w: &mut Writer,
        settled: &[(Uuid, NanoUsd)],
    ) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        let places = places(w.is_postgres(), 1, settled.len());
        let sql = format!(
            "SELECT id, mode, api_key, day, month, amount, charged FROM budget_reservations WHERE id IN {places}"
        );
        let ids = settled.iter().flat_map(|(id, _)| values![*id]).collect();
        let leases = w.rows_built(sql, ids, settled.len()).await?;
        let leases: HashMap<Uuid, Lease> =
            leases.iter().map(|row| lease(row).map(|l| (l.id, l))).collect::<Result<_, _>>()?;
        self.know(w, leases.values().map(|lease| (lease.spender, &lease.days))).await?;
        let mut left = leases;
        for (id, cost) in settled {
            let Some(lease) = left.remove(id) else { continue };
            self.each(lease.spender, &lease.days, |purse| match lease.charged {
                true => purse.charge(cost.0.saturating_sub(lease.amount)),
                false => purse.settle(lease.amount, cost.0),
            });
            self.ended.push(*id);
        }
        Ok(())
    }

    /// Counts calls that held nothing.
    pub(super) async fn charge(
        &mut self,
        w: &mut Writer,
        charges: &HashMap<(Spender, Days), i64>,
    ) -> Result<(), StoreError> {
        self.know(w, charges.keys().map(|(spender, days)| (*spender, days))).await?;
        for ((spender, days), cost) in charges {
            self.each(*spender, days, |purse| purse.charge(*cost));
        }
        Ok(())
    }

    /// Reads what deciding on these needs.
    pub(super) async fn know_of(&mut self, w: &mut Writer, all: &[&Wanted]) -> Result<(), StoreError> {
        self.know(w, all.iter().map(|wanted| (wanted.spender, &wanted.days))).await
    }

    /// Holds what a call may cost, of every budget or of none.
    pub(super) fn reserve(&mut self, wanted: &Wanted) -> Result<(), Refused> {
        let mut why = None;
        for (scope, period, name) in names(wanted.spender, &wanted.days) {
            let budget = self.budget(scope).of(period).map(|b| b.0);
            let Some(purse) = self.purses.get_mut(&name) else { return Err(Refused::Away) };
            match purse.room(wanted.amount.0, budget) {
                Room::Free => {}
                Room::Held => why = why.or(Some(Refused::Held { scope, period })),
                Room::None => {
                    self.tell(scope, period, &name, true);
                    return Err(Refused::UsedUp { scope, period });
                }
            }
        }
        if let Some(why) = why {
            return Err(why);
        }
        for (.., name) in names(wanted.spender, &wanted.days) {
            if let Some(purse) = self.purses.get_mut(&name) {
                purse.reserve(wanted.amount.0);
            }
        }
        self.begun.push(wanted.clone());
        Ok(())
    }

    /// Writes all of it.
    pub(super) async fn keep(&mut self, w: &mut Writer) -> Result<(), StoreError> {
        if !self.ended.is_empty() {
            let places = places(w.is_postgres(), 1, self.ended.len());
            let sql = format!("DELETE FROM budget_reservations WHERE id IN {places}");
            w.execute_built(sql, self.ended.iter().flat_map(|id| values![*id]).collect()).await?;
        }
        if !self.begun.is_empty() {
            let places = places(w.is_postgres(), self.begun.len(), 8);
            let sql = format!(
                "INSERT INTO budget_reservations (id, mode, api_key, day, month, amount, lease_ends_at, charged)
                 VALUES {places}"
            );
            w.execute_built(sql, self.begun.iter().flat_map(begun).collect()).await?;
        }
        if !self.purses.is_empty() {
            let places = places(w.is_postgres(), self.purses.len(), 6);
            let sql = format!(
                "INSERT INTO budget_spend (scope, period, spent, reserved, told, told_of) VALUES {places}
                 ON CONFLICT (scope, period) DO UPDATE SET spent = excluded.spent, reserved = excluded.reserved,
                     told = excluded.told, told_of = excluded.told_of"
            );
            let row = |((scope, period), purse): (&Name, &Purse)| {
                values![scope, period, purse.spent, purse.reserved, purse.told, purse.told_of]
            };
            w.execute_built(sql, self.purses.iter().flat_map(row).collect()).await?;
        }
        Ok(())
    }

    /// Changes everything that a spender counts for, and looks whether somebody is to be told.
    fn each(&mut self, spender: Spender, days: &Days, change: impl Fn(&mut Purse)) {
        for (scope, period, name) in names(spender, days) {
            if let Some(purse) = self.purses.get_mut(&name) {
                change(purse);
            }
            self.tell(scope, period, &name, false);
        }
    }

    fn tell(&mut self, scope: Scope, period: Period, name: &Name, refused: bool) {
        let budget = self.budget(scope).of(period);
        let Some(purse) = self.purses.get_mut(name) else { return };
        if let (Some(level), Some(budget)) = (purse.crossing(budget.map(|b| b.0), refused), budget) {
            let spent = NanoUsd(purse.spent);
            self.crossings.push(Crossing { scope, period, name: name.1.clone(), level, spent, budget });
        }
    }

    fn budget(&self, scope: Scope) -> Budget {
        match scope {
            Scope::Key(key) => self.keys.get(&key).copied().unwrap_or_default(),
            other => self.settings.of(other),
        }
    }

    /// Reads purses and budgets of keys that are not known yet.
    async fn know(
        &mut self,
        w: &mut Writer,
        spenders: impl Iterator<Item = (Spender, &Days)>,
    ) -> Result<(), StoreError> {
        let (mut wanted, mut keys) = (BTreeMap::new(), HashSet::new());
        for (spender, days) in spenders {
            for (scope, period, name) in names(spender, days) {
                if let Scope::Key(key) = scope
                    && !self.keys.contains_key(&key)
                {
                    keys.insert(key);
                }
                if !self.purses.contains_key(&name) {
                    wanted.insert(name, (scope, period));
                }
            }
        }
        self.keys.extend(budgets_of(w, &keys).await?);
        self.purses.extend(purses(w, wanted.keys()).await?);
        for (name, (scope, _)) in wanted {
            if !self.purses.contains_key(&name) {
                let spent = before(w, scope, &name.1, &self.settings.zone, self.since).await?;
                self.purses.insert(name, Purse { spent, ..Purse::default() });
            }
        }
        Ok(())
    }
}

/// Every purse that a spender counts for.
fn names(spender: Spender, days: &Days) -> Vec<(Scope, Period, Name)> {
    let of = |scope: Scope| {
        Period::ALL
            .iter()
            .map(move |period| (scope, *period, (scope.to_string(), days.name(*period).to_owned())))
    };
    spender.scopes().flat_map(of).collect()
}
