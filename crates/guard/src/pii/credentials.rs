//! What opens an online account, told in passing: "Monkey1, Monkey2 and Monkey3 as password", "jsmith /
//! Tiger99", the words of a seed phrase.

use std::collections::HashSet;

use super::{
    cues::Cue,
    identifier::chunk_end,
    page::{Found, Gap, Page},
    secrets::{link, looks_secret},
};
use crate::PersonalType as P;

/// Finds them, beside the passwords that were found already.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    seed_phrase(page, out);
    with_a_login(page, out);
    used_or_refused(page, out);
    changed(page, out);
    mixed_code(page, out);
    listed(page, out);
}

/// The first token of each piece without white space.
fn chunks<'p>(page: &'p Page<'_>) -> impl Iterator<Item = usize> + 'p {
    (0..page.tokens.len()).filter(|i| *i == 0 || page.gap(*i) != Gap::None)
}

fn chunk<'t>(page: &Page<'t>, token: usize) -> &'t str {
    &page.text[page.start(token)..chunk_end(page, token)]
}

fn push(page: &Page<'_>, token: usize, score: f64, by: &'static str, out: &mut Vec<Found>) {
    let (start, end) = (page.start(token), chunk_end(page, token));
    out.push(Found { start, end, kind: P::Password, score, by });
}

/// The first token behind what a byte ends in.
fn behind(page: &Page<'_>, end: usize) -> usize {
    page.tokens.partition_point(|t| (t.start as usize) < end)
}

/// "my seed phrase is ripple canyon velvet …": twelve to twenty-four words.
fn seed_phrase(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        let kind = ["seed", "recovery", "backup", "mnemonic", "wallet"].iter().any(|w| page.is(token, w));
        if !kind || !["phrase", "words", "seed"].iter().any(|w| page.is(token + 1, w)) {
            continue;
        }
        let mut first = token + 2;
        while first < token + 8 && link(page, first).is_some() {
            first += 1;
        }
        let word = |i: usize| page.is_word(i) && page.slice(i).len() >= 3 && page.gap(i) != Gap::None;
        let count = (first..first + 24).take_while(|i| word(*i)).count();
        if count >= 8 {
            out.push(Found {
                start: page.start(first),
                end: page.end(first + count - 1),
                kind: P::Password,
                score: 0.9,
                by: "credentials: the words of a seed phrase",
            });
        }
    }
}

/// "my login: jsmith / Tiger99", "creds are jsmith Tiger99".
fn with_a_login(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        let says = ["login", "logon", "creds", "credentials", "username", "log-in"]
            .iter()
            .any(|w| page.is(token, w));
        if !says {
            continue;
        }
        let near = token + 1..page.tokens.len().min(token + 9);
        for candidate in near.filter(|i| page.gap(*i) != Gap::None) {
            let text = chunk(page, candidate);
            // "jsmith:Tiger99" is one piece.
            let text = text.rsplit_once(['/', ':']).map_or(text, |(_, last)| last);
            let mixed =
                text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
            if mixed && looks_secret(text) && !chunk(page, candidate).contains('@') {
                push(page, candidate, 0.72, "credentials: letters with digits behind a login", out);
            }
        }
    }
}

/// "i used hunter2 to login", "Tiger99 is not accepted".
fn used_or_refused(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in chunks(page) {
        let text = chunk(page, token);
        let mixed = text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
        if !mixed || text.len() < 5 || !looks_secret(text) {
            continue;
        }
        let next = behind(page, chunk_end(page, token));
        let is = |i: usize, words: &[&str]| words.iter().any(|w| page.is(i, w));
        let verb = token > 0
            && is(token - 1, &["used", "use", "using", "entered", "typed", "enter", "tried", "with"]);
        let opens = is(next, &["to"])
            && (is(next + 1, &["login", "logon", "access"])
                || is(next + 1, &["log", "sign", "get"]) && is(next + 2, &["in", "into", "on"]));
        let refused = (next..next + 4).any(|i| is(i, &["accepted", "rejected", "incorrect", "invalid"]))
            && (next..next + 3)
                .any(|i| is(i, &["is", "isn't", "isnt", "was", "not", "wasn't", "being", "gets", "got"]));
        if verb && opens || refused {
            push(page, token, 0.72, "credentials: letters with digits that open a login, or did not", out);
        }
    }
}

/// "i changed it from Monkey1 to Monkey2".
fn changed(page: &Page<'_>, out: &mut Vec<Found>) {
    let is = |i: usize, words: &[&str]| words.iter().any(|w| page.is(i, w));
    let mixed = |i: usize| {
        let text = chunk(page, i);
        text.bytes().any(|b| b.is_ascii_digit()) && text.len() >= 5 && looks_secret(text)
    };
    for token in chunks(page).filter(|i| *i > 1 && page.is(*i - 1, "from") && mixed(*i)) {
        let verb = ["changed", "change", "reset", "updated", "switched", "set"];
        let next = behind(page, chunk_end(page, token));
        if (token.saturating_sub(5)..token).any(|i| is(i, &verb)) && page.is(next, "to") && mixed(next + 1) {
            push(page, token, 0.75, "credentials: changed from one to another", out);
        }
    }
}

