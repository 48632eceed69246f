//! Which addresses a fetch may connect to. Checked on the address that a name resolved to and that is
//! then connected to, and on addresses that stand in a URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The open internet.
    Public,
    /// This machine, a private network or a provider's: only with `allow_private`.
    Private,
    /// Never a bank's pages: cloud metadata, link-local, multicast, documentation, reserved.
    Never,
}

/// Addresses of cloud providers that hand out credentials and lie outside the link-local range.
const METADATA: &[Ipv4Addr] = &[
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(168, 63, 129, 16),   // Azure
];
/// The same of AWS, Google and Oracle in IPv6.
const METADATA_V6: &[Ipv6Addr] = &[
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// Says where an address lies, by the special-purpose registries of IANA (RFC 6890 and its updates). An
/// IPv4 address inside an IPv6 one counts as itself.
pub(crate) fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(v4) => place_v4(v4),
        IpAddr::V6(v6) => place_v6(v6),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    if METADATA.contains(&address) {
        return Place::Never;
    }
    match address.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Place::Private,
        // "This" network, link-local with cloud metadata, IETF protocols, documentation, 6to4 relays,
        // benchmarks, multicast and reserved.
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Place::Never,
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    if METADATA_V6.contains(&address) {
        return Place::Never;
    }
    if address == Ipv6Addr::LOCALHOST {
        return Place::Private;
    }
    let s = address.segments();
    let low = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        place_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // IPv4-mapped, IPv4-compatible (unspecified among them), NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, a, b] => low(a, b),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => low(a, b),
        [0x2002, a, b, ..] => low(a, b),
        // Unique-local.
        [0xfc00..=0xfdff, ..] => Place::Private,
        // IETF protocols (Teredo among them), documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Place::Never,
        // The only range that IANA gives out.
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Never,
    }
}

/// Whether a fetch may connect there.
pub(crate) fn may_connect(address: IpAddr, allow_private: bool) -> bool {
    match place(address) {
        Place::Public => true,
        Place::Private => allow_private,
        Place::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(addresses: &[&str], expected: Place) {
        for address in addresses {
            assert_eq!(place(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn each_range_at_its_first_and_last_address_and_just_outside() {
        all(
            &[
                "10.0.0.0",
                "10.255.255.255",
                "127.0.0.1",
                "127.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.0",
                "192.168.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "::1",
                "fc00::",
                "fd12:3456::1",
                "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ],
            Place::Private,
        );
        all(
            &[
                "0.0.0.0",
                "0.255.255.255",
                "169.254.0.0",
                "169.254.169.254",
                "169.254.255.255",
                "192.0.0.0",
                "192.0.0.192",
                "192.0.2.1",
                "192.0.2.255",
                "192.88.99.1",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.255",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "100.100.100.200",
                "168.63.129.16",
                "::",
                "fe80::1",
                "febf::1",
                "fec0::1",
                "ff02::1",
                "2001::1",
                "2001:1ff:ffff::",
                "2001:db8::1",
                "3fff:fff::1",
                "5f00::1",
                "100::1",
                "64:ff9b:1::1",
                "fd00:ec2::254",
                "4000::1",
            ],
            Place::Never,
        );
        all(
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "192.0.1.0",
                "192.0.3.0",
                "198.17.255.255",
                "198.20.0.0",
                "198.51.101.0",
                "203.0.114.0",
                "223.255.255.255",
                "2606:4700::1111",
                "2001:200::1",
                "2001:db9::1",
                "2a00:1450::1",
            ],
            Place::Public,
        );
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_counts_as_itself() {
        all(
            &[
                "::ffff:127.0.0.1",
                "::ffff:10.1.2.3",
                "::127.0.0.1",
                "64:ff9b::10.0.0.1",
                "2002:7f00:1::",
                "2002:c0a8:101::1",
            ],
            Place::Private,
        );
        all(
            &[
                "::ffff:169.254.169.254",
                "::169.254.169.254",
                "64:ff9b::a9fe:a9fe",
                "2002:a9fe:a9fe::1",
                "::ffff:0.0.0.0",
            ],
            Place::Never,
        );
        all(&["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"], Place::Public);
    }

    #[test]
    fn allow_private_opens_private_networks_and_nothing_else() {
        for (address, with, without) in [
            ("127.0.0.1", true, false),
            ("::ffff:192.168.1.1", true, false),
            ("169.254.169.254", false, false),
            ("1.1.1.1", true, true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(
                (may_connect(address, true), may_connect(address, false)),
                (with, without),
                "{address}"
            );
        }
    }
}
