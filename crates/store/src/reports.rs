//! The figures of the dashboard, all of them from logged interactions (P12).

use contactiq_domain::{IntentName, Mode, Probability, Timestamp};

use crate::{
    Connection, StoreError,
    figures::share,
    value::{Value, values},
};

pub use crate::figures::{
    Cost, DayFigures, FeedbackFigures, IntentFigures, Latency, ModeFigures, Report, Totals, TriggerFigures,
};

/// One day in microseconds: whole-number division groups by day in UTC on both engines.
const DAY: i64 = 86_400_000_000;

/// Which interactions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// One assistant, or both.
    pub mode: Option<Mode>,
    /// The first moment.
    pub since: Option<Timestamp>,
    /// The first moment that counts no more.
    pub until: Option<Timestamp>,
    /// Whether those made by `contactiq demo traffic` count too.
    pub demo: bool,
}

impl Filter {
    fn values(&self) -> Vec<Value> {
        values![self.mode, self.since, self.until, self.demo]
    }
}

/// A query over the finished interactions that the filter lets through: `$1` to `$4` are its values.
macro_rules! over {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM interactions WHERE outcome IS NOT NULL AND ($1 IS NULL OR mode = $1)
              AND ($2 IS NULL OR created_at >= $2) AND ($3 IS NULL OR created_at < $3) AND ($4 OR NOT demo) ",
            $rest
        )
    };
}

/// Computes the report. With a `Reader` all figures are of one moment and add up.
///
/// # Errors
/// When the database fails.
pub async fn report(c: &mut Connection, filter: &Filter) -> Result<Report, StoreError> {
    Ok(Report {
        totals: totals(c, filter).await?,
        modes: modes(c, filter).await?,
        intents: intents(c, filter).await?,
        triggers: triggers(c, filter).await?,
        confidence: confidence(c, filter).await?,
        confidence_average: confidence_average(c, filter).await?,
        latency: latency(c, filter).await?,
        cost: cost(c, filter).await?,
        feedback: feedback(c, filter).await?,
        trend: trend(c, filter).await?,
    })
}

async fn totals(c: &mut Connection, filter: &Filter) -> Result<Totals, StoreError> {
    let sql = over!(
        "SELECT COUNT(*) AS interactions, COUNT(DISTINCT conversation) AS conversations,
             COUNT(*) FILTER (WHERE outcome = 'resolved') AS resolved,
             COUNT(*) FILTER (WHERE outcome = 'guided') AS guided,
             COUNT(*) FILTER (WHERE outcome = 'escalated') AS escalated,
             COUNT(*) FILTER (WHERE outcome = 'blocked') AS blocked,
             COUNT(*) FILTER (WHERE outcome = 'failed') AS failed,
             COUNT(*) FILTER (WHERE outcome = 'interrupted') AS interrupted",
        ""
    );
    let Some(row) = c.row(sql, filter.values()).await? else { return Ok(Totals::default()) };
    Ok(Totals {
        interactions: row.count("interactions")?,
        conversations: row.count("conversations")?,
        resolved: row.count("resolved")?,
        guided: row.count("guided")?,
        escalated: row.count("escalated")?,
        blocked: row.count("blocked")?,
        failed: row.count("failed")?,
        interrupted: row.count("interrupted")?,
    })
}

async fn modes(c: &mut Connection, filter: &Filter) -> Result<Vec<ModeFigures>, StoreError> {
    let sql = over!(
        "SELECT mode, COUNT(*) AS interactions, COUNT(DISTINCT conversation) AS conversations",
        "GROUP BY mode ORDER BY mode"
    );
    c.rows(sql, filter.values())
        .await?
        .iter()
        .map(|row| {
            Ok(ModeFigures {
                mode: row.parsed("mode")?,
                interactions: row.count("interactions")?,
                conversations: row.count("conversations")?,
            })
        })
        .collect()
}

