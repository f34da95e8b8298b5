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
    /// Those that may change state from a browser. Empty: the request's own host.
    pub allowed_origins: Vec<Origin>,
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

/// Where a page comes from, as browsers write it: `https://pgvigil.example.org`, in lower case and without the scheme's own
/// port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: expected scheme, host and a port where it is not the scheme's own, as https://pgvigil.example.org \
     or http://10.0.0.7:8000, without a path"
)]
pub struct InvalidOrigin(String);

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let own_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(invalid()),
        };
        // A slash at the end is how browsers show an address.
        let authority: salvo::http::uri::Authority =
            rest.strip_suffix('/').unwrap_or(rest).parse().map_err(|_| invalid())?;
        let port = authority.port_u16().filter(|port| *port != own_port);
        let has_odd_port = authority.port_u16().is_none() && authority.as_str().len() != authority.host().len();
        if authority.host().is_empty() || authority.as_str().contains('@') || has_odd_port {
            return Err(invalid());
        }
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}", authority.host()).to_ascii_lowercase()))
    }
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
    fn what_is_no_origin_is_refused_with_an_example() {
        for text in [
            "",
            "*",
            "null",
            "pgvigil.example.org",
            "ftp://example.org",
            "https://",
            "https://:8443",
            "https://user@example.org",
            "https://example.org/pgvigil",
            "https://example.org?x",
            "https://example.org:",
            "https://example.org:port",
            "https://example.org:70000",
            "https://exa mple.org",
            "https://a.example.org,https://b.example.org",
        ] {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is not an origin: expected scheme, host")), "{error}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, origin) in [
            ("https://Pg.Example.org/", "https://pg.example.org"),
            ("HTTPS://pg.example.org:443", "https://pg.example.org"),
            ("http://10.0.0.7:8000", "http://10.0.0.7:8000"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), origin);
        }
    }

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