/// "one time code: ABX-991": a code with letters behind its cue.
fn mixed_code(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in page.cues.iter().filter(|c| c.cue == Cue::Otp) {
        let mut token = hit.last + 1;
        let mut linked = false;
        while token < hit.last + 4
            && let Some(strong) = link(page, token)
        {
            linked |= strong;
            token += 1;
        }
        if token >= page.tokens.len() {
            continue;
        }
        let text = chunk(page, token);
        let kind = |f: fn(&u8) -> bool| text.as_bytes().iter().filter(|b| f(b)).count();
        let (digits, letters) = (kind(u8::is_ascii_digit), kind(u8::is_ascii_alphabetic));
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if (linked || token == hit.last + 1) && plain && digits >= 2 && letters >= 1 && digits + letters >= 5
        {
            let (start, end) = (page.start(token), chunk_end(page, token));
            let by = "credentials: letters and digits right behind a cue of a one-time code";
            out.push(Found { start, end, kind: P::Otp, score: 0.85, by });
        }
    }
}

/// What stands in a row with a password is another: "from Monkey1 to Monkey2".
fn listed(page: &Page<'_>, out: &mut Vec<Found>) {
    let mut queue: Vec<Found> = out.iter().filter(|f| f.kind == P::Password).copied().collect();
    let joins = |i: usize| {
        matches!(page.slice(i), "," | "/" | "&") || ["and", "or", "to", "then"].iter().any(|w| page.is(i, w))
    };
    let mut starts: HashSet<usize> = queue.iter().map(|f| f.start).collect();
    let mut seen = 0;
    while let Some(f) = queue.get(seen).copied() {
        seen += 1;
        let at = page.tokens.partition_point(|t| (t.start as usize) < f.start);
        let before = (at.saturating_sub(3)..at).rev().find(|i| !joins(*i)).filter(|i| *i + 1 < at);
        let before = before.map(|mut i| {
            while i > 0 && page.gap(i) == Gap::None {
                i -= 1;
            }
            i
        });
        let behind = behind(page, f.end);
        let after = (behind..behind + 3).find(|i| !joins(*i)).filter(|i| *i > behind);
        for token in [before, after].into_iter().flatten().filter(|i| *i < page.tokens.len()) {
            let known = !starts.insert(page.start(token));
            let text = chunk(page, token);
            let mixed = text.bytes().any(|b| b.is_ascii_digit());
            if !known && mixed && looks_secret(text) {
                let more = Found {
                    start: page.start(token),
                    end: chunk_end(page, token),
                    by: "credentials: in a row with a password",
                    ..f
                };
                queue.push(more);
                out.push(more);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    fn of(text: &str, kind: &str) -> Vec<String> {
        probe(text).into_iter().filter(|f| f.1 == kind).map(|f| f.0).collect()
    }

    #[test]
    fn passwords_in_a_row_and_in_passing() {
        for (text, values) in [
            ("i changed my password from Monkey1 to Monkey2", &["Monkey1", "Monkey2"][..]),
            ("tried Monkey1, Monkey2 and Monkey3 as password", &["Monkey1", "Monkey2", "Monkey3"]),
            ("i used hunter2 to login", &["hunter2"]),
            ("Tiger99 is not accepted", &["Tiger99"]),
            ("the site keeps rejecting Tiger99", &["Tiger99"]),
            ("my login: jsmith / Tiger99", &["Tiger99"]),
            ("creds are jsmith Tiger99", &["Tiger99"]),
        ] {
            let found = of(text, "PASSWORD");
            assert!(values.iter().all(|v| found.iter().any(|f| f.contains(v))), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_seed_phrase_goes_whole() {
        let words = "ripple canyon velvet orbit mango thunder copper violin gravity lantern pepper squirrel";
        assert_eq!(of(&format!("my seed phrase is {words}"), "PASSWORD"), [words]);
        assert_eq!(of("i lost the recovery phrase of my wallet", "PASSWORD"), Vec::<String>::new());
    }

    #[test]
    fn pins_of_a_list_are_pins() {
        assert_eq!(of("tried 4722, 4723 and 4724 as pin", "PIN").len(), 3);
        assert_eq!(of("i entered 4722 three times and the machine ate my card", "PIN"), ["4722"]);
        assert_eq!(of("i entered 2500 and the machine gave me nothing", "PIN"), Vec::<String>::new());
    }

    #[test]
    fn models_and_versions_are_no_passwords() {
        for text in ["my iPhone15 doesn't work", "the form AB123 is missing", "use the app v2 to login"] {
            assert_eq!(of(text, "PASSWORD"), Vec::<String>::new(), "{text}");
        }
    }
}
