//! Tests of the index as a whole, with an encoder made of a few axes of meaning.

use super::*;
use crate::encoder::Encoder;
use crate::text::words;
use proptest::prelude::*;
use std::sync::Arc;

/// Counts words of a few topics: enough for `plastic` to mean `card`.
struct Topics;

impl Encoder for Topics {
    fn dimensions(&self) -> usize {
        4
    }
    fn fingerprint(&self) -> &str {
        "topics"
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        const AXES: [&[&str]; 3] =
            [&["card", "cards", "plastic"], &["abroad", "travel", "holiday"], &["loan", "mortgage", "home"]];
        let one = |text: &&str| {
            let words = words(text);
            let mut vector: Vec<f32> = AXES
                .iter()
                .map(|axis| words.iter().filter(|w| axis.contains(&w.as_str())).count() as f32)
                .collect();
            vector.push(0.1);
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(one).collect())
    }
}

fn encoder() -> CachedEncoder {
    CachedEncoder::new(Arc::new(Topics), 100)
}

fn entry(title: &str, text: &str, questions: &[&str]) -> Entry {
    Entry {
        document: 7,
        collection: Collection::Customer,
        title: title.to_owned(),
        headings: vec!["Help".to_owned()],
        text: text.to_owned(),
        questions: questions.iter().map(|q| (*q).to_owned()).collect(),
    }
}

fn entries() -> Vec<Entry> {
    vec![
        entry("Lost cards", "Lock the card in the app. A new card costs $10.", &[]),
        entry(
            "Going abroad",
            "Tell us before you leave:\n1. Open the app.\n2. Choose a country.",
            &["May I travel?"],
        ),
        entry("Home loans", "Rates | From: 6.1 %\nAsk a lender.", &[]),
        entry("Hours", "We are open from 9 a.m. to 5 p.m. every day.", &[]),
    ]
}

fn find(index: &Index, text: &str, vector: Option<&[f32]>, keep: &dyn Fn(usize) -> bool) -> Vec<Hit> {
    index.search(&Query { text, vector, keep, k: 3 })
}

fn vector(text: &str) -> Vec<f32> {
    Topics.encode(&[text]).unwrap().remove(0)
}

#[test]
fn words_and_meaning_find_together() {
    let index = Index::build(entries(), Some(&encoder()), &|_, _| ()).unwrap();
    let best = |text: &str| find(&index, text, Some(&vector(text)), &|_| true)[0];
    assert_eq!(best("where is my plastic").entry, 0);
    assert_eq!(best("opening hours").entry, 3);
    // By its likely question, which is no evidence for coverage.
    let hit = best("travel");
    assert_eq!((hit.entry, hit.coverage), (1, 0.0));
    assert!(hit.cosine > 0.3 && hit.bm25 == 0.0, "{hit:?}");
    assert_eq!(best("new card").coverage, 1.0);
}

#[test]
fn a_search_with_cosines_from_elsewhere_finds_the_same() {
    let encoder = encoder();
    let index = Index::build(entries(), Some(&encoder), &|_, _| ()).unwrap();
    let texts: Vec<Vec<String>> = index.encoded_texts().collect();
    assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), [3, 5, 3, 2]);
    assert_eq!(
        encoder.size().in_memory,
        texts.iter().flatten().collect::<std::collections::HashSet<_>>().len()
    );
    for question in ["where is my plastic", "travel with a card", "opening hours", "zebra"] {
        let asked = vector(question);
        let cosine = |text: &String| vector(text).iter().zip(&asked).map(|(a, b)| a * b).sum::<f32>();
        let of = |texts: &Vec<String>| {
            let cosines: Vec<f32> = texts.iter().map(cosine).collect();
            near(cosines[0], cosines.iter().copied().fold(-1.0, f32::max))
        };
        let all: HashMap<usize, f32> = texts.iter().map(of).enumerate().collect();
        let query = Query { text: question, vector: Some(&asked), keep: &|entry| entry != 2, k: 3 };
        let (here, there) = (index.search(&query), index.search_among(&query, &all));
        assert_eq!(here.len(), there.len());
        for (here, there) in here.iter().zip(&there) {
            assert_eq!(here.entry, there.entry);
            assert!((here.score - there.score).abs() < 1e-5 && (here.cosine - there.cosine).abs() < 1e-5);
        }
        let some = all.into_iter().filter(|(entry, _)| *entry == 3).collect();
        assert_eq!(index.search_among(&query, &some).iter().map(|h| h.entry).collect::<Vec<_>>(), [3]);
    }
    let query = |text| Query { text, vector: None, keep: &|entry| entry != 1, k: 1 };
    assert_eq!(index.best_by_words(&query("the new card in the app")), [0]);
    assert!(index.best_by_words(&query("zebra")).is_empty());
}

