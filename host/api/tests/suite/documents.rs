//! Health, OpenAPI, the web UI, headers and errors of the framework.

use serde_json::Value;

use crate::harness::{TestApp, request};

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_not_pages() {
    let app = TestApp::new().await;
    for (method, path, status) in [
        ("GET", "/api/nope", 404),
        ("GET", "/api", 404),
        ("GET", "/assets/none.js", 404),
        ("DELETE", "/api/health", 405),
        ("POST", "/somewhere", 404),
    ] {
        let answer = app.send(request(method, path)).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert_eq!(answer.body["request_id"].as_str(), answer.header("x-request-id"), "{method} {path}");
        assert!(answer.body["detail"].is_string());
    }
}

#[tokio::test]
async fn the_host_says_that_it_lives_and_that_it_is_ready() {
    let app = TestApp::new().await;
    let health = app.send(request("GET", "/api/health")).await;
    insta::assert_json_snapshot!("health", health.body, { ".timestamp" => "[time]" });
    let ready = app.send(request("GET", "/api/ready")).await;
    assert_eq!(ready.status, 200);
    insta::assert_json_snapshot!("ready", ready.body);
    app.store.close().await;
    assert_eq!(app.send(request("GET", "/api/ready")).await.status, 503);
}

/// Contract 1.1 and 1.3
#[tokio::test]
async fn programs_find_what_the_predecessor_had_outside_of_its_routes() {
    let app = TestApp::new().await;
    let root = app.send(request("GET", "/")).await;
    insta::assert_json_snapshot!("root", root.body);
    assert_eq!(root.header("vary").unwrap().to_lowercase(), "accept");
    let page = app.send(request("GET", "/").add_header("accept", "text/html,*/*;q=0.8", true)).await;
    assert_ne!(page.header("content-type"), Some("application/json; charset=utf-8"), "browsers get the page");
    let favicon = app.send(request("GET", "/api/favicon.ico")).await;
    assert_eq!((favicon.status, &favicon.body["message"]), (404, &"Not Found".into()));
}

/// D28
#[tokio::test]
async fn only_pages_of_configured_origins_may_use_the_api_from_elsewhere() {
    const ALLOWED: &str = "https://pg.example.org";
    let app = TestApp::configured(|config| config.allowed_origins = vec![ALLOWED.parse().unwrap()]).await;
    let preflight = async |origin: &str| {
        let asked = request("OPTIONS", "/api/servers").add_header("origin", origin, true);
        let asked = asked.add_header("access-control-request-method", "PUT", true);
        app.send(asked.add_header("access-control-request-headers", "authorization, content-type", true)).await
    };
    let foreign = preflight("https://evil.example.org").await;
    assert_eq!((foreign.status, &foreign.body["detail"]), (400, &"Disallowed CORS origin".into()));
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let own = preflight(ALLOWED).await;
    assert_eq!((own.status, own.header("access-control-allow-origin")), (200, Some(ALLOWED)));
    assert_eq!(own.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(own.header("access-control-allow-headers"), Some("authorization, content-type"));
    assert!(own.header("access-control-allow-methods").unwrap().contains("PUT"));
    for (path, origin, header) in [
        ("/api/health", ALLOWED, Some(ALLOWED)),
        ("/api/servers", ALLOWED, Some(ALLOWED)), // 401: the page is to read why
        ("/api/health", "https://evil.example.org", None),
    ] {
        let answer = app.send(request("GET", path).add_header("origin", origin, true)).await;
        assert_eq!(answer.header("access-control-allow-origin"), header, "{path} from {origin}");
    }
    let unconfigured = TestApp::new().await;
    let own_host = request("GET", "/api/health").add_header("origin", crate::harness::BASE, true);
    assert_eq!(unconfigured.send(own_host).await.header("access-control-allow-origin"), None, "not another origin");
}

/// D42
#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::new().await;
    for path in ["/", "/api/health", "/api/nope"] {
        let answer = app.send(request("GET", path)).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn the_documentation_needs_no_other_site() {
    let app = TestApp::new().await;
    for path in ["/docs/", "/redoc"] {
        let page = app.send(request("GET", path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("https://"), "{path} loads something from elsewhere");
        assert!(page.header("content-security-policy").unwrap().contains("script-src 'self' 'unsafe-inline'"));
    }
    assert_eq!(app.send(request("GET", "/docs/swagger-ui-bundle.js")).await.status, 200);
}

#[tokio::test]
async fn the_openapi_document_is_what_the_web_is_generated_from() {
    let app = TestApp::new().await;
    let served = app.send(request("GET", "/openapi.json")).await;
    assert_eq!(served.text, pgvigil_api::openapi_json());
    insta::assert_json_snapshot!("openapi", served.body);
}

#[test]
fn every_operation_says_what_it_does_who_may_call_it_and_how_it_fails() {
    let document: Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')),
                "{place}: {operation}"
            );
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{place}");
            assert!(operation["security"].is_array(), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            let has = |status: &str| responses.contains_key(status);
            assert!(has("200") && has("500") && has("503"), "{place}");
            assert_eq!(has("401"), operation["security"] != serde_json::json!([]) || path == "/api/token", "{place}");
            assert!(has("404") || !path.contains('{'), "{place}");
            assert!(has("422") && has("413") && has("408") || operation.get("requestBody").is_none(), "{place}");
            assert!(has("431"), "{place}");
            assert!(responses["429"]["headers"]["Retry-After"]["schema"].is_object(), "{place}");
            let may_conflict = path.contains("/test") || path.starts_with("/api/plugins/") && method == "post";
            assert_eq!(has("409"), may_conflict, "{place}");
            // What is refused before it is read comes without a body.
            let told = |status: &str| status >= "400" && status != "431";
            for (status, response) in responses.iter().filter(|(status, _)| told(status)) {
                let is_problem = response["content"].get("application/problem+json").is_some();
                assert!(is_problem || path == "/api/ready", "{place}: {status}");
            }
        }
    }
}

#[test]
fn who_sets_and_who_clears_the_refresh_cookie_says_so() {
    let document: Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    for (path, method, status) in [
        ("/api/token", "post", "200"),
        ("/api/refresh", "post", "200"),
        ("/api/refresh", "post", "401"),
        ("/api/logout", "post", "200"),
        ("/api/users/me/password", "put", "200"),
    ] {
        let response = &document["paths"][path][method]["responses"][status];
        let told = response["headers"]["Set-Cookie"]["description"].as_str();
        assert!(told.is_some_and(|told| told.starts_with("`refresh_token`")), "{method} {path} {status}");
    }
}

#[test]
fn schemas_have_short_names_and_operations_have_ids() {
    let document: Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
    }
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric()), "{method} {path}: {id}");
        }
    }
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let app = TestApp::new().await;
    let first = app.send(request("GET", "/openapi.json")).await;
    let etag = first.header("etag").unwrap().to_owned();
    let second = app.send(request("GET", "/openapi.json").add_header("if-none-match", etag, true)).await;
    assert_eq!((second.status, second.text.as_str()), (304, ""));
}

#[test]
fn the_webs_client_is_generated_from_this_document() {
    let written = include_str!("../../../../web/openapi.json");
    assert!(
        written.trim_end() == pgvigil_api::openapi_json().trim_end(),
        "web/openapi.json is old: run `make openapi`"
    );
}
