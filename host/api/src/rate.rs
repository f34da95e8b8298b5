//! How much one address may ask, how deep its bodies may go, and what of its head is refused.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use salvo::http::header::HOST;
use salvo::http::{ResBody, Version};
use salvo::prelude::*;

use crate::answer::Answer;
use crate::client::{Client, is_trusted, peer};
use crate::error::ApiError;
use crate::limits::network_of;
use crate::shares::Counted;
use crate::state::{Api, from_depot};

/// Levels of arrays and objects in a JSON body. Ours have three.
const JSON_DEPTH_MAX: usize = 32;

/// Answers 429 to an address that asks faster than it may. Those on this machine are not counted: a proxy that hides addresses
/// must not make all users wait for one, and whoever is here could do worse.
#[handler]
pub(crate) async fn request_rate(req: &mut Request, depot: &mut Depot) -> Result<(), ApiError> {
    let api = from_depot::<Api>(depot)?;
    let address = Client::of(req, &api.config).address;
    if address.is_loopback() {
        return Ok(());
    }
    let counted = api.limits.request(address, api.config.requests_per_minute, Instant::now());
    counted.map_err(|retry_after_seconds| ApiError::TooManyRequests { retry_after_seconds })
}

/// One address may have as many requests under way as connections: over HTTP/2 one connection has many, and what was answered is
/// kept for as long as the client takes nothing of it. As with connections, a trusted proxy that hides addresses is not counted, and
/// its connections, which are those of many, are not cut.
#[handler]
pub(crate) async fn requests_at_once(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let begun = match begin(req, depot) {
        Ok(begun) => begun,
        Err(refusal) => {
            refusal.render(depot, res);
            ctrl.skip_rest();
            return;
        }
    };
    ctrl.call_next(req, depot, res).await;
    if let Some(Begun { under_way, patience }) = begun
        && !(res.body.is_none() || res.body.is_error())
    {
        let cut = patience.map(|stall| (stall, ctrl.conn().clone()));
        res.body = ResBody::Boxed(Box::pin(Answer::new(res.take_body(), under_way, cut)));
    }
}

struct Begun {
    under_way: Counted<IpAddr>,
    /// How long the taking of the answer may stand still, where nothing else looks after that.
    patience: Option<Duration>,
}

/// None: it is not counted.
fn begin(req: &Request, depot: &Depot) -> Result<Option<Begun>, ApiError> {
    let api = from_depot::<Api>(depot)?;
    let (address, proxies) = (Client::of(req, &api.config).address, &api.config.trusted_proxies);
    if is_trusted(address, proxies) {
        return Ok(None);
    }
    let under_way = api.under_way.take(network_of(address), api.config.connections_per_address);
    let under_way = under_way.ok_or(ApiError::TooManyRequests { retry_after_seconds: 1 })?;
    let is_cut = req.version() == Version::HTTP_2 && !is_trusted(peer(req), proxies);
    Ok(Some(Begun { under_way, patience: is_cut.then_some(api.config.patience.stall) }))
}

/// Of two Host headers a proxy may read the one and we the other.
#[handler]
pub(crate) async fn one_host(req: &mut Request) -> Result<(), ApiError> {
    match req.headers().get_all(HOST).iter().count() {
        0 | 1 => Ok(()),
        _ => Err(ApiError::BadRequest("there is more than one Host header".to_owned())),
    }
}

/// Before anything is made of it.
pub(crate) fn check_depth(json: &[u8]) -> Result<(), ApiError> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return Err(ApiError::BadRequest(format!("the body is nested deeper than {JSON_DEPTH_MAX} levels")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nested_counts_as_depth() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(check_depth(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        assert!(check_depth(nested(JSON_DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(check_depth(format!("[{}]", vec!["{}"; 100].join(",")).as_bytes()).is_ok(), "side by side");
        assert!(check_depth(format!("\"{}\"", "[\\\"{".repeat(100)).as_bytes()).is_ok(), "within a text");
    }
}
