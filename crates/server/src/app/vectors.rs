//! Vectors that replicas share through PostgreSQL. None of it stops a start: whoever can't share computes.

use std::sync::Arc;

use contactiq_domain::Clock;
use contactiq_nlu::encoder::{CachedEncoder, Encoder};
use contactiq_pipeline::{Knowledge, Replicas};
use contactiq_store::{
    Store, StoreError,
    vectors::{VectorColumn, Vectors},
};

use crate::wiring::SystemClock;

/// Lets the encoder share its vectors with the other replicas of this store.
pub(crate) async fn share_vectors(store: &Store, encoder: Option<&CachedEncoder>) {
    let Some(encoder) = encoder else { return };
    if let Some(VectorColumn::Bytes(why)) = store.vectors() {
        tracing::warn!(%why, "vectors are shared, and PostgreSQL can't search them");
    }
    if let Err(error) = Replicas::share(store, encoder, Arc::new(SystemClock)).await {
        tracing::warn!(%error, "vectors are not shared with other replicas: this one computes its own");
    }
}

/// What replicas share of this encoder; `None` with SQLite.
///
/// # Errors
/// When the store fails.
pub(crate) async fn vectors_of(
    store: &Store,
    encoder: &CachedEncoder,
) -> Result<Option<Vectors>, StoreError> {
    Vectors::of(store, encoder.fingerprint(), encoder.dimensions(), SystemClock.now()).await
}

/// Tells the store by which vectors the passages of this knowledge are found.
pub(super) async fn link(
    store: &Store,
    encoder: Option<Arc<CachedEncoder>>,
    knowledge: Knowledge,
) -> Knowledge {
    let Some(encoder) = encoder.filter(|_| store.vectors().is_some()) else { return knowledge };
    let own = Arc::clone(&encoder);
    let hashed =
        tokio::task::spawn_blocking(move || (contactiq_pipeline::links(&knowledge, &own), knowledge));
    let (links, knowledge) = match hashed.await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let noted = async {
        match vectors_of(store, &encoder).await? {
            Some(vectors) => vectors.link(&links).await,
            None => Ok(()),
        }
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the vectors of the passages are not noted in PostgreSQL; the next load tries again");
    }
    knowledge
}
