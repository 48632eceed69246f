//! What opens a person's doors: PINs, one-time codes and passwords.

use super::{
    context::{after, before, nearest_is, strength},
    credentials,
    cues::Cue,
    identifier::chunk_end,
    lexicon::traits as t,
    numbers::{Numbers, Window},
    page::{Found, Gap, Page},
};
use crate::PersonalType as P;

/// Finds secrets.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    for run in &numbers.runs {
        for part in numbers.clusters(run) {
            let Some(w) = numbers.window(part, run) else { continue };
            if !w.amount() {
                pin(page, &w, out);
                one_time_code(page, &w, out);
            }
        }
    }
    passwords(page, out);
    credentials::find(page, out);
    listed(page, numbers, out);
}

/// A web address is no password: "is www.bank.com/login real".
pub(super) fn is_address_of_a_site(text: &str, f: &Found) -> bool {
    if f.kind != P::Password {
        return false;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "-._~/:?#@%&=+".contains(c);
    let start = text[..f.start]
        .rfind(|c| !part(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let end = text[f.start..].find(|c| !part(c)).map_or(text.len(), |n| f.start + n);
    let chunk =
        text[start..end].trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    let host = chunk.strip_prefix("https://").or_else(|| chunk.strip_prefix("http://"));
    let given = host.is_some() || chunk.starts_with("www.");
    let host = host.unwrap_or(&chunk).split(['/', '?', '#']).next().unwrap_or_default();
    let ends = host
        .rsplit('.')
        .next()
        .is_some_and(|end| (2..=12).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase()));
    let labels = host.split('.').count() >= 2 && host.split('.').all(|l| !l.is_empty());
    given && labels && ends && !chunk.contains('@')
}

/// "tried 4722, 4723 and 4724 as pin": what is said of one of a list is said of all that are as long.
fn listed(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    let units = &numbers.units;
    let joins = |from: usize, to: usize| {
        to > from
            && to - from <= 2
            && (from..to).all(|i| {
                matches!(page.slice(i), "," | "/" | "&")
                    || page.is(i, "and")
                    || page.is(i, "or")
                    || page.is(i, "then")
            })
    };
    let mut more = Vec::new();
    for f in out.iter().filter(|f| matches!(f.kind, P::Pin | P::Otp)) {
        let at = units.partition_point(|u| page.start(u.first) < f.start);
        if units.get(at).is_none_or(|u| page.start(u.first) != f.start || page.end(u.last) != f.end) {
            continue;
        }
        let like = |i: usize| units[i].len == units[at].len && !units[i].amount && !units[i].glued;
        let mut push = |i: usize| {
            more.push(Found {
                start: page.start(units[i].first),
                end: page.end(units[i].last),
                by: "secrets: in a list with a PIN or a one-time code",
                ..*f
            });
        };
        let mut before = at;
        while before > 0 && like(before - 1) && joins(units[before - 1].last + 1, units[before].first) {
            before -= 1;
            push(before);
        }
        let mut after = at;
        while after + 1 < units.len()
            && like(after + 1)
            && joins(units[after].last + 1, units[after + 1].first)
        {
            after += 1;
            push(after);
        }
    }
    out.extend(more);
}

/// "i entered 4722 three times and the machine ate my card": typed where a PIN is.
fn is_entered(page: &Page<'_>, w: &Window<'_>) -> bool {
    let typed = ["entered", "enter", "typed", "tried", "punched", "keyed", "pressed", "inputted"];
    let near = (w.first().saturating_sub(3)..w.first()).any(|i| typed.iter().any(|v| page.is(i, v)));
    let places =
        ["atm", "machine", "keypad", "cashpoint", "terminal", "swallowed", "ate", "blocked", "locked"];
    let round = w.value().is_multiple_of(100) || matches!(w.value(), 1950..=2049);
    w.digits.len() == 4
        && near
        && !round
        && (0..page.tokens.len()).any(|i| places.iter().any(|p| page.is(i, p)))
}

/// A year behind "in" or "since" tells when, not what.
fn is_year(page: &Page<'_>, w: &Window<'_>) -> bool {
    let when = ["in", "since", "from", "until", "of", "by"];
    w.digits.len() == 4
        && matches!(w.value(), 1950..=2049)
        && w.first() > 0
        && when.iter().any(|p| page.is(w.first() - 1, p))
}

fn pin(page: &Page<'_>, w: &Window<'_>, out: &mut Vec<Found>) {
    let n = w.digits.len();
    if w.glued() || !(4..=8).contains(&n) || is_year(page, w) {
        return;
    }
    let cue = strength(page, w.first(), w.last(), &[Cue::Pin, Cue::Password]);
    if cue > 0.66 {
        let usual = if matches!(n, 4 | 6) { 0.05 } else { 0.0 };
        let kind = if before(page, w.first(), &[Cue::Pin]).max(after(page, w.last(), &[Cue::Pin])) >= cue {
            P::Pin
        } else {
            P::Password
        };
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind,
            score: 0.8 + 0.1 * cue + usual,
            by: "secrets: digits after a cue of a PIN or password",
        });
    } else if is_entered(page, w) {
        out.push(Found {
            start: page.start(w.first()),
            end: page.end(w.last()),
            kind: P::Pin,
            score: 0.7,
            by: "secrets: four digits that were entered at a machine",
        });
    }
}

