//! What replicas share through the store: vectors of published text, and by which of them each passage is
//! found, so that the store can search too (docs/adr/0014).

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use contactiq_domain::{Clock, SharedVectors, Timestamp, VectorKey, ids::DocumentId};
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder, EncoderError},
    index::{Query, near},
};
use contactiq_store::{
    Store, StoreError,
    vectors::{Asked, FoundBy, Vectors},
};
use tokio::runtime::Handle;

use crate::{Filter, Found, Knowledge, Sought, retrieve};

/// After a failure the store is left alone for so long: a load asks hundreds of times, and each would wait.
const REST: i64 = 30;

/// The store as the place where replicas keep vectors for each other.
pub struct Replicas {
    vectors: Vectors,
    runtime: Handle,
    clock: Arc<dyn Clock>,
    rests_until: Mutex<Option<Timestamp>>,
}

impl Replicas {
    /// Lets an encoder share its vectors of published text through this store, where the store serves
    /// several processes. It must be called on the runtime that drives the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn share(
        store: &Store,
        encoder: &CachedEncoder,
        clock: Arc<dyn Clock>,
    ) -> Result<(), StoreError> {
        let of = Vectors::of(store, encoder.fingerprint(), encoder.dimensions(), clock.now()).await?;
        if let Some(vectors) = of {
            let rests_until = Mutex::default();
            encoder.share(Arc::new(Self { vectors, runtime: Handle::current(), clock, rests_until }));
        }
        Ok(())
    }

    fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
        let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        if rests_until.is_some_and(|until| self.clock.now() < until) {
            return None;
        }
        match self.runtime.block_on(work) {
            Ok(done) => Some(done),
            Err(error) => {
                *rests_until = Some(self.clock.now().plus_seconds(REST));
                tracing::warn!(%error, "vectors are not shared with other replicas for {REST} s: this one computes its own");
                None
            }
        }
    }
}

impl SharedVectors for Replicas {
    fn get(&self, keys: &[VectorKey]) -> Option<HashMap<VectorKey, Vec<f32>>> {
        self.ask(self.vectors.get(keys))
    }

    fn put(&self, vectors: &[(VectorKey, &[f32])]) {
        self.ask(self.vectors.put(vectors));
    }
}

/// By which vectors the passages of this knowledge are found, for [`Vectors::link`]; nothing without
/// vectors. It hashes every text, so it belongs on a thread that may take its time.
#[must_use]
pub fn links(knowledge: &Knowledge, encoder: &CachedEncoder) -> Vec<(DocumentId, Vec<FoundBy>)> {
    if !knowledge.index.has_vectors() {
        return Vec::new();
    }
    let mut documents: Vec<(DocumentId, Vec<FoundBy>)> =
        knowledge.documents.iter().map(|document| (document.id, Vec::new())).collect();
    for ((document, passage), texts) in knowledge.passages.iter().zip(knowledge.index.encoded_texts()) {
        let by = texts.iter().map(|text| encoder.key(text)).collect();
        documents[*document].1.push(FoundBy { position: passage.position, by });
    }
    documents
}

/// Gives the store the vectors of these documents once more: what did not change since the version before
/// was not encoded, so that the store may lack what it lost, or what came while it was away.
///
/// # Errors
/// Those of the encoder, which knows most of them still.
pub fn give(
    knowledge: &Knowledge,
    encoder: &CachedEncoder,
    documents: &[DocumentId],
) -> Result<(), EncoderError> {
    let wanted: HashSet<&DocumentId> = documents.iter().collect();
    for ((document, _), texts) in knowledge.passages.iter().zip(knowledge.index.encoded_texts()) {
        if wanted.contains(&knowledge.documents[*document].id) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            drop(encoder.encode_published(&texts)?);
        }
    }
    Ok(())
}

/// As [`crate::search`], with the cosines from the store instead of the snapshot; without a vector of the
/// question there is nothing to ask the store.
///
/// # Errors
/// When the store has no pgvector, or fails.
pub async fn search_in_store(
    knowledge: &Knowledge,
    vectors: &Vectors,
    filter: &Filter<'_>,
    sought: &Sought<'_>,
) -> Result<Vec<Found>, StoreError> {
    let Sought { text, vector: Some(vector), k } = *sought else {
        return Ok(retrieve::search(knowledge, filter, sought));
    };
    let keep = retrieve::keep(knowledge, filter);
    let query = Query { text, vector: None, keep: &keep, k: retrieve::hits(k) };
    let place = |passage: usize| (knowledge.document_of(passage).id, knowledge.passages[passage].1.position);
    let also: Vec<_> = knowledge.index.best_by_words(&query).into_iter().map(place).collect();
    let documents: Vec<_> = knowledge.documents.iter().filter(|d| filter.keeps(d)).map(|d| d.id).collect();
    let found = vectors.nearest(Asked { vector, documents: &documents, also: &also }).await?;
    // The store may be a version ahead: what the snapshot has not is left out.
    let numbers: HashMap<_, usize> = (0..knowledge.passages.len()).map(|p| (place(p), p)).collect();
    let cosines: HashMap<usize, f32> = found
        .iter()
        .filter_map(|f| Some((*numbers.get(&(f.document, f.position))?, near(f.own, f.best))))
        .collect();
    Ok(retrieve::ranked(knowledge, filter, sought, knowledge.index.search_among(&query, &cosines)))
}
