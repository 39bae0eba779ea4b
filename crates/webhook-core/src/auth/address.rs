//! Where a request may come from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::limits::MAX_HOPS;

/// Addresses and ranges of addresses, v4 and v6. A v4 address written as v6 (`::ffff:192.0.2.1`) is the v4 address, in
/// a list as in what is looked up.
///
/// ```
/// use webhook_core::auth::address::{parse_address, Ranges};
/// let ranges = Ranges::parse(["192.0.2.0/24", "2001:db8::/32", "203.0.113.7"]).unwrap();
/// assert!(ranges.contains(parse_address("::ffff:192.0.2.1").unwrap()));
/// assert!(!ranges.contains(parse_address("203.0.113.8").unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges(Vec<IpNet>);

/// An entry of a list that is neither an address nor a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeError {
    /// Which one, from 0. The entry itself may have been filled from a secret variable, so it isn't kept.
    pub index: usize,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected an address such as 192.0.2.1 or a range such as 192.0.2.0/24, but found another text (entry {})",
            self.index + 1
        )
    }
}

impl std::error::Error for RangeError {}

impl Ranges {
    /// Reads a list of addresses and CIDR ranges. White space around an entry is dropped; bits of a range's address
    /// beyond its length don't count.
    ///
    /// # Errors
    ///
    /// [`RangeError`] for the first entry that is neither.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, RangeError> {
        let ranges = texts
            .into_iter()
            .enumerate()
            .map(|(index, text)| parse_range(text.trim()).ok_or(RangeError { index }));
        ranges.collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether an address is in the list or in one of its ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}

fn parse_range(text: &str) -> Option<IpNet> {
    if !text.contains('/') {
        return text
            .parse()
            .ok()
            .map(|address: IpAddr| IpNet::from(address.to_canonical()));
    }
    let range: IpNet = text.parse().ok()?;
    // `::ffff:192.0.2.0/120` is a range of v4 addresses; a shorter one, such as `::/0`, has none in it.
    Some(
        match (range.addr().to_canonical(), range.prefix_len().checked_sub(96)) {
            (address @ IpAddr::V4(_), Some(length)) if range.addr().is_ipv6() => IpNet::new(address, length).ok()?,
            _ => range,
        },
    )
}

/// Parses an address as Node's `socket.remoteAddress` and proxies write it: with a zone (`fe80::1%eth0`), a port
/// (`192.0.2.1:443`, `[2001:db8::1]:443`) or in brackets; a v4 address written as v6 becomes v4.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            if !port.is_empty() {
                port.strip_prefix(':')?.parse::<u16>().ok()?;
            }
            IpAddr::V6(without_zone(address).parse::<Ipv6Addr>().ok()?)
        }
        None => match text.split_once(':') {
            Some((address, port)) if address.contains('.') => {
                port.parse::<u16>().ok()?;
                address.parse().ok()?
            }
            _ => without_zone(text).parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

fn without_zone(text: &str) -> &str {
    text.split_once('%').map_or(text, |(address, _)| address)
}

/// The trusted proxies between clients and us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxies {
    /// This many, each of which appends the address it got the request from to `X-Forwarded-For`. None for 0. Only holds if
    /// clients can't bypass them.
    Count(u8),
    /// Those with these addresses, however many a request went through.
    Ranges(Ranges),
}

