//! Numbers of citizens of the European Union that are told by shape and check letter, whatever stands beside them:
//! Spanish DNI and NIE, Italian codice fiscale, Irish PPS numbers. Behind their cues `national.rs` finds the others.

use super::{
    cues::Cue,
    identifier,
    page::{Found, Page},
};
use crate::PersonalType as P;

/// The letter of a DNI, NIE by its number modulo 23 (Real Decreto 1553/2005).
const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    // One order number of 23 has the letter of a DNI or a PPS number by chance.
    let cued = page.cues.iter().any(|hit| matches!(hit.cue, Cue::Identity | Cue::TaxAbroad | Cue::Passport));
    for token in 0..page.tokens.len() {
        // They begin with seven or eight digits, with one letter, or with six.
        let length = page.slice(token).len();
        let may_begin = if page.is_digits(token) { matches!(length, 7 | 8) } else { matches!(length, 1 | 6) };
        if !may_begin {
            continue;
        }
        let Some(id) = identifier::glued(page, token) else { continue };
        let by = if is_spanish(&id.compact) && (cued || id.compact[0].is_ascii_uppercase()) {
            "european: DNI or NIE by its check letter"
        } else if is_codice_fiscale(&id.compact) {
            "european: codice fiscale by its check letter"
        } else if cued && is_pps(&id.compact) {
            "european: PPS number by its check letter"
        } else {
            continue;
        };
        out.push(Found { start: id.start, end: id.end, kind: P::NationalId, score: 0.88, by });
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// `12345678Z`, `X1234567L`.
fn is_spanish(code: &[u8]) -> bool {
    let [digits @ .., letter] = code else { return false };
    let value = match digits {
        [first @ (b'X' | b'Y' | b'Z'), rest @ ..] if rest.len() == 7 => {
            number(rest).map(|n| u32::from(first - b'X') * 10_000_000 + n)
        }
        all if all.len() == 8 => number(all),
        _ => None,
    };
    value.is_some_and(|n| SPANISH[(n % 23) as usize] == *letter)
}

/// `1234567TW`: seven digits, a check letter, and from 2013 on a second letter that counts nine times.
fn is_pps(code: &[u8]) -> bool {
    let (digits, letters) = code.split_at(code.len().min(7));
    let (Some(_), [check, rest @ ..]) = (number(digits).filter(|_| digits.len() == 7), letters) else {
        return false;
    };
    let second = match rest {
        [] | [b'W'] => 0,
        [letter @ b'A'..=b'I'] => 9 * u32::from(letter - b'A' + 1),
        _ => return false,
    };
    let sum: u32 = digits.iter().zip((2..=8).rev()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    let letter = match (sum + second) % 23 {
        0 => b'W',
        n => b'A' + n as u8 - 1,
    };
    *check == letter
}

/// `RSSMRA85T10A562S`: the last letter is a sum of the fifteen before it, odd places by a table of their own (Decreto
/// Ministeriale 23 December 1976). A digit that would be taken twice may be written as a letter.
fn is_codice_fiscale(code: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    const NUMERALS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
    if code.len() != 16 {
        return false;
    }
    let shaped = code.iter().enumerate().all(|(at, b)| match at {
        8 => b"ABCDEHLMPRST".contains(b),
        at if NUMERALS.contains(&at) => b.is_ascii_digit() || b"LMNPQRSTUV".contains(b),
        _ => b.is_ascii_uppercase(),
    });
    let value = |b: u8| if b.is_ascii_digit() { b - b'0' } else { b - b'A' } as usize;
    let sum = |shaped: &[u8]| -> u32 {
        shaped
            .iter()
            .enumerate()
            .map(|(at, b)| if at % 2 == 0 { ODD[value(*b)] } else { value(*b) as u32 })
            .sum()
    };
    shaped && b'A' + (sum(&code[..15]) % 26) as u8 == code[15]
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn numbers_of_european_states_are_told_by_their_check_letters() {
        for value in
            ["12345678Z", "X1234567L", "Y0123456Y", "RSSMRA85T10A562S", "1234567TW", "1234567T", "1234567FA"]
        {
            let text = format!("my identity number, that would be {value} then");
            assert_eq!(probe(&text), [(value.to_owned(), "NATIONAL_ID")], "{text}");
        }
        for none in [
            "12345678A",
            "X1234567A",
            "RSSMRA85T10A562A",
            "1234567AB",
            "order 1234567A please",
            "size 1234567",
        ] {
            let found = probe(&format!("that would be {none} then"));
            assert!(found.iter().all(|(_, kind)| *kind != "NATIONAL_ID"), "{none}: {found:?}");
        }
    }

    #[test]
    fn order_numbers_and_days_are_none() {
        for text in [
            "where is order 1234567T",
            "INV-12345678Z is paid",
            "my identity card expires 12/05/2030",
            "id card issued 01.02.2015",
        ] {
            assert!(probe(text).iter().all(|(_, kind)| *kind != "NATIONAL_ID"), "{text}: {:?}", probe(text));
        }
    }

    #[test]
    fn others_are_found_behind_what_their_countries_call_them() {
        for (text, value, kind) in [
            ("my identity card number is L01X00T471", "L01X00T471", "NATIONAL_ID"),
            ("national identity card: 0C2450931", "0C2450931", "NATIONAL_ID"),
            ("mein Personalausweis hat die Nummer L01X00T471", "L01X00T471", "NATIONAL_ID"),
            ("my PESEL is 44051401359", "44051401359", "NATIONAL_ID"),
            ("burgerservicenummer 111222333", "111222333", "NATIONAL_ID"),
            ("personnummer 811218-9876", "811218-9876", "NATIONAL_ID"),
            (
                "mon numéro de sécurité sociale est 1 85 05 78 006 084 91",
                "1 85 05 78 006 084 91",
                "NATIONAL_ID",
            ),
            ("my tax code is RSSMRA85T10A562S", "RSSMRA85T10A562S", "NATIONAL_ID"),
            ("meine Steuer-ID lautet 86095742719", "86095742719", "TAX_ID"),
            ("mein Reisepass ist C01X00T47", "C01X00T47", "PASSPORT"),
            ("mon passeport 12AB34567", "12AB34567", "PASSPORT"),
            ("Führerschein B072RRE2I55", "B072RRE2I55", "DRIVER_LICENCE"),
        ] {
            assert!(probe(text).contains(&(value.to_owned(), kind)), "{text}: {:?}", probe(text));
        }
        for text in [
            "what is an identity card good for",
            "which id do I bring, passport or identity card, to the branch at 12 High Street",
            "does a PPS number count as id, I have 2000 euros",
            "my tax code is 1257L",
        ] {
            assert!(probe(text).iter().all(|(_, kind)| !["NATIONAL_ID", "TAX_ID"].contains(kind)), "{text}");
        }
    }
}
