//! The budgets of a configuration, and who is told when one is nearly or wholly spent.

use std::time::Duration;

use contactiq_domain::{Budget, interaction::NanoUsd};
use contactiq_store::budgets::{BudgetSettings, Crossing, Level};

use super::{model_budget, zone};
use crate::config::Config;

/// A reservation outlives the longest call by so much: clocks of machines differ.
const BEYOND_A_CALL: Duration = Duration::from_secs(60);

/// What this configuration allows.
pub(crate) fn budget_settings(config: &Config) -> BudgetSettings {
    // An amount that is none was refused with the configuration.
    let some = |dollars: f64| NanoUsd::from_dollars(dollars).filter(|amount| amount.0 > 0);
    let budget = |day: f64, month: f64| Budget { day: some(day), month: some(month) };
    let of = &config.budgets;
    BudgetSettings {
        all: budget(of.day_usd, of.month_usd),
        customer: budget(of.customer.day_usd, of.customer.month_usd),
        banker: budget(of.banker.day_usd, of.banker.month_usd),
        zone: zone(config),
        lease: model_budget(config) + BEYOND_A_CALL,
    }
}

/// Tells the log and the figures, once for each level of a budget: whoever alerts people begins here.
pub(crate) fn tell(crossing: &Crossing) {
    let Crossing { scope, period, name, level, spent, budget } = crossing;
    metrics::counter!(
        "contactiq_budget_alerts_total",
        "scope" => scope.to_string(), "period" => period.as_str(), "level" => level.percent().to_string()
    )
    .increment(1);
    let (spent_usd, budget_usd) = (spent.dollars(), budget.dollars());
    match level {
        Level::Warned => tracing::warn!(
            %scope, %period, name, spent_usd, budget_usd,
            "80 % of a budget for language models is spent"
        ),
        Level::UsedUp => tracing::error!(
            critical = true, %scope, %period, name, spent_usd, budget_usd,
            "a budget for language models is used up: answers are made of cited sentences until it begins anew"
        ),
    }
}
