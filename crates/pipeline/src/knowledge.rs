//! The knowledge that answers: documents, passages and their index, one version, swapped as a whole.
//!
//! Readers take the current snapshot and keep it for the whole question, so they never wait and
//! every record can name the version it was answered from (P6, P13).

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use contactiq_domain::{Document, HostedFile, Mode, Passage, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_nlu::{
    encoder::{CachedEncoder, EncoderError},
    index::{Entry, Index, Making, Synonyms, likely_questions},
    text,
};
use contactiq_store::{Store, StoreError, documents, rulings, rulings::Ruling, versions};
use time::Date;

use crate::{
    Dictionary,
    conflict::{self, Conflict, Place},
    products::Products,
    retrieve::{self, Filter},
    spelling::{Corrected, Spelling},
};

/// What the knowledge is made with, beside its documents.
#[derive(Clone, Default)]
pub struct Means {
    /// Without one, words alone find.
    pub encoder: Option<Arc<CachedEncoder>>,
    /// The bank's own.
    pub synonyms: Synonyms,
    /// A version made earlier: what did not change since is taken over from it.
    pub before: Option<Arc<Knowledge>>,
}

/// One version of the bank's knowledge.
pub struct Knowledge {
    /// Named in every record.
    pub version: String,
    /// Documents, numbered as the index's entries refer to them.
    pub documents: Vec<Document<()>>,
    /// Passages, numbered as the index's entries are.
    pub passages: Vec<(usize, Passage<Published>)>,
    /// The index over the passages.
    pub index: Index,
    /// Words that the documents use, for questions that misspell them.
    pub spelling: Spelling,
    /// What the documents call the bank's products.
    pub products: Products,
    /// Where documents contradict each other, with what owners ruled.
    pub conflicts: Vec<Conflict>,
    /// The conflicts that nobody has ruled, by document and sentence of either side.
    contested: HashMap<String, Vec<usize>>,
    /// Files of a hosted store, by document and position: of documents of the ledger's there are none.
    hosted: HashMap<(DocumentId, u32), HostedFile>,
}

/// A passage that was found for a question.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
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
        means: Means,
        progress: impl Fn(usize, usize) + Send + 'static,
    ) -> Result<Knowledge, KnowledgeError> {
        let mut reader = store.read().await?;
        let version = documents::version(&mut reader).await?;
        let current = documents::all_current(&mut reader).await?;
        let rulings = rulings::list(&mut reader).await?;
        drop(reader);
        Self::build_apart(version, current, rulings, means, progress).await
    }

    /// The same for an earlier version, by its name. What owners have ruled since holds there too.
    ///
    /// # Errors
    /// [`KnowledgeError`]; there may be no such version.
    pub async fn load_version(
        store: &Store,
        version: &str,
        means: Means,
        progress: impl Fn(usize, usize) + Send + 'static,
    ) -> Result<Knowledge, KnowledgeError> {
        let mut reader = store.read().await?;
        let documents = versions::documents(&mut reader, version).await?;
        let rulings = rulings::list(&mut reader).await?;
        drop(reader);
        Self::build_apart(version.to_owned(), documents, rulings, means, progress).await
    }

    /// Building computes for long: never on an async thread.
    async fn build_apart(
        version: String,
        documents: Vec<(Document<()>, Vec<Passage<Published>>)>,
        rulings: Vec<Ruling>,
        means: Means,
        progress: impl Fn(usize, usize) + Send + 'static,
    ) -> Result<Knowledge, KnowledgeError> {
        let built =
            tokio::task::spawn_blocking(move || Self::build(version, documents, &rulings, &means, &progress))
                .await;
        match built {
            Ok(knowledge) => Ok(knowledge?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Builds the index over documents that are at hand. Sentences that an owner ruled against are left out.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn build(
        version: String,
        current: Vec<(Document<()>, Vec<Passage<Published>>)>,
        rulings: &[Ruling],
        means: &Means,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Knowledge, EncoderError> {
        let before = means.before.as_deref();
        let (documents, passages) = conflict::numbered(current);
        let conflicts = conflict::find(&documents, &passages, rulings);
        let passages = conflict::without_overruled(&documents, passages, rulings);
        let mut entries = Vec::with_capacity(passages.len());
        // Passages of the version before that are there no more, and those that come.
        let mut gone = vec![true; before.map_or(0, |before| before.passages.len())];
        let mut come = Vec::new();
        for (at, (number, passage)) in passages.iter().enumerate() {
            let document = &documents[*number];
            let known = before.and_then(|before| {
                let at = before.index.find(&document.title, &passage.headings, passage.text.as_str())?;
                // Of two passages with one content each is taken over once.
                std::mem::take(&mut gone[at]).then(|| &before.index.entry(at).questions)
            });
            if known.is_none() {
                come.push(at);
            }
            entries.push(Entry {
                document: *number,
                collection: document.collection,
                title: document.title.clone(),
                headings: passage.headings.clone(),
                text: passage.text.as_str().to_owned(),
                questions: known.cloned().unwrap_or_else(|| likely(&document.title, passage)),
            });
        }
        let spelling = spelling(before, &gone, &documents, &passages, &come);
        let making = Making {
            encoder: means.encoder.as_deref(),
            synonyms: means.synonyms.clone(),
            before: means.before.as_ref().map(|before| &before.index),
        };
        let index = making.build(entries, progress)?;
        let products = Products::of(documents.iter());
        let contested = contested(&conflicts, &passages);
        let hosted = HashMap::new();
        Ok(Knowledge {
            version,
            documents,
            passages,
            index,
            spelling,
            products,
            conflicts,
            contested,
            hosted,
        })
    }

    /// The same, where the passages are of files of a hosted store.
    pub(crate) fn with_files(self, hosted: HashMap<(DocumentId, u32), HostedFile>) -> Knowledge {
        Knowledge { hosted, ..self }
    }

    /// The file of a hosted store that a passage is of.
    #[must_use]
    pub fn hosted_file(&self, passage: usize) -> Option<&HostedFile> {
        let (document, passage) = self.passages.get(passage)?;
        self.hosted.get(&(self.documents[*document].id, passage.position))
    }

    /// What contradicts this sentence of a document on this day, among what is read in this mode, where no owner
    /// has ruled. A sentence that stands in hundreds of documents is compared in a few of them, and contested in all.
    #[must_use]
    pub fn contradiction(&self, mode: Mode, document: usize, sentence: &str, day: Date) -> Option<&Place> {
        self.contested.get(sentence)?.iter().map(|at| &self.conflicts[*at]).find_map(|conflict| {
            let (one, other) = (&conflict.one, &conflict.other);
            if !conflict.stands_on(&self.documents, day) || !conflict.is_read_in(mode, &self.documents) {
                return None;
            }
            if one.sentence == sentence && self.speaks_as(document, one.document, other.document) {
                Some(other)
            } else if other.sentence == sentence && self.speaks_as(document, other.document, one.document) {
                Some(one)
            } else {
                None
            }
        })
    }

    /// Whether what one side of a conflict says is said by this document too. Under one title it is of that
    /// title's thing alone; under two it is of all.
    fn speaks_as(&self, document: usize, side: usize, against: usize) -> bool {
        let [own, side_, against] = [document, side, against].map(|number| &self.documents[number]);
        document == side
            || (own.collection == side_.collection
                && own.product == side_.product
                && (own.title == side_.title || side_.title != against.title))
    }

    /// A question with the words of the documents in place of misspelt ones, if there are any. Words
    /// that stand only in documents that `filter` leaves out are not put in: the trace names them.
    #[must_use]
    pub fn spelled(
        &self,
        dictionary: Dictionary<'_>,
        filter: &Filter<'_>,
        question: &str,
    ) -> Option<Corrected> {
        let may_be_found = retrieve::keep(self, filter);
        // Which words are everybody's is no secret, and they are in no index.
        let shown = |word: &str| text::is_stop_word(word) || self.index.entries_with(word).any(&may_be_found);
        let known = |word: &str| dictionary.has(word) || self.index.is_in_a_synonym(word);
        self.spelling.correct(question, known, shown)
    }

    /// What the vector of a question is made of: abbreviations with their long forms.
    #[must_use]
    pub fn for_its_vector(&self, question: &str) -> String {
        self.index.written_out(question).unwrap_or_else(|| question.to_owned())
    }

    /// The document of a passage.
    #[must_use]
    pub fn document_of(&self, passage: usize) -> &Document<()> {
        &self.documents[self.passages[passage].0]
    }
}

/// The words of the documents; those of passages that did not change are not counted again.
fn spelling(
    before: Option<&Knowledge>,
    gone: &[bool],
    documents: &[Document<()>],
    passages: &[(usize, Passage<Published>)],
    come: &[usize],
) -> Spelling {
    let titles = |of: &[Document<()>]| of.iter().map(|d| d.title.clone()).collect::<Vec<_>>();
    let (old, new) = (before.map(|b| titles(&b.documents)).unwrap_or_default(), titles(documents));
    let lost = before.map_or(&[][..], |b| &b.passages).iter().zip(gone).filter(|(_, gone)| **gone);
    let lost = lost.map(|((_, passage), _)| passage.text.as_str()).chain(old.iter().map(String::as_str));
    let won = come.iter().map(|at| passages[*at].1.text.as_str()).chain(new.iter().map(String::as_str));
    before.map(|b| b.spelling.clone()).unwrap_or_default().changed(lost, won)
}

/// Open conflicts by sentence. Where an owner ruled one side out against a third document, that side is in
/// no answer, and contradicts nothing any more.
fn contested(
    conflicts: &[Conflict],
    passages: &[(usize, Passage<Published>)],
) -> HashMap<String, Vec<usize>> {
    let kept: HashMap<(usize, u32), &str> =
        passages.iter().map(|(document, p)| ((*document, p.position), p.text.as_str())).collect();
    let stands = |place: &Place| {
        kept.get(&(place.document, place.position)).is_some_and(|text| text.contains(&place.sentence))
    };
    let open = |c: &Conflict| c.is_open() && stands(&c.one) && stands(&c.other);
    let mut contested: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, conflict) in conflicts.iter().enumerate().filter(|(_, c)| open(c)) {
        for place in [&conflict.one, &conflict.other] {
            contested.entry(place.sentence.clone()).or_default().push(number);
        }
    }
    contested
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
