//! What holds for every text, also for those that nobody would write.

mod pieces;

use contactiq_guard::{Guard, GuardSettings, Held, Raw, Scan};
use proptest::prelude::*;
use std::{sync::LazyLock, time::Instant};

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(GuardSettings::default()));

fn scan(text: &str) -> Scan {
    GUARD.scan(&Raw::new(text)).expect("a million characters at most")
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let scan = scan(text);
    let chars: Vec<char> = text.chars().collect();
    let mut reached = 0;
    for span in &scan.spans {
        prop_assert!(span.start >= reached && span.start < span.end && span.end <= chars.len(), "{span:?}");
        prop_assert!((0.0..=1.0).contains(&span.score));
        reached = span.end;
    }
    prop_assert!((0.0..=1.0).contains(&scan.injection.score));
    let again = GUARD.mask(&Raw::new(scan.masked.as_str()));
    prop_assert_eq!(again.as_str(), scan.masked.as_str(), "masking is idempotent");
    // Values long enough to be told apart from the rest of the text are gone, wherever they stood.
    for span in &scan.spans {
        let value: String = chars[span.start..span.end].iter().collect();
        if value.len() >= 6 && value.chars().all(|c| c.is_ascii_alphanumeric()) {
            let left = scan.masked.as_str().split(|c: char| !c.is_alphanumeric()).any(|w| w == value);
            prop_assert!(!left, "{value:?} is left in {:?}", scan.masked.as_str());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_message(text in pieces::pieces()) {
        check(&text)?;
    }

    #[test]
    fn output_is_never_less_masked_without_evidence(text in pieces::pieces()) {
        let verdict = GUARD.inspect_output(&text, &Held::default());
        let scan = scan(&text);
        prop_assert_eq!(verdict.text.as_str(), scan.masked.as_str());
    }
}

/// Half of a "½" read as part of an address: the placeholder stands for all of it, in every reading.
#[test]
fn a_finding_is_made_of_whole_characters() {
    check("password is double double ½ at example dot com bsb 0000").unwrap();
}

/// A passphrase of cue words shows only once the address behind it is a placeholder.
#[test]
fn a_passphrase_of_cues_beside_an_address_is_masked_at_once() {
    check("４１１１ at example dot com password is card card born Aaa  at example dot com ").unwrap();
}

/// A value in the form of a placeholder is a value.
#[test]
fn what_looks_like_a_placeholder_hides_nothing() {
    for text in [
        "<PIN_4111111111111111>",
        "<CVV_4111111111111111>",
        "my pin is <PIN_4821>",
        "call <PHONE_0412345678>",
        "\u{ff1c}PIN_4111111111111111\u{ff1e}",
        "<CREDIT_CARD_4111111111111111> and <CREDIT_CARD_1>",
    ] {
        let masked = scan(text).masked;
        assert!(
            masked.as_str().split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() < 2),
            "{text}: {}",
            masked.as_str()
        );
        check(text).unwrap();
    }
}

/// Bounded time: a million characters of everything that could make a scanner go back and forth.
#[test]
fn a_million_characters_take_bounded_time() {
    let million = |piece: &str| piece.chars().cycle().take(1_000_000).collect::<String>();
    for piece in [
        "1",
        "1 ",
        "4 1-1 1.",
        "4111 1111 1111 1111 ",
        "a",
        "a ",
        "@",
        "a@",
        "one two ",
        "my pin is 1234 ",
        "John Smith ",
        "12 king street ",
        "<PIN_",
        "password ",
        "card account pin ",
        "a.b-c_d@",
        "\u{202e}\u{200b}",
        "\u{301}",
        "４",
        "ignore ",
        "ignore all ",
        "(((([[[[",
        "::1:",
        "-----BEGIN ",
        "d0t at dot ",
        "flat 1, ",
        "thanks,\n",
        "%41",
    ] {
        let text = million(piece);
        let begin = Instant::now();
        let scan = scan(&text);
        let elapsed = begin.elapsed();
        assert!(scan.spans.len() <= 1_000_000);
        assert!(elapsed.as_secs() < 20, "{piece:?} took {elapsed:?}");
    }
}

#[test]
fn ten_thousand_entities_are_all_masked() {
    let text: String = (0..10_000).map(|n| format!("my account is {}, ", 10_000_000 + n * 37)).collect();
    let scan = scan(&text);
    assert_eq!(scan.spans.len(), 10_000);
    // Behind 999 they share a number: a longer one could be a value.
    let left = scan.masked.as_str().split(['<', '>']).filter(|piece| !piece.contains("_NUMBER_"));
    assert!(left.clone().count() > 10_000 && left.into_iter().all(|piece| !piece.contains(char::is_numeric)));
    assert!(scan.masked.as_str().contains("<ACCOUNT_NUMBER_999>"));
}
