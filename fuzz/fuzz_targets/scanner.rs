//! Any text is scanned: spans in order and inside the text, scores between 0 and 1, masking idempotent.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Raw};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(GuardSettings::default()));

fuzz_target!(init: { LazyLock::force(&GUARD); }, |text: &str| {
    let scan = GUARD.scan(&Raw::new(text)).expect("a fuzzer's text is short");
    let length = text.chars().count();
    let mut reached = 0;
    for span in &scan.spans {
        assert!(span.start >= reached && span.start < span.end && span.end <= length);
        assert!((0.0..=1.0).contains(&span.score));
        reached = span.end;
    }
    assert!((0.0..=1.0).contains(&scan.injection.score));
    let again = GUARD.mask(&Raw::new(scan.masked.as_str()));
    assert_eq!(again.as_str(), scan.masked.as_str());
});
