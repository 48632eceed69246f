//! IP addresses, told apart from version numbers.

use std::net::Ipv6Addr;

use super::{
    context::before,
    cues::Cue,
    lexicon::traits as t,
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// Finds IPv4 and IPv6 addresses.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        if page.is_digits(token) {
            version_four(page, token, out);
            said_four(page, token, out);
        }
    }
    if page.text.contains(':') {
        version_six(page, out);
    }
}

fn version_four(page: &Page<'_>, first: usize, out: &mut Vec<Found>) {
    let touches = |token: usize| page.gap(token) == Gap::None && token > 0;
    if touches(first) && (page.slice(first - 1) == "." || page.is_word(first - 1)) {
        return;
    }
    for part in 0..4 {
        let token = first + 2 * part;
        let slice = page.slice(token);
        let number =
            page.is_digits(token) && slice.len() <= 3 && slice.parse::<u16>().is_ok_and(|n| n <= 255);
        let leading = slice.len() > 1 && slice.starts_with('0');
        let joined = part == 0 || (touches(token) && touches(token - 1) && page.slice(token - 1) == ".");
        if !number || leading || !joined {
            return;
        }
    }
    let last = first + 6;
    let continues = page.gap(last + 1) == Gap::None
        && page.slice(last + 1) == "."
        && page.is_digits(last + 2)
        && page.gap(last + 2) == Gap::None;
    if continues {
        return;
    }
    let ip = before(page, first, &[Cue::Ip]);
    let version = before(page, first, &[Cue::Version]);
    // Version numbers are small and stand beside words of software.
    let small = (0..4).all(|p| page.slice(first + 2 * p).len() <= 2);
    if version > ip && version > 0.5 || (small && ip < 0.6 && !page.has(first.saturating_sub(1), t::FUNCTION))
    {
        return;
    }
    out.push(Found {
        start: page.start(first),
        end: page.end(last),
        kind: P::IpAddress,
        score: if small { 0.8 } else { 0.95 },
        by: "network: four numbers of an IPv4 address that are no version of software",
    });
}

/// "203 dot 0 dot 113 dot 7", "203[.]0[.]113[.]7".
fn said_four(page: &Page<'_>, first: usize, out: &mut Vec<Found>) {
    let number = |i: usize| page.is_digits(i) && page.slice(i).parse::<u16>().is_ok_and(|n| n <= 255);
    let mut last = first;
    for part in 0..4 {
        if part > 0 {
            let opens = matches!(page.slice(last + 1), "[" | "(");
            let dot = if opens { last + 2 } else { last + 1 };
            if !(page.is(dot, "dot") || opens && page.slice(dot) == ".") {
                return;
            }
            last = if opens { dot + 2 } else { dot + 1 };
        }
        if !number(last) {
            return;
        }
    }
    let by = "network: four numbers of an IPv4 address, with dots that are spelt or in brackets";
    out.push(Found { start: page.start(first), end: page.end(last), kind: P::IpAddress, score: 0.9, by });
}

fn version_six(page: &Page<'_>, out: &mut Vec<Found>) {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let mut at = 0;
    while let Some(found) = page.text[at..].find(is_part) {
        let start = at + found;
        let length = page.text[start..].find(|c| !is_part(c)).unwrap_or(page.text.len() - start);
        at = start + length;
        let candidate = page.text[start..at].trim_end_matches(['.', ':']);
        let colons = candidate.bytes().filter(|b| *b == b':').count();
        let free = !page.text[..start].ends_with(char::is_alphanumeric)
            && !page.text[at..].starts_with(char::is_alphanumeric);
        let digits = candidate.bytes().filter(u8::is_ascii_hexdigit).count();
        if candidate.len() <= 45
            && colons >= 2
            && digits >= 3
            && free
            && candidate.parse::<Ipv6Addr>().is_ok()
        {
            out.push(Found {
                start,
                end: start + candidate.len(),
                kind: P::IpAddress,
                score: 0.97,
                by: "network: the form of an IPv6 address",
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn addresses_of_both_versions() {
        assert_eq!(probe("login from 203.0.113.77 was not me"), [("203.0.113.77".to_owned(), "IP_ADDRESS")]);
        for text in ["203 dot 0 dot 113 dot 7", "203[.]0[.]113[.]7"] {
            assert_eq!(probe(&format!("my ip is {text}")), [(text.to_owned(), "IP_ADDRESS")], "{text}");
        }
        assert_eq!(probe("my ip is 10.0.0.1"), [("10.0.0.1".to_owned(), "IP_ADDRESS")]);
        assert_eq!(
            probe("from 2001:db8::ff00:42:8329."),
            [("2001:db8::ff00:42:8329".to_owned(), "IP_ADDRESS")]
        );
    }

    #[test]
    fn versions_and_times_are_none() {
        for text in
            ["app version 12.4.0.1 crashes", "update 3.14.15.92", "at 10:30:45", "300.1.2.3", "1.2.3.4.5"]
        {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
