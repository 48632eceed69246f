//! The file of what was learned of names: other bytes are refused, and what is read is written as it was.
#![no_main]

use std::sync::Arc;

use contactiq_guard::{Guard, GuardSettings, Learned, Raw};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(learned) = Learned::from_bytes(bytes) else { return };
    let written = learned.to_bytes();
    assert_eq!(Learned::from_bytes(&written).expect("it was written here").to_bytes(), written);
    let guard = Guard::new(GuardSettings { learned: Some(Arc::new(learned)), ..GuardSettings::default() });
    let scan =
        guard.scan(&Raw::new("I am Mary Smith of 12 King Street, pass correct horse")).expect("it is short");
    assert!(scan.spans.iter().all(|span| (0.0..=1.0).contains(&span.score)));
});
