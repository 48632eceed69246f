//! Seals texts of an earlier version anew, each with the key of its person (A6).

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use contactiq_store::{
    StoreError,
    moved::{self, Moved},
};

use super::JobError;
use crate::app::App;

/// Between two batches, so that questions come first.
const PAUSE: Duration = Duration::from_millis(20);
/// So many batches at a time: whoever stops the server waits no longer.
const BATCHES: usize = 50;
/// Writing SQLite's file anew keeps every writer waiting: where it could not be done, it is tried again so much later.
const FILE_AGAIN: Duration = Duration::from_secs(60 * 60);

/// How far this server is.
#[derive(Default)]
pub(super) struct Moving(Mutex<Next>);

#[derive(Default, Clone, Copy, PartialEq, Debug)]
enum Next {
    #[default]
    Now,
    At(Instant),
    Never,
}

impl Moving {
    fn is_due(&self, now: Instant) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Next::Now => true,
            Next::At(then) => now >= then,
            Next::Never => false,
        }
    }

    fn set(&self, next: Next) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// After a failure: what went wrong with the file takes its time, anything else is tried with the next turn.
    fn failed(&self, at: Moved, error: &StoreError, now: Instant) {
        if at == Moved::File {
            let minutes = FILE_AGAIN.as_secs() / 60;
            tracing::error!(critical = true, %error, minutes, "the database file can't be written anew; it is tried again later");
            self.set(Next::At(now + FILE_AGAIN));
        }
    }
}

/// Goes on where it was; nothing where nothing is left.
pub(super) async fn move_texts(app: &App, moving: &Moving) -> Result<(), JobError> {
    if !moving.is_due(Instant::now()) {
        return Ok(());
    }
    let store = app.house.store.at_work();
    let mut at = moved::state(&mut *store.read().await?).await?;
    let was_moving = at != Moved::All;
    for _ in 0..BATCHES {
        match moved::step(&store).await {
            Ok(Moved::All) => {
                moving.set(Next::Never);
                if was_moving {
                    tracing::info!(
                        "texts of an earlier version are sealed with the keys of their people now"
                    );
                }
                return Ok(());
            }
            Ok(next) => at = next,
            Err(error) => {
                moving.failed(at, &error, Instant::now());
                return Err(error.into());
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_could_not_be_written_anew_waits_an_hour_and_nothing_else_does() {
        let (moving, now) = (Moving::default(), Instant::now());
        let full = StoreError::Unavailable { why: "the disk is full" };
        moving.failed(Moved::At("tickets"), &full, now);
        assert!(moving.is_due(now));
        moving.failed(Moved::File, &full, now);
        assert!(!moving.is_due(now) && !moving.is_due(now + Duration::from_secs(3599)));
        assert!(moving.is_due(now + Duration::from_secs(3600)));
        moving.set(Next::Never);
        assert!(!moving.is_due(now + Duration::from_secs(999_999)));
    }
}
