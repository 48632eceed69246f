//! Postal addresses of Australia, Britain, the United States and India, in any case.

use super::{
    context::before,
    cues::Cue,
    lexicon::traits as t,
    page::{Found, Gap, Page},
    postcodes,
};
use crate::PersonalType as P;

/// Finds addresses.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        if page.is_digits(token) {
            street(page, token, out);
            postcodes::alone(page, token, out);
        } else if page.is_word(token) {
            post_box(page, token, out);
            postcodes::british_alone(page, token, out);
            plot(page, token, out);
            said_house(page, token, out);
        }
    }
}

/// Number, words, street type; then as much of unit, town, state and postcode as follows.
fn street(page: &Page<'_>, number: usize, out: &mut Vec<Found>) {
    let Some((first, mut token)) = house(page, number) else { return };
    let mut words = 0;
    let mut kind = None;
    let limit = token + 7;
    while token < limit && (words == 0 || page.gap(token) != Gap::Break) {
        let is_type = page.has(token, t::STREET | t::STREET_WEAK);
        // "149, sector 7": the quarter has a number instead of a name.
        if is_type && words == 0 && page.is_digits(token + 1) && page.slice(token + 1).len() <= 3 {
            kind = Some(token + 1);
            break;
        }
        if is_type && words > 0 {
            kind = Some(token);
            // "Park View Road": the last type in a row counts.
            if !(page.has(token + 1, t::STREET | t::STREET_WEAK) && page.gap(token + 1) == Gap::Space) {
                break;
            }
        } else if !(is_name_word(page, token, words) || (page.is_digits(token) && is_ordinal(page, token))) {
            // "42nd" is two tokens.
            if !(page.gap(token) == Gap::None && token > 0 && is_ordinal(page, token - 1)) {
                break;
            }
        }
        words += 1;
        token += 1;
    }
    let weak_only = |k: usize| !page.has(k, t::STREET);
    let street_end = match kind {
        Some(k) => k,
        // Indian and loose forms: without a type only with a postcode behind and a cue before.
        None => {
            let cue = before(page, first, &[Cue::Address]);
            if words == 0 || cue < 0.7 {
                return;
            }
            token - 1
        }
    };
    let tail = tail(page, street_end);
    let cue = before(page, first, &[Cue::Address]) > 0.6;
    let long_type = kind.is_some_and(|k| !weak_only(k) && page.slice(k).len() > 2);
    let score = match (kind.is_some(), tail.postcode, tail.state || tail.town) {
        (true, true, _) => 0.95,
        (true, false, true) => 0.88,
        (true, false, false) if cue => 0.86,
        (true, false, false) if long_type => 0.75,
        (false, true, _) if cue => 0.8,
        _ => return,
    };
    out.push(Found {
        start: page.start(first),
        end: page.end(tail.last),
        kind: P::Address,
        score,
        by: "addresses: number, street and type, with postcode, state, town or cue",
    });
}

/// "number nine oak avenue": a house number in words, where somebody says that he lives there.
fn said_house(page: &Page<'_>, first: usize, out: &mut Vec<Found>) {
    let said = |i: usize| page.entry(i).spoken.is_some() && !page.has(i, t::QUANTITY);
    if !said(first) || first > 0 && said(first - 1) {
        return;
    }
    let mut next = first;
    while said(next)
        || page.is(next, "and")
        || page.is_word(next) && page.slice(next).len() == 1 && next > first
    {
        next += 1;
        if next > first + 6 {
            return;
        }
    }
    let name = next;
    while next < name + 3 && is_name_word(page, next, next - name) && !page.has(next, t::STREET) {
        next += 1;
    }
    let business = ["bank", "banks", "shop", "shops", "store", "stores", "brand", "brands"];
    if next == name || !page.has(next, t::STREET) || business.iter().any(|w| page.is(next + 1, w)) {
        return;
    }
    let before_it = ["at", "number", "no", "is", "address"];
    let placed = first == 0 || before_it.iter().any(|w| page.is(first - 1, w));
    if placed || before(page, first, &[Cue::Address]) > 0.5 {
        out.push(Found {
            start: page.start(first),
            end: page.end(tail(page, next).last),
            kind: P::Address,
            score: 0.8,
            by: "addresses: a house number in words and a street",
        });
    }
}

fn is_ordinal(page: &Page<'_>, token: usize) -> bool {
    page.is_digits(token)
        && page.gap(token + 1) == Gap::None
        && ["st", "nd", "rd", "th"].iter().any(|s| page.is(token + 1, s))
}

