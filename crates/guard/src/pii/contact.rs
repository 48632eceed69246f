//! How a person is reached: e-mail (also spoken or disguised), UPI ids, telephone numbers.

use super::{
    accounts::is_hotline,
    context::{nearest_is, strength},
    cues::Cue,
    lexicon::traits,
    numbers::{Numbers, Sep, Window},
    page::{Found, Gap, Kind, Page},
};
use crate::PersonalType as P;

/// Finds e-mail addresses, payment handles and telephone numbers.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    if page.text.contains('@') {
        written_email(page, out);
    }
    spoken_email(page, out);
    for run in &numbers.runs {
        phones(page, numbers, run, out);
    }
}

/// Top-level names that a spoken address may end in.
const TOP: &str = " com net org co au uk in io me edu gov info biz us nz ie de fr es it nl eu ca app dev ai id jp cn sg hk za \
                   se no dk fi be ch at pt pl mx br tech online ";

fn is_top(word: &str) -> bool {
    TOP.contains(&format!(" {} ", word.to_ascii_lowercase()))
}

/// Every `@`, with what stands on both sides, a space forgiven.
fn written_email(page: &Page<'_>, out: &mut Vec<Found>) {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    for (at, _) in page.text.match_indices('@') {
        let head = &page.text[..at];
        let left = head.trim_end_matches(' ');
        let spaced = left.len() < head.len();
        if head.len() - left.len() > 2 {
            continue;
        }
        let start = left.trim_end_matches(local).len();
        let start =
            start + left[start..].len() - left[start..].trim_start_matches(['.', '\'', '-', '+', '%']).len();
        let tail = &page.text[at + 1..];
        let right = tail.trim_start_matches(' ');
        if tail.len() - right.len() > 2 || start >= left.len() {
            continue;
        }
        let length = right.find(|c: char| !host(c)).unwrap_or(right.len());
        let domain = right[..length].trim_end_matches(['.', '-']);
        let top = domain.rsplit('.').next().unwrap_or("");
        let dotted = domain.contains('.') && top.len() >= 2 && top.chars().all(char::is_alphabetic);
        let begin = page.text.len() - right.len();
        let end = begin + domain.len();
        if dotted {
            out.push(Found {
                start,
                end,
                kind: P::Email,
                score: 0.98,
                by: "contact: an address with @ and a domain",
            });
        } else if !spaced && tail.len() == right.len() && domain.len() >= 2 && left.len() - start >= 2 {
            let handle = domain.chars().next().is_some_and(char::is_alphabetic)
                && domain.chars().all(char::is_alphanumeric);
            // "@" and "dot" mixed: name@gmail dot com.
            if let Some(end) = spoken_tail(page, begin + domain.len()) {
                out.push(Found {
                    start,
                    end,
                    kind: P::Email,
                    score: 0.97,
                    by: "contact: @ with a spoken domain (\"dot com\")",
                });
            } else if handle {
                out.push(Found { start, end, kind: P::Email, score: 0.9, by: "contact: a handle with @" });
            }
        } else if let Some(end) = spoken_tail(page, begin + domain.len()) {
            out.push(Found {
                start,
                end,
                kind: P::Email,
                score: 0.95,
                by: "contact: a spoken address with @ apart",
            });
        }
    }
}

/// " dot com" after a byte, repeated; where it ends.
fn spoken_tail(page: &Page<'_>, byte: usize) -> Option<usize> {
    let mut token = page.tokens.partition_point(|t| (t.start as usize) < byte);
    let mut end = None;
    while let Some(after) = dot(page, token) {
        if !page.is_word(after) || !(is_top(page.slice(after)) || end.is_none()) {
            break;
        }
        if is_top(page.slice(after)) {
            end = Some(page.end(after));
        }
        token = after + 1;
    }
    end
}

/// The token behind a dot, spoken, bracketed or written; `None` when there is none.
fn dot(page: &Page<'_>, token: usize) -> Option<usize> {
    match page.slice(token) {
        "." => (page.gap(token + 1) == Gap::None || page.gap(token) != Gap::None).then_some(token + 1),
        "(" | "[" | "{" | "<" if page.is(token + 1, "dot") || page.slice(token + 1) == "." => {
            matches!(page.slice(token + 2), ")" | "]" | "}" | ">").then_some(token + 3)
        }
        _ if page.is(token, "dot") || page.is(token, "d0t") => Some(token + 1),
        _ => None,
    }
}

/// "name dot surname at company dot com", with brackets or without.
fn spoken_email(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 1..page.tokens.len() {
        let (first, after) =
            if page.is(token, "at") && !matches!(page.slice(token - 1), "(" | "[" | "{" | "<") {
                (token, token + 1)
            } else if matches!(page.slice(token), "(" | "[" | "{" | "<")
                && (page.is(token + 1, "at") || page.slice(token + 1) == "@")
                && matches!(page.slice(token + 2), ")" | "]" | "}" | ">")
            {
                (token, token + 3)
            } else {
                continue;
            };
        let bracketed = after > first + 1;
        let Some((end, spoken)) = host(page, after) else { continue };
        let start = local(page, first);
        let Some(start) = start else { continue };
        let digits = page.text[page.start(start)..page.start(first)].bytes().any(|b| b.is_ascii_digit());
        // "at example.com" without anything spoken is where somebody shopped.
        if bracketed || spoken || digits {
            out.push(Found {
                start: page.start(start),
                end,
                kind: P::Email,
                score: 0.95,
                by: "contact: \"at\" and \"dot\" spelled out",
            });
        }
    }
}

