//! What opens doors: PINs, one-time codes, passwords and the keys of machines.

use super::{
    context::{after, before, nearest_is, strength},
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
    keys(page, out);
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
    let generic = strength(page, first, w.last(), &[Cue::Code]);
    let other =
        nearest_is(page, first, 6, &[Cue::Reference, Cue::Bsb, Cue::SortCode, Cue::Postcode, Cue::Version]);
    let usual = if matches!(n, 4 | 6 | 8) { 0.03 } else { 0.0 };
    let score = if certain > 0.66 {
        0.82 + 0.1 * certain + usual
    } else if generic > 0.7 && !other && n >= 4 {
        0.72 + 0.1 * generic + usual
    } else if letter.is_some() && n == 6 {
        0.7
    } else {
        return;
    };
    out.push(Found { start: page.start(first), end: page.end(w.last()), kind: P::Otp, score });
}

/// Words that may stand between "password" and its value, strongest meaning last.
fn link(page: &Page<'_>, token: usize) -> Option<bool> {
    let slice = page.slice(token);
    if matches!(slice, ":" | "=" | "\"" | "'" | "`" | "-" | "(" | ">") {
        return Some(slice != "-" && slice != "(");
    }
    let lower = slice.to_ascii_lowercase();
    match lower.as_str() {
        "is" | "was" | "be" | "it's" | "its" | "to" | "called" | "as" | "being" | "reads" | "says"
        | "are" => Some(true),
        "will" | "would" | "should" | "now" | "currently" | "still" | "of" | "for" | "my" | "the"
        | "used" | "which" | "always" | "just" | "set" | "changed" | "i" | "use" | "have" | "tried"
        | "word" | "with" | "and" | "that" | "has" | "been" | "new" | "old" | "on" | "in" | "at"
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
                out.push(Found { start, end, kind: P::Password, score: 0.85 });
            }
        }
    }
}