/// A word that a street may be named after.
fn is_name_word(page: &Page<'_>, token: usize, words: usize) -> bool {
    if !page.is_word(token)
        || page.gap(token) == Gap::None
            && page.slice(token.saturating_sub(1)) != "."
            && page.slice(token.saturating_sub(1)) != "-"
    {
        // A dot of an abbreviation or a hyphen inside is passed over.
        return matches!(page.slice(token), "." | "-") && words > 0 && page.gap(token) == Gap::None;
    }
    let traits = page.entry(token).traits;
    if traits & t::DIRECTION != 0 {
        return true;
    }
    let function = traits & t::FUNCTION != 0 && !page.is(token, "the");
    let counted = traits & (t::CURRENCY | t::QUANTITY) != 0 && !page.is_capital(token);
    !function && !counted && page.slice(token).len() > 1
}

/// The house number with what belongs before it: "Unit 4, 12", "5/234", "Flat 3B". The first token
/// and the one behind the number.
fn house(page: &Page<'_>, number: usize) -> Option<(usize, usize)> {
    if page.slice(number).len() > 5 || is_ordinal(page, number) {
        return None;
    }
    if number > 0
        && (matches!(page.slice(number - 1), "$" | "£" | "€" | "₹" | "." | "/" | "+")
            && page.gap(number) == Gap::None)
    {
        return None;
    }
    let mut first = number;
    let mut next = number + 1;
    // "5/234", "12-14".
    if matches!(page.slice(next), "/" | "-") && page.is_digits(next + 1) && page.slice(next + 1).len() <= 5 {
        next += 2;
    }
    // "12A".
    if page.gap(next) == Gap::None && page.is_word(next) && page.slice(next).len() == 1 {
        next += 1;
    }
    if page.slice(next) == "," {
        next += 1;
    }
    // "unit 4 12 king street": the unit before, or a unit whose house number follows.
    if first > 0 && page.has(first - 1, t::UNIT) {
        first -= 1;
        if page.is_digits(next) && page.slice(next).len() <= 5 && !is_ordinal(page, next) {
            next += 1;
            if page.gap(next) == Gap::None && page.is_word(next) && page.slice(next).len() == 1 {
                next += 1;
            }
            if page.slice(next) == "," {
                next += 1;
            }
        }
    } else if first > 2 && (page.is_digits(first - 1) || page.slice(first - 1) == ",") {
        let unit_number = if page.slice(first - 1) == "," { first - 2 } else { first - 1 };
        if unit_number > 0 && page.has(unit_number - 1, t::UNIT) && page.slice(unit_number).len() <= 4 {
            return None;
        }
    }
    Some((first, next))
}

struct Tail {
    last: usize,
    state: bool,
    town: bool,
    postcode: bool,
}

/// What follows a street: unit, suburb and town, state, postcode.
fn tail(page: &Page<'_>, street: usize) -> Tail {
    let mut tail = Tail { last: street, state: false, town: false, postcode: false };
    let mut token = street + 1;
    if page.slice(token) == "." && page.gap(token) == Gap::None && !matches!(page.gap(token + 1), Gap::Break)
    {
        token += 1;
    }
    let mut words = 0;
    let mut pending = None;
    while token < street + 16 {
        let slice = page.slice(token);
        if slice == "," || slice == "-" {
            token += 1;
            continue;
        }
        if slice.is_empty() || (page.gap(token) == Gap::Break && words > 4) {
            break;
        }
        if slice == "#"
            || page.has(token, t::UNIT) && (page.is_digits(token + 1) || page.slice(token + 1).len() == 1)
        {
            tail.last = token + 1;
            if page.gap(token + 2) == Gap::None && page.is_word(token + 2) && page.slice(token + 2).len() == 1
            {
                tail.last = token + 2;
            }
            token = tail.last + 1;
            continue;
        }
        if page.has(token, t::DIRECTION) && slice.len() <= 2 && words == 0 {
            tail.last = token;
            token += 1;
            continue;
        }
        if let Some(last) = postcodes::at(page, token) {
            tail.last = last;
            tail.postcode = true;
            break;
        }
        if page.has(token, t::STATE)
            && slice.len() <= 3
            && (page.is_digits(token + 1) || words > 0 || page.is_capital(token))
        {
            tail.state = true;
            tail.last = token;
            token += 1;
            continue;
        }
        let known = page.has(token, t::CITY | t::STATE);
        let traits = page.entry(token).traits;
        let place = page.is_word(token) && traits & t::FUNCTION == 0 && slice.len() > 1;
        if !place || words >= 6 {
            break;
        }
        words += 1;
        if known {
            tail.town = true;
            tail.last = token;
            pending = None;
        } else {
            // Unknown words belong only when a state, town or postcode closes the address.
            pending.get_or_insert(token);
        }
        token += 1;
    }
    // Behind a comma, capitalised words are a town even if nothing closes the address.
    if let Some(first) = pending
        && page.cased
        && !tail.postcode
        && page.slice(first.saturating_sub(1)) == ","
    {
        let mut last = first;
        while page.is_word(last) && page.is_capital(last) && last < first + 3 {
            tail.last = tail.last.max(last);
            tail.town = true;
            last += 1;
        }
    }
    tail
}

