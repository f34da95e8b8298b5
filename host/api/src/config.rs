//! What the operator decides about the HTTP side.

use std::net::IpAddr;
use std::str::FromStr;

use pgvigil_model::Secret;

/// bcrypt's logarithmic cost: about a quarter of a second of one core per sign-in.
pub const PASSWORD_COST_DEFAULT: u32 = 12;

#[derive(Debug)]
pub struct ApiConfig {
    /// Signs the access and refresh tokens; at least 32 bytes.
    pub secret_key: Secret,
    /// Origins (`https://pgvigil.example.org`) that may change state from a browser. Empty: the request's own host.
    pub allowed_origins: Vec<String>,
    /// Whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` count.
    pub trusted_proxies: Vec<Network>,
    pub cookie_security: CookieSecurity,
    /// bcrypt's logarithmic cost, 4 to 31.
    pub password_cost: u32,
}

impl ApiConfig {
    /// Loopback is trusted as a proxy, the request's own host is the only origin, cookies are secure where that works.
    pub fn new(secret_key: Secret) -> Self {
        Self {
            secret_key,
            allowed_origins: Vec::new(),
            trusted_proxies: Network::LOOPBACK.to_vec(),
            cookie_security: CookieSecurity::Auto,
            password_cost: PASSWORD_COST_DEFAULT,
        }
    }
}

/// Whether the refresh cookie carries `Secure`, without which a browser may send it over plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CookieSecurity {
    /// Always, except for a page that was opened as `http://` on a loopback name or address: there is nothing to intercept,
    /// and not every browser keeps a secure cookie there.
    #[default]
    Auto,
    Always,
    /// For plain HTTP across a network that is trusted; whoever listens there can take over sessions.
    Never,
}

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
        Self { address: IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 0)), prefix_bits: 8 },
        Self { address: IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), prefix_bits: 128 },
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
}
