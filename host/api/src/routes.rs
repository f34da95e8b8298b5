//! All routes, and what stands around each of them.

use salvo::affix_state;
use salvo::caching_headers::ETag;
use salvo::catch_panic::CatchPanic;
use salvo::catcher::Catcher;
use salvo::compression::{Compression, CompressionLevel};
use salvo::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};
use salvo::prelude::*;
use salvo::request_id::RequestId;

use crate::client::is_encrypted;
use crate::cors::Cors;
use crate::error::CatchFrameworkErrors;
use crate::permissions::Guard;
use crate::rate::{one_host, request_rate, requests_at_once};
use crate::state::{Api, from_depot};
use crate::{
    account, analysis, audit, costs, databases, docs, events, health, logs, metric_sets, metrics, plugins, runs,
    series, servers, sessions, settings, ssh_keys, statistics, stream, users, visits, web,
};

/// Smaller answers are not worth compressing.
const COMPRESSED_BYTES_MIN: usize = 1024;

/// What a page may do, and who may frame it: nothing but itself, and nobody.
const POLICY: &str =
    "default-src 'self'; base-uri 'self'; form-action 'self'; object-src 'none'; frame-ancestors 'none'";

const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (HeaderName::from_static("content-security-policy"), POLICY),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The routes under `/api`, each behind the permission table.
pub(crate) fn api() -> Router {
    let nouns = [
        sessions::routes(),
        account::routes(),
        users::routes(),
        ssh_keys::routes(),
        audit::routes(),
        logs::routes(),
        health::routes(),
        visits::routes(),
        servers::routes(),
        databases::routes(),
        statistics::routes(),
        series::routes(),
        analysis::routes(),
        settings::routes(),
        plugins::routes(),
        runs::routes(),
        costs::routes(),
        metric_sets::routes(),
        stream::routes(),
        events::routes(),
    ];
    let mut routes: Vec<Router> = nouns.into_iter().flatten().collect();
    Router::with_path("api").hoop(api_caching).hoop(Guard).append(&mut routes)
}

pub(crate) fn service(api: Api) -> Service {
    let router =
        Router::new().push(self::api()).push(metrics::routes()).append(&mut docs::routes()).push(web::routes());
    Service::new(router)
        .hoop(affix_state::inject(api))
        .hoop(RequestId::new())
        .hoop(security_headers)
        .hoop(requests_at_once)
        .hoop(CatchPanic::new())
        .hoop(compression())
        .hoop(ETag::new())
        .hoop(transport_security)
        .hoop(one_host)
        .hoop(request_rate)
        .hoop(Cors)
        .catcher(Catcher::new(CatchFrameworkErrors))
}

/// The fastest levels: half the size for a tenth of the time of the best.
fn compression() -> Compression {
    Compression::new()
        .disable_all()
        .enable_gzip(CompressionLevel::Fastest)
        .enable_zstd(CompressionLevel::Fastest)
        .min_length(COMPRESSED_BYTES_MIN)
}

#[handler]
async fn security_headers(res: &mut Response) {
    for (name, value) in SECURITY_HEADERS {
        res.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// Browsers that came by TLS once are not to come without it. Not for subdomains: they are not ours.
#[handler]
async fn transport_security(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    if from_depot::<Api>(depot).is_ok_and(|api| is_encrypted(req, &api.config)) {
        res.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// Answers are for one user; a browser may keep one only to ask whether it still holds. Tokens it must not keep.
#[handler]
async fn api_caching(req: &mut Request, res: &mut Response) {
    let kept = if req.method().is_safe() { "private, no-cache" } else { "no-store" };
    res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(kept));
}
