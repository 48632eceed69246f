//! The prompt, whatever passages, turns and question say: its boundaries are those that were written here and no other,
//! and what stands between them can't speak as somebody else.
#![no_main]

use std::sync::LazyLock;

use contactiq_guard::{Guard, GuardSettings, Published, Raw};
use contactiq_llm::{Exchange, NumberedPassage, PriceTable, Prompt, render};
use libfuzzer_sys::fuzz_target;

static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    Guard::new(GuardSettings { personal_data: false, learned: None, ..GuardSettings::default() })
});
const NONCE: &str = "aB3dE5gH7jK9mN1p";
const CANARY: &str = "zY2xW4vU6tS8rQ0o";

fuzz_target!(init: { LazyLock::force(&GUARD); }, |input: (&str, &str, &str, &str)| {
    let (title, passage, earlier, question) = input;
    let masked = |text: &str| GUARD.mask(&Raw::new(text));
    let prompt = Prompt {
        version: "1",
        system: Published::by_bank("Answer."),
        passages: vec![NumberedPassage {
            number: 1,
            title: Published::by_bank(title),
            text: Published::by_bank(passage),
        }],
        history: vec![Exchange { question: masked(earlier), answer: masked(passage) }],
        question: masked(question),
        nonce: NONCE.to_owned(),
        canary: CANARY.to_owned(),
        max_output_tokens: 50,
    };
    let prices =
        PriceTable::parse("[m]\ninput_per_million = 1.0\noutput_per_million = 2.0").expect("it is right");
    let _ = prices.most("m", &prompt);
    let Ok(messages) = render(&prompt) else {
        assert!(prompt.question.as_str().trim().is_empty());
        return;
    };
    let [system, user] = messages.as_slice() else { panic!("two messages") };
    assert_eq!((system.content.matches(NONCE).count(), system.content.matches(CANARY).count()), (2, 1));
    let said = user.content.to_ascii_lowercase();
    assert_eq!(said.matches(&NONCE.to_ascii_lowercase()).count(), 8, "four sections");
    assert_eq!((said.matches("<<<").count(), said.matches(">>>").count()), (8, 8));
    assert!(!said.contains("<|") && !said.contains("[inst]") && !said.contains("</"));
});