fn one_time_code(page: &Page<'_>, w: &Window<'_>, out: &mut Vec<Found>) {
    let n = w.digits.len();
    if !(4..=8).contains(&n) || is_year(page, w) {
        return;
    }
    // "G-123456": the letter is part of the code.
    let letter = w.first().checked_sub(2).filter(|l| {
        page.slice(w.first() - 1) == "-"
            && page.gap(w.first()) == Gap::None
            && page.gap(w.first() - 1) == Gap::None
            && page.is_word(*l)
            && page.slice(*l).len() <= 2
            && (page.slice(*l).len() == 1 || !page.has(*l, t::FUNCTION | t::COMMON))
    });
    if w.glued() && letter.is_none() {
        return;
    }
    let first = letter.unwrap_or(w.first());
    let certain = strength(page, first, w.last(), &[Cue::Otp]);
    // "my PIN is the 4 digits 4821": digits of what was named.
    let counted = page.cues_before(first, 6).next().is_some_and(|(hit, _)| page.is(hit.last, "digits"));
    let named = counted && before(page, first, &[Cue::Pin]) > 0.6;
    let generic = if named { 0.0 } else { strength(page, first, w.last(), &[Cue::Code]) };
    let other =
        nearest_is(page, first, 6, &[Cue::Reference, Cue::Bsb, Cue::SortCode, Cue::Postcode, Cue::Version]);
    let usual = if matches!(n, 4 | 6 | 8) { 0.03 } else { 0.0 };
    let round = w.value().is_multiple_of(1000);
    let relayed = n >= 5 && !round && strength(page, first, w.last(), &[Cue::Relayed]) > 0.7;
    let score = if certain > 0.66 {
        0.82 + 0.1 * certain + usual
    } else if generic > 0.7 && !other && (n == 4 || !round) {
        0.72 + 0.1 * generic + usual
    } else if relayed && !other && (n == 6 || w.units.len() == 1) {
        0.7 + usual
    } else if letter.is_some() && n == 6 {
        0.7
    } else {
        return;
    };
    out.push(Found {
        start: page.start(first),
        end: page.end(w.last()),
        kind: P::Otp,
        score,
        by: "secrets: digits after a cue of a one-time code",
    });
}

/// Words that may stand between "password" and its value, strongest meaning last.
pub(super) fn link(page: &Page<'_>, token: usize) -> Option<bool> {
    let slice = page.slice(token);
    if matches!(slice, ":" | "=" | "\"" | "'" | "`" | "-" | "(" | ">") {
        return Some(slice != "-" && slice != "(");
    }
    let lower = slice.to_ascii_lowercase();
    match lower.as_str() {
        "is" | "was" | "be" | "it's" | "its" | "to" | "called" | "as" | "being" | "reads" | "says"
        | "are" | "ist" | "es" | "est" | "é" | "è" | "är" | "是" => Some(true),
        "will" | "would" | "should" | "now" | "currently" | "still" | "of" | "for" | "my" | "the"
        | "used" | "which" | "always" | "just" | "set" | "changed" | "i" | "use" | "have" | "tried"
        | "word" | "from" | "with" | "and" | "that" | "has" | "been" | "new" | "old" | "on" | "in" | "at"
        | "account" | "app" | "login" | "online" | "banking" | "email" | "wifi" | "router" => Some(false),
        _ => None,
    }
}

fn passwords(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in page.cues.iter().filter(|c| c.cue == Cue::Password) {
        let mut token = hit.last + 1;
        let mut strong = false;
        let mut steps = 0;
        while let Some(says) = link(page, token) {
            // "to" and "as" carry only after a verb of setting; "is" always does.
            strong |= says;
            token += 1;
            steps += 1;
            if steps > 6 || page.distance(hit.last + 1, token) > 12 {
                break;
            }
        }
        if token >= page.tokens.len() || (page.gap(token) == Gap::Break && !strong && steps > 0) {
            continue;
        }
        value(page, token, strong, steps == 0, out);
    }
    // "hunter2 is my password", "I use X as my password".
    for hit in page.cues.iter().filter(|c| c.cue == Cue::Password) {
        let mut token = hit.first;
        let mut linked = false;
        while token > 0
            && hit.first - token < 4
            && ["is", "as", "my", "the", "for", "was", "a"].iter().any(|w| page.is(token - 1, w))
        {
            linked |= page.is(token - 1, "is") || page.is(token - 1, "as") || page.is(token - 1, "was");
            token -= 1;
        }
        if linked && token > 0 {
            let mut first = token - 1;
            while first > 0 && page.gap(first) == Gap::None {
                first -= 1;
            }
            let (start, end) = (page.start(first), page.end(token - 1));
            if looks_secret(&page.text[start..end]) {
                out.push(Found {
                    start,
                    end,
                    kind: P::Password,
                    score: 0.85,
                    by: "secrets: a value in front of \"is my password\"",
                });
            }
        }
    }
}

