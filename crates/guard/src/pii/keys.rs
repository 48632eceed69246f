//! Keys and tokens of machines: by their issuer's prefix, by the word before them, by randomness.

use super::{
    cues::Cue,
    identifier::chunk_end,
    page::{Found, Page},
    secrets::link,
};
use crate::PersonalType as P;

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
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
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
        out.push(Found {
            start,
            end: start + body.len(),
            kind: P::ApiKey,
            score,
            by: "keys: a known prefix of keys, or randomness",
        });
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
            out.push(Found {
                start,
                end,
                kind: P::ApiKey,
                score: 0.95,
                by: "keys: letters and digits after a cue of a key",
            });
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
            out.push(Found {
                start,
                end,
                kind: P::ApiKey,
                score: 0.99,
                by: "keys: a block between BEGIN and END PRIVATE KEY",
            });
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

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
