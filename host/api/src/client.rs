//! Who is at the other end: address, origin, scheme, as far as they can be trusted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use pgvigil_model::Network;
use salvo::http::HeaderValue;
use salvo::prelude::*;

use crate::config::{ApiConfig, Origin};
use crate::error::ApiError;

/// Longer ones are cut before they are stored.
const USER_AGENT_CHARS_MAX: usize = 256;

/// The client of a request, as audit and limits see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
}

impl Client {
    pub(crate) fn of(req: &Request, config: &ApiConfig) -> Self {
        let user_agent = header(req, "user-agent").map(|agent| agent.chars().take(USER_AGENT_CHARS_MAX).collect());
        Self { address: address(req, &config.trusted_proxies), user_agent }
    }
}

fn header<'a>(req: &'a Request, name: &str) -> Option<&'a str> {
    req.headers().get(name)?.to_str().ok()
}

/// The peer's address. Without one (a unix socket, a test in the same process) the peer is on this machine.
pub(crate) fn peer(req: &Request) -> IpAddr {
    req.remote_addr().clone().into_std().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip().to_canonical())
}

pub(crate) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The nearest address on the way here that is not one of our proxies: what stands further left in `X-Forwarded-For` came
/// from outside and may be anything. Without that header, what a trusted proxy gives as `X-Real-IP`.
fn address(req: &Request, trusted: &[Network]) -> IpAddr {
    let mut nearest = peer(req);
    if !is_trusted(nearest, trusted) {
        return nearest;
    }
    // Whatever bytes came from outside: what our proxies added stands behind them.
    let said = |name| req.headers().get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut hops: Vec<_> = said("x-forwarded-for").collect();
    if hops.is_empty() {
        // A proxy that says only this much.
        hops.extend(said("x-real-ip").next());
    }
    for hop in hops.iter().flat_map(|value| value.split(',')).rev() {
        let Some(hop) = hop_address(hop.trim()) else { return nearest };
        nearest = hop.to_canonical();
        if !is_trusted(nearest, trusted) {
            return nearest;
        }
    }
    nearest
}

/// Some proxies add the port (`192.0.2.1:51234`, `[2001:db8::1]:51234`), brackets or quotes.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// A header that only a trusted proxy may set; the value nearest to us.
fn forwarded<'a>(req: &'a Request, name: &str, trusted: &[Network]) -> Option<&'a str> {
    is_trusted(peer(req), trusted).then(|| header(req, name)).flatten().map(str::trim)
}

/// The name under which the caller reached us: `example.org`, `127.0.0.1:8000`.
fn own_host<'a>(req: &'a Request, trusted: &[Network]) -> Option<&'a str> {
    forwarded(req, "x-forwarded-host", trusted)
        .or_else(|| header(req, "host"))
        // HTTP/2 has no host header.
        .or_else(|| req.uri().authority().map(|authority| authority.as_str()))
}

/// Refuses a call that changes state and comes from a page of another origin. Programs send no `Origin` and pass.
pub(crate) fn check_origin(req: &Request, config: &ApiConfig) -> Result<(), ApiError> {
    let Some(origin) = req.headers().get("origin") else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("?");
    let allowed = if config.allowed_origins.is_empty() {
        let host = own_host(req, &config.trusted_proxies).unwrap_or_default();
        // Under TLS a plain page of our name may be of whoever sits in between. (Not every proxy tells that there is TLS.)
        let is_ours = |scheme: &str| scheme == "https" || !is_encrypted(req, config);
        origin.split_once("://").is_some_and(|(scheme, origin_host)| is_ours(scheme) && same_host(origin_host, host))
    } else {
        is_among(origin, &config.allowed_origins)
    };
    if allowed { Ok(()) } else { Err(ApiError::ForeignOrigin(origin.chars().take(200).collect())) }
}

/// Whether the operator named this origin; that of the own host need not be.
pub(crate) fn is_configured_origin(origin: &HeaderValue, allowed: &[Origin]) -> bool {
    origin.to_str().is_ok_and(|origin| is_among(origin, allowed))
}

fn is_among(origin: &str, allowed: &[Origin]) -> bool {
    allowed.iter().any(|allowed| allowed.as_str().eq_ignore_ascii_case(origin))
}

/// Names compare in any case; a default port may be left out.
fn same_host(one: &str, other: &str) -> bool {
    let without_default_port = |host: &str| -> String {
        let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
        bare.to_ascii_lowercase()
    };
    !one.is_empty() && without_default_port(one) == without_default_port(other)
}

/// Whether the refresh cookie is to carry `Secure` in the answer to this request: always, but for a page that was opened as
/// `http://` on a loopback name or address. There is nothing to intercept, and not every browser keeps a secure cookie there.
pub(crate) fn wants_secure_cookie(req: &Request, config: &ApiConfig) -> bool {
    !is_plain_loopback(req, config)
}

/// Whether the caller reached us, or a trusted proxy in front of us, over TLS.
pub(crate) fn is_encrypted(req: &Request, config: &ApiConfig) -> bool {
    config.tls.is_some()
        || forwarded(req, "x-forwarded-proto", &config.trusted_proxies).is_some_and(|scheme| scheme == "https")
}

/// Whether the page was opened as `http://` on a loopback name. The browser's `Origin` knows best; a proxy in front of us may
/// have rewritten `Host` to a loopback address.
fn is_plain_loopback(req: &Request, config: &ApiConfig) -> bool {
    if forwarded(req, "x-forwarded-proto", &config.trusted_proxies).is_some_and(|scheme| scheme == "https") {
        return false;
    }
    match header(req, "origin") {
        Some(origin) => origin.strip_prefix("http://").is_some_and(is_loopback_host),
        None => req.scheme().as_str() == "http" && own_host(req, &config.trusted_proxies).is_some_and(is_loopback_host),
    }
}