/// Returns the address that a request comes from, as far as it can be determined without trusting the client.
///
/// `peer` is the other end of the connection, and `forwarded_for` the values of the `X-Forwarded-For` headers, in order.
/// They are read from the end, where our own proxies wrote; whatever precedes that anyone can write.
/// `None` if it can't be determined: fewer entries than proxies, more than [`MAX_HOPS`] of trusted proxies, or something else
/// in place of an address. An IP allowlist has to reject that.
///
/// ```
/// use webhook_core::auth::address::{client_address, parse_address, Proxies};
/// let peer = parse_address("10.0.0.2").unwrap();
/// let forwarded = ["198.51.100.9, 203.0.113.7", "10.0.0.1"];
/// let client = client_address(peer, &forwarded, &Proxies::Count(2));
/// assert_eq!(client, parse_address("203.0.113.7"));
/// ```
pub fn client_address(peer: IpAddr, forwarded_for: &[&str], proxies: &Proxies) -> Option<IpAddr> {
    let mut hops = forwarded_for
        .iter()
        .rev()
        .flat_map(|value| value.rsplit(','))
        .map(parse_address);
    let mut address = peer.to_canonical();
    match proxies {
        Proxies::Count(count) => {
            for _ in 0..*count {
                address = hops.next()??;
            }
        }
        Proxies::Ranges(ranges) => {
            let mut count = 0;
            while ranges.contains(address) {
                match hops.next() {
                    Some(_) if count == MAX_HOPS => return None,
                    Some(hop) => address = hop?,
                    // The request comes from a proxy itself.
                    None => break,
                }
                count += 1;
            }
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::{client_address, parse_address, Proxies, Ranges, MAX_HOPS};

    fn matches(ranges: &[&str], address: &str) -> bool {
        Ranges::parse(ranges.iter().copied())
            .unwrap()
            .contains(parse_address(address).unwrap())
    }

    #[test]
    fn finds_no_client_behind_more_proxies_than_the_limit() {
        let proxies = Proxies::Ranges(Ranges::parse(["10.0.0.0/8"]).unwrap());
        let peer = parse_address("10.0.0.1").unwrap();
        let behind = |count: usize| format!("203.0.113.7{}", ", 10.0.0.2".repeat(count));
        let client = |count| client_address(peer, &[&behind(count)], &proxies);
        assert_eq!(client(MAX_HOPS - 1), parse_address("203.0.113.7"));
        assert_eq!(client(MAX_HOPS), None);
    }

    #[test]
    fn matches_addresses_and_ranges() {
        for (ranges, address, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1", true),
            (&["192.0.2.1"], "192.0.2.2", false),
            (&["192.0.2.0/24"], "192.0.2.255", true),
            (&["192.0.2.0/24"], "192.0.3.0", false),
            (&["192.0.2.77/24"], "192.0.2.1", true),
            (&["0.0.0.0/0"], "203.0.113.7", true),
            (&["0.0.0.0/0"], "::1", false),
            (&["::/0"], "192.0.2.1", false),
            (&["::/0"], "2001:db8::1", true),
            (&["2001:db8::/32"], "2001:DB8:1::1", true),
            (&["2001:db8::/32"], "2001:db9::1", false),
            (&[" 10.0.0.0/8 ", "192.168.0.0/16"], "192.168.1.1", true),
            (&[], "192.0.2.1", false),
        ] {
            assert_eq!(matches(ranges, address), expected, "{ranges:?} {address}");
        }
    }

    #[test]
    fn treats_a_v4_address_written_as_v6_as_v4() {
        for (range, address) in [
            ("192.0.2.0/24", "::ffff:192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.0/120", "192.0.2.1"),
            ("::ffff:c000:0201", "::ffff:192.0.2.1"),
        ] {
            assert!(matches(&[range], address), "{range} {address}");
        }
        assert!(!matches(&["::ffff:192.0.2.0/120"], "192.0.3.1"));
    }

    #[test]
    fn names_an_entry_that_is_not_an_address_by_its_index_alone() {
        for wrong in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.256",
            "example.com",
            "2001:db8::/129",
            "192.0.2.0/",
            "10.0.0.1-10.0.0.9",
            "010.0.0.1",
        ] {
            let error = Ranges::parse(["10.0.0.1", wrong]).unwrap_err();
            assert_eq!(error.index, 1);
            assert!(
                wrong.is_empty() || !error.to_string().contains(&format!("{wrong:?}")),
                "{error}"
            );
        }
    }

    #[test]
    fn reads_addresses_as_sockets_and_proxies_write_them() {
        for (text, expected) in [
            ("192.0.2.1:51234", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            (" ::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(parse_address(text), Some(expected.parse().unwrap()), "{text}");
        }
        for wrong in [
            "",
            "unknown",
            "_hidden",
            "192.0.2.1:x",
            "[::1",
            "[::1]x",
            "192.0.2.1.",
            "1",
            "[192.0.2.1]",
        ] {
            assert_eq!(parse_address(wrong), None, "{wrong}");
        }
    }

    #[track_caller]
    fn client(peer: &str, forwarded: &[&str], proxies: &Proxies, expected: Option<&str>) {
        let found = client_address(parse_address(peer).unwrap(), forwarded, proxies);
        assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{forwarded:?}");
    }

    #[test]
    fn ignores_what_a_client_writes_into_the_header() {
        client("203.0.113.7", &["192.0.2.1"], &Proxies::Count(0), Some("203.0.113.7"));
        client(
            "10.0.0.1",
            &["192.0.2.1, 203.0.113.7"],
            &Proxies::Count(1),
            Some("203.0.113.7"),
        );
        client(
            "10.0.0.1",
            &["192.0.2.1", "203.0.113.7"],
            &Proxies::Count(1),
            Some("203.0.113.7"),
        );
        client(
            "10.0.0.1",
            &["192.0.2.1, 203.0.113.7, 10.0.0.2"],
            &Proxies::Count(2),
            Some("203.0.113.7"),
        );
        client(
            "10.0.0.1",
            &["nonsense, 203.0.113.7"],
            &Proxies::Count(1),
            Some("203.0.113.7"),
        );
        let ranges = Proxies::Ranges(Ranges::parse(["10.0.0.0/8"]).unwrap());
        client(
            "10.0.0.1",
            &["192.0.2.1, 203.0.113.7, 10.9.9.9"],
            &ranges,
            Some("203.0.113.7"),
        );
        client("203.0.113.7", &["192.0.2.1"], &ranges, Some("203.0.113.7"));
        client("::ffff:10.0.0.1", &["203.0.113.7"], &ranges, Some("203.0.113.7"));
        client("10.0.0.1", &[], &ranges, Some("10.0.0.1"));
        client("10.0.0.1", &["10.0.0.3"], &ranges, Some("10.0.0.3"));
    }

    #[test]
    fn finds_no_client_if_its_address_cannot_be_determined() {
        client("10.0.0.1", &[], &Proxies::Count(1), None);
        client("10.0.0.1", &["203.0.113.7"], &Proxies::Count(2), None);
        client("10.0.0.1", &["203.0.113.7, unknown"], &Proxies::Count(1), None);
        client("10.0.0.1", &[""], &Proxies::Count(1), None);
        let ranges = Proxies::Ranges(Ranges::parse(["10.0.0.0/8"]).unwrap());
        client("10.0.0.1", &["203.0.113.7, unknown"], &ranges, None);
    }
}
