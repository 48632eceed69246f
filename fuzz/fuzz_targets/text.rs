//! Words, stems, sentences and likely questions of any text: spans on borders of characters, in order and apart, words
//! that are words again, and pieces no longer than what they were cut from.
#![no_main]

use contactiq_nlu::{
    index::{Synonyms, likely_questions},
    text::{content_stems, for_each_ngram, sentences, words},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut reached = 0;
    for span in sentences(text) {
        assert!(span.start >= reached && span.start < span.end);
        let words = &text[span.start..span.end];
        assert_eq!((words.trim(), span.of(text)), (words, words));
        reached = span.end;
    }
    let found = words(text);
    for word in &found {
        assert!(!word.is_empty() && !word.contains(char::is_whitespace));
    }
    assert!(content_stems(text).len() <= found.len());
    for_each_ngram(text, 2..=4, |piece| assert!((2..=4).contains(&piece.chars().count())));
    let questions = likely_questions(&["Fees", text.lines().next().unwrap_or_default()], text);
    assert!(questions.iter().all(|question| !question.trim().is_empty()));
    let mut synonyms = Synonyms::default();
    synonyms.add_group(&text.lines().take(5).map(str::to_owned).collect::<Vec<_>>());
    assert!(found.iter().take(20).filter(|word| synonyms.uses(word)).count() <= found.len());
});
