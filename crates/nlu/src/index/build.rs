//! Making an index: from nothing, or from the version before it, of which everything that did not
//! change is taken over.

use super::{
    Entry, Index, Sentence,
    analysis::{Analysis, fingerprint},
    lead_in,
    lexical::Lexical,
    synonyms::Synonyms,
    vectors::Vectors,
};
use crate::encoder::{CachedEncoder, Encoder, EncoderError};
use std::{collections::HashMap, sync::Arc};

/// Passages that are encoded between two calls of `progress`.
const SLICE: usize = 32;

/// Sentences of an index that get a vector (150 MB at 384 dimensions). In a larger index sentences go
/// without, and whoever compares them has their stems, or encodes the few that were found.
const MOST_SENTENCE_VECTORS: usize = 100_000;

/// Likely questions of an index that get a vector; in a larger one passages are found by themselves.
const MOST_QUESTION_VECTORS: usize = 100_000;

/// What an index is made with, beside its passages.
#[derive(Default)]
pub struct Making<'a> {
    /// Without one, words alone find.
    pub encoder: Option<&'a CachedEncoder>,
    /// What the bank says in several ways.
    pub synonyms: Synonyms,
    /// The version before it: passages of the same content are neither read nor encoded again.
    pub before: Option<&'a Index>,
}

/// Which vectors an index has: those of another kind can't be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    encoder: Option<String>,
    with_sentences: bool,
    with_questions: bool,
}

impl Making<'_> {
    /// Builds the index. `progress` hears the passages done and the passages in all, at least once.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn build(self, entries: Vec<Entry>, progress: &dyn Fn(usize, usize)) -> Result<Index, EncoderError> {
        // Numbers of words that no passage holds any more are not carried along for ever.
        let before = self.before.filter(|before| !before.lexical.is_worn());
        let mut vocabulary = before.map(|b| Arc::clone(b.lexical.vocabulary())).unwrap_or_default();
        let known: Vec<Option<usize>> = entries.iter().map(|e| before.and_then(|b| b.same_as(e))).collect();
        let mut read: Vec<Arc<Analysis>> = Vec::with_capacity(entries.len());
        for (entry, known) in entries.iter().zip(&known) {
            let again = known.zip(before).and_then(|(at, before)| before.lexical.passage(at));
            read.push(match again {
                Some(analysis) => Arc::clone(analysis),
                None => Arc::new(Analysis::of(entry, Arc::make_mut(&mut vocabulary))),
            });
        }
        let kind = Kind {
            encoder: self.encoder.map(|encoder| encoder.fingerprint().to_owned()),
            with_sentences: read.iter().map(|a| a.sentences.len()).sum::<usize>() <= MOST_SENTENCE_VECTORS,
            with_questions: entries.iter().map(|e| e.questions.len()).sum::<usize>() <= MOST_QUESTION_VECTORS,
        };
        let old = before.filter(|b| b.kind == kind);
        if old.is_none() {
            for analysis in &mut read {
                if analysis.sentences.iter().any(|s| s.vector.is_some()) {
                    *analysis = Arc::new(analysis.without_vectors());
                }
            }
        }
        let vectors = match self.encoder {
            Some(encoder) => {
                let old = old.and_then(|old| old.vectors.as_ref());
                Some(encode(encoder, &kind, &entries, &mut read, (known.as_slice(), old), progress)?)
            }
            None => {
                progress(entries.len(), entries.len());
                None
            }
        };
        let mut synonyms = self.synonyms;
        for (short, long) in read.iter().flat_map(|analysis| &analysis.abbreviations) {
            synonyms.add(short, long);
            synonyms.add(long, short);
        }
        let mut contents: HashMap<u64, Vec<u32>> = HashMap::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let content = fingerprint(&entry.title, &entry.headings, &entry.text);
            contents.entry(content).or_default().push(at as u32);
        }
        let lexical = Lexical::build(vocabulary, read);
        Ok(Index { entries, contents, lexical, synonyms, vectors, kind })
    }
}

