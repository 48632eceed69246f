//! The rows of the budgets: how they are read and written.

use std::collections::HashSet;

use contactiq_domain::{Budget, Days, Mode, Scope, Spender, Timestamp, Zone, ids::KeyId};
use time::{Date, Month};
use uuid::Uuid;

use super::{purse::Purse, work::Wanted};
use crate::{
    Connection, StoreError,
    row::Row,
    value::{Value, places, values},
};

/// A scope and the name of a day or a month.
pub(super) type Name = (String, String);

/// A reservation as it is kept.
pub(super) struct Lease {
    pub(super) id: Uuid,
    pub(super) spender: Spender,
    pub(super) days: Days,
    pub(super) amount: i64,
    pub(super) charged: bool,
}

/// The values of a new one.
pub(super) fn begun(wanted: &Wanted) -> Vec<Value> {
    let (mode, key): (Option<Mode>, Option<KeyId>) = match wanted.spender {
        Spender::Question { mode, key } => (Some(mode), key),
        Spender::Encoder => (None, None),
    };
    let Days { day, month } = &wanted.days;
    values![wanted.id, mode, key, day, month, wanted.amount.0, wanted.ends, false]
}

/// Reads one.
pub(super) fn lease(row: &Row) -> Result<Lease, StoreError> {
    let key = row.parsed_or_none("api_key")?;
    Ok(Lease {
        id: row.parsed("id")?,
        spender: match row.parsed_or_none("mode")? {
            Some(mode) => Spender::Question { mode, key },
            None => Spender::Encoder,
        },
        days: Days { day: row.text("day")?, month: row.text("month")? },
        amount: row.int("amount")?,
        charged: row.bool("charged")?,
    })
}

/// The purses of these names that there are.
pub(super) async fn purses(
    c: &mut Connection,
    names: impl Iterator<Item = &Name>,
) -> Result<Vec<(Name, Purse)>, StoreError> {
    let names: Vec<&Name> = names.collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(c.is_postgres(), names.len(), 2);
    let sql = format!(
        "SELECT scope, period, spent, reserved, told, told_of FROM budget_spend WHERE (scope, period) IN (VALUES {places})"
    );
    let bound = names.iter().flat_map(|(scope, period)| values![scope, period]).collect();
    let found = c.rows_built(sql, bound, names.len()).await?;
    found.iter().map(|row| Ok(((row.text("scope")?, row.text("period")?), purse(row)?))).collect()
}

/// Reads a purse.
pub(super) fn purse(row: &Row) -> Result<Purse, StoreError> {
    Ok(Purse {
        spent: row.int("spent")?,
        reserved: row.int("reserved")?,
        told: row.count("told")?,
        told_of: row.int_or_none("told_of")?,
    })
}

/// The budgets of these keys.
pub(super) async fn budgets_of(
    c: &mut Connection,
    keys: &HashSet<KeyId>,
) -> Result<Vec<(KeyId, Budget)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(c.is_postgres(), 1, keys.len());
    let sql = format!("SELECT id, budget_per_day, budget_per_month FROM api_keys WHERE id IN {places}");
    let bound = keys.iter().flat_map(|key| values![*key]).collect();
    let found = c.rows_built(sql, bound, keys.len()).await?;
    found.iter().map(|row| Ok((row.parsed("id")?, crate::keys::budget(row)?))).collect()
}

/// What was spent before this database began to count calls as they are made: as far as records tell.
pub(super) async fn before(
    c: &mut Connection,
    scope: Scope,
    period: &str,
    zone: &Zone,
    since: Timestamp,
) -> Result<i64, StoreError> {
    let Some((first, next)) = span(period, zone) else { return Ok(0) };
    let (mode, key): (Option<Mode>, Option<KeyId>) = match scope {
        Scope::All => (None, None),
        Scope::Mode(mode) => (Some(mode), None),
        Scope::Key(key) => (None, Some(key)),
        Scope::Embeddings => return Ok(0),
    };
    if since <= first {
        return Ok(0);
    }
    let sql = "SELECT CAST(COALESCE(SUM(cost_nano_usd), 0) AS BIGINT) AS spent FROM interactions
         WHERE created_at >= $1 AND created_at < $2 AND ($3 IS NULL OR mode = $3)
             AND ($4 IS NULL OR conversation IN (SELECT id FROM conversations WHERE owner_key = $4))";
    let row = c.row(sql, values![first, next.min(since), mode, key]).await?;
    row.map_or(Ok(0), |row| row.int("spent"))
}

/// The first moment of a day or a month at the bank, and the first one after it.
fn span(period: &str, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
    let mut parts = period.splitn(3, '-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month = Month::try_from(parts.next()?.parse::<u8>().ok()?).ok()?;
    let (first, next) = match parts.next() {
        Some(day) => {
            let day = Date::from_calendar_date(year, month, day.parse().ok()?).ok()?;
            (day, day.next_day()?)
        }
        None => {
            let next = if month == Month::December { year + 1 } else { year };
            (
                Date::from_calendar_date(year, month, 1).ok()?,
                Date::from_calendar_date(next, month.next(), 1).ok()?,
            )
        }
    };
    Some((zone.start(first), zone.start(next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_month_end_where_the_next_begins() {
        let days = |period: &str| {
            let (first, next) = span(period, &Zone::utc()).unwrap();
            (next.micros() - first.micros()) / 86_400_000_000
        };
        assert_eq!([days("2026-02-28"), days("2026-02"), days("2028-02"), days("2026-12")], [1, 28, 29, 31]);
        for wrong in ["", "2026", "2026-13", "2026-02-30", "x-y-z"] {
            assert_eq!(span(wrong, &Zone::utc()), None, "{wrong}");
        }
    }
}
