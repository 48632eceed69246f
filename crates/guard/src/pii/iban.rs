//! International bank account numbers: every country by its length, mod 97.

use super::{
    check,
    context::before,
    cues::Cue,
    page::{Found, Gap, Kind, Page},
};
use crate::PersonalType as P;

/// Length by country, from the registry of ISO 13616.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Finds IBANs. A wrong check digit is forgiven only beside the word itself.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        let slice = page.slice(token);
        let starts = page.tokens[token].kind == Kind::Word && slice.len() == 2 && slice.is_ascii();
        let free = page.gap(token) != Gap::None || token == 0 || page.tokens[token - 1].kind == Kind::Mark;
        if !starts || !free {
            continue;
        }
        let country = slice.to_ascii_uppercase();
        let Ok(index) = LENGTHS.binary_search_by_key(&country.as_str(), |(c, _)| c) else { continue };
        let length = LENGTHS[index].1;
        let Some((end, compact)) = gather(page, token, length) else { continue };
        let digits = compact.iter().filter(|b| b.is_ascii_digit()).count();
        if compact[2..4].iter().all(u8::is_ascii_digit) && digits >= 8 {
            if check::mod97(&compact) {
                out.push(Found {
                    start: page.start(token),
                    end,
                    kind: P::Iban,
                    score: 0.99,
                    by: "iban: country, length and check digits",
                });
            } else if before(page, token, &[Cue::Iban]) > 0.7 {
                out.push(Found {
                    start: page.start(token),
                    end,
                    kind: P::Iban,
                    score: 0.93,
                    by: "iban: country and length after the word IBAN; the check digits are wrong",
                });
            }
        }
    }
    spelled_country(page, out);
}

/// Beside the word "iban", a code of the right shape counts whatever its length.
fn spelled_country(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in page.cues.iter().filter(|c| c.cue == Cue::Iban) {
        let Some(id) = super::identifier::after(page, hit.last + 1, 34) else { continue };
        if id.compact.len() >= 14 && id.digits >= 8 && id.compact[..2].iter().all(u8::is_ascii_uppercase) {
            out.push(Found {
                start: id.start,
                end: id.end,
                kind: P::Iban,
                score: 0.9,
                by: "iban: the shape after the word IBAN",
            });
        }
    }
}

/// Gathers exactly `length` letters and digits from tokens apart by at most a space, hyphen or dot.
fn gather(page: &Page<'_>, first: usize, length: usize) -> Option<(usize, Vec<u8>)> {
    let mut compact = Vec::with_capacity(length);
    let mut token = first;
    while compact.len() < length {
        let t = page.tokens.get(token)?;
        let slice = page.slice(token);
        match t.kind {
            _ if t.gap == Gap::Break && token > first => return None,
            Kind::Mark if matches!(slice, "-" | "." | "/") => {}
            Kind::Mark => return None,
            Kind::Word if page.entry(token).spoken.is_some() && slice.len() > 1 && compact.len() >= 2 => {
                let digit = super::identifier::read(page, token, 1)?;
                compact.extend_from_slice(&digit.compact);
            }
            _ => {
                if !slice.is_ascii() || compact.len() + slice.len() > length {
                    return None;
                }
                compact.extend(slice.bytes().map(|b| b.to_ascii_uppercase()));
            }
        }
        token += 1;
    }
    // Not the beginning of something longer.
    let ends = page.gap(token) != Gap::None || page.tokens.get(token).is_none_or(|t| t.kind == Kind::Mark);
    (ends && compact.len() == length && compact.len() > 4).then(|| (page.end(token - 1), compact))
}

#[cfg(test)]
mod tests {
    use super::LENGTHS;
    use crate::pii::probe;

    #[test]
    fn the_table_is_sorted() {
        assert!(LENGTHS.is_sorted());
    }

    #[test]
    fn ibans_of_several_countries_in_any_grouping() {
        for text in [
            "GB82 WEST 1234 5698 7654 32",
            "to de89370400440532013000 please",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93-8601-1117-947",
            "nl91 abna 0417 1643 00",
        ] {
            assert!(probe(text).iter().any(|f| f.1 == "IBAN"), "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_needs_the_word() {
        assert!(probe("GB83 WEST 1234 5698 7654 32").iter().all(|f| f.1 != "IBAN"));
        assert!(probe("iban GB83 WEST 1234 5698 7654 32").iter().any(|f| f.1 == "IBAN"));
    }
}