async fn intents(c: &mut Connection, filter: &Filter) -> Result<Vec<IntentFigures>, StoreError> {
    let sql = over!(
        "SELECT mode, intent, COUNT(*) AS interactions,
             COUNT(*) FILTER (WHERE outcome = 'resolved') AS resolved,
             COUNT(*) FILTER (WHERE outcome = 'guided') AS guided,
             COUNT(*) FILTER (WHERE outcome = 'escalated') AS escalated,
             COUNT(*) FILTER (WHERE category <> 'human_only'
                 AND outcome IN ('resolved', 'escalated', 'blocked', 'failed')) AS answerable,
             AVG(confidence) FILTER (WHERE routing = 'answer') AS confidence",
        "AND intent IS NOT NULL GROUP BY mode, intent ORDER BY COUNT(*) DESC, mode, intent"
    );
    c.rows(sql, filter.values())
        .await?
        .iter()
        .map(|row| {
            let resolved = row.count("resolved")?;
            Ok(IntentFigures {
                mode: row.parsed("mode")?,
                intent: row.text("intent")?,
                interactions: row.count("interactions")?,
                resolved,
                guided: row.count("guided")?,
                escalated: row.count("escalated")?,
                resolution: share(resolved, row.count("answerable")?),
                confidence: row.real_or_none("confidence")?,
            })
        })
        .collect()
}

async fn triggers(c: &mut Connection, filter: &Filter) -> Result<Vec<TriggerFigures>, StoreError> {
    let sql = over!(
        "SELECT decisive_trigger, COUNT(*) AS escalations",
        "AND outcome = 'escalated' GROUP BY decisive_trigger ORDER BY COUNT(*) DESC, decisive_trigger"
    );
    c.rows(sql, filter.values())
        .await?
        .iter()
        .map(|row| {
            Ok(TriggerFigures {
                trigger: row.parsed("decisive_trigger")?,
                escalations: row.count("escalations")?,
            })
        })
        .collect()
}

async fn confidence(c: &mut Connection, filter: &Filter) -> Result<[u64; 10], StoreError> {
    // Ten filters, because casting to a whole number truncates on SQLite and rounds on PostgreSQL.
    let sql = over!(
        "SELECT COUNT(*) FILTER (WHERE confidence < 0.1) AS c0,
             COUNT(*) FILTER (WHERE confidence >= 0.1 AND confidence < 0.2) AS c1,
             COUNT(*) FILTER (WHERE confidence >= 0.2 AND confidence < 0.3) AS c2,
             COUNT(*) FILTER (WHERE confidence >= 0.3 AND confidence < 0.4) AS c3,
             COUNT(*) FILTER (WHERE confidence >= 0.4 AND confidence < 0.5) AS c4,
             COUNT(*) FILTER (WHERE confidence >= 0.5 AND confidence < 0.6) AS c5,
             COUNT(*) FILTER (WHERE confidence >= 0.6 AND confidence < 0.7) AS c6,
             COUNT(*) FILTER (WHERE confidence >= 0.7 AND confidence < 0.8) AS c7,
             COUNT(*) FILTER (WHERE confidence >= 0.8 AND confidence < 0.9) AS c8,
             COUNT(*) FILTER (WHERE confidence >= 0.9) AS c9",
        "AND routing = 'answer' AND outcome IN ('resolved', 'escalated')"
    );
    let mut bins = [0; 10];
    if let Some(row) = c.row(sql, filter.values()).await? {
        for (bin, name) in bins.iter_mut().zip(["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"]) {
            *bin = row.count(name)?;
        }
    }
    Ok(bins)
}

async fn confidence_average(c: &mut Connection, filter: &Filter) -> Result<Option<f64>, StoreError> {
    let sql = over!(
        "SELECT AVG(confidence) AS average",
        "AND routing = 'answer' AND outcome IN ('resolved', 'escalated')"
    );
    match c.row(sql, filter.values()).await? {
        Some(row) => row.real_or_none("average"),
        None => Ok(None),
    }
}

/// An interaction that got as far as a confidence: no text, no id.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What was asked.
    pub intent: IntentName,
    /// How sure the answer was, shown or not; above 0.
    pub confidence: Probability,
}

/// The last `limit` finished interactions of a mode that got as far as a confidence, latest first;
/// those of `contactiq demo traffic` and of a calibration don't count. What never had an answer to
/// score has a confidence of 0.
///
/// # Errors
/// When the database fails.
pub async fn latest_scored(c: &mut Connection, mode: Mode, limit: u32) -> Result<Vec<Scored>, StoreError> {
    c.rows(
        "SELECT intent, confidence FROM interactions
         WHERE mode = $1 AND completed_at IS NOT NULL AND NOT demo AND intent IS NOT NULL AND confidence > 0
         ORDER BY created_at DESC, id DESC LIMIT $2",
        values![mode, limit],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Scored {
            intent: IntentName::new(&row.text("intent")?)
                .map_err(|_| StoreError::Corrupt { what: "intent" })?,
            confidence: row.probability_or_none("confidence")?.unwrap_or(Probability::ZERO),
        })
    })
    .collect()
}

