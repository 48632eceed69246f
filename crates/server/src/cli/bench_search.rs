//! A large bank: retrieval over its index (target U14): as many passages as wanted, made of the demo bank's
//! sentences, with vectors between those of the sentences that they are made of. Encoding so many would
//! take minutes and is measured apart.

use std::{sync::Arc, time::Instant};

use contactiq_domain::Collection;
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder, EncoderError},
    index::{Entry, Hit, Index, Making, Query},
};
use contactiq_pipeline::{Knowledge, conflict};

use super::{
    bench::{Timing, summary},
    output,
};

/// Hits that are compared with those of the exact search.
const K: usize = 10;
/// Sentences of a made passage.
const SENTENCES: usize = 3;

/// A sentence of the demo bank with its vector.
struct Piece {
    text: String,
    vector: Vec<f32>,
}

/// Gives each made passage the middle of its sentences' vectors: its number stands in its last line.
struct Middles {
    pieces: Vec<Piece>,
    fingerprint: String,
    dimensions: usize,
}

impl Middles {
    fn of(&self, passage: usize) -> impl Iterator<Item = &Piece> {
        let first = passage.wrapping_mul(2_654_435_761);
        (0..SENTENCES).map(move |i| &self.pieces[(first + i * 7_919 + passage / 97) % self.pieces.len()])
    }
}

impl Encoder for Middles {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let vector = |text: &&str| {
            let number = text.rsplit('#').next().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
            let mut middle = vec![0.0_f32; self.dimensions];
            for (weight, piece) in [1.0, 0.7, 0.4].iter().zip(self.of(number)) {
                middle.iter_mut().zip(&piece.vector).for_each(|(m, v)| *m += weight * v);
            }
            let length = middle.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
            middle.iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

/// How long it takes to find where the documents of a large bank contradict each other: copies of the demo
/// bank's documents, so that every statement has many others to be compared with.
pub(super) fn survey(knowledge: &Knowledge, passages: usize) -> Timing {
    let own = &knowledge.passages;
    let mut documents = Vec::new();
    let mut copies = Vec::with_capacity(passages);
    let mut last = usize::MAX;
    for (document, passage) in own.iter().cycle().take(if own.is_empty() { 0 } else { passages }) {
        if *document != last {
            let mut copy = knowledge.documents[*document].clone();
            copy.slug = format!("{}-{}", copy.slug, documents.len());
            documents.push(copy);
            last = *document;
        }
        copies.push((documents.len() - 1, passage.clone()));
    }
    let since = Instant::now();
    drop(conflict::find(&documents, &copies, &[]));
    summary(&format!("conflicts: a survey of {passages} passages"), vec![since.elapsed()])
}

/// Changes of one document that are taken up one after the other.
const CHANGES: usize = 5;
/// Passages of a made document.
const DOCUMENT: usize = 8;

/// What was measured over a large index.
pub(super) struct Large {
    /// A search, a build from nothing, and builds after a change of one document.
    pub(super) timings: Vec<Timing>,
    /// Of the search at 10 against the exact one, 0 to 1.
    pub(super) recall: f64,
}

/// Measures a large index; `None` without vectors.
pub(super) fn large(
    knowledge: &Knowledge,
    passages: usize,
    questions: &[String],
    vectors: &[Option<Vec<f32>>],
) -> Result<Option<Large>, EncoderError> {
    let pieces: Vec<Piece> = (0..knowledge.index.len())
        .flat_map(|entry| knowledge.index.sentences(entry))
        .filter_map(|s| Some(Piece { text: s.text.clone(), vector: s.vector.clone()? }))
        .collect();
    let Some(dimensions) = pieces.first().map(|p| p.vector.len()) else { return Ok(None) };
    let made = Arc::new(Middles { pieces, fingerprint: "bench".to_owned(), dimensions });
    let entry = |number: usize| {
        let text: Vec<&str> = made.of(number).map(|piece| piece.text.as_str()).collect();
        Entry {
            document: number / DOCUMENT,
            collection: Collection::Customer,
            title: String::new(),
            headings: Vec::new(),
            text: format!("{}\n#{number}", text.join("\n")),
            questions: Vec::new(),
        }
    };
    let entries: Vec<Entry> = (0..passages).map(entry).collect();
    let encoder = CachedEncoder::open(Arc::clone(&made) as Arc<dyn Encoder>, None, 1)?;
    let progress = output::progress();
    let told = |done, all| progress("a large index", done, all);
    let since = Instant::now();
    let mut index = Index::build(entries.clone(), Some(&encoder), &told)?;
    let full =
        summary(&format!("index: {passages} passages from nothing, encoder excluded"), vec![since.elapsed()]);
    let mut changes = Vec::new();
    for change in 0..CHANGES {
        let mut entries = entries.clone();
        let first = change * passages / CHANGES;
        for (at, entry) in entries.iter_mut().enumerate().skip(first).take(DOCUMENT) {
            entry.text = format!("Changed for the time number {change}.\n#{at}");
        }
        let since = Instant::now();
        let making = Making { encoder: Some(&encoder), before: Some(&index), ..Making::default() };
        index = making.build(entries, &told)?;
        changes.push(since.elapsed());
    }
    let changed = summary(&format!("index: one document of {passages} passages changed"), changes);

    let (mut times, mut held, mut wanted) = (Vec::new(), 0, 0);
    for (question, vector) in questions.iter().zip(vectors) {
        let query = Query { text: question, vector: vector.as_deref(), keep: &|_| true, k: K };
        let since = Instant::now();
        let found = index.search(&query);
        times.push(since.elapsed());
        let exact = index.search_exactly(&query);
        let has = |hit: &Hit| found.iter().any(|f| f.entry == hit.entry);
        held += exact.iter().filter(|hit| has(hit)).count();
        wanted += exact.len();
    }
    let recall = held as f64 / f64::from(u32::try_from(wanted.max(1)).unwrap_or(u32::MAX));
    let search = summary(&format!("search: {passages} passages, encoder excluded"), times);
    Ok(Some(Large { timings: vec![search, full, changed], recall }))
}