/// The value at a token: one chunk that looks like a secret, a word after a strong link, or three
/// and more words in a row that mean nothing together.
fn value(page: &Page<'_>, token: usize, strong: bool, direct: bool, out: &mut Vec<Found>) {
    let start = page.start(token);
    // An exclamation mark may end the password or the sentence; too much masked is the smaller harm.
    let end = chunk_end(page, token);
    let end = end + page.text[end..].bytes().take_while(|b| *b == b'!').count();
    let chunk = &page.text[start..end];
    let opened = token > 0 && matches!(page.slice(token - 1), "\"" | "'" | "`");
    if chunk.starts_with('<') {
        return;
    }
    if looks_secret(chunk) {
        out.push(Found {
            start,
            end,
            kind: P::Password,
            score: if strong || direct { 0.97 } else { 0.84 },
            by: "secrets: letters with digits or signs after a cue of a password",
        });
        return;
    }
    if opened {
        let close = page.text[start..].find(['"', '\'', '`', '\n']).map_or(end, |n| start + n);
        if close > start && close - start <= 80 {
            out.push(Found {
                start,
                end: close,
                kind: P::Password,
                score: 0.9,
                by: "secrets: quoted after a cue of a password",
            });
            return;
        }
    }
    let meaningless = |i: usize| {
        page.is_word(i)
            && !page.has(i, t::FUNCTION)
            && page.slice(i).len() >= 3
            && (i == token || page.gap(i) == Gap::Space)
    };
    let mut words = token;
    let mut unknown = 0;
    while meaningless(words) && words - token < 6 {
        unknown += usize::from(!page.has(words, t::COMMON));
        words += 1;
    }
    let count = words - token;
    if count >= 3 && (unknown >= 2 || (strong && unknown >= 1)) {
        // A passphrase of four is the custom; what follows it is the sentence going on.
        let last = (token + count.min(4)) - 1;
        out.push(Found {
            start,
            end: page.end(last),
            kind: P::Password,
            score: 0.8,
            by: "secrets: words that mean nothing together after a cue of a password",
        });
    } else if strong && count >= 1 && !page.has(token, t::COMMON) && page.entry(token).phrases.is_empty() {
        out.push(Found {
            start,
            end,
            kind: P::Password,
            score: 0.72,
            by: "secrets: an unknown word right after a cue of a password",
        });
    }
}

/// Letters with digits or signs among them: not a word that language knows.
pub(super) fn looks_secret(chunk: &str) -> bool {
    let count = chunk.chars().count();
    if !(4..=512).contains(&count) || chunk.starts_with('<') {
        return false;
    }
    let letters = chunk.chars().filter(|c| c.is_alphabetic()).count();
    let digits = chunk.chars().filter(char::is_ascii_digit).count();
    let inner = chunk.chars().skip(1).take(count.saturating_sub(2));
    let signs = inner.filter(|c| "!@#$%^&*_+=~|\\".contains(*c)).count();
    let capitals = chunk.chars().skip(1).filter(|c| c.is_uppercase()).count();
    let money = chunk.starts_with(['$', '£', '€', '₹']);
    (letters >= 2 && digits >= 1 && !money)
        || (letters >= 2 && signs >= 1)
        || (letters > capitals && capitals >= 2 && count >= 8)
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn pins_and_codes_in_context() {
        for (text, value, kind) in [
            ("my pin is 1234", "1234", "PIN"),
            ("PIN: one two three four", "one two three four", "PIN"),
            ("1234 is my pin", "1234", "PIN"),
            ("the otp is 123456", "123456", "OTP"),
            ("your code G-123456 arrived", "G-123456", "OTP"),
            ("verification code 12 34 56", "12 34 56", "OTP"),
        ] {
            assert_eq!(probe(text), [(value.to_owned(), kind)], "{text}");
        }
    }

    #[test]
    fn years_counts_and_other_codes_are_no_secrets() {
        for text in [
            "i changed my pin in 2019",
            "wrong pin 3 times",
            "error code 4032",
            "promo code 123456",
            "pin for my 2 cards",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }

    #[test]
    fn passwords_of_every_kind() {
        for (text, value) in [
            ("my password is Tr0ub4dor&3", "Tr0ub4dor&3"),
            ("password: hunter2", "hunter2"),
            ("pw hunter2", "hunter2"),
            ("hunter2 is my password", "hunter2"),
            ("my password is swordfish", "swordfish"),
        ] {
            assert_eq!(probe(text), [(value.to_owned(), "PASSWORD")], "{text}");
        }
        assert!(probe("passphrase is walrus teapot glacier violin").iter().any(|f| f.1 == "PASSWORD"));
    }

    #[test]
    fn talk_about_passwords_is_none() {
        for text in [
            "is the login page www.larkbank2.example real",
            "password reset from https://secure-larkbank.example/login?a=1 is it you",
            "i forgot my password",
            "password reset link expired",
            "my password is wrong",
            "is the password case sensitive",
            "how do i change my password please",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
