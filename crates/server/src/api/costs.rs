//! What language models cost, and how the budgets stand (E4).
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::extract::{Query, State, rejection::QueryRejection};
use contactiq_domain::{Mode, Period, Scope, Timestamp, interaction::NanoUsd};
use contactiq_store::{
    Connection, StoreError,
    budgets::{self, BudgetSettings, Level, Standing},
    costs::{self, By, Cost, Filter},
};
use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Problem};
use crate::{
    app::App,
    guard::identity::{May, ReadReports},
};

/// Nobody reads more at once.
const MOST_DAYS: i64 = 400;
/// How the parameters are written.
pub(crate) const HOW: &str = "by: day, month, mode, model or key; from and to: days as 2026-11-29, at most 400 of them, from not after to";

/// A budget, or what is spent where there is none, in the day or the month that it is at the bank.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetShape {
    /// `all`, `customer`, `banker`, `embeddings`, or the name of a key that has a budget of its own.
    pub(crate) scope: String,
    /// `day` or `month`.
    #[schema(value_type = String, example = "day")]
    pub(crate) period: Period,
    /// What is spent.
    pub(crate) spent_usd: f64,
    /// What calls under way may still cost.
    pub(crate) reserved_usd: f64,
    /// What may be spent; none without a budget.
    pub(crate) budget_usd: Option<f64>,
    /// The share that is spent; none without a budget.
    pub(crate) used: Option<f64>,
    /// `ok`, `warned` from 80 % on, `used_up` when a call was refused or all is spent; `none` without a budget.
    #[schema(value_type = String, example = "ok")]
    pub(crate) state: &'static str,
}

/// What some requests cost together.
#[derive(Serialize, ToSchema)]
pub(crate) struct CostShape {
    /// Of what: a day, a month, an assistant, a model, a key (`-` where none asked).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Finished interactions.
    pub(crate) requests: u64,
    /// Those of them for which a model wrote something.
    pub(crate) calls: u64,
    /// Tokens read.
    pub(crate) tokens_input: u64,
    /// Tokens written.
    pub(crate) tokens_output: u64,
    /// What they cost.
    pub(crate) cost_usd: f64,
    /// What one request cost on average; none where there was none.
    pub(crate) average_cost_usd: Option<f64>,
}

/// Budgets, and costs from the logged records.
#[derive(Serialize, ToSchema)]
pub(crate) struct Costs {
    /// The budgets today and this month.
    pub(crate) budgets: Vec<BudgetShape>,
    /// What the lines are of.
    #[schema(value_type = String, example = "mode")]
    pub(crate) by: By,
    /// The first day.
    pub(crate) from: String,
    /// The last day.
    pub(crate) to: String,
    /// All of them together.
    pub(crate) total: CostShape,
    /// Each.
    pub(crate) lines: Vec<CostShape>,
}

/// What is asked for.
pub(crate) struct Asked {
    by: By,
    from: Date,
    to: Date,
    mode: Option<Mode>,
}

impl Asked {
    /// Checked; without words this month by assistant. None where a word is not what it must be.
    pub(crate) fn of(
        (by, from, to): (Option<&str>, Option<&str>, Option<&str>),
        mode: Option<Mode>,
        today: Date,
    ) -> Option<Asked> {
        let by = by.map_or(Some(By::Mode), |word| word.parse().ok())?;
        let day = |text: &str| Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
        let to = to.map_or(Some(today), day)?;
        let from = match from {
            Some(text) => day(text)?,
            None => to.replace_day(1).ok()?,
        };
        let days = (to - from).whole_days();
        (0..MOST_DAYS).contains(&days).then_some(Asked { by, from, to, mode })
    }
}

