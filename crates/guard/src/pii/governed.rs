//! Values that stand where a secret was spoken of: "my password is 0412 345 678" is a password, whatever it
//! looks like. Nothing of such a value is kept, and no token is made of it. A value that is held back in vain costs
//! a number that does not last; one that is kept in vain is a secret in a database.

use super::{
    cues::Cue,
    page::{Found, Gap, Page},
};

/// Cues behind or before which a value may be a secret.
const SECRETS: &[Cue] = &[Cue::Cvv, Cue::Pin, Cue::Otp, Cue::Code, Cue::Password, Cue::ApiKey];
/// A cue of the sentence before still speaks this far, in the units of [`Page::distance`].
const REACH: u32 = 24;
/// Tokens on each side of a value that belong to its sentence at most.
const SENTENCE: usize = 60;
/// Two parts of one number stand at most so many bytes apart.
const APART: usize = 48;

/// For each finding, in order, whether it may be a secret.
pub(super) fn secrets(text: &str, found: &[Found]) -> Vec<bool> {
    if found.iter().all(|f| f.kind.is_secret()) {
        return vec![true; found.len()];
    }
    let page = Page::new(text, &[]);
    let parts = parts_of_cards(text);
    let longest = parts.iter().map(|(start, end)| end - start).max().unwrap_or_default();
    found
        .iter()
        .map(|f| {
            f.kind.is_secret() || spoken_of(&page, f, found) || {
                // The parts are in the order of their beginnings.
                let near = parts.partition_point(|(start, _)| *start + longest < f.start);
                parts[near..].iter().take_while(|(start, _)| *start < f.end).any(|(_, end)| f.start < *end)
            }
        })
        .collect()
}

/// A secret is spoken of in the sentence, or shortly before.
fn spoken_of(page: &Page<'_>, f: &Found, found: &[Found]) -> bool {
    let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
    let last = page.tokens.partition_point(|t| (t.start as usize) < f.end).saturating_sub(1).max(first);
    let ends = |token: usize| {
        page.gap(token + 1) == Gap::Break
            || matches!(page.slice(token), "." | "!" | "?" | ";") && page.gap(token + 1) != Gap::None
    };
    // A text without an end of a sentence must not be walked through for each value.
    let (from, to) = (first.saturating_sub(SENTENCE), page.tokens.len().min(last + SENTENCE));
    let begin = (from..first).rev().find(|t| ends(*t)).map_or(from, |t| t + 1);
    let end = (last..to).find(|t| ends(*t)).unwrap_or(to);
    let cues = &page.cues[page.cues.partition_point(|c| c.first + 64 < begin)..];
    cues.iter().take_while(|c| c.first <= end).filter(|c| SECRETS.contains(&c.cue)).any(|c| {
        // A cue inside the value is the value's own: "Pin Oak Road".
        let outside = c.last < first || c.first > last;
        // "My name is Zorblat Quimby, my pin is 4821": a cue behind the value has a value of its own.
        let own = || {
            let behind = page.tokens[c.last].end as usize;
            let next = found.get(found.partition_point(|other| other.start < behind));
            next.is_some_and(|other| other.kind.is_secret())
        };
        outside
            && (c.last < first || !own())
            && (c.first >= begin || c.last < first && page.distance(c.last + 1, first) <= REACH)
    })
}

/// Numbers that stand near each other and together have the length and the beginning of a card's.
fn parts_of_cards(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut numbers: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let mut digits = 0;
        let mut end = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || matches!(bytes[at], b' ' | b'-' | b'.')) {
            if bytes[at].is_ascii_digit() {
                digits += 1;
                end = at + 1;
            }
            at += 1;
        }
        if (2..=17).contains(&digits) {
            numbers.push((start, end, digits));
        }
    }
    let mut parts = Vec::new();
    for from in 0..numbers.len() {
        let mut digits = numbers[from].2;
        if !matches!(bytes[numbers[from].0], b'2'..=b'6') {
            continue;
        }
        for to in from + 1..numbers.len().min(from + 8) {
            digits += numbers[to].2;
            if numbers[to].0 - numbers[to - 1].1 > APART || digits > 19 {
                break;
            }
            if digits >= 13 {
                parts.push((numbers[from].0, numbers[to].1));
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use crate::{normal::Normal, pii};

    fn kept(text: &str) -> Vec<bool> {
        pii::find(&Normal::new(text), None).into_iter().map(|span| !span.secret).collect()
    }

    #[test]
    fn what_stands_where_a_secret_was_spoken_of_is_not_kept() {
        for text in [
            "my password is 0412 345 678",
            "the pin is my birthday 040781",
            "security answer: Beatrice Hall",
            "the password is 9 Wattle Street",
            "my PIN? easy, born 1974, 04/03/1974",
            "use ana.silva@example.com, that's the password too",
            "first half 45328801 second half 12345677",
            "it starts 5312 0044 and goes on 99120034 at the end",
        ] {
            let kept = kept(text);
            assert!(kept.iter().all(|kept| !kept), "{text}: {kept:?}");
        }
        assert!(!kept("my password is 0412 345 678").is_empty());
    }

    #[test]
    fn what_has_nothing_to_do_with_a_secret_is_kept() {
        for text in [
            "call me on 0412 345 678",
            "my name is Beatrice Hall",
            "I forgot my password.\nThat is all. I would like to say that the branch in town was lovely today and that Beatrice Hall helped me",
        ] {
            let kept = kept(text);
            assert!(!kept.is_empty() && kept.iter().all(|kept| *kept), "{text}: {kept:?}");
        }
    }
}
