//! How the budgets stand.

use std::collections::BTreeMap;

use contactiq_domain::{Budget, Mode, Period, Scope, Timestamp, ids::KeyId, interaction::NanoUsd};

use super::{
    BudgetSettings, Level,
    apply::SINCE,
    purse::Purse,
    rows::{before, purse},
};
use crate::{Connection, StoreError, meta, value::values};

/// One scope in the day or the month that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub scope: Scope,
    /// What people call it: of a key its name, else the scope.
    pub name: String,
    /// A day's or a month's.
    pub period: Period,
    /// What is spent.
    pub spent: NanoUsd,
    /// What calls under way may still cost.
    pub reserved: NanoUsd,
    /// What may be spent, where there is a budget.
    pub budget: Option<NanoUsd>,
    /// Whether a call was refused because it would have passed the budget.
    pub refused: bool,
}

impl Standing {
    /// The share of the budget that is spent; none without one.
    #[must_use]
    pub fn used(&self) -> Option<f64> {
        let budget = self.budget.filter(|budget| budget.0 > 0)?;
        Some(self.spent.0 as f64 / budget.0 as f64)
    }

    /// How much of the budget that is; `None` below four fifths.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        let level = Level::of(self.spent.0, self.budget?.0);
        if self.refused { Some(Level::UsedUp) } else { level }
    }
}

/// Reservations that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outstanding {
    /// How many.
    pub reservations: u64,
    /// What they may cost together.
    pub amount: NanoUsd,
}

/// How every scope stands today and this month: all, both assistants, what the encoder spent, and each key that has a
/// budget.
///
/// # Errors
/// When the database fails.
pub async fn standing(
    c: &mut Connection,
    settings: &BudgetSettings,
    now: Timestamp,
) -> Result<Vec<Standing>, StoreError> {
    let days = settings.days(now);
    let since = meta::get_meta(c, SINCE).await?.and_then(|since| since.parse().ok()).unwrap_or(now);
    let mut purses: BTreeMap<(String, String), Purse> = BTreeMap::new();
    let sql =
        "SELECT scope, period, spent, reserved, told, told_of FROM budget_spend WHERE period IN ($1, $2)";
    for row in c.rows(sql, values![&days.day, &days.month]).await? {
        purses.insert((row.text("scope")?, row.text("period")?), purse(&row)?);
    }
    let mut all = Vec::new();
    for (scope, name, budget) in scopes(c, settings).await? {
        for period in Period::ALL {
            let named = (scope.to_string(), days.name(*period).to_owned());
            let purse = match purses.get(&named) {
                Some(purse) => *purse,
                None => Purse {
                    spent: before(c, scope, &named.1, &settings.zone, since).await?,
                    ..Purse::default()
                },
            };
            all.push(shown(scope, name.clone(), *period, purse, budget));
        }
    }
    Ok(all)
}

fn shown(scope: Scope, name: String, period: Period, purse: Purse, budget: Budget) -> Standing {
    let budget = budget.of(period);
    Standing {
        scope,
        name,
        period,
        spent: NanoUsd(purse.spent),
        reserved: NanoUsd(purse.reserved),
        budget,
        refused: purse.told == 100 && purse.told_of.is_some() && purse.told_of == budget.map(|b| b.0),
    }
}

async fn scopes(
    c: &mut Connection,
    settings: &BudgetSettings,
) -> Result<Vec<(Scope, String, Budget)>, StoreError> {
    let own = |scope: Scope| (scope, scope.to_string(), settings.of(scope));
    let mut scopes: Vec<_> =
        [Scope::All, Scope::Mode(Mode::Customer), Scope::Mode(Mode::Banker), Scope::Embeddings]
            .map(own)
            .into();
    let sql = "SELECT id, name, budget_per_day, budget_per_month FROM api_keys
         WHERE revoked_at IS NULL AND (budget_per_day IS NOT NULL OR budget_per_month IS NOT NULL) ORDER BY name, id";
    for row in c.rows(sql, values![]).await? {
        let key: KeyId = row.parsed("id")?;
        scopes.push((Scope::Key(key), row.text("name")?, crate::keys::budget(&row)?));
    }
    Ok(scopes)
}

/// What calls under way may still cost.
///
/// # Errors
/// When the database fails.
pub async fn outstanding(c: &mut Connection) -> Result<Outstanding, StoreError> {
    let sql = "SELECT COUNT(*) AS reservations, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount
         FROM budget_reservations WHERE NOT charged";
    let Some(row) = c.row(sql, values![]).await? else { return Ok(Outstanding::default()) };
    Ok(Outstanding { reservations: row.count("reservations")?, amount: NanoUsd(row.int("amount")?) })
}
