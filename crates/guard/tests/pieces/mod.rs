//! Texts that nobody would write, made of what recognisers react to.

use proptest::prelude::*;

/// Pieces that recognisers react to, joined in any order.
pub(crate) fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("my pin is ".to_owned()),
        Just("card ".to_owned()),
        Just("account ".to_owned()),
        Just("bsb ".to_owned()),
        Just("password is ".to_owned()),
        Just("my name is ".to_owned()),
        Just("born ".to_owned()),
        Just("double ".to_owned()),
        Just(" street ".to_owned()),
        Just("<PIN_1>".to_owned()),
        Just("<CREDIT_CARD_7> ".to_owned()),
        Just("John Smith ".to_owned()),
        Just(" at example dot com ".to_owned()),
        Just("@".to_owned()),
        Just("\n".to_owned()),
        Just(", ".to_owned()),
        Just("４１１１".to_owned()),
        Just("🙂".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("½".to_owned()),
        "(cvv|iban|passport|licence|tfn|code|expires|token|dob|phone|email|employer|mother|ip|key) (is |number |: )?",
        "(mr|mrs|dear|regards|flat|road|near|from|on|and|my|the|of|to) ",
        "[0-9]{1,17}",
        "[0-9]{2,4}[-/ .][0-9]{2,4}",
        "[a-z]{1,8} ",
        "[A-Z][a-z]{2,7} ",
        "(one|two|oh|nine|twenty|seven) ",
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|p| p.concat())
}
