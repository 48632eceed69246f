//! Sealed columns: bytes that were not sealed here open nowhere, what was sealed opens at its own place alone, and a
//! seal of which one byte is another does not open.
#![no_main]

use contactiq_guard::{
    Masked, Placeholders, Published,
    seal::{ERASED, Sealer},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str, &str, usize, u8)| {
    let (bytes, text, place, at, other) = input;
    let sealer = Sealer::new(&[9; 32], || [3; 12]);
    assert_eq!(sealer.open(bytes, place).is_ok(), bytes == ERASED);
    assert!(sealer.open_placeholders(bytes, place).is_err());
    // With the right header only the tag is wrong.
    let values = sealer.seal_placeholders(&Placeholders::default(), place);
    assert!(sealer.open_placeholders(&values, place).is_ok_and(|opened| opened.is_empty()));
    assert!(
        sealer.open_placeholders(&[&values[..17], bytes].concat(), place).is_err() || values[17..] == *bytes
    );

    let masked = Masked::from_published(&Published::by_bank(text));
    let mut sealed = sealer.seal(&masked, place);
    assert_eq!(sealer.open(&sealed, place).as_ref(), Ok(&masked));
    let erased = masked == Masked::erased();
    assert_eq!(sealer.open(&sealed, &format!("{place} ")).is_ok(), erased);
    if !erased && other != 0 {
        let at = at % sealed.len();
        sealed[at] ^= other;
        assert!(sealer.open(&sealed, place).is_err());
    }
});