/// Encodes the passages that the version before did not have.
fn encode(
    encoder: &CachedEncoder,
    kind: &Kind,
    entries: &[Entry],
    read: &mut [Arc<Analysis>],
    (known, old): (&[Option<usize>], Option<&Vectors>),
    progress: &dyn Fn(usize, usize),
) -> Result<Vectors, EncoderError> {
    let all = entries.len();
    progress(0, all);
    let mut vectors = Vectors::new(encoder.dimensions());
    for (slice, entries) in entries.chunks(SLICE).enumerate() {
        let first = slice * SLICE;
        let again =
            |at: usize| old.and_then(|old| Some(old.rows(known[at]?))).filter(|rows| !rows.is_empty());
        let mut texts: Vec<String> = Vec::new();
        for (at, entry) in (first..).zip(entries).filter(|(at, _)| again(*at).is_none()) {
            texts.extend(encoded(entry, &read[at].sentences, kind));
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut fresh = encoder.encode_published(&texts)?.into_iter();
        for (at, entry) in (first..).zip(entries) {
            if let Some(rows) = again(at) {
                rows.chunks(vectors.dimensions()).for_each(|row| vectors.push(at, row));
                continue;
            }
            for vector in fresh.by_ref().take(1 + asked(entry, kind).len()) {
                vectors.push(at, &vector);
            }
            if kind.with_sentences {
                for sentence in &mut Arc::make_mut(&mut read[at]).sentences {
                    sentence.vector = fresh.next();
                    // A passage is found by its best sentence too: one fact in ten is enough.
                    if let Some(vector) = &sentence.vector {
                        vectors.push(at, vector);
                    }
                }
            }
        }
        progress((first + SLICE).min(all), all);
    }
    vectors.finish();
    Ok(vectors)
}

/// The texts of one entry that have vectors, in their order.
pub(super) fn encoded<'a>(
    entry: &'a Entry,
    sentences: &'a [Sentence],
    kind: &Kind,
) -> impl Iterator<Item = String> + use<'a> {
    let count = if kind.with_sentences { sentences.len() } else { 0 };
    std::iter::once(with_its_headings(entry))
        .chain(asked(entry, kind).iter().cloned())
        .chain((0..count).map(move |at| in_its_place(entry, sentences, at)))
}

fn asked<'a>(entry: &'a Entry, kind: &Kind) -> &'a [String] {
    if kind.with_questions { &entry.questions } else { &[] }
}

