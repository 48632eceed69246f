//! Where a text leads: the hosts of its links, and whether they may stand in an answer.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::spoken;

/// Ends of names that are no English words.
const ENDS: &str = "com|net|org|info|biz|io|co|dev|ai|xyz|cc|tv|ly|gg|edu|gov|mil|int|zip|mov|icu|mobi|tel|example|invalid|local|onion|\
    au|nz|uk|ca|ie|za|sg|hk|ph|jp|cn|kr|eu|de|fr|es|pt|nl|be|ch|at|se|dk|fi|pl|cz|ro|gr|ru|su|ua|tr|br|mx";

/// Ends of names that are words too: with a capital letter behind a small one they begin a sentence.
const WORDS: &str = "app|me|link|click|site|online|shop|store|top|live|pro|to|bank|page|cloud|tech|support|help|email|test|in|my|us|no|\
    asia|agency|bid|blog|business|capital|care|cash|center|chat|claims|club|company|contact|credit|digital|direct|\
    exchange|express|finance|fun|fund|group|host|life|loan|loans|market|money|name|network|news|one|plus|press|\
    services|social|software|solutions|space|studio|systems|team|tips|today|tools|trade|video|vip|website|wiki|win|\
    work|works|world|zone";

/// The end of a name without a scheme that makes it an address: "bank.example/pay", and no "fee.The".
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?i)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{ENDS}|(?P<word>{WORDS}))\b"))
        .expect("a constant pattern")
});

/// Builds the tables, so that the first answer doesn't wait for them.
pub(super) fn prepare() {
    LazyLock::force(&BARE);
    spoken::prepare();
}

/// Every host that a text names, in lower case and without `www.`, also where its dots are words or other
/// signs. What stands where a host belongs and is none (an address of numbers, letters of other scripts) is
/// given as it stands, so that nothing knows it.
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
    named(text, &mut hosts);
    if let Some(dotted) = spoken::dotted(text) {
        named(&dotted, &mut hosts);
    }
    hosts.extend(spoken::spaced(text).into_iter().map(|host| plain(&host)));
    hosts
}

/// The hosts that stand in a text without a scheme.
fn named(text: &str, hosts: &mut BTreeSet<String>) {
    for found in BARE.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        let host = whole.as_str();
        let sentence = found.name("word").is_some_and(|word| {
            word.as_str().starts_with(char::is_uppercase) && host.contains(char::is_lowercase)
        });
        if sentence {
            continue;
        }
        // Letters before it belong to a longer name, in another script.
        let before = text[..whole.start()].chars().next_back();
        let joined = before.is_some_and(|c| !c.is_ascii() && c.is_alphanumeric());
        hosts.insert(if joined { format!("?{host}") } else { plain(host) });
    }
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
        assert_eq!(of("pay at larkfield.money"), ["larkfield.money"]);
        assert!(!of("see b\u{430}nk.example").contains(&"bank.example".to_owned()));
        assert!(!of("https://b\u{430}nk.example").contains(&"bank.example".to_owned()));
    }

    #[test]
    fn a_host_is_found_however_its_dots_are_written() {
        for text in [
            "see evil dot example",
            "see evil DOT example.",
            "see evil-dot-example",
            "see evil[.]example",
            "see evil (.) example",
            "see evil{dot}example",
            "see evil [ dot ] example",
            "see evil\u{3002}example",
            "see evil\u{2027}example",
            "see evil .example",
        ] {
            assert!(of(text).contains(&"evil.example".to_owned()), "{text}: {:?}", of(text));
        }
        for (text, host) in [
            ("visit larkfield-help com", "larkfield-help.com"),
            ("Go to larkfield com and log in", "larkfield.com"),
            ("pay larkfield com.", "larkfield.com"),
            ("larkfield-bank-help dot com", "larkfield-bank-help.com"),
            ("larkfield dot com dot au", "larkfield.com.au"),
            ("refunds at larkfield dot org", "larkfield.org"),
            ("see larkfield dot me.", "larkfield.me"),
            ("larkfield-help. com", "larkfield-help.com"),
        ] {
            assert!(of(text).contains(&host.to_owned()), "{text}: {:?}", of(text));
        }
        for text in ["www larkfield help", "hxxps larkfield", "go to http colon slash slash larkfield"] {
            assert!(!of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn sentences_name_no_hosts() {
        for text in [
            "The fee is $10.The card comes by post.",
            "The fee is $10.Today it is sent.",
            "e.g. 5 p.m. on 1.2.2026",
            "and/or 24/7",
            "A.B. Smith",
            "Come and visit us. Com bank opens at nine.",
            "Please visit us. Company accounts are opened there.",
            "The green dot in the app means that the card is on.",
            "Larkfield Bank help and support in the app, at no cost to you",
            "The fee is $5 net. Org charts are in the branch.",
            "For more info call us, and see the site online.",
            "Look for the dot at the top of the page",
            "Uma transfer\u{ea}ncia com tarifa custa $10",
            "\u{8d39}\u{7528}\u{4e3a}10\u{7f8e}\u{5143}\u{3002}\u{5361}\u{3002}",
        ] {
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
