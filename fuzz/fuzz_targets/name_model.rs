//! The file of what was learned of names, changed anywhere: it is refused, or read as it is written, and then every
//! finding is as sure as 0 to 1.
#![no_main]

use std::sync::{Arc, LazyLock};

use contactiq_guard::{Guard, GuardSettings, Learned, Raw};
use libfuzzer_sys::fuzz_target;

static SHIPPED: LazyLock<Vec<u8>> = LazyLock::new(|| Learned::built_in().expect("it is whole").to_bytes());
/// The figures stand in the first bytes, and all else are weights.
const FIGURES: u32 = 92;

fuzz_target!(init: drop(LazyLock::force(&SHIPPED)), |input: (Vec<(bool, u32, u8)>, &[u8])| {
    let (changes, bytes) = input;
    assert!(Learned::from_bytes(bytes).is_err(), "an input is shorter than a model");
    let mut file = SHIPPED.clone();
    for (front, at, other) in changes {
        let place = at % if front { FIGURES } else { file.len() as u32 };
        file[place as usize] ^= other;
    }
    let Ok(learned) = Learned::from_bytes(&file) else { return };
    assert_eq!(learned.to_bytes(), file);
    let guard = Guard::new(GuardSettings { learned: Some(Arc::new(learned)), ..GuardSettings::default() });
    let scan = guard.scan(&Raw::new("I am Mary Smith of 12 King Street, pass correct horse")).expect("it is short");
    assert!(scan.spans.iter().all(|span| (0.0..=1.0).contains(&span.score)));
});
