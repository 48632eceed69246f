//! Postcodes of Australia, Britain, the United States and India, inside an address and alone.

use super::{
    context::{after, before},
    cues::Cue,
    lexicon::traits as t,
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// A postcode of any of the four countries at a token: its last token.
pub(super) fn at(page: &Page<'_>, token: usize) -> Option<usize> {
    if page.is_digits(token) {
        let n = page.slice(token).len();
        let free = page.gap(token + 1) != Gap::None || !page.is_word(token + 1);
        if n == 5
            && page.slice(token + 1) == "-"
            && page.is_digits(token + 2)
            && page.slice(token + 2).len() == 4
        {
            return Some(token + 2);
        }
        if n == 3
            && page.is_digits(token + 1)
            && page.slice(token + 1).len() == 3
            && page.gap(token + 1) == Gap::Space
        {
            return Some(token + 1);
        }
        return (free && matches!(n, 4..=6)).then_some(token);
    }
    british(page, token)
}

/// "SW1A 1AA": letters, digits, perhaps a letter; a digit and two letters.
pub(super) fn british(page: &Page<'_>, token: usize) -> Option<usize> {
    let area = page.slice(token);
    let opens = page.is_word(token) && area.len() <= 2 && area.is_ascii();
    let joined = page.is_digits(token + 1) && page.gap(token + 1) == Gap::None;
    if !opens || !joined {
        return None;
    }
    let mut next = token + 2;
    let district = page.slice(token + 1).len();
    // Without a space the inward digit sticks to the district: "SW1A1AA" keeps them apart, "S60YA" does not.
    if page.gap(next) == Gap::None
        && page.is_word(next)
        && page.slice(next).len() == 2
        && (2..=3).contains(&district)
    {
        return Some(next);
    }
    if district > 2 {
        return None;
    }
    if page.gap(next) == Gap::None && page.is_word(next) && page.slice(next).len() == 1 {
        next += 1;
    }
    let inward = page.is_digits(next)
        && page.slice(next).len() == 1
        && page.gap(next) != Gap::Break
        && page.gap(next + 1) == Gap::None
        && page.is_word(next + 1)
        && page.slice(next + 1).len() == 2;
    inward.then_some(next + 1)
}

/// Areas of Royal Mail, without which "e3 7ab" would be any code.
const AREAS: &str = " ab al b ba bb bd bh bl bn br bs bt ca cb cf ch cm co cr ct cv cw da dd de dg dh dl dn dt dy e ec eh en ex fa \
                     fk fy g gl gu gy ha hd hg hp hr hs hu hx ig im ip iv ka kt kw ky l la ld le ll ln ls lu m me mk ml n ne ng nn \
                     np nr nw ol ox pa pe ph pl po pr rg rh rm s sa se sg sk sl sm sn so sp sr ss st sw sy ta td tf tn tq tr ts tw ub \
                     w wa wc wd wf wn wr ws wv yo ze ";

/// A British postcode counts alone: it names a handful of houses.
pub(super) fn british_alone(page: &Page<'_>, token: usize, out: &mut Vec<Found>) {
    let Some(last) = british(page, token) else { return };
    if AREAS.contains(&format!(" {} ", page.slice(token).to_ascii_lowercase()))
        && page.gap(last + 1) != Gap::None
        || last + 1 == page.tokens.len()
    {
        let cue = before(page, token, &[Cue::Address, Cue::Postcode]);
        out.push(Found {
            start: page.start(token),
            end: page.end(last),
            kind: P::Address,
            score: 0.62 + 0.2 * cue,
            by: "postcode: a British postcode of a known area, alone",
        });
    }
}

/// A postcode of digits alone counts beside its word, or in the nine-digit form of the United States.
pub(super) fn alone(page: &Page<'_>, token: usize, out: &mut Vec<Found>) {
    let Some(last) = at(page, token) else { return };
    let length = page.slice(token).len();
    let cue = before(page, token, &[Cue::Postcode]).max(after(page, last, &[Cue::Postcode]));
    let nine = length == 5 && last == token + 2;
    let free = token == 0 || page.gap(token) != Gap::None;
    let state = length == 5
        && token > 0
        && page.has(token - 1, t::STATE)
        && page.slice(token - 1).len() == 2
        && page.slice(token - 1).bytes().all(|b| b.is_ascii_uppercase());
    let score = if cue > 0.76 {
        0.86
    } else if nine && free || state && page.cased {
        0.6
    } else {
        return;
    };
    let first = if state { token - 1 } else { token };
    out.push(Found {
        start: page.start(first),
        end: page.end(last),
        kind: P::Address,
        score,
        by: "postcode: a cue of an address, nine digits or a state beside it",
    });
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn postcodes_alone_need_their_word_or_their_shape() {
        for (text, code) in [
            ("my zip is 90210", "90210"),
            ("postcode NW1 6XE", "NW1 6XE"),
            ("zip code 62704-1234", "62704-1234"),
        ] {
            assert_eq!(probe(text), [(code.to_owned(), "ADDRESS")], "{text}");
        }
    }

    #[test]
    fn other_short_numbers_are_no_postcodes() {
        for text in ["i have 90210 points", "error e3 7", "what is a zip file"] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
