//! The embedded web UI.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};
use salvo::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use salvo::prelude::*;

use crate::error::ApiError;

/// Names of files under `assets/` carry a hash of their content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// To be asked again each time; an ETag makes that cheap.
const REVALIDATE: &str = "no-cache";

const NOT_BUILT: &str = "pgvigil is running, but its web UI was not built into this program.\n\n\
    Build it with `make web`, then build the host again. The API works without it: see /docs and /openapi.json.\n";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Everything that is not the API: exact files, else the page that draws every address of the UI.
pub(crate) fn routes() -> Router {
    Router::new()
        .push(Router::new().filter_fn(|req, _| req.uri().path() == "/" && !accepts_pages(req)).get(introduce))
        .push(Router::with_path("{**path}").filter_fn(|req, _| !is_api(req.uri().path())).get(serve).head(serve))
}

/// Browsers say so; programs take anything.
fn accepts_pages(req: &Request) -> bool {
    req.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// For programs, as the predecessor did at this address.
#[handler]
async fn introduce(res: &mut Response) {
    res.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    res.render(Json(serde_json::json!({
        "message": "pgvigil",
        "docs": "/docs",
        "redoc": "/redoc",
        "openapi": "/openapi.json",
    })));
}

/// Unknown API addresses must stay 404, not a page with status 200.
fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

#[handler]
async fn serve(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let path = req.uri().path().trim_start_matches('/').to_owned();
    match answer(&path, Dist::get) {
        Answer::Asset(file) => send(res, &path, file, IMMUTABLE),
        Answer::File(file) => send(res, &path, file, REVALIDATE),
        Answer::Page(file) => {
            res.headers_mut().append(VARY, HeaderValue::from_static("accept"));
            send(res, INDEX, file, REVALIDATE);
        }
        Answer::NoSuchAsset => ApiError::NoSuchRoute.render(depot, res),
        Answer::NotBuilt => {
            res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
            res.render(Text::Plain(NOT_BUILT));
        }
    }
}

const INDEX: &str = "index.html";

enum Answer {
    Asset(EmbeddedFile),
    File(EmbeddedFile),
    Page(EmbeddedFile),
    NoSuchAsset,
    NotBuilt,
}

/// `find` looks a file up by its path in the web build.
fn answer(path: &str, find: impl Fn(&str) -> Option<EmbeddedFile>) -> Answer {
    let is_asset = path.starts_with("assets/");
    match find(path) {
        Some(file) if is_asset => Answer::Asset(file),
        Some(file) => Answer::File(file),
        None if is_asset => Answer::NoSuchAsset,
        None => find(INDEX).map_or(Answer::NotBuilt, Answer::Page),
    }
}

fn send(res: &mut Response, path: &str, file: EmbeddedFile, cache_control: &'static str) {
    let hash = file.metadata.sha256_hash();
    let etag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let headers = res.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.insert(CONTENT_TYPE, content_type(path, &file));
    // Hexadecimal digits in quotes are always a valid value.
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        headers.insert(ETAG, etag);
    }
    match file.data {
        Cow::Borrowed(bytes) => res.body(bytes),
        Cow::Owned(bytes) => res.body(bytes),
    };
}

fn content_type(path: &str, file: &EmbeddedFile) -> HeaderValue {
    let kind = file.metadata.mimetype();
    let is_text = kind.starts_with("text/") || kind == "application/javascript" || path.ends_with(".json");
    let text = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(path: &str) -> Option<EmbeddedFile> {
        let there = matches!(path, "index.html" | "favicon.svg" | "assets/main-1a2b.js");
        // Any embedded file stands for the content; only which one is answered matters.
        there.then(|| {
            let metadata = rust_embed::Metadata::__rust_embed_new([0; 32], None, None, "text/plain");
            EmbeddedFile { data: Cow::Borrowed(b"x"), metadata }
        })
    }

    #[test]
    fn a_missing_asset_is_not_the_page() {
        assert!(matches!(answer("assets/none.js", built), Answer::NoSuchAsset));
    }

    #[test]
    fn every_other_address_is_a_file_or_the_page() {
        assert!(matches!(answer("assets/main-1a2b.js", built), Answer::Asset(_)));
        assert!(matches!(answer("favicon.svg", built), Answer::File(_)));
        assert!(matches!(answer("", built), Answer::Page(_)));
        assert!(matches!(answer("servers/pg-1.example", built), Answer::Page(_)));
    }

    #[test]
    fn without_a_web_build_the_root_says_how_to_make_one() {
        assert!(matches!(answer("", |_| None), Answer::NotBuilt));
        assert!(NOT_BUILT.contains("make web"));
    }

    #[test]
    fn unknown_api_addresses_are_not_the_page() {
        assert!(is_api("/api/nope"));
        assert!(is_api("/api"));
        assert!(!is_api("/apiary"));
    }
}
