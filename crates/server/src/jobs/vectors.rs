//! The vectors that replicas share: what nobody uses any more goes, and many get their index.

use contactiq_store::vectors;

use super::JobError;
use crate::app::{App, vectors_of};

/// Whether this process shares vectors.
pub(super) fn are_shared(app: &App) -> bool {
    app.house.store.vectors().is_some()
}

/// Says that the encoder is in use, takes away what was not for a day, and makes the index when it is time.
pub(super) async fn tend(app: &App) -> Result<(), JobError> {
    let store = &app.house.store;
    let own = match &app.house.encoder {
        Some(encoder) => vectors_of(store, encoder).await?,
        None => None,
    };
    let tidied = vectors::tidy(store, app.house.clock.now()).await?;
    if tidied.removed > 0 {
        tracing::info!(removed = tidied.removed, "vectors that no passage uses any more were removed");
    }
    if let Some(own) = own
        && own.index_when_many().await?
    {
        tracing::info!("PostgreSQL has an index of the vectors now");
    }
    Ok(())
}