fn is_loopback_host(host: &str) -> bool {
    let without_port = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    without_port.eq_ignore_ascii_case("localhost")
        || without_port.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use pgvigil_model::Secret;
    use salvo::test::TestClient;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        headers
            .iter()
            .fold(TestClient::post("http://127.0.0.1:8000/api/token"), |request, (name, value)| {
                request.add_header(name.parse::<salvo::http::HeaderName>().unwrap(), (*value).to_owned(), false)
            })
            .build()
    }

    fn from(peer: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = request(headers);
        *request.remote_addr_mut() = std::net::SocketAddr::new(peer.parse().unwrap(), 50_000).into();
        request
    }

    fn config() -> ApiConfig {
        ApiConfig::new(Secret::new("x".repeat(32)))
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let forged = from("203.0.113.9", &[("x-forwarded-for", "10.0.0.1")]);
        assert_eq!(Client::of(&forged, &config()).address.to_string(), "203.0.113.9");
        let proxied = from("127.0.0.1", &[("x-forwarded-for", "10.9.9.9, 203.0.113.9")]);
        assert_eq!(
            Client::of(&proxied, &config()).address.to_string(),
            "203.0.113.9",
            "10.9.9.9 was sent by the client"
        );
        let real = from("127.0.0.1", &[("x-real-ip", "203.0.113.9")]);
        assert_eq!(Client::of(&real, &config()).address.to_string(), "203.0.113.9");
        let forged = from("203.0.113.9", &[("x-real-ip", "10.0.0.1")]);
        assert_eq!(Client::of(&forged, &config()).address.to_string(), "203.0.113.9", "D27");
        let both = from("127.0.0.1", &[("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "10.0.0.1")]);
        assert_eq!(Client::of(&both, &config()).address.to_string(), "203.0.113.9");
        for (hop, address) in [
            ("203.0.113.9:51234", "203.0.113.9"),
            ("[2001:db8::1]:51234", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("\"[2001:db8::1]:51234\"", "2001:db8::1"),
        ] {
            let with_port = from("127.0.0.1", &[("x-forwarded-for", hop)]);
            assert_eq!(Client::of(&with_port, &config()).address.to_string(), address, "{hop}");
        }
        let odd = salvo::http::HeaderValue::from_bytes(b"\xe9, 203.0.113.9").unwrap();
        let mut appended = from("127.0.0.1", &[("x-real-ip", "10.0.0.1")]);
        appended.headers_mut().insert("x-forwarded-for", odd);
        assert_eq!(Client::of(&appended, &config()).address.to_string(), "203.0.113.9");
        let nonsense = from("127.0.0.1", &[("x-forwarded-for", "<script>")]);
        assert_eq!(Client::of(&nonsense, &config()).address.to_string(), "127.0.0.1");
    }

    #[test]
    fn a_foreign_origin_is_refused_and_the_own_host_is_not() {
        let check = |headers: &[(&str, &str)]| check_origin(&request(headers), &config()).is_ok();
        assert!(!check(&[("host", "pg.example.org"), ("origin", "https://evil.example.org")]));
        assert!(!check(&[("host", "pg.example.org"), ("origin", "null")]));
        assert!(!check(&[("host", "pg.example.org"), ("origin", "https://pg.example.org.evil.org")]));
        assert!(!check(&[("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:9000")]));
        assert!(check(&[("host", "pg.example.org"), ("origin", "https://pg.example.org")]));
        assert!(check(&[("host", "pg.example.org:443"), ("origin", "https://PG.example.org")]));
        assert!(check(&[("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:8000")]));
        assert!(check(&[("host", "pg.example.org")]), "programs send no Origin");
        let behind_tls = |origin| {
            let headers = [("host", "pg.example.org"), ("x-forwarded-proto", "https"), ("origin", origin)];
            check_origin(&from("127.0.0.1", &headers), &config()).is_ok()
        };
        assert!(!behind_tls("http://pg.example.org"));
        assert!(behind_tls("https://pg.example.org"));
    }

    #[test]
    fn configured_origins_replace_the_own_host() {
        let config = ApiConfig { allowed_origins: vec!["https://pg.example.org".parse().unwrap()], ..config() };
        let check = |origin| check_origin(&request(&[("host", "127.0.0.1:8000"), ("origin", origin)]), &config).is_ok();
        assert!(check("https://pg.example.org"));
        assert!(!check("http://127.0.0.1:8000"));
    }

    #[test]
    fn a_cookie_is_secure_except_for_a_plain_page_on_loopback() {
        let secure = |headers: &[(&str, &str)]| wants_secure_cookie(&from("127.0.0.1", headers), &config());
        assert!(!secure(&[("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:8000")]));
        assert!(!secure(&[("host", "localhost:8000")]));
        assert!(!secure(&[("host", "[::1]:8000")]));
        assert!(secure(&[("host", "127.0.0.1:8000"), ("origin", "https://pg.example.org")]), "a proxy rewrote Host");
        assert!(secure(&[("host", "127.0.0.1:8000"), ("x-forwarded-proto", "https")]));
        assert!(secure(&[("host", "10.0.0.5:8000"), ("origin", "http://10.0.0.5:8000")]));
        assert!(secure(&[("host", "localhost.example.org")]));
    }
}
