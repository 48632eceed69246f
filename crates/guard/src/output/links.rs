//! Where a text leads: the hosts of its links, and whether they may stand in an answer.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

/// The end of a name without a scheme that makes it an address: "bank.example/pay", and no "fee.The".
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+",
        r"(?:com|net|org|info|biz|io|co|app|dev|ai|me|link|click|site|online|shop|store|top|xyz|live|pro|cc|tv|ly|gg|to|",
        r"edu|gov|mil|int|bank|page|cloud|tech|support|help|email|zip|mov|example|test|invalid|local|onion|",
        r"au|nz|uk|us|ca|ie|in|za|sg|hk|my|ph|jp|cn|kr|eu|de|fr|es|pt|nl|be|ch|at|se|no|dk|fi|pl|cz|ro|gr|ru|su|ua|tr|br|mx)\b",
    ))
    .expect("a constant pattern")
});

/// Builds the table, so that the first answer doesn't wait for it.
pub(super) fn prepare() {
    LazyLock::force(&BARE);
}

/// Every host that a text names, in lower case and without `www.`. What stands where a host belongs and is
/// none (an address of numbers, letters of other scripts) is given as it stands, so that nothing knows it.
pub(super) fn hosts(text: &str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(c, '/' | '?' | '#' | '\\' | '"' | '\'' | '<' | '>' | ')' | ']' | '}' | '`')
    };
    for (at, _) in text.match_indices("//") {
        let authority = text[at + 2..].split(ends).next().unwrap_or("");
        // What stands before an `@` names no host: "bank.example@evil.example".
        let host = authority.rsplit('@').next().unwrap_or("");
        let host = host.split(':').next().unwrap_or("").trim_matches(['.', ',', ';', '!', '*', '_']);
        if !host.is_empty() {
            hosts.insert(plain(host));
        }
    }
    for found in BARE.find_iter(text) {
        // Letters before it belong to a longer name, in another script.
        let before = text[..found.start()].chars().next_back();
        let joined = before.is_some_and(|c| !c.is_ascii() && c.is_alphanumeric());
        hosts.insert(if joined { format!("?{}", found.as_str()) } else { plain(found.as_str()) });
    }
    hosts
}

fn plain(host: &str) -> String {
    let host = host.to_lowercase();
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

/// Whether a list of hosts has this one: itself, or a name below `*.`.
pub(super) fn listed(allowed: &[String], host: &str) -> bool {
    allowed.iter().any(|entry| match entry.strip_prefix("*.") {
        Some(above) => host.strip_suffix(&above.to_lowercase()).is_some_and(|rest| rest.ends_with('.')),
        None => plain(entry) == host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        hosts(text).into_iter().collect()
    }

    #[test]
    fn a_host_is_found_however_the_link_is_written() {
        for text in [
            "see https://evil.example/a?b=c",
            "see [this](https://evil.example)",
            "see evil.example/pay.",
            "WWW.EVIL.EXAMPLE",
            "//evil.example/x",
            "ftp://user:secret@evil.example:8080/",
            "https://bank.example@evil.example/",
        ] {
            assert!(of(text).contains(&"evil.example".to_owned()), "{text}: {:?}", of(text));
        }
        assert_eq!(of("http://2130706433/pay"), ["2130706433"]);
        assert!(!of("see b\u{430}nk.example").contains(&"bank.example".to_owned()));
        assert!(!of("https://b\u{430}nk.example").contains(&"bank.example".to_owned()));
    }

    #[test]
    fn sentences_name_no_hosts() {
        for text in
            ["The fee is $10.The card comes by post.", "e.g. 5 p.m. on 1.2.2026", "and/or 24/7", "A.B. Smith"]
        {
            assert!(of(text).is_empty(), "{text}: {:?}", of(text));
        }
    }

    #[test]
    fn a_list_names_hosts_whole_or_what_lies_below() {
        let list = ["www.bank.example".to_owned(), "*.help.example".to_owned()];
        assert!(listed(&list, "bank.example") && listed(&list, "cards.help.example"));
        for host in ["help.example", "evilbank.example", "bank.example.evil.example", "xhelp.example"] {
            assert!(!listed(&list, host), "{host}");
        }
    }
}
