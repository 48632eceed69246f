//! Vectors that replicas share through PostgreSQL. None of it stops a start: whoever can't share computes.

use std::sync::Arc;

use contactiq_domain::Clock;
use contactiq_nlu::encoder::{CachedEncoder, Encoder};
use contactiq_pipeline::{Knowledge, Replicas};
use contactiq_store::{
    Store, StoreError, erase,
    vectors::{VectorColumn, Vectors},
};

use super::{StartError, open_store};
use crate::{config::Config, wiring::SystemClock};

/// Takes pgvector into use before a server begins to share vectors. It stops no start: without it they are shared
/// as they were.
///
/// # Errors
/// When the store can't be opened.
pub async fn adopt_vectors(config: &Config) -> Result<(), StartError> {
    if config.database.url.is_empty() {
        return Ok(());
    }
    let store = open_store(config).await?;
    if let Err(error) = store.adopt_vectors().await {
        tracing::warn!(%error, "pgvector is not taken into use now; the next start tries again");
    }
    store.close().await;
    Ok(())
}

/// Lets the encoder share its vectors with the other replicas of this store.
pub(crate) async fn share_vectors(store: &Store, encoder: Option<&CachedEncoder>) {
    let Some(encoder) = encoder else { return };
    match store.vectors() {
        Some(VectorColumn::Bytes(why)) => {
            tracing::warn!(%why, "vectors are shared, and PostgreSQL can't search them");
        }
        Some(VectorColumn::Closed(why)) => {
            tracing::warn!(%why, "vectors are not shared with other replicas: this one computes its own");
        }
        Some(VectorColumn::Pgvector) | None => {}
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
    let (links, knowledge) = apart(move || (contactiq_pipeline::links(&knowledge, &own), knowledge)).await;
    let noted = async {
        match vectors_of(store, &encoder).await? {
            Some(vectors) => vectors.link(&links).await.map(|lacking| (Some(vectors), lacking)),
            None => Ok((None, Vec::new())),
        }
    };
    let (given, knowledge) = match noted.await {
        Ok((Some(vectors), lacking)) if !lacking.is_empty() => {
            let own = Arc::clone(&encoder);
            let (given, knowledge) =
                apart(move || (contactiq_pipeline::give(&knowledge, &own, &lacking), knowledge)).await;
            if let Err(error) = given {
                tracing::warn!(%error, "PostgreSQL lacks vectors that can't be encoded now; the next load tries again");
            }
            (vectors.link(&links).await.map(drop), knowledge)
        }
        noted => (noted.map(drop), knowledge),
    };
    if let Err(error) = given {
        tracing::warn!(%error, "the vectors of the passages are not noted in PostgreSQL; the next load tries again");
    }
    knowledge
}

/// How many versions of documents were erased; asked before the knowledge is read, so that what is erased
/// meanwhile counts at the next load.
pub(super) async fn erased(store: &Store) -> Option<u64> {
    let erased = async { erase::count(&mut *store.read().await?).await };
    match erased.await {
        Ok(erased) => Some(erased),
        Err(error) => {
            tracing::warn!(%error, "whether documents were erased is not known; the next load looks again");
            None
        }
    }
}

/// Once documents were erased, the file of vectors keeps what this knowledge is found by and no more. Each
/// process looks at its first load, and whenever more were erased; the one that writes the file tidies it.
pub(super) async fn forget_erased(
    encoder: Option<Arc<CachedEncoder>>,
    (knowledge, erased): (Knowledge, Option<u64>),
) -> Knowledge {
    let (Some(encoder), Some(erased)) = (encoder, erased) else { return knowledge };
    if erased <= encoder.erasures() {
        return knowledge;
    }
    let (done, knowledge) = apart(move || {
        let texts: Vec<String> = knowledge.index.encoded_texts().flatten().collect();
        (encoder.forget_all_but(texts.iter().map(String::as_str), erased), knowledge)
    })
    .await;
    // Where another process writes the file, that one tidies it.
    if let Err(error) = done {
        tracing::warn!(%error, "vectors of erased documents are still in cache/vectors.bin; the next load tries again");
    }
    knowledge
}

/// On a thread that may take its time.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
