//! Numbers that a state gives: social security, tax, identity, health, passport, driving licence.

use super::{
    check,
    context::{after as cue_after, before, strength},
    cues::Cue,
    identifier::{self, Identifier},
    lexicon::traits as t,
    numbers::{Numbers, Sep, Window},
    page::{Found, Kind, Page},
};
use crate::PersonalType as P;

/// Finds numbers of citizens.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    for run in &numbers.runs {
        for w in numbers.windows(run, 8..=12) {
            if !w.amount()
                && !w.glued()
                && (w.whole || w.units[0].sep == Sep::Start || w.units.len() > 1)
                && let Some((kind, score)) = by_digits(page, &w)
            {
                out.push(Found {
                    start: page.start(w.first()),
                    end: page.end(w.last()),
                    kind,
                    score,
                    by: "national: check digit or cue of a citizen's number",
                });
            }
        }
        last_four(page, numbers, run, out);
    }
    by_shape(page, out);
    by_cue(page, out);
}

fn by_digits(page: &Page<'_>, w: &Window<'_>) -> Option<(P, f64)> {
    let cue = |wanted: &[Cue]| strength(page, w.first(), w.last(), wanted);
    let edge = if w.whole { 0.03 } else { 0.0 };
    let fits = w.whole || w.units[0].sep == Sep::Start;
    match w.digits.len() {
        9 => {
            let ssn = cue(&[Cue::Ssn]);
            if ssn > 0.7 && fits {
                return Some((P::Ssn, 0.86 + 0.08 * ssn + edge));
            }
            let tax = cue(&[Cue::TaxFile]);
            if tax > 0.7 && fits {
                let checked = if check::tfn(w.digits) { 0.03 } else { 0.0 };
                return Some((P::TaxId, 0.85 + 0.08 * tax + edge + checked));
            }
            if w.grouped(&[3, 2, 4]) && check::ssn(w.digits) {
                let shape = if w.joined_by(Sep::Hyphen) { 0.87 } else { 0.72 };
                return Some((P::Ssn, shape + edge));
            }
            (w.grouped(&[3, 3, 3]) && check::tfn(w.digits) && w.whole).then_some((P::TaxId, 0.56))
        }
        8 => {
            let tax = cue(&[Cue::TaxFile]);
            (tax > 0.75 && fits).then_some((P::TaxId, 0.8 + 0.06 * tax))
        }
        10 | 11 => {
            let medicare = cue(&[Cue::Medicare]);
            if medicare > 0.7 && fits {
                let checked = if check::medicare(w.digits) { 0.04 } else { 0.0 };
                return Some((P::NationalId, 0.84 + 0.08 * medicare + edge + checked));
            }
            let shape = w.grouped(&[4, 5, 1]) || w.grouped(&[4, 5, 1, 1]);
            (shape && check::medicare(w.digits)).then_some((P::NationalId, 0.8 + edge))
        }
        12 => {
            let aadhaar = cue(&[Cue::Aadhaar]);
            let checked = w.digits[0] >= 2 && check::verhoeff(w.digits);
            if aadhaar > 0.7 && fits {
                return Some((
                    P::NationalId,
                    0.85 + 0.08 * aadhaar + edge + if checked { 0.03 } else { 0.0 },
                ));
            }
            (checked && w.grouped(&[4, 4, 4]) && w.whole).then_some((P::NationalId, 0.77))
        }
        _ => None,
    }
}

/// "last four of my social 1234".
fn last_four(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    let Some(w) = numbers.window(run.clone(), run) else { return };
    let last = (w.first().saturating_sub(12)..w.first()).any(|i| page.is(i, "last") || page.is(i, "ending"));
    if w.digits.len() == 4 && !w.amount() && !w.glued() && last && before(page, w.first(), &[Cue::Ssn]) > 0.7
    {
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind: P::Ssn,
            score: 0.8,
            by: "national: four digits after \"last four\" or \"ending\" and a cue of the SSN",
        });
    }
}

/// Codes whose shape alone tells what they are: national insurance, PAN, British licences.
fn by_shape(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        if page.tokens[token].kind != Kind::Word {
            continue;
        }
        let length = page.slice(token).len();
        if !(length == 2 || length == 5) {
            continue;
        }
        let id = if length == 2 { identifier::read(page, token, 9) } else { identifier::glued(page, token) };
        let Some(id) = id else { continue };
        let free = token == 0
            || page.gap(token) != super::page::Gap::None
            || page.tokens[token - 1].kind == Kind::Mark;
        if !free {
            continue;
        }
        let found = if is_nino(&id.compact) {
            Some((P::NationalId, 0.9))
        } else if is_pan(&id.compact) {
            Some((P::TaxId, 0.9))
        } else if is_british_licence(&id.compact) {
            Some((P::DriverLicence, 0.9))
        } else {
            None
        };
        if let Some((kind, score)) = found {
            out.push(Found {
                start: id.start,
                end: id.end,
                kind,
                score,
                by: "national: the shape alone tells (national insurance, PAN, British licence)",
            });
        }
    }
}

