//! When a certificate ends: the one field of X.509 that rustls does not tell. DER is read as far as there and no further.

use contactiq_domain::Timestamp;
use time::{Date, Month, PrimitiveDateTime, Time};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// `[0] version`, which old certificates leave out.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The `notAfter` of a certificate in DER (RFC 5280, 4.1); none where that is none.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, VERSION) {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        rest = element(rest, tag)?.1;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, after) = moment(validity)?;
    Some(moment(after)?.0)
}

/// The content of an element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Up to four bytes of length: no certificate is longer.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A moment, and what follows it.
fn moment(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, century_told, after) = match element(bytes, UTC_TIME) {
        Some((text, after)) => (text, false, after),
        None => element(bytes, GENERALIZED_TIME).map(|(text, after)| (text, true, after))?,
    };
    let digits = text.strip_suffix(b"Z")?;
    let number = |at: std::ops::Range<usize>| -> Option<u8> {
        std::str::from_utf8(digits.get(at)?)
            .ok()
            .filter(|two| two.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()
    };
    let (year, at) = if century_told {
        (i32::from(number(0..2)?) * 100 + i32::from(number(2..4)?), 4)
    } else {
        let year = i32::from(number(0..2)?);
        (if year < 50 { 2000 + year } else { 1900 + year }, 2)
    };
    if digits.len() != at + 10 {
        return None;
    }
    let month = Month::try_from(number(at..at + 2)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(at + 2..at + 4)?).ok()?;
    let time =
        Time::from_hms(number(at + 4..at + 6)?, number(at + 6..at + 8)?, number(at + 8..at + 10)?).ok()?;
    Some((PrimitiveDateTime::new(date, time).assume_utc().into(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(after: &[u8]) -> Vec<u8> {
        let wrap =
            |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()][..], content].concat();
        let before = wrap(UTC_TIME, b"260101000000Z");
        let tbs = [
            wrap(VERSION, &wrap(INTEGER, &[2])),
            wrap(INTEGER, &[7]),
            wrap(SEQUENCE, &[]),
            wrap(SEQUENCE, &[]),
            wrap(SEQUENCE, &[&before[..], after].concat()),
        ];
        wrap(SEQUENCE, &wrap(SEQUENCE, &tbs.concat()))
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for (after, ends) in [
            (&b"\x17\x0d491231235959Z"[..], "2049-12-31T23:59:59"),
            (b"\x17\x0d500101000000Z", "1950-01-01T00:00:00"),
            (b"\x18\x0f20500101000000Z", "2050-01-01T00:00:00"),
            (b"\x18\x0f99991231235959Z", "9999-12-31T23:59:59"),
        ] {
            assert!(not_after(&certificate(after)).unwrap().to_string().starts_with(ends), "{ends}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end_and_stops_nobody() {
        for wrong in
            [&b"\x17\x0d491331235959Z"[..], b"\x17\x0b4912312359Z", b"\x17\x0d4912312359+Z", b"\x05\x00", b""]
        {
            assert_eq!(not_after(&certificate(wrong)), None, "{wrong:?}");
        }
        let good = certificate(b"\x17\x0d491231235959Z");
        for cut in 0..good.len() {
            assert_eq!(not_after(&good[..cut]), None, "{cut}");
        }
        for at in 0..good.len() {
            for byte in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = good.clone();
                changed[at] = byte;
                let _never_panics = not_after(&changed);
            }
        }
    }
}
