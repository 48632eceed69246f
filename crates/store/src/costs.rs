//! What language models cost, from logged interactions (E4): by day, month, assistant, model or key.

use std::collections::BTreeMap;

use contactiq_domain::{Days, Mode, Timestamp, Zone, interaction::NanoUsd};

use crate::{
    Connection, StoreError,
    row::Row,
    value::{Value, values},
};

contactiq_domain::words! {
    /// What costs are broken down by.
    By as "by" {
        /// The bank's days.
        Day => "day",
        /// The bank's months.
        Month => "month",
        /// The assistants.
        Mode => "mode",
        /// The models that wrote the answers.
        Model => "model",
        /// The keys that asked.
        Key => "key",
    }
}

/// A quarter of an hour in microseconds: in every time zone a day begins with one.
const QUARTER: i64 = 900_000_000;

/// Which interactions count. Those of `contactiq demo traffic` cost as much as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// One assistant, or both.
    pub mode: Option<Mode>,
    /// The first moment.
    pub since: Option<Timestamp>,
    /// The first moment that counts no more.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn values(&self) -> Vec<Value> {
        values![self.mode, self.since, self.until]
    }
}

/// What some interactions cost together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Finished interactions.
    pub requests: u64,
    /// Those of them for which a model wrote something, or may ask money for having begun.
    pub calls: u64,
    /// Tokens read.
    pub tokens_input: u64,
    /// Tokens written.
    pub tokens_output: u64,
    /// What they cost, vectors and moderation included.
    pub cost: NanoUsd,
}

impl Cost {
    /// What one request cost on average; none where there was none.
    #[must_use]
    pub fn average(&self) -> Option<NanoUsd> {
        let requests = i64::try_from(self.requests).ok().filter(|n| *n > 0)?;
        Some(NanoUsd(self.cost.0 / requests))
    }

    fn add(&mut self, other: Cost) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.tokens_input += other.tokens_input;
        self.tokens_output += other.tokens_output;
        self.cost = self.cost.plus(other.cost);
    }
}

/// The sums of a group of interactions; `$1` to `$3` are the filter's values.
macro_rules! sums {
    ($name:literal, $from:literal, $group:literal) => {
        concat!(
            "SELECT ",
            $name,
            " AS name, COUNT(*) AS requests,
                 COUNT(*) FILTER (WHERE i.tokens_output > 0 OR i.tokens_input > 0) AS calls,
                 CAST(COALESCE(SUM(i.tokens_input), 0) AS BIGINT) AS tokens_input,
                 CAST(COALESCE(SUM(i.tokens_output), 0) AS BIGINT) AS tokens_output,
                 CAST(COALESCE(SUM(i.cost_nano_usd), 0) AS BIGINT) AS cost
             FROM interactions i ",
            $from,
            " WHERE i.completed_at IS NOT NULL AND ($1 IS NULL OR i.mode = $1)
                 AND ($2 IS NULL OR i.created_at >= $2) AND ($3 IS NULL OR i.created_at < $3) ",
            $group
        )
    };
}

/// The costs of each day, month, assistant, model or key: days and months in their order, the others by what they
/// cost. What no key asked is under `-`.
///
/// # Errors
/// When the database fails.
pub async fn broken_down(
    c: &mut Connection,
    by: By,
    filter: &Filter,
    zone: &Zone,
) -> Result<Vec<(String, Cost)>, StoreError> {
    let sql = match by {
        By::Day | By::Month => return by_time(c, by, filter, zone).await,
        By::Mode => sums!("i.mode", "", "GROUP BY i.mode"),
        By::Model => sums!("COALESCE(i.model, 'none')", "", "GROUP BY COALESCE(i.model, 'none')"),
        By::Key => sums!(
            "COALESCE(k.name, o.owner_key, '-')",
            "JOIN conversations o ON o.id = i.conversation LEFT JOIN api_keys k ON k.id = o.owner_key",
            "GROUP BY COALESCE(k.name, o.owner_key, '-')"
        ),
    };
    let rows = c.rows(sql, filter.values()).await?;
    let mut lines: Vec<(String, Cost)> =
        rows.iter().map(|row| Ok((row.text("name")?, cost(row)?))).collect::<Result<_, StoreError>>()?;
    lines.sort_by(|(one, a), (other, b)| (b.cost.0, b.requests, one).cmp(&(a.cost.0, a.requests, other)));
    Ok(lines)
}

/// Days begin when they begin at the bank, which no engine knows: quarters of an hour are put together here.
async fn by_time(
    c: &mut Connection,
    by: By,
    filter: &Filter,
    zone: &Zone,
) -> Result<Vec<(String, Cost)>, StoreError> {
    let sql = sums!("i.created_at / 900000000", "", "GROUP BY i.created_at / 900000000");
    let mut found: BTreeMap<String, Cost> = BTreeMap::new();
    for row in c.rows(sql, filter.values()).await? {
        let begins = Timestamp::from_micros(row.int("name")?.saturating_mul(QUARTER));
        let Days { day, month } = Days::of(zone.day(begins));
        found.entry(if by == By::Month { month } else { day }).or_default().add(cost(&row)?);
    }
    Ok(found.into_iter().collect())
}

/// All of it together.
///
/// # Errors
/// When the database fails.
pub async fn total(c: &mut Connection, filter: &Filter) -> Result<Cost, StoreError> {
    c.row(sums!("''", "", ""), filter.values()).await?.as_ref().map_or(Ok(Cost::default()), cost)
}

fn cost(row: &Row) -> Result<Cost, StoreError> {
    Ok(Cost {
        requests: row.count("requests")?,
        calls: row.count("calls")?,
        tokens_input: row.count("tokens_input")?,
        tokens_output: row.count("tokens_output")?,
        cost: NanoUsd(row.int("cost")?),
    })
}
