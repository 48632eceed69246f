//! Ids that are spelt letter by letter, in letters or in the telephone alphabet: "a b c p e one two three".

use super::{
    cues::Cue,
    lexicon::{Spoken, traits as t},
    page::{Found, Gap, Page},
    secrets::link,
};
use crate::PersonalType as P;

/// Whether a word is one that a spelt-out code is made of, in the telephone alphabet.
fn spelt_letter(word: &str) -> Option<u8> {
    const WORDS: &str = " alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike \
                         november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu ";
    let lower = word.to_ascii_lowercase();
    let known =
        lower.len() == 1 && lower.as_bytes()[0].is_ascii_lowercase() || WORDS.contains(&format!(" {lower} "));
    known.then(|| lower.as_bytes()[0].to_ascii_uppercase())
}

/// Finds them behind their cue: "pan is a b c p e one two three four f": an id spelt letter by letter behind its cue.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in &page.cues {
        let (kind, least, most) = match hit.cue {
            Cue::PanCard => (P::TaxId, 10, 10),
            Cue::Nino => (P::NationalId, 8, 9),
            Cue::Ifsc => (P::BankRouting, 11, 11),
            Cue::Passport => (P::Passport, 7, 9),
            Cue::Licence => (P::DriverLicence, 6, 16),
            Cue::Iban => (P::Iban, 15, 34),
            Cue::Postcode => (P::Address, 5, 7),
            _ => continue,
        };
        let mut first = hit.last + 1;
        while first < hit.last + 5 && link(page, first).is_some() && spelt_or_digits(page, first).is_none() {
            first += 1;
        }
        let (mut token, mut count, mut letters, mut last) = (first, 0, 0, None);
        while let Some((length, letter)) = spelt_or_digits(page, token).filter(|(n, _)| count + n <= most) {
            if token > first && page.gap(token) == Gap::Break {
                break;
            }
            count += length;
            letters += usize::from(letter);
            last = Some(token);
            token += 1;
        }
        // Two single letters may be words ("a", "i"); more are spelt.
        if let Some(last) = last.filter(|_| count >= least && letters >= 2 && !page.has(first, t::TITLE)) {
            out.push(Found {
                start: page.start(first),
                end: page.end(last),
                kind,
                score: 0.93,
                by: "credentials: an id spelt letter by letter behind its cue",
            });
        }
    }
}

/// How many characters of a spelt id a token is, and whether a letter.
fn spelt_or_digits(page: &Page<'_>, token: usize) -> Option<(usize, bool)> {
    if page.is_digits(token) {
        return Some((page.slice(token).len(), false));
    }
    match page.entry(token).spoken {
        Some(Spoken::Digit(_)) if page.slice(token).len() > 1 => return Some((1, false)),
        Some(Spoken::Teen(_) | Spoken::Ten(_)) => return Some((2, false)),
        // The digit itself follows and is the last one.
        Some(Spoken::Repeat(times)) => return Some((usize::from(times) - 1, false)),
        _ => {}
    }
    page.is_word(token).then(|| spelt_letter(page.slice(token))).flatten().map(|_| (1, true))
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    fn of(text: &str, kind: &str) -> Vec<String> {
        probe(text).into_iter().filter(|f| f.1 == kind).map(|f| f.0).collect()
    }

    #[test]
    fn spelt_ids_are_found_behind_their_cue() {
        for (text, kind) in [
            ("my PAN is A B C P E 1 2 3 4 F", "TAX_ID"),
            ("pan alpha bravo charlie papa echo one two three four foxtrot", "TAX_ID"),
            ("national insurance a b one two three four five six c", "NATIONAL_ID"),
            ("passport number papa alpha one two three four five six seven", "PASSPORT"),
            ("ifsc h d f c zero zero zero one two three four", "BANK_ROUTING"),
        ] {
            assert_eq!(of(text, kind).len(), 1, "{text}: {:?}", probe(text));
        }
        assert_eq!(of("my passport is a mess and i need a new one", "PASSPORT"), Vec::<String>::new());
    }
}
