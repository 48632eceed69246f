//! Messages with personal data of every type, made up for the tests of the stream.

use proptest::prelude::*;

/// Digits of a number in one of the ways that people write and say them.
fn written(digits: String, groups: &'static [usize]) -> impl Strategy<Value = String> {
    (0..5_usize).prop_map(move |way| {
        let spoken = |c: char| {
            ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
                [c as usize - '0' as usize]
        };
        let grouped = |between: &str| {
            let mut rest = digits.as_str();
            let mut parts = Vec::new();
            for n in groups.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, tail) = rest.split_at((*n).min(rest.len()));
                parts.push(part.to_owned());
                rest = tail;
            }
            parts.join(between)
        };
        match way {
            0 => digits.clone(),
            1 => grouped(" "),
            2 => grouped("-"),
            3 => digits.chars().map(spoken).collect::<Vec<_>>().join(" "),
            _ => digits.chars().map(|c| char::from_u32(c as u32 - 48 + 0xff10).unwrap_or(c)).collect(),
        }
    })
}

fn number(length: usize, groups: &'static [usize]) -> BoxedStrategy<String> {
    prop::collection::vec(0..10_u8, length)
        .prop_map(|d| d.iter().map(u8::to_string).collect::<String>())
        .prop_flat_map(move |d| written(d, groups))
        .boxed()
}

/// A card number with its check digit.
fn card() -> BoxedStrategy<String> {
    prop::collection::vec(0..10_u32, 14)
        .prop_map(|mut digits| {
            digits.insert(0, 4);
            let sum: u32 = digits
                .iter()
                .rev()
                .enumerate()
                .map(|(i, d)| if i % 2 == 0 { if d * 2 > 9 { d * 2 - 9 } else { d * 2 } } else { *d })
                .sum();
            digits.push((10 - sum % 10) % 10);
            digits.iter().map(u32::to_string).collect::<String>()
        })
        .prop_flat_map(|d| written(d, &[4]))
        .boxed()
}

fn name() -> BoxedStrategy<String> {
    "(Zorblat|Oliver|Priya|Tamsin|Hannah|Quillon) (Quimby|Novak|Savant|Okafor|Lindqvist)( Brandt)?".boxed()
}

/// A sentence with something personal.
pub(crate) fn personal() -> BoxedStrategy<String> {
    let said = |cue: &'static str, value: BoxedStrategy<String>, end: &'static str| {
        value.prop_map(move |v| format!("{cue}{v}{end}")).boxed()
    };
    prop_oneof![
        said("My card number is ", card(), " and it was lost."),
        said("Please look at card ", card(), ", it was charged twice."),
        said("It expires ", "(0[1-9]|1[0-2])/2[6-9]".boxed(), " and the card is new."),
        said("The cvv is ", number(3, &[1]), "."),
        said("My pin is ", number(4, &[2]), ", is that safe?"),
        said("The one-time code is ", number(6, &[3]), "."),
        said("My password is ", "[a-z]{3,6}[0-9]{2,4}[!#_]?[A-Z]{1,3}".boxed(), " for the app."),
        said("The api key is ", "sk_live_[a-zA-Z0-9]{8}[0-9]{4}[a-z]{8}".boxed(), "."),
        said("My account number is ", number(9, &[3]), " at your bank."),
        said("The bsb is ", number(6, &[3]), " and that is all."),
        said("My customer number is ", number(8, &[4]), "."),
        said("Pay to ", "DE89 3704 0044 0532 0130 00|GB82WEST12345698765432".boxed(), " please."),
        said("My ssn is ", "[1-5][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}".boxed(), "."),
        said("My tax file number is ", number(9, &[3]), "."),
        said("My medicare number is ", number(10, &[4, 5, 1]), "."),
        said("My passport number is ", "[NPE][0-9]{7}".boxed(), "."),
        said("My driver licence number is ", number(8, &[8]), "."),
        said("I was born on ", "([1-9]|1[0-9]|2[0-8]) (March|May|October) 19[5-9][0-9]".boxed(), "."),
        said(
            "I live at ",
            "[1-9][0-9]? (King|Station|Mill) (Street|Road|Avenue), (Leeds|Perth|Austin)".boxed(),
            "."
        ),
        said("Write to ", "[a-z]{3,8}[.][a-z]{3,6}@example[.](com|org)".boxed(), " about it."),
        said("Write to ", "[a-z]{3,8} at example dot com".boxed(), " about it."),
        said("Call me on ", number(8, &[4]).prop_map(|n| format!("04{n}")).boxed(), " after lunch."),
        said("I signed in from ", "10[.][0-9]{1,2}[.]1[0-9][.][1-9]".boxed(), "."),
        said("My name is ", name(), " and I need help."),
        said("Please ask Mrs ", name(), ", she knows."),
        said("My wife ", name(), " has a card, too."),
    ]
    .boxed()
}

/// A sentence with nothing personal.
pub(crate) fn plain() -> BoxedStrategy<String> {
    prop_oneof![
        Just("What is the fee for a replacement card?".to_owned()),
        Just("I do not know how to change the limit in the app.".to_owned()),
        Just("The transfer was late, and nobody could tell me why it took so long.".to_owned()),
        Just("Can you help me with the new loan and with the savings account, please?".to_owned()),
        "I paid [$][1-9][0-9]{0,3}[.]50 for it in (May|June|March) and got nothing back.",
        "The rate was [1-9][.][0-9]{2}% for (two|three|12|24) months.",
        Just("Thank you.".to_owned()),
    ]
    .boxed()
}

/// A few sentences, in any order.
pub(crate) fn some(count: std::ops::Range<usize>) -> BoxedStrategy<String> {
    prop::collection::vec(prop_oneof![3 => personal(), 1 => plain()], count)
        .prop_map(|sentences| sentences.join(" "))
        .boxed()
}

/// More than the hold.
pub(crate) fn long() -> BoxedStrategy<String> {
    prop::collection::vec(prop_oneof![1 => personal(), 1 => plain()], 8..30)
        .prop_map(|sentences| sentences.join(" "))
        .boxed()
}