/// The host that begins at a token: its end, and whether a dot was spoken.
fn host(page: &Page<'_>, first: usize) -> Option<(usize, bool)> {
    let mut token = first;
    let mut end = None;
    let mut spoken = false;
    for _ in 0..5 {
        if !(page.is_word(token) || page.is_digits(token)) || page.gap(token) == Gap::Break {
            break;
        }
        // Words and digits that touch are one label.
        while page.gap(token + 1) == Gap::None
            && (page.is_word(token + 1) || page.is_digits(token + 1) || page.slice(token + 1) == "-")
        {
            token += 1;
        }
        if token > first && is_top(page.slice(token)) {
            end = Some(page.end(token));
        }
        let Some(next) = dot(page, token + 1) else { break };
        spoken |= page.slice(token + 1) != ".";
        token = next;
    }
    end.map(|end| (end, spoken))
}

/// The first token of the local part that ends before `last`.
fn local(page: &Page<'_>, last: usize) -> Option<usize> {
    let is_part = |t: usize| page.is_word(t) || page.is_digits(t);
    let mut first = last.checked_sub(1)?;
    if !is_part(first) {
        return None;
    }
    loop {
        let Some(before) = first.checked_sub(1) else { return Some(first) };
        let touching = page.gap(first) == Gap::None;
        if touching && (is_part(before) || matches!(page.slice(before), "." | "_" | "-" | "+")) {
            first = before;
            continue;
        }
        if matches!(page.slice(first), "." | "_" | "-" | "+") {
            return Some(first + 1);
        }
        let joins = ["dot", "underscore", "dash", "hyphen", "plus"].iter().any(|j| page.is(before, j));
        if joins && before > 0 && is_part(before - 1) && last - before < 12 {
            first = before - 1;
            continue;
        }
        // "smith 88 at": the number belongs to the word before it.
        if page.is_digits(first)
            && page.gap(first) == Gap::Space
            && page.is_word(before)
            && !page.has(before, traits::FUNCTION)
        {
            first = before;
            continue;
        }
        return Some(first);
    }
}

fn phones(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    for w in numbers.windows(run, 6..=15) {
        let begins = w.units[0].sep == Sep::Start || w.units[0].sep == Sep::Break || w.units[0].len > 2;
        // Single digits read out one by one, or proper groups, but no mixture of both.
        let singles = w.units.iter().filter(|u| u.len == 1 && !u.spoken).count();
        let even = singles <= 1 || w.units.iter().all(|u| u.len == 1);
        // "555-0147x22": only the extension touches it.
        let last = extension(page, w.last());
        let units = if last > w.last() { &w.units[..w.units.len() - 1] } else { w.units };
        if units.iter().any(|u| u.amount || u.glued) || !begins || !even {
            continue;
        }
        let (first, plus) = opening(page, w.first());
        let international = plus
            || (w.digits.starts_with(&[0, 0])
                && w.digits.get(2).is_some_and(|d| *d > 0)
                && w.units[0].sep == Sep::Start);
        let shape = shape(&w, international);
        if is_hotline(&w) && !international {
            continue;
        }
        let cue = strength(page, w.first(), w.last(), &[Cue::Phone]);
        let whole = if w.whole { 0.04 } else { 0.0 };
        let edge = w.whole || w.units[0].sep == Sep::Start;
        let reference = nearest_is(page, w.first(), 6, &[Cue::Reference, Cue::Version]);
        let score = match shape {
            Shape::Certain if !reference => 0.84 + 0.06 * cue,
            Shape::Certain | Shape::Likely if cue > 0.66 => 0.82 + 0.08 * cue,
            Shape::Likely if !reference => 0.55,
            Shape::Possible if cue > 0.78 && edge && w.digits.len() >= 7 => 0.74 + 0.06 * cue,
            _ => continue,
        };
        let spoken = if w.spoken() && cue < 0.6 { 0.2 } else { 0.0 };
        let end = page.end(last);
        out.push(Found {
            start: first,
            end,
            kind: P::Phone,
            score: score + whole - spoken,
            by: "contact: the shape of a telephone number, or its cue",
        });
    }
}

/// "ext 12" belongs to the number: the last token of both.
fn extension(page: &Page<'_>, last: usize) -> usize {
    let word = if page.slice(last + 1) == "," { last + 2 } else { last + 1 };
    let says = ["ext", "extn", "extension", "x"].iter().any(|w| page.is(word, w));
    let number = if page.slice(word + 1) == "." { word + 2 } else { word + 1 };
    if says && page.gap(word) != Gap::Break && page.is_digits(number) && page.slice(number).len() <= 6 {
        number
    } else {
        last
    }
}

