//! Once more what failed for a reason that may pass (B4): for jobs and commands, which nobody waits for.

use std::time::Duration;

use crate::StoreError;

/// Waits before the second, third and fourth try.
const WAITS: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(800), Duration::from_secs(3)];

/// Does the work, and does it anew from its beginning when it fails for a reason that may pass. A transaction of
/// it that was not saved left no trace, and every write of this crate may be repeated.
///
/// # Errors
/// The last one's.
pub async fn retry<T>(mut work: impl AsyncFnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for wait in WAITS {
        match work().await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "the database is asked once more");
                tokio::time::sleep(wait).await;
            }
            done => return done,
        }
    }
    work().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_four_times_and_the_rest_once() {
        let away = StoreError::Unavailable { why: "away" };
        for (fails, error, expected, tries) in [
            (3, away.clone(), Ok(()), 4),
            (9, away.clone(), Err(away), 4),
            (9, StoreError::Spoilt, Err(StoreError::Spoilt), 1),
        ] {
            let mut tried = 0;
            let done = retry(async || {
                tried += 1;
                if tried > fails { Ok(()) } else { Err(error.clone()) }
            });
            assert_eq!(done.await, expected);
            assert_eq!(tried, tries);
        }
    }
}
