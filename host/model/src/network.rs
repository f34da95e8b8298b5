//! Networks of addresses, and which of them may be connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses with a common prefix: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network: use an address like 10.0.0.1 or ::1, or a prefix like 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl Network {
    pub const LOOPBACK: [Self; 2] = [
        Self { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix_bits: 8 },
        Self { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix_bits: 128 },
    ];

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = u32::from(network) ^ u32::from(address);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = u128::from(network) ^ u128::from(address);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_bits)
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => longest,
            Some(prefix) => prefix.parse().ok().filter(|bits| *bits <= longest).ok_or_else(invalid)?,
        };
        Ok(Self { address, prefix_bits })
    }
}

/// Where this host may look for monitored servers. To be asked about the address that a name resolved to, at the moment of
/// connecting to that very address: a name can mean another one a second later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Empty: everywhere that is not denied.
    pub allowed: Vec<Network>,
    /// Wins over `allowed`.
    pub denied: Vec<Network>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedAddress {
    #[error("{address} is in {network}, which denied_server_networks keeps this host from connecting to")]
    Denied { address: IpAddr, network: Network },
    #[error("{address} is in none of allowed_server_networks, so this host does not connect to it")]
    NotAllowed { address: IpAddr },
}

impl AddressPolicy {
    pub fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        let address = really(address);
        if let Some(network) = self.denied.iter().find(|network| network.contains(address)) {
            return Err(RefusedAddress::Denied { address, network: *network });
        }
        if self.allowed.is_empty() || self.allowed.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        Err(RefusedAddress::NotAllowed { address })
    }

    /// A unix socket is as near as loopback.
    pub fn check_unix_socket(&self) -> Result<(), RefusedAddress> {
        self.check(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
}

/// Where a connection to this address goes: `0.0.0.0` and `::` reach loopback, and IPv6 has IPv4 in it.
fn really(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_cannot_be_one_is_refused() {
        for text in ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "example.org"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_contains_its_own_addresses_only() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.3".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.0.1".parse().unwrap()), "IPv4 as a dual-stack socket shows it");
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("192.0.2.1".parse().unwrap()));
    }

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn refused(policy: &AddressPolicy, addresses: &[&str]) {
        for address in addresses {
            assert!(policy.check(address.parse().unwrap()).is_err(), "{address}");
        }
    }

    #[test]
    fn loopback_is_refused_however_it_is_written() {
        let policy = AddressPolicy { allowed: Vec::new(), denied: Network::LOOPBACK.to_vec() };
        refused(&policy, &["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"]);
        assert!(policy.check_unix_socket().is_err());
        assert!(policy.check("10.0.0.1".parse().unwrap()).is_ok());
    }

    #[test]
    fn only_allowed_networks_are_reached_and_a_denied_one_within_is_not() {
        let policy = AddressPolicy { allowed: networks(&["10.0.0.0/8", "fd00::/8"]), denied: networks(&["10.0.0.1"]) };
        refused(&policy, &["192.168.0.1", "10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1", "2001:db8::1"]);
        assert!(policy.check("10.0.0.2".parse().unwrap()).is_ok());
        assert!(policy.check("fd00::1".parse().unwrap()).is_ok());
        assert_eq!(
            policy.check("10.0.0.1".parse().unwrap()).unwrap_err().to_string(),
            "10.0.0.1 is in 10.0.0.1/32, which denied_server_networks keeps this host from connecting to"
        );
    }

    #[test]
    fn without_a_policy_everything_is_reached() {
        assert!(AddressPolicy::default().check("127.0.0.1".parse().unwrap()).is_ok());
    }
}
