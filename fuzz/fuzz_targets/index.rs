//! The index over any passages, asked any question: each hit once and among those that may be found, figures that are
//! numbers, and the words of a passage find it.
#![no_main]

use std::collections::HashSet;

use contactiq_domain::Collection;
use contactiq_nlu::index::{Entry, Index, Query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (question, passages) = input;
    let entries: Vec<Entry> = passages
        .split("\n\n")
        .take(12)
        .enumerate()
        .map(|(at, text)| Entry {
            document: at,
            collection: Collection::Customer,
            title: text.lines().next().unwrap_or_default().to_owned(),
            headings: text.lines().skip(1).take(1).map(str::to_owned).collect(),
            text: text.to_owned(),
            questions: vec![question.to_owned()],
        })
        .collect();
    let index = Index::build(entries, None, &|_, _| ()).expect("there is no encoder that could fail");
    let hits = index.search(&Query { text: question, vector: None, keep: &|entry| entry % 3 != 1, k: 5 });
    let once: HashSet<usize> = hits.iter().map(|hit| hit.entry).collect();
    assert!(hits.len() <= 5 && once.len() == hits.len());
    for hit in &hits {
        assert!(hit.entry < index.len() && hit.entry % 3 != 1);
        assert!(hit.score.is_finite() && hit.bm25.is_finite() && (0.0..=1.0).contains(&hit.coverage));
        let text = &index.entry(hit.entry).text;
        assert!(index.sentences(hit.entry).iter().all(|s| s.span.of(text) == s.text));
    }
    let said = index.said(question, &once.into_iter().collect::<Vec<_>>());
    assert!(said.weight >= 0.0 && said.weight.is_finite() && (0.0..=1.0).contains(&said.rarest_missing));
    let _ = (index.alternatives(question), index.synonyms_in(question), index.written_out(question));
    assert!(index.terms(question).iter().all(|term| term.weight.is_finite()));
});
