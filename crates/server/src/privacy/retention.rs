//! Until when texts, figures and events are kept.

use contactiq_domain::Timestamp;
use contactiq_store::{
    Store, StoreError,
    privacy::{
        erase,
        purge::{self, Before, Clock, Progress, Purged},
    },
};

use crate::config::Retention;

const DAY: i64 = 86_400;

/// What is older goes.
#[must_use]
pub fn before(retention: &Retention, now: Timestamp) -> Before {
    let days = |days: u32| now.plus_seconds(-DAY * i64::from(days));
    Before {
        texts: days(retention.days),
        figures: days(retention.figures_days.max(retention.days)),
        access_events: days(retention.access_events_days),
    }
}

/// Why nothing was purged.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// What is not old would go.
    #[error(
        "the clock is more than {days} days (retention.clock_ahead_days) ahead of {known}, when it was last believed: \
         nothing was taken out. Set the clock; if it is right, run `contactiq privacy purge --clock-is-right` once"
    )]
    ClockAhead {
        /// When the clock was last believed.
        known: Timestamp,
        /// How many days it may be ahead.
        days: u32,
    },
    /// The database failed: what was done stays done.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses a clock that jumped: whoever set it years ahead would purge everything. One that was set back is said; less
/// is due then.
///
/// # Errors
/// [`PurgeError::ClockAhead`], or when the database fails.
pub async fn believable(store: &Store, retention: &Retention, now: Timestamp) -> Result<(), PurgeError> {
    let days = retention.clock_ahead_days;
    let said = purge::clock(&mut *store.read().await?, now, DAY * i64::from(days)).await?;
    match said {
        Clock::Ahead(known) => return Err(PurgeError::ClockAhead { known, days }),
        Clock::Back(known) => {
            tracing::warn!(%known, %now, "the clock was set back: what is due is counted from where it stands");
        }
        Clock::Sound => {}
    }
    Ok(purge::believe(store, now).await?)
}

/// Purges until nothing is due, in small batches, and finishes erasures that were broken off. `pause` stands between
/// two batches, so that those who answer questions come first.
///
/// # Errors
/// When the database fails: what was done stays done, and the next one goes on. An erasure that can't be finished stops
/// no purge, and is told behind it.
pub async fn purge<F: Future<Output = ()>>(
    store: &Store,
    before: &Before,
    now: Timestamp,
    pause: impl Fn() -> F,
) -> Result<Purged, StoreError> {
    let swept = erase::sweep(store, now).await;
    let (mut all, mut progress) = (Purged::default(), Progress::default());
    loop {
        let done = progress.step(store, before, now).await?;
        all.texts += done.texts;
        all.figures += done.figures;
        all.access_events += done.access_events;
        if done.texts + done.figures + done.access_events == 0 {
            break;
        }
        pause().await;
    }
    let left = purge::due(&mut *store.read().await?, before).await?;
    (all.held, all.waiting_for_a_person) = (left.held, left.waiting_for_a_person);
    if all.texts + all.figures > 0 {
        store.fold().await?;
    }
    swept?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_never_kept_for_a_shorter_time_than_texts() {
        let now = Timestamp::from_micros(1_000 * DAY * 1_000_000);
        let retention = Retention {
            days: 90,
            figures_days: 30,
            access_events_days: 365,
            purge: true,
            clock_ahead_days: 30,
        };
        let before = before(&retention, now);
        assert_eq!(before.texts, now.plus_seconds(-90 * DAY));
        assert_eq!(before.figures, before.texts);
        assert_eq!(before.access_events, now.plus_seconds(-365 * DAY));
    }
}