async fn latency(c: &mut Connection, filter: &Filter) -> Result<Latency, StoreError> {
    let sql = over!(
        "SELECT COUNT(*) AS measured, AVG(processing_time_ms) AS average",
        "AND processing_time_ms IS NOT NULL"
    );
    let Some(row) = c.row(sql, filter.values()).await? else { return Ok(Latency::default()) };
    let measured: u64 = row.count("measured")?;
    let average = row.real_or_none("average")?.unwrap_or(0.0);
    let mut percentiles = [0.0; 3];
    for (percentile, percent) in percentiles.iter_mut().zip([50, 95, 99]) {
        let sql = over!(
            "SELECT processing_time_ms",
            "AND processing_time_ms IS NOT NULL ORDER BY processing_time_ms LIMIT 1 OFFSET $5"
        );
        let mut bound = filter.values();
        bound.extend(values![(measured * percent).div_ceil(100).saturating_sub(1)]);
        if let Some(row) = c.row(sql, bound).await? {
            *percentile = row.real_or_none("processing_time_ms")?.unwrap_or(0.0);
        }
    }
    let [p50, p95, p99] = percentiles;
    Ok(Latency { average, p50, p95, p99 })
}

async fn cost(c: &mut Connection, filter: &Filter) -> Result<Cost, StoreError> {
    // PostgreSQL adds BIGINT up to NUMERIC, hence the casts.
    let sql = over!(
        "SELECT COUNT(*) AS interactions, CAST(COALESCE(SUM(cost_nano_usd), 0) AS BIGINT) AS total,
             CAST(COALESCE(SUM(tokens_input), 0) AS BIGINT) AS tokens_input,
             CAST(COALESCE(SUM(tokens_output), 0) AS BIGINT) AS tokens_output",
        ""
    );
    let Some(row) = c.row(sql, filter.values()).await? else { return Ok(Cost::default()) };
    let total = row.int("total")?;
    let interactions: u64 = row.count("interactions")?;
    Ok(Cost {
        total_nano_usd: total,
        average_nano_usd: if interactions == 0 { 0.0 } else { total as f64 / interactions as f64 },
        tokens_input: row.count("tokens_input")?,
        tokens_output: row.count("tokens_output")?,
    })
}

async fn feedback(c: &mut Connection, filter: &Filter) -> Result<FeedbackFigures, StoreError> {
    let sql = over!(
        "SELECT COUNT(*) FILTER (WHERE helpful) AS helpful, COUNT(*) FILTER (WHERE NOT helpful) AS unhelpful,
             COUNT(*) FILTER (WHERE problem IS NOT NULL) AS problems
         FROM feedback WHERE interaction IN (SELECT id",
        ")"
    );
    let Some(row) = c.row(sql, filter.values()).await? else { return Ok(FeedbackFigures::default()) };
    Ok(FeedbackFigures {
        helpful: row.count("helpful")?,
        unhelpful: row.count("unhelpful")?,
        problems: row.count("problems")?,
    })
}

async fn trend(c: &mut Connection, filter: &Filter) -> Result<Vec<DayFigures>, StoreError> {
    let sql = over!(
        "SELECT created_at / 86400000000 AS day_number, COUNT(*) AS interactions,
             COUNT(*) FILTER (WHERE outcome = 'resolved') AS resolved,
             COUNT(*) FILTER (WHERE outcome = 'escalated') AS escalated",
        "GROUP BY created_at / 86400000000 ORDER BY created_at / 86400000000"
    );
    c.rows(sql, filter.values())
        .await?
        .iter()
        .map(|row| {
            Ok(DayFigures {
                day: Timestamp::from_micros(row.int("day_number")?.saturating_mul(DAY)),
                interactions: row.count("interactions")?,
                resolved: row.count("resolved")?,
                escalated: row.count("escalated")?,
            })
        })
        .collect()
}
