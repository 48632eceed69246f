//! The bank's own documents, read for orders to a model: scores between 0 and 1, and a sentence that instructs alone is
//! not hidden by what stands beside it.
#![no_main]

use contactiq_guard::{Published, instructs, one_script, order_score};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let whole = Published::by_bank(text);
    let found = instructs(&whole, text.split_inclusive(['.', '\n']));
    assert!((0.0..=1.0).contains(&found.score));
    assert!((0.0..=1.0).contains(&order_score(&whole)));
    for piece in text.split_inclusive(['.', '\n']) {
        let alone = instructs(&Published::by_bank(""), std::iter::once(piece));
        assert!(!alone.blocked || found.blocked);
    }
    assert_eq!(one_script(&one_script(text)), one_script(text));
});