/// Where the number really begins: its plus or its parenthesis.
fn opening(page: &Page<'_>, token: usize) -> (usize, bool) {
    let mut start = page.start(token);
    let mut plus = false;
    let mut at = token;
    while let Some(before) = at.checked_sub(1) {
        match page.slice(before) {
            "(" => start = page.start(before),
            "+" => {
                start = page.start(before);
                plus = true;
            }
            _ if page.is(before, "plus") && page.gap(at) == Gap::Space => {
                start = page.start(before);
                plus = true;
            }
            _ => break,
        }
        if page.tokens[before].kind != Kind::Mark {
            break;
        }
        at = before;
    }
    (start, plus)
}

enum Shape {
    None,
    Possible,
    Likely,
    Certain,
}

/// How much a window looks like a telephone number of Australia, Britain, the United States, India or Europe.
fn shape(w: &Window<'_>, international: bool) -> Shape {
    let d = w.digits;
    let n = d.len();
    let starts = |p: &[u8]| d.starts_with(p);
    if international {
        return match n {
            13 if starts(&[0, 0, 1]) && d[3] >= 2 && d[6] >= 2 && w.units.len() > 2 => Shape::Certain,
            8..=15 if starts(&[0, 0]) => Shape::Likely,
            8..=15 => Shape::Certain,
            _ => Shape::None,
        };
    }
    let grouped = w.units.len() > 1
        && w.units.len() <= 5
        && w.units.iter().all(|u| u.len >= 2 || u.len == 1 && d[0] == 1);
    let american = |d: &[u8]| d.len() == 10 && d[0] >= 2 && d[3] >= 2;
    match n {
        10 if starts(&[0, 4]) || starts(&[0, 5]) => Shape::Certain,
        10 if d[0] == 0 && matches!(d[1], 2 | 3 | 7 | 8) && (w.grouped(&[2, 4, 4]) || w.units.len() == 1) => {
            if w.units.len() == 1 {
                Shape::Likely
            } else {
                Shape::Certain
            }
        }
        10 if american(d) && (w.grouped(&[3, 3, 4]) || w.grouped(&[3, 7])) => Shape::Certain,
        10 if d[0] >= 6 && (w.grouped(&[5, 5]) || w.grouped(&[4, 3, 3])) => Shape::Certain,
        11 if starts(&[0, 7]) => Shape::Certain,
        11 if d[0] == 0 && matches!(d[1], 1 | 2) && (grouped || w.units.len() == 1) => Shape::Certain,
        11 if d[0] == 0 && d[1] >= 6 => Shape::Likely,
        11 if d[0] == 1 && american(&d[1..]) && grouped => Shape::Certain,
        10 if d[0] == 0 && grouped && w.units.len() >= 2 => Shape::Likely,
        10 if d[0] == 0 && d[1] != 0 => Shape::Possible,
        11..=12 if starts(&[6, 1, 4]) || starts(&[4, 4, 7]) || starts(&[9, 1]) => Shape::Possible,
        7..=13 => Shape::Possible,
        _ => Shape::None,
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn emails_written_and_spoken() {
        for text in [
            "mia.k+bank@example.com.au",
            "mia [at] example [dot] org",
            "mia at example dot com",
            "mia dot k underscore 7 at example dot co dot uk",
            "mia77 @ example.com",
            "mia(at)example.com",
        ] {
            assert_eq!(probe(&format!("write to {text} please")), [(text.to_owned(), "EMAIL")], "{text}");
        }
        assert_eq!(probe("upi mia.k@okbank"), [("mia.k@okbank".to_owned(), "EMAIL")]);
    }

    #[test]
    fn places_and_times_are_no_emails() {
        for text in ["i bought shoes at amazon.com", "meet me @ 5pm", "look at that dot on the screen"] {
            assert_eq!(probe(text), [], "{text}");
        }
    }

    #[test]
    fn phones_of_five_regions() {
        for text in [
            "0412 345 678",
            "(02) 9374 4000",
            "+61 412 345 678",
            "07700 900123",
            "020 7946 0958",
            "+44 20 7946 0958",
            "(415) 555-2671",
            "1-415-555-2671",
            "98765-43210",
            "+91 98765 43210",
            "+33 1 70 18 99 00",
            "415-555-2671x22",
            "(415)555-2671x1123",
            "001-415-555-2671",
        ] {
            assert_eq!(probe(&format!("my mobile is {text}")), [(text.to_owned(), "PHONE")], "{text}");
        }
        assert_eq!(probe("call me on oh four one two three four five six seven eight").len(), 1);
    }

    #[test]
    fn the_banks_own_numbers_stay() {
        for text in [
            "call 13 22 65",
            "ring 1300 555 727",
            "is 1800 123 456 yours",
            "0800 123 4567 is busy",
            "dial 1-800-555-0199",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
