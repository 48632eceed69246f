//! The placeholders of any text: in order, apart, on borders of characters, and each written is the one that is read.
#![no_main]

use contactiq_guard::placeholders;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut reached = 0;
    for found in placeholders(text) {
        assert!(found.start >= reached && found.number >= 1);
        let written = format!("<{}_{}>", found.kind, found.number);
        assert_eq!(&text[found.start..found.end], written);
        assert!(placeholders(&written).eq([contactiq_guard::Placeholder {
            start: 0,
            end: written.len(),
            ..found
        }]));
        reached = found.end;
    }
});
