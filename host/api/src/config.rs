//! What the operator decides about the HTTP side.

use std::str::FromStr;
use std::time::Duration;

use pgvigil_model::{Network, Secret};
use pgvigil_storage::Role;

use crate::tls::TlsFiles;

/// bcrypt's logarithmic cost: about a quarter of a second of one core per sign-in.
pub const PASSWORD_COST_DEFAULT: u32 = 12;

#[derive(Debug)]
pub struct ApiConfig {
    /// Signs the access and refresh tokens; at least 32 bytes.
    pub secret_key: Secret,
    /// Those that may change state from a browser. Empty: the request's own host.
    pub allowed_origins: Vec<Origin>,
    /// Whose `X-Forwarded-For` (or `X-Real-IP`), `X-Forwarded-Host` and `X-Forwarded-Proto` count.
    pub trusted_proxies: Vec<Network>,
    /// bcrypt's logarithmic cost, 4 to 31.
    pub password_cost: u32,
    pub query_texts: QueryTexts,
    /// None: plain HTTP.
    pub tls: Option<TlsFiles>,
    pub patience: Patience,
    /// Requests that one address, not of this machine, may send in a minute; more are answered with 429.
    pub requests_per_minute: u32,
    /// Connections that one address, not of a trusted proxy, may have at once, and requests; more connections are closed, and
    /// more requests answered with 429.
    pub connections_per_address: usize,
    /// Opens `/metrics`, and nothing else. None: only those who are signed in see them.
    pub metrics_token: Option<Secret>,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the TLS handshake, and then for the head of a request.
    pub head: Duration,
    /// Without sending any of the body, or without taking any of the answer.
    pub stall: Duration,
    /// For a whole body, however often a little of it comes. A bundle of certificates takes a second over a modem.
    pub body: Duration,
    /// On a connection on which nothing moves either way.
    pub idle: Duration,
    /// How often it is looked whether the certificate changed.
    pub certificates: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [head, stall, body, idle, certificates] = [15, 60, 60, 120, 10].map(Duration::from_secs);
        Self { head, stall, body, idle, certificates }
    }
}

/// A hundred a second: no page and no script of ours comes near.
const REQUESTS_PER_MINUTE: u32 = 6_000;

/// A quarter of all: an office behind one address has room, and no address takes that of the others.
const CONNECTIONS_PER_ADDRESS: usize = 256;

impl ApiConfig {
    /// Loopback is trusted as a proxy, the request's own host is the only origin, cookies are secure where that works.
    pub fn new(secret_key: Secret) -> Self {
        Self {
            secret_key,
            allowed_origins: Vec::new(),
            trusted_proxies: Network::LOOPBACK.to_vec(),
            password_cost: PASSWORD_COST_DEFAULT,
            query_texts: QueryTexts::default(),
            tls: None,
            patience: Patience::default(),
            requests_per_minute: REQUESTS_PER_MINUTE,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            metrics_token: None,
        }
    }
}

/// Who sees the texts of statements in live views. They may hold what an application writes into its SQL: names, tokens,
/// passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryTexts {
    /// This role and those above it.
    From(Role),
    Hidden,
}

impl Default for QueryTexts {
    fn default() -> Self {
        Self::From(Role::Operator)
    }
}

impl QueryTexts {
    pub(crate) fn are_shown_to(self, role: Role) -> bool {
        match self {
            Self::From(lowest) => role >= lowest,
            Self::Hidden => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role that may see texts of statements: expected viewer, operator, admin or nobody")]
pub struct InvalidQueryTexts(String);

impl FromStr for QueryTexts {
    type Err = InvalidQueryTexts;

    fn from_str(text: &str) -> Result<Self, InvalidQueryTexts> {
        match Role::from_word(text) {
            Some(role) => Ok(Self::From(role)),
            None if text == "nobody" => Ok(Self::Hidden),
            None => Err(InvalidQueryTexts(text.to_owned())),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_statements_are_shown_from_a_role_on() {
        assert!("root".parse::<QueryTexts>().is_err());
        let shown = |policy: &str| Role::ALL.map(|role| policy.parse::<QueryTexts>().unwrap().are_shown_to(role));
        assert_eq!(shown("nobody"), [false, false, false]);
        assert_eq!(shown("admin"), [false, false, true]);
        assert_eq!(shown("viewer"), [true, true, true]);
        assert_eq!(QueryTexts::default(), "operator".parse().unwrap());
    }

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
}
