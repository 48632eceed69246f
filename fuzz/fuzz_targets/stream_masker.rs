//! However a text is cut, the stream masks it alike and holds at most 256 characters.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Masked};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> =
    LazyLock::new(|| Guard::new(GuardSettings { learned: None, ..GuardSettings::default() }));

/// The text in pieces of so many characters.
fn streamed(text: &str, mut length: impl FnMut() -> usize) -> String {
    let mut stream = GUARD.stream();
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let piece: String = chars.by_ref().take(length().max(1)).collect();
        out.push(stream.push(&piece));
        assert!(stream.held() <= 256);
    }
    out.push(stream.finish());
    Masked::joined(out).as_str().to_owned()
}

fuzz_target!(init: { LazyLock::force(&GUARD); }, |input: (Vec<u8>, &str)| {
    let (cuts, text) = input;
    let mut cuts = cuts.into_iter().cycle();
    let whole = streamed(text, || usize::MAX);
    assert_eq!(streamed(text, || 1), whole);
    assert_eq!(streamed(text, || cuts.next().map_or(7, usize::from)), whole);
});