fn is_nino(c: &[u8]) -> bool {
    c.len() == 9
        && c[..2]
            .iter()
            .all(|b| b.is_ascii_uppercase() && !matches!(b, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V'))
        && c[1] != b'O'
        && !matches!(&c[..2], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && c[2..8].iter().all(u8::is_ascii_digit)
        && matches!(c[8], b'A'..=b'D')
}

fn is_pan(c: &[u8]) -> bool {
    c.len() == 10
        && c[..5].iter().all(u8::is_ascii_uppercase)
        && matches!(c[3], b'P' | b'C' | b'F' | b'H' | b'A' | b'T' | b'B' | b'L' | b'J' | b'G' | b'K')
        && c[5..9].iter().all(u8::is_ascii_digit)
        && c[9].is_ascii_uppercase()
}

fn is_british_licence(c: &[u8]) -> bool {
    c.len() == 16
        && c[..5].iter().all(|b| b.is_ascii_uppercase() || *b == b'9')
        && c[5..11].iter().all(u8::is_ascii_digit)
        && matches!(c[6], b'0' | b'1' | b'5' | b'6')
        && c[11].is_ascii_uppercase()
        && (c[12].is_ascii_uppercase() || c[12] == b'9')
        && c[14..].iter().all(u8::is_ascii_uppercase)
}

/// What follows "passport", "licence", "ni number", "pan", "tfn" as a code of letters and digits.
fn by_cue(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in &page.cues {
        let (kind, least, lengths, score) = match hit.cue {
            Cue::Passport => (P::Passport, 4, 6..=12, 0.93),
            Cue::Licence => (P::DriverLicence, 4, 5..=18, 0.91),
            Cue::Nino => (P::NationalId, 5, 8..=9, 0.93),
            Cue::PanCard => (P::TaxId, 4, 10..=10, 0.95),
            Cue::Identity => (P::NationalId, 5, 7..=16, 0.92),
            Cue::TaxAbroad => (P::TaxId, 7, 8..=14, 0.92),
            _ => continue,
        };
        let Some(id) = identifier::after(page, hit.last + 1, *lengths.end())
            .or_else(|| skipped(page, hit.last, *lengths.end()))
        else {
            continue;
        };
        // "My identity card expires 12/05/2030."
        let says_something = matches!(hit.cue, Cue::Identity | Cue::TaxAbroad)
            && page.tokens[id.first].kind == Kind::Word
            && page.slice(id.first).len() > 2
            && page.gap(id.first + 1) != super::page::Gap::None;
        if lengths.contains(&id.compact.len())
            && !says_something
            && id.digits >= least
            && !id.amount
            && !page.has(id.first, t::MONTH)
            && !year(&id)
        {
            out.push(Found {
                start: id.start,
                end: id.end,
                kind,
                score,
                by: "national: a code of the right length after its cue",
            });
        }
    }
    // "N1234567 is my passport".
    for token in 0..page.tokens.len() {
        if !page.is_digits(token) && page.slice(token).len() > 3 {
            continue;
        }
        let Some(id) = identifier::glued(page, token) else { continue };
        let last = page.tokens.partition_point(|t| (t.start as usize) < id.end).saturating_sub(1);
        for (cue, kind) in [(Cue::Passport, P::Passport), (Cue::Licence, P::DriverLicence)] {
            if id.digits >= 5 && (7..=14).contains(&id.compact.len()) {
                let near = cue_after(page, last, &[cue]).max(before(page, token, &[cue]) - 0.1);
                if near > 0.68 {
                    out.push(Found {
                        start: id.start,
                        end: id.end,
                        kind,
                        score: 0.5 + 0.4 * near,
                        by: "national: a code with its cue behind it",
                    });
                }
            }
        }
    }
}

/// A bare year is when something was issued.
fn year(id: &Identifier) -> bool {
    id.compact.len() == 4 && id.digits == 4
}

/// "passport, it's the Indian one, …": a few words more between the cue and the code.
fn skipped(page: &Page<'_>, last: usize, max: usize) -> Option<Identifier> {
    (last + 1..last + 6)
        .filter(|token| page.distance(last + 1, *token) <= 8)
        .find_map(|token| identifier::read(page, token, max).filter(|id| id.digits >= 5))
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    fn only(text: &str) -> Vec<(String, &'static str)> {
        probe(text)
    }

    #[test]
    fn numbers_of_states_in_their_usual_shapes() {
        for (text, value, kind) in [
            ("ssn 123-45-6789", "123-45-6789", "SSN"),
            ("my social security number is 123 45 6789", "123 45 6789", "SSN"),
            ("123-45-6789", "123-45-6789", "SSN"),
            ("tfn 123 456 782", "123 456 782", "TAX_ID"),
            ("pan ABCPD1234F", "ABCPD1234F", "TAX_ID"),
            ("aadhaar 2341 2341 2346", "2341 2341 2346", "NATIONAL_ID"),
            ("my ni number is AB 12 34 56 C", "AB 12 34 56 C", "NATIONAL_ID"),
            ("medicare 2123 45670 1", "2123 45670 1", "NATIONAL_ID"),
            ("passport number n1234567", "n1234567", "PASSPORT"),
            ("drivers licence 12345678", "12345678", "DRIVER_LICENCE"),
            ("licence no. MORGA657054SM9IJ", "MORGA657054SM9IJ", "DRIVER_LICENCE"),
        ] {
            assert_eq!(only(text), [(value.to_owned(), kind)], "{text}");
        }
    }

    #[test]
    fn documents_without_numbers_are_no_numbers() {
        for text in [
            "my passport expired in 2019",
            "do you need a driving licence",
            "is pan mandatory above 50000 rupees",
        ] {
            assert_eq!(only(text), [], "{text}");
        }
    }
}
