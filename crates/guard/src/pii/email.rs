//! E-mail addresses, written, spoken and disguised, and payment handles.

use super::{
    lexicon::traits as t,
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// Finds them.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    if page.text.contains('@') || page.text.contains("%40") {
        written_email(page, out);
    }
    spoken_email(page, out);
    at_a_provider(page, out);
}

/// Who gives addresses to everybody.
const PROVIDERS: &[&str] = &[
    "gmail",
    "googlemail",
    "hotmail",
    "yahoo",
    "ymail",
    "outlook",
    "icloud",
    "bigpond",
    "optusnet",
    "protonmail",
    "proton",
    "aol",
    "btinternet",
    "rediffmail",
    "gmx",
    "mail",
    "live",
];

/// "john at gmail", "johnsmith gmail.com": without a dot or an at, but with a provider.
fn at_a_provider(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 1..page.tokens.len() {
        if !PROVIDERS.iter().any(|p| page.is(token, p)) || page.gap(token) == Gap::None {
            continue;
        }
        let certain = !page.is(token, "mail") && !page.is(token, "live");
        let top =
            page.slice(token + 1) == "." && page.gap(token + 1) == Gap::None && is_top(page.slice(token + 2));
        let spoken = page.is(token + 1, "com") || page.is(token + 1, "dot") && is_top(page.slice(token + 2));
        let at = page.is(token - 1, "at");
        let before = if at { token.checked_sub(2) } else { Some(token - 1) };
        let Some(last) = before.filter(|b| page.is_word(*b) || page.is_digits(*b)) else { continue };
        if !(at && certain || top || spoken) || page.gap(token) == Gap::Break {
            continue;
        }
        let Some(first) = local(page, last + 1) else { continue };
        let name = (first..=last).any(|i| page.is_word(i) && !page.has(i, t::FUNCTION | t::COMMON | t::PAY));
        if !name {
            continue;
        }
        let end = if top {
            token + 2
        } else if page.is(token + 1, "com") {
            token + 1
        } else if spoken {
            token + 2
        } else {
            token
        };
        out.push(Found {
            start: page.start(first),
            end: page.end(end),
            kind: P::Email,
            score: 0.8,
            by: "email: a name at a provider of addresses, without its marks",
        });
    }
}

/// Top-level names that a spoken address may end in.
const TOP: &str = " com net org co au uk in io me edu gov info biz us nz ie de fr es it nl eu ca app dev ai id jp cn sg hk za \
                   se no dk fi be ch at pt pl mx br tech online ";

fn is_top(word: &str) -> bool {
    TOP.contains(&format!(" {} ", word.to_ascii_lowercase()))
}

/// More characters of a local part are not read.
const LOCAL: usize = 128;

/// Every `@`, with what stands on both sides, a space forgiven.
fn written_email(page: &Page<'_>, out: &mut Vec<Found>) {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let escaped = page.text.match_indices("%40").map(|(at, _)| (at, at + 3));
    for (at, behind) in page.text.match_indices('@').map(|(at, _)| (at, at + 1)).chain(escaped) {
        let head = &page.text[..at];
        let head = head.strip_suffix('@').unwrap_or(head);
        let left = head.trim_end_matches(' ');
        let spaced = left.len() < head.len();
        if head.len() - left.len() > 2 {
            continue;
        }
        // A local part has 64 characters at most, by RFC 5321.
        let from = left.char_indices().rev().nth(LOCAL).map_or(0, |(at, _)| at);
        let start = from + left[from..].trim_end_matches(local).len();
        let start =
            start + left[start..].len() - left[start..].trim_start_matches(['.', '\'', '-', '+', '%']).len();
        let tail = &page.text[behind..];
        let tail = tail.strip_prefix('@').unwrap_or(tail);
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
            if page.is(token, "at") && page.is(token + 1, "the") && page.is(token + 2, "rate") {
                // As it is read out in India.
                (token, token + 3)
            } else if page.is(token, "at") && !matches!(page.slice(token - 1), "(" | "[" | "{" | "<") {
                (token, token + 1)
            } else if matches!(page.slice(token), "(" | "[" | "{" | "<")
                && (page.is(token + 1, "at") || page.slice(token + 1) == "@")
                && matches!(page.slice(token + 2), ")" | "]" | "}" | ">")
            {
                (token, token + 3)
            } else {
                continue;
            };
        let read_out = page.is(token, "at") && after == token + 3;
        let bracketed = after > first + 1 && !read_out;
        let Some((end, spoken)) = host(page, after) else { continue };
        let start = local(page, first);
        let Some(start) = start else { continue };
        let digits = page.text[page.start(start)..page.start(first)].bytes().any(|b| b.is_ascii_digit());
        // "at example.com" without anything spoken is where somebody shopped.
        if bracketed || spoken || digits || read_out {
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
            && !page.has(before, t::FUNCTION)
        {
            first = before;
            continue;
        }
        return Some(first);
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn a_name_at_a_provider_is_an_address_without_its_marks() {
        for text in [
            "john at gmail",
            "johnsmith gmail.com",
            "johnsmith at gmail com",
            "johnsmith at the rate gmail dot com",
            "john%40gmail.com",
            "john@@gmail.com",
        ] {
            assert_eq!(probe(&format!("write to {text} please")), [(text.to_owned(), "EMAIL")], "{text}");
        }
        for text in ["look at gmail", "my account at gmail was hacked", "is it in the mail.com"] {
            assert_eq!(probe(text), [], "{text}");
        }
    }

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
}
