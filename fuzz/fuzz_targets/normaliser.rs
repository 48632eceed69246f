//! What is folded before it is read: nothing that hides comes through, look-alike letters become one script,
//! and a text is explained at the same places as it is scanned.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Raw, one_script};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(GuardSettings::default()));

fuzz_target!(init: { LazyLock::force(&GUARD); }, |text: &str| {
    let masked = GUARD.mask(&Raw::new(text));
    assert!(
        !masked
            .as_str()
            .chars()
            .any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}' | '\u{0}'))
    );
    assert_eq!(one_script(&one_script(text)), one_script(text));
    let told = GUARD.explain(&Raw::new(text)).expect("a fuzzer's text is short");
    let length = text.chars().count();
    assert!(told.personal_data.iter().all(|found| found.start < found.end && found.end <= length));
    assert_eq!(told.masked.as_str(), GUARD.scan(&Raw::new(text)).expect("as before").masked.as_str());
});
