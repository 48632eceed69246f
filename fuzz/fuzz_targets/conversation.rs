//! Messages of one conversation, one a line: what the turns before say never breaks the reading of the next, numbers of
//! placeholders are never given twice to a secret, and the values come back from their seal as they went in.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Earlier, Guard, GuardSettings, Masked, Placeholders, Raw, seal::Sealer};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> =
    LazyLock::new(|| Guard::new(GuardSettings { learned: None, ..GuardSettings::default() }));

fuzz_target!(init: { LazyLock::force(&GUARD); }, |text: &str| {
    let sealer = Sealer::new(&[7; 32], || [1; 12]);
    let (mut kept, mut before) = (Placeholders::default(), (Masked::empty(), Masked::empty()));
    for message in text.lines().take(6) {
        let sealed = sealer.seal_placeholders(&kept, "c");
        let known = sealer.open_placeholders(&sealed, "c").expect("it was sealed for this place");
        let earlier = Earlier::default().after(before.0, before.1).with_placeholders(known);
        let Ok(mut inspected) = GUARD.inspect_in(&Raw::new(message), &earlier) else { return };
        let length = message.chars().count();
        assert!(inspected.spans.iter().all(|span| span.start < span.end && span.end <= length));
        let changed = inspected.number(&mut kept);
        assert!(!changed || !kept.is_empty());
        assert_eq!(sealer.seal_placeholders(&kept, "c") == sealed, !changed, "what has changed is kept");
        before = (inspected.masked, GUARD.mask(&Raw::new("Which of your cards is it?")));
    }
});
