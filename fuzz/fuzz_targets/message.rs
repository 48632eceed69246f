//! A message at the door: spans in order and inside the text, never much longer masked than written, no number of a
//! card left that stands between spaces, and numbered as its conversation does without losing or moving a word.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Placeholders, Raw, placeholders};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(GuardSettings::default()));
/// The longest placeholder, `<DRIVER_LICENCE_999>`, stands for one character at least.
const LONGEST_PLACEHOLDER: usize = 20;

/// Sixteen digits of a large issuer that pass Luhn's check, and stand alone.
fn is_card(word: &str) -> bool {
    let doubled = |(place, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0') << (1 - place % 2);
        if digit > 9 { digit - 9 } else { digit }
    };
    word.len() == 16
        && word.bytes().all(|b| b.is_ascii_digit())
        && (word.starts_with('4') || ("51".."56").contains(&word))
        && word.bytes().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)
}

fuzz_target!(init: { LazyLock::force(&GUARD); }, |text: &str| {
    let raw = Raw::new(text);
    let Ok(mut inspected) = GUARD.inspect(&raw) else {
        assert!(GUARD.admits(&raw).is_err());
        return;
    };
    let (length, mut reached) = (text.chars().count(), 0);
    for span in &inspected.spans {
        assert!(span.start >= reached && span.start < span.end && span.end <= length);
        reached = span.end;
    }
    let masked = inspected.masked.as_str().to_owned();
    assert!(masked.chars().count() <= length + inspected.spans.len() * LONGEST_PLACEHOLDER);
    assert!(
        text.split(' ').filter(|word| is_card(word)).all(|card| masked.split(' ').all(|left| left != card))
    );
    // In a conversation that begins nothing but the numbers of placeholders may change.
    let mut conversation = Placeholders::default();
    let changed = inspected.number(&mut conversation);
    let kinds = |text: &str| placeholders(text).map(|p| p.kind).collect::<Vec<_>>();
    assert_eq!(kinds(inspected.masked.as_str()), kinds(&masked));
    assert_eq!(changed, !conversation.is_empty());
    assert!(!inspected.number(&mut conversation), "a second call finds nothing to do");
});