/// The value at a token: one chunk that looks like a secret, a word after a strong link, or three
/// and more words in a row that mean nothing together.
fn value(page: &Page<'_>, token: usize, strong: bool, direct: bool, out: &mut Vec<Found>) {
    let start = page.start(token);
    let end = chunk_end(page, token);
    let chunk = &page.text[start..end];
    let opened = token > 0 && matches!(page.slice(token - 1), "\"" | "'" | "`");
    if chunk.starts_with('<') {
        return;
    }
    if looks_secret(chunk) {
        out.push(Found { start, end, kind: P::Password, score: if strong || direct { 0.97 } else { 0.84 } });
        return;
    }
    if opened {
        let close = page.text[start..].find(['"', '\'', '`', '\n']).map_or(end, |n| start + n);
        if close > start && close - start <= 80 {
            out.push(Found { start, end: close, kind: P::Password, score: 0.9 });
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
        out.push(Found { start, end: page.end(last), kind: P::Password, score: 0.8 });
    } else if strong && count >= 1 && !page.has(token, t::COMMON) && page.entry(token).phrases.is_empty() {
        out.push(Found { start, end, kind: P::Password, score: 0.72 });
    }
}

/// Letters with digits or signs among them: not a word that language knows.
fn looks_secret(chunk: &str) -> bool {
    let count = chunk.chars().count();
    if !(4..=128).contains(&count) || chunk.starts_with('<') {
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

/// Prefixes that issuers put before their keys, with the least length of the whole.
const PREFIXES: &[(&str, usize)] = &[
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("pk_live_", 16),
    ("pk_test_", 16),
    ("rk_live_", 16),
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 30),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 24),
    ("glpat-", 20),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("eyJ", 30),
    ("SG.", 24),
    ("ya29.", 20),
    ("npm_", 20),
    ("hf_", 20),
    ("shpat_", 20),
    ("dop_v1_", 20),
    ("whsec_", 16),
    ("pypi-", 20),
    ("rzp_live_", 16),
    ("rzp_test_", 16),
    ("AGE-SECRET-KEY-", 20),
    ("sq0atp-", 16),
    ("sq0csp-", 16),
    ("EAAC", 30),
    ("key-", 24),
    ("tok_", 16),
    ("hvs.", 20),
    ("SK", 34),
    ("AC", 34),
];

/// Keys of machines: by prefix, by their word, by randomness.
fn keys(page: &Page<'_>, out: &mut Vec<Found>) {
    let mut at = 0;
    for chunk in page.text.split(char::is_whitespace) {
        let end = at + chunk.len();
        let start = end - chunk.trim_start_matches(['"', '\'', '(', '[', '{', '`', ':', '=', ',', '<']).len();
        at = end;
        at += page.text[at..].chars().next().map_or(0, char::len_utf8);
        if chunk.len() < 16 {
            continue;
        }
        let body = &page.text[start..end];
        // "key=value" and "key:value" in one piece.
        let skip = body.rfind(['=', ':']).filter(|i| *i < 24 && body.len() - i > 12).map_or(0, |i| i + 1);
        let body =
            body[skip..].trim_end_matches(['.', ',', ';', '"', '\'', ')', ']', '}', '?', '!', '`', ':']);
        let start = start + skip;
        if body.len() < 16 || body.len() > 4096 || body.contains('@') || body.contains("://") {
            continue;
        }
        let prefixed = PREFIXES.iter().any(|(p, n)| {
            body.len() >= *n
                && body
                    .get(..p.len())
                    .is_some_and(|b| if p.len() <= 2 { b == *p } else { b.eq_ignore_ascii_case(p) })
        });
        let digits = body.bytes().filter(u8::is_ascii_digit).count();
        let letters = body.bytes().filter(u8::is_ascii_alphabetic).count();
        let allowed = body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+' | b'='));
        if !allowed || letters < 4 {
            continue;
        }
        let score = if prefixed && digits >= 1 {
            0.97
        } else if random(body, digits, letters) {
            0.78
        } else {
            continue;
        };
        out.push(Found { start, end: start + body.len(), kind: P::ApiKey, score });
    }
    for hit in page.cues.iter().filter(|c| c.cue == Cue::ApiKey) {
        let mut token = hit.last + 1;
        let mut steps = 0;
        while steps < 5 && link(page, token).is_some() {
            token += 1;
            steps += 1;
        }
        let start = page.start(token);
        let end = if token < page.tokens.len() { chunk_end(page, token) } else { start };
        let chunk = &page.text[start..end];
        let digits = chunk.bytes().filter(u8::is_ascii_digit).count();
        let letters = chunk.bytes().filter(u8::is_ascii_alphabetic).count();
        if chunk.len() >= 8 && digits >= 2 && letters >= 2 && !chunk.starts_with('<') {
            out.push(Found { start, end, kind: P::ApiKey, score: 0.95 });
        }
    }
    private_key(page, out);
}

/// Long, with digits all through it, and with many different characters.
fn random(body: &str, digits: usize, letters: usize) -> bool {
    let mut seen = [false; 256];
    let distinct = body.bytes().filter(|b| !std::mem::replace(&mut seen[usize::from(*b)], true)).count();
    let switches =
        body.as_bytes().windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    let hex = body.bytes().all(|b| b.is_ascii_hexdigit());
    let long = if hex { body.len() >= 32 } else { body.len() >= 24 };
    let mixed = body.bytes().any(|b| b.is_ascii_lowercase()) && body.bytes().any(|b| b.is_ascii_uppercase());
    long && distinct >= 10
        && digits >= 3
        && letters >= 5
        && switches >= 6
        && (hex || mixed || switches >= 10)
        && !body.contains('/')
        || (body.len() >= 40
            && mixed
            && distinct >= 20
            && digits >= 2
            && switches >= 4
            && !body.contains("//"))
}

/// A block in PEM armour, to its end or the end of the text.
fn private_key(page: &Page<'_>, out: &mut Vec<Found>) {
    let mut from = 0;
    while let Some(found) = page.text[from..].find("-----BEGIN") {
        let start = from + found;
        let end = page.text[start..].find("-----END").map_or(page.text.len(), |n| {
            let tail = start + n + 8;
            page.text[tail..].find("-----").map_or(page.text.len(), |m| tail + m + 5)
        });
        if page.text[start..end].contains("PRIVATE KEY") {
            out.push(Found { start, end, kind: P::ApiKey, score: 0.99 });
        }
        from = end;
    }
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
            "i forgot my password",
            "password reset link expired",
            "my password is wrong",
            "is the password case sensitive",
            "how do i change my password please",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }

    #[test]
    fn keys_by_prefix_word_and_randomness() {
        for text in [
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "AKIAIOSFODNN7EXAMPLE",
            "api key: 8f14e45fceea167a",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "9b74c9897bac770ffc029102a200c5de",
        ] {
            assert!(probe(text).iter().any(|f| f.1 == "API_KEY"), "{text}");
        }
    }

    #[test]
    fn long_words_and_links_are_no_keys() {
        for text in [
            "internationalisation-of-payments",
            "https://example.com/a/b/c/d/e12345678901234567890",
            "pneumonoultramicroscopic",
        ] {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
