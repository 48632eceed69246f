//! The stream masker: every way of cutting a text has the same result, and that of the whole.

mod messages;
mod pieces;

use contactiq_guard::{Guard, GuardSettings, Held, Masked, Published, Raw, StreamMasker};
use proptest::prelude::*;
use std::{sync::LazyLock, time::Instant};

/// The rules alone: what was learned reads whole messages, and a stream has no whole.
static GUARD: LazyLock<Guard> =
    LazyLock::new(|| Guard::new(GuardSettings { learned: None, ..GuardSettings::default() }));

/// As many characters are held at most.
const HOLD: usize = 256;

fn whole(text: &str) -> String {
    GUARD.mask(&Raw::new(text)).as_str().to_owned()
}

/// Feeds the pieces and joins what comes out.
fn fed<'t>(mut stream: StreamMasker, pieces: impl IntoIterator<Item = &'t str>) -> String {
    let mut out = Vec::new();
    for piece in pieces {
        out.push(stream.push(piece));
        assert!(stream.held() <= HOLD, "at most 256 characters are held");
    }
    out.push(stream.finish());
    Masked::joined(out).as_str().to_owned()
}

fn streamed<'t>(pieces: impl IntoIterator<Item = &'t str>) -> String {
    fed(GUARD.stream(), pieces)
}

/// The text cut at these places, taken modulo its length.
fn cut<'t>(text: &'t str, places: &[usize]) -> Vec<&'t str> {
    let mut places: Vec<usize> =
        places.iter().map(|p| p % (text.len() + 1)).filter(|p| text.is_char_boundary(*p)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&text[from..place]);
        from = place;
    }
    pieces.push(&text[from..]);
    pieces
}

fn by_character(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|_| true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_masks_as_the_whole(
        text in messages::some(1..4), places in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let expected = whole(&text);
        prop_assert_eq!(&streamed(cut(&text, &places)), &expected, "{:?}", text);
        prop_assert_eq!(&streamed(by_character(&text)), &expected);
    }

    #[test]
    fn a_long_stream_masks_as_the_whole(
        text in messages::long(), places in prop::collection::vec(any::<usize>(), 0..40),
    ) {
        prop_assert_eq!(&streamed(cut(&text, &places)), &whole(&text), "{:?}", text);
    }

    #[test]
    fn what_fits_into_the_hold_is_masked_as_the_whole(text in pieces::pieces()) {
        let text: String = text.chars().take(HOLD).collect();
        prop_assert_eq!(&streamed(by_character(&text)), &whole(&text), "{:?}", text);
    }

    #[test]
    fn how_any_text_is_cut_changes_nothing(
        text in "\\PC{0,700}", places in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let expected = streamed([text.as_str()]);
        prop_assert_eq!(&streamed(cut(&text, &places)), &expected);
        prop_assert_eq!(&streamed(by_character(&text)), &expected);
    }
}

#[test]
fn everyday_words_go_out_before_the_end_and_numbers_wait() {
    let mut stream = GUARD.stream();
    let text = "You can change your address in the app, and it is free. We send a letter to the old address, so \
                that you know of it.";
    let out = stream.push(text);
    assert!(text.starts_with(out.as_str()) && out.as_str().len() > 30, "{:?}", out.as_str());
    let mut stream = GUARD.stream();
    let out = stream.push("The code that you typed was 482193 and I can not find it. ");
    assert!(!out.as_str().contains("482193"));
    let rest = stream.push("Is that your pin?").as_str().to_owned() + stream.finish().as_str();
    assert!(!rest.contains("482193"), "{rest:?}");
}

#[test]
fn no_part_of_a_number_goes_out_before_the_rest_of_it() {
    let words = "four one one one ".repeat(4);
    let text = format!("My card is {words}and it was lost.");
    let mut stream = GUARD.stream();
    let mut out = String::new();
    for piece in by_character(&text) {
        out.push_str(stream.push(piece).as_str());
        assert!(!out.contains("four"), "{out:?}");
    }
    out.push_str(stream.finish().as_str());
    assert_eq!(out, whole(&text));
}

