//! A stream of text in sentences: joined they are the text, and they are the same however it was cut.
#![no_main]

use contactiq_llm::{Sentences, repeats_boundary};
use libfuzzer_sys::fuzz_target;

/// The sentences of a text that comes in pieces of so many characters.
fn cut(text: &str, mut length: impl FnMut() -> usize) -> Vec<String> {
    let (mut sentences, mut found) = (Sentences::default(), Vec::new());
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        found.extend(sentences.push(&chars.by_ref().take(length().max(1)).collect::<String>()));
    }
    found.extend(sentences.finish());
    found
}

fuzz_target!(|input: (Vec<u8>, &str)| {
    let (cuts, text) = input;
    let mut cuts = cuts.into_iter().cycle();
    let whole = cut(text, || usize::MAX);
    assert_eq!(whole.concat(), text);
    assert!(whole.iter().all(|sentence| !sentence.is_empty()));
    assert_eq!(cut(text, || 1), whole);
    assert_eq!(cut(text, || cuts.next().map_or(7, usize::from)), whole);
    let _ = repeats_boundary(text, "aB3dE5gH7jK9mN1p");
});
