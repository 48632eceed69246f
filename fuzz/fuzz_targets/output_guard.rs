//! A model's answer, whatever it writes and whatever it was given: what the guard lets through it lets through again
//! unchanged, what is stripped stays stripped, and nothing is found that the answer does not hold.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Held, OutputFindingKind, Published};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(GuardSettings::default()));

fuzz_target!(init: { LazyLock::force(&GUARD); }, |input: (&str, &str, &str)| {
    let (evidence, instructions, answer) = input;
    let held = Held {
        evidence: vec![Published::by_bank(evidence)],
        instructions: vec![Published::by_bank(instructions)],
        marks: vec!["q7Zk41vB0sXd93Lm".to_owned()],
    };
    let stripped = Guard::strip_output(answer);
    assert_eq!(Guard::strip_output(&stripped), stripped);
    let verdict = GUARD.inspect_output(&stripped, &held);
    let again = GUARD.inspect_output(verdict.text.as_str(), &held);
    assert_eq!(again.text, verdict.text);
    // What hides in a document leads to no host that may be written plainly.
    let plain = evidence.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)) && !evidence.contains(['%', '&', '<', '\\']);
    let own = GUARD.inspect_output(evidence, &held);
    let leads = own.findings.iter().any(|f| f.kind == OutputFindingKind::UnknownLink);
    assert!(!plain || !leads, "a link of the evidence");
});
