//! Hosts that are written so that no reader of addresses sees them and every person does: "bank dot com",
//! "bank[.]com", "bank。com", "visit bank-help com".

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Dots in brackets, dots of other scripts, and the word.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of `links`")]
static DOTS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"(?i)(?P<before>[a-z0-9])\s*[\[({<]\s*(?:\.|d[o0]t|punkt|punto|point)\s*[\])}>]\s*(?P<after>[a-z])",
        r"(?i)(?P<before>[a-z0-9])\s?[\u{3002}\u{ff61}\u{ff0e}\u{2024}\u{2027}\u{2219}\u{22c5}\u{30fb}]\s?(?P<after>[a-z])",
        r"(?i)(?P<before>[a-z0-9])[\s_-]+d[o0]t[\s_-]+(?P<after>[a-z])",
        r"(?i)(?P<before>[a-z0-9])\s+\.(?P<after>[a-z])",
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant pattern"))
});

/// The one of them that is the bare word.
const WORD: usize = 2;

/// A word, nothing but white space, and the end of a name that is no word of English.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of `links`")]
static SPACED: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"(?i)(?P<name>[a-z0-9][a-z0-9-]*)[ \t]+(?P<end>com|org|net|biz|io|xyz)\b",
        r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)\.[ \t]+(?P<end>com|org|biz|io|xyz)\b",
        r"(?i)\bwww\s+(?P<name>[a-z0-9][a-z0-9-]*)",
        r"(?i)\b(?:h(?:xx|\*\*)ps?|https?\s+colon)\s+(?:slash\s+)*(?P<name>[a-z0-9][a-z0-9-]*)",
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant pattern"))
});

/// Words of which nobody makes a host.
const NO_NAMES: &[&str] = &[
    "a", "an", "and", "any", "as", "at", "black", "blue", "by", "d0t", "decimal", "dot", "each", "first",
    "green", "grey", "in", "last", "no", "of", "on", "one", "or", "our", "polka", "red", "small", "that",
    "the", "this", "to", "us", "white", "with", "yellow", "your",
];

/// Ends of names that are among the most frequent words: behind "dot" they are one only where a clause ends.
const SMALL: &[&str] = &["at", "be", "in", "me", "my", "no", "one", "to", "us"];

/// Words by which somebody is sent to a place.
const SENDS: &[&str] = &[
    "at", "browse", "click", "from", "go", "http", "https", "link", "login", "on", "open", "page", "see",
    "site", "to", "type", "via", "visit", "web", "website", "www",
];
/// So many words before the name one of them may stand.
const REACH: usize = 4;

/// Builds the tables, so that the first answer doesn't wait for them.
pub(super) fn prepare() {
    LazyLock::force(&DOTS);
    LazyLock::force(&SPACED);
}

/// The text with such dots as dots; none where it has none.
pub(super) fn dotted(text: &str) -> Option<String> {
    let mut dotted = text.to_owned();
    // Of "a dot b dot c" the letter between two dots belongs to both.
    for (at, pattern) in DOTS.iter().enumerate().chain(DOTS.iter().enumerate()) {
        let replaced = pattern.replace_all(&dotted, |found: &Captures<'_>| {
            let (Some(before), Some(after)) = (found.name("before"), found.name("after")) else {
                return String::new();
            };
            if at == WORD && !may_join(&dotted[..before.end()], &dotted[after.start()..]) {
                return found.get(0).map_or_else(String::new, |whole| whole.as_str().to_owned());
            }
            format!("{}.{}", before.as_str(), after.as_str())
        });
        dotted = replaced.into_owned();
    }
    (dotted != text).then_some(dotted)
}

/// Whether a dot that is a word may stand between these: not in "the green dot in the app".
fn may_join(before: &str, after: &str) -> bool {
    let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or("").to_lowercase();
    let (end, rest) = after.split_at(after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len()));
    !NO_NAMES.contains(&name.as_str()) && (!SMALL.contains(&end.to_lowercase().as_str()) || ends(rest))
}

/// Whether a clause ends here, or an address goes on.
fn ends(rest: &str) -> bool {
    rest.chars()
        .next()
        .is_none_or(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '/' | '"' | '\n'))
}

/// Hosts whose dots are left out.
pub(super) fn spaced(text: &str) -> Vec<String> {
    let [apart, behind_a_stop, www, scheme] = &*SPACED;
    let mut hosts = Vec::new();
    for pattern in [apart, behind_a_stop] {
        for found in pattern.captures_iter(text) {
            let (Some(name), Some(end)) = (found.name("name"), found.name("end")) else { continue };
            let lower = name.as_str().to_lowercase();
            // "$5 net" is an amount, and "us com" none of anybody's names.
            if NO_NAMES.contains(&lower.as_str()) || !lower.contains(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let joined = lower.contains('-') || lower.contains(|c: char| c.is_ascii_digit());
            let closes = ends(&text[end.end()..]);
            let is_host = match end.as_str().to_lowercase().as_str() {
                "net" => joined && closes,
                _ => joined || closes || sends(&text[..name.start()]),
            };
            if is_host {
                hosts.push(format!("{lower}.{}", end.as_str()));
            }
        }
    }
    for pattern in [www, scheme] {
        hosts.extend(pattern.captures_iter(text).filter_map(|f| Some(f.name("name")?.as_str().to_owned())));
    }
    hosts
}

/// Whether somebody is sent somewhere in the words before.
fn sends(before: &str) -> bool {
    let sentence = before.rsplit(['.', '!', '?', '\n']).next().unwrap_or("").to_lowercase();
    let words = sentence.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.rev().take(REACH).any(|word| SENDS.contains(&word))
}