#[test]
fn without_vectors_words_find_alone() {
    let encoded = Index::build(entries(), Some(&encoder()), &|_, _| ()).unwrap();
    let plain = Index::build(entries(), None, &|_, _| ()).unwrap();
    for index in [&encoded, &plain] {
        let hits = find(index, "a new card", None, &|_| true);
        assert_eq!((hits.len(), hits[0].entry, hits[0].score, hits[0].cosine), (1, 0, 1.0, 0.0));
        // Of another encoder, or broken: as if there were none.
        assert_eq!(find(index, "a new card", Some(&[1.0]), &|_| true), hits);
        assert_eq!(find(index, "a new card", Some(&[f32::NAN; 4]), &|_| true), hits);
        assert!(find(index, "zebra", None, &|_| true).is_empty());
    }
    assert!(plain.sentences(0)[0].vector.is_none());
}

#[test]
fn what_is_not_kept_is_not_found_and_does_not_count() {
    let index = Index::build(entries(), Some(&encoder()), &|_, _| ()).unwrap();
    let hits = find(&index, "card", Some(&vector("card")), &|entry| entry != 0);
    assert!(hits.iter().all(|hit| hit.entry != 0) && hits.len() == 3);
    assert!(find(&index, "card", Some(&vector("card")), &|_| false).is_empty());
    assert!(index.search(&Query { text: "card", vector: None, keep: &|_| true, k: 0 }).is_empty());
}

#[test]
fn sentences_know_what_they_are() {
    let index = Index::build(entries(), Some(&encoder()), &|_, _| ()).unwrap();
    assert_eq!(index.sentences(3).len(), 1);
    let steps: Vec<_> = index.sentences(1).iter().map(|s| (s.text.as_str(), s.is_step)).collect();
    assert_eq!(
        steps,
        [("Tell us before you leave:", false), ("1. Open the app.", true), ("2. Choose a country.", true)]
    );
    let row = &index.sentences(2)[0];
    assert!(row.is_row && row.vector.is_some());
    assert_eq!(row.span.of(&index.entry(2).text), row.text);
    let wanted: Vec<u32> = index.terms("rates").iter().filter_map(|term| term.stem).collect();
    assert!(wanted.iter().all(|stem| row.stems.contains(stem)) && wanted.len() == 1);
    assert!(index.sentences(99).is_empty());
}

#[test]
fn progress_ends_with_everything_done() {
    let heard = std::cell::RefCell::new(Vec::new());
    let many: Vec<Entry> = (0..70).flat_map(|_| entries()).take(70).collect();
    Index::build(many, Some(&encoder()), &|done, all| heard.borrow_mut().push((done, all))).unwrap();
    assert_eq!(*heard.borrow(), [(0, 70), (32, 70), (64, 70), (70, 70)]);
    heard.borrow_mut().clear();
    let empty = Index::build(Vec::new(), Some(&encoder()), &|done, all| heard.borrow_mut().push((done, all)))
        .unwrap();
    assert_eq!(*heard.borrow(), [(0, 0)]);
    assert!(empty.is_empty() && find(&empty, "card", Some(&vector("card")), &|_| true).is_empty());
}

proptest! {
    #[test]
    fn a_search_never_panics_and_its_scores_are_sane(
        texts in prop::collection::vec(("[a-z ]{0,12}", "\\PC{0,40}|(card|loan|the|travel|[ .\n|]){0,20}", prop::option::of("[a-z ]{0,20}")), 0..12),
        question in "\\PC{0,30}|(card|loan|zebra|is|[ ?]){0,8}",
        numbers in prop::option::of(prop::collection::vec(-2.0_f32..2.0, 0..6)),
        with_encoder in any::<bool>(),
        k in 0_usize..9,
    ) {
        let entries: Vec<Entry> = texts
            .iter()
            .map(|(title, text, question)| entry(title, text, &question.iter().map(String::as_str).collect::<Vec<_>>()))
            .collect();
        let encoder = encoder();
        let index = Index::build(entries, with_encoder.then_some(&encoder), &|_, _| ()).unwrap();
        let hits = index.search(&Query { text: &question, vector: numbers.as_deref(), keep: &|e| e % 5 != 3, k });
        prop_assert!(hits.len() <= k);
        prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        for hit in &hits {
            prop_assert!(hit.entry < index.len() && hit.entry % 5 != 3);
            prop_assert!((0.0..=1.0).contains(&hit.score) && (0.0..=1.0).contains(&hit.coverage));
            prop_assert!((-1.0..=1.0).contains(&hit.cosine) && hit.bm25.is_finite() && hit.bm25 >= 0.0);
        }
        let mut found: Vec<usize> = hits.iter().map(|hit| hit.entry).collect();
        found.sort_unstable();
        found.dedup();
        prop_assert_eq!(found.len(), hits.len());
    }
}