/// What is longer than the hold and has not ended: no part of it comes out.
#[test]
fn what_grows_past_the_hold_is_masked_as_it_grows() {
    let digits: String = "9182 7364 5 ".chars().cycle().take(2000).collect();
    let spoken: String = "seven oh double two nine ".chars().cycle().take(2000).collect();
    let key: String = "hW3_x9".chars().cycle().take(1500).collect();
    let local: String = "mia.k".chars().cycle().take(400).collect();
    let armour =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "MIIEvQ ab+/9\n".repeat(200));
    for (text, parts) in [
        (format!("It is {digits} and so on."), vec!["9182", "7364"]),
        (format!("It is {spoken} and so on."), vec!["seven", "double", "nine"]),
        (format!("The key is {key} and so on."), vec!["hW3_x9"]),
        (format!("Write to {local}@example.com and so on."), vec!["mia", "example"]),
        (format!("Here: {armour} and so on."), vec!["MIIEvQ", "BEGIN", "-----"]),
    ] {
        let out = streamed(by_character(&text));
        for part in parts {
            assert!(!out.contains(part), "{part} in {out:?}");
        }
        assert!(out.ends_with(" and so on."), "{out:?}");
        assert!(out.chars().count() < 120, "one placeholder stands for it: {out:?}");
    }
}

/// Scripts without spaces between words are no keys.
#[test]
fn a_long_text_without_spaces_in_another_script_stays() {
    let text = "信用卡的年费是多少，可以免除吗。".repeat(40);
    let out = streamed(by_character(&text));
    assert_eq!(out, whole(&text));
    assert!(!out.contains("API_KEY"));
}

#[test]
fn where_masking_is_off_nothing_is_masked_and_what_hides_is_dropped() {
    let guard = Guard::new(GuardSettings { personal_data: false, ..GuardSettings::default() });
    let text = "my pin is 4821 \u{202e}and 9182 7364 ".repeat(60);
    assert_eq!(fed(guard.stream(), by_character(&text)), text.replace('\u{202e}', ""));
    let key = "hW3x9".repeat(200);
    assert_eq!(fed(guard.stream(), by_character(&key)), key);
}

#[test]
fn a_value_is_known_again_however_far_on() {
    let filler = "You can see the fees on the page of the account. ".repeat(60);
    let text = format!("My pin is 4821. {filler}I typed 4821 again, and my friend Zorblat Quimby saw 4821.");
    let out = streamed(by_character(&text));
    assert!(!out.contains("4821"), "{out:?}");
    assert_eq!(out, whole(&text));
}

/// What the documentation says of texts longer than the hold: an earlier bare repeat is out already.
#[test]
fn a_bare_number_long_before_its_cue_stays_and_is_masked_from_there() {
    let filler = "You can see the fees on the page of the account. ".repeat(12);
    let text = format!("I wrote 4821 down. {filler}My pin is 4821, and 4821 is wrong.");
    let out = streamed([text.as_str()]);
    assert_eq!(out.matches("4821").count(), 1);
    assert_eq!(out.matches("<PIN_1>").count(), 2);
    assert!(!whole(&text).contains("4821"));
}

#[test]
fn what_the_evidence_carries_stays_in_a_stream() {
    let evidence = Published::by_bank("Write to help@examplebank.com or call +61 2 9374 4000.");
    let text = "Write to help@examplebank.com or call +61 2 9374 4000, not to mia@example.com.";
    let out = fed(GUARD.stream_output(&[&evidence]), by_character(text));
    let held = Held { evidence: vec![evidence.clone()], ..Held::default() };
    assert_eq!(out, GUARD.inspect_output(text, &held).text.as_str());
    assert_eq!(out, "Write to help@examplebank.com or call +61 2 9374 4000, not to <EMAIL_1>.");
}

#[test]
fn numbers_go_on_behind_those_of_the_question() {
    let question = GUARD.mask(&Raw::new("my email is mia@example.com"));
    let out = fed(GUARD.stream().numbered_behind(&question), ["Write to other@example.org."]);
    assert_eq!(out, "Write to <EMAIL_2>.");
}

#[test]
fn a_stream_never_shows_what_it_holds() {
    let mut stream = GUARD.stream();
    drop(stream.push("my pin is 4821"));
    assert_eq!(format!("{stream:?}"), "StreamMasker(14 characters held)");
}

/// Bounded work: a long text costs so much a character, whatever it is made of.
#[test]
fn a_long_stream_takes_bounded_time() {
    for piece in [
        "1",
        "1 ",
        "a",
        "a ",
        "@",
        "my pin is 1234 ",
        "John Smith ",
        "4111 1111 1111 1111, ",
        "\u{301}",
        "<PIN_",
        "-----BEGIN PRIVATE KEY ",
    ] {
        let text: String = piece.chars().cycle().take(60_000).collect();
        let begin = Instant::now();
        let out = streamed([text.as_str()]);
        assert!(
            out.len() <= text.len() * 3 && begin.elapsed().as_secs() < 30,
            "{piece:?} took {:?}",
            begin.elapsed()
        );
    }
}
