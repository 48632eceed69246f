//! The knowledge that answers: documents, passages and their index, one version, swapped as a whole.
//!
//! Readers take the current snapshot and keep it for the whole question, so they never wait and
//! every record can name the version it was answered from (P6, P13).

use std::sync::{Arc, RwLock};

use contactiq_domain::{Document, Passage};
use contactiq_guard::Published;
use contactiq_nlu::{
    encoder::{CachedEncoder, EncoderError},
    index::{Entry, Index, likely_questions},
};
use contactiq_store::{Store, StoreError};

use crate::spelling::Spelling;

/// One version of the bank's knowledge.
pub struct Knowledge {
    /// Named in every record.
    pub version: String,
    /// Documents, numbered as the index's entries refer to them.
    pub documents: Vec<Document<Published>>,
    /// Passages, numbered as the index's entries are.
    pub passages: Vec<(usize, Passage<Published>)>,
    /// The index over the passages.
    pub index: Index,
    /// Words that the documents use, for questions that misspell them.
    pub spelling: Spelling,
}

/// A passage that was found for a question.
#[derive(Debug, Clone)]
pub struct Found {
    /// Number of the passage in [`Knowledge::passages`].
    pub passage: usize,
    /// Number of its document in [`Knowledge::documents`].
    pub document: usize,
    /// Fused score, 0 to 1.
    pub score: f64,
    /// BM25 score: 0 without a common word.
    pub bm25: f64,
    /// Cosine of question and passage; 0 without an encoder.
    pub cosine: f64,
    /// Idf-weighted share of the question's content words that the passage carries.
    pub coverage: f64,
}

/// Why the knowledge can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The documents can't be read.
    #[error("the documents can't be read")]
    Store(#[from] StoreError),
    /// The passages can't be encoded.
    #[error("the passages can't be encoded")]
    Encoder(#[from] EncoderError),
}

impl Knowledge {
    /// Loads every current document and builds the index. `progress` hears passages done and in all.
    ///
    /// # Errors
    /// [`KnowledgeError`].
    pub async fn load(
        store: &Store,
        encoder: Option<Arc<CachedEncoder>>,
        progress: impl Fn(usize, usize) + Send + 'static,
    ) -> Result<Knowledge, KnowledgeError> {
        let mut reader = store.read().await?;
        let version = contactiq_store::documents::version(&mut reader).await?;
        let current = contactiq_store::documents::all_current(&mut reader).await?;
        drop(reader);
        let built =
            tokio::task::spawn_blocking(move || Self::build(version, current, encoder.as_deref(), &progress))
                .await;
        match built {
            Ok(knowledge) => Ok(knowledge?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Builds the index over documents that are at hand.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn build(
        version: String,
        current: Vec<(Document<Published>, Vec<Passage<Published>>)>,
        encoder: Option<&CachedEncoder>,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Knowledge, EncoderError> {
        let mut documents = Vec::with_capacity(current.len());
        let mut passages = Vec::new();
        let mut entries = Vec::new();
        for (document, own) in current {
            let number = documents.len();
            for passage in own {
                entries.push(Entry {
                    document: number,
                    collection: document.collection,
                    title: document.title.clone(),
                    headings: passage.headings.clone(),
                    text: passage.text.as_str().to_owned(),
                    questions: likely(&document.title, &passage),
                });
                passages.push((number, passage));
            }
            documents.push(document);
        }
        let spelling = Spelling::of(
            passages.iter().map(|(_, p)| p.text.as_str()).chain(documents.iter().map(|d| d.title.as_str())),
        );
        let index = Index::build(entries, encoder, progress)?;
        Ok(Knowledge { version, documents, passages, index, spelling })
    }

    /// The document of a passage.
    #[must_use]
    pub fn document_of(&self, passage: usize) -> &Document<Published> {
        &self.documents[self.passages[passage].0]
    }
}

fn likely(title: &str, passage: &Passage<Published>) -> Vec<String> {
    let place: Vec<&str> =
        std::iter::once(title).chain(passage.headings.iter().map(String::as_str)).collect();
    likely_questions(&place, passage.text.as_str())
}

/// Where the current knowledge stands.
pub struct Shelf(RwLock<Arc<Knowledge>>);

impl Shelf {
    /// With a first version.
    #[must_use]
    pub fn new(knowledge: Knowledge) -> Shelf {
        Shelf(RwLock::new(Arc::new(knowledge)))
    }

    /// The current version; it stays readable after a swap.
    #[must_use]
    pub fn current(&self) -> Arc<Knowledge> {
        Arc::clone(&self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Puts a new version in place at once.
    pub fn swap(&self, knowledge: Knowledge) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(knowledge);
    }
}
