//! Where a request came from (A3). Only trusted proxies are believed: from the nearest one outwards, the first address
//! that is none of theirs is the client's. What somebody else writes into these headers is not read.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::{ProxyHeader, Server};

/// Hops that are looked at; a longer chain is forged.
const MOST_HOPS: usize = 32;

/// The trusted proxies.
#[derive(Debug, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
    country: Option<HeaderName>,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From {
    /// The client's address; one of IPv4 as such.
    pub ip: IpAddr,
    /// The country that a trusted proxy says, as two letters.
    pub country: Option<[u8; 2]>,
}

/// A network, or an address alone.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| IpNet::from(ip.to_canonical())))
}

impl Proxies {
    /// Those of a configuration; what is no network was refused with it.
    #[must_use]
    pub fn of(server: &Server) -> Proxies {
        Proxies {
            trusted: server.trusted_proxies.iter().filter_map(|entry| network(entry)).collect(),
            header: server.proxy_header,
            country: server.country_header.parse().ok(),
        }
    }

    /// Where a request came from that this peer sent.
    #[must_use]
    pub fn from(&self, peer: IpAddr, headers: &HeaderMap) -> From {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return From { ip: peer, country: None };
        }
        let country = self.country.as_ref().and_then(|name| headers.get(name)).and_then(|value| {
            let letters: [u8; 2] = value.as_bytes().trim_ascii().try_into().ok()?;
            letters.iter().all(u8::is_ascii_alphabetic).then(|| letters.map(|b| b.to_ascii_uppercase()))
        });
        let mut ip = peer;
        for hop in self.hops(headers).into_iter().rev().take(MOST_HOPS) {
            // What can't be read was written by the hop before, or by the client: that hop is all we know.
            let Some(address) = hop else { break };
            ip = address.to_canonical();
            if !self.trusts(ip) {
                break;
            }
        }
        From { ip, country }
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// The addresses of the header, the client's first.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let all = headers.get_all(self.header.as_str());
        let parts = all.iter().flat_map(|value| value.to_str().unwrap_or("?").split(','));
        parts
            .map(|part| match self.header {
                ProxyHeader::XForwardedFor => address(part),
                ProxyHeader::Forwarded => forwarded(part),
            })
            .collect()
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('[') {
        return inside.split_once(']')?.0.parse().ok();
    }
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4))
}

/// The `for` of one element of RFC 7239.
fn forwarded(element: &str) -> Option<IpAddr> {
    let pair = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })?;
    address(pair.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(header: ProxyHeader) -> Proxies {
        let trusted = ["10.0.0.0/8", "192.168.7.3", "2001:db8:1::/48"].map(|n| network(n).unwrap()).to_vec();
        Proxies { trusted, header, country: Some(HeaderName::from_static("cf-ipcountry")) }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn from(header: ProxyHeader, peer: &str, values: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header.as_str(), value.parse().unwrap());
        }
        proxies(header).from(ip(peer), &headers).ip
    }

    #[test]
    fn the_first_address_outside_of_the_trusted_ones_is_the_clients() {
        let x = ProxyHeader::XForwardedFor;
        for (peer, values, client) in [
            ("10.0.0.1", &["203.0.113.7"][..], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            // What the client itself wrote stands to the left of it.
            ("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.9.9.9, 192.168.7.3"], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &["2001:db8:2::1"], "2001:db8:2::1"),
            ("2001:db8:1::1", &["[2001:db8:2::1]:443"], "2001:db8:2::1"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(from(x, peer, values), ip(client), "{peer} {values:?}");
        }
    }

    #[test]
    fn whoever_is_not_trusted_is_not_believed() {
        for header in ProxyHeader::ALL {
            assert_eq!(from(*header, "203.0.113.9", &["198.51.100.1"]), ip("203.0.113.9"));
            assert_eq!(from(*header, "192.168.7.4", &["for=198.51.100.1"]), ip("192.168.7.4"));
        }
        // What can't be read ends the chain at whoever handed it on.
        for forged in ["unknown, 10.9.9.9", "198.51.100.1, nonsense, 10.9.9.9", "_hidden, 10.9.9.9"] {
            assert_eq!(from(ProxyHeader::XForwardedFor, "10.0.0.1", &[forged]), ip("10.9.9.9"), "{forged}");
        }
        // The other header is not read: proxies hand it on as the client wrote it.
        let mut headers = HeaderMap::new();
        headers.append("forwarded", "for=198.51.100.1".parse().unwrap());
        assert_eq!(proxies(ProxyHeader::XForwardedFor).from(ip("10.0.0.1"), &headers).ip, ip("10.0.0.1"));
    }

    #[test]
    fn forwarded_is_read_as_its_standard_has_it() {
        let f = ProxyHeader::Forwarded;
        for (value, client) in [
            ("for=203.0.113.7;proto=https;by=10.0.0.2", "203.0.113.7"),
            ("For=\"[2001:db8:2::17]:4711\"", "2001:db8:2::17"),
            ("for=198.51.100.1, for=203.0.113.7;host=a, for=10.3.3.3", "203.0.113.7"),
            ("proto=https", "10.0.0.1"),
            ("for=unknown", "10.0.0.1"),
        ] {
            assert_eq!(from(f, "10.0.0.1", &[value]), ip(client), "{value}");
        }
    }

    #[test]
    fn a_country_is_believed_of_a_trusted_proxy_alone() {
        let mut headers = HeaderMap::new();
        headers.append("cf-ipcountry", "au".parse().unwrap());
        let of = |peer: &str, headers: &HeaderMap| {
            proxies(ProxyHeader::XForwardedFor).from(ip(peer), headers).country
        };
        assert_eq!(of("10.0.0.1", &headers), Some(*b"AU"));
        assert_eq!(of("203.0.113.9", &headers), None);
        for odd in ["Australia", "a", "4!"] {
            headers.insert("cf-ipcountry", odd.parse().unwrap());
            assert_eq!(of("10.0.0.1", &headers), None, "{odd}");
        }
    }

    #[test]
    fn a_network_is_read_and_nonsense_is_not() {
        for good in ["10.0.0.0/8", " 192.168.7.3", "2001:db8::/32", "::1", "::ffff:10.0.0.1"] {
            assert!(network(good).is_some(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "proxy.bank.example", "*"] {
            assert!(network(bad).is_none(), "{bad}");
        }
    }
}
