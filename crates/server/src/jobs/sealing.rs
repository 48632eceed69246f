//! Seals texts of an earlier version anew, each with the key of its person (A6).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use contactiq_store::moved::{self, Moved};

use super::JobError;
use crate::app::App;

/// Between two batches, so that questions come first.
const PAUSE: Duration = Duration::from_millis(20);
/// So many batches at a time: whoever stops the server waits no longer.
const BATCHES: usize = 50;

/// Goes on where it was; nothing where nothing is left.
pub(super) async fn move_texts(app: &App, done: &AtomicBool) -> Result<(), JobError> {
    if done.load(Ordering::Relaxed) {
        return Ok(());
    }
    let store = app.house.store.at_work();
    let was_moving = moved::state(&mut *store.read().await?).await? != Moved::All;
    for _ in 0..BATCHES {
        if moved::step(&store).await? == Moved::All {
            done.store(true, Ordering::Relaxed);
            if was_moving {
                tracing::info!("texts of an earlier version are sealed with the keys of their people now");
            }
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
