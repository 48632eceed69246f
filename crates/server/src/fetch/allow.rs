//! The list of hosts that may be asked (`knowledge.fetch.allow`).

use std::net::IpAddr;

use reqwest::Url;

use super::{Refusal, address};

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// As a URL writes it: lower case, punycode.
    host: String,
    /// Only names below the host.
    below: bool,
    /// None: 443 and 80.
    port: Option<u16>,
}

/// Which hosts may be asked.
#[derive(Debug, Clone)]
pub(crate) struct AllowList {
    entries: Vec<Entry>,
    allow_private: bool,
}

/// How an entry must be written.
pub(crate) const HOW: &str = "write a host as \"www.bank.example\", \"*.bank.example\" for all names below it, with \":8443\" \
     where the port is another than 80 and 443; no https://, no path";

impl AllowList {
    /// Reads the list.
    ///
    /// # Errors
    /// The first entry that is not written as [`HOW`] says.
    pub(crate) fn new(entries: &[String], allow_private: bool) -> Result<AllowList, String> {
        let read = |entry: &String| Entry::read(entry).ok_or_else(|| entry.clone());
        Ok(AllowList { entries: entries.iter().map(read).collect::<Result<_, _>>()?, allow_private })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn allow_private(&self) -> bool {
        self.allow_private
    }

    /// Whether this URL may be asked, as far as its text tells. What its name resolves to is checked when
    /// it is connected to; an address in the URL is checked here, because no name is resolved then.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(Refusal::Url);
        };
        if !self.entries.iter().any(|e| e.is(host, port)) {
            return Err(Refusal::Host);
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(ip) if !address::may_connect(ip, self.allow_private) => Err(Refusal::Address),
            _ => Ok(()),
        }
    }
}

impl Entry {
    fn read(text: &str) -> Option<Entry> {
        let text = text.trim();
        let (below, host) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if host.is_empty() || host.contains(['*', '/', '@', '?', '#', '\\', ' ']) {
            return None;
        }
        // The port of a scheme with another default one tells "no port" and ":443" apart.
        let url = Url::parse(&format!("http://{host}/")).ok()?;
        let written = host
            .rsplit_once(':')
            .is_some_and(|(_, p)| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        let ipv6 = host.starts_with('[') && host.ends_with(']');
        let port = (written && !ipv6).then(|| url.port_or_known_default()).flatten();
        let host = url.host_str()?.to_owned();
        // "*.example" would be half the internet.
        (!below || host.contains('.')).then_some(Entry { host, below, port })
    }

    fn is(&self, host: &str, port: u16) -> bool {
        let named = if self.below {
            host.strip_suffix(self.host.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host == self.host
        };
        named && self.port.map_or(matches!(port, 80 | 443), |own| own == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[&str], private: bool, url: &str) -> Result<(), Refusal> {
        let entries: Vec<String> = entries.iter().map(|e| (*e).to_owned()).collect();
        AllowList::new(&entries, private).unwrap().check(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_itself_and_names_below_it_only_where_that_is_written() {
        for (entry, url, expected) in [
            ("bank.example", "https://bank.example/x", Ok(())),
            ("Bank.Example", "http://BANK.example/x", Ok(())),
            ("bank.example", "https://www.bank.example/", Err(Refusal::Host)),
            ("bank.example", "https://bank.example.evil.example/", Err(Refusal::Host)),
            ("bank.example", "https://evilbank.example/", Err(Refusal::Host)),
            ("*.bank.example", "https://www.bank.example/", Ok(())),
            ("*.bank.example", "https://a.b.bank.example/", Ok(())),
            ("*.bank.example", "https://bank.example/", Err(Refusal::Host)),
            ("*.bank.example", "https://evilbank.example/", Err(Refusal::Host)),
            ("bücher.example", "https://xn--bcher-kva.example/", Ok(())),
            ("bank.example", "https://bank.example:8443/", Err(Refusal::Host)),
            ("bank.example:8443", "https://bank.example:8443/", Ok(())),
            ("bank.example:8443", "https://bank.example/", Err(Refusal::Host)),
            ("bank.example", "ftp://bank.example/", Err(Refusal::Scheme)),
            ("bank.example", "https://user:pw@bank.example/", Err(Refusal::Credentials)),
            ("bank.example", "https://user@bank.example/", Err(Refusal::Credentials)),
        ] {
            assert_eq!(check(&[entry], false, url), expected, "{entry} {url}");
        }
        assert_eq!(check(&[], false, "https://bank.example/"), Err(Refusal::Host));
    }

    #[test]
    fn an_address_in_the_url_is_read_as_a_browser_reads_it() {
        for url in ["http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/"]
        {
            let list = ["127.0.0.1", "[::ffff:127.0.0.1]"];
            assert_eq!(check(&list, false, url), Err(Refusal::Address), "{url}");
            assert_eq!(check(&list, true, url), Ok(()), "{url}");
        }
        let metadata = check(&["169.254.169.254"], true, "http://169.254.169.254/latest");
        assert_eq!(metadata, Err(Refusal::Address));
    }

    #[test]
    fn an_entry_is_a_host() {
        for wrong in [
            "",
            "*",
            "*.",
            "*.example",
            "https://bank.example",
            "bank.example/help",
            "a.*.example",
            "me@bank.example",
        ] {
            assert!(AllowList::new(&[wrong.to_owned()], false).is_err(), "{wrong}");
        }
    }
}