/// What the encoder reads of a passage: its title and headings often hold the very word that the
/// question has and the passage takes for granted.
fn with_its_headings(entry: &Entry) -> String {
    let mut text = entry.title.clone();
    for part in entry.headings.iter().chain([&entry.text]) {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// What the encoder reads of a sentence: the headings say what it speaks of ("It costs $10"), and
/// the lead-in of a list says what its items are ("A card is free when:").
fn in_its_place(entry: &Entry, sentences: &[Sentence], at: usize) -> String {
    let place = entry.headings.last().unwrap_or(&entry.title);
    match lead_in(sentences, at) {
        Some(lead) => format!("{place}: {} {}", sentences[lead].text, sentences[at].text),
        None => format!("{place}: {}", sentences[at].text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Hit, Query};
    use contactiq_domain::Collection;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts the texts that it was given.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Encoder for Counting {
        fn dimensions(&self) -> usize {
            8
        }
        fn fingerprint(&self) -> &str {
            "counting"
        }
        fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
            self.0.fetch_add(texts.len(), Ordering::Relaxed);
            let vector = |text: &&str| {
                let raw: Vec<f32> =
                    (0..8).map(|axis| text.bytes().skip(axis).step_by(8).map(f32::from).sum()).collect();
                let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt().max(1.0);
                raw.into_iter().map(|x| x / length).collect()
            };
            Ok(texts.iter().map(vector).collect())
        }
    }

    fn entry(number: usize, text: String) -> Entry {
        Entry {
            document: number / 8,
            collection: Collection::Customer,
            title: format!("Document {}", number / 8),
            headings: vec!["Fees".to_owned()],
            questions: vec![format!("How much is item {number}?")],
            text,
        }
    }

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|n| entry(n, format!("Item {n} costs ${n}. It is sold by desk {}.", n % 97))).collect()
    }

    /// An encoder that remembers nothing, and its counter.
    fn counting() -> (Arc<Counting>, CachedEncoder) {
        let counting = Arc::new(Counting::default());
        (Arc::clone(&counting), CachedEncoder::new(counting, 0))
    }

    fn build(entries: Vec<Entry>, encoder: Option<&CachedEncoder>, before: Option<&Index>) -> Index {
        Making { encoder, before, ..Making::default() }.build(entries, &|_, _| ()).unwrap()
    }

    fn search(index: &Index, question: &str) -> Vec<Hit> {
        let (_, encoder) = counting();
        let vector = encoder.encode(&[question]).unwrap().remove(0);
        let query = Query { text: question, vector: Some(&vector), keep: &|_| true, k: 10 };
        index.search(&query)
    }

    #[test]
    fn of_ten_thousand_passages_only_what_changed_is_encoded_and_read_again() {
        let (counted, encoder) = counting();
        let first = build(entries(10_000), Some(&encoder), None);
        let all = counted.0.swap(0, Ordering::Relaxed);
        assert_eq!(all, 40_000, "passage, question and two sentences each");

        let mut changed = entries(10_000);
        changed[4_711] = entry(4_711, "Item 4711 costs $9. It is sold at a zebra.".to_owned());
        drop(changed.remove(17));
        let second = build(changed.clone(), Some(&encoder), Some(&first));
        assert_eq!(counted.0.swap(0, Ordering::Relaxed), 4);
        let shared = (0..second.len()).filter(|at| {
            let known = first.same_as(second.entry(*at));
            known.is_some_and(|known| {
                Arc::ptr_eq(first.lexical.passage(known).unwrap(), second.lexical.passage(*at).unwrap())
            })
        });
        assert_eq!(shared.count(), 9_998);

        let anew = build(changed, Some(&encoder), None);
        for question in ["What does item 4711 cost?", "a zebra", "desk 42", "item 17"] {
            assert_eq!(search(&second, question), search(&anew, question), "{question}");
        }
    }

    #[test]
    fn a_word_that_went_with_its_passage_is_unknown_again() {
        let first = build(vec![entry(0, "A zebra.".to_owned()), entry(1, "A card.".to_owned())], None, None);
        let second = build(vec![entry(1, "A card.".to_owned())], None, Some(&first));
        let anew = build(vec![entry(1, "A card.".to_owned())], None, None);
        assert_eq!(second.weight_of("zebra"), anew.weight_of("zebra"));
        assert_eq!(second.terms("zebra")[0].stem, None);
        assert!(second.find("Document 0", &["Fees".to_owned()], "A zebra.").is_none());
    }

    #[test]
    fn an_index_that_got_another_encoder_or_none_is_encoded_whole() {
        let (counted, encoder) = counting();
        let plain = build(entries(10), None, None);
        let encoded = build(entries(10), Some(&encoder), Some(&plain));
        assert_eq!(counted.0.swap(0, Ordering::Relaxed), 40);
        assert!(encoded.has_vectors() && encoded.sentences(0)[0].vector.is_some());
        let plain = build(entries(10), None, Some(&encoded));
        assert!(!plain.has_vectors() && plain.sentences(0)[0].vector.is_none());
        assert_eq!(counted.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn other_questions_for_the_same_text_get_their_vectors() {
        let (counted, encoder) = counting();
        let first = build(entries(10), Some(&encoder), None);
        let mut other = entries(10);
        other[3].questions.push("What is sold?".to_owned());
        counted.0.store(0, Ordering::Relaxed);
        build(other, Some(&encoder), Some(&first));
        assert_eq!(counted.0.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn a_vocabulary_of_mostly_forgotten_words_is_begun_anew() {
        let many: Vec<Entry> = (0..600).map(|n| entry(n, format!("word{n} thing{n}"))).collect();
        let one = vec![entry(0, "word0 thing0".to_owned())];
        let first = build(many, None, None);
        let worn = build(one.clone(), None, Some(&first));
        let fresh = build(one, None, Some(&worn));
        assert!(fresh.lexical.vocabulary().len() < worn.lexical.vocabulary().len());
        assert_eq!(fresh.weight_of("word0"), worn.weight_of("word0"));
    }
}