/// Reads it.
///
/// # Errors
/// When the database fails.
pub(crate) async fn report(
    c: &mut Connection,
    settings: &BudgetSettings,
    now: Timestamp,
    asked: &Asked,
) -> Result<Costs, StoreError> {
    let zone = &settings.zone;
    let filter = Filter {
        mode: asked.mode,
        since: Some(zone.start(asked.from)),
        until: asked.to.next_day().map(|day| zone.start(day)),
    };
    let standing = budgets::standing(c, settings, now).await?;
    // Of what is of both assistants, who may see one of them sees nothing.
    let seen = |standing: &&Standing| asked.mode.is_none_or(|mode| standing.scope == Scope::Mode(mode));
    let lines = costs::broken_down(c, asked.by, &filter, zone).await?;
    Ok(Costs {
        budgets: standing.iter().filter(seen).map(budget).collect(),
        by: asked.by,
        from: asked.from.to_string(),
        to: asked.to.to_string(),
        total: cost(None, &costs::total(c, &filter).await?),
        lines: lines.into_iter().map(|(name, line)| cost(Some(name), &line)).collect(),
    })
}

fn budget(standing: &Standing) -> BudgetShape {
    BudgetShape {
        scope: standing.name.clone(),
        period: standing.period,
        spent_usd: standing.spent.dollars(),
        reserved_usd: standing.reserved.dollars(),
        budget_usd: standing.budget.map(NanoUsd::dollars),
        used: standing.used(),
        state: match (standing.budget, standing.level()) {
            (None, _) => "none",
            (Some(_), None) => "ok",
            (Some(_), Some(Level::Warned)) => "warned",
            (Some(_), Some(Level::UsedUp)) => "used_up",
        },
    }
}

fn cost(name: Option<String>, of: &Cost) -> CostShape {
    CostShape {
        name,
        requests: of.requests,
        calls: of.calls,
        tokens_input: of.tokens_input,
        tokens_output: of.tokens_output,
        cost_usd: of.cost.dollars(),
        average_cost_usd: of.average().map(NanoUsd::dollars),
    }
}

/// What the costs are of.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `day`, `month`, `mode`, `model` or `key`; without it `mode`.
    by: Option<String>,
    /// The first day at the bank, as `2026-11-29`; without it the first of the month.
    from: Option<String>,
    /// The last day at the bank; without it today.
    to: Option<String>,
}

/// See what language models cost, from the logged records, and how the budgets stand.
///
/// A key that is for one assistant sees what that one cost, and its budgets.
#[utoipa::path(
    get, path = "/v1/costs", tag = "costs", params(Which),
    responses((status = 200, body = Costs), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: May<ReadReports>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<axum::Json<Costs>, ApiError> {
    let invalid = || ApiError::invalid("query_invalid", HOW);
    let Query(which) = which.map_err(|_| invalid())?;
    let words = (which.by.as_deref(), which.from.as_deref(), which.to.as_deref());
    let asked = Asked::of(words, caller.mode, app.house.today()).ok_or_else(invalid)?;
    let mut reader = app.house.store.read().await?;
    let settings = app.house.budgets.settings();
    Ok(axum::Json(report(&mut reader, settings, app.house.clock.now(), &asked).await?))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn what_is_asked_for_is_this_month_by_assistant_unless_it_is_named() {
        let today = date!(2026 - 11 - 29);
        let of = |by, from, to| Asked::of((by, from, to), None, today);
        let usual = of(None, None, None).unwrap();
        assert_eq!((usual.by, usual.from, usual.to), (By::Mode, date!(2026 - 11 - 01), today));
        let earlier = of(Some("day"), None, Some("2026-02-03")).unwrap();
        assert_eq!(
            (earlier.by, earlier.from, earlier.to),
            (By::Day, date!(2026 - 02 - 01), date!(2026 - 02 - 03))
        );
        for (by, from, to) in [
            (Some("week"), None, None),
            (None, Some("2026-11-30"), None),
            (None, Some("29.11.2026"), None),
            (None, Some("2024-11-29"), None),
            (None, None, Some("2026-02-30")),
        ] {
            assert!(of(by, from, to).is_none(), "{by:?} {from:?} {to:?}");
        }
    }
}