/// "PO Box 12", "GPO Box 99 Sydney NSW 2001", "Locked Bag 5".
fn post_box(page: &Page<'_>, token: usize, out: &mut Vec<Found>) {
    let dotted = page.is(token, "p") && page.slice(token + 1) == "." && page.is(token + 2, "o");
    let after = if page.is(token, "po") || page.is(token, "gpo") || page.is(token, "pobox") {
        token + 1
    } else if dotted {
        token + if page.slice(token + 3) == "." { 4 } else { 3 }
    } else if page.is(token, "locked") && page.is(token + 1, "bag")
        || page.is(token, "private") && page.is(token + 1, "bag")
    {
        token + 1
    } else {
        return;
    };
    let number = if page.is(after, "box") || page.is(after, "bag") { after + 1 } else { after };
    if number > after || page.is(token, "pobox") {
        let number = if page.slice(number) == "#" { number + 1 } else { number };
        if page.is_digits(number) {
            let last = tail(page, number).last;
            out.push(Found {
                start: page.start(token),
                end: page.end(last),
                kind: P::Address,
                score: 0.92,
                by: "addresses: a post box with its number",
            });
        }
    }
}

/// Indian forms: "plot 7, sector 12, noida 201301", "flat no 4, …, 560001".
fn plot(page: &Page<'_>, token: usize, out: &mut Vec<Found>) {
    // "H.No. 7": house number.
    let house = page.is(token, "h") && matches!(page.slice(token + 1), "." | "/" | "no");
    if !page.has(token, t::UNIT) && !house {
        return;
    }
    let mut number = token + 1;
    while page.is(number, "no")
        || page.is(number, "number")
        || matches!(page.slice(number), "." | "#" | ":" | "-")
    {
        number += 1;
    }
    if !page.is_digits(number) || page.slice(number).len() > 5 || number > token + 5 {
        return;
    }
    let mut at = number + 1;
    let mut words = 0;
    let mut hint = false;
    while at < number + 18 && page.gap(at) != Gap::Break {
        let slice = page.slice(at);
        hint |= page.has(at, t::STREET | t::CITY);
        if page.is_digits(at) && matches!(slice.len(), 5 | 6) || postcodes::british(page, at).is_some() {
            if words >= 1 && (hint || slice.len() == 6) {
                let last = postcodes::at(page, at).unwrap_or(at);
                out.push(Found {
                    start: page.start(token),
                    end: page.end(last),
                    kind: P::Address,
                    score: 0.93,
                    by: "addresses: house, plot or flat with a postcode behind it",
                });
            }
            return;
        }
        if page.has(at, t::FUNCTION) && slice.len() > 2 {
            return;
        }
        words += usize::from(page.is_word(at));
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn addresses_of_four_countries() {
        for text in [
            "12 King Street, Newtown NSW 2042",
            "unit 4, 12 king street newtown nsw 2042",
            "5/12 King St Newtown 2042",
            "221B Baker Street, London NW1 6XE",
            "flat 3, 10 high road, leeds ls1 4ab",
            "1600 Pine Grove Avenue Apt 7, Springfield, IL 62704",
            "350 5th Ave, New York NY 10118",
            "plot 12, sector 9, noida 201301",
            "PO Box 123, Geelong VIC 3220",
            "8 Ocean View Drive, Torquay VIC 3228",
        ] {
            let full = format!("please post it to {text}");
            assert_eq!(probe(&full), [(text.to_owned(), "ADDRESS")], "{full}");
        }
        for text in ["fourteen rose street", "nine oak avenue", "one hundred and twenty main street"] {
            assert_eq!(probe(&format!("i live at {text}")), [(text.to_owned(), "ADDRESS")], "{text}");
        }
        assert_eq!(probe("one of the two high street banks"), []);
        assert_eq!(probe("i live at 7 rose lane"), [("7 rose lane".to_owned(), "ADDRESS")]);
    }

    #[test]
    fn numbers_and_ways_are_no_addresses() {
        for text in [
            "is there a 24 hour drive through",
            "i paid 20 at the high street shop",
            "5 days on the road",
            "give me 2 ways to close it",
            "open until 5 on main street",
            "wall street closed 300 points down",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
