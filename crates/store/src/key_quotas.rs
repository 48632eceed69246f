//! What each key of a provider was used for in a day (A8). What a call may need is taken before it, in one transaction
//! with what others take, so that no number of replicas uses more than a day allows. What a process took that died of
//! its call stays taken: nobody knows whether it was used.
//!
//! A key is named by the beginning of its hash; the counters of days that are over are removed.

use time::Date;

use crate::{StoreError, Writer, value::values};

/// What a key may be used for in a day; none has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Requests.
    pub requests: Option<u64>,
    /// Tokens, read and written.
    pub tokens: Option<u64>,
}

impl Quota {
    /// Whether there is no limit at all.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

/// Takes one request of at most so many tokens; whether the day has room for it. Save the writer only then.
///
/// # Errors
/// When the database fails.
pub async fn take(
    w: &mut Writer,
    key: &str,
    day: Date,
    quota: Quota,
    tokens: u64,
) -> Result<bool, StoreError> {
    for (what, amount, most) in [("requests", 1, quota.requests), ("tokens", tokens, quota.tokens)] {
        let Some(most) = most else { continue };
        let name = name(day, key, what);
        w.execute(
            "INSERT INTO counters (name, value) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING",
            values![&name],
        )
        .await?;
        let (amount, most) = (whole(amount), whole(most));
        let taken = w
            .execute(
                "UPDATE counters SET value = value + $2 WHERE name = $1 AND value + $2 <= $3",
                values![&name, amount, most],
            )
            .await?;
        if taken == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives back tokens that were taken on this day and not used.
///
/// # Errors
/// When the database fails.
pub async fn give_back(w: &mut Writer, key: &str, day: Date, tokens: u64) -> Result<(), StoreError> {
    w.execute(
        "UPDATE counters SET value = CASE WHEN value > $2 THEN value - $2 ELSE 0 END WHERE name = $1",
        values![name(day, key, "tokens"), whole(tokens)],
    )
    .await?;
    Ok(())
}

/// Removes the counters of days before this one.
///
/// # Errors
/// When the database fails.
pub async fn purge(w: &mut Writer, before: Date) -> Result<(), StoreError> {
    w.execute(
        "DELETE FROM counters WHERE name LIKE 'quota/%' AND name < $1",
        values![format!("quota/{before}")],
    )
    .await?;
    Ok(())
}

fn name(day: Date, key: &str, what: &str) -> String {
    format!("quota/{day}/{key}/{what}")
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 2)
}
